//! What Jira says when it refuses: its reasons, field by field.

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// The fields that hold what a model gave. All others are made of the settings, or the project asks for them.
const GIVEN_FIELDS: [&str; 4] = ["summary", "description", "labels", "comment"];

/// The response if its status is 2xx, else the failure with what Jira's reasons are about.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    response.ok_or(explained)
}

/// The fields are in `{"errorMessages":["…"],"errors":{"priority":"…"}}`.
fn explained(mut failure: Failure, _status: u16, body: Value) -> Failure {
    let mut fields = body["errors"].as_object().into_iter().flatten();
    let not_given = fields.any(|(field, _)| !GIVEN_FIELDS.contains(&field.as_str()));
    if failure.kind == FailureKind::InvalidArguments && not_given {
        failure.kind = FailureKind::Other;
        failure.message.push_str("; other arguments don't help: the project's fields and the plugin's settings differ");
    }
    failure
}
