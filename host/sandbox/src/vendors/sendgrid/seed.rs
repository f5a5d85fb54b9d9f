//! What an account has before the first contact: its lists and its custom fields.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    #[serde(default)]
    pub(super) lists: Vec<List>,
    #[serde(default)]
    pub(super) custom_fields: Vec<CustomField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomField {
    /// Such as `e1_T`; an upsert goes by it.
    pub(super) id: String,
    /// Such as `interest`; a contact is shown with it.
    pub(super) name: String,
    pub(super) field_type: FieldType,
}

#[derive(Clone, Copy, Deserialize)]
pub(super) enum FieldType {
    Text,
    Number,
    Date,
}

impl Account {
    pub(super) fn read(seed: &Value) -> Result<Account, String> {
        let mut account = Account::deserialize(seed).map_err(|error| error.to_string())?;
        let mut taken = BTreeSet::new();
        for list in &mut account.lists {
            if !is_uuid(&list.id) {
                return Err(format!("the list id `{}` is no UUID", list.id));
            }
            list.id = list.id.to_lowercase();
            if !taken.insert(list.id.clone()) {
                return Err(format!("two lists have the id `{}`", list.id));
            }
        }
        for field in &account.custom_fields {
            if !taken.insert(field.id.clone()) {
                return Err(format!("two custom fields have the id `{}`", field.id));
            }
            if !taken.insert(field.name.clone()) {
                return Err(format!("two custom fields have the name `{}`", field.name));
            }
        }
        Ok(account)
    }
}

/// `4b1bdb60-0000-4000-8000-00000000000a`
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let sizes: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    sizes == [8, 4, 4, 4, 12] && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
