//! The plugin against a fake of Google Calendar: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod bookings;
mod changes;
mod doubt;
mod published;

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Receipt};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

/// Of `ac_0123abcd`.
const ID: &str = "ac0123abcd";
const FREE_BUSY: &str = "POST https://www.googleapis.com/calendar/v3/freeBusy";
const EVENTS: &str = "GET https://www.googleapis.com/calendar/v3/calendars/office%40example.com/events";
const INSERT: &str = "POST https://www.googleapis.com/calendar/v3/calendars/office%40example.com/events";
/// 2026-03-01T00:01:00Z
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;
const BOOKED: &str =
    "the appointment is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd";
const MOVED: &str = "the appointment is moved to Tuesday 2026-03-03 at 15:00 (Europe/Berlin), event_id ac_0123abcd";

fn line(method: &str) -> String {
    format!("{method} https://www.googleapis.com/calendar/v3/calendars/office%40example.com/events/{ID}")
}

fn fake() -> Fake {
    let settings = json!({
        "vendor": "google",
        "calendar_id": "office@example.com",
        "time_zone": "Europe/Berlin",
        "from": "09:00",
        "to": "17:00",
    });
    Fake::new().settings(settings).key("ac_0123abcd").first_attempt_at(FIRST_ATTEMPT_AT)
}

fn with(mut value: Value, more: Value) -> Value {
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    value
}

fn event(more: Value) -> Value {
    let mut event = json!({
        "kind": "calendar#event", "id": ID, "etag": "\"34\"", "status": "confirmed",
        "htmlLink": "https://www.google.com/calendar/event?eid=x", "summary": "Consultation",
        "start": { "dateTime": "2026-03-03T14:30:00+01:00", "timeZone": "Europe/Berlin" },
        "end": { "dateTime": "2026-03-03T15:00:00+01:00", "timeZone": "Europe/Berlin" },
    });
    event = with(event, more);
    // Google leaves out what an event hasn't.
    event.as_object_mut().expect("it is one").retain(|_, field| !field.is_null());
    event
}

fn there(more: Value) -> (String, Reply) {
    (line("GET"), Reply::json(200, event(more)))
}

fn none() -> (String, Reply) {
    (line("GET"), refused(404, "global", "notFound"))
}

fn taken(busy: &[(&str, &str)]) -> (String, Reply) {
    let busy: Vec<Value> = busy.iter().map(|(start, end)| json!({ "start": start, "end": end })).collect();
    let calendars = json!({ "office@example.com": { "busy": busy } });
    (FREE_BUSY.to_owned(), Reply::json(200, json!({ "kind": "calendar#freeBusy", "calendars": calendars })))
}

fn refused(status: u16, domain: &str, reason: &str) -> Reply {
    let errors = json!([{ "domain": domain, "reason": reason, "message": "Said." }]);
    Reply::json(status, json!({ "error": { "errors": errors, "code": status, "message": "Said." } }))
}

fn appointment() -> Value {
    json!({
        "date": "2026-03-03", "time": "14:30", "minutes": 30, "title": "Consultation", "name": "Ann <b>Lee</b>",
        "phone": "+14155550123", "notes": "A & B",
    })
}

fn to() -> Value {
    json!({ "event_id": "ac_0123abcd", "date": "2026-03-03", "time": "15:00" })
}

fn check(tool: &str, arguments: Value, answers: Vec<(String, Reply)>, expected: Result<&str, (FailureKind, &str)>) {
    let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(&line, reply));
    match (fake.call::<Plugin>(tool, arguments), expected) {
        (Ok(outcome), Ok(text)) => {
            assert_eq!(outcome.text, text);
            assert!(outcome.receipts.iter().all(|receipt| receipt.id == ID && receipt.kind == "event"), "{outcome:?}");
        }
        (Err(failure), Err((kind, words))) => {
            assert_eq!(failure.kind, kind, "{tool}: {}", failure.message);
            assert!(failure.message.contains(words), "{tool}: {}", failure.message);
        }
        (outcome, expected) => panic!("{tool}: {outcome:?} instead of {expected:?}"),
    }
}

