//! The plugin against a fake of a CalDAV server: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Receipt};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

const URL: &str = "https://dav.example.com/calendars/office/callbacks/ac_0123abcd.ics";
const PUT: &str = "PUT https://dav.example.com/calendars/office/callbacks/ac_0123abcd.ics";
const GET: &str = "GET https://dav.example.com/calendars/office/callbacks/ac_0123abcd.ics";
/// 2026-03-01T00:01:00Z
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;

fn settings(more: Value) -> Value {
    let mut settings = json!({
        "calendar_url": "https://dav.example.com/calendars/office/callbacks/",
        "time_zone": "Europe/Berlin",
    });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn fake() -> Fake {
    Fake::new().settings(settings(json!({}))).key("ac_0123abcd").first_attempt_at(FIRST_ATTEMPT_AT)
}

fn arguments(more: Value) -> Value {
    let mut arguments = json!({
        "phone": "+14155550123",
        "date": "2026-03-03",
        "time": "14:30",
        "about": "A quote; 40 seats, by May",
    });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

fn kept(uid: &str) -> String {
    let event = "SUMMARY:Call back +14155550123\r\nDTSTART:20260303T133000Z\r\nDTEND:20260303T134500Z";
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

#[test]
fn the_tool_is_idempotent_per_number() {
    let tools = Plugin::list_tools("{}").unwrap();
    let tool = &tools[0];
    assert_eq!((tool.name.as_str(), tool.effect), ("book_callback", Effect::Idempotent));
    assert_eq!(tool.identity, ["phone", "instead_of"]);
    let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
    assert_eq!(schema["required"], json!(["phone", "date", "time", "about"]));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["about"]["maxLength"], 500);
    assert_eq!(schema["properties"]["phone"]["pattern"], r"^\+[1-9]\d{1,14}$");
}

#[test]
fn a_callback_is_one_event_in_utc() {
    let fake = fake().expect(PUT, Reply::text(201, ""));
    let outcome = fake.call::<Plugin>("book_callback", arguments(json!({ "name": "Ann Lee" }))).unwrap();
    let sent = &fake.sent()[0];
    let expected = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//aftercall//calendar//EN",
        "BEGIN:VEVENT",
        "UID:ac_0123abcd",
        "DTSTAMP:20260301T000100Z",
        "DTSTART:20260303T133000Z",
        "DTEND:20260303T134500Z",
        r"SUMMARY:Call back Ann Lee\, +14155550123",
        r"DESCRIPTION:A quote\; 40 seats\, by May\n\nTelephone: +14155550123",
        "X-AFTERCALL-PHONE:+14155550123",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ];
    assert_eq!(sent.text().split("\r\n").collect::<Vec<_>>(), expected);
    assert_eq!(sent.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(sent.header("if-none-match"), Some("*"));
    assert_eq!(sent.header("authorization"), None);

    assert_eq!(outcome.text, "the callback is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin)");
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let (starts_at, ends_at) = ("2026-03-03T14:30:00+01:00", "2026-03-03T14:45:00+01:00");
    assert_eq!(data, json!({ "event_id": "ac_0123abcd", "starts_at": starts_at, "ends_at": ends_at }));
    assert_eq!(outcome.receipts, [Receipt::new("event", "ac_0123abcd").with_url(URL)]);
}

#[test]
fn what_was_said_stays_text() {
    let fake = fake().expect(PUT, Reply::text(204, ""));
    let said = "x\r\nEND:VEVENT\r\nBEGIN:VALARM ".repeat(10);
    fake.call::<Plugin>("book_callback", arguments(json!({ "about": said, "name": "A\nUID:b" }))).unwrap();
    let sent = &fake.sent()[0];
    let lines: Vec<&str> = sent.text().split_terminator("\r\n").collect();
    assert!(lines.iter().all(|line| line.len() <= 75), "{lines:?}");
    assert!(!sent.text().replace("\r\n", "").contains('\n'));
    let starts = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    assert_eq!((starts("END:VEVENT"), starts("BEGIN:VALARM"), starts("UID:")), (1, 0, 1));
}

#[test]
fn a_retry_sends_the_same_bytes() {
    let sent = |attempt: u32, later_ms: u64| {
        let fake = fake().attempt(attempt).now(FIRST_ATTEMPT_AT + later_ms).expect(PUT, Reply::text(201, ""));
        fake.call::<Plugin>("book_callback", arguments(json!({}))).unwrap();
        fake.sent()[0].text().to_owned()
    };
    assert_eq!(sent(1, 0), sent(2, 3_600_000));
}

#[test]
fn an_event_that_is_there_is_looked_at() {
    fn check(there: Reply, expected: Result<(), (FailureKind, &str)>) {
        let fake = fake().attempt(2).expect(PUT, Reply::text(412, "")).expect(GET, there);
        let outcome = fake.call::<Plugin>("book_callback", arguments(json!({})));
        match (outcome, expected) {
            (Ok(outcome), Ok(())) => {
                assert_eq!(outcome.receipts, [Receipt::new("event", "ac_0123abcd").with_url(URL)]);
            }
            (Err(failure), Err((kind, words))) => {
                assert_eq!(failure.kind, kind);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
    }
    check(Reply::text(200, kept("ac_0123abcd")), Ok(()));
    check(Reply::text(200, kept("ac_0123\r\n abcd")), Ok(()));
    let conflict =
        Err((FailureKind::Conflict, "the callback is in the calendar already, and not as it is asked for now"));
    check(Reply::text(200, kept("ac_0123abcd").replace("T133000Z", "T130000Z")), conflict);
    check(Reply::text(200, kept("ac_0123abcd").replace("Call back", "Call back Ann,")), conflict);
    check(Reply::text(200, kept("ac_0123abcde")), Err((FailureKind::Conflict, "another event is at")));
    check(Reply::stray(200, "<html>"), Err((FailureKind::Conflict, "another event is at")));
    check(Reply::text(404, ""), Err((FailureKind::Conflict, "404")));
    check(Reply::text(503, ""), Err((FailureKind::Unavailable, "503")));
    check(Reply::cut(), Err((FailureKind::Unavailable, "no whole answer")));
}

#[test]
fn times_are_those_of_the_zone() {
    fn check(zone: &str, date: &str, time: &str, expected: Result<(&str, &str), &str>) {
        let fake = fake().settings(settings(json!({ "time_zone": zone, "callback_minutes": 30 })));
        let fake = if expected.is_ok() { fake.expect(PUT, Reply::text(201, "")) } else { fake };
        let outcome = fake.call::<Plugin>("book_callback", arguments(json!({ "date": date, "time": time })));
        match (outcome, expected) {
            (Ok(outcome), Ok((times, words))) => {
                let sent = fake.sent()[0].text().to_owned();
                let of = |name: &str| sent.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
                assert_eq!(format!("{} {}", of("DTSTART:"), of("DTEND:")), times, "{zone} {date} {time}");
                assert!(outcome.text.ends_with(words), "{}", outcome.text);
            }
            (Err(failure), Err(words)) => {
                assert_eq!(failure.kind, FailureKind::InvalidArguments, "{zone} {date} {time}");
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
    }
    check("UTC", "2026-07-01", "09:00", Ok(("20260701T090000Z 20260701T093000Z", "(UTC)")));
    let berlin = "Europe/Berlin";
    check(berlin, "2026-07-01", "09:00", Ok(("20260701T070000Z 20260701T073000Z", "(Europe/Berlin)")));
    check("America/Chicago", "2026-11-24", "23:45", Ok(("20261125T054500Z 20261125T061500Z", "(America/Chicago)")));
    check("Asia/Kolkata", "2026-01-01", "00:00", Ok(("20251231T183000Z 20251231T190000Z", "at 00:00 (Asia/Kolkata)")));
    // The clocks go forward from 02:00 to 03:00, and back from 03:00 to 02:00.
    check(berlin, "2026-03-29", "01:45", Ok(("20260329T004500Z 20260329T011500Z", "(Europe/Berlin)")));
    check(berlin, "2026-03-29", "02:30", Err("go forward on 2026-03-29 and never show 02:30; 03:30 is there"));
    check(berlin, "2026-10-25", "02:30", Err("go back on 2026-10-25 and show 02:30 twice; 03:30 is there once"));
    check(berlin, "2026-02-29", "09:00", Err("there is no day 2026-02-29"));
    check(berlin, "31.03.2026", "09:00", Err("\"31.03.2026\" is no day: write the year first"));
    check(berlin, "2026-03-31", "24:00", Err("there is no time 24:00"));
    check(berlin, "2026-03-31", "2 pm", Err("there is no time 2 pm"));
}

#[test]
fn opening_hours_are_kept() {
    fn check(hours: Value, time: &str, expected: Result<(), (FailureKind, &str)>) {
        let fake = fake().settings(settings(hours.clone()));
        let fake = if expected.is_ok() { fake.expect(PUT, Reply::text(201, "")) } else { fake };
        let outcome = fake.call::<Plugin>("book_callback", arguments(json!({ "time": time })));
        match (outcome, expected) {
            (Ok(_), Ok(())) => {}
            (Err(failure), Err((kind, words))) => {
                assert_eq!(failure.kind, kind, "{hours} {time}");
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (outcome, expected) => panic!("{outcome:?} instead of {expected:?}"),
        }
    }
    let invalid = |words| Err((FailureKind::InvalidArguments, words));
    let mistaken = |words| Err((FailureKind::Misconfigured, words));
    let office = || json!({ "from": "09:00", "to": "17:00" });
    check(office(), "09:00", Ok(()));
    check(office(), "16:45", Ok(()));
    check(office(), "08:59", invalid("callbacks begin from 09:00 to 16:45 (Europe/Berlin), not at 08:59"));
    check(office(), "16:46", invalid("from 09:00 to 16:45"));
    check(json!({ "from": "09:00" }), "23:59", Ok(()));
    check(json!({ "from": "09:00" }), "00:00", invalid("from 09:00 to 23:59"));
    check(json!({ "to": "17:00" }), "00:00", Ok(()));
    check(json!({ "to": "17:00", "callback_minutes": 60 }), "16:15", invalid("from 00:00 to 16:00"));
    check(json!({ "from": "17:00", "to": "17:10" }), "17:00", mistaken("no callback fits"));
    check(json!({ "to": "00:10" }), "00:00", mistaken("no callback fits"));
    for hours in [json!({ "from": "17:00", "to": "09:00" }), json!({ "from": "09:00", "to": "09:00" })] {
        check(hours, "09:00", mistaken("is not before 09:00; where the day ends at midnight, `to` is left out"));
    }
    check(json!({ "to": "00:00" }), "09:00", mistaken("00:00 is not before 00:00"));
    check(json!({ "from": "nine" }), "09:00", mistaken("\"nine\" is no time of day"));
    check(json!({ "time_zone": "Berlin" }), "09:00", mistaken("no time zone \"Berlin\""));
}

#[test]
fn refusals_of_the_server_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(PUT, reply);
        let failure = fake.call::<Plugin>("book_callback", arguments(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let error = |inner: &str| {
        let namespaces = r#"xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav""#;
        format!(r#"<?xml version="1.0" encoding="utf-8"?><D:error {namespaces}>{inner}</D:error>"#)
    };
    check(Reply::text(401, ""), FailureKind::Denied, "401", None);
    check(Reply::text(403, ""), FailureKind::Denied, "403", None);
    let unsound = Reply::text(403, error("<C:valid-calendar-data/>"));
    check(unsound, FailureKind::Denied, "403", Some("valid-calendar-data"));
    let distant = Reply::text(403, error("<C:max-date-time/>"));
    check(distant, FailureKind::InvalidArguments, "holds no events at this date", Some("max-date-time"));
    let twin = Reply::text(409, error("<C:no-uid-conflict><D:href>/x.ics</D:href></C:no-uid-conflict>"));
    check(twin, FailureKind::Conflict, "409", Some("no-uid-conflict"));
    check(Reply::text(404, ""), FailureKind::Misconfigured, "no calendar is there (404)", None);
    check(Reply::text(405, ""), FailureKind::Misconfigured, "no calendar is there (405)", None);
    check(Reply::text(409, ""), FailureKind::Misconfigured, "no calendar is there (409)", None);
    check(Reply::text(410, ""), FailureKind::Misconfigured, "no calendar is there (410)", None);
    check(Reply::text(423, ""), FailureKind::Conflict, "somebody has locked the event", None);
    check(Reply::text(429, "").with_header("retry-after", "1"), FailureKind::RateLimited, "429", None);
    check(Reply::text(503, ""), FailureKind::OutcomeUnknown, "503", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow PUT", None);
}

#[test]
fn an_address_with_or_without_a_slash_is_the_same() {
    for url in
        ["https://dav.example.com/calendars/office/callbacks", "https://dav.example.com/calendars/office/callbacks/"]
    {
        let fake = fake().settings(settings(json!({ "calendar_url": url }))).expect(PUT, Reply::text(201, ""));
        assert!(fake.call::<Plugin>("book_callback", arguments(json!({}))).is_ok());
    }
}

#[test]
fn a_time_out_of_range_is_a_failure() {
    let fake = fake().first_attempt_at(u64::MAX);
    let failure = fake.call::<Plugin>("book_callback", arguments(json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
}
