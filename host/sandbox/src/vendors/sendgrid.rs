//! SendGrid Marketing Campaigns v3: contacts on lists. An upsert goes by the email address in small letters, and a list holds
//! a contact once, so the same request twice leaves one contact. Fields that it doesn't know are passed over, as the
//! real one does: an upsert with `listIds` puts nobody on a list. Unlike the real one, an upsert is done at once.
//! Shapes: SendGrid's public OpenAPI documents for Marketing Campaigns contacts, lists and custom fields. They don't say the
//! words of an error; those here are the sandbox's.

mod contact;
mod seed;

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, credential, has_content_type};
use crate::time::iso;
use contact::{Contact, Put};
use seed::{Account, is_uuid};

const CONTACTS_PATH: &str = "/v3/marketing/contacts";
const CONTACTS_MAX: usize = 30_000;
const UPSERT_BYTES_MAX: usize = 6 << 20;

pub(crate) struct Sendgrid {
    key: String,
    account: Account,
    /// By their email addresses.
    contacts: BTreeMap<String, Contact>,
    jobs: Vec<Job>,
}

struct Job {
    id: String,
    requested: usize,
    created: usize,
    at_ms: u64,
}

/// A refusal in SendGrid's error shape.
struct Refused {
    status: StatusCode,
    errors: Vec<Problem>,
}

/// What is wrong, and with which field.
struct Problem {
    field: Option<String>,
    message: String,
}

type Answer<T> = Result<T, Refused>;

impl Sendgrid {
    pub(crate) fn new(key: String) -> Sendgrid {
        Sendgrid { key, account: Account::default(), contacts: BTreeMap::new(), jobs: Vec::new() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer<Reply> {
        if credential(request, "Bearer") != Some(self.key.as_str()) {
            return Err(Refused::plain(StatusCode::UNAUTHORIZED, "authorization required"));
        }
        match (request.method(), request.uri().path()) {
            (&Method::PUT, CONTACTS_PATH) => self.upsert(&body(request)?, now_ms),
            (&Method::GET | &Method::DELETE, CONTACTS_PATH) => {
                Err(Refused::plain(StatusCode::NOT_IMPLEMENTED, "the sandbox plays no more than PUT here"))
            }
            (_, CONTACTS_PATH) => Err(Refused::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")),
            _ => Err(Refused::plain(StatusCode::NOT_FOUND, "resource not found")),
        }
    }

    fn upsert(&mut self, body: &Map<String, Value>, now_ms: u64) -> Answer<Reply> {
        let list_ids = self.lists_of(body.get("list_ids"))?;
        let given = body.get("contacts").and_then(Value::as_array);
        let given = given.ok_or_else(|| Refused::bad("contacts", "contacts is required and an array"))?;
        if given.is_empty() || given.len() > CONTACTS_MAX {
            return Err(Refused::bad("contacts", &format!("contacts must hold 1 to {CONTACTS_MAX} contacts")));
        }
        let mut puts = Vec::new();
        let mut errors = Vec::new();
        for (at, contact) in given.iter().enumerate() {
            match Put::read(contact, &self.account) {
                Ok(put) => puts.push(put),
                Err(problems) => errors.extend(problems.into_iter().map(|problem| problem.within(at))),
            }
        }
        if !errors.is_empty() {
            return Err(Refused { status: StatusCode::BAD_REQUEST, errors });
        }
        let before = self.contacts.len();
        for put in puts {
            let ordinal = self.contacts.len() + 1;
            let contact = self.contacts.entry(put.email.clone()).or_insert_with(|| Contact::new(ordinal, now_ms));
            contact.take(put, &list_ids, now_ms);
        }
        let id = format!("00000000-0000-4000-8000-{:012x}", self.jobs.len() + 1);
        let answer = Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": id }));
        self.jobs.push(Job { id, requested: given.len(), created: self.contacts.len() - before, at_ms: now_ms });
        Ok(answer)
    }

    /// The lists named in `list_ids`, each of which must exist.
    fn lists_of(&self, given: Option<&Value>) -> Answer<Vec<String>> {
        let Some(given) = given else { return Ok(Vec::new()) };
        let given = given.as_array().ok_or_else(|| Refused::bad("list_ids", "list_ids must be an array"))?;
        let mut ids = Vec::new();
        for id in given {
            let id = id.as_str().filter(|id| is_uuid(id));
            ids.push(id.ok_or_else(|| Refused::bad("list_ids", "list_ids must hold UUIDs"))?.to_lowercase());
        }
        match ids.iter().find(|id| !self.account.lists.iter().any(|list| list.id == **id)) {
            Some(missing) => {
                let message = format!("list {missing} does not exist");
                Err(Refused { errors: vec![Problem::of("list_ids", &message)], status: StatusCode::NOT_FOUND })
            }
            None => Ok(ids),
        }
    }
}

impl Endpoint for Sendgrid {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let message = match refusal {
            Refusal::TooLarge => "request entity too large",
            Refusal::TooMany => "too many requests",
            Refusal::Internal => "internal server error",
        };
        Refused::plain(refusal.status(), message).into_reply()
    }

    fn records(&self) -> Value {
        let lists = self.account.lists.iter().map(|list| {
            let count = self.contacts.values().filter(|contact| contact.list_ids.contains(&list.id)).count();
            json!({ "id": list.id, "name": list.name, "contact_count": count })
        });
        let contacts = self.contacts.iter().map(|(email, contact)| contact.record(email, &self.account));
        json!({
            "lists": lists.collect::<Vec<_>>(),
            "contacts": contacts.collect::<Vec<_>>(),
            "jobs": self.jobs.iter().map(Job::record).collect::<Vec<_>>(),
        })
    }

    /// `{ "lists": [{ "id", "name" }], "custom_fields": [{ "id", "name", "field_type" }] }`
    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        self.account = Account::read(seed)?;
        Ok(())
    }
}

impl Job {
    fn record(&self) -> Value {
        let (created, updated) = (self.created, self.requested - self.created);
        json!({
            "id": self.id,
            "status": "completed",
            "job_type": "upsert",
            "results": { "requested_count": self.requested, "created_count": created, "updated_count": updated },
            "started_at": iso(self.at_ms),
            "finished_at": iso(self.at_ms),
        })
    }
}

impl Problem {
    fn of(field: &str, message: &str) -> Problem {
        Problem { field: Some(field.to_owned()), message: message.to_owned() }
    }

