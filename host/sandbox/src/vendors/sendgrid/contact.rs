//! Contacts: what one may hold, and how an upsert changes it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::refused::Problem;
use super::seed::{Account, CustomField, FieldType};
use crate::email::is_email;
use crate::time::iso;

const EMAIL_CHARS_MAX: usize = 254;
const ALTERNATE_EMAILS_MAX: usize = 5;

/// The reserved fields that are text, and how many characters each takes.
const TEXTS: &[(&str, usize)] = &[
    ("address_line_1", 100),
    ("address_line_2", 100),
    ("city", 60),
    ("country", 50),
    ("first_name", 50),
    ("last_name", 50),
    ("postal_code", usize::MAX),
    ("state_province_region", 50),
];

/// By which a contact may go besides the email address.
const OTHER_IDENTIFIERS: &[&str] = &["phone_number_id", "external_id", "anonymous_id"];

#[derive(Clone)]
pub(super) struct Contact {
    id: String,
    fields: BTreeMap<String, Value>,
    custom_fields: BTreeMap<String, Value>,
    pub(super) list_ids: BTreeSet<String>,
    created_ms: u64,
    updated_ms: u64,
}

/// One contact of an upsert, checked.
pub(super) struct Put {
    pub(super) email: String,
    fields: BTreeMap<String, Value>,
    custom_fields: BTreeMap<String, Value>,
}

impl Put {
    /// Reads it, or says all that is wrong with it.
    pub(super) fn read(given: &Value, account: &Account) -> Result<Put, Vec<Problem>> {
        let Some(given) = given.as_object() else {
            return Err(vec![Problem { field: None, message: "a contact must be an object".to_owned() }]);
        };
        let mut problems = Vec::new();
        let mut fields = BTreeMap::new();
        for (name, chars_max) in TEXTS {
            let Some(value) = given.get(*name).filter(|value| !value.is_null()) else { continue };
            match value.as_str() {
                None => problems.push(Problem::of(name, &format!("{name} must be a string"))),
                Some(text) if text.chars().count() > *chars_max => {
                    problems.push(Problem::of(name, &format!("{name} is longer than {chars_max} characters")));
                }
                Some(text) => _ = fields.insert((*name).to_owned(), text.into()),
            }
        }
        if let Some(others) = given.get("alternate_emails").filter(|value| !value.is_null()) {
            match alternate_emails(others) {
                Some(others) => _ = fields.insert("alternate_emails".to_owned(), others),
                None => problems.push(Problem::of(
                    "alternate_emails",
                    &format!("alternate_emails must be at most {ALTERNATE_EMAILS_MAX} valid email addresses"),
                )),
            }
        }
        let custom_fields = custom_fields(given.get("custom_fields"), account, &mut problems);
        match email(given) {
            Ok(email) if problems.is_empty() => Ok(Put { email, fields, custom_fields }),
            Ok(_) => Err(problems),
            Err(problem) => {
                problems.insert(0, problem);
                Err(problems)
            }
        }
    }
}

impl Contact {
    pub(super) fn new(ordinal: usize, now_ms: u64) -> Contact {
        Contact {
            id: format!("00000000-0000-4000-9000-{ordinal:012x}"),
            fields: BTreeMap::new(),
            custom_fields: BTreeMap::new(),
            list_ids: BTreeSet::new(),
            created_ms: now_ms,
            updated_ms: now_ms,
        }
    }

    /// Takes over what is given; the rest stays as it is.
    pub(super) fn take(&mut self, put: Put, list_ids: &[String], now_ms: u64) {
        self.fields.extend(put.fields);
        self.custom_fields.extend(put.custom_fields);
        self.list_ids.extend(list_ids.iter().cloned());
        self.updated_ms = now_ms;
    }

    /// As the vendor shows it: custom fields go by their names, though an upsert goes by their ids. It has no segments.
    pub(super) fn record(&self, email: &str, account: &Account) -> Value {
        let named = |field: &CustomField| Some((field.name.clone(), self.custom_fields.get(&field.id)?.clone()));
        let mut record = Map::from_iter(self.fields.clone());
        record.insert("id".to_owned(), self.id.as_str().into());
        record.insert("email".to_owned(), email.into());
        record.insert("list_ids".to_owned(), json!(self.list_ids));
        record.insert("segment_ids".to_owned(), json!([]));
        record.insert("custom_fields".to_owned(), account.custom_fields.iter().filter_map(named).collect());
        record.insert("created_at".to_owned(), iso(self.created_ms).into());
        record.insert("updated_at".to_owned(), iso(self.updated_ms).into());
        record.into()
    }
}

/// The address that a contact goes by, in small letters.
fn email(given: &Map<String, Value>) -> Result<String, Problem> {
    let text = match given.get("email") {
        None | Some(Value::Null) => {
            let other = OTHER_IDENTIFIERS.iter().find(|name| given.contains_key(**name));
            return Err(match other {
                Some(other) => Problem::of(other, &format!("the sandbox does not play contacts that go by {other}")),
                None => Problem::of("email", "email is required"),
            });
        }
        Some(value) => value.as_str().map(str::trim),
    };
    let sound = text.filter(|text| is_email(text) && text.chars().count() <= EMAIL_CHARS_MAX);
    sound.map(str::to_lowercase).ok_or_else(|| Problem::of("email", "email is not a valid email address"))
}

fn alternate_emails(given: &Value) -> Option<Value> {
    let given = given.as_array().filter(|emails| emails.len() <= ALTERNATE_EMAILS_MAX)?;
    let lower = given.iter().map(|email| email.as_str().filter(|email| is_email(email)).map(str::to_lowercase));
    lower.collect::<Option<Vec<String>>>().map(Value::from)
}

fn custom_fields(given: Option<&Value>, account: &Account, problems: &mut Vec<Problem>) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let Some(given) = given.filter(|value| !value.is_null()) else { return fields };
    let Some(given) = given.as_object() else {
        problems.push(Problem::of("custom_fields", "custom_fields must be an object"));
        return fields;
    };
    for (id, value) in given {
        let place = format!("custom_fields.{id}");
        match account.custom_fields.iter().find(|field| field.id == *id) {
            None => problems.push(Problem::of(&place, &format!("there is no custom field with the id {id}"))),
            Some(field) => match field.field_type.complaint(value) {
                Some(complaint) => problems.push(Problem::of(&place, &format!("{id} must be {complaint}"))),
                None => _ = fields.insert(id.clone(), value.clone()),
            },
        }
    }
    fields
}

impl FieldType {
    /// What a value would have to be, if it isn't.
    fn complaint(self, value: &Value) -> Option<&'static str> {
        let (sound, wanted) = match self {
            FieldType::Text => (value.is_string(), "a string"),
            FieldType::Number => (value.is_number(), "a number"),
            FieldType::Date => (value.as_str().is_some_and(is_date), "a date, such as 2026-03-01T09:30:00Z"),
        };
        (!sound).then_some(wanted)
    }
}

/// A day or an instant, in ISO 8601.
fn is_date(text: &str) -> bool {
    text.parse::<jiff::civil::Date>().is_ok() || text.parse::<jiff::Timestamp>().is_ok()
}
