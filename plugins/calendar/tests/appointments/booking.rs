//! Booking an appointment: where its time is free, once.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{BOOKED, EVENT, GET, PUT, REPORT, appointment, check, fake, kept, object, taken};

#[test]
fn an_appointment_is_put_where_its_time_is_free() {
    let free = fake().expect(GET, Reply::text(404, "")).expect(REPORT, taken(&[])).expect(PUT, Reply::text(201, ""));
    let outcome = free.call::<Plugin>("book_appointment", appointment(json!({ "notes": " First; visit " }))).unwrap();
    assert_eq!(outcome.text, BOOKED);
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let (starts_at, ends_at) = ("2026-03-03T14:30:00+01:00", "2026-03-03T15:00:00+01:00");
    assert_eq!(data, json!({ "event_id": "ac_0123abcd", "starts_at": starts_at, "ends_at": ends_at }));

    let sent = free.sent();
    let [_, report, put] = &sent[..] else { panic!("three requests") };
    assert_eq!(report.header("depth"), Some("1"));
    assert_eq!(report.header("content-type"), Some("application/xml; charset=utf-8"));
    for part in [
        r#"<C:expand start="20260303T080000Z" end="20260303T160000Z"/>"#,
        r#"<C:comp-filter name="VEVENT"><C:time-range start="20260303T080000Z" end="20260303T160000Z"/>"#,
    ] {
        assert!(report.text().contains(part), "{}", report.text());
    }
    assert_eq!(put.header("if-none-match"), Some("*"));
    let lines = put.text().replace("\r\n ", "");
    let lines: Vec<&str> = lines.split("\r\n").collect();
    assert_eq!(
        lines[6..11],
        [
            "DTSTART:20260303T133000Z",
            "DTEND:20260303T140000Z",
            "SUMMARY:Consultation",
            "DESCRIPTION:First\\; visit\\n\\nName: Ann Lee\\nTelephone: +14155550123\\nEmail: ann@example.com",
            "X-AFTERCALL-PHONE:+14155550123",
        ]
    );
}

#[test]
fn what_was_said_forges_no_line() {
    let fake = fake().expect(GET, Reply::text(404, "")).expect(REPORT, taken(&[])).expect(PUT, Reply::text(201, ""));
    let said =
        json!({ "title": "a\r\nDTEND:20300101T000000Z", "name": "Ann\nTelephone: +1900", "notes": "x\r\nEND:VEVENT" });
    fake.call::<Plugin>("book_appointment", appointment(said)).unwrap();
    let sent = fake.sent()[2].text().replace("\r\n ", "");
    let starts = |start: &str| sent.split("\r\n").filter(|line| line.starts_with(start)).count();
    assert_eq!((starts("DTEND"), starts("END:VEVENT"), starts("Telephone")), (1, 1, 0));
    assert!(sent.contains("\\nName: Ann Telephone: +1900\\nTelephone: +14155550123"), "{sent}");
}

#[test]
fn an_appointment_is_booked_once() {
    let book = |answers| check("book_appointment", appointment(json!({})), answers, Ok(BOOKED));
    let none = || (GET, Reply::text(404, ""));
    // The first attempt's answer is lost; the second finds the event, or is told that it came in between.
    let unknown = Err((FailureKind::OutcomeUnknown, "no whole answer"));
    check("book_appointment", appointment(json!({})), vec![none(), (REPORT, taken(&[])), (PUT, Reply::cut())], unknown);
    book(vec![(GET, kept(EVENT))]);
    book(vec![none(), (REPORT, taken(&[])), (PUT, Reply::text(412, "")), (GET, kept(EVENT))]);
    let foreign = Reply::text(200, object("").replace("ac_0123abcd", "other"));
    let conflict = |words| Err((FailureKind::Conflict, words));
    check("book_appointment", appointment(json!({})), vec![(GET, foreign)], conflict("another event is at"));
    let cancelled = || kept("STATUS:CANCELLED");
    let words = "was cancelled in the calendar since: to book it again, give instead_of = ac_0123abcd";
    check("book_appointment", appointment(json!({})), vec![(GET, cancelled())], conflict(words));
    let answers = vec![none(), (REPORT, taken(&[])), (PUT, Reply::text(412, "")), (GET, cancelled())];
    check("book_appointment", appointment(json!({})), answers, conflict(words));
}

/// Under one key there may have been a call with other arguments before.
#[test]
fn what_is_there_is_what_is_asked_for() {
    let look = |event: &str, words: Option<&str>| {
        let expected = words.map_or(Ok(BOOKED), |words| Err((FailureKind::Conflict, words)));
        check("book_appointment", appointment(json!({})), vec![(GET, kept(event))], expected);
    };
    look(EVENT, None);
    look("SUMMARY: Consultation \r\nDTSTART;TZID=Europe/Berlin:20260303T143000\r\nDURATION:PT30M", None);
    look(
        "SUMMARY:Consultation\r\nDTSTART:20260303T133000Z\r\nDURATION:PT1H",
        Some(
            "the appointment is in the calendar already, and not as it is asked for now: \"Consultation\" on Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd; nothing was changed",
        ),
    );
    look(
        "SUMMARY:Consultation\r\nDTSTART:20260303T140000Z\r\nDTEND:20260303T143000Z",
        Some("at 15:00 (Europe/Berlin), event_id ac_0123abcd; nothing was changed: move_appointment moves it"),
    );
    look("SUMMARY:Another\r\nDTSTART:20260303T133000Z\r\nDURATION:PT30M", Some("\"Another\" on Tuesday"));
    look("SUMMARY:Consultation\r\nDTSTART;VALUE=DATE:20260303", Some("at no time of day"));
}

