//! Zendesk Support's Ticketing API v2: tickets, and the end users that they are from. Its idempotency keys hold for two
//! hours and for requests for tickets. Unlike the real one, its list and its search see a write at once, it fills in no
//! placeholders, runs no triggers and has an account that asks for each ticket's subject.
//! Shapes: <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/> and `…/users/users/`; error bodies as
//! its API answers them.

mod changes;
mod refused;
mod search;
mod tickets;
mod users;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{HeaderName, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::endpoint::{Endpoint, Refusal, Reply, Request, has_basic, has_content_type, header, query};
use crate::service::Service;
use crate::time::iso;
use refused::Refused;
use tickets::Ticket;
use users::Users;

const PAGE_SIZE_MAX: usize = 100;
const FIRST_TICKET: u64 = 35_001;
/// How long an idempotency key is known.
const KEY_MS: u64 = 2 * 60 * 60 * 1000;
const KEY_CHARS_MAX: usize = 255;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENCY_LOOKUP: HeaderName = HeaderName::from_static("x-idempotency-lookup");

#[derive(Clone)]
pub(crate) struct Zendesk {
    agent: String,
    token: String,
    tickets: Vec<Ticket>,
    users: Users,
    /// How often tickets were changed.
    changes: u64,
    /// The requests for tickets that were granted, by their idempotency keys.
    granted: BTreeMap<String, Granted>,
}

#[derive(Clone)]
struct Granted {
    request: Bytes,
    answer: Value,
    at_ms: u64,
}

type Answer = Result<Reply, Refused>;

impl Zendesk {
    pub(crate) fn new(agent: String, token: String) -> Zendesk {
        Zendesk { agent, token, tickets: Vec::new(), users: Users::default(), changes: 0, granted: BTreeMap::new() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if !self.authorised(request) {
            return Err(Refused::unauthenticated());
        }
        let path = request.uri().path();
        let segments: Vec<&str> = path.strip_suffix(".json").unwrap_or(path).split('/').skip(1).collect();
        let ["api", "v2", rest @ ..] = segments.as_slice() else { return Err(Refused::endpoint()) };
        match (request.method(), rest) {
            (&Method::POST, ["tickets"]) => self.create(request, now_ms),
            (&Method::GET, ["tickets"]) => self.list(request),
            (&Method::GET, ["tickets", id]) => {
                let ticket = &self.tickets[self.position(id)?];
                Ok(Reply::json(StatusCode::OK, &json!({ "ticket": ticket.shown() })))
            }
            (&Method::PUT, ["tickets", id]) => self.update(id, &body(request, "ticket")?, now_ms),
            (&Method::GET, ["tickets", id, "comments"]) => self.list_comments(id, &query(request)),
            (&Method::GET, ["search"]) => self.search(&query(request)),
            (&Method::GET, ["users", "search"]) => self.users.search(&query(request)),
            (&Method::GET, ["users", id]) => self.users.read(id),
            (&Method::POST, ["users", "create_or_update"]) => self.users.upsert(&body(request, "user")?, now_ms),
            _ => Err(Refused::endpoint()),
        }
    }

    /// The API's own form of basic authentication: `agent@company.com/token:API_TOKEN`.
    fn authorised(&self, request: &Request) -> bool {
        has_basic(request, &format!("{}/token:{}", self.agent, self.token))
    }

    fn create(&mut self, request: &Request, now_ms: u64) -> Answer {
        let Some(key) = header(request, IDEMPOTENCY_KEY) else {
            let answer = self.insert(&body(request, "ticket")?, now_ms)?;
            return Ok(created(&answer));
        };
        if key.is_empty() || key.chars().count() > KEY_CHARS_MAX {
            return Err(Refused::idempotency(&format!("Idempotency key must have 1 to {KEY_CHARS_MAX} characters")));
        }
        self.granted.retain(|_, granted| now_ms.saturating_sub(granted.at_ms) < KEY_MS);
        if let Some(granted) = self.granted.get(key) {
            if granted.request != request.body() {
                return Err(Refused::idempotency("Request parameters don't match the given idempotency key"));
            }
            return Ok(created(&granted.answer).header(IDEMPOTENCY_LOOKUP, HeaderValue::from_static("hit")));
        }
        let answer = self.insert(&body(request, "ticket")?, now_ms)?;
        let reply = created(&answer).header(IDEMPOTENCY_LOOKUP, HeaderValue::from_static("miss"));
        self.granted.insert(key.to_owned(), Granted { request: request.body().clone(), answer, at_ms: now_ms });
        Ok(reply)
    }

    fn insert(&mut self, given: &Map<String, Value>, now_ms: u64) -> Result<Value, Refused> {
        let id = self.tickets.last().map_or(FIRST_TICKET, |newest| newest.id + 1);
        let ticket = Ticket::read(id, given, &mut self.users, now_ms)?;
        let audit = json!({ "id": id * 10, "ticket_id": id, "created_at": when(now_ms), "author_id": users::AGENT_ID });
        let answer = json!({ "ticket": ticket.shown(), "audit": audit });
        self.tickets.push(ticket);
        Ok(answer)
    }

    fn list(&self, request: &Request) -> Answer {
        let query = query(request);
        let number = |name: &str, default: usize| -> Result<usize, Refused> {
            let Some((_, value)) = query.iter().find(|(key, _)| key == name) else { return Ok(default) };
            value.parse().map_err(|_| Refused::attribute(name, "must be an integer"))
        };
        let page_size = number("per_page", PAGE_SIZE_MAX)?.clamp(1, PAGE_SIZE_MAX);
        let page = number("page", 1)?.max(1);
        let external_id = query.iter().find(|(key, _)| key == "external_id").map(|(_, value)| value);
        let fits = |ticket: &&Ticket| external_id.is_none_or(|id| ticket.external_id.as_ref() == Some(id));
        let fitting: Vec<&Ticket> = self.tickets.iter().filter(fits).collect();
        let start = (page - 1).saturating_mul(page_size);
        let shown: Vec<Value> = fitting.iter().skip(start).take(page_size).map(|ticket| ticket.shown()).collect();
        let more = start.saturating_add(page_size) < fitting.len();
        let page_url = |page: usize| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(external_id.map(|id| ("external_id", id)));
            query.append_pair("page", &page.to_string()).append_pair("per_page", &page_size.to_string());
            url(&format!("tickets.json?{}", query.finish()))
        };
        let answer = json!({
            "tickets": shown,
            "count": fitting.len(),
            "next_page": more.then(|| page_url(page + 1)),
            "previous_page": (page > 1).then(|| page_url(page - 1)),
        });
        Ok(Reply::json(StatusCode::OK, &answer))
    }
}

impl Endpoint for Zendesk {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (code, description) = match refusal {
            Refusal::TooLarge => ("RequestTooLarge", "The request body is too large"),
            Refusal::TooMany => ("APIRateLimitExceeded", "Number of allowed API requests per minute exceeded"),
            Refusal::Internal => ("InternalError", "Internal server error"),
        };
        Refused::new(refusal.status(), code, description).into_reply()
    }

