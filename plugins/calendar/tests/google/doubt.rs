//! After an answer was lost: what is found, and that there is one effect.

use aftercall::testing::Reply;
use aftercall::{Failure, Finding};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{BOOKED, FIRST_ATTEMPT_AT, MOVED, appointment, fake, none, refused, taken, there, to};

/// What is found by these answers, so many seconds after the attempt.
fn find(tool: &str, arguments: Value, seconds: u64, answers: Vec<(String, Reply)>) -> Result<Finding, Failure> {
    let fake = fake().attempt_at(FIRST_ATTEMPT_AT).now(FIRST_ATTEMPT_AT + seconds * 1000);
    answers.into_iter().fold(fake, |fake, (line, reply)| fake.expect(&line, reply)).reconcile::<Plugin>(tool, arguments)
}

fn check(tool: &str, arguments: &Value, answers: Vec<(String, Reply)>, expected: &str) {
    match find(tool, arguments.clone(), 60, answers).unwrap() {
        Finding::Happened(outcome) => {
            assert_eq!(outcome.text, expected, "{tool}");
            assert_eq!(outcome.receipts.len(), 1);
        }
        Finding::HappenedOtherwise(outcome) => {
            assert_eq!(format!("otherwise: {}", outcome.text), expected, "{tool}");
            assert_eq!(outcome.receipts.len(), 1);
        }
        other => assert_eq!(format!("{other:?}").trim_start_matches("Finding::"), expected, "{tool}"),
    }
}

#[test]
fn a_booking_is_found_by_its_id() {
    let find = |answer, expected| check("book_appointment", &appointment(), vec![answer], expected);
    find(there(json!({})), BOOKED);
    find(none(), "DidNotHappen");
    let cancelled = "otherwise: the appointment was booked, and was cancelled in the calendar since: to book it again, give instead_of = ac_0123abcd";
    find(there(json!({ "status": "cancelled" })), cancelled);
    let another = "otherwise: the appointment is in the calendar already, and not as it is asked for now: \"Another\" on Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd; nothing was changed: move_appointment moves it, cancel_appointment cancels it";
    find(there(json!({ "summary": "Another" })), another);
    let callback = json!({ "phone": "+14155550123", "date": "2026-03-03", "time": "14:30", "about": "A quote" });
    let ours = json!({ "summary": "Call back +14155550123", "end": { "dateTime": "2026-03-03T14:45:00+01:00" } });
    let booked = "the callback is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin)";
    check("book_callback", &callback, vec![there(ours)], booked);
    check("book_callback", &callback, vec![none()], "DidNotHappen");
}

#[test]
fn a_move_is_found_by_its_time() {
    let find = |answer, expected| check("move_appointment", &to(), vec![answer], expected);
    let at_three = json!({
        "start": { "dateTime": "2026-03-03T14:00:00Z" }, "end": { "dateTime": "2026-03-03T14:30:00Z" },
    });
    find(there(at_three), MOVED);
    find(there(json!({})), "DidNotHappen");
    let moved_on = "otherwise: the appointment was moved, and is on Tuesday 2026-03-03 at 14:30 (Europe/Berlin) now, event_id ac_0123abcd";
    find(there(json!({ "extendedProperties": { "private": { "ac_0123abcd": "moved" } } })), moved_on);
    find(there(json!({ "status": "cancelled" })), "DidNotHappen");
    find(none(), "DidNotHappen");
}

#[test]
fn what_is_cancelled_is_found_by_its_absence() {
    let it = json!({ "event_id": "ac_0123abcd" });
    let gone = "event ac_0123abcd is not in the calendar any more: it is cancelled";
    check("cancel_appointment", &it, vec![there(json!({ "status": "cancelled" })), taken(&[])], gone);
    check("cancel_appointment", &it, vec![none(), taken(&[])], gone);
    check("cancel_appointment", &it, vec![there(json!({}))], "DidNotHappen");
    let astray = json!({ "calendars": { "x": { "errors": [{ "domain": "global", "reason": "notFound" }] } } });
    let astray = (crate::FREE_BUSY.to_owned(), Reply::json(200, astray));
    let failure = find("cancel_appointment", it, 60, vec![none(), astray]).unwrap_err();
    assert!(failure.message.contains("correct `calendar_id`"), "{}", failure.message);
}

/// Google may still be at work on it.
#[test]
fn at_first_it_is_asked_again() {
    let found = |seconds, answer| find("book_appointment", appointment(), seconds, vec![answer]).unwrap();
    assert_eq!(found(10, none()), Finding::Unknown(Some(20_000)));
    assert_eq!(found(30, none()), Finding::DidNotHappen);
    let limited = (crate::line("GET"), refused(429, "usageLimits", "rateLimitExceeded"));
    assert!(find("book_appointment", appointment(), 60, vec![limited]).is_err());
}