#[test]
fn an_appointment_is_one_event_of_our_id() {
    let fake = [none(), taken(&[]), (INSERT.to_owned(), Reply::json(200, event(json!({}))))];
    let fake = fake.into_iter().fold(self::fake(), |fake, (line, reply)| fake.expect(&line, reply));
    let outcome = fake.call::<Plugin>("book_appointment", appointment()).unwrap();
    assert_eq!(outcome.text, BOOKED);
    assert_eq!(outcome.receipts, [Receipt::new("event", ID).with_url("https://www.google.com/calendar/event?eid=x")]);
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!(data["event_id"], "ac_0123abcd");
    assert_eq!(data["starts_at"], "2026-03-03T14:30:00+01:00");

    let sent = fake.sent();
    let query = json!({
        "timeMin": "2026-03-03T08:00:00Z", "timeMax": "2026-03-03T16:00:00Z", "items": [{ "id": "office@example.com" }],
    });
    assert_eq!(sent[1].json(), query);
    let expected = json!({
        "id": ID,
        "summary": "Consultation",
        "description": "A &amp; B\n\nName: Ann &lt;b&gt;Lee&lt;/b&gt;\nTelephone: +14155550123",
        "start": { "dateTime": "2026-03-03T13:30:00Z" },
        "end": { "dateTime": "2026-03-03T14:00:00Z" },
        "extendedProperties": { "private": { "aftercall_phone": "+14155550123" } },
    });
    assert_eq!(sent[2].json(), expected);
}

