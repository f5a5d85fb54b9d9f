//! A CalDAV server with one user and one calendar, `/calendars/{user}/callbacks/`. Of RFC 4791 it plays putting, reading
//! and deleting events, and a query for those of a time and with a text in a property, with the conditions of RFC 9110 (`If-Match`, `If-None-Match`), by which a client makes a write
//! idempotent. Errors are those of RFC 4918, with the precondition that wasn't met.

mod ical;
mod lines;
mod report;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, has_basic, has_content_type, header};
use crate::service::Access;
use ical::Event;

/// The largest event that is kept, as the calendar's `max-resource-size` (RFC 4791, section 5.2.5).
const EVENT_BYTES_MAX: usize = 100 << 10;

#[derive(Clone)]
pub(crate) struct Caldav {
    user: String,
    password: String,
    /// By name in the calendar.
    events: BTreeMap<String, Kept>,
    writes: u64,
}

#[derive(Clone)]
struct Kept {
    event: Event,
    data: Bytes,
    etag: String,
}

/// A refusal as WebDAV has them.
struct Refused {
    status: StatusCode,
    /// The XML of the precondition that isn't met, where one has a name.
    precondition: Option<String>,
    note: String,
    allow: Option<&'static str>,
}

type Answer = Result<Reply, Refused>;

impl Caldav {
    pub(crate) fn new(user: String, password: String) -> Caldav {
        Caldav { user, password, events: BTreeMap::new(), writes: 0 }
    }

    fn route(&mut self, request: &Request) -> Answer {
        if !self.authorised(request) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "the user or the password is wrong"));
        }
        let segments: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        let ["calendars", user, rest @ ..] = segments.as_slice() else {
            return Err(Refused::new(StatusCode::NOT_FOUND, "the calendars are in /calendars/"));
        };
        if decoded(user) != self.user {
            return Err(Refused::unmet(StatusCode::FORBIDDEN, "<D:need-privileges/>", "these are another user's"));
        }
        match (request.method(), rest) {
            (method, ["callbacks"] | ["callbacks", ""]) if method.as_str() == "REPORT" => self.report(request),
            (method, [] | [""] | ["callbacks"] | ["callbacks", ""]) => Err(match method.as_str() {
                "OPTIONS" | "PROPFIND" | "PROPPATCH" | "REPORT" | "MKCALENDAR" => {
                    Refused::new(StatusCode::NOT_IMPLEMENTED, format!("the sandbox does not play {method}"))
                }
                _ => Refused::method("OPTIONS, PROPFIND, PROPPATCH, REPORT"),
            }),
            (&Method::PUT, ["callbacks", name]) => self.put(request, decoded(name)),
            (&Method::GET, ["callbacks", name]) => self.get(request, &decoded(name)),
            (&Method::DELETE, ["callbacks", name]) => self.delete(request, &decoded(name)),
            (_, ["callbacks", _]) => Err(Refused::method("GET, PUT, DELETE")),
            // RFC 4918, section 9.7.1: what a resource would be in has to be there before it.
            (&Method::PUT, _) => Err(Refused::new(StatusCode::CONFLICT, "there is no such calendar")),
            _ => Err(Refused::new(StatusCode::NOT_FOUND, "there is no such calendar")),
        }
    }

    fn authorised(&self, request: &Request) -> bool {
        has_basic(request, &format!("{}:{}", self.user, self.password))
    }

    fn put(&mut self, request: &Request, name: String) -> Answer {
        self.check_conditions(request, &name)?;
        let charset = header(request, CONTENT_TYPE).and_then(|value| value.split_once("charset=")).map(|(_, set)| set);
        let utf8 = charset.is_none_or(|set| set.trim().trim_matches('"').eq_ignore_ascii_case("utf-8"));
        if !has_content_type(request, "text/calendar") || !utf8 {
            let unmet = "<C:supported-calendar-data/>";
            let note = "Content-Type must be text/calendar, in UTF-8";
            return Err(Refused::unmet(StatusCode::UNSUPPORTED_MEDIA_TYPE, unmet, note));
        }
        let data = request.body().clone();
        if data.len() > EVENT_BYTES_MAX {
            return Err(Refused::unmet(StatusCode::FORBIDDEN, "<C:max-resource-size/>", "the event is too large"));
        }
        let event = Event::parse(&data)?;
        self.check_uid(&name, &event.uid)?;
        self.writes += 1;
        let etag = format!("\"{}\"", self.writes);
        let new = self.events.insert(name, Kept { event, data, etag: etag.clone() }).is_none();
        let status = if new { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
        Ok(bare(status).header(ETAG, etag.parse().expect("a number in quotes can be a header")))
    }

    fn get(&self, request: &Request, name: &str) -> Answer {
        let kept = self.events.get(name).ok_or_else(Refused::no_event)?;
        let etag: HeaderValue = kept.etag.parse().expect("a number in quotes can be a header");
        if header(request, IF_NONE_MATCH).is_some_and(|tags| names(tags, &kept.etag)) {
            return Ok(bare(StatusCode::NOT_MODIFIED).header(ETAG, etag));
        }
        let media = HeaderValue::from_static("text/calendar; charset=utf-8; component=VEVENT");
        let reply = Reply { body: kept.data.clone(), ..bare(StatusCode::OK) };
        Ok(reply.header(CONTENT_TYPE, media).header(ETAG, etag))
    }

    fn delete(&mut self, request: &Request, name: &str) -> Answer {
        if !self.events.contains_key(name) {
            return Err(Refused::no_event());
        }
        self.check_conditions(request, name)?;
        self.events.remove(name);
        Ok(bare(StatusCode::NO_CONTENT))
    }

    /// The conditions of a write (RFC 9110, section 13.1).
    fn check_conditions(&self, request: &Request, name: &str) -> Result<(), Refused> {
        let etag = self.events.get(name).map(|kept| kept.etag.as_str());
        let fits = |tags: &str| etag.is_some_and(|etag| names(tags, etag));
        let failed = |note: &str| Err(Refused::new(StatusCode::PRECONDITION_FAILED, note));
        if header(request, IF_MATCH).is_some_and(|tags| !fits(tags)) {
            return failed("If-Match names none of what is there");
        }
        if header(request, IF_NONE_MATCH).is_some_and(fits) {
            return failed("If-None-Match names what is there");
        }
        Ok(())
    }

    /// A UID stays with its resource, and is that of one in the calendar (RFC 4791, section 5.3.2.1).
    fn check_uid(&self, name: &str, uid: &str) -> Result<(), Refused> {
        let changed = self.events.get_key_value(name).filter(|(_, kept)| kept.event.uid != uid);
        let taken = self.events.iter().find(|(other, kept)| *other != name && kept.event.uid == uid);
        let Some((holder, _)) = changed.or(taken) else { return Ok(()) };
        let href = xml_text(&self.href(holder));
        let unmet = format!("<C:no-uid-conflict><D:href>{href}</D:href></C:no-uid-conflict>");
        Err(Refused::unmet(StatusCode::CONFLICT, &unmet, "the UID is that of another event"))
    }

    fn href(&self, name: &str) -> String {
        format!("/calendars/{}/callbacks/{name}", self.user)
    }
}

