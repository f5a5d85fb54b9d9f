//! What HubSpot says when it refuses, as kinds of failure: the shape of its errors, and whose doing they are.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/error-handling>, where every field is optional.

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;
use serde_json::Value;

/// How many characters of HubSpot's own words are told. Protects the model's context.
const WORDS_CHARS_MAX: usize = 500;
/// How long a record stays locked, by HubSpot's page on errors, in milliseconds.
const LOCKED_MS: u64 = 2_000;
/// After the limit of ten seconds nothing is gained by asking sooner, in milliseconds.
const TEN_SECONDS_MS: u64 = 10_000;
/// The day's limit ends at midnight in the account's time zone, which nobody tells: ask every hour, in milliseconds.
const DAY_AGAIN_MS: u64 = 3_600_000;
/// Properties whose values are the tenant's settings, so that no argument can put them right.
const OF_THE_SETTINGS: [&str; 3] = ["dealstage", "pipeline", "hubspot_owner_id"];
/// HubSpot's code for a property that the account doesn't have.
const NO_SUCH_PROPERTY: &str = "PROPERTY_DOESNT_EXIST";

/// Why one of a batch failed.
#[derive(Deserialize)]
pub(crate) struct BatchError {
    #[serde(default)]
    message: String,
    category: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// The response if its status is 2xx, else the failure with what HubSpot says of it.
pub(crate) fn told(response: Response) -> Result<Response, Failure> {
    let status = response.status();
    let body: Value =
        if status < 400 { Value::Null } else { serde_json::from_str(&response.text()).unwrap_or_default() };
    response.ok().map_err(|failure| explained(failure, status, &body))
}

/// The failure of the one of a batch that failed, in an answer that is a success (207).
pub(crate) fn of_batch(what: &str, error: BatchError) -> Failure {
    let kind = match error.category.as_deref() {
        Some("VALIDATION_ERROR") => FailureKind::InvalidArguments,
        Some("OBJECT_NOT_FOUND") => FailureKind::NotFound,
        Some("CONFLICT") => FailureKind::Conflict,
        Some("MISSING_SCOPES") => FailureKind::Denied,
        Some("RATE_LIMITS") => FailureKind::RateLimited,
        // Whether HubSpot did it before it failed is not said.
        _ => FailureKind::OutcomeUnknown,
    };
    let failure = Failure::new(kind, format!("HubSpot refuses the {what}: {}", short(&error.message)));
    let code = error.category.as_deref().map(short);
    of_the_tenant(Failure { code, ..failure }, &error.errors)
}

fn explained(mut failure: Failure, status: u16, body: &Value) -> Failure {
    let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
    match status {
        403 => missing_scopes(failure, errors),
        423 => Failure { kind: FailureKind::RateLimited, retry_after_ms: Some(LOCKED_MS), ..failure },
        429 => {
            let policy = body["policyName"].as_str().unwrap_or_default();
            let wait_ms = match policy {
                "TEN_SECONDLY_ROLLING" => Some(TEN_SECONDS_MS),
                "DAILY" => Some(DAY_AGAIN_MS),
                _ => None,
            };
            failure.retry_after_ms = failure.retry_after_ms.or(wait_ms);
            if !policy.is_empty() {
                failure.code = Some(short(policy));
            }
            failure
        }
        _ => of_the_tenant(failure, errors),
    }
}

fn short(words: &str) -> String {
    words.chars().take(WORDS_CHARS_MAX).collect()
}

/// Names the scopes that the app's token lacks.
fn missing_scopes(failure: Failure, errors: &[Value]) -> Failure {
    let lists =
        errors.iter().flat_map(|error| ["requiredGranularScopes", "missingScopes"].map(|at| &error["context"][at]));
    let scopes: Vec<&str> = lists.filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    if scopes.is_empty() {
        return failure;
    }
    let message = format!("{}; the private app needs: {}", failure.message, short(&scopes.join(", ")));
    Failure { message, ..failure }
}

/// A refusal of what the settings say is the tenant's to put right: the model can't.
fn of_the_tenant(failure: Failure, errors: &[Value]) -> Failure {
    let ours = errors.iter().any(|error| {
        let named = error["context"]["propertyName"].as_array().into_iter().flatten().filter_map(Value::as_str);
        error["code"] == NO_SUCH_PROPERTY || named.into_iter().any(|name| OF_THE_SETTINGS.contains(&name))
    });
    if failure.kind != FailureKind::InvalidArguments || !(ours || failure.message.contains(NO_SUCH_PROPERTY)) {
        return failure;
    }
    let message = format!("the plugin's settings don't fit the HubSpot account: {}", failure.message);
    Failure { kind: FailureKind::Denied, message, ..failure }
}
