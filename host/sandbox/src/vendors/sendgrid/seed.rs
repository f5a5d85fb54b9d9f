//! What an account has before the first request.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Account {
    #[serde(default)]
    pub(super) lists: Vec<List>,
    #[serde(default)]
    pub(super) custom_fields: Vec<CustomField>,
    /// Addresses and domains from which it may send.
    #[serde(default)]
    pub(super) senders: Vec<String>,
    #[serde(default)]
    pub(super) unsubscribe_groups: Vec<Group>,
    #[serde(default)]
    pub(super) unsubscribed: Vec<OptOut>,
    /// Whether it has bought the Email Activity API.
    #[serde(default)]
    pub(super) email_activity: bool,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub(super) id: u64,
    pub(super) name: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OptOut {
    pub(super) email: String,
    /// Absent: of all email.
    pub(super) group_id: Option<u64>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Clone, Deserialize)]
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
        for group in &account.unsubscribe_groups {
            if !taken.insert(group.id.to_string()) {
                return Err(format!("two unsubscribe groups have the id {}", group.id));
            }
        }
        Ok(account)
    }

    /// Whether it may send from an address: a verified one, or one of an authenticated domain.
    pub(super) fn may_send_from(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        self.senders.iter().any(|sender| sender.eq_ignore_ascii_case(email) || sender.eq_ignore_ascii_case(domain))
    }

    pub(super) fn has_group(&self, id: u64) -> bool {
        self.unsubscribe_groups.iter().any(|group| group.id == id)
    }
}

/// `4b1bdb60-0000-4000-8000-00000000000a`
pub(super) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let sizes: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    sizes == [8, 4, 4, 4, 12] && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}