impl Endpoint for Caldav {
    fn classify(&self, request: &Request) -> Class {
        let reads = matches!(request.method().as_str(), "GET" | "HEAD" | "OPTIONS" | "PROPFIND" | "REPORT");
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, _: u64) -> Reply {
        self.route(request).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        bare(refusal.status())
    }

    fn records(&self) -> Value {
        let record = |(name, Kept { event, data, .. }): (&String, &Kept)| {
            json!({
                "href": self.href(name),
                "uid": event.uid,
                "summary": event.summary,
                "description": event.description,
                "starts_at": event.starts.to_string(),
                "ends_at": event.ends.map(|ends| ends.to_string()),
                "data": String::from_utf8_lossy(data),
            })
        };
        json!({ "events": self.events.iter().map(record).collect::<Vec<_>>() })
    }
}

impl Refused {
    fn new(status: StatusCode, note: impl Into<String>) -> Refused {
        Refused { status, precondition: None, note: note.into(), allow: None }
    }

    fn unmet(status: StatusCode, precondition: &str, note: impl Into<String>) -> Refused {
        Refused { precondition: Some(precondition.to_owned()), ..Refused::new(status, note) }
    }

    fn method(allow: &'static str) -> Refused {
        Refused { allow: Some(allow), ..Refused::new(StatusCode::METHOD_NOT_ALLOWED, "the method is none for this") }
    }

    fn no_event() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "there is no such event")
    }

    fn into_reply(self) -> Reply {
        let mut reply = bare(self.status).noted(self.note);
        if let Some(precondition) = self.precondition {
            let namespaces = r#"xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav""#;
            let xml =
                format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error {namespaces}>{precondition}</D:error>\n");
            reply.body = xml.into();
            reply = reply.header(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8"));
        }
        if let Some(allow) = self.allow {
            reply = reply.header(ALLOW, HeaderValue::from_static(allow));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            let realm = HeaderValue::from_static("Basic realm=\"Calendars\", charset=\"UTF-8\"");
            reply = reply.header(WWW_AUTHENTICATE, realm);
        }
        reply
    }
}

/// A reply without a body.
fn bare(status: StatusCode) -> Reply {
    Reply { status, headers: HeaderMap::new(), body: Bytes::new(), note: None }
}

fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// Whether a list of entity tags, or `*`, names this one.
fn names(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag)
}

fn xml_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
