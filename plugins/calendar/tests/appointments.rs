//! Appointments against a fake of a CalDAV server: what is sent, and what is made of the answers. The fake has no REPORT: it
//! is a POST there.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Receipt};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

const URL: &str = "https://dav.example.com/office/ac_0123abcd.ics";
const GET: &str = "GET https://dav.example.com/office/ac_0123abcd.ics";
const PUT: &str = "PUT https://dav.example.com/office/ac_0123abcd.ics";
const DELETE: &str = "DELETE https://dav.example.com/office/ac_0123abcd.ics";
const REPORT: &str = "POST https://dav.example.com/office/";
/// 2026-03-01T00:01:00Z
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;
/// When the appointment is: 14:30 in Berlin.
const TIMES: &str = "DTSTART:20260303T133000Z\r\nDTEND:20260303T140000Z";

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
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:ac_0123abcd\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

fn kept(event: &str) -> Reply {
    Reply::text(200, object(event)).with_header("etag", "\"7\"")
}

fn taken(events: &[&str]) -> Reply {
    let response = |event: &&str| {
        let data = object(event).replace('<', "&lt;");
        format!(
            "<d:response><d:href>/x</d:href><d:propstat><d:prop><c:calendar-data>{data}</c:calendar-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>"
        )
    };
    let all: String = events.iter().map(response).collect();
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
            if tool != "find_free_times" {
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
        idempotent("book_callback", "phone"),
        ("find_free_times", Effect::Read, String::new()),
        idempotent("book_appointment", "date time"),
        idempotent("move_appointment", "event_id date time"),
        idempotent("cancel_appointment", "event_id"),
    ];
    assert_eq!(told, expected);
    let schema = |at: usize| serde_json::from_str::<Value>(&tools[at].input_schema).unwrap();
    assert_eq!(schema(1)["properties"]["days"]["maximum"], 31);
    assert_eq!(schema(2)["required"], json!(["date", "time", "minutes", "title", "name"]));
    assert_eq!(schema(2)["properties"]["minutes"]["minimum"], 5);
    assert_eq!(schema(3)["properties"]["event_id"]["pattern"], "^ac_[0-9a-f]{1,64}$");
}

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
        lines[6..10],
        [
            "DTSTART:20260303T133000Z",
            "DTEND:20260303T140000Z",
            "SUMMARY:Consultation",
            "DESCRIPTION:First\\; visit\\n\\nName: Ann Lee\\nTelephone: +14155550123\\nEmail: ann@example.com",
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
    book(vec![(GET, kept(TIMES))]);
    book(vec![none(), (REPORT, taken(&[])), (PUT, Reply::text(412, "")), (GET, kept(TIMES))]);
    // A person moved it since.
    let moved = "the appointment is in the calendar, Tuesday 2026-03-03 at 15:00 (Europe/Berlin), event_id ac_0123abcd";
    let later = kept("DTSTART:20260303T140000Z\r\nDTEND:20260303T143000Z");
    check("book_appointment", appointment(json!({})), vec![(GET, later)], Ok(moved));
    let foreign = Reply::text(200, object("").replace("ac_0123abcd", "other"));
    let conflict = |words| Err((FailureKind::Conflict, words));
    check("book_appointment", appointment(json!({})), vec![(GET, foreign)], conflict("another event is at"));
    let cancelled = || kept("STATUS:CANCELLED");
    let answers = vec![(GET, cancelled()), (REPORT, taken(&[])), (PUT, Reply::text(412, "")), (GET, cancelled())];
    check("book_appointment", appointment(json!({})), answers, conflict("was cancelled in the calendar since"));
}

