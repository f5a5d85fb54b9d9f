//! What HubSpot answers to what it doesn't do.

use http::StatusCode;
use serde_json::{Value, json};

use crate::endpoint::Reply;

/// A refusal in HubSpot's error shape, its `correlationId` to be given.
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) category: &'static str,
    pub(super) message: String,
    pub(super) errors: Vec<Value>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, category: &'static str, message: &str) -> Refused {
        Refused { status, category, message: message.to_owned(), errors: Vec::new() }
    }

    pub(super) fn invalid(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
    }

    pub(super) fn json(message: &str) -> Refused {
        Refused::invalid(&format!("Invalid input JSON: {message}"))
    }

    pub(super) fn not_found() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND", "resource not found")
    }

    /// The real HubSpot would do it.
    pub(super) fn not_played(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NOT_PLAYED", &format!("the sandbox does not play {what}"))
    }

    pub(super) fn into_reply(self, ordinal: u64) -> Reply {
        let mut body = json!({
            "status": "error",
            "message": self.message,
            "correlationId": format!("00000000-0000-4000-8000-{ordinal:012x}"),
            "category": self.category,
        });
        if !self.errors.is_empty() {
            body["errors"] = self.errors.into();
        }
        Reply::json(self.status, &body).noted(self.message)
    }
}
