//! Moving and cancelling an appointment, as it was read.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Receipt};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::json;

use crate::{DELETE, GET, MOVED, PUT, REPORT, TIMES, URL, check, fake, kept, object, taken, taken_by, to};

#[test]
fn an_appointment_is_moved_as_it_was_read() {
    let whole = "DTSTART;TZID=Europe/Berlin:20260303T143000\r\nDURATION:PT30M\r\nSEQUENCE:2\r\nX-A:b";
    // It takes its own time, and may be moved by less than it is long.
    let own = taken_by(&["UID:ac_0123abcd\r\nDTSTART:20260303T133000Z\r\nDTEND:20260303T140000Z"]);
    let fake = fake().key("ac_9").expect(GET, kept(whole)).expect(REPORT, own).expect(PUT, Reply::text(204, ""));
    let outcome = fake.call::<Plugin>("move_appointment", to(json!({ "time": "14:45" }))).unwrap();
    assert!(outcome.text.contains("moved to Tuesday 2026-03-03 at 14:45"), "{}", outcome.text);
    assert_eq!(outcome.receipts, [Receipt::new("event", "ac_0123abcd").with_url(URL)]);
    let put = &fake.sent()[2];
    assert_eq!((put.header("if-match"), put.header("if-none-match")), (Some("\"7\""), None));
    let expected = object(
        "X-A:b\r\nDTSTAMP:20260301T000100Z\r\nLAST-MODIFIED:20260301T000100Z\r\nDTSTART:20260303T134500Z\r\n\
         DTEND:20260303T141500Z\r\nSEQUENCE:3\r\nX-AFTERCALL-MOVED-BY:ac_9",
    );
    assert_eq!(put.text(), expected);
}

#[test]
fn others_in_its_own_time_are_not_overlooked() {
    let own = || format!("UID:ac_0123abcd\r\n{TIMES}");
    let shift = |other: &str, expected: Result<&str, (FailureKind, &str)>| {
        let mut answers = vec![(GET, kept(TIMES)), (REPORT, taken_by(&[&own(), &format!("UID:other\r\n{other}")]))];
        if expected.is_ok() {
            answers.push((PUT, Reply::text(204, "")));
        }
        check("move_appointment", to(json!({ "time": "14:45" })), answers, expected);
    };
    let moved = Ok("the appointment is moved to Tuesday 2026-03-03 at 14:45 (Europe/Berlin), event_id ac_0123abcd");
    let taken = |words| Err((FailureKind::Conflict, words));
    shift("DTSTART:20260303T120000Z\r\nDURATION:PT1H", moved);
    shift(TIMES, taken("Tuesday 2026-03-03 at 14:45 (Europe/Berlin) is taken"));
    shift("DTSTART:20260303T134500Z\r\nDTEND:20260303T140000Z", taken("from 09:00 to 14:15, from 15:00 to 16:30"));
}

