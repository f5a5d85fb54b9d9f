//! Telnyx's messages, v2, and their detail records. A request with an idempotency key that is known is answered as the
//! first one was, for a day. Unlike the real one, a message has its detail record, and is delivered, in the moment that it
//! was taken.
//! Shapes: <https://developers.telnyx.com/api-reference/messages/send-a-message>,
//! <https://developers.telnyx.com/api-reference/detail-records/search-detail-records>; codes:
//! <https://developers.telnyx.com/docs/messaging/messages/error-codes>; keys:
//! <https://developers.telnyx.com/docs/development/api-fundamentals/idempotency>.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::HeaderName;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::twilio::numbers;
use crate::endpoint::{
    Endpoint, Refusal, Reply, Request, credential, has_content_type, header, parameter, query, segments,
};
use crate::time::iso;

/// How many parts a message may have.
const PARTS_MAX: usize = 10;
const PAGE_SIZE_DEFAULT: usize = 20;
const PAGE_SIZE_MAX: usize = 50;
/// How long an idempotency key is known.
const KEY_MS: u64 = 24 * 60 * 60 * 1000;
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The filters that are played, and the fields of a record that they look at.
const FILTERS: [(&str, &str); 4] = [
    ("filter[direction]", "direction"),
    ("filter[cld]", "cld"),
    ("filter[cli]", "cli"),
    ("filter[profile_id]", "profile_id"),
];

#[derive(Clone)]
pub(crate) struct Telnyx {
    key: String,
    messages: Vec<Message>,
    /// The requests that were granted, by their idempotency keys.
    granted: BTreeMap<String, Granted>,
}

#[derive(Clone)]
struct Message {
    id: String,
    from: Option<String>,
    profile: Option<String>,
    to: String,
    text: String,
    at_ms: u64,
}

#[derive(Clone)]
struct Granted {
    request: Bytes,
    answer: Value,
    at_ms: u64,
}

/// A refusal in Telnyx's error shape.
struct Refused {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
}

type Answer = Result<Reply, Refused>;

impl Telnyx {
    pub(crate) fn new(key: String) -> Telnyx {
        Telnyx { key, messages: Vec::new(), granted: BTreeMap::new() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if credential(request, "Bearer") != Some(self.key.as_str()) {
            let detail = "Could not find any usable credentials in the request.";
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "10009", "Authentication failed", detail));
        }
        let segments = segments(request);
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method(), path.as_slice()) {
            (&Method::POST, ["v2", "messages"]) => self.send(request, now_ms),
            (&Method::GET, ["v2", "messages", id]) => {
                let message = self.messages.iter().find(|message| message.id == *id).ok_or_else(Refused::not_found)?;
                Ok(Reply::json(StatusCode::OK, &json!({ "data": message.shown("delivered") })))
            }
            (&Method::GET, ["v2", "detail_records"]) => self.records_of(&query(request)),
            _ => Err(Refused::not_found()),
        }
    }

    fn send(&mut self, request: &Request, now_ms: u64) -> Answer {
        let key = header(request, IDEMPOTENCY_KEY).map(str::to_owned);
        self.granted.retain(|_, granted| now_ms.saturating_sub(granted.at_ms) < KEY_MS);
        if let Some(granted) = key.as_ref().and_then(|key| self.granted.get(key)) {
            if granted.request != request.body() {
                let detail = "The Idempotency-Key was used with another request.";
                return Err(Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "10015", "Bad Request", detail));
            }
            return Ok(Reply::json(StatusCode::OK, &granted.answer));
        }
        let message = self.read(request, now_ms)?;
        let answer = json!({ "data": message.shown("queued") });
        self.messages.push(message);
        if let Some(key) = key {
            let granted = Granted { request: request.body().clone(), answer: answer.clone(), at_ms: now_ms };
            self.granted.insert(key, granted);
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn read(&self, request: &Request, now_ms: u64) -> Result<Message, Refused> {
        let json = has_content_type(request, "application/json");
        let body: Map<String, Value> =
            json.then(|| serde_json::from_slice(request.body()).ok()).flatten().ok_or_else(|| {
                Refused::new(StatusCode::BAD_REQUEST, "10015", "Bad Request", "The request body is no JSON object.")
            })?;
        let field = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let missing = |name: &str| {
            let detail = format!("The '{name}' parameter is required.");
            Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "10004", "Missing required parameter", &detail)
        };
        let invalid = |code, title, detail: &str| Refused::new(StatusCode::BAD_REQUEST, code, title, detail);
        let to = field("to").ok_or_else(|| missing("to"))?;
        let text = field("text").ok_or_else(|| missing("text"))?;
        let (from, profile) = (field("from"), field("messaging_profile_id"));
        if from.is_none() && profile.is_none() {
            return Err(missing("from"));
        }
        if !numbers::is_e164(to) {
            let detail = format!("The destination {to} is no phone number in E.164 format.");
            return Err(invalid("40310", "Invalid 'to' address", &detail));
        }
        if let Some(from) = from.filter(|from| !numbers::is_sender(from)) {
            return Err(invalid("40305", "Invalid 'from' address", &format!("The sender {from} is not one of yours.")));
        }
        if numbers::segments(text) > PARTS_MAX {
            return Err(invalid("40302", "Message too large", &format!("A message has at most {PARTS_MAX} parts.")));
        }
        Ok(Message {
            id: format!("40300000-0000-4000-8000-{:012x}", self.messages.len() + 1),
            from: from.map(str::to_owned),
            profile: profile.map(str::to_owned),
            to: to.to_owned(),
            text: text.to_owned(),
            at_ms: now_ms,
        })
    }

    /// A search of detail records, newest first.
    fn records_of(&self, query: &[(String, String)]) -> Answer {
        let bad = |detail: &str| Refused::new(StatusCode::BAD_REQUEST, "10015", "Bad Request", detail);
        if parameter(query, "filter[record_type]") != Some("messaging") {
            return Err(bad("filter[record_type] is required, and the sandbox has records of messaging alone"));
        }
        let mut records: Vec<Value> = self.messages.iter().rev().map(Message::record).collect();
        let (mut page, mut size) = (1, PAGE_SIZE_DEFAULT);
        for (name, value) in query {
            let number = || value.parse::<usize>().map_err(|_| bad(&format!("{name} is not a number")));
            match name.as_str() {
                "filter[record_type]" => {}
                "filter[created_at][gte]" => {
                    records.retain(|record| record["created_at"].as_str().is_some_and(|at| at >= value.as_str()));
                }
                "sort" if value == "-created_at" => {}
                "page[number]" => page = number()?.max(1),
                "page[size]" => size = number()?.clamp(1, PAGE_SIZE_MAX),
                other => match FILTERS.iter().find(|(filter, _)| *filter == other) {
                    Some((_, field)) => records.retain(|record| record[field] == value.as_str()),
                    None => return Err(Refused::not_played(name)),
                },
            }
        }
        let total = records.len();
        let shown: Vec<Value> = records.into_iter().skip((page - 1).saturating_mul(size)).take(size).collect();
        let meta = json!({
            "page_number": page, "page_size": size, "total_pages": total.div_ceil(size), "total_results": total,
        });
        Ok(Reply::json(StatusCode::OK, &json!({ "data": shown, "meta": meta })))
    }
}

