//! Google's own examples, which `fixtures/google` has from its guides; each file names its page. They have none of what is busy, none
//! of a whole list of events, and none of the answer to an event's deletion.
//!
//! The event of `recurringevents.json` is the one that the guide has changed and put back. Its `originalStartTime` is left out: there
//! it is a text, and in the reference an object.

use aftercall::FailureKind;
use aftercall::testing::{Reply, Sent};
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{BOOKED, EVENTS, INSERT, appointment, check, event, fake, line, none, taken, there, to, with};

const PHONE: &str = "+14155550123";
/// 2011-06-01T00:00:00Z, before the published event.
const BEFORE_IT: u64 = 1_306_886_400_000;

/// What a guide shows.
fn guide(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/google/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The refusal of this status and reason.
fn refusal(status: u16, reason: &str) -> Reply {
    let guide = guide("errors");
    let errors = guide["errors"].as_array().unwrap();
    let is_it = |each: &&Value| each["error"]["code"] == status && each["error"]["errors"][0]["reason"] == reason;
    Reply::json(status, errors.iter().find(is_it).unwrap().clone())
}

/// An event with all that the guides put into one. An id of one's own is a text such as the one that an event has.
fn known() -> Value {
    let id = json!({ "id": guide("recurringevents")["event"]["id"] });
    let properties = guide("extended-properties")["request"].take();
    with(with(guide("create-events")["request"].take(), id), properties)
}

/// Whether what is sent has nothing but what is known, of the same kinds.
fn fits(sent: &Value, known: &Value, place: &str) {
    match (sent, known) {
        (Value::Object(sent), Value::Object(known)) => {
            for (name, value) in sent {
                // The names of private properties are one's own.
                let name = if place.ends_with("/private") { "petsAllowed" } else { name };
                let place = format!("{place}/{name}");
                fits(value, known.get(name).unwrap_or_else(|| panic!("{place} is in no example")), &place);
            }
        }
        (sent, known) => {
            assert_eq!(std::mem::discriminant(sent), std::mem::discriminant(known), "{place}: {sent} beside {known}");
        }
    }
}

/// The parameters of a query that is encoded still.
fn parameters(query: &str) -> Vec<(&str, &str)> {
    query.split('&').map(|each| each.split_once('=').unwrap()).collect()
}

/// What is sent, as its query, under this name.
fn sent_as(sent: &Sent, name: &str) -> String {
    let query = sent.request().uri().query().unwrap();
    parameters(query).into_iter().find(|(each, _)| *each == name).unwrap().1.to_owned()
}

#[test]
fn an_event_is_made_in_the_published_form() {
    let answers = [none(), taken(&[]), (INSERT.to_owned(), Reply::json(200, event(json!({}))))];
    let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(&line, reply));
    assert_eq!(fake.call::<Plugin>("book_appointment", appointment()).unwrap().text, BOOKED);
    fits(&fake.sent()[2].json(), &known(), "");
}

#[test]
fn bookings_are_asked_for_in_the_published_form() {
    let pagination = guide("pagination");
    // The guide leaves out what is on the page.
    let page = with(pagination["answer"].clone(), json!({ "items": [] }));
    let fake = fake().expect(EVENTS, Reply::json(200, page));
    let outcome = fake.call::<Plugin>("find_bookings", json!({ "phone": PHONE })).unwrap();
    assert_eq!(outcome.text, "nothing that is to come is booked for +14155550123\nthere are more");
    let sent = &fake.sent()[0];
    let properties = guide("extended-properties");
    let [(name, constraint)] = parameters(properties["query"].as_str().unwrap())[..] else { panic!("one parameter") };
    assert_eq!(constraint.split_once("%3D"), Some(("petsAllowed", "yes")));
    assert_eq!(sent_as(sent, name).split_once("%3D"), Some(("aftercall_phone", "%2B14155550123")));
    let [(most, ten), _] = parameters(pagination["query"].as_str().unwrap())[..] else { panic!("two parameters") };
    assert!(ten.parse::<u32>().is_ok() && sent_as(sent, most).parse::<u32>().is_ok());
}

/// A list in which the published event, with these changes, is beside an appointment of ours.
fn beside_ours(ours: &Value, changes: Value) -> Reply {
    Reply::json(200, json!({ "items": [ours, with(guide("recurringevents")["event"].take(), changes)] }))
}

