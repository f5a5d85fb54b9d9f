//! Which properties an object may have, and with what values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Kind, Refused};

const NOTE_BODY_CHARS_MAX: usize = 65_536;

/// The vendor's own contact properties that an integration usually writes.
const CONTACT: &[&str] = &[
    "address",
    "annualrevenue",
    "city",
    "company",
    "country",
    "date_of_birth",
    "degree",
    "email",
    "fax",
    "firstname",
    "gender",
    "hs_language",
    "hs_lead_status",
    "hubspot_owner_id",
    "industry",
    "jobtitle",
    "job_function",
    "lastname",
    "lifecyclestage",
    "message",
    "mobilephone",
    "numemployees",
    "phone",
    "salutation",
    "state",
    "twitterhandle",
    "website",
    "work_email",
    "zip",
];

const NOTE: &[&str] = &["hs_attachment_ids", "hs_note_body", "hs_timestamp", "hubspot_owner_id"];

const READ_ONLY: &[&str] = &["createdate", "hs_createdate", "hs_lastmodifieddate", "hs_object_id", "lastmodifieddate"];

const LIFECYCLE_STAGES: &[&str] = &[
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
];

const LEAD_STATUSES: &[&str] =
    &["NEW", "OPEN", "IN_PROGRESS", "OPEN_DEAL", "UNQUALIFIED", "ATTEMPTED_TO_CONTACT", "CONNECTED", "BAD_TIMING"];

/// Refuses the properties that HubSpot would refuse, all of them in one answer.
pub(super) fn check(
    kind: Kind,
    custom: &BTreeSet<String>,
    properties: &BTreeMap<String, String>,
) -> Result<(), Refused> {
    let problems: Vec<Value> = properties
        .iter()
        .filter_map(|(name, value)| {
            let (error, message) = problem(kind, custom, name, value)?;
            Some(json!({ "isValid": false, "message": message, "error": error, "name": name }))
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    let errors = problems
        .iter()
        .map(|problem| json!({ "message": problem["message"], "code": problem["error"], "context": { "propertyName": [problem["name"]] } }))
        .collect();
    let message = format!("Property values were not valid: {}", Value::Array(problems));
    Err(Refused { errors, ..Refused::invalid(&message) })
}

fn problem(kind: Kind, custom: &BTreeSet<String>, name: &str, value: &str) -> Option<(&'static str, String)> {
    let known = match kind {
        Kind::Contacts => CONTACT.contains(&name) || custom.contains(name),
        Kind::Notes => NOTE.contains(&name),
    };
    if READ_ONLY.contains(&name) {
        return Some(("READ_ONLY_VALUE", format!("\"{name}\" is a read only property; its value cannot be set.")));
    }
    if !known {
        return Some(("PROPERTY_DOESNT_EXIST", format!("Property \"{name}\" does not exist")));
    }
    match name {
        "email" if !is_email(value) => Some(("INVALID_EMAIL", format!("Email address {value} is invalid"))),
        "lifecyclestage" if !LIFECYCLE_STAGES.contains(&value) => Some(invalid_option(value, LIFECYCLE_STAGES)),
        "hs_lead_status" if !LEAD_STATUSES.contains(&value) => Some(invalid_option(value, LEAD_STATUSES)),
        "hs_timestamp" if !is_instant(value) => Some(("INVALID_DATE", format!("{value} was not a valid date."))),
        "hs_note_body" if value.chars().count() > NOTE_BODY_CHARS_MAX => {
            Some(("INVALID_STRING", format!("the value is longer than {NOTE_BODY_CHARS_MAX} characters")))
        }
        _ => None,
    }
}

fn invalid_option(value: &str, options: &[&str]) -> (&'static str, String) {
    ("INVALID_OPTION", format!("{value} was not one of the allowed options: [{}]", options.join(", ")))
}

fn is_email(value: &str) -> bool {
    value.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.split('.').count() > 1
            && domain.split('.').all(|label| !label.is_empty())
            && !value.contains(char::is_whitespace)
            && !domain.contains('@')
    })
}

/// Milliseconds since the Unix epoch, or ISO 8601 with an offset.
fn is_instant(value: &str) -> bool {
    value.parse::<u64>().is_ok() || value.parse::<jiff::Timestamp>().is_ok()
}
