//! Google Calendar's API v3, with one calendar unless a seed names others (`{"calendars": ["a@example.com"]}`). An id that a
//! client gives is taken once, deleted or not, by which a client makes an insert idempotent; a change may stand on the
//! version that was read. Unlike the real one, it has no repeating events and no guests.
//! Shapes: <https://developers.google.com/workspace/calendar/api/v3/reference>; errors:
//! <https://developers.google.com/workspace/calendar/api/guides/errors>.

mod event;

use std::collections::BTreeMap;

use http::header::IF_MATCH;
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::endpoint::{
    Class, Endpoint, Refusal, Reply, Request, credential, has_content_type, header, parameter, query, segments,
};
use crate::service::Access;
use event::Event;

/// The calendar that there is without a seed.
const CALENDAR: &str = "office@northwind.example";
/// How many calendars a free-busy query may ask for.
const CALENDARS_MAX: usize = 50;

/// What a list may be asked for by.
const LISTED_BY: [&str; 5] = ["timeMin", "timeMax", "orderBy", "maxResults", "privateExtendedProperty"];
/// How many events a page of a list has, unless more are asked for, and how many at most.
const EVENTS_LISTED: usize = 250;
const EVENTS_LISTED_MAX: usize = 2500;

#[derive(Clone)]
pub(crate) struct GoogleCalendar {
    token: String,
    /// The events of each calendar, in the order of their making.
    calendars: BTreeMap<String, Vec<Event>>,
    writes: u64,
}

/// A refusal in Google's error shape.
struct Refused {
    status: StatusCode,
    reason: &'static str,
    message: String,
}

type Answer = Result<Reply, Refused>;

impl GoogleCalendar {
    pub(crate) fn new(token: String) -> GoogleCalendar {
        GoogleCalendar { token, calendars: BTreeMap::from([(CALENDAR.to_owned(), Vec::new())]), writes: 0 }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if credential(request, "Bearer") != Some(self.token.as_str()) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "authError", "Invalid Credentials"));
        }
        let segments = segments(request);
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["calendar", "v3", "freeBusy"]) => self.free_busy(&body(request)?),
            (method, ["calendar", "v3", "calendars", calendar, "events", rest @ ..]) => match (method, rest) {
                (&Method::POST, []) => self.insert(calendar, &body(request)?, now_ms),
                (&Method::GET, []) => self.list(calendar, &query(request)),
                (&Method::GET, [id]) => {
                    let event = self.events(calendar)?.iter().find(|event| event.id == *id);
                    Ok(Reply::json(StatusCode::OK, &event.ok_or_else(Refused::not_found)?.shown()))
                }
                (&Method::PATCH, [id]) => self.patch(calendar, id, request, now_ms),
                (&Method::DELETE, [id]) => self.delete(calendar, id, request, now_ms),
                _ => Err(Refused::not_found()),
            },
            _ => Err(Refused::not_found()),
        }
    }

    fn events(&mut self, calendar: &str) -> Result<&mut Vec<Event>, Refused> {
        self.calendars.get_mut(calendar).ok_or_else(Refused::not_found)
    }

    fn insert(&mut self, calendar: &str, given: &Map<String, Value>, now_ms: u64) -> Answer {
        self.writes += 1;
        let version = self.writes;
        let events = self.events(calendar)?;
        let id = match given.get("id") {
            None => format!("sandbox{version}"),
            Some(id) => id.as_str().filter(|id| event::is_id(id)).ok_or_else(Refused::id)?.to_owned(),
        };
        if events.iter().any(|event| event.id == id) {
            let message = "The requested identifier already exists.";
            return Err(Refused::new(StatusCode::CONFLICT, "duplicate", message));
        }
        let event = Event::new(id, given, version, now_ms).map_err(|why| Refused::invalid(&why))?;
        let answer = event.shown();
        events.push(event);
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn patch(&mut self, calendar: &str, id: &str, request: &Request, now_ms: u64) -> Answer {
        let changes = body(request)?;
        self.writes += 1;
        let version = self.writes;
        let event = self.as_read(calendar, id, request)?;
        event.patch(&changes, version, now_ms).map_err(|why| Refused::invalid(&why))?;
        Ok(Reply::json(StatusCode::OK, &event.shown()))
    }

    fn delete(&mut self, calendar: &str, id: &str, request: &Request, now_ms: u64) -> Answer {
        self.writes += 1;
        let version = self.writes;
        let event = self.as_read(calendar, id, request)?;
        if event.cancelled {
            return Err(Refused::new(StatusCode::GONE, "deleted", "Resource has been deleted"));
        }
        event.cancel(version, now_ms);
        Ok(Reply { body: Default::default(), ..Reply::json(StatusCode::NO_CONTENT, &Value::Null) })
    }

    /// An event that is to be changed, where it is as the client has read it.
    fn as_read(&mut self, calendar: &str, id: &str, request: &Request) -> Result<&mut Event, Refused> {
        let event = self.events(calendar)?.iter_mut().find(|event| event.id == id).ok_or_else(Refused::not_found)?;
        match header(request, IF_MATCH) {
            Some(tag) if tag != "*" && tag != event.etag() => {
                Err(Refused::new(StatusCode::PRECONDITION_FAILED, "conditionNotMet", "Precondition Failed"))
            }
            _ => Ok(event),
        }
    }

    /// The events that take a time between two instants, and have the private properties that are asked for, by their beginning. Those that were deleted are left out.
    fn list(&mut self, calendar: &str, query: &[(String, String)]) -> Answer {
        let bound = |name: &str| match parameter(query, name) {
            None => Ok(None),
            Some(text) => text.parse::<Timestamp>().map(Some).map_err(|_| Refused::invalid(&format!("{name}: {text}"))),
        };
        let (from, to) = (bound("timeMin")?, bound("timeMax")?);
        if let Some((name, _)) = query.iter().find(|(name, _)| !LISTED_BY.contains(&name.as_str())) {
            return Err(Refused::not_played(&format!("a list with {name}")));
        }
        let properties = query.iter().filter(|(name, _)| name == "privateExtendedProperty");
        let wanted: Option<Vec<_>> = properties.map(|(_, property)| property.split_once('=')).collect();
        let wanted = wanted.ok_or_else(|| Refused::invalid("privateExtendedProperty: write it as name=value"))?;
        let size = parameter(query, "maxResults").map_or(Ok(EVENTS_LISTED), str::parse::<usize>);
        let size = size.map_err(|_| Refused::invalid("maxResults"))?.min(EVENTS_LISTED_MAX);
        let mut events: Vec<&Event> = self.events(calendar)?.iter().filter(|event| !event.cancelled).collect();
        events.retain(|event| from.is_none_or(|from| event.ends > from) && to.is_none_or(|to| event.starts < to));
        events.retain(|event| wanted.iter().all(|(name, value)| event.has(name, value)));
        events.sort_by_key(|event| event.starts);
        let items: Vec<Value> = events.iter().take(size).map(|event| event.shown()).collect();
        let mut answer = json!({ "kind": "calendar#events", "summary": calendar, "items": items });
        if events.len() > size {
            answer["nextPageToken"] = "next".into();
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn free_busy(&self, asked: &Map<String, Value>) -> Answer {
        let instant = |name: &str| {
            let text = asked.get(name).and_then(Value::as_str).unwrap_or_default();
            text.parse::<Timestamp>().map_err(|_| Refused::invalid(&format!("Invalid value for {name}: {text:?}")))
        };
        let (from, to) = (instant("timeMin")?, instant("timeMax")?);
        if from >= to {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "timeRangeEmpty", "The specified time range is empty."));
        }
        let items = asked.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        if items.len() > CALENDARS_MAX {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "tooManyCalendarsRequested", "Too many calendars."));
        }
        let mut calendars = Map::new();
        for item in items {
            let id = item["id"].as_str().ok_or_else(|| Refused::invalid("items[].id is required"))?;
            let answer = match self.calendars.get(id) {
                None => json!({ "errors": [{ "domain": "global", "reason": "notFound" }], "busy": [] }),
                Some(events) => json!({ "busy": busy(events, from, to) }),
            };
            calendars.insert(id.to_owned(), answer);
        }
        let answer = json!({
            "kind": "calendar#freeBusy", "timeMin": from.to_string(), "timeMax": to.to_string(), "calendars": calendars,
        });
        Ok(Reply::json(StatusCode::OK, &answer))
    }
}

