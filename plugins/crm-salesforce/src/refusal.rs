//! What Salesforce says when it refuses: a list of errors, each with a code, a message and the fields it speaks of
//! (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm; the codes are those of
//! developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm).

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;

/// How many characters of the reasons are told. Protects the model's context.
const REASONS_CHARS_MAX: usize = 500;

#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    message: String,
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(default)]
    fields: Vec<String>,
}

/// The response if its status is 2xx, else the failure with Salesforce's reasons.
pub(crate) fn told(response: Response) -> Result<Response, Failure> {
    let (status, reasons) = (response.status(), reasons(&response));
    response.ok().map_err(|failure| match &reasons[..] {
        _ if status == 300 => Failure::conflict(
            "several records have this key: the key field isn't unique in the org, and nothing was done; an \
             administrator has to make it so",
        ),
        [] => failure,
        [first, ..] => explained(failure, first, &reasons),
    })
}

/// Whether this says that there is no such record, and not that there is no such key field.
pub(crate) fn is_absent(response: &Response) -> bool {
    response.status() == 404 && !reasons(response).iter().any(Refusal::is_of_the_key_field)
}

fn reasons(response: &Response) -> Vec<Refusal> {
    if response.status() < 400 {
        return Vec::new();
    }
    serde_json::from_slice(response.bytes()).unwrap_or_default()
}

fn explained(mut failure: Failure, first: &Refusal, all: &[Refusal]) -> Failure {
    let said: Vec<String> = all.iter().map(Refusal::words).collect();
    let said: String = said.join("; ").chars().take(REASONS_CHARS_MAX).collect();
    let (kind, advice) = first.meaning();
    failure.kind = kind.unwrap_or(failure.kind);
    failure.message = match advice {
        "" => format!("Salesforce refuses this: {said}"),
        advice => format!("Salesforce refuses this: {said}; {advice}"),
    };
    failure.with_code(first.code.as_str())
}

impl Refusal {
    fn words(&self) -> String {
        match &self.fields[..] {
            [] => format!("{} ({})", self.message, self.code),
            fields => format!("{} ({} of {})", self.message, self.code, fields.join(", ")),
        }
    }

    /// A key field that isn't there is not found, just as a record.
    fn is_of_the_key_field(&self) -> bool {
        self.code == "NOT_FOUND" && self.message.to_ascii_lowercase().contains("external id field")
    }

    /// The kind of failure, where the status doesn't tell it, and what would be right.
    fn meaning(&self) -> (Option<FailureKind>, &'static str) {
        use FailureKind as Kind;
        let (kind, advice) = match self.code.as_str() {
            _ if self.is_of_the_key_field() => (
                Kind::Denied,
                "an administrator has to make the key field an external id, and visible to the integration user",
            ),
            "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" | "INVALID_TYPE" => (
                Kind::Denied,
                "the org lacks this, or hides it from the integration user: an administrator has to look",
            ),
            "INSUFFICIENT_ACCESS"
            | "INSUFFICIENT_ACCESS_OR_READONLY"
            | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
            | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
            | "API_DISABLED_FOR_ORG"
            | "API_CURRENTLY_DISABLED"
            | "FUNCTIONALITY_NOT_ENABLED"
            | "STORAGE_LIMIT_EXCEEDED" => (Kind::Denied, "an administrator of the org has to look"),
            // A session that ended is refused before anything is done; the host asks for another token.
            "INVALID_SESSION_ID" => (Kind::Unavailable, "the next request gets a new session"),
            "REQUEST_LIMIT_EXCEEDED" => (Kind::RateLimited, "the org has used up its API requests for now"),
            "QUERY_TIMEOUT" => (Kind::Unavailable, "the query took too long"),
            "UNABLE_TO_LOCK_ROW" => (Kind::Unavailable, "somebody else is changing the record at this moment"),
            "DUPLICATES_DETECTED" => (Kind::Conflict, "find the record that there is, and use it"),
            "DUPLICATE_VALUE" => (Kind::Conflict, "another record has this value already"),
            "CANNOT_UPDATE_CONVERTED_LEAD" => (Kind::Conflict, "the lead was converted: find the contact"),
            "ENTITY_IS_LOCKED" => (Kind::Conflict, "the record is locked, as while it waits for approval"),
            "ENTITY_IS_DELETED" => (Kind::NotFound, "it was deleted: find another"),
            "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY" => {
                (Kind::NotFound, "take ids as find_contact and find_opportunities tell them")
            }
            "REQUIRED_FIELD_MISSING"
            | "STRING_TOO_LONG"
            | "FIELD_CUSTOM_VALIDATION_EXCEPTION"
            | "FIELD_INTEGRITY_EXCEPTION"
            | "INVALID_EMAIL_ADDRESS"
            | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
            | "NUMBER_OUTSIDE_VALID_RANGE"
            | "MALFORMED_ID" => (Kind::InvalidArguments, ""),
            _ => return (None, ""),
        };
        (Some(kind), advice)
    }
}
