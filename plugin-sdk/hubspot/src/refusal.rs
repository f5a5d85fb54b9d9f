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
/// HubSpot's codes for a property that the account doesn't have, and for a value that isn't among a property's options. Both
/// are made in the account.
const OF_THE_ACCOUNT: [&str; 2] = ["PROPERTY_DOESNT_EXIST", "INVALID_OPTION"];

/// Whose doing it is, where HubSpot refuses what a plugin has sent. What it says nothing of is the settings', where the account
/// lacks it, else the model's.
#[derive(Clone, Debug, Default)]
pub struct Blame<'a> {
    /// Properties whose values are no text of the model's.
    pub properties: Vec<(&'a str, Whose)>,
    /// Words by which HubSpot's message speaks of what the settings say: it doesn't always name the property.
    pub words: Vec<&'a str>,
}

/// Whose doing a refused value is.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// The settings': no argument can put it right.
    Settings,
    /// The account's, which lacks what the tool sets; with what has to be done there.
    Account(&'static str),
    /// The model's, with what would be right.
    Model(&'static str),
}

/// Why one of a batch failed.
#[derive(Debug, Deserialize)]
pub(crate) struct BatchError {
    #[serde(default)]
    message: String,
    category: Option<String>,
    #[serde(default)]
    errors: Vec<Value>,
}

/// The response if its status is 2xx, else the failure with what HubSpot says of it.
pub(crate) fn told(response: Response, blame: &Blame<'_>) -> Result<Response, Failure> {
    response.ok_or(|failure, status, body: Value| explained(failure, status, &body, blame))
}

/// The failure of the one of a batch that failed, in an answer that is a success (207).
pub(crate) fn of_batch(what: &str, error: BatchError, blame: &Blame<'_>) -> Failure {
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
    blamed(Failure { code, ..failure }, &error.message, &error.errors, blame)
}

fn explained(failure: Failure, status: u16, body: &Value, blame: &Blame<'_>) -> Failure {
    let errors = body["errors"].as_array().map_or(&[][..], Vec::as_slice);
    match status {
        403 => missing_scopes(failure, errors),
        // An account that is moved to another of HubSpot's places, with a `Retry-After`.
        477 => Failure { kind: FailureKind::RateLimited, ..failure },
        423 => Failure { kind: FailureKind::RateLimited, retry_after_ms: Some(LOCKED_MS), ..failure },
        429 => limited(failure, body["policyName"].as_str().unwrap_or_default()),
        _ => blamed(failure, body["message"].as_str().unwrap_or_default(), errors, blame),
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
fn blamed(failure: Failure, message: &str, errors: &[Value], blame: &Blame<'_>) -> Failure {
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
    let whose = blame.properties.iter().filter(|(name, _)| is_refused(name)).map(|(_, whose)| *whose);
    let whose: Vec<Whose> = whose.collect();
    let has_code = |code: &&str| message.contains(*code) || errors.iter().any(|error| error["code"] == *code);
    let of_settings = match &whose[..] {
        [] => OF_THE_ACCOUNT.iter().any(has_code) || blame.words.iter().any(|word| has_word(message, word)),
        known => known.iter().any(|whose| matches!(whose, Whose::Settings)),
    };
    if of_settings {
        return of_the_settings(failure);
    }
    // What no argument can put right comes first.
    let of_the_account = whose.iter().find(|whose| matches!(whose, Whose::Account(_)));
    let (kind, words) = match of_the_account.or(whose.first()) {
        Some(Whose::Account(words)) => (FailureKind::Misconfigured, *words),
        Some(Whose::Model(words)) => (FailureKind::InvalidArguments, *words),
        _ => return failure,
    };
    Failure { kind, message: format!("{}; {words}", failure.message), ..failure }
}

fn has_word(message: &str, sought: &str) -> bool {
    let mut words = message.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.any(|word| word.eq_ignore_ascii_case(sought))
}

/// A refusal of what the settings say.
pub fn of_the_settings(failure: Failure) -> Failure {
    let message =
        format!("an operator has to make the plugin's settings and the HubSpot account fit: {}", failure.message);
    Failure { kind: FailureKind::Misconfigured, message, ..failure }
}
