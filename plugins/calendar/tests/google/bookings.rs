//! What a caller has booked, in Google Calendar: how it is found, and that nobody else's is touched.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{EVENTS, MOVED, check, event, fake, line, refused, taken, there, to};

const PHONE: &str = "+14155550123";

fn of(phone: &str) -> Value {
    json!({ "extendedProperties": { "private": { "aftercall_phone": phone, "ac_7": "moved" } } })
}

fn listed(page: Value) -> (String, Reply) {
    (EVENTS.to_owned(), Reply::json(200, page))
}

#[test]
fn bookings_are_asked_for_by_the_number() {
    let (line, reply) = listed(json!({ "kind": "calendar#events", "items": [event(of(PHONE))] }));
    let fake = fake().expect(&line, reply);
    let outcome = fake.call::<Plugin>("find_bookings", json!({ "phone": PHONE })).unwrap();
    let words =
        "one booking of +14155550123:\nConsultation: Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd";
    assert_eq!(outcome.text, words);
    let query = [
        ("privateExtendedProperty", "aftercall_phone=+14155550123"),
        ("timeMin", "2026-03-01T00:01:00Z"),
        ("maxResults", "50"),
    ];
    assert_eq!(fake.sent()[0].query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn nothing_is_a_callers_but_what_was_booked_for_the_number() {
    let find = |items: Value, more: bool, expected: &str| {
        let mut page = json!({ "items": items });
        if more {
            page["nextPageToken"] = json!("x");
        }
        check("find_bookings", json!({ "phone": PHONE }), vec![listed(page)], Ok(expected));
    };
    const NOTHING: &str = "nothing that is to come is booked for +14155550123";
    find(json!([]), false, NOTHING);
    find(json!([]), true, &format!("{NOTHING}\nthere are more"));
    find(json!([event(of("+14155550199"))]), false, NOTHING);
    find(json!([event(json!({}))]), false, NOTHING);
    let with = |more: Value| {
        let mut event = event(of(PHONE));
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([event])
    };
    find(with(json!({ "id": "0123abcd" })), false, NOTHING);
    find(with(json!({ "status": "cancelled" })), false, NOTHING);
    find(with(json!({ "end": { "dateTime": "2026-03-01T00:01:00Z" } })), false, NOTHING);
    let fixed = "one booking of +14155550123:\nConsultation: only a person can change it, event_id ac_0123abcd";
    find(with(json!({ "recurrence": ["RRULE:FREQ=DAILY"] })), false, fixed);
    find(with(json!({ "start": { "date": "2026-03-03" }, "end": { "date": "2026-03-04" } })), false, fixed);
}

#[test]
fn what_is_not_told_is_no_empty_list() {
    let ask = |reply, expected| {
        check("find_bookings", json!({ "phone": PHONE }), vec![(EVENTS.to_owned(), reply)], Err(expected));
    };
    ask(Reply::json(200, json!({})), (FailureKind::Other, "list of events has none"));
    ask(refused(404, "global", "notFound"), (FailureKind::Misconfigured, "correct `calendar_id`"));
    ask(refused(403, "usageLimits", "quotaExceeded"), (FailureKind::RateLimited, "403 Forbidden"));
    ask(Reply::text(503, ""), (FailureKind::Unavailable, "503"));
}

/// Another's event is told as one that isn't there.
#[test]
fn nobody_elses_booking_is_touched() {
    let it = || json!({ "event_id": "ac_0123abcd", "phone": PHONE });
    let mut moving = to();
    moving["phone"] = json!(PHONE);
    for strangers in [of("+14155550199"), json!({}), json!({ "extendedProperties": { "private": {} } })] {
        for (tool, arguments) in [("cancel_appointment", it()), ("move_appointment", moving.clone())] {
            let unknown = Err((FailureKind::NotFound, "no event ac_0123abcd is in the calendar"));
            check(tool, arguments, vec![there(strangers.clone())], unknown);
        }
    }
    let done = Ok("the appointment of Tuesday 2026-03-03 at 14:30 (Europe/Berlin) is cancelled");
    check("cancel_appointment", it(), vec![there(of(PHONE)), (line("DELETE"), Reply::text(204, ""))], done);
    let own = listed(json!({ "items": [] }));
    let patched = (line("PATCH"), Reply::json(200, event(json!({}))));
    check("move_appointment", moving, vec![there(of(PHONE)), taken(&[]), own, patched], Ok(MOVED));
}
