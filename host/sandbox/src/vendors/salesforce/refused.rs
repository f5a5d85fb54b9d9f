//! What Salesforce answers to what it doesn't do: a list of one error.

use http::StatusCode;
use serde_json::json;

use super::objects::Kind;
use crate::endpoint::Reply;

#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    code: &'static str,
    pub(super) message: String,
    fields: Option<Vec<String>>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, message: &str) -> Refused {
        Refused { status, code, message: message.to_owned(), fields: None }
    }

    /// A refusal of what some fields hold.
    pub(super) fn of_fields(code: &'static str, message: &str, fields: &[&str]) -> Refused {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        Refused { fields: Some(fields), ..Refused::new(StatusCode::BAD_REQUEST, code, message) }
    }

    pub(super) fn not_found() -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "NOT_FOUND", "The requested resource does not exist")
    }

    pub(super) fn method() -> Refused {
        let message = "HTTP Method not allowed for the resource";
        Refused::new(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", message)
    }

    /// A write to an object whose records Salesforce itself keeps.
    pub(super) fn operation(kind: &Kind) -> Refused {
        let message = format!("entity type {} does not support this operation", kind.name());
        Refused::new(StatusCode::BAD_REQUEST, "INVALID_TYPE_FOR_OPERATION", &message)
    }

    pub(super) fn query(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "MALFORMED_QUERY", message)
    }

    pub(super) fn field(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "INVALID_FIELD", message)
    }

    pub(super) fn filter(message: &str) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "INVALID_QUERY_FILTER_OPERATOR", message)
    }

    /// The real Salesforce would do it.
    pub(super) fn not_played(what: &str) -> Refused {
        let message = format!("the sandbox does not play {what}");
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NOT_PLAYED", &message)
    }

    pub(super) fn into_reply(self) -> Reply {
        let mut error = json!({ "message": self.message, "errorCode": self.code });
        if let Some(fields) = self.fields {
            error["fields"] = fields.into();
        }
        Reply::json(self.status, &json!([error])).noted(self.message)
    }
}
