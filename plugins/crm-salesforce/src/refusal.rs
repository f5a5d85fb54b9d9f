//! What Salesforce says when it refuses: a list of errors, each with a code, a message and the fields it speaks of
//! (developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm; the codes are those of
//! developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_concepts_core_data_objects.htm).

use aftercall::{Failure, FailureKind, Response};
use serde_json::Value;

/// How many characters of the reasons are told. Protects the model's context.
const REASONS_CHARS_MAX: usize = 500;
/// How many records that stand in the way are named. Protects the model's context.
const RECORDS_NAMED_MAX: usize = 5;

/// Fields whose values no argument can put right, and where they come from.
const OF_THE_TENANT: [(&str, &str); 7] = [
    ("LeadSource", "the plugin's setting `lead_source`"),
    ("StageName", "the plugin's setting `stages`"),
    ("CurrencyIsoCode", "the plugin's setting `currencies`"),
    ("Status", "the plugin's setting `completed_status`"),
    ("OwnerId", "the plugin's setting `task_owner_id`"),
    ("Priority", "the priorities of tasks, among which High, Normal and Low have to be"),
    ("TaskSubtype", "the subtypes of tasks, among which Call has to be"),
];

/// One of the errors.
struct Refusal<'a>(&'a Value);

/// The response if its status is 2xx, else the failure with Salesforce's reasons.
pub(crate) fn told(response: Response) -> Result<Response, Failure> {
    response.ok_or(|failure, status, body: Value| {
        if status == 300 {
            // The addresses of the records, among which Salesforce can't choose.
            let addresses = list(&body).filter_map(Value::as_str);
            return several(addresses.filter_map(|address| address.rsplit('/').next()).map(str::to_owned));
        }
        let reasons = reasons(&body);
        match reasons.first() {
            Some(first) => explained(failure, first, &reasons),
            None => failure,
        }
    })
}

fn reasons(body: &Value) -> Vec<Refusal<'_>> {
    list(body).map(Refusal).filter(|refusal| !refusal.code().is_empty()).collect()
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

fn explained(mut failure: Failure, first: &Refusal<'_>, all: &[Refusal<'_>]) -> Failure {
    let said: Vec<String> = all.iter().map(Refusal::words).collect();
    let said: String = said.join("; ").chars().take(REASONS_CHARS_MAX).collect();
    let refused = format!("Salesforce refuses this: {said}");
    // Nothing that the model can change helps while one of these is wrong.
    let of_the_tenant = all.iter().find_map(Refusal::of_the_tenant);
    let (kind, advice) = match of_the_tenant {
        Some(place) => (Some(FailureKind::Denied), format!("an administrator has to look at {place}")),
        None => first.meaning(),
    };
    failure.kind = kind.unwrap_or(failure.kind);
    failure.message = if advice.is_empty() { refused } else { format!("{refused}; {advice}") };
    failure.with_code(first.code())
}

impl Refusal<'_> {
    fn code(&self) -> &str {
        self.0["errorCode"].as_str().unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.0["message"].as_str().unwrap_or_default()
    }

    /// The fields that it speaks of.
    fn fields(&self) -> Vec<&str> {
        list(&self.0["fields"]).filter_map(Value::as_str).collect()
    }

    /// Where a value that is refused comes from, if that is no argument. A rule of the org, which may want another
    /// stage, is for the model.
    fn of_the_tenant(&self) -> Option<&'static str> {
        let of_a_value = matches!(
            self.code(),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
                | "INVALID_CROSS_REFERENCE_KEY"
                | "MALFORMED_ID"
                | "STRING_TOO_LONG"
                | "REQUIRED_FIELD_MISSING"
                | "FIELD_INTEGRITY_EXCEPTION"
        );
        let place = |field: &&str| OF_THE_TENANT.iter().find(|(name, _)| name == field).map(|(_, place)| *place);
        self.fields().iter().find_map(place).filter(|_| of_a_value)
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

    /// A key field that isn't there is not found, just as a record.
    fn is_of_the_key_field(&self) -> bool {
        self.code() == "NOT_FOUND" && self.message().to_ascii_lowercase().contains("external id field")
    }

    /// The kind of failure, where the status doesn't tell it, and what would be right.
    fn meaning(&self) -> (Option<FailureKind>, String) {
        let (kind, advice) = match self.code() {
            "DUPLICATES_DETECTED" => {
                return (
                    Some(FailureKind::Conflict),
                    format!("nothing was done: use the record that there is{}", self.duplicates()),
                );
            }
            code => self.meaning_of(code),
        };
        (kind, advice.to_owned())
    }

    fn meaning_of(&self, code: &str) -> (Option<FailureKind>, &'static str) {
        use FailureKind as Kind;
        let (kind, advice) = match code {
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
            // Of a lead and an opportunity, the org's rules and automations say the owner.
            "INACTIVE_OWNER_OR_USER" => (
                Kind::Denied,
                "who would get this is no active user: an administrator has to look at the org's assignment, and at the \
                 plugin's setting `task_owner_id`",
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
