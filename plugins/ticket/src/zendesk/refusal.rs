//! What Zendesk says when it refuses: its reasons, field by field.

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// How many characters of the reasons are told. Protects the model's context.
const REASONS_CHARS_MAX: usize = 500;
/// The key is known with another request. So there was one, and whether it made the ticket has to be found out.
const KEY_IS_TAKEN: &str = "IdempotentRequestError";
/// Somebody changes the ticket at the same moment. Zendesk's page on its responses asks to try again.
const CHANGED_AT_ONCE: u16 = 409;
/// What a ticket has of the settings, as Zendesk's reasons name it.
const OF_SETTINGS: [&str; 4] = ["group", "group_id", "brand", "brand_id"];
/// What a ticket has of who was found to have the caller's number, or what an agent gave it, likewise: no argument mends it.
const NOT_GIVEN: [&str; 4] = ["requester", "requester_id", "assignee", "assignee_id"];

/// The response if its status is 2xx, else the failure with Zendesk's reasons.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    response.ok_or(explained)
}

/// The failure of a request that names no ticket: what isn't there is the account, and no argument helps.
pub(super) fn of_account(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::NotFound => failure.by_settings(&["subdomain"]),
        _ => failure,
    }
}

fn explained(mut failure: Failure, status: u16, body: Value) -> Failure {
    if status == CHANGED_AT_ONCE {
        failure.kind = FailureKind::Unavailable;
    }
    if body["error"] == KEY_IS_TAKEN {
        failure.kind = FailureKind::OutcomeUnknown;
    }
    // No argument is a ticket's status: the ticket is closed for good, and takes no change.
    if failure.kind == FailureKind::InvalidArguments && body["details"]["status"].is_array() {
        failure.kind = FailureKind::Conflict;
    }
    let reasons = reasons(&body);
    if !reasons.is_empty() {
        failure.message = format!("{} ({reasons})", failure.message);
    }
    if failure.kind != FailureKind::InvalidArguments {
        return failure;
    }
    let names = |fields: &[&str]| fields.iter().any(|field| body["details"][field].is_array());
    if names(&OF_SETTINGS) {
        return failure.by_settings(&["group_id", "brand_id"]);
    }
    if names(&NOT_GIVEN) {
        failure.kind = FailureKind::Denied;
        failure.message.push_str("; no argument helps: a person has to look at it in Zendesk");
    }
    failure
}

/// `{"details":{"priority":[{"description":"Priority: …"}]}}` in one line.
fn reasons(body: &Value) -> String {
    let fields = body["details"].as_object().into_iter().flatten();
    let reasons = fields.filter_map(|(_, reasons)| reasons.as_array()).flatten();
    let words: Vec<&str> = reasons.filter_map(|reason| reason["description"].as_str()).collect();
    words.join("; ").chars().take(REASONS_CHARS_MAX).collect()
}
