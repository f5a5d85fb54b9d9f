//! What HubSpot says when it refuses, and whose doing it is: a day, an amount and an id are checked before they are sent, so what
//! is left of a refused property is nearly always the settings'.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/error-handling>, where every field is optional.

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;
use serde_json::Value;

use crate::names::Names;

/// How long a record stays locked, by HubSpot's page on errors, in milliseconds.
const LOCKED_MS: u64 = 2_000;
/// HubSpot's codes for a property that the account doesn't have, and for a value that isn't among a property's options.
const PROPERTY_AT_FAULT: [&str; 2] = ["PROPERTY_DOESNT_EXIST", "INVALID_OPTION"];
/// Settings with the names of properties whose values no argument can put right.
const NAMES_OF_PROPERTIES: [&str; 4] =
    ["status_property", "promised_date_property", "promised_amount_property", "key_property"];
/// Words for what the settings alone say: where deals go, and whose a task is.
const WORDS_OF_SETTINGS: [&str; 5] = ["pipeline", "dealstage", "stage", "hubspot_owner_id", "owner"];
/// Of a deal. Where the settings say no currency, it is the model's.
const CURRENCY: &str = "deal_currency_code";

/// Why one of a batch failed.
#[derive(Deserialize)]
pub(super) struct BatchError {
    #[serde(default)]
    message: String,
    category: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// The response if its status is 2xx, else the failure with what HubSpot says of it.
pub(super) fn told(answer: Response, names: &Names) -> Result<Response, Failure> {
    answer.ok_or(|failure, status, body: Value| match status {
        // A record that is locked for two seconds, and an account that is moved, with a `Retry-After`: both pass.
        423 | 477 => {
            let retry_after_ms = failure.retry_after_ms.or((status == 423).then_some(LOCKED_MS));
            Failure { kind: FailureKind::RateLimited, retry_after_ms, ..failure }
        }
        _ => {
            let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
            explained(failure, body["message"].as_str().unwrap_or_default(), errors, names)
        }
    })
}

/// The failure of the one deal of a batch that failed, in an answer that is a success (207).
pub(super) fn of_batch(error: BatchError, names: &Names) -> Failure {
    let kind = match error.category.as_deref() {
        Some("VALIDATION_ERROR") => FailureKind::InvalidArguments,
        Some("OBJECT_NOT_FOUND") => FailureKind::NotFound,
        Some("CONFLICT") => FailureKind::Conflict,
        Some("MISSING_SCOPES") => FailureKind::Denied,
        Some("RATE_LIMITS") => FailureKind::RateLimited,
        // Whether HubSpot did it before it failed is not said.
        _ => FailureKind::OutcomeUnknown,
    };
    let failure = Failure::new(kind, format!("HubSpot refuses the deal: {}", error.message));
    explained(Failure { code: error.category, ..failure }, &error.message, &error.errors, names)
}

/// Denied, where the settings are refused: the model can't correct them.
fn explained(failure: Failure, message: &str, errors: &[Value], names: &Names) -> Failure {
    if failure.kind != FailureKind::InvalidArguments || !is_of_the_settings(message, errors, names) {
        return failure;
    }
    let message = format!(
        "an operator has to make the plugin's settings and the HubSpot account's properties, pipelines and owners fit: {}",
        failure.message
    );
    Failure { kind: FailureKind::Denied, message, ..failure }
}

fn is_of_the_settings(message: &str, errors: &[Value], names: &Names) -> bool {
    let is_refused = |property: &str| {
        let listed = |error: &Value| {
            error["context"]["propertyName"].as_array().is_some_and(|names| names.iter().any(|name| name == property))
        };
        // The JSON that HubSpot's message may end with.
        message.contains(&format!("\"name\":\"{property}\"")) || errors.iter().any(listed)
    };
    if is_refused(CURRENCY) && names.text("currency").is_none() {
        return false;
    }
    let has_code = |code: &&str| message.contains(*code) || errors.iter().any(|error| error["code"] == *code);
    // Of a pipeline, an owner and a key HubSpot also tells in words alone.
    let has_word = |sought: &str| {
        let mut words = message.split(|character: char| !character.is_alphanumeric() && character != '_');
        words.any(|word| word.eq_ignore_ascii_case(sought))
    };
    PROPERTY_AT_FAULT.iter().any(has_code)
        || NAMES_OF_PROPERTIES.iter().any(|name| is_refused(names.of(name)))
        || WORDS_OF_SETTINGS.iter().any(|word| is_refused(word) || has_word(word))
        || has_word(names.of("key_property"))
}