#[test]
fn a_time_that_is_taken_is_refused() {
    let check = |events: &[&str], expected| {
        let free = vec![(PUT, Reply::text(201, ""))];
        let put = if expected == Ok(BOOKED) { free } else { Vec::new() };
        let answers = [vec![(GET, Reply::text(404, "")), (REPORT, taken(events))], put].concat_all();
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
    check(&["DTSTART:20260301T133000Z\r\nRRULE:FREQ=DAILY"], Err((FailureKind::Other, "its repeating events")));
    check(&["DTSTART;TZID=Nowhere:20260303T133000"], Err((FailureKind::Other, "has a time that can't be read")));
}

/// Two lists of answers as one.
trait ConcatAll {
    fn concat_all(self) -> Vec<(&'static str, Reply)>;
}

impl ConcatAll for [Vec<(&'static str, Reply)>; 2] {
    fn concat_all(self) -> Vec<(&'static str, Reply)> {
        self.into_iter().flatten().collect()
    }
}

#[test]
fn free_times_are_told_by_the_day() {
    let ask = |more: Value, answer: Option<Reply>, expected: Result<&str, (FailureKind, &str)>| {
        let arguments = with(json!({ "first_date": "2026-03-03", "days": 3, "minutes": 60 }), more);
        check("find_free_times", arguments, answer.into_iter().map(|reply| (REPORT, reply)).collect(), expected);
    };
    let busy =
        || taken(&["DTSTART:20260303T080000Z\r\nDTEND:20260303T103000Z", "DTSTART:20260305T120000Z\r\nDURATION:PT3H"]);
    // Nobody works on the Wednesday in between.
    let free = "60 minutes are free:\nTuesday 2026-03-03: begin from 11:30 to 16:00\nThursday 2026-03-05: begin from 09:00 to 12:00, from 16:00 to 16:00";
    ask(json!({}), Some(busy()), Ok(free));
    ask(
        json!({ "days": 1, "minutes": 480 }),
        Some(busy()),
        Ok("no 480 minutes are free in these days: look at later ones"),
    );
    let invalid = |words| Err((FailureKind::InvalidArguments, words));
    ask(json!({ "first_date": "2026-03-04", "days": 1 }), None, invalid("nobody works from 2026-03-04 on"));
    ask(json!({ "first_date": "2025-03-03" }), None, invalid("or they have passed; today is Sunday 2026-03-01"));
    ask(json!({ "first_date": "3 March" }), None, invalid("there is no day 3 March: write it as in 2026-03-31"));
    ask(json!({ "days": 0 }), None, invalid("days is 0: give 1 to 31"));
    ask(json!({ "days": 32 }), None, invalid("days is 32"));
    ask(json!({ "minutes": 4 }), None, invalid("minutes is 4: an appointment takes 5 to 480"));
    ask(json!({ "minutes": -30 }), None, invalid("the arguments don't fit"));
    ask(json!({ "days": 31 }), Some(Reply::text(403, "<number-of-matches-within-limits/>")), invalid("ask for fewer"));
    let part = "<multistatus><response><status>HTTP/1.1 507 Full</status></response></multistatus>";
    ask(json!({}), Some(Reply::text(207, part)), invalid("ask for fewer"));
    let refused = "<multistatus><response><status>HTTP/1.1 403 No</status></response></multistatus>";
    ask(json!({}), Some(Reply::text(207, refused)), Err((FailureKind::Other, "tells of an event, 403")));
    let gone = "<multistatus><response><status>HTTP/1.1 404 Gone</status></response></multistatus>";
    ask(
        json!({ "days": 1 }),
        Some(Reply::text(207, gone)),
        Ok("60 minutes are free:\nTuesday 2026-03-03: begin from 09:00 to 16:00"),
    );
    ask(json!({}), Some(Reply::text(207, "<html>")), Err((FailureKind::Other, "no multistatus")));
    ask(json!({}), Some(Reply::text(200, "")), Err((FailureKind::Other, "answered with 200")));
    ask(
        json!({}),
        Some(Reply::text(401, "")),
        Err((FailureKind::Denied, "REPORT https://dav.example.com/office/ was answered with 401")),
    );
    ask(json!({}), Some(Reply::text(405, "")), Err((FailureKind::Other, "no calendar is at calendar_url (405)")));
    ask(json!({}), Some(Reply::text(429, "").with_header("retry-after", "9")), Err((FailureKind::RateLimited, "429")));
    ask(json!({}), Some(Reply::text(503, "")), Err((FailureKind::Unavailable, "503")));
    ask(json!({}), Some(Reply::cut()), Err((FailureKind::Unavailable, "no whole answer")));
    ask(json!({}), Some(Reply::denied()), Err((FailureKind::Denied, "the grant doesn't allow")));
}

#[test]
fn a_server_says_when_to_ask_again() {
    let fake = fake().expect(REPORT, Reply::text(429, "").with_header("retry-after", "9"));
    let asked = json!({ "first_date": "2026-03-03", "days": 3, "minutes": 60 });
    assert_eq!(fake.call::<Plugin>("find_free_times", asked).unwrap_err().retry_after_ms, Some(9000));
}

#[test]
fn much_free_time_is_cut_short() {
    let hours = |day: u32| (8..16).map(move |hour| format!("DTSTART:202603{day:02}T{hour:02}0000Z\r\nDURATION:PT30M"));
    let events: Vec<String> = (2..28).flat_map(hours).collect();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let fake = fake().expect(REPORT, taken(&events));
    let asked = json!({ "first_date": "2026-03-02", "days": 28, "minutes": 20 });
    let outcome = fake.call::<Plugin>("find_free_times", asked).unwrap();
    assert!(outcome.text.starts_with("20 minutes are free, and later on too:\nMonday 2026-03-02: begin from 09:30"));
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!((data["free"].as_array().unwrap().len(), &data["more"]), (40, &json!(true)));
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
    refuse(json!({ "date": "tomorrow" }), "there is no day tomorrow");
    refuse(json!({ "phone": "0301234" }), "E.164");
    refuse(json!({ "email": "ann at example" }), "not an email address");
}

#[test]
fn an_appointment_is_moved_as_it_was_read() {
    let whole = "DTSTART;TZID=Europe/Berlin:20260303T143000\r\nDURATION:PT30M\r\nSEQUENCE:2\r\nX-A:b";
    // It takes its own time, and may be moved by less than it is long.
    let own = taken(&["DTSTART:20260303T133000Z\r\nDTEND:20260303T140000Z"]);
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
fn an_appointment_is_moved_once() {
    let shift = |answers, expected| check("move_appointment", to(json!({})), answers, expected);
    let there = || (GET, kept(TIMES));
    let free = || (REPORT, taken(&[]));
    let conflict = |words| Err((FailureKind::Conflict, words));
    shift(vec![there(), free(), (PUT, Reply::text(204, ""))], Ok(MOVED));
    // The answer is lost, and the event names the effect that moved it, wherever it is now.
    shift(vec![there(), free(), (PUT, Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    let moved = "DTSTART:20260303T140000Z\r\nDTEND:20260303T143000Z";
    shift(vec![(GET, kept(&format!("{moved}\r\nX-AFTERCALL-MOVED-BY:ac_0123abcd")))], Ok(MOVED));
    let on = "the appointment is moved to Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_0123abcd";
    shift(vec![(GET, kept(&format!("{TIMES}\r\nX-AFTERCALL-MOVED-BY:ac_0123abcd")))], Ok(on));
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
    let gone = Ok("event ac_0123abcd is not in the calendar: it is cancelled");
    let conflict = |words| Err((FailureKind::Conflict, words));
    cancel(vec![there(), (DELETE, Reply::text(204, ""))], done);
    cancel(vec![there(), (DELETE, Reply::text(404, ""))], done);
    cancel(vec![there(), (DELETE, Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    cancel(vec![(GET, Reply::text(404, "")), (REPORT, taken(&[]))], gone);
    cancel(vec![(GET, Reply::text(410, "")), (REPORT, taken(&[]))], gone);
    cancel(vec![(GET, kept("STATUS:CANCELLED"))], gone);
    let astray = Err((FailureKind::Other, "no calendar is at calendar_url (404)"));
    cancel(vec![(GET, Reply::text(404, "")), (REPORT, Reply::text(404, ""))], astray);
    cancel(vec![there(), (DELETE, Reply::text(412, "")), there(), (DELETE, Reply::text(204, ""))], done);
    let stale = || (DELETE, Reply::text(412, ""));
    cancel(vec![there(), stale(), there(), stale()], conflict("is being changed by somebody else"));
    cancel(vec![(GET, kept(&format!("{TIMES}\r\nRRULE:FREQ=DAILY")))], conflict("repeats: a person has to cancel it"));
    cancel(vec![there(), (DELETE, Reply::text(403, ""))], Err((FailureKind::Denied, "403")));
    cancel(vec![(GET, Reply::text(503, ""))], Err((FailureKind::Unavailable, "503")));
}

#[test]
fn only_what_was_read_is_deleted() {
    let fake = fake().expect(GET, kept(TIMES)).expect(DELETE, Reply::text(204, ""));
    fake.call::<Plugin>("cancel_appointment", json!({ "event_id": "ac_0123abcd" })).unwrap();
    assert_eq!(fake.sent()[1].header("if-match"), Some("\"7\""));
}
