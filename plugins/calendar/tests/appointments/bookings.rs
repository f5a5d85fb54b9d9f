//! What a caller has booked, over CalDAV: how it is found, and that nobody else's is touched.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{DELETE, GET, MOVED, PUT, REPORT, TIMES, check, fake, kept, taken, taken_by, to};

const PHONE: &str = "+14155550123";

/// An event of ours, with the number that it was booked for.
fn booked(uid: &str, phone: &str, rest: &str) -> String {
    format!("UID:{uid}\r\nSUMMARY:Consultation\r\nX-AFTERCALL-PHONE:{phone}\r\n{rest}")
}

fn find(events: &[&str], expected: &str) {
    check("find_bookings", json!({ "phone": PHONE }), vec![(REPORT, taken_by(events))], Ok(expected));
}

#[test]
fn bookings_are_asked_for_by_the_number() {
    let fake = fake().expect(REPORT, taken_by(&[&booked("ac_01", PHONE, TIMES)]));
    let outcome = fake.call::<Plugin>("find_bookings", json!({ "phone": PHONE })).unwrap();
    let words =
        "one booking of +14155550123:\nConsultation: Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_01";
    assert_eq!(outcome.text, words);
    let booking = json!({
        "event_id": "ac_01", "title": "Consultation",
        "starts_at": "2026-03-03T14:30:00+01:00", "ends_at": "2026-03-03T15:00:00+01:00",
    });
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!(data, json!({ "bookings": [booking], "more": false }));
    let report = &fake.sent()[0];
    assert_eq!(report.header("depth"), Some("1"));
    let filter = "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260301T000100Z\"/>\
                  <C:prop-filter name=\"X-AFTERCALL-PHONE\"><C:text-match>+14155550123</C:text-match></C:prop-filter>\
                  </C:comp-filter>";
    assert!(report.text().contains(filter), "{}", report.text());
}

/// A server may give more than was asked for, as one that doesn't know how to look into a property.
#[test]
fn nothing_is_a_callers_but_what_was_booked_for_the_number() {
    const NOTHING: &str = "nothing that is to come is booked for +14155550123";
    find(&[], NOTHING);
    find(&[&booked("ac_01", "+141555501234", TIMES)], NOTHING);
    find(&[&booked("ac_01", "+14155550199", TIMES)], NOTHING);
    find(&[&format!("UID:ac_01\r\nDESCRIPTION:Telephone: {PHONE}\r\n{TIMES}")], NOTHING);
    find(&[&booked("lunch", PHONE, TIMES)], NOTHING);
    find(&[&booked("ac_01", PHONE, &format!("{TIMES}\r\nSTATUS:CANCELLED"))], NOTHING);
    // It is over.
    find(&[&booked("ac_01", PHONE, "DTSTART:20260228T230000Z\r\nDTEND:20260301T000100Z")], NOTHING);
    let under_way =
        "one booking of +14155550123:\nConsultation: Sunday 2026-03-01 at 01:00 (Europe/Berlin), event_id ac_01";
    find(&[&booked("ac_01", PHONE, "DTSTART:20260301T000000Z\r\nDTEND:20260301T000200Z")], under_way);
}