    /// The problem of a contact as one of the request.
    fn within(self, at: usize) -> Problem {
        let field = self.field.map_or_else(|| format!("contacts[{at}]"), |field| format!("contacts[{at}].{field}"));
        Problem { field: Some(field), ..self }
    }
}

impl Refused {
    fn plain(status: StatusCode, message: &str) -> Refused {
        Refused { status, errors: vec![Problem { field: None, message: message.to_owned() }] }
    }

    fn bad(field: &str, message: &str) -> Refused {
        Refused { status: StatusCode::BAD_REQUEST, errors: vec![Problem::of(field, message)] }
    }

    fn into_reply(self) -> Reply {
        let shown = |problem: &Problem| json!({ "field": problem.field, "message": problem.message });
        let body = json!({ "errors": self.errors.iter().map(shown).collect::<Vec<_>>() });
        let note: Vec<String> = self.errors.into_iter().map(|problem| problem.message).collect();
        Reply::json(self.status, &body).noted(note.join("; "))
    }
}

fn body(request: &Request) -> Answer<Map<String, Value>> {
    if !has_content_type(request, "application/json") {
        return Err(Refused::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type should be application/json."));
    }
    if request.body().len() > UPSERT_BYTES_MAX {
        return Err(Refused::plain(StatusCode::PAYLOAD_TOO_LARGE, "request entity too large"));
    }
    serde_json::from_slice(request.body())
        .map_err(|error| Refused::plain(StatusCode::BAD_REQUEST, &format!("invalid JSON: {error}")))
}
