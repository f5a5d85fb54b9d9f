//! What Jira says when it refuses: messages, and its reasons field by field.

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// How many characters of the reasons are told. Protects the model's context.
const REASONS_CHARS_MAX: usize = 500;
/// The fields that hold what a model gave. All others are made of the settings, or the project asks for them.
const GIVEN_FIELDS: [&str; 4] = ["summary", "description", "labels", "comment"];

/// The response if its status is 2xx, else the failure with Jira's reasons.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    let body: Value =
        if response.status() < 400 { Value::Null } else { serde_json::from_str(&response.text()).unwrap_or_default() };
    response.ok().map_err(|failure| explained(failure, &body))
}

/// `{"errorMessages":["…"],"errors":{"priority":"…"}}` in one line.
fn explained(mut failure: Failure, body: &Value) -> Failure {
    let messages = body["errorMessages"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let fields = body["errors"].as_object().into_iter().flatten();
    let reasons = fields.clone().map(|(field, why)| format!("{field}: {}", why.as_str().unwrap_or_default()));
    let reasons: Vec<String> = messages.map(str::to_owned).chain(reasons).collect();
    if !reasons.is_empty() {
        let reasons: String = reasons.join("; ").chars().take(REASONS_CHARS_MAX).collect();
        failure.message = format!("{} ({reasons})", failure.message);
    }
    let not_given = fields.map(|(field, _)| field.as_str()).any(|field| !GIVEN_FIELDS.contains(&field));
    if failure.kind == FailureKind::InvalidArguments && not_given {
        failure.kind = FailureKind::Other;
        failure.message.push_str("; other arguments don't help: the project's fields and the plugin's settings differ");
    }
    failure
}
