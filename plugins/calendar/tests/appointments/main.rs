//! Appointments against a fake of a CalDAV server: what is sent, and what is made of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod booking;
mod bookings;
mod changes;
mod doubt;
mod free;
mod times;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Receipt};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

const URL: &str = "https://dav.example.com/office/ac_0123abcd.ics";
const GET: &str = "GET https://dav.example.com/office/ac_0123abcd.ics";
const PUT: &str = "PUT https://dav.example.com/office/ac_0123abcd.ics";
const DELETE: &str = "DELETE https://dav.example.com/office/ac_0123abcd.ics";
const REPORT: &str = "REPORT https://dav.example.com/office/";
/// 2026-03-01T00:01:00Z
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;
/// When the appointment is: 14:30 in Berlin.
const TIMES: &str = "DTSTART:20260303T133000Z\r\nDTEND:20260303T140000Z";
/// The appointment as it is booked.
const EVENT: &str = "SUMMARY:Consultation\r\nDTSTART:20260303T133000Z\r\nDTEND:20260303T140000Z";

fn fake() -> Fake {
    let settings = json!({
        "calendar_url": "https://dav.example.com/office",
        "time_zone": "Europe/Berlin",
        "from": "09:00",
        "to": "17:00",
        "working_days": ["monday", "tuesday", "thursday", "friday"],
    });
    Fake::new().settings(settings).key("ac_0123abcd").first_attempt_at(FIRST_ATTEMPT_AT)
}

fn with(mut arguments: Value, more: Value) -> Value {
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

fn appointment(more: Value) -> Value {
    let arguments = json!({
        "date": "2026-03-03", "time": "14:30", "minutes": 30, "title": "Consultation", "name": "Ann Lee",
        "phone": "+14155550123", "email": "ann@example.com",
    });
    with(arguments, more)
}

fn to(more: Value) -> Value {
    with(json!({ "event_id": "ac_0123abcd", "date": "2026-03-03", "time": "15:00" }), more)
}

fn object(event: &str) -> String {
    calendar(&format!("UID:ac_0123abcd\r\n{event}"))
}

fn calendar(event: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn kept(event: &str) -> Reply {
    Reply::text(200, object(event)).with_header("etag", "\"7\"")
}

/// Events of others.
fn taken(events: &[&str]) -> Reply {
    let events: Vec<String> = events.iter().map(|event| format!("UID:other\r\n{event}")).collect();
    taken_by(&events.iter().map(String::as_str).collect::<Vec<_>>())
}

fn taken_by(events: &[&str]) -> Reply {
    told(&events.iter().map(|event| calendar(event)).collect::<Vec<_>>())
}

fn told(objects: &[String]) -> Reply {
    let response = |data: &String| {
        format!(
            "<d:response><d:href>/x</d:href><d:propstat><d:prop><c:calendar-data>{data}</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        )
    };
    let all: String = objects.iter().map(response).collect();
    Reply::text(
        207,
        format!(
            "<?xml version=\"1.0\"?>\n<d:multistatus xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\">{all}</d:multistatus>"
        ),
    )
}

/// Calls a tool that gets these answers; the text, or the kind with words of the message.
fn check(tool: &str, arguments: Value, answers: Vec<(&str, Reply)>, expected: Result<&str, (FailureKind, &str)>) {
    let said = format!("{tool} {arguments}");
    let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(line, reply));
    match (fake.call::<Plugin>(tool, arguments), expected) {
        (Ok(outcome), Ok(text)) => {
            assert_eq!(outcome.text, text, "{said}");
            if !tool.starts_with("find_") {
                assert_eq!(outcome.receipts, [Receipt::new("event", "ac_0123abcd").with_url(URL)], "{said}");
            }
        }
        (Err(failure), Err((kind, words))) => {
            assert_eq!(failure.kind, kind, "{said}: {}", failure.message);
            assert!(failure.message.contains(words), "{said}: {}", failure.message);
        }
        (outcome, expected) => panic!("{said}: {outcome:?} instead of {expected:?}"),
    }
}

const BOOKED: &str =
    "the appointment is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd";
const MOVED: &str = "the appointment is moved to Tuesday 2026-03-03 at 15:00 (Europe/Berlin), event_id ac_0123abcd";

#[test]
fn tools_say_what_they_do() {
    let tools = Plugin::list_tools("{}").unwrap();
    let told: Vec<_> = tools.iter().map(|tool| (tool.name.as_str(), tool.effect, tool.identity.join(" "))).collect();
    let idempotent = |name, identity: &str| (name, Effect::Idempotent, identity.to_owned());
    let expected = [
        idempotent("book_callback", "phone instead_of"),
        ("find_free_times", Effect::Read, String::new()),
        idempotent("book_appointment", "date time instead_of"),
        ("find_bookings", Effect::Read, String::new()),
        idempotent("move_appointment", "event_id"),
        idempotent("cancel_appointment", "event_id"),
    ];
    assert_eq!(told, expected);
    assert!(tools.iter().all(|tool| tool.reconcilable == (tool.effect == Effect::Idempotent)));
    let schema = |at: usize| serde_json::from_str::<Value>(&tools[at].input_schema).unwrap();
    assert_eq!(schema(1)["properties"]["days"]["maximum"], 31);
    assert_eq!(schema(2)["required"], json!(["date", "time", "minutes", "title", "name"]));
    assert_eq!(schema(2)["properties"]["minutes"]["minimum"], 5);
    assert_eq!(schema(3)["required"], json!(["phone"]));
    assert_eq!(schema(4)["required"], json!(["event_id", "date", "time"]));
    assert_eq!(schema(5)["required"], json!(["event_id"]));
    assert_eq!(schema(4)["properties"]["event_id"]["pattern"], "^ac_[0-9a-f]{1,64}$");
}
