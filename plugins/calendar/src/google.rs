//! A calendar of Google's, over its Calendar API v3 (<https://developers.google.com/workspace/calendar/api/v3/reference>).
//!
//! The id of an event of ours is made of the effect's key, and Google takes each id once: a second insert is answered 409.
//! A change stands on the version that was read (`If-Match`).

mod event;

use aftercall::{Context, Failure, FailureKind, PhoneNumber, Receipt, Response, path_segment};
use serde_json::{Value, json};

use self::event::Event;
use crate::bookings::Listed;
use crate::clock::Instant;
use crate::free::gaps;
use crate::slot::Span;
use crate::vendor::{Changed, Kept, Move, NewEvent};

const API: &str = "https://www.googleapis.com/calendar/v3";

/// What is told of events in a list, which is no more than when they are.
const LISTED: &str = "nextPageToken,items(id,status,transparency,start,end,attendees(self,responseStatus))";

/// How many events of one number a list has. Protects the call's time.
const BOOKED_MAX: &str = "50";

/// Why Google answers 403 where it means 429 (<https://developers.google.com/workspace/calendar/api/guides/errors>).
const RATE_LIMITS: [&str; 4] = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"];

pub(crate) struct Google {
    calendar_id: String,
}

impl Google {
    pub(crate) fn new(calendar_id: &str) -> Self {
        Self { calendar_id: calendar_id.to_owned() }
    }

    fn events_url(&self) -> String {
        format!("{API}/calendars/{}/events", path_segment(&self.calendar_id))
    }

    fn event_url(&self, key: &str) -> String {
        format!("{}/{}", self.events_url(), event::id(key))
    }

    pub(crate) fn receipt(&self, key: &str) -> Receipt {
        Receipt::new("event", event::id(key))
    }

    pub(crate) async fn taken(&self, cx: &Context, within: Span, but: Option<&Kept>) -> Result<Vec<Span>, Failure> {
        let busy = self.busy(cx, within).await?;
        let Some((kept, own)) = but.and_then(|kept| Some((kept, kept.span?))).filter(|(_, own)| own.overlaps(&within))
        else {
            return Ok(busy);
        };
        // What is busy has no names: in the event's own time, the others are listed.
        let mut taken = self.others(cx, kept, own).await?;
        taken.extend(busy.into_iter().flat_map(|span| gaps(span, &[own])));
        Ok(taken)
    }

    async fn busy(&self, cx: &Context, within: Span) -> Result<Vec<Span>, Failure> {
        let query = json!({
            "timeMin": within.starts.to_string(),
            "timeMax": within.ends.to_string(),
            "items": [{ "id": self.calendar_id }],
        });
        let answer = cx.post(format!("{API}/freeBusy")).reads_only().json(&query).send().await?;
        let found: Value = told(answer)?.json()?;
        let untold = |what: &str| Failure::other(format!("Google's answer to a free-busy query {what}"));
        let calendar = found["calendars"].as_object().and_then(|calendars| calendars.values().next());
        let calendar = calendar.ok_or_else(|| untold("tells of no calendar"))?;
        let error = calendar["errors"].get(0).map(|error| error["reason"].as_str().unwrap_or("for no reason"));
        match error {
            None => {
                let busy = calendar["busy"].as_array().ok_or_else(|| untold("doesn't say what is busy"))?;
                let instant = |at: &Value| {
                    let read = at.as_str().and_then(Instant::read);
                    read.ok_or_else(|| untold(&format!("has {at} for a time")))
                };
                let span = |each: &Value| Ok(Span { starts: instant(&each["start"])?, ends: instant(&each["end"])? });
                busy.iter().map(span).collect()
            }
            Some("notFound") => Err(self.no_calendar()),
            Some(reason) => {
                let message = format!("Google can't tell what is taken in the calendar: {reason}");
                Err(Failure::unavailable(message).with_code(reason))
            }
        }
    }

