//! After an answer was lost: what is found, and that there is one effect.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{BOOKED, DELETE, EVENT, FIRST_ATTEMPT_AT, GET, MOVED, PUT, REPORT, TIMES};
use crate::{appointment, fake, kept, object, taken, to};

fn find(
    tool: &str,
    arguments: &Value,
    seconds: u64,
    answers: Vec<(&str, Reply)>,
) -> Result<Finding, aftercall::Failure> {
    let fake = fake().attempt_at(FIRST_ATTEMPT_AT).now(FIRST_ATTEMPT_AT + seconds * 1000);
    let fake = answers.into_iter().fold(fake, |fake, (line, reply)| fake.expect(line, reply));
    fake.reconcile::<Plugin>(tool, arguments.clone())
}

/// The text of what happened, or what else is found.
fn check(tool: &str, arguments: &Value, answers: Vec<(&str, Reply)>, expected: &str) {
    match find(tool, arguments, 60, answers).unwrap() {
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

fn none() -> (&'static str, Reply) {
    (GET, Reply::text(404, ""))
}

#[test]
fn a_booking_is_found_by_its_uid() {
    let find = |answer, expected| check("book_appointment", &appointment(json!({})), vec![answer], expected);
    find((GET, kept(EVENT)), BOOKED);
    find(none(), "DidNotHappen");
    find((GET, Reply::text(410, "")), "DidNotHappen");
    let cancelled = "otherwise: the appointment was booked, and was cancelled in the calendar since: to book it again, give instead_of = ac_0123abcd";
    find((GET, kept(&format!("{EVENT}\r\nSTATUS:CANCELLED"))), cancelled);
    let at_three = "otherwise: the appointment is in the calendar already, and not as it is asked for now: \"Consultation\" on Tuesday 2026-03-03 at 15:00 (Europe/Berlin), event_id ac_0123abcd; nothing was changed: move_appointment moves it, cancel_appointment cancels it";
    find((GET, kept("SUMMARY:Consultation\r\nDTSTART:20260303T140000Z\r\nDURATION:PT30M")), at_three);
    let callback =
        json!({ "phone": "+14155550123", "date": "2026-03-03", "time": "14:30", "name": "Ann", "about": "x" });
    let booked = "the callback is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin)";
    let there = kept("SUMMARY:Call back Ann\\, +14155550123\r\nDTSTART:20260303T133000Z\r\nDURATION:PT15M");
    check("book_callback", &callback, vec![(GET, there)], booked);
    check("book_callback", &callback, vec![none()], "DidNotHappen");
}

#[test]
fn a_move_is_found_by_its_time() {
    let find = |answer, expected| check("move_appointment", &to(json!({})), vec![(GET, answer)], expected);
    find(kept("DTSTART:20260303T140000Z\r\nDTEND:20260303T143000Z"), MOVED);
    find(kept(TIMES), "DidNotHappen");
    let moved_on = "otherwise: the appointment was moved, and is on Tuesday 2026-03-03 at 14:30 (Europe/Berlin) now, event_id ac_0123abcd";
    find(kept(&format!("{TIMES}\r\nX-AFTERCALL-MOVED-BY:ac_0123abcd")), moved_on);
    find(kept(&format!("{TIMES}\r\nX-AFTERCALL-MOVED-BY:ac_9")), "DidNotHappen");
    find(kept("STATUS:CANCELLED"), "DidNotHappen");
    find(kept("DTSTART;VALUE=DATE:20260303"), "DidNotHappen");
    find(Reply::text(404, ""), "DidNotHappen");
}

#[test]
fn what_is_cancelled_is_found_by_its_absence() {
    let it = json!({ "event_id": "ac_0123abcd" });
    let gone = "event ac_0123abcd is not in the calendar any more: it is cancelled";
    check("cancel_appointment", &it, vec![none(), (REPORT, taken(&[]))], gone);
    check("cancel_appointment", &it, vec![(GET, kept("STATUS:CANCELLED")), (REPORT, taken(&[]))], gone);
    check("cancel_appointment", &it, vec![(GET, kept(TIMES))], "DidNotHappen");
    // Where there is no calendar, nothing was cancelled.
    let failure = find("cancel_appointment", &it, 60, vec![none(), (REPORT, Reply::text(404, ""))]).unwrap_err();
    assert!(failure.message.contains("no calendar is there (404)"), "{}", failure.message);
}

/// The server may still be at work on it.
#[test]
fn at_first_it_is_asked_again() {
    let found = |tool, arguments, seconds, answer| find(tool, &arguments, seconds, vec![answer]).unwrap();
    let booking = |seconds| found("book_appointment", appointment(json!({})), seconds, none());
    assert_eq!(booking(0), Finding::Unknown(Some(30_000)));
    assert_eq!(booking(29), Finding::Unknown(Some(1000)));
    assert_eq!(booking(30), Finding::DidNotHappen);
    let there = || (GET, kept(TIMES));
    assert_eq!(found("move_appointment", to(json!({})), 1, there()), Finding::Unknown(Some(29_000)));
    let it = json!({ "event_id": "ac_0123abcd" });
    assert_eq!(found("cancel_appointment", it, 1, there()), Finding::Unknown(Some(29_000)));
    let unavailable = find("book_appointment", &appointment(json!({})), 60, vec![(GET, Reply::text(503, ""))]);
    assert_eq!(unavailable.unwrap_err().kind, FailureKind::Unavailable);
}

/// The first attempt's answer is lost after the server did the work.
#[test]
fn twice_is_once() {
    let cut = |tool: &str, arguments: &Value, answers: Vec<(&str, Reply)>| {
        let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(line, reply));
        assert_eq!(fake.call::<Plugin>(tool, arguments.clone()).unwrap_err().kind, FailureKind::OutcomeUnknown);
        fake.sent().last().unwrap().text().to_owned()
    };
    let again = |tool: &str, arguments: &Value, answer| {
        fake().attempt(2).expect(GET, answer).call::<Plugin>(tool, arguments.clone())
    };
    let there = |text: &str| Reply::text(200, text).with_header("etag", "\"8\"");

    let booking = appointment(json!({}));
    let put = cut("book_appointment", &booking, vec![none(), (REPORT, taken(&[])), (PUT, Reply::cut())]);
    assert_eq!(again("book_appointment", &booking, there(&put)).unwrap().text, BOOKED);
    check("book_appointment", &booking, vec![(GET, there(&put))], BOOKED);

    let moving = to(json!({}));
    let own = || (GET, there(&object(TIMES)));
    let put = cut("move_appointment", &moving, vec![own(), (REPORT, taken(&[])), (PUT, Reply::cut())]);
    assert_eq!(again("move_appointment", &moving, there(&put)).unwrap().text, MOVED);
    check("move_appointment", &moving, vec![(GET, there(&put))], MOVED);

    // A repetition proves nothing of what was done before it: that is asked, and found.
    let it = json!({ "event_id": "ac_0123abcd" });
    cut("cancel_appointment", &it, vec![own(), (DELETE, Reply::cut())]);
    let repeated = again("cancel_appointment", &it, Reply::text(404, ""));
    assert_eq!(repeated.unwrap_err().kind, FailureKind::NotFound);
    let gone = "event ac_0123abcd is not in the calendar any more: it is cancelled";
    check("cancel_appointment", &it, vec![none(), (REPORT, taken(&[]))], gone);
}