/// What was cancelled is booked again under another key, once it is gone.
#[test]
fn what_was_cancelled_is_booked_again() {
    let other = "GET https://dav.example.com/office/ac_77.ics";
    let again = || appointment(json!({ "instead_of": "ac_77" }));
    let gone = || (other, Reply::text(404, ""));
    let free = || [(GET, Reply::text(404, "")), (REPORT, taken(&[])), (PUT, Reply::text(201, ""))];
    check("book_appointment", again(), [gone()].into_iter().chain(free()).collect(), Ok(BOOKED));
    let cancelled = (other, Reply::text(200, object("STATUS:CANCELLED").replace("ac_0123abcd", "ac_77")));
    check("book_appointment", again(), [cancelled].into_iter().chain(free()).collect(), Ok(BOOKED));
    let there = || (other, Reply::text(200, object(EVENT).replace("ac_0123abcd", "ac_77")));
    let still = Err((FailureKind::Conflict, "event ac_77, which instead_of names, is still in the calendar"));
    check("book_appointment", again(), vec![there()], still);
    let callback = json!({
        "phone": "+14155550123", "date": "2026-03-03", "time": "14:30", "about": "A quote", "instead_of": "ac_77",
    });
    check("book_callback", callback.clone(), vec![there()], still);
    let booked = Ok("the callback is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin)");
    check("book_callback", callback, vec![gone(), (PUT, Reply::text(201, ""))], booked);
    let invalid = Err((FailureKind::InvalidArguments, "is no event_id that a booking gave"));
    check("book_appointment", appointment(json!({ "instead_of": "none" })), Vec::new(), invalid);
}

#[test]
fn a_time_that_is_taken_is_refused() {
    let check = |events: &[&str], expected: Result<&str, _>| {
        let mut answers = vec![(GET, Reply::text(404, "")), (REPORT, taken(events))];
        if expected.is_ok() {
            answers.push((PUT, Reply::text(201, "")));
        }
        check("book_appointment", appointment(json!({})), answers, expected);
    };
    let conflict = |words| Err((FailureKind::Conflict, words));
    let from = |from: &str, to: &str| format!("DTSTART:20260303T{from}00Z\r\nDTEND:20260303T{to}00Z");
    check(
        &[&from("1345", "1415")],
        conflict("free nearby: Tuesday 2026-03-03: begin from 09:00 to 14:15, from 15:15 to 16:30; for"),
    );
    check(
        &[&from("1330", "1400"), &from("1000", "1100")],
        conflict("begin from 09:00 to 10:30, from 12:00 to 14:00, from 15:00"),
    );
    check(
        &[&from("0700", "2000")],
        conflict("nothing of this length is free that day: look for another with find_free_times"),
    );
    check(&["DTSTART;VALUE=DATE:20260303"], conflict("is taken, and nothing was changed"));
    check(&[&from("1300", "1330"), &from("1400", "1500")], Ok(BOOKED));
    check(&[&format!("{}\r\nTRANSP:TRANSPARENT", from("1345", "1415"))], Ok(BOOKED));
    check(&[&format!("{}\r\nSTATUS:CANCELLED", from("1345", "1415"))], Ok(BOOKED));
    check(
        &["DTSTART:20260301T133000Z\r\nRRULE:FREQ=DAILY"],
        Err((FailureKind::Misconfigured, "they can of a calendar without such events, or on another server")),
    );
    check(&["DTSTART;TZID=Nowhere:20260303T133000"], Err((FailureKind::Other, "has a time that can't be read")));
}

#[test]
fn a_time_is_one_that_people_work_at() {
    let refuse = |more, words| {
        let arguments = appointment(more);
        check("book_appointment", arguments, Vec::new(), Err((FailureKind::InvalidArguments, words)));
    };
    refuse(json!({ "time": "16:45" }), "appointments begin from 09:00 to 16:30 (Europe/Berlin), not at 16:45");
    refuse(
        json!({ "date": "2026-03-04" }),
        "appointments are on Monday, Tuesday, Thursday, Friday alone, and Wednesday 2026-03-04",
    );
    refuse(json!({ "minutes": 480, "time": "09:15" }), "from 09:00 to 09:00");
    refuse(json!({ "minutes": 481 }), "minutes is 481");
    refuse(json!({ "date": "tomorrow" }), "\"tomorrow\" is no day: write the year first");
    refuse(json!({ "date": "3000-01-01" }), "there is no day 3000-01-01 in the calendar of 1800 to 2999");
    refuse(json!({ "title": " \n" }), "`title`: the text \" \\n\" says nothing");
    refuse(json!({ "name": "\u{7}" }), "`name`: the text");
    refuse(json!({ "phone": "0301234" }), "E.164");
    refuse(json!({ "email": "ann at example" }), "not an email address");
}
