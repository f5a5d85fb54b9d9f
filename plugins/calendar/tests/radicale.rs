//! The plugin against a real CalDAV server, Radicale: what it sends is sent on, and it is given what Radicale answers.
//!
//! A tool sees nothing but the answers to its requests, so it is run once more for each of them: with the answers so
//! far, and the next request cut off, which says what that request is.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _, stderr};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use aftercall::testing::{Fake, Reply, Sent};
use aftercall::{Failure, FailureKind, Finding, Outcome};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

/// The Python that has the packages of the gate.
const PYTHON: &str = "AFTERCALL_PYTHON";
/// How often another port is tried, where somebody took the one that was free.
const PORTS_MAX: usize = 5;
/// 2026-03-01T00:01:00Z
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;
/// The headers that the plugin sends, and those of answers that it reads.
const SENT_HEADERS: [&str; 4] = ["content-type", "depth", "if-match", "if-none-match"];
const READ_HEADERS: [&str; 2] = ["content-type", "etag"];

struct Radicale {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Radicale {
    /// None, where there is no Python that has it: that is told.
    fn start() -> Option<Self> {
        let python = std::env::var_os(PYTHON).filter(|python| {
            let asked = Command::new(python).args(["-c", "import radicale"]).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        });
        let Some(python) = python else {
            let left_out =
                "LEFT OUT: the calendar against Radicale, since AFTERCALL_PYTHON names no Python that has it";
            writeln!(stderr(), "{left_out}: `. .ci/python` makes one").expect("it is told");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..PORTS_MAX {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut process = Command::new(&python)
                .args(["-m", "radicale", "--config", "", "--auth-type", "none", "--server-hosts"])
                .arg(format!("127.0.0.1:{port}"))
                .arg("--storage-filesystem-folder")
                .arg(folder.path())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
            if log.by_ref().map_while(Result::ok).any(|line| line.contains("Radicale server ready")) {
                std::thread::spawn(move || log.for_each(drop));
                return Some(Self { process, port, _folder: folder });
            }
            process.wait().unwrap();
        }
        panic!("Radicale doesn't start");
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n", self.port);
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = body.len();
        stream.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut head = head.split("\r\n");
        let status = head.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = head.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Answer { status, headers, body: body.to_owned() }
    }

    fn put(&self, path: &str, event: &str) {
        let object = format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        );
        let answer = self.send("PUT", path, &[("content-type", "text/calendar; charset=utf-8")], &object);
        assert!((200..300).contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
    }

    /// Sends what the plugin sent.
    fn pass_on(&self, line: &str, sent: &Sent) -> Answer {
        let (method, url) = line.split_once(' ').unwrap();
        let path = url.strip_prefix(&self.url("")).unwrap();
        let headers = SENT_HEADERS.iter().filter_map(|name| Some((*name, sent.header(name)?)));
        self.send(method, path, &headers.collect::<Vec<_>>(), sent.text())
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    fn reply(&self) -> Reply {
        READ_HEADERS.iter().fold(Reply::text(self.status, self.body.as_str()), |reply, name| {
            match self.headers.iter().find(|(header, _)| header == name) {
                Some((_, value)) => reply.with_header(name, value),
                None => reply,
            }
        })
    }
}

/// One calendar there, and one conversation about it.
struct Office {
    server: Radicale,
    path: &'static str,
}

impl Office {
    fn settings(&self) -> Value {
        json!({
            "calendar_url": self.server.url(self.path),
            "time_zone": "Europe/Berlin",
            "from": "09:00",
            "to": "17:00",
            "working_days": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        })
    }

    /// Calls a tool, which makes these requests; before each something may happen.
    fn call(
        &self,
        (tool, key): (&str, &str),
        arguments: &Value,
        lines: &[&str],
        before: impl Fn(usize),
    ) -> Result<Outcome, Failure> {
        self.play(key, lines, before, |fake| fake.call::<Plugin>(tool, arguments.clone()))
    }

    /// Asks whether its effect happened.
    fn find(&self, (tool, key): (&str, &str), arguments: &Value, lines: &[&str]) -> Finding {
        self.play(key, lines, |_| {}, |fake| fake.reconcile::<Plugin>(tool, arguments.clone())).unwrap()
    }

    fn play<T>(
        &self,
        key: &str,
        lines: &[&str],
        before: impl Fn(usize),
        run: impl Fn(&Fake) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let line = |line: &str| {
            let (method, name) = line.split_once(' ').unwrap();
            format!("{method} {}{name}", self.server.url(self.path))
        };
        let mut answers: Vec<Answer> = Vec::new();
        let fake = |answers: &[Answer]| {
            let fake = Fake::new().settings(self.settings()).key(key).first_attempt_at(FIRST_ATTEMPT_AT);
            answers.iter().zip(lines).fold(fake, |fake, (answer, of)| fake.expect(&line(of), answer.reply()))
        };
        for (at, next) in lines.iter().enumerate() {
            let asked = fake(&answers).expect(&line(next), Reply::cut());
            // The tool fails by the cut.
            let _ = run(&asked);
            before(at);
            answers.push(self.server.pass_on(&line(next), asked.sent().last().unwrap()));
        }
        run(&fake(&answers))
    }
}

fn appointment(more: Value) -> Value {
    let mut arguments = json!({
        "date": "2026-03-03", "time": "14:30", "minutes": 30, "title": "Consultation; first, \"short\"",
        "name": "Ann Łee", "phone": "+14155550123", "email": "ann@example.com",
        "notes": "x\r\nEND:VEVENT\nBEGIN:VALARM \\ 40 seats; by May",
    });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

const BOOKED: [&str; 3] = ["GET ac_01.ics", "REPORT ", "PUT ac_01.ics"];

#[test]
fn a_real_calendar_is_looked_at_and_changed() {
    let Some(server) = Radicale::start() else { return };
    assert_eq!(server.send("MKCOL", "/office/", &[], "").status, 201);
    assert_eq!(server.send("MKCALENDAR", "/office/visits/", &[], "").status, 201);
    let office = Office { server, path: "/office/visits/" };
    times_are_told(&office);
    an_appointment_is_booked_once(&office);
    a_time_that_is_taken_is_refused(&office);
    an_appointment_is_moved(&office);
    an_appointment_is_cancelled(&office);
    a_callback_is_booked_once(&office);
    what_a_caller_has_booked_is_found(&office);
    let astray = Office { path: "/office/none/", ..office };
    without_a_calendar_nothing_is_done(&astray);
}

fn times_are_told(office: &Office) {
    let put = |name: &str, event: &str| office.server.put(&format!("/office/visits/{name}.ics"), event);
    let stamped = |event: &str| format!("DTSTAMP:20260301T000000Z\r\n{event}");
    put(
        "daily",
        &stamped(
            "UID:daily\r\nDTSTART;TZID=Europe/Berlin:20260302T100000\r\nDTEND;TZID=Europe/Berlin:20260302T110000\r\nRRULE:FREQ=DAILY;COUNT=30\r\nSUMMARY:<Stand-up> & more",
        ),
    );
    put(
        "holiday",
        &stamped("UID:holiday\r\nDTSTART;VALUE=DATE:20260304\r\nDTEND;VALUE=DATE:20260305\r\nSUMMARY:Closed"),
    );
    put(
        "hint",
        &stamped("UID:hint\r\nDTSTART:20260303T120000Z\r\nDURATION:PT1H\r\nTRANSP:TRANSPARENT\r\nSUMMARY:Hint"),
    );
    put("off", &stamped("UID:off\r\nDTSTART:20260303T120000Z\r\nDURATION:PT1H\r\nSTATUS:CANCELLED\r\nSUMMARY:Off"));
    put("lunch", &stamped("UID:lunch\r\nDTSTART;TZID=Europe/Berlin:20260305T120000\r\nDURATION:PT1H\r\nSUMMARY:Lunch"));
    let asked = json!({ "first_date": "2026-03-03", "days": 6, "minutes": 45 });
    let found = office.call(("find_free_times", "ac_00"), &asked, &["REPORT "], |_| {}).unwrap();
    let expected = "45 minutes are free:\n\
        Tuesday 2026-03-03: begin from 09:00 to 09:15, from 11:00 to 16:15\n\
        Thursday 2026-03-05: begin from 09:00 to 09:15, from 11:00 to 11:15, from 13:00 to 16:15\n\
        Friday 2026-03-06: begin from 09:00 to 09:15, from 11:00 to 16:15";
    assert_eq!(found.text, expected);
}

fn an_appointment_is_booked_once(office: &Office) {
    let booked = office.call(("book_appointment", "ac_01"), &appointment(json!({})), &BOOKED, |_| {}).unwrap();
    let words = "the appointment is in the calendar, Tuesday 2026-03-03 at 14:30 (Europe/Berlin), event_id ac_01";
    assert_eq!(booked.text, words);
    let kept = office.server.send("GET", "/office/visits/ac_01.ics", &[], "").body.replace("\r\n ", "");
    for line in [
        "DTSTART:20260303T133000Z",
        "DTEND:20260303T140000Z",
        "SUMMARY:Consultation\\; first\\, \"short\"",
        "DESCRIPTION:x\\nEND:VEVENT\\nBEGIN:VALARM \\\\ 40 seats\\; by May\\n\\nName: Ann Łee\\nTelephone: +14155550123\\nEmail: ann@example.com",
    ] {
        assert!(kept.contains(&format!("{line}\r\n")), "{line} is not in {kept}");
    }
    // As if the answer had been lost: the event is found.
    let again = office.call(("book_appointment", "ac_01"), &appointment(json!({})), &BOOKED[..1], |_| {}).unwrap();
    assert_eq!((&again.text, &again.receipts), (&booked.text, &booked.receipts));
    let found = office.find(("book_appointment", "ac_01"), &appointment(json!({})), &BOOKED[..1]);
    assert_eq!(found, Finding::Happened(booked));
}

fn a_time_that_is_taken_is_refused(office: &Office) {
    let check = |time: &str, words: &str| {
        let lines = ["GET ac_02.ics", "REPORT "];
        let refused = office.call(("book_appointment", "ac_02"), &appointment(json!({ "time": time })), &lines, |_| {});
        let failure = refused.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Conflict);
        assert!(failure.message.contains(words), "{}", failure.message);
    };
    let nearby = "free nearby: Tuesday 2026-03-03: begin from 09:00 to 09:30, from 11:00 to 14:00, from 15:00 to 16:30";
    check("14:15", nearby);
    check("10:30", nearby);
}

fn an_appointment_is_moved(office: &Office) {
    let to = json!({ "event_id": "ac_01", "date": "2026-03-03", "time": "14:45" });
    let lines = ["GET ac_01.ics", "REPORT ", "PUT ac_01.ics"];
    let moved = office.call(("move_appointment", "ac_03"), &to, &lines, |_| {}).unwrap();
    assert!(moved.text.starts_with("the appointment is moved to Tuesday 2026-03-03 at 14:45"), "{}", moved.text);
    let again = office.call(("move_appointment", "ac_03"), &to, &lines[..1], |_| {}).unwrap();
    assert_eq!(again.text, moved.text);
    assert_eq!(office.find(("move_appointment", "ac_03"), &to, &lines[..1]), Finding::Happened(moved));

    // Somebody changes it between reading and writing: it is read again, and theirs stays.
    let to = json!({ "event_id": "ac_01", "date": "2026-03-05", "time": "15:00" });
    let changed = "UID:ac_01\r\nDTSTAMP:20260301T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260303T150000\r\nDURATION:PT1H\r\nSUMMARY:Theirs";
    let lines = [lines, lines].concat();
    let moved = office.call(("move_appointment", "ac_04"), &to, &lines, |at| {
        if at == 2 {
            office.server.put("/office/visits/ac_01.ics", changed);
        }
    });
    assert_eq!(
        moved.unwrap().text,
        "the appointment is moved to Thursday 2026-03-05 at 15:00 (Europe/Berlin), event_id ac_01"
    );
    let kept = office.server.send("GET", "/office/visits/ac_01.ics", &[], "").body;
    for line in ["SUMMARY:Theirs", "DTSTART:20260305T140000Z", "DTEND:20260305T150000Z", "SEQUENCE:1"] {
        assert!(kept.contains(&format!("{line}\r\n")), "{line} is not in {kept}");
    }
}

fn an_appointment_is_cancelled(office: &Office) {
    let it = json!({ "event_id": "ac_01" });
    let lines = ["GET ac_01.ics", "DELETE ac_01.ics"];
    let cancelled = office.call(("cancel_appointment", "ac_05"), &it, &lines, |_| {}).unwrap();
    assert_eq!(cancelled.text, "the appointment of Thursday 2026-03-05 at 15:00 (Europe/Berlin) is cancelled");
    assert_eq!(office.server.send("GET", "/office/visits/ac_01.ics", &[], "").status, 404);
    let again = office.call(("cancel_appointment", "ac_05"), &it, &["GET ac_01.ics"], |_| {}).unwrap_err();
    assert_eq!(again.kind, FailureKind::NotFound);
    // As if the answer had been lost: it is found to be gone.
    let found = office.find(("cancel_appointment", "ac_05"), &it, &["GET ac_01.ics", "REPORT "]);
    assert!(matches!(found, Finding::Happened(_)), "{found:?}");
}

fn a_callback_is_booked_once(office: &Office) {
    let arguments = json!({ "phone": "+14155550123", "date": "2026-03-06", "time": "09:00", "about": "A quote" });
    let booked = office.call(("book_callback", "ac_06"), &arguments, &["PUT ac_06.ics"], |_| {}).unwrap();
    let lines = ["PUT ac_06.ics", "GET ac_06.ics"];
    let again = office.call(("book_callback", "ac_06"), &arguments, &lines, |_| {}).unwrap();
    assert_eq!((again.text, again.receipts), (booked.text, booked.receipts));
}

fn what_a_caller_has_booked_is_found(office: &Office) {
    let find = |phone: &str| {
        let found = office.call(("find_bookings", "ac_08"), &json!({ "phone": phone }), &["REPORT "], |_| {}).unwrap();
        found.text.replace(" (Europe/Berlin)", "")
    };
    let other = json!({ "phone": "+14155550199", "date": "2026-03-09", "time": "10:00", "about": "A quote" });
    office.call(("book_callback", "ac_09"), &other, &["PUT ac_09.ics"], |_| {}).unwrap();
    let past =
        "UID:ac_0a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260202T090000Z\r\nDTEND:20260202T093000Z\r\nSUMMARY:Past";
    office.server.put("/office/visits/ac_0a.ics", &format!("{past}\r\nX-AFTERCALL-PHONE:+14155550199"));
    let callback = "Call back +14155550199: Monday 2026-03-09 at 10:00, event_id ac_09";
    assert_eq!(find("+14155550199"), format!("one booking of +14155550199:\n{callback}"));
    // A number that it is a part of is another one.
    assert_eq!(find("+1415555019"), "nothing that is to come is booked for +1415555019");
    // Whoever has another number neither moves nor cancels it.
    let held = |phone: &str| json!({ "event_id": "ac_09", "phone": phone, "date": "2026-03-10", "time": "11:00" });
    let cancelled = |phone: &str| json!({ "event_id": "ac_09", "phone": phone });
    let stranger = "+14155550123";
    for (tool, arguments) in [("move_appointment", held(stranger)), ("cancel_appointment", cancelled(stranger))] {
        let failure = office.call((tool, "ac_0b"), &arguments, &["GET ac_09.ics"], |_| {}).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound, "{tool}: {}", failure.message);
    }
    let lines = ["GET ac_09.ics", "REPORT ", "PUT ac_09.ics"];
    office.call(("move_appointment", "ac_0b"), &held("+14155550199"), &lines, |_| {}).unwrap();
    let moved = "Call back +14155550199: Tuesday 2026-03-10 at 11:00, event_id ac_09";
    assert_eq!(find("+14155550199"), format!("one booking of +14155550199:\n{moved}"));
    let lines = ["GET ac_09.ics", "DELETE ac_09.ics"];
    office.call(("cancel_appointment", "ac_0b"), &cancelled("+14155550199"), &lines, |_| {}).unwrap();
    assert_eq!(find("+14155550199"), "nothing that is to come is booked for +14155550199");
}

fn without_a_calendar_nothing_is_done(astray: &Office) {
    let check = |tool: &str, arguments: &Value, lines: &[&str]| {
        let failure = astray.call((tool, "ac_07"), arguments, lines, |_| {}).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Misconfigured, "{tool}");
        assert!(failure.message.contains("correct `calendar_url`"), "{}", failure.message);
    };
    check("find_free_times", &json!({ "first_date": "2026-03-03", "days": 1, "minutes": 30 }), &["REPORT "]);
    check("book_appointment", &appointment(json!({})), &["GET ac_07.ics", "REPORT "]);
    let callback = json!({ "phone": "+14155550123", "date": "2026-03-06", "time": "09:00", "about": "A quote" });
    check("book_callback", &callback, &["PUT ac_07.ics"]);
    check("find_bookings", &json!({ "phone": "+14155550123" }), &["REPORT "]);
}