    fn records(&self) -> Value {
        json!({
            "tickets": self.tickets.iter().map(Ticket::shown).collect::<Vec<_>>(),
            "comments": self.comments(),
            "users": self.users.shown(),
        })
    }
}

fn created(answer: &Value) -> Reply {
    let location = answer["ticket"]["url"].as_str().and_then(|url| url.parse().ok());
    let reply = Reply::json(StatusCode::CREATED, answer);
    match location {
        Some(location) => reply.header(LOCATION, location),
        None => reply,
    }
}

/// What the body holds under this name.
fn body(request: &Request, name: &str) -> Result<Map<String, Value>, Refused> {
    if !has_content_type(request, "application/json") {
        let message = "Content-Type must be application/json";
        return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message));
    }
    let mut body: Map<String, Value> = serde_json::from_slice(request.body()).map_err(|_| Refused::unparsed())?;
    match body.remove(name) {
        Some(Value::Object(given)) => Ok(given),
        Some(_) => Err(Refused::attribute(name, "must be an object")),
        None => {
            Err(Refused::new(StatusCode::BAD_REQUEST, "ParameterMissing", &format!("Parameter {name} is required")))
        }
    }
}

/// Where a part of this account's API is.
fn url(path: &str) -> String {
    format!("https://{}/api/v2/{path}", Service::Zendesk.host())
}

/// An instant, as Zendesk writes them: to the second.
fn when(ms: u64) -> String {
    iso(ms - ms % 1000).replace(".000Z", "Z")
}

/// The text of an attribute. Null and absent are the same.
fn text<'a>(given: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refused> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refused::attribute(name, "must be a string")),
    }
}

/// The id that an attribute holds. Null and absent are the same.
fn id(given: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refused> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(id) => Ok(Some(id)),
            None => Err(Refused::attribute(name, "must be an integer")),
        },
    }
}
