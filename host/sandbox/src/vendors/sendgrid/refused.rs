//! Refusals in SendGrid's error shape. Its documents don't say the words of most; those here are the sandbox's.

use http::StatusCode;
use serde_json::json;

use crate::endpoint::Reply;

#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    problems: Vec<Problem>,
}

/// What is wrong, and with which field.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) field: Option<String>,
    pub(super) message: String,
}

pub(super) type Answer<T> = Result<T, Refused>;

impl Problem {
    pub(super) fn of(field: &str, message: &str) -> Problem {
        Problem { field: Some(field.to_owned()), message: message.to_owned() }
    }

    /// The problem of a contact as one of the request.
    pub(super) fn within(self, at: usize) -> Problem {
        let field = self.field.map_or_else(|| format!("contacts[{at}]"), |field| format!("contacts[{at}].{field}"));
        Problem { field: Some(field), ..self }
    }
}

impl Refused {
    pub(super) fn plain(status: StatusCode, message: &str) -> Refused {
        Refused { status, problems: vec![Problem { field: None, message: message.to_owned() }] }
    }

    pub(super) fn bad(field: &str, message: &str) -> Refused {
        Refused::about(StatusCode::BAD_REQUEST, field, message)
    }

    pub(super) fn about(status: StatusCode, field: &str, message: &str) -> Refused {
        Refused { status, problems: vec![Problem::of(field, message)] }
    }

    pub(super) fn not_found() -> Refused {
        Refused::plain(StatusCode::NOT_FOUND, "resource not found")
    }

    /// A bad request, unless nothing is wrong.
    pub(super) fn unless_none(problems: Vec<Problem>) -> Answer<()> {
        if problems.is_empty() { Ok(()) } else { Err(Refused { status: StatusCode::BAD_REQUEST, problems }) }
    }

    pub(super) fn into_reply(self) -> Reply {
        let shown = |problem: &Problem| json!({ "field": problem.field, "message": problem.message });
        let body = json!({ "errors": self.problems.iter().map(shown).collect::<Vec<_>>() });
        let note: Vec<String> = self.problems.into_iter().map(|problem| problem.message).collect();
        Reply::json(self.status, &body).noted(note.join("; "))
    }
}
