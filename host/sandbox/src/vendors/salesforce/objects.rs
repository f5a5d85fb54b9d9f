//! The objects, their fields, and their records.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::{DATA, KEY_FIELD};
use crate::email::is_email;
use crate::time::iso;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Account,
    Contact,
    Lead,
    Opportunity,
    Role,
    Task,
}

pub(super) struct Record {
    kind: Kind,
    pub(super) id: String,
    fields: Map<String, Value>,
}

#[derive(Default)]
pub(super) struct Records(Vec<Record>);

impl Kind {
    pub(super) const ALL: [Kind; 6] =
        [Kind::Account, Kind::Contact, Kind::Lead, Kind::Opportunity, Kind::Role, Kind::Task];

    pub(super) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Account => "Account",
            Kind::Contact => "Contact",
            Kind::Lead => "Lead",
            Kind::Opportunity => "Opportunity",
            Kind::Role => "OpportunityContactRole",
            Kind::Task => "Task",
        }
    }

    /// What its ids begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Kind::Account => "001",
            Kind::Contact => "003",
            Kind::Lead => "00Q",
            Kind::Opportunity => "006",
            Kind::Role => "00K",
            Kind::Task => "00T",
        }
    }

    /// The fields that may be written, beside the key field.
    const fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Account => &["Name", "Phone"],
            Kind::Contact => &["FirstName", "LastName", "Email", "Phone", "MobilePhone", "AccountId"],
            Kind::Lead => &[
                "FirstName",
                "LastName",
                "Email",
                "Phone",
                "MobilePhone",
                "Company",
                "Description",
                "LeadSource",
                "Status",
            ],
            Kind::Opportunity => &["Name", "AccountId", "StageName", "Amount", "CloseDate", "NextStep"],
            Kind::Role => &["OpportunityId", "ContactId", "Role"],
            Kind::Task => &[
                "WhoId",
                "WhatId",
                "Subject",
                "Description",
                "ActivityDate",
                "Status",
                "Priority",
                "TaskSubtype",
                "OwnerId",
            ],
        }
    }

    const fn required(self) -> &'static [&'static str] {
        match self {
            Kind::Account => &["Name"],
            Kind::Contact => &["LastName"],
            Kind::Lead => &["LastName", "Company"],
            Kind::Opportunity => &["Name", "StageName", "CloseDate"],
            Kind::Role => &["OpportunityId", "ContactId"],
            Kind::Task => &[],
        }
    }

    /// The longest text of a field, where the vendor says one that matters here.
    fn chars_max(self, field: &str) -> usize {
        match (self, field) {
            (Kind::Lead | Kind::Contact, "FirstName") => 40,
            (Kind::Lead | Kind::Contact, "LastName") => 80,
            (Kind::Opportunity, "Name") => 120,
            (_, "Description") => 32_000,
            _ => 255,
        }
    }

    /// Whether a query may ask for the field.
    pub(super) fn has(self, field: &str) -> bool {
        let system = ["Id", "CreatedDate", "LastModifiedDate", KEY_FIELD];
        let own = match self {
            Kind::Lead => ["IsConverted", "ConvertedContactId"].contains(&field),
            Kind::Opportunity => ["IsClosed", "HasOpportunityLineItem"].contains(&field),
            Kind::Contact => field == "Account.Name",
            _ => false,
        };
        own || system.contains(&field) || self.fields().contains(&field)
    }
}

impl Record {
    /// A field, null where it isn't set.
    pub(super) fn get(&self, field: &str) -> Value {
        match field {
            "Id" => self.id.as_str().into(),
            // No products are played.
            "IsConverted" | "HasOpportunityLineItem" => false.into(),
            "IsClosed" => self.get("StageName").as_str().is_some_and(|stage| stage.starts_with("Closed")).into(),
            field => self.fields.get(field).cloned().unwrap_or_default(),
        }
    }

    pub(super) fn attributes(&self) -> Value {
        let name = self.kind.name();
        json!({ "type": name, "url": format!("{DATA}/sobjects/{name}/{}", self.id) })
    }

    pub(super) fn shown(&self) -> Value {
        let mut shown = Value::Object(self.fields.clone());
        shown["attributes"] = self.attributes();
        shown["Id"] = self.id.as_str().into();
        shown
    }
}

