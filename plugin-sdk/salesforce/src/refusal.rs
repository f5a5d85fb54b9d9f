//! What Salesforce says when it refuses: a list of errors, each with a code, a message and the fields it speaks of, or of the
//! results of actions with such lists
//! (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm; the codes are those of
//! developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm).

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// How many characters of the reasons are told. Protects the model's context.
const REASONS_CHARS_MAX: usize = 500;
/// How many records that stand in the way are named. Protects the model's context.
const RECORDS_NAMED_MAX: usize = 5;

/// What a refusal means, where the status doesn't tell it: the kind of failure, and what would be right.
#[derive(Debug)]
pub struct Meaning {
    /// The kind.
    pub kind: FailureKind,
    /// What would be right, or who has to do something.
    pub advice: String,
}

/// What a plugin knows of a refusal.
pub(crate) type Own = fn(&Refusal<'_>) -> Option<Meaning>;

/// One of the errors.
pub struct Refusal<'a>(&'a Value);

/// The response if its status is 2xx, else the failure with Salesforce's reasons.
pub(crate) fn told(response: Response, own: Own) -> Result<Response, Failure> {
    response.ok_or(|failure, status, body: Value| {
        if status == 300 {
            // The addresses of the records, among which Salesforce can't choose.
            let addresses = list(&body).filter_map(Value::as_str);
            return several(addresses.filter_map(|address| address.rsplit('/').next()).map(str::to_owned));
        }
        explained(failure, &body, own)
    })
}

/// What an action that was answered with success says of itself where it failed nonetheless.
pub(crate) fn of_action(results: &Value, own: Own) -> Failure {
    explained(Failure::invalid_arguments("Salesforce's action failed"), results, own)
}

/// Errors themselves, or those of the results of actions.
fn reasons(body: &Value) -> Vec<Refusal<'_>> {
    let of_actions = list(body).flat_map(|result| list(&result["errors"]));
    list(body).chain(of_actions).map(Refusal).filter(|refusal| !refusal.code().is_empty()).collect()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Which of several records with one key is meant, nobody can tell.
pub(crate) fn several(records: impl Iterator<Item = String>) -> Failure {
    let records = named(records);
    Failure::conflict(format!(
        "several records have this key{records}, and nothing was done: an administrator has to merge them, and to make \
         the key field unique"
    ))
}

fn named(records: impl Iterator<Item = String>) -> String {
    let records: Vec<String> = records.take(RECORDS_NAMED_MAX).collect();
    if records.is_empty() { String::new() } else { format!(", {}", records.join(", ")) }
}

fn explained(mut failure: Failure, body: &Value, own: Own) -> Failure {
    let all = reasons(body);
    let Some(first) = all.first() else { return failure };
    let said: Vec<String> = all.iter().map(Refusal::words).collect();
    let said: String = said.join("; ").chars().take(REASONS_CHARS_MAX).collect();
    failure.message = format!("Salesforce refuses this: {said}");
    // Where a plugin knows of one, it is most often what no argument can put right, so that the others don't matter.
    if let Some(Meaning { kind, advice }) = all.iter().find_map(own).or_else(|| first.meaning()) {
        failure.kind = kind;
        if !advice.is_empty() {
            failure.message.push_str("; ");
            failure.message.push_str(&advice);
        }
    }
    failure.with_code(first.code())
}