    /// The times within a span that others than this event take.
    async fn others(&self, cx: &Context, kept: &Kept, within: Span) -> Result<Vec<Span>, Failure> {
        let (starts, ends) = (within.starts.to_string(), within.ends.to_string());
        let query = [("timeMin", starts.as_str()), ("timeMax", &ends), ("singleEvents", "true"), ("fields", LISTED)];
        let answer = cx.get(self.events_url()).query(&query).send().await?;
        if answer.status() == 404 {
            return Err(self.no_calendar());
        }
        let listed: Value = told(answer)?.json()?;
        let Some(events) = listed["items"].as_array().filter(|_| listed.get("nextPageToken").is_none()) else {
            return Err(Failure::other(
                "Google doesn't tell of all events at the appointment's time: move it to another",
            ));
        };
        let others = events.iter().map(Event).filter(|event| !event.is_of(&kept.key));
        Ok(others.filter_map(|event| event.takes(within)).collect())
    }

    pub(crate) async fn booked_for(&self, cx: &Context, phone: &PhoneNumber, from: Instant) -> Result<Listed, Failure> {
        let (property, from) = (format!("{}={phone}", event::PHONE), from.to_string());
        let query = [("privateExtendedProperty", property.as_str()), ("timeMin", &from), ("maxResults", BOOKED_MAX)];
        let answer = cx.get(self.events_url()).query(&query).send().await?;
        if answer.status() == 404 {
            return Err(self.no_calendar());
        }
        let listed: Value = told(answer)?.json()?;
        let items = listed["items"].as_array().ok_or_else(|| Failure::other("Google's list of events has none"))?;
        let mut events = Vec::new();
        for event in items.iter().map(Event) {
            // Only what was booked here has an id that is made of a key.
            if let Some(key) = event.key() {
                events.push(event.kept(key.as_str())?);
            }
        }
        Ok(Listed { events, more: listed.get("nextPageToken").is_some() })
    }

    pub(crate) async fn event(&self, cx: &Context, key: &str) -> Result<Option<Kept>, Failure> {
        let answer = cx.get(self.event_url(key)).send().await?;
        if matches!(answer.status(), 404 | 410) {
            return Ok(None);
        }
        Event(&told(answer)?.json()?).kept(key).map(Some)
    }

    pub(crate) async fn make(&self, cx: &Context, event: &NewEvent<'_>) -> Result<Kept, Failure> {
        let answer = cx.post(self.events_url()).json(&event::new(event)).send().await?;
        match answer.status() {
            // An earlier attempt's: the id is of this effect alone.
            409 => {
                let gone = || Failure::conflict("the event was in the calendar, and was deleted since");
                self.event(cx, event.key).await?.ok_or_else(gone)
            }
            404 => Err(self.no_calendar()),
            _ => {
                let made = done(&told(answer)?)?;
                Ok(Kept::made(event, Event(&made).receipt(event.key), String::new()))
            }
        }
    }

    pub(crate) async fn shift(&self, cx: &Context, kept: &Kept, to: &Move<'_>) -> Result<Changed, Failure> {
        let patch = cx.patch(self.event_url(&kept.key)).header("if-match", kept.etag()?).json(&event::moved(to));
        let answer = patch.send().await?;
        if answer.status() != 412 {
            done(&told(answer)?)?;
            return Ok(Changed::Done);
        }
        Ok(Changed::Stale)
    }

    pub(crate) async fn delete(&self, cx: &Context, kept: &Kept) -> Result<Changed, Failure> {
        let answer = cx.delete(self.event_url(&kept.key)).header("if-match", kept.etag()?).send().await?;
        match answer.status() {
            412 => Ok(Changed::Stale),
            404 | 410 => Ok(Changed::Done),
            _ => told(answer).map(|_| Changed::Done),
        }
    }

    fn no_calendar(&self) -> Failure {
        let why = format!("there is no calendar {:?}, or none that is shared with the credential", self.calendar_id);
        Failure::of_settings(&["calendar_id"], why)
    }
}

/// The event that was made or changed.
fn done(answer: &Response) -> Result<Value, Failure> {
    let event: Value = answer.json()?;
    if event["id"].is_string() {
        return Ok(event);
    }
    Err(Failure::outcome_unknown("Google's answer to a change of an event tells of none"))
}

/// The answer, if it is a success; else what Google's reason means.
fn told(answer: Response) -> Result<Response, Failure> {
    answer.ok_or(|failure, status, _: Value| match &failure.code {
        // The token isn't taken any more, and nothing was done: the host gets another one for the next request.
        _ if status == 401 => Failure { kind: FailureKind::Unavailable, ..failure },
        Some(reason) if status == 403 && RATE_LIMITS.contains(&reason.as_str()) => {
            Failure { kind: FailureKind::RateLimited, ..failure }
        }
        _ => failure,
    })
}
