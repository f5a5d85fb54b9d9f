//! What HubSpot says when it refuses, as kinds of failure: the shape of its errors, and whose doing they are.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/error-handling>, where every field is optional.

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;
use serde_json::Value;

/// How many characters of HubSpot's own words are told. Protects the model's context.
const WORDS_CHARS_MAX: usize = 500;
/// How long a record stays locked, by HubSpot's page on errors, in milliseconds.
const LOCKED_MS: u64 = 2_000;
/// After the limit of a search, which is one of each second, in milliseconds.
const SECOND_MS: u64 = 1_000;
/// After the limit of ten seconds nothing is gained by asking sooner, in milliseconds.
const TEN_SECONDS_MS: u64 = 10_000;
/// The day's limit ends at midnight in the account's time zone, which nobody tells: ask every hour, in milliseconds. The
/// host waits no longer than the assistant's retries may.
const DAY_AGAIN_MS: u64 = 3_600_000;
/// HubSpot's code for a property that the account doesn't have.
const NO_SUCH_PROPERTY: &str = "PROPERTY_DOESNT_EXIST";

/// Whose doing a refused value is.
#[derive(Clone, Copy)]
enum Whose {
    /// The settings': no argument can put it right.
    Settings,
    /// The account's, which lacks what the tool sets.
    Account(&'static str),
    /// The model's, with what would be right.
    Model(&'static str),
}

/// Properties whose values come from elsewhere than a text that was said.
const REFUSED: [(&str, Whose); 6] = [
    ("dealstage", Whose::Settings),
    ("pipeline", Whose::Settings),
    ("hubspot_owner_id", Whose::Settings),
    (
        "lifecyclestage",
        Whose::Account(
            "HubSpot doesn't take the lifecycle stage `lead`: an administrator has to look at the account's stages",
        ),
    ),
    (
        "deal_currency_code",
        Whose::Model(
            "the account doesn't have this currency: leave out `amount` and `currency`, and say the amount in words elsewhere",
        ),
    ),
    ("hs_lead_status", Whose::Model("the account doesn't have this status: leave out `lead_status`")),
];

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
    response.ok_or(|failure, status, body: Value| explained(failure, status, &body))
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
    explained_by(Failure { code, ..failure }, &error.message, &error.errors)
}

fn explained(failure: Failure, status: u16, body: &Value) -> Failure {
    let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
    match status {
        403 => missing_scopes(failure, errors),
        // An account that is moved to another of HubSpot's places, with a `Retry-After`.
        477 => Failure { kind: FailureKind::RateLimited, ..failure },
        423 => Failure { kind: FailureKind::RateLimited, retry_after_ms: Some(LOCKED_MS), ..failure },
        429 => limited(failure, body["policyName"].as_str().unwrap_or_default()),
        _ => explained_by(failure, body["message"].as_str().unwrap_or_default(), errors),
    }
}

/// Which limit it is, and when it ends: HubSpot's documents promise no `Retry-After`.
fn limited(mut failure: Failure, policy: &str) -> Failure {
    let wait_ms = match policy {
        "SECONDLY" => Some(SECOND_MS),
        "TEN_SECONDLY_ROLLING" => Some(TEN_SECONDS_MS),
        "DAILY" => Some(DAY_AGAIN_MS),
        _ => None,
    };
    failure.retry_after_ms = failure.retry_after_ms.or(wait_ms);
    if policy == "DAILY" {
        failure.message.push_str("; the HubSpot account has used up its requests of today");
    }
    if !policy.is_empty() {
        failure.code = Some(short(policy));
    }
    failure
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

/// Says of a refusal of values whose doing it is: what is the tenant's to put right, the model can't.
fn explained_by(failure: Failure, message: &str, errors: &[Value]) -> Failure {
    if failure.kind != FailureKind::InvalidArguments {
        return failure;
    }
    let is_refused = |property: &str| {
        // The JSON that HubSpot's message may end with.
        let written = format!("\"name\":\"{property}\"");
        let is_listed = |error: &Value| {
            error["context"]["propertyName"].as_array().is_some_and(|names| names.iter().any(|name| name == property))
        };
        message.contains(&written) || errors.iter().any(is_listed)
    };
    let whose: Vec<Whose> = REFUSED.iter().filter(|(name, _)| is_refused(name)).map(|(_, whose)| *whose).collect();
    let lacks_one = message.contains(NO_SUCH_PROPERTY) || errors.iter().any(|error| error["code"] == NO_SUCH_PROPERTY);
    // What isn't among these and isn't there is what the settings name.
    let of_the_settings =
        if whose.is_empty() { lacks_one } else { whose.iter().any(|it| matches!(it, Whose::Settings)) };
    if of_the_settings {
        return self::of_the_settings(failure);
    }
    // What no argument can put right comes first.
    let of_the_account = whose.iter().find(|whose| matches!(whose, Whose::Account(_)));
    let (kind, words) = match of_the_account.or(whose.first()) {
        Some(Whose::Account(words)) => (FailureKind::Denied, *words),
        Some(Whose::Model(words)) => (FailureKind::InvalidArguments, *words),
        _ => return failure,
    };
    Failure { kind, message: format!("{}; {words}", failure.message), ..failure }
}

/// A refusal of what the settings say.
pub(crate) fn of_the_settings(failure: Failure) -> Failure {
    let message = format!("the plugin's settings don't fit the HubSpot account: {}", failure.message);
    Failure { kind: FailureKind::Denied, message, ..failure }
}