#[test]
fn an_appointment_is_moved_once() {
    let shift = |answers, expected| check("move_appointment", to(json!({})), answers, expected);
    let there = || (GET, kept(TIMES));
    let free = || (REPORT, taken(&[]));
    let conflict = |words| Err((FailureKind::Conflict, words));
    shift(vec![there(), free(), (PUT, Reply::text(204, ""))], Ok(MOVED));
    // The answer is lost, and the event is there.
    shift(vec![there(), free(), (PUT, Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    let moved = "DTSTART:20260303T140000Z\r\nDTEND:20260303T143000Z";
    shift(vec![(GET, kept(&format!("{moved}\r\nX-AFTERCALL-MOVED-BY:ac_0123abcd")))], Ok(MOVED));
    let moved_before = kept(&format!("{TIMES}\r\nX-AFTERCALL-MOVED-BY:ac_0123abcd"));
    shift(
        vec![(GET, moved_before)],
        conflict("was moved in this conversation before, and is on Tuesday 2026-03-03 at 14:30"),
    );
    shift(vec![(GET, kept(moved))], Ok(MOVED));
    // Somebody is faster.
    let stale = || (PUT, Reply::text(412, ""));
    shift(vec![there(), free(), stale(), there(), free(), (PUT, Reply::text(204, ""))], Ok(MOVED));
    shift(vec![there(), free(), stale(), there(), free(), stale()], conflict("is being changed by somebody else"));
    let taken = || taken(&["DTSTART:20260303T141500Z\r\nDTEND:20260303T143000Z"]);
    shift(vec![there(), (REPORT, taken())], conflict("Tuesday 2026-03-03 at 15:00 (Europe/Berlin) is taken"));
    // What can't be moved.
    let not_found = || Err((FailureKind::NotFound, "no event ac_0123abcd is in the calendar"));
    shift(vec![(GET, Reply::text(404, ""))], not_found());
    shift(vec![(GET, kept(&format!("{TIMES}\r\nSTATUS:CANCELLED")))], not_found());
    shift(vec![(GET, kept(&format!("{TIMES}\r\nRRULE:FREQ=DAILY")))], conflict("repeats: a person has to move it"));
    shift(vec![(GET, kept(&format!("{TIMES}\r\nRECURRENCE-ID:20260303T133000Z")))], conflict("repeats"));
    shift(vec![(GET, kept("DTSTART;VALUE=DATE:20260303"))], conflict("no time of day any more"));
    let unversioned = Reply::text(200, object(TIMES));
    shift(vec![(GET, unversioned), free()], Err((FailureKind::Other, "gives no version of event ac_0123abcd")));
    shift(vec![there(), free(), (PUT, Reply::text(503, ""))], Err((FailureKind::OutcomeUnknown, "503")));
    let invalid = |more, answers, words| {
        check("move_appointment", to(more), answers, Err((FailureKind::InvalidArguments, words)));
    };
    invalid(json!({ "event_id": "../ac_01" }), Vec::new(), "is no event_id that a booking gave");
    invalid(json!({ "event_id": "lunch" }), Vec::new(), "they begin with ac_");
    invalid(json!({ "time": "17:00" }), vec![there()], "appointments begin from 09:00 to 16:30");
}

#[test]
fn an_appointment_is_cancelled_once() {
    let cancel = |answers, expected| {
        check("cancel_appointment", json!({ "event_id": "ac_0123abcd" }), answers, expected);
    };
    let there = || (GET, kept(TIMES));
    let done = Ok("the appointment of Tuesday 2026-03-03 at 14:30 (Europe/Berlin) is cancelled");
    let gone = Ok("event ac_0123abcd is not in the calendar any more: it is cancelled");
    let unknown =
        || Err((FailureKind::NotFound, "no event ac_0123abcd is in the calendar: it was cancelled before, or"));
    let conflict = |words| Err((FailureKind::Conflict, words));
    cancel(vec![there(), (DELETE, Reply::text(204, ""))], done);
    cancel(vec![there(), (DELETE, Reply::text(404, ""))], done);
    cancel(vec![there(), (DELETE, Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    cancel(vec![(GET, Reply::text(404, ""))], unknown());
    cancel(vec![(GET, Reply::text(410, ""))], unknown());
    cancel(vec![(GET, kept("STATUS:CANCELLED"))], gone);
    cancel(vec![there(), (DELETE, Reply::text(412, "")), there(), (DELETE, Reply::text(204, ""))], done);
    let stale = || (DELETE, Reply::text(412, ""));
    cancel(vec![there(), stale(), there(), stale()], conflict("is being changed by somebody else"));
    cancel(vec![(GET, kept(&format!("{TIMES}\r\nRRULE:FREQ=DAILY")))], conflict("repeats: a person has to cancel it"));
    cancel(vec![there(), (DELETE, Reply::text(403, ""))], Err((FailureKind::Denied, "403")));
    cancel(vec![there(), (DELETE, Reply::text(423, ""))], conflict("somebody has locked the event"));
    cancel(vec![(GET, Reply::text(503, ""))], Err((FailureKind::Unavailable, "503")));
}

#[test]
fn only_what_was_read_is_deleted() {
    let fake = fake().expect(GET, kept(TIMES)).expect(DELETE, Reply::text(204, ""));
    fake.call::<Plugin>("cancel_appointment", json!({ "event_id": "ac_0123abcd" })).unwrap();
    assert_eq!(fake.sent()[1].header("if-match"), Some("\"7\""));
}
