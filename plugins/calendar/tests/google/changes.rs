//! Moving and cancelling an appointment, as it was read.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_calendar::tools::Plugin;
use serde_json::{Value, json};

use crate::{EVENTS, MOVED, check, event, fake, line, none, refused, taken, there, to};

#[test]
fn an_appointment_is_moved_as_it_was_read() {
    let own = taken(&[("2026-03-03T13:30:00Z", "2026-03-03T14:00:00Z")]);
    let patched = (line("PATCH"), Reply::json(200, event(json!({}))));
    let answers = [there(json!({})), own, listed(json!([event(json!({}))])), patched];
    let fake = answers.into_iter().fold(fake(), |fake, (line, reply)| fake.expect(&line, reply));
    let outcome = fake.call::<Plugin>("move_appointment", to()).unwrap();
    assert_eq!(outcome.text, MOVED);
    let sent = fake.sent();
    let (list, patch) = (&sent[2], &sent[3]);
    let text = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let within = [("timeMin", "2026-03-03T13:30:00Z"), ("timeMax", "2026-03-03T14:00:00Z"), ("singleEvents", "true")];
    assert_eq!(list.query()[..3], within.map(text));
    let fields = "nextPageToken,items(id,status,transparency,start,end,attendees(self,responseStatus))";
    assert_eq!(list.query()[3..], [text(("fields", fields))]);
    assert_eq!(patch.header("if-match"), Some("\"34\""));
    let expected = json!({
        "start": { "dateTime": "2026-03-03T14:00:00Z" },
        "end": { "dateTime": "2026-03-03T14:30:00Z" },
        "extendedProperties": { "private": { "ac_0123abcd": "moved" } },
    });
    assert_eq!(patch.json(), expected);
}

fn listed(events: Value) -> (String, Reply) {
    (EVENTS.to_owned(), Reply::json(200, json!({ "kind": "calendar#events", "items": events })))
}

/// What is busy has no names, so that others in the event's own time are looked for by theirs.
#[test]
fn others_in_its_own_time_are_not_overlooked() {
    let asked = || json!({ "event_id": "ac_0123abcd", "date": "2026-03-03", "time": "14:45" });
    let shift = |others: Value, expected: Result<&str, (FailureKind, &str)>| {
        let own = taken(&[("2026-03-03T13:30:00Z", "2026-03-03T14:00:00Z")]);
        let all: Vec<Value> = [vec![event(json!({}))], others.as_array().unwrap().clone()].concat();
        let mut answers = vec![there(json!({})), own, listed(all.into())];
        if expected.is_ok() {
            answers.push((line("PATCH"), Reply::json(200, event(json!({})))));
        }
        check("move_appointment", asked(), answers, expected);
    };
    let other = |more: Value| {
        let mut other = json!({
            "id": "other", "status": "confirmed",
            "start": { "dateTime": "2026-03-03T13:45:00Z" }, "end": { "dateTime": "2026-03-03T14:00:00Z" },
        });
        other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([other])
    };
    let moved = Ok("the appointment is moved to Tuesday 2026-03-03 at 14:45 (Europe/Berlin), event_id ac_0123abcd");
    let taken = |words| Err((FailureKind::Conflict, words));
    shift(json!([]), moved);
    shift(other(json!({})), taken("begin from 09:00 to 14:15, from 15:00 to 16:30"));
    shift(other(json!({ "start": { "date": "2026-03-03" }, "end": { "date": "2026-03-04" } })), taken("is taken"));
    let answered = |status: &str| other(json!({ "attendees": [{ "self": true, "responseStatus": status }] }));
    shift(answered("accepted"), taken("is taken"));
    shift(answered("declined"), moved);
    shift(other(json!({ "transparency": "transparent" })), moved);
    shift(other(json!({ "status": "cancelled" })), moved);
    shift(other(json!({ "end": { "dateTime": "2026-03-03T13:45:00Z" } })), moved);
    // What isn't told of isn't free.
    let answer = |reply, expected| {
        let own = self::taken(&[("2026-03-03T13:30:00Z", "2026-03-03T14:00:00Z")]);
        check("move_appointment", asked(), vec![there(json!({})), own, (EVENTS.to_owned(), reply)], Err(expected));
    };
    let untold = (FailureKind::Other, "doesn't tell of all events");
    answer(Reply::json(200, json!({ "items": [], "nextPageToken": "x" })), untold);
    answer(Reply::json(200, json!({})), untold);
    answer(refused(404, "global", "notFound"), (FailureKind::Misconfigured, "correct `calendar_id`"));
    answer(Reply::text(503, ""), (FailureKind::Unavailable, "503"));
}

