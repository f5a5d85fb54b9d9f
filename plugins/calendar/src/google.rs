//! A calendar of Google's, over its Calendar API v3 (<https://developers.google.com/workspace/calendar/api/v3/reference>).
//!
//! The id of an event of ours is made of the effect's key, and Google takes each id once: a second insert is answered 409.
//! A change stands on the version that was read (`If-Match`).

mod event;

use std::collections::BTreeMap;

use aftercall::{Context, Failure, FailureKind, Receipt, Response, path_segment};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use self::event::{Draft, Event};
use crate::settings::mistaken;
use crate::slot::Span;
use crate::vendor::{Changed, Kept, Move, NewEvent};

const API: &str = "https://www.googleapis.com/calendar/v3";

/// Why Google answers 403 where it means 429 (<https://developers.google.com/workspace/calendar/api/guides/errors>).
const RATE_LIMITS: [&str; 4] = ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"];

pub(crate) struct Google {
    calendar_id: String,
}

/// The answer to a free-busy query.
#[derive(Deserialize)]
struct FreeBusy {
    calendars: BTreeMap<String, Taken>,
}

#[derive(Deserialize)]
struct Taken {
    #[serde(default)]
    errors: Vec<Reason>,
    #[serde(default)]
    busy: Vec<Period>,
}

#[derive(Deserialize)]
struct Period {
    start: String,
    end: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: Errors,
}

#[derive(Default, Deserialize)]
struct Errors {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    reason: String,
}

impl Period {
    fn span(&self) -> Result<Span, Failure> {
        let instant = |text: &str| {
            let unread = |_| Failure::other(format!("Google's answer to a free-busy query has {text:?} for a time"));
            text.parse::<Timestamp>().map_err(unread)
        };
        Ok(Span { starts: instant(&self.start)?, ends: instant(&self.end)? })
    }
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

    pub(crate) async fn taken(&self, cx: &Context, within: Span) -> Result<Vec<Span>, Failure> {
        let query = json!({
            "timeMin": within.starts.to_string(),
            "timeMax": within.ends.to_string(),
            "items": [{ "id": self.calendar_id }],
        });
        let answer = cx.post(format!("{API}/freeBusy")).reads_only().json(&query).send().await?;
        let found: FreeBusy = told(answer)?.json()?;
        let Some(calendar) = found.calendars.into_values().next() else {
            return Err(Failure::other("Google's answer to a free-busy query tells of no calendar"));
        };
        match calendar.errors.first() {
            None => calendar.busy.iter().map(Period::span).collect(),
            Some(Reason { reason }) if reason == "notFound" => Err(self.no_calendar()),
            Some(Reason { reason }) => {
                let message = format!("Google can't tell what is taken in the calendar: {reason}");
                Err(Failure::unavailable(message).with_code(reason))
            }
        }
    }

    pub(crate) async fn event(&self, cx: &Context, key: &str) -> Result<Option<Kept>, Failure> {
        let answer = cx.get(self.event_url(key)).send().await?;
        if matches!(answer.status(), 404 | 410) {
            return Ok(None);
        }
        told(answer)?.json::<Event>()?.kept(key).map(Some)
    }

    pub(crate) async fn make(&self, cx: &Context, event: &NewEvent<'_>) -> Result<Kept, Failure> {
        let answer = cx.post(self.events_url()).json(&Draft::new(event)).send().await?;
        match answer.status() {
            // An earlier attempt's: the id is of this effect alone.
            409 => {
                let gone = || Failure::conflict("the event was in the calendar, and was deleted since");
                self.event(cx, event.key).await?.ok_or_else(gone)
            }
            404 => Err(self.no_calendar()),
            _ => {
                let made: Event = told(answer)?.json()?;
                Ok(Kept {
                    key: event.key.to_owned(),
                    span: Some(event.span),
                    cancelled: false,
                    repeats: false,
                    moved_by: Vec::new(),
                    etag: None,
                    receipt: made.receipt(event.key),
                    text: String::new(),
                })
            }
        }
    }

    pub(crate) async fn shift(&self, cx: &Context, kept: &Kept, to: &Move<'_>) -> Result<Changed, Failure> {
        let patch = cx.patch(self.event_url(&kept.key)).header("if-match", kept.etag()?).json(&Draft::moving(to));
        let answer = patch.send().await?;
        if answer.status() != 412 {
            told(answer)?.json::<Event>()?;
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
        mistaken(format!(
            "calendar_id {:?} names no calendar, or none that is shared with the credential",
            self.calendar_id
        ))
    }
}

/// The answer, if it is a success; else what Google's reason means.
fn told(answer: Response) -> Result<Response, Failure> {
    let refusal: Refusal = serde_json::from_slice(answer.bytes()).unwrap_or_default();
    let status = answer.status();
    answer.ok().map_err(|mut failure| {
        if let Some(Reason { reason }) = refusal.error.errors.into_iter().next() {
            if status == 403 && RATE_LIMITS.contains(&reason.as_str()) {
                failure.kind = FailureKind::RateLimited;
            }
            failure.code = Some(reason);
        }
        failure
    })
}
