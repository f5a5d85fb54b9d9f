//! Refusals, as OperationOutcomes: <https://hl7.org/fhir/R4/operationoutcome.html>.

use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Value, json};

use super::fhir_json;
use super::kind::Kind;
use crate::endpoint::Reply;

#[derive(Debug)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) issues: Vec<Issue>,
}

/// One thing that is wrong.
#[derive(Debug)]
pub(super) struct Issue {
    /// Of <https://hl7.org/fhir/R4/valueset-issue-type.html>.
    pub(super) code: &'static str,
    pub(super) diagnostics: String,
    /// The element, as in `Appointment.status`.
    pub(super) expression: Option<String>,
}

impl Refused {
    pub(super) fn new(status: StatusCode, code: &'static str, diagnostics: impl Into<String>) -> Refused {
        Refused { status, issues: vec![Issue { code, diagnostics: diagnostics.into(), expression: None }] }
    }

    pub(super) fn bad_request(diagnostics: impl Into<String>) -> Refused {
        Refused::new(StatusCode::BAD_REQUEST, "invalid", diagnostics)
    }

    pub(super) fn no_endpoint(path: &str) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "not-found", format!("There is no FHIR endpoint at {path}"))
    }

    pub(super) fn unknown(status: StatusCode, kind: Kind, id: &str) -> Refused {
        Refused::new(status, "not-found", format!("{}/{id} is not known", kind.name()))
    }

    pub(super) fn into_reply(self) -> Reply {
        let issues: Vec<Value> = self.issues.iter().map(Issue::written).collect();
        let reply = fhir_json(self.status, &json!({ "resourceType": "OperationOutcome", "issue": issues }));
        let note = self.issues.into_iter().map(|issue| issue.diagnostics).collect::<Vec<_>>().join("; ");
        let reply = reply.noted(note);
        if self.status == StatusCode::UNAUTHORIZED {
            reply.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Lakeside Clinic\""))
        } else {
            reply
        }
    }
}

impl Issue {
    fn written(&self) -> Value {
        let mut issue = json!({ "severity": "error", "code": self.code, "diagnostics": self.diagnostics });
        if let Some(expression) = &self.expression {
            issue["expression"] = json!([expression]);
        }
        issue
    }
}
