//! Which properties an object may have, and with what values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Kind, Portal, Refused, portal};
use crate::email::is_email;

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

const TASK: &[&str] = &[
    "hs_task_body",
    "hs_task_priority",
    "hs_task_status",
    "hs_task_subject",
    "hs_task_type",
    "hs_timestamp",
    "hubspot_owner_id",
];

const TASK_PRIORITIES: &[&str] = &["LOW", "MEDIUM", "HIGH"];
const TASK_STATUSES: &[&str] = &["NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"];
const TASK_TYPES: &[&str] = &["EMAIL", "CALL", "TODO"];

const DEAL: &[&str] = &[
    "amount",
    "closed_lost_reason",
    "closed_won_reason",
    "closedate",
    "deal_currency_code",
    "dealname",
    "dealstage",
    "dealtype",
    "description",
    "hs_next_step",
    "hs_priority",
    "hubspot_owner_id",
    "pipeline",
];

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
pub(super) fn check(kind: Kind, portal: &Portal, properties: &BTreeMap<String, String>) -> Result<(), Refused> {
    let problems: Vec<Value> = properties
        .keys()
        .filter_map(|name| {
            let (error, message) = problem(kind, portal, properties, name)?;
            Some(json!({ "isValid": false, "message": message, "error": error, "name": name }))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(not_valid(problems)) }
}

/// A value as HubSpot keeps it.
pub(super) fn normal(name: &str, value: &str) -> String {
    if name == "email" { value.trim().to_lowercase() } else { value.to_owned() }
}

/// The refusal of a value that another object has.
pub(super) fn not_unique(name: &str, value: &str, holder: u64) -> Refused {
    let message = format!("{value} is already the value of {name} on {holder}, and its values are unique");
    let error = "CONFLICTING_UNIQUE_VALUE";
    not_valid(vec![json!({ "isValid": false, "message": message, "error": error, "name": name })])
}

fn not_valid(problems: Vec<Value>) -> Refused {
    let errors = problems
        .iter()
        .map(|problem| {
            let context = json!({ "propertyName": [problem["name"]] });
            json!({ "message": problem["message"], "code": problem["error"], "context": context })
        })
        .collect();
    let message = format!("Property values were not valid: {}", Value::Array(problems));
    Refused { errors, ..Refused::invalid(&message) }
}

fn problem(
    kind: Kind,
    portal: &Portal,
    properties: &BTreeMap<String, String>,
    name: &str,
) -> Option<(&'static str, String)> {
    let value = properties.get(name)?.as_str();
    let own = match kind {
        Kind::Contacts => CONTACT,
        Kind::Notes => NOTE,
        Kind::Tasks => TASK,
        Kind::Deals => DEAL,
    };
    let known = own.contains(&name) || portal.has_added(kind, name);
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
        "hs_task_priority" if !TASK_PRIORITIES.contains(&value) => Some(invalid_option(value, TASK_PRIORITIES)),
        "hs_task_status" if !TASK_STATUSES.contains(&value) => Some(invalid_option(value, TASK_STATUSES)),
        "hs_task_type" if !TASK_TYPES.contains(&value) => Some(invalid_option(value, TASK_TYPES)),
        "amount" if !value.parse::<f64>().is_ok_and(f64::is_finite) => {
            Some(("INVALID_DOUBLE", format!("{value} was not a valid number.")))
        }
        "deal_currency_code" if value.len() != 3 || !value.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Some(invalid_option(value, &["EUR", "GBP", "USD"]))
        }
        "pipeline" if portal.stages(value).is_none() => Some(invalid_option(value, &portal.pipelines())),
        "dealstage" => {
            let stages = portal.stages(properties.get("pipeline").map_or(portal::DEFAULT_PIPELINE, String::as_str))?;
            (!stages.contains(&value)).then(|| invalid_option(value, &stages))
        }
        "closedate" if !is_instant(value) => Some(("INVALID_DATE", format!("{value} was not a valid date."))),
        "hs_timestamp" if !is_instant(value) => Some(("INVALID_DATE", format!("{value} was not a valid date."))),
        "hs_note_body" | "hs_task_body" if value.chars().count() > NOTE_BODY_CHARS_MAX => {
            Some(("INVALID_STRING", format!("the value is longer than {NOTE_BODY_CHARS_MAX} characters")))
        }
        _ => None,
    }
}

fn invalid_option(value: &str, options: &[&str]) -> (&'static str, String) {
    ("INVALID_OPTION", format!("{value} was not one of the allowed options: [{}]", options.join(", ")))
}

/// Milliseconds since the Unix epoch, or ISO 8601 with an offset.
fn is_instant(value: &str) -> bool {
    value.parse::<u64>().is_ok() || value.parse::<jiff::Timestamp>().is_ok()
}