/// The times that are taken, in order, each within the query's.
fn busy(events: &[Event], from: Timestamp, to: Timestamp) -> Vec<Value> {
    let taken = |event: &&Event| !event.cancelled && !event.is_free() && event.ends > from && event.starts < to;
    let mut spans: Vec<(Timestamp, Timestamp)> =
        events.iter().filter(taken).map(|event| (event.starts.max(from), event.ends.min(to))).collect();
    spans.sort();
    spans.iter().map(|(start, end)| json!({ "start": start.to_string(), "end": end.to_string() })).collect()
}

impl Endpoint for GoogleCalendar {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET || request.uri().path().ends_with("/freeBusy");
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        match refusal {
            Refusal::TooLarge => Refused::new(refusal.status(), "uploadTooLarge", "Request Too Large"),
            Refusal::TooMany => Refused::new(refusal.status(), "rateLimitExceeded", "Rate Limit Exceeded"),
            Refusal::Internal => Refused::new(refusal.status(), "backendError", "Backend Error"),
        }
        .into_reply()
    }

    fn records(&self) -> Value {
        let of = |(calendar, events): (&String, &Vec<Event>)| {
            let record = |event: &Event| {
                let mut record = event.shown();
                record["calendar"] = calendar.as_str().into();
                record
            };
            events.iter().map(record).collect::<Vec<_>>()
        };
        json!({ "events": self.calendars.iter().flat_map(of).collect::<Vec<_>>() })
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        let ids = Vec::<String>::deserialize(&seed["calendars"]).map_err(|error| format!("calendars: {error}"))?;
        self.calendars = ids.into_iter().map(|id| (id, Vec::new())).collect();
        Ok(())
    }
}

impl Refused {
    fn new(status: StatusCode, reason: &'static str, message: &str) -> Refused {
        Refused { status, reason, message: message.to_owned() }
    }

    fn not_found() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "notFound", "Not Found")
    }

    fn invalid(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "invalid", message)
    }

    fn id() -> Refused {
        Refused::invalid("Invalid resource id value.")
    }

    /// The real Google would do it.
    fn not_played(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_IMPLEMENTED, "notPlayed", &format!("the sandbox does not play {what}"))
    }

    fn into_reply(self) -> Reply {
        let error = json!({ "domain": "global", "reason": self.reason, "message": self.message });
        let body = json!({ "errors": [error], "code": self.status.as_u16(), "message": self.message });
        Reply::json(self.status, &json!({ "error": body })).noted(self.message)
    }
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    let json = has_content_type(request, "application/json");
    let body = json.then(|| serde_json::from_slice(request.body()).ok()).flatten();
    body.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "parseError", "Parse Error"))
}
