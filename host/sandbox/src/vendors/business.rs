//! A business's own JSON API, such as tenants declare to the plugin `http-request`: collections of records, made by
//! `POST /v1/NAME`, listed by `GET /v1/NAME?member=value`, searched by `POST /v1/NAME/search`. A `slot` is taken once in a
//! collection.
//!
//! A key in `Idempotency-Key` is honoured as <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>
//! has it: the first answer again, 422 where the body is another. `POST /functions/NAME` makes a record too, without a key,
//! and answers as servers for voice platforms do: always 200, with `result` or `error`; to a message of Vapi's with a tool
//! call, in a list with the call's identifier (<https://docs.vapi.ai/tools/custom-tools>).

use std::collections::BTreeMap;

use http::header::HeaderName;
use http::{Method, StatusCode};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::endpoint::{Class, Endpoint, Refusal, Reply, Request, credential, header};
use crate::service::Access;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

type Record = Map<String, Value>;

#[derive(Clone)]
pub(crate) struct Business {
    token: String,
    collections: BTreeMap<String, Vec<Record>>,
    /// What was asked for under each key, and what was answered.
    known: BTreeMap<String, (Record, Value)>,
}

/// A refusal in this API's error shape.
struct Refused {
    status: StatusCode,
    message: String,
}

impl Business {
    pub(crate) fn new(token: String) -> Business {
        Business { token, collections: BTreeMap::new(), known: BTreeMap::new() }
    }

    fn route(&mut self, request: &Request) -> Result<Reply, Refused> {
        if credential(request, "Bearer") != Some(&self.token) {
            return Err(Refused::of(StatusCode::UNAUTHORIZED, "the token is unknown"));
        }
        match (request.method(), path(request).as_slice()) {
            (&Method::POST, ["v1", name, "search"]) => Ok(self.listed(name, &body(request)?)),
            (&Method::POST, ["v1", name]) => {
                let made = self.make_once(name, body(request)?, header(request, IDEMPOTENCY_KEY))?;
                Ok(Reply::json(StatusCode::CREATED, &made))
            }
            (&Method::GET, ["v1", name]) => Ok(self.listed(name, &query(request))),
            (&Method::POST, ["functions", name]) => Ok(self.called(name, body(request)?)),
            _ => Err(Refused::of(StatusCode::NOT_FOUND, "there is nothing at this address")),
        }
    }

    /// The answer of a function.
    fn called(&mut self, name: &str, asked: Record) -> Reply {
        let id = asked.get("message").and_then(|message| message.pointer("/toolCallList/0/id")).cloned();
        let made = self.make(name, asked);
        let said = match (&made, &id) {
            (Ok(made), None) => json!({ "result": made }),
            // Vapi takes a text of one line.
            (Ok(made), Some(id)) => json!({ "results": [{ "toolCallId": id, "result": made["id"] }] }),
            (Err(refused), None) => json!({ "error": refused.message }),
            (Err(refused), Some(id)) => json!({ "results": [{ "toolCallId": id, "error": refused.message }] }),
        };
        let reply = Reply::json(StatusCode::OK, &said);
        match made {
            Ok(_) => reply,
            Err(refused) => reply.noted(refused.message),
        }
    }

    fn make_once(&mut self, name: &str, record: Record, key: Option<&str>) -> Result<Value, Refused> {
        match key.and_then(|key| self.known.get(key)) {
            Some((asked, made)) if *asked == record => return Ok(made.clone()),
            Some(_) => {
                let message = "this Idempotency-Key was used with another body";
                return Err(Refused::of(StatusCode::UNPROCESSABLE_ENTITY, message));
            }
            None => {}
        }
        let made = self.make(name, record.clone())?;
        if let Some(key) = key {
            self.known.insert(key.to_owned(), (record, made.clone()));
        }
        Ok(made)
    }

    fn make(&mut self, name: &str, mut record: Record) -> Result<Value, Refused> {
        let records = self.collections.entry(name.to_owned()).or_default();
        if let Some(slot) = slot(&record)
            && records.iter().any(|other| self::slot(other) == Some(slot))
        {
            return Err(Refused::of(StatusCode::CONFLICT, format!("{} is taken", words(slot))));
        }
        record.insert("id".to_owned(), format!("{name}-{}", records.len() + 1).into());
        records.push(record.clone());
        Ok(Value::Object(record))
    }

    /// The records that have all of these members.
    fn listed(&self, name: &str, members: &Record) -> Reply {
        let has = |record: &&Record| {
            members.iter().all(|(name, value)| record.get(name).is_some_and(|other| words(other) == words(value)))
        };
        let items: Vec<&Record> = self.collections.get(name).into_iter().flatten().filter(has).collect();
        Reply::json(StatusCode::OK, &json!({ "items": items }))
    }
}

impl Endpoint for Business {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET || matches!(path(request).as_slice(), ["v1", _, "search"]);
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, _: u64) -> Reply {
        self.route(request).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let message = match refusal {
            Refusal::TooLarge => "the body is too large",
            Refusal::TooMany => "too many requests",
            Refusal::Internal => "something went wrong",
        };
        Refused::of(refusal.status(), message).into_reply()
    }

    fn records(&self) -> Value {
        json!(self.collections)
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        self.collections =
            BTreeMap::deserialize(seed).map_err(|error| format!("lists of records, by name: {error}"))?;
        Ok(())
    }
}

impl Refused {
    fn of(status: StatusCode, message: impl Into<String>) -> Refused {
        Refused { status, message: message.into() }
    }

    fn into_reply(self) -> Reply {
        Reply::json(self.status, &json!({ "message": self.message })).noted(self.message)
    }
}

/// The slot that a record takes: its own, or an argument of the tool call in it.
fn slot(record: &Record) -> Option<&Value> {
    let argument = || record.get("message")?.pointer("/toolCallList/0/function/arguments/slot");
    record.get("slot").or_else(argument)
}

fn path(request: &Request) -> Vec<&str> {
    request.uri().path().split('/').skip(1).collect()
}

fn body(request: &Request) -> Result<Record, Refused> {
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::of(StatusCode::BAD_REQUEST, format!("the body is no JSON object: {error}")))
}

fn query(request: &Request) -> Record {
    let pairs = form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect()
}

/// A value as a query would have it.
fn words(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