impl Refusal<'_> {
    /// Its code, such as `INVALID_FIELD`.
    pub fn code(&self) -> &str {
        // An action's errors have the other name.
        self.0["errorCode"].as_str().or(self.0["statusCode"].as_str()).unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.0["message"].as_str().unwrap_or_default()
    }

    /// The fields that it speaks of, where it does.
    pub fn fields(&self) -> Vec<&str> {
        list(&self.0["fields"]).filter_map(Value::as_str).collect()
    }

    /// The records that duplicate rules have found. The REST API itself leaves out the `l`.
    fn duplicates(&self) -> String {
        let mut found: Vec<String> = Vec::new();
        for place in ["duplicateResut", "duplicateResult"] {
            let records = list(&self.0[place]["matchResults"]).flat_map(|result| list(&result["matchRecords"]));
            for record in records.map(|each| &each["record"]) {
                let Some(id) = record["Id"].as_str() else { continue };
                let named = format!("{} {id}", record["attributes"]["type"].as_str().unwrap_or("record"));
                // Several rules may find the same one.
                if !found.contains(&named) {
                    found.push(named);
                }
            }
        }
        named(found.into_iter())
    }

    fn words(&self) -> String {
        match &self.fields()[..] {
            [] => format!("{} ({})", self.message(), self.code()),
            fields => format!("{} ({} of {})", self.message(), self.code(), fields.join(", ")),
        }
    }

    /// Whether it is of a key field that isn't there, which is not found, just as a record.
    pub fn is_of_the_key_field(&self) -> bool {
        self.code() == "NOT_FOUND" && self.message().to_ascii_lowercase().contains("external id field")
    }

    fn is_of_an_action(&self) -> bool {
        self.0["statusCode"].is_string()
    }

    fn meaning(&self) -> Option<Meaning> {
        use FailureKind as Kind;
        let (kind, advice) = match self.code() {
            "DUPLICATES_DETECTED" => {
                let advice = format!("nothing was done: use the record that there is{}", self.duplicates());
                return Some(Meaning { kind: Kind::Conflict, advice });
            }
            // Of an action, it comes with a status that says nothing of it.
            "UNKNOWN_EXCEPTION" if self.is_of_an_action() => {
                (Kind::OutcomeUnknown, "Salesforce failed in the middle of it")
            }
            _ if self.is_of_the_key_field() => (
                Kind::Misconfigured,
                "an administrator has to make the key field an external id of this object, and visible to the integration \
                 user",
            ),
            code => meaning_of(code)?,
        };
        Some(Meaning { kind, advice: advice.to_owned() })
    }
}

fn meaning_of(code: &str) -> Option<(FailureKind, &'static str)> {
    use FailureKind as Kind;
    Some(match code {
        // Names of objects and fields are the plugin's or its settings', and what was said is a literal in a query.
        "INVALID_FIELD" | "INVALID_FIELD_FOR_INSERT_UPDATE" | "INVALID_TYPE" | "MALFORMED_QUERY" => (
            Kind::Misconfigured,
            "the org lacks this object or field, or hides it from the integration user: an administrator has to look \
             at it, and at the plugin's settings",
        ),
        "INSUFFICIENT_ACCESS"
        | "INSUFFICIENT_ACCESS_OR_READONLY"
        | "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
        | "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
        | "API_DISABLED_FOR_ORG"
        | "API_CURRENTLY_DISABLED"
        | "FUNCTIONALITY_NOT_ENABLED"
        | "STORAGE_LIMIT_EXCEEDED" => (Kind::Denied, "an administrator of the org has to look"),
        // Of most records, the org's rules and automations say the owner.
        "INACTIVE_OWNER_OR_USER" => (
            Kind::Denied,
            "who would get this is no active user: an administrator has to look at the org's assignment, and at whom the \
             plugin's settings name",
        ),
        // A session that ended is refused before anything is done; the host asks for another token.
        "INVALID_SESSION_ID" => (Kind::Unavailable, "the next request gets a new session"),
        "REQUEST_LIMIT_EXCEEDED" => (Kind::RateLimited, "the org has used up its API requests for now"),
        "QUERY_TIMEOUT" => (Kind::Unavailable, "the query took too long"),
        "UNABLE_TO_LOCK_ROW" => (Kind::Unavailable, "somebody else is changing the record at this moment"),
        "DUPLICATE_VALUE" => (Kind::Conflict, "another record has this value already"),
        "CANNOT_UPDATE_CONVERTED_LEAD" => (Kind::Conflict, "the lead was converted: find the contact"),
        "ENTITY_IS_LOCKED" => (Kind::Conflict, "the record is locked, as while it waits for approval"),
        "ENTITY_IS_DELETED" => (Kind::NotFound, "it was deleted: find another"),
        "NOT_FOUND" | "INVALID_CROSS_REFERENCE_KEY" | "INVALID_QUERY_FILTER_OPERATOR" => {
            (Kind::NotFound, "take ids as the tools that find records tell them")
        }
        "REQUIRED_FIELD_MISSING"
        | "STRING_TOO_LONG"
        | "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        | "FIELD_INTEGRITY_EXCEPTION"
        | "INVALID_EMAIL_ADDRESS"
        | "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
        | "NUMBER_OUTSIDE_VALID_RANGE"
        | "MALFORMED_ID" => (Kind::InvalidArguments, ""),
        _ => return None,
    })
}
