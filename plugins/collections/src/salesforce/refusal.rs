//! What Salesforce says when it refuses: a list of errors, each with a code and a message
//! (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm; the codes are those of
//! developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm).

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;

/// The kind of failure, where the status doesn't tell it, and what would be right.
type Meaning = (FailureKind, &'static str);

/// One of the errors.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    message: String,
}

/// The response if its status is 2xx, else the failure with Salesforce's reasons.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    told_of(response, Refusal::meaning)
}

/// The same of an upsert. Its account was found before: what isn't there is what the settings name.
pub(super) fn told_of_upsert(response: Response) -> Result<Response, Failure> {
    told_of(response, |refusal| match refusal.error_code.as_str() {
        "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY" if !refusal.is_of_the_key() => Some((
            FailureKind::Denied,
            "the object, or the owner of tasks, isn't there: an administrator has to look at the org and at the plugin's \
             settings",
        )),
        _ => refusal.meaning(),
    })
}

fn told_of(response: Response, meaning: impl Fn(&Refusal) -> Option<Meaning>) -> Result<Response, Failure> {
    let is_ambiguous = response.status() == 300;
    let response = response.ok_or(|failure, _, refusals: Vec<Refusal>| {
        let Some((kind, advice)) = refusals.first().and_then(meaning) else { return failure };
        Failure { kind, message: format!("{}; {advice}", failure.message), ..failure }
    });
    response.map_err(|failure| if is_ambiguous { ambiguous() } else { failure })
}

/// Salesforce can't choose among several records.
fn ambiguous() -> Failure {
    Failure::conflict(
        "several records have this key, and nothing was done: an administrator has to make the key field unique",
    )
}

impl Refusal {
    /// Whether it is of a key field that isn't there, which is not found, just as a record.
    fn is_of_the_key(&self) -> bool {
        self.error_code == "NOT_FOUND" && self.message.to_ascii_lowercase().contains("external id field")
    }

    fn meaning(&self) -> Option<Meaning> {
        use FailureKind as Kind;
        if self.is_of_the_key() {
            return Some((Kind::Denied, "an administrator has to make the key field an external id of this object"));
        }
        Some(match self.error_code.as_str() {
            "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" | "INVALID_TYPE" | "MALFORMED_QUERY" => (
                Kind::Denied,
                "the org lacks this object or field, or hides it from the integration user: an administrator has to look \
                 at it and at the plugin's settings",
            ),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" => (
                Kind::Denied,
                "an administrator has to add the plugin's values to the field's picklist: the statuses, as its page has them",
            ),
            "INSUFFICIENT_ACCESS"
            | "INSUFFICIENT_ACCESS_OR_READONLY"
            | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
            | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
            | "INACTIVE_OWNER_OR_USER"
            | "API_DISABLED_FOR_ORG"
            | "STORAGE_LIMIT_EXCEEDED" => (Kind::Denied, "an administrator of the org has to look"),
            // A session that ended is refused before anything is done; the host asks for another token.
            "INVALID_SESSION_ID" => (Kind::Unavailable, "the next request gets a new session"),
            "REQUEST_LIMIT_EXCEEDED" => (Kind::RateLimited, "the org has used up its API requests for now"),
            "QUERY_TIMEOUT" => (Kind::Unavailable, "the query took too long"),
            "UNABLE_TO_LOCK_ROW" => (Kind::Unavailable, "somebody else is changing the record at this moment"),
            "ENTITY_IS_LOCKED" => (Kind::Conflict, "the record is locked, as while it waits for approval"),
            "DUPLICATE_VALUE" | "DUPLICATES_DETECTED" => {
                (Kind::Conflict, "another record is in the way; nothing was done")
            }
            "NOT_FOUND"
            | "INVALID_CROSS_REFERENCE_KEY"
            | "ENTITY_IS_DELETED"
            | "MALFORMED_ID"
            | "INVALID_QUERY_FILTER_OPERATOR" => (Kind::NotFound, "give account_id as find_account tells it"),
            _ => return None,
        })
    }
}
