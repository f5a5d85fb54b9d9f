//! A calendar over CalDAV (RFC 4791): each event of ours is a resource named after its UID, which is the effect's key.

mod multistatus;
mod query;
mod report;

use aftercall::{Context, Failure, PhoneNumber, Receipt, Response, path_segment};

use crate::arguments::EventId;
use crate::bookings::Listed;
use crate::clock::{Instant, Zone};
use crate::ical;
use crate::slot::Span;
use crate::vendor::{Changed, Kept, Move, NewEvent};

/// The media type of an event, with its parameters.
const MEDIA_TYPE: &str = "text/calendar; charset=utf-8";

/// What a server may say of an event that it doesn't take, of the preconditions in RFC 4791, section 5.3.2.1, and
/// RFC 3744, section 7.1.1.
const PRECONDITIONS: &[&str] = &[
    "supported-calendar-data",
    "valid-calendar-data",
    "valid-calendar-object-resource",
    "supported-calendar-component",
    "no-uid-conflict",
    "calendar-collection-location-ok",
    "max-resource-size",
    "min-date-time",
    "max-date-time",
    "need-privileges",
];

/// That somebody else has locked a resource (RFC 4918, section 11.3).
const LOCKED: u16 = 423;

pub(crate) struct Caldav {
    /// With its last slash.
    url: String,
    /// Of times that name none.
    zone: Zone,
}

impl Caldav {
    pub(crate) fn new(url: &str, zone: Zone) -> Self {
        Self { url: format!("{}/", url.trim_end_matches('/')), zone }
    }

    fn event_url(&self, uid: &str) -> String {
        format!("{}{}.ics", self.url, path_segment(uid))
    }

    pub(crate) fn receipt(&self, key: &str) -> Receipt {
        Receipt::new("event", key).with_url(self.event_url(key))
    }

    pub(crate) async fn taken(&self, cx: &Context, within: Span, but: Option<&Kept>) -> Result<Vec<Span>, Failure> {
        let too_much = || {
            Failure::invalid_arguments("the calendar has too much in these days: ask for fewer")
                .with_code(report::TOO_MANY)
        };
        let objects = self.search(cx, query::within(within)).await?.ok_or_else(too_much)?;
        let mut taken = Vec::new();
        for data in objects {
            taken.extend(self.times(&data, but.map(|kept| kept.key.as_str()))?);
        }
        Ok(taken)
    }

    pub(crate) async fn booked_for(&self, cx: &Context, phone: &PhoneNumber, from: Instant) -> Result<Listed, Failure> {
        let too_much = || {
            Failure::other("the calendar has too many events to tell a caller's: a person has to look")
                .with_code(report::TOO_MANY)
        };
        let objects = self.search(cx, query::booked_for(phone, from)).await?.ok_or_else(too_much)?;
        let mut kept = Vec::new();
        for data in objects {
            let events = ical::events(&data, self.zone)
                .ok_or_else(|| Failure::other("the calendar tells of an event without its data, or with half of it"))?;
            // Only what was booked here has a key for its UID.
            let key = events[0].uid.parse::<EventId>().ok();
            kept.extend(key.map(|key| self.kept(key.as_str(), &events, None, data)));
        }
        Ok(Listed { events: kept, more: false })
    }

    /// The calendar objects that a query finds; none, where the server says that they are too many.
    async fn search(&self, cx: &Context, query: String) -> Result<Option<Vec<String>>, Failure> {
        let Some(body) = report::report(cx, &self.url, query).await? else { return Ok(None) };
        let resources = multistatus::resources(&body)
            .ok_or_else(|| Failure::other("the calendar's answer to a query is no multistatus of WebDAV"))?;
        let mut objects = Vec::new();
        for resource in resources {
            match (resource.data, resource.refused) {
                // It went while it was looked for.
                _ if resource.gone => {}
                (Some(data), _) => objects.push(data),
                // RFC 6352, section 8.6.2: some of what fits is left out.
                (None, Some(507)) => return Ok(None),
                (None, refused) => {
                    let status = refused.map_or_else(|| "without its data".to_owned(), |status| status.to_string());
                    return Err(Failure::other(format!(
                        "the calendar tells of an event, {status}, and not when it is: nothing can be told of these days"
                    )));
                }
            }
        }
        Ok(Some(objects))
    }

