//! Who wants no email: of the whole account, or of a group.
//! <https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions>

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::refused::{Answer, Refused};
use super::seed::Account;
use crate::email::is_email;
use crate::endpoint::Reply;

/// By the group, or none for all email, and the address in small letters.
#[derive(Clone, Default)]
pub(super) struct OptOuts(BTreeSet<(Option<u64>, String)>);

impl OptOuts {
    pub(super) fn of(account: &Account) -> Result<OptOuts, String> {
        let mut opt_outs = OptOuts::default();
        for out in &account.unsubscribed {
            if out.group_id.is_some_and(|id| !account.has_group(id)) {
                return Err(format!("{} has left a group that isn't there", out.email));
            }
            opt_outs.0.insert((out.group_id, out.email.to_lowercase()));
        }
        Ok(opt_outs)
    }

    /// Whether an email of this group, or of none, is dropped.
    pub(super) fn drop(&self, email: &str, group_id: Option<u64>) -> bool {
        self.has(email, None) || group_id.is_some() && self.has(email, group_id)
    }

    fn has(&self, email: &str, group_id: Option<u64>) -> bool {
        self.0.contains(&(group_id, email.to_lowercase()))
    }

    /// Empty, where the address isn't on the list.
    pub(super) fn global(&self, email: &str) -> Reply {
        let shown = if self.has(email, None) { json!({ "recipient_email": email }) } else { json!({}) };
        Reply::json(StatusCode::OK, &shown)
    }

    /// All groups, and for each whether the address has left it.
    pub(super) fn groups_of(&self, email: &str, account: &Account) -> Reply {
        let shown = account.unsubscribe_groups.iter().map(|group| {
            let suppressed = self.has(email, Some(group.id));
            json!({ "id": group.id, "name": group.name, "description": "", "is_default": false, "suppressed": suppressed })
        });
        Reply::json(StatusCode::OK, &json!({ "suppressions": shown.collect::<Vec<_>>() }))
    }

    /// Where there is no such group, the addresses get no email at all from then on:
    /// <https://www.twilio.com/docs/sendgrid/api-reference/suppressions-suppressions/add-suppressions-to-a-suppression-group>.
    pub(super) fn add(&mut self, group_id: &str, body: &Map<String, Value>, account: &Account) -> Answer<Reply> {
        let group_id: u64 = group_id.parse().map_err(|_| Refused::not_found())?;
        let group_id = account.has_group(group_id).then_some(group_id);
        let emails = body.get("recipient_emails").and_then(Value::as_array);
        let emails = emails.ok_or_else(|| Refused::bad("recipient_emails", "recipient_emails must be an array"))?;
        let sound = emails.iter().map(|email| email.as_str().filter(|email| is_email(email)));
        let sound = sound.collect::<Option<Vec<_>>>();
        let sound = sound
            .ok_or_else(|| Refused::bad("recipient_emails", "recipient_emails must hold valid email addresses"))?;
        self.0.extend(sound.iter().map(|email| (group_id, email.to_lowercase())));
        Ok(Reply::json(StatusCode::CREATED, &json!({ "recipient_emails": sound })))
    }

    pub(super) fn record(&self) -> Value {
        self.0.iter().map(|(group_id, email)| json!({ "email": email, "group_id": group_id })).collect()
    }
}