impl Records {
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.0.iter().filter(move |record| record.kind == kind)
    }

    pub(super) fn of(&self, kind: Kind, id: &str) -> Option<&Record> {
        self.all(kind).find(|record| record.id == id)
    }

    pub(super) fn keyed(&self, kind: Kind, key: &str) -> Option<&Record> {
        self.all(kind).find(|record| record.get(KEY_FIELD).as_str().is_some_and(|held| held.eq_ignore_ascii_case(key)))
    }

    /// Makes a record; gives its id.
    pub(super) fn insert(&mut self, kind: Kind, given: &Map<String, Value>, now_ms: u64) -> Result<String, Refused> {
        let mut given = given.clone();
        let id = match given.remove("Id") {
            Some(Value::String(id)) => id,
            _ => format!("{}000{:09}AAA", kind.prefix(), self.0.len() + 1),
        };
        let empty = |name: &&&str| given.get(**name).is_none_or(|value| value.is_null() || value == "");
        let missing: Vec<&str> = kind.required().iter().filter(empty).copied().collect();
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(Refused::of_fields("REQUIRED_FIELD_MISSING", &message, &missing));
        }
        self.check(kind, &given, None)?;
        for (name, value) in match kind {
            Kind::Lead => &[("Status", "Open - Not Contacted")][..],
            Kind::Task => &[("Status", "Not Started"), ("Priority", "Normal")][..],
            _ => &[][..],
        } {
            given.entry(*name).or_insert_with(|| (*value).into());
        }
        given.insert("CreatedDate".to_owned(), iso(now_ms).into());
        given.insert("LastModifiedDate".to_owned(), iso(now_ms).into());
        self.0.push(Record { kind, id: id.clone(), fields: given });
        Ok(id)
    }

    /// Changes the record of this id, which is there.
    pub(super) fn update(
        &mut self,
        kind: Kind,
        id: &str,
        changes: &Map<String, Value>,
        now_ms: u64,
    ) -> Result<(), Refused> {
        self.check(kind, changes, Some(id))?;
        if let Some(record) = self.0.iter_mut().find(|record| record.kind == kind && record.id == id) {
            record.fields.extend(changes.clone());
            record.fields.insert("LastModifiedDate".to_owned(), iso(now_ms).into());
        }
        Ok(())
    }

    /// Refuses fields that Salesforce would refuse, in a record that is new or has this id.
    fn check(&self, kind: Kind, given: &Map<String, Value>, id: Option<&str>) -> Result<(), Refused> {
        for (name, value) in given {
            if name != KEY_FIELD && !kind.fields().contains(&name.as_str()) {
                let message = format!("No such column '{name}' on sobject of type {}", kind.name());
                return Err(Refused::field(&message));
            }
            self.check_value(kind, name, value)?;
        }
        if let Some(key) = given.get(KEY_FIELD).and_then(Value::as_str)
            && let Some(holder) = self.keyed(kind, key).filter(|holder| Some(holder.id.as_str()) != id)
        {
            let message =
                format!("duplicate value found: {KEY_FIELD} duplicates value on record with id: {}", holder.id);
            return Err(Refused::of_fields("DUPLICATE_VALUE", &message, &[]));
        }
        if id.is_some() && kind == Kind::Task && given.contains_key("TaskSubtype") {
            let message = "Unable to create/update fields: TaskSubtype.";
            return Err(Refused::of_fields("INVALID_FIELD_FOR_INSERT_UPDATE", message, &["TaskSubtype"]));
        }
        Ok(())
    }

    fn check_value(&self, kind: Kind, name: &str, value: &Value) -> Result<(), Refused> {
        let refused = |code, message: String| Err(Refused::of_fields(code, &message, &[name]));
        match (name, value) {
            (_, Value::Null) | ("Amount", Value::Number(_)) => Ok(()),
            ("Email", Value::String(email)) if !is_email(email) => {
                refused("INVALID_EMAIL_ADDRESS", format!("Email: invalid email address: {email}"))
            }
            ("CloseDate" | "ActivityDate", Value::String(day)) if day.parse::<jiff::civil::Date>().is_err() => {
                let message = format!("Cannot deserialize instance of date from VALUE_STRING value {day}");
                Err(Refused::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", &message))
            }
            ("AccountId" | "WhoId" | "WhatId" | "OpportunityId" | "ContactId", Value::String(id)) => {
                match self.0.iter().any(|record| record.id == *id) {
                    true => Ok(()),
                    false => refused("INVALID_CROSS_REFERENCE_KEY", format!("invalid cross reference id: {id}")),
                }
            }
            (_, Value::String(text)) if text.chars().count() > kind.chars_max(name) => {
                let max = kind.chars_max(name);
                refused("STRING_TOO_LONG", format!("{name}: data value too large (max length={max})"))
            }
            (_, Value::String(_)) => Ok(()),
            (_, other) => {
                let message = format!("Cannot deserialize instance of {name} from {other}");
                Err(Refused::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", &message))
            }
        }
    }
}
