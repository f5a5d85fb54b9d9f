//! Refusals, in Zendesk's three shapes.

use std::collections::BTreeMap;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::endpoint::Reply;

pub(super) struct Refused {
    status: StatusCode,
    body: Value,
    note: String,
}

/// What is wrong with a record, by field.
#[derive(Default)]
pub(super) struct Problems(BTreeMap<&'static str, Vec<Value>>);

impl Refused {
    pub(super) fn new(status: StatusCode, code: &str, description: &str) -> Refused {
        let body = json!({ "error": code, "description": description });
        Refused { status, body, note: format!("{code}: {description}") }
    }

    pub(super) fn unauthenticated() -> Refused {
        let words = "Couldn't authenticate you";
        Refused { status: StatusCode::UNAUTHORIZED, body: json!({ "error": words }), note: words.to_owned() }
    }

    pub(super) fn endpoint() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "InvalidEndpoint", "Not found")
    }

    pub(super) fn record() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "RecordNotFound", "Not found")
    }

    pub(super) fn idempotency(description: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "IdempotentRequestError", description)
    }

    pub(super) fn unparsed() -> Refused {
        let message = "Server could not parse JSON";
        let body = json!({ "error": "Unprocessable Entity", "message": message });
        Refused { status: StatusCode::UNPROCESSABLE_ENTITY, body, note: message.to_owned() }
    }

    /// A value of the wrong kind.
    pub(super) fn attribute(name: &str, rule: &str) -> Refused {
        let message = format!("You passed an invalid value for the {name} attribute. {rule}");
        let body = json!({ "error": { "title": "Invalid attribute", "message": message } });
        Refused { status: StatusCode::BAD_REQUEST, body, note: message }
    }

    /// The real Zendesk would do it.
    pub(super) fn not_played(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NotPlayed", &format!("the sandbox does not play {what}"))
    }

    pub(super) fn into_reply(self) -> Reply {
        let reply = Reply::json(self.status, &self.body).noted(self.note);
        if self.status != StatusCode::UNAUTHORIZED {
            return reply;
        }
        reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Web Password\""))
    }
}

impl Problems {
    pub(super) fn add(&mut self, field: &'static str, error: &str, description: String) {
        self.0.entry(field).or_default().push(json!({ "description": description, "error": error }));
    }

    /// Refuses a record that has any.
    pub(super) fn check(self) -> Result<(), Refused> {
        if self.0.is_empty() {
            return Ok(());
        }
        let details = json!(self.0);
        let note = format!("RecordInvalid: {details}");
        let body = json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details });
        Err(Refused { status: StatusCode::UNPROCESSABLE_ENTITY, body, note })
    }
}