impl Message {
    fn shown(&self, status: &str) -> Value {
        let at = iso(self.at_ms);
        let sent = (status != "queued").then_some(&at);
        json!({
            "record_type": "message",
            "direction": "outbound",
            "id": self.id,
            "type": "SMS",
            "messaging_profile_id": self.profile,
            "from": { "phone_number": self.from, "carrier": "Telnyx", "line_type": "VoIP" },
            "to": [{ "phone_number": self.to, "status": status, "carrier": "T-MOBILE", "line_type": "Wireless" }],
            "text": self.text,
            "media": [],
            "tags": [],
            "parts": numbers::segments(&self.text),
            "cost": null,
            "received_at": at,
            "sent_at": sent,
            "completed_at": sent,
            "errors": [],
        })
    }

    /// Without the text.
    fn record(&self) -> Value {
        json!({
            "record_type": "message_detail_record",
            "uuid": self.id,
            "direction": "outbound",
            "cli": self.from,
            "cld": self.to,
            "profile_id": self.profile,
            "status": "delivered",
            "parts": numbers::segments(&self.text),
            "created_at": iso(self.at_ms),
        })
    }
}

impl Endpoint for Telnyx {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (code, title) = match refusal {
            Refusal::TooLarge => ("10015", "Bad Request"),
            Refusal::TooMany => ("10011", "Too many requests"),
            Refusal::Internal => ("10007", "Unexpected error"),
        };
        Refused::new(refusal.status(), code, title, title).into_reply()
    }

    fn records(&self) -> Value {
        json!({ "messages": self.messages.iter().map(|message| message.shown("delivered")).collect::<Vec<_>>() })
    }
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: &str) -> Refused {
        Refused { status, code, title, detail: detail.to_owned() }
    }

    fn not_found() -> Refused {
        let detail = "The requested resource or URL could not be found.";
        Refused::new(StatusCode::NOT_FOUND, "10005", "Resource not found", detail)
    }

    /// The real Telnyx would do it.
    fn not_played(what: &str) -> Refused {
        let detail = format!("the sandbox does not play {what}");
        Refused::new(StatusCode::NOT_IMPLEMENTED, "10007", "Not played", &detail)
    }

    fn into_reply(self) -> Reply {
        let url = format!("https://developers.telnyx.com/docs/overview/errors/{}", self.code);
        let error = json!({ "code": self.code, "title": self.title, "detail": self.detail, "meta": { "url": url } });
        Reply::json(self.status, &json!({ "errors": [error] })).noted(self.detail)
    }
}
