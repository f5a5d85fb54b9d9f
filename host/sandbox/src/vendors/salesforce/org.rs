//! What an org has: Salesforce's own objects and fields, and those that its administrator has added. Each object has the
//! key field beside them.

use std::collections::BTreeMap;

use serde::Deserialize as _;
use serde_json::Value;

use super::KEY_FIELD;
use super::objects::{Kind, Type};

/// What every object has, and nobody writes.
const SYSTEM: [&str; 3] = ["Id", "CreatedDate", "LastModifiedDate"];

/// The fields that an org has added, by object. An object that is not Salesforce's own is the org's.
#[derive(Clone, Default)]
pub(super) struct Org(BTreeMap<String, BTreeMap<String, Type>>);

impl Org {
    pub(super) fn read(declared: &Value) -> Result<Org, String> {
        let org = Org(BTreeMap::deserialize(declared).map_err(|error| format!("fields, by object: {error}"))?);
        for (object, fields) in &org.0 {
            let is_standard = Kind::STANDARD.iter().any(|kind| kind.name() == object);
            if !is_standard && !object.ends_with("__c") {
                return Err(format!("there is no object {object}, and one of the org's ends with __c"));
            }
            for (name, of) in fields {
                if !name.ends_with("__c") || name == KEY_FIELD {
                    return Err(format!(
                        "{object}.{name}: a field of the org's ends with __c, and is not the key field"
                    ));
                }
                if let Type::Lookup(other) = of
                    && org.object(other).is_none()
                {
                    return Err(format!("{object}.{name}: there is no object {other}"));
                }
            }
        }
        Ok(org)
    }

    /// The object of this name.
    pub(super) fn object(&self, name: &str) -> Option<Kind> {
        let own = || self.0.keys().find(|own| own.eq_ignore_ascii_case(name)).cloned().map(Kind::Custom);
        Kind::standard(name).or_else(own)
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = Kind> {
        let own = self.0.keys().filter(|name| Kind::standard(name).is_none());
        Kind::STANDARD.into_iter().chain(own.cloned().map(Kind::Custom))
    }

    /// What the ids of an object's records begin with.
    pub(super) fn prefix(&self, kind: &Kind) -> String {
        let at = || self.0.keys().position(|name| name == kind.name()).unwrap_or_default();
        kind.prefix().map_or_else(|| format!("a{:02}", at()), str::to_owned)
    }

    /// What a field may be set to, where it may be.
    pub(super) fn written(&self, kind: &Kind, field: &str) -> Option<Type> {
        let standard = || (field == KEY_FIELD || kind.fields().contains(&field)).then(|| Type::standard(field));
        self.0.get(kind.name()).and_then(|fields| fields.get(field)).cloned().or_else(standard)
    }

    /// What a field holds that a query may ask for.
    pub(super) fn asked(&self, kind: &Kind, field: &str) -> Option<Type> {
        let read = || (SYSTEM.contains(&field) || kind.reads(field)).then(|| Type::standard(field));
        self.written(kind, field).or_else(read)
    }
}