#[test]
fn the_published_event_takes_its_time_unless_it_is_cancelled() {
    fn check(changes: Value, begins: &str, conflicts: bool) {
        let time = |time: &str| json!({ "dateTime": format!("2011-06-03T{time}:00-07:00") });
        let ours = event(json!({ "start": time("10:10"), "end": time("10:40") }));
        let settings =
            json!({ "vendor": "google", "calendar_id": "office@example.com", "time_zone": "America/Los_Angeles" });
        let (busy, own) = taken(&[("2011-06-03T17:10:00Z", "2011-06-03T17:40:00Z")]);
        let mut fake = fake()
            .settings(settings)
            .first_attempt_at(BEFORE_IT)
            .expect(&line("GET"), Reply::json(200, ours.clone()))
            .expect(&busy, own)
            .expect(EVENTS, beside_ours(&ours, changes.clone()));
        if !conflicts {
            fake = fake.expect(&line("PATCH"), Reply::json(200, ours));
        }
        let to = json!({ "event_id": "ac_0123abcd", "date": "2011-06-03", "time": begins });
        let failed = fake.call::<Plugin>("move_appointment", to).err().map(|failure| failure.kind);
        assert_eq!(failed, conflicts.then_some(FailureKind::Conflict), "{changes} {begins}");
        let sent = fake.sent();
        let pagination = guide("pagination");
        let [_, (singly, yes)] = parameters(pagination["query"].as_str().unwrap())[..] else {
            panic!("two parameters")
        };
        assert_eq!(sent_as(&sent[2], singly), yes);
        if let Some(patch) = sent.get(3) {
            fits(&patch.json(), &known(), "");
        }
    }
    // So it is published.
    check(json!({}), "10:20", false);
    let confirmed = || json!({ "status": "confirmed" });
    check(confirmed(), "10:20", true);
    // It ends then.
    check(confirmed(), "10:25", false);
    let declined = json!({ "attendees": [{ "email": "userEmail", "responseStatus": "declined", "self": true }] });
    check(with(confirmed(), declined), "10:20", false);
}

#[test]
fn published_refusals_are_told() {
    fn check(status: u16, reason: &str, kind: FailureKind, says: &str) {
        let callback = json!({ "phone": PHONE, "date": "2026-03-03", "time": "14:30", "about": "A quote" });
        let fake = fake().expect(INSERT, refusal(status, reason));
        let failure = fake.call::<Plugin>("book_callback", callback).unwrap_err();
        assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(reason)), "{}", failure.message);
        assert!(failure.message.ends_with(says), "{}", failure.message);
    }
    check(400, "timeRangeEmpty", FailureKind::InvalidArguments, "The specified time range is empty.");
    check(401, "authError", FailureKind::Unavailable, "Invalid Credentials");
    check(403, "userRateLimitExceeded", FailureKind::RateLimited, "User Rate Limit Exceeded");
    check(403, "rateLimitExceeded", FailureKind::RateLimited, "Rate Limit Exceeded");
    check(403, "quotaExceeded", FailureKind::RateLimited, "Calendar usage limits exceeded.");
    check(429, "rateLimitExceeded", FailureKind::RateLimited, "Rate Limit Exceeded");
    check(500, "backendError", FailureKind::OutcomeUnknown, "Backend Error");
}

#[test]
fn published_refusals_of_what_is_or_is_not_there_are_understood() {
    let insert = || (INSERT.to_owned(), refusal(409, "duplicate"));
    let missing = || (line("GET"), refusal(404, "notFound"));
    let busy = || taken(&[]);
    let list = || (EVENTS.to_owned(), Reply::json(200, json!({ "items": [] })));
    let gone = || (line("DELETE"), refusal(410, "deleted"));
    let stale = |method| (line(method), refusal(412, "conditionNotMet"));
    let forbidden = (line("PATCH"), refusal(403, "forbiddenForNonOrganizer"));
    check("book_appointment", appointment(), vec![missing(), busy(), insert(), there(json!({}))], Ok(BOOKED));
    let deleted = Err((FailureKind::Conflict, "was deleted since"));
    check("book_appointment", appointment(), vec![missing(), busy(), insert(), missing()], deleted);
    let cancel = || json!({ "event_id": "ac_0123abcd" });
    let cancelled = Ok("the appointment of Tuesday 2026-03-03 at 14:30 (Europe/Berlin) is cancelled");
    check("cancel_appointment", cancel(), vec![there(json!({})), gone()], cancelled);
    let twice = vec![there(json!({})), stale("DELETE"), there(json!({})), stale("DELETE")];
    let changed = Err((FailureKind::Conflict, "is being changed by somebody else"));
    check("cancel_appointment", cancel(), twice, changed);
    let once_more = [there(json!({})), busy(), list(), stale("PATCH"), there(json!({})), busy(), list(), forbidden];
    let denied = Err((FailureKind::Denied, "Shared properties can only be changed by the organizer"));
    check("move_appointment", to(), once_more.into(), denied);
}