#[test]
fn an_appointment_is_moved_once() {
    let shift = |answers, expected| check("move_appointment", to(), answers, expected);
    let patch = |reply| (line("PATCH"), reply);
    let stale = || patch(refused(412, "global", "conditionNotMet"));
    let conflict = |words| Err((FailureKind::Conflict, words));
    let done = || patch(Reply::json(200, event(json!({}))));
    shift(
        vec![there(json!({})), taken(&[]), listed(json!([])), patch(Reply::cut())],
        Err((FailureKind::OutcomeUnknown, "no whole answer")),
    );
    let moved = json!({
        "start": { "dateTime": "2026-03-03T14:00:00Z" }, "end": { "dateTime": "2026-03-03T14:30:00Z" },
        "extendedProperties": { "private": { "ac_0123abcd": "moved", "other": "x" } },
    });
    shift(vec![there(moved)], Ok(MOVED));
    let again = |last| {
        let look = || [there(json!({})), taken(&[]), listed(json!([]))];
        look().into_iter().chain([stale()]).chain(look()).chain([last]).collect()
    };
    shift(again(done()), Ok(MOVED));
    shift(again(stale()), conflict("is being changed by somebody else"));
    let moved_before = json!({ "extendedProperties": { "private": { "ac_0123abcd": "moved" } } });
    shift(
        vec![there(moved_before)],
        conflict("was moved in this conversation before, and is on Tuesday 2026-03-03 at 14:30"),
    );
    shift(
        vec![there(json!({})), taken(&[]), listed(json!([])), patch(Reply::stray(200, ""))],
        Err((FailureKind::OutcomeUnknown, "")),
    );
    shift(vec![none()], Err((FailureKind::NotFound, "no event ac_0123abcd")));
    shift(vec![(line("GET"), refused(410, "global", "deleted"))], Err((FailureKind::NotFound, "no event")));
    shift(vec![there(json!({ "status": "cancelled" }))], Err((FailureKind::NotFound, "no event")));
    shift(vec![there(json!({ "recurrence": ["RRULE:FREQ=DAILY"] }))], conflict("repeats"));
    shift(vec![there(json!({ "recurringEventId": "x" }))], conflict("repeats"));
    let day = json!({ "start": { "date": "2026-03-03" }, "end": { "date": "2026-03-04" } });
    shift(vec![there(day)], conflict("no time of day any more"));
}

#[test]
fn an_appointment_is_cancelled_once() {
    let cancel =
        |answers, expected| check("cancel_appointment", json!({ "event_id": "ac_0123abcd" }), answers, expected);
    let delete = |reply| (line("DELETE"), reply);
    let done = Ok("the appointment of Tuesday 2026-03-03 at 14:30 (Europe/Berlin) is cancelled");
    let gone = Ok("event ac_0123abcd is not in the calendar any more: it is cancelled");
    let unknown = || Err((FailureKind::NotFound, "no event ac_0123abcd is in the calendar"));
    let stale = || delete(refused(412, "global", "conditionNotMet"));
    cancel(vec![there(json!({})), delete(Reply::text(204, ""))], done);
    cancel(vec![there(json!({})), delete(refused(410, "global", "deleted"))], done);
    cancel(vec![there(json!({})), delete(Reply::cut())], Err((FailureKind::OutcomeUnknown, "no whole answer")));
    cancel(vec![there(json!({ "status": "cancelled" }))], gone);
    cancel(vec![none()], unknown());
    cancel(vec![(line("GET"), refused(410, "global", "deleted"))], unknown());
    cancel(vec![there(json!({})), stale(), there(json!({})), delete(Reply::text(204, ""))], done);
    let conflict = Err((FailureKind::Conflict, "is being changed by somebody else"));
    cancel(vec![there(json!({})), stale(), there(json!({})), stale()], conflict);
    let unversioned = (line("GET"), Reply::json(200, event(json!({ "etag": null }))));
    cancel(vec![unversioned], Err((FailureKind::Other, "gives no version")));
    let repeats = there(json!({ "recurrence": ["RRULE:FREQ=DAILY"] }));
    cancel(vec![repeats], Err((FailureKind::Conflict, "repeats: a person has to cancel it")));
}
