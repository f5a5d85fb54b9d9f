//! The records of an org.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::objects::{ACTIVE_STATES, Kind, Type};
use super::org::Org;
use super::refused::Refused;
use super::{DATA, KEY_FIELD};
use crate::email::is_email;
use crate::time::iso;

/// How long ids are: the short form, and the one that capitals don't matter to.
const ID_CHARS: [usize; 2] = [15, 18];

#[derive(Clone)]
pub(super) struct Record {
    kind: Kind,
    pub(super) id: String,
    fields: Map<String, Value>,
}

#[derive(Clone, Default)]
pub(super) struct Records {
    pub(super) org: Org,
    held: Vec<Record>,
}

/// Whether a text has the form of an id.
pub(super) fn is_id(text: &str) -> bool {
    ID_CHARS.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Record {
    /// A field, null where it isn't set.
    pub(super) fn get(&self, field: &str) -> Value {
        match field {
            "Id" => self.id.as_str().into(),
            // No products are played.
            "IsConverted" | "HasOpportunityLineItem" => false.into(),
            "IsTrackerActive" => ACTIVE_STATES.iter().any(|state| self.get("State") == *state).into(),
            "HasOptedOutOfEmail" => self.fields.get(field).cloned().unwrap_or(false.into()),
            "IsClosed" => self.get("StageName").as_str().is_some_and(|stage| stage.starts_with("Closed")).into(),
            "Name" if self.kind.is_person() => {
                let names = ["FirstName", "LastName"].map(|name| self.fields.get(name).and_then(Value::as_str));
                names.into_iter().flatten().collect::<Vec<_>>().join(" ").into()
            }
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

/// An id of 15 characters with three more, each of which says which of five are capitals:
/// <https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/field_types.htm>.
fn with_checks(id: &str) -> String {
    let check = |five: &[u8]| {
        let places = five.iter().zip([1, 2, 4, 8, 16]);
        let capitals: usize = places.filter(|(char, _)| char.is_ascii_uppercase()).map(|(_, place)| place).sum();
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[capitals])
    };
    id.chars().chain(id.as_bytes().chunks(5).map(check)).collect()
}

impl Records {
    pub(super) fn all(&self, kind: &Kind) -> impl Iterator<Item = &Record> {
        self.held.iter().filter(move |record| record.kind == *kind)
    }

    pub(super) fn of(&self, kind: &Kind, id: &str) -> Option<&Record> {
        self.all(kind).find(|record| record.id == id)
    }

    pub(super) fn keyed(&self, kind: &Kind, key: &str) -> Option<&Record> {
        self.all(kind).find(|record| record.get(KEY_FIELD).as_str().is_some_and(|held| held.eq_ignore_ascii_case(key)))
    }

    /// Makes a record; gives its id.
    pub(super) fn insert(&mut self, kind: &Kind, given: &Map<String, Value>, now_ms: u64) -> Result<String, Refused> {
        let mut given = given.clone();
        let ordinal = self.held.len() + 1;
        let id = match given.remove("Id") {
            Some(Value::String(id)) => id,
            _ => with_checks(&format!("{}000{ordinal:09}", self.org.prefix(kind))),
        };
        let empty = |name: &&&str| given.get(**name).is_none_or(|value| value.is_null() || value == "");
        let missing: Vec<&str> = kind.required().iter().filter(empty).copied().collect();
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(Refused::of_fields("REQUIRED_FIELD_MISSING", &message, &missing));
        }
        self.check(kind, &given, None)?;
        for (name, value) in kind.defaults() {
            given.entry(*name).or_insert_with(|| (*value).into());
        }
        if let Kind::Custom(_) = kind {
            given.insert("Name".to_owned(), format!("A-{ordinal:04}").into());
        }
        given.insert("CreatedDate".to_owned(), iso(now_ms).into());
        given.insert("LastModifiedDate".to_owned(), iso(now_ms).into());
        self.held.push(Record { kind: kind.clone(), id: id.clone(), fields: given });
        Ok(id)
    }

    /// Changes the record of this id, which is there.
    pub(super) fn update(
        &mut self,
        kind: &Kind,
        id: &str,
        changes: &Map<String, Value>,
        now_ms: u64,
    ) -> Result<(), Refused> {
        self.check(kind, changes, Some(id))?;
        if let Some(record) = self.held.iter_mut().find(|record| record.kind == *kind && record.id == id) {
            record.fields.extend(changes.clone());
            record.fields.insert("LastModifiedDate".to_owned(), iso(now_ms).into());
        }
        Ok(())
    }

    /// Refuses fields that Salesforce would refuse, in a record that is new or has this id.
    fn check(&self, kind: &Kind, given: &Map<String, Value>, id: Option<&str>) -> Result<(), Refused> {
        for (name, value) in given {
            let of = self.org.written(kind, name).ok_or_else(|| {
                Refused::field(&format!("No such column '{name}' on sobject of type {}", kind.name()))
            })?;
            self.check_value(kind, name, &of, value)?;
        }
        if let Some(key) = given.get(KEY_FIELD).and_then(Value::as_str)
            && let Some(holder) = self.keyed(kind, key).filter(|holder| Some(holder.id.as_str()) != id)
        {
            let message =
                format!("duplicate value found: {KEY_FIELD} duplicates value on record with id: {}", holder.id);
            return Err(Refused::of_fields("DUPLICATE_VALUE", &message, &[]));
        }
        if id.is_some() && *kind == Kind::Task && given.contains_key("TaskSubtype") {
            let message = "Unable to create/update fields: TaskSubtype.";
            return Err(Refused::of_fields("INVALID_FIELD_FOR_INSERT_UPDATE", message, &["TaskSubtype"]));
        }
        Ok(())
    }

    fn check_value(&self, kind: &Kind, name: &str, of: &Type, value: &Value) -> Result<(), Refused> {
        let refused = |code, message: String| Err(Refused::of_fields(code, &message, &[name]));
        let unreadable = |what: &str| {
            let message = format!("Cannot deserialize instance of {what} from {value}");
            Err(Refused::new(StatusCode::BAD_REQUEST, "JSON_PARSER_ERROR", &message))
        };
        match (of, value) {
            (_, Value::Null) | (Type::Number, Value::Number(_)) | (Type::Checkbox, Value::Bool(_)) => Ok(()),
            (Type::Checkbox, _) => unreadable("boolean"),
            (Type::Number, Value::String(number)) if number.parse::<f64>().is_err() => unreadable("double"),
            (Type::Date, Value::String(day)) if day.parse::<jiff::civil::Date>().is_err() => unreadable("date"),
            (Type::Email, Value::String(email)) if !is_email(email) => {
                refused("INVALID_EMAIL_ADDRESS", format!("Email: invalid email address: {email}"))
            }
            (Type::Picklist(values), Value::String(value)) if !values.contains(value) => {
                let message = format!("{name}: bad value for restricted picklist field: {value}");
                refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message)
            }
            (of, Value::String(id)) if of.is_id() => self.check_reference(name, of, id),
            (of, Value::String(text)) if text.chars().count() > kind.chars_max(name, of) => {
                let max = kind.chars_max(name, of);
                refused("STRING_TOO_LONG", format!("{name}: data value too large (max length={max})"))
            }
            (_, Value::String(_)) => Ok(()),
            _ => unreadable(name),
        }
    }

    fn check_reference(&self, name: &str, of: &Type, id: &str) -> Result<(), Refused> {
        let (code, why) = match self.held.iter().find(|record| record.id == id) {
            Some(record) if of.refers_to(&record.kind) => return Ok(()),
            // Of a field of the org's own it has another code than of Salesforce's.
            Some(_) if name.ends_with("__c") => ("FIELD_INTEGRITY_EXCEPTION", "id value of incorrect type"),
            None if is_id(id) => ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id"),
            _ => ("MALFORMED_ID", "id value of incorrect type"),
        };
        Err(Refused::of_fields(code, &format!("{name}: {why}: {id}"), &[name]))
    }
}