#[test]
fn an_appointment_is_booked_once() {
    let book = |answers, expected| check("book_appointment", appointment(), answers, expected);
    let insert = |reply| (INSERT.to_owned(), reply);
    let taken_id = || insert(refused(409, "global", "duplicate"));
    let conflict = |words| Err((FailureKind::Conflict, words));
    book(vec![none(), taken(&[]), insert(Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    book(vec![there(json!({}))], Ok(BOOKED));
    book(vec![none(), taken(&[]), taken_id(), there(json!({}))], Ok(BOOKED));
    // Google keeps the id of an event that was deleted.
    let deleted = || there(json!({ "status": "cancelled" }));
    book(
        vec![deleted()],
        conflict("was cancelled in the calendar since: to book it again, give instead_of = ac_0123abcd"),
    );
    book(vec![none(), taken(&[]), taken_id(), deleted()], conflict("was cancelled in the calendar since"));
    book(vec![none(), taken(&[]), taken_id(), none()], conflict("was deleted since"));
    book(
        vec![none(), taken(&[]), insert(Reply::stray(200, "<html>"))],
        Err((FailureKind::OutcomeUnknown, "not as expected")),
    );
    book(
        vec![none(), taken(&[]), insert(Reply::json(200, json!({ "kind": "calendar#event" })))],
        Err((FailureKind::OutcomeUnknown, "tells of none")),
    );
    // What is there under the key isn't what is asked for.
    let other = |more| book(vec![there(more)], conflict("in the calendar already, and not as it is asked for now"));
    other(json!({ "summary": "Another" }));
    other(json!({ "end": { "dateTime": "2026-03-03T15:30:00+01:00" } }));
    other(json!({ "start": { "date": "2026-03-03" }, "end": { "date": "2026-03-04" } }));
    other(json!({ "summary": null }));
    let busy = taken(&[("2026-03-03T14:45:00+01:00", "2026-03-03T15:15:00+01:00")]);
    book(
        vec![none(), busy],
        conflict("free nearby: Tuesday 2026-03-03: begin from 09:00 to 14:15, from 15:15 to 16:30"),
    );
    book(vec![there(json!({ "id": "other" }))], Err((FailureKind::Other, "gave another event for ac0123abcd")));
}

#[test]
fn a_callback_is_booked_once() {
    let callback = || json!({ "phone": "+14155550123", "date": "2026-03-03", "time": "14:30", "about": "A quote" });
    let words = "the callback is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin)";
    let insert = |reply| (INSERT.to_owned(), reply);
    check("book_callback", callback(), vec![insert(Reply::json(200, event(json!({}))))], Ok(words));
    let answers = |title: &str| {
        let ours = json!({ "summary": title, "end": { "dateTime": "2026-03-03T14:45:00+01:00" } });
        vec![insert(refused(409, "global", "duplicate")), there(ours)]
    };
    check("book_callback", callback(), answers("Call back +14155550123"), Ok(words));
    let conflict = Err((FailureKind::Conflict, "\"Another\" on Tuesday 2026-03-03 at 14:30"));
    check("book_callback", callback(), answers("Another"), conflict);
}

#[test]
fn free_times_are_what_is_not_busy() {
    let asked = || json!({ "first_date": "2026-03-03", "days": 2, "minutes": 60 });
    let ask = |reply, expected| check("find_free_times", asked(), vec![(FREE_BUSY.to_owned(), reply)], expected);
    let busy =
        [("2026-03-03T08:00:00Z", "2026-03-03T10:30:00Z"), ("2026-03-04T13:00:00+01:00", "2026-03-04T16:00:00+01:00")];
    let free = "60 minutes are free:\nTuesday 2026-03-03: begin from 11:30 to 16:00\n\
        Wednesday 2026-03-04: begin from 09:00 to 12:00, from 16:00 to 16:00";
    ask(taken(&busy).1, Ok(free));
    let errors = |reason: &str| {
        let errors = json!([{ "domain": "global", "reason": reason }]);
        Reply::json(200, json!({ "calendars": { "office@example.com": { "errors": errors, "busy": [] } } }))
    };
    ask(errors("notFound"), Err((FailureKind::Misconfigured, "no calendar \"office@example.com\"")));
    ask(errors("internalError"), Err((FailureKind::Unavailable, "internalError")));
    let nameless = json!({ "calendars": { "office@example.com": { "errors": [{}], "busy": [] } } });
    ask(Reply::json(200, nameless), Err((FailureKind::Unavailable, "for no reason")));
    // What isn't said isn't free.
    let silent = json!({ "calendars": { "office@example.com": {} } });
    ask(Reply::json(200, silent), Err((FailureKind::Other, "doesn't say what is busy")));
    ask(Reply::json(200, json!({})), Err((FailureKind::Other, "tells of no calendar")));
    ask(Reply::json(200, json!({ "calendars": {} })), Err((FailureKind::Other, "tells of no calendar")));
    let odd = json!({ "calendars": { "x": { "busy": [{ "start": "soon", "end": "later" }] } } });
    ask(Reply::json(200, odd), Err((FailureKind::Other, "has \"soon\" for a time")));
    ask(Reply::stray(200, "<html>"), Err((FailureKind::Other, "not as expected")));
    ask(Reply::cut(), Err((FailureKind::Unavailable, "no whole answer")));
}

#[test]
fn refusals_are_told_by_their_reason() {
    fn check(reply: Reply, kind: FailureKind, code: Option<&str>, retry_after_ms: Option<u64>) {
        let answers = [none(), taken(&[]), (INSERT.to_owned(), reply)];
        let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(&line, reply));
        let failure = fake.call::<Plugin>("book_appointment", appointment()).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, code), "{}", failure.message);
        assert_eq!(failure.retry_after_ms, retry_after_ms);
    }
    check(refused(400, "calendar", "timeRangeEmpty"), FailureKind::InvalidArguments, Some("timeRangeEmpty"), None);
    check(refused(401, "global", "authError"), FailureKind::Unavailable, Some("authError"), None);
    for reason in ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"] {
        check(refused(403, "usageLimits", reason), FailureKind::RateLimited, Some(reason), None);
    }
    check(refused(403, "usageLimits", "accessNotConfigured"), FailureKind::Denied, Some("accessNotConfigured"), None);
    check(refused(403, "calendar", "requiredAccessLevel"), FailureKind::Denied, Some("requiredAccessLevel"), None);
    check(refused(404, "global", "notFound"), FailureKind::Misconfigured, None, None);
    let limited = refused(429, "usageLimits", "rateLimitExceeded").with_header("retry-after", "5");
    check(limited, FailureKind::RateLimited, Some("rateLimitExceeded"), Some(5000));
    check(refused(500, "global", "backendError"), FailureKind::OutcomeUnknown, Some("backendError"), None);
    check(Reply::text(503, ""), FailureKind::OutcomeUnknown, None, None);
    check(Reply::unreachable(), FailureKind::Unavailable, None, None);
    check(Reply::denied(), FailureKind::Denied, None, None);
}

#[test]
fn settings_name_the_calendar() {
    fn check(settings: Value, words: &str) {
        let fake = Fake::new().settings(settings).key("ac_0123abcd").first_attempt_at(FIRST_ATTEMPT_AT);
        let failure = fake.call::<Plugin>("cancel_appointment", json!({ "event_id": "ac_01" })).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "vendor": "google", "time_zone": "UTC" }), "correct `calendar_id`");
    check(json!({ "time_zone": "UTC" }), "correct `calendar_url`");
    check(json!({ "vendor": "outlook", "time_zone": "UTC" }), "settings don't fit");
}