    /// The times that the events of a calendar object take, but the one of this UID.
    fn times(&self, data: &str, but: Option<&str>) -> Result<Vec<Span>, Failure> {
        let untold = |what: &str| Failure::other(format!("{what}: free times can't be told"));
        let events = ical::events(data, self.zone)
            .ok_or_else(|| untold("the calendar tells of an event without its data, or with half of it"))?;
        let mut times = Vec::new();
        for event in events {
            if event.cancelled || event.transparent || but == Some(event.uid.as_str()) {
                continue;
            }
            if event.has_rule {
                return Err(Failure::of_settings(
                    &["calendar_url"],
                    "the server doesn't say when the calendar's repeating events are (it leaves out `expand` of RFC 4791, \
                     section 9.6.5), so free times can't be told: they can of a calendar without such events, or on another \
                     server",
                ));
            }
            let unread = || untold(&format!("event {} has a time that can't be read", event.uid));
            times.push(event.span.ok_or_else(unread)?);
        }
        Ok(times)
    }

    pub(crate) async fn event(&self, cx: &Context, key: &str) -> Result<Option<Kept>, Failure> {
        let url = self.event_url(key);
        let answer = cx.get(&url).send().await?;
        if matches!(answer.status(), 404 | 410) {
            return Ok(None);
        }
        let answer = answer.ok()?;
        let events = ical::events(&answer.text(), self.zone).unwrap_or_default();
        if events.is_empty() || events.iter().any(|event| event.uid != key) {
            return Err(Failure::conflict(format!("another event is at {url}; nothing was booked or changed")));
        }
        Ok(Some(self.kept(key, &events, answer.header("etag"), answer.text().into_owned())))
    }

    /// The event of this key, of which there is one at least: more, where it repeats.
    fn kept(&self, key: &str, events: &[ical::Event], etag: Option<&str>, text: String) -> Kept {
        let event = &events[0];
        Kept {
            key: key.to_owned(),
            span: event.span.filter(|_| !event.all_day),
            title: event.summary.clone(),
            phone: event.phone.clone(),
            cancelled: event.cancelled,
            repeats: events.len() > 1 || event.has_rule || event.is_instance,
            moved_by: event.moved_by.clone(),
            etag: etag.map(str::to_owned),
            receipt: self.receipt(key),
            text,
        }
    }

    pub(crate) async fn make(&self, cx: &Context, event: &NewEvent<'_>) -> Result<Kept, Failure> {
        let url = self.event_url(event.key);
        let object = ical::object(event);
        let put = cx.put(&url).header("if-none-match", "*").body(MEDIA_TYPE, object.as_str());
        let answer = put.send().await?;
        if answer.status() == 412 {
            // Something is there: an earlier attempt's event, if it is this one.
            let gone = || Failure::conflict(format!("{url} was there (412) and is gone (404); nothing was booked"));
            return self.event(cx, event.key).await?.ok_or_else(gone);
        }
        accepted(answer)?;
        Ok(Kept::made(event, self.receipt(event.key), object))
    }

    pub(crate) async fn shift(&self, cx: &Context, kept: &Kept, to: &Move<'_>) -> Result<Changed, Failure> {
        let put = cx.put(self.event_url(&kept.key)).header("if-match", kept.etag()?);
        let answer = put.body(MEDIA_TYPE, ical::moved(&kept.text, to)).send().await?;
        match answer.status() {
            412 => Ok(Changed::Stale),
            _ => accepted(answer).map(|()| Changed::Done),
        }
    }

    pub(crate) async fn delete(&self, cx: &Context, kept: &Kept) -> Result<Changed, Failure> {
        let answer = cx.delete(self.event_url(&kept.key)).header("if-match", kept.etag()?).send().await?;
        match answer.status() {
            412 => Ok(Changed::Stale),
            404 | 410 => Ok(Changed::Done),
            LOCKED => Err(locked()),
            _ => answer.ok().map(|_| Changed::Done),
        }
    }
}

/// The failure of a change of an event that somebody works on.
fn locked() -> Failure {
    Failure::conflict("somebody has locked the event, and nothing was changed: try again later")
}

/// There is no calendar where the settings say, but an answer of this status.
fn no_calendar(status: u16) -> Failure {
    Failure::of_settings(&["calendar_url"], format!("no calendar is there ({status})"))
}

/// Nothing, where the calendar took the event.
fn accepted(answer: Response) -> Result<(), Failure> {
    let status = answer.status();
    let precondition = PRECONDITIONS.iter().find(|name| answer.text().contains(**name)).copied();
    let Err(failure) = answer.ok() else { return Ok(()) };
    Err(match (status, precondition) {
        (_, Some(precondition @ ("min-date-time" | "max-date-time"))) => {
            Failure::invalid_arguments("the calendar holds no events at this date").with_code(precondition)
        }
        (_, Some(precondition)) => failure.with_code(precondition),
        (LOCKED, None) => locked(),
        // What is missing, or isn't a calendar, is above the event.
        (404 | 405 | 409 | 410, None) => no_calendar(status),
        _ => failure,
    })
}