#[test]
fn the_next_is_told_first() {
    let later = booked("ac_02", PHONE, "DTSTART:20260310T080000Z\r\nDTEND:20260310T090000Z");
    let repeats = booked("ac_03", PHONE, &format!("{TIMES}\r\nRRULE:FREQ=DAILY"));
    let day = booked("ac_04", PHONE, "DTSTART;VALUE=DATE:20260303");
    let words = "4 bookings of +14155550123:\n\
                 Consultation: only a person can change it, event_id ac_03\n\
                 Consultation: only a person can change it, event_id ac_04\n\
                 Consultation: Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_01\n\
                 Consultation: Tuesday 2026-03-10 at 09:00 (Europe/Berlin), event_id ac_02";
    find(&[&later, &repeats, &booked("ac_01", PHONE, TIMES), &day], words);
    let many: Vec<String> = (10..22).map(|id| booked(&format!("ac_{id}"), PHONE, TIMES)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let fake = fake().expect(REPORT, taken_by(&many));
    let outcome = fake.call::<Plugin>("find_bookings", json!({ "phone": PHONE })).unwrap();
    assert!(
        outcome.text.starts_with("10 bookings of") && outcome.text.ends_with("\nthere are more"),
        "{}",
        outcome.text
    );
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!((data["bookings"].as_array().unwrap().len(), &data["more"]), (10, &json!(true)));
}

#[test]
fn what_is_not_told_is_no_empty_list() {
    let ask = |reply, expected| check("find_bookings", json!({ "phone": PHONE }), vec![(REPORT, reply)], Err(expected));
    for status in [403, 409] {
        let too_many = Reply::text(status, "<number-of-matches-within-limits/>");
        ask(too_many, (FailureKind::Other, "a person has to look"));
        ask(Reply::text(status, "<supported-filter/>"), (FailureKind::Misconfigured, "it refuses the filter"));
    }
    let part = "<multistatus><response><status>HTTP/1.1 507 Full</status></response></multistatus>";
    ask(Reply::text(207, part), (FailureKind::Other, "a person has to look"));
    ask(taken_by(&["UID:ac_01\r\nBEGIN:VALARM"]), (FailureKind::Other, "without its data, or with half of it"));
    ask(Reply::text(207, "<html>"), (FailureKind::Other, "no multistatus"));
    ask(Reply::text(404, ""), (FailureKind::Misconfigured, "no calendar is there (404)"));
    ask(Reply::text(403, ""), (FailureKind::Denied, "403"));
    ask(Reply::text(503, ""), (FailureKind::Unavailable, "503"));
    check("find_bookings", json!({}), Vec::new(), Err((FailureKind::InvalidArguments, "phone")));
    check("find_bookings", json!({ "phone": "555 0123" }), Vec::new(), Err((FailureKind::InvalidArguments, "E.164")));
}

/// Another's event is told as one that isn't there.
#[test]
fn nobody_elses_booking_is_touched() {
    let it = || json!({ "event_id": "ac_0123abcd", "phone": PHONE });
    let of = |phone: &str| (GET, kept(&format!("X-AFTERCALL-PHONE:{phone}\r\n{TIMES}")));
    let unknown = || Err((FailureKind::NotFound, "no event ac_0123abcd is in the calendar"));
    for strangers in [of("+14155550199"), of("+141555501234"), of(""), (GET, kept(TIMES)), (GET, Reply::text(404, ""))]
    {
        check("cancel_appointment", it(), vec![strangers], unknown());
    }
    let cancelled = (GET, kept("X-AFTERCALL-PHONE:+14155550199\r\nSTATUS:CANCELLED"));
    check("cancel_appointment", it(), vec![cancelled], unknown());
    for strangers in [of("+14155550199"), (GET, kept(TIMES))] {
        check("move_appointment", to(json!({ "phone": PHONE })), vec![strangers], unknown());
    }
    let done = Ok("the appointment of Tuesday 2026-03-03 at 14:30 (Europe/Berlin) is cancelled");
    check("cancel_appointment", it(), vec![of(PHONE), (DELETE, Reply::text(204, ""))], done);
    let answers = vec![of(PHONE), (REPORT, taken(&[])), (PUT, Reply::text(204, ""))];
    check("move_appointment", to(json!({ "phone": PHONE })), answers, Ok(MOVED));
}

#[test]
fn a_booking_without_a_number_is_nobodys() {
    let mut arguments = crate::appointment(json!({}));
    arguments.as_object_mut().unwrap().remove("phone");
    let fake = fake().expect(GET, Reply::text(404, "")).expect(REPORT, taken(&[])).expect(PUT, Reply::text(201, ""));
    fake.call::<Plugin>("book_appointment", arguments).unwrap();
    assert!(!fake.sent()[2].text().contains("PHONE"));
}
