//! The person who called, as a requester of Zendesk's.
//!
//! The number decides who that is: the host knows it from the call, and an email address is what somebody said. Zendesk
//! finds a requester, and a user who is made or updated, by an email address that goes with them, so none does: it
//! would name whoever has it. It stands in the ticket's text.
//!
//! A profile is looked for by telephone number, and made where there is none, as Zendesk tells makers of telephone
//! systems to do: <https://developer.zendesk.com/documentation/voice/talk-partner-edition/>.

use aftercall::{Context, Failure, PhoneNumber};
use serde::Deserialize;
use serde_json::json;

use super::{Zendesk, refusal};
use crate::caller::Caller;

/// How many of the profiles with one number are told of. Protects whoever reads the ticket.
const TOLD_PROFILES_MAX: usize = 5;

/// Whom a ticket is from.
pub(super) struct Requester {
    pub(super) id: u64,
    /// Other profiles with the caller's number, of which none was chosen.
    sharing: Vec<u64>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

#[derive(Deserialize)]
struct Upserted {
    user: User,
}

/// A user, as far as it is read.
#[derive(Deserialize)]
struct User {
    id: u64,
    phone: Option<String>,
}

impl Requester {
    /// What the team has to know of how the requester was found.
    pub(super) fn note(&self) -> Option<String> {
        if self.sharing.is_empty() {
            return None;
        }
        let told: Vec<String> = self.sharing.iter().take(TOLD_PROFILES_MAX).map(u64::to_string).collect();
        let more = if self.sharing.len() > TOLD_PROFILES_MAX { " and others" } else { "" };
        Some(format!(
            "Other profiles have this number, too (users {}{more}): none of them was chosen.",
            told.join(", ")
        ))
    }
}

impl Zendesk {
    /// The requester of this caller's ticket: the only profile with the number, else the one that is the number's own.
    pub(super) async fn requester(&self, caller: &Caller, cx: &Context) -> Result<Requester, Failure> {
        let sharing = self.users_with(&caller.phone, cx).await?;
        if let [only] = sharing[..] {
            return Ok(Requester { id: only, sharing: Vec::new() });
        }
        // The external id makes it the same user whenever this is repeated, and while the search lags.
        let external_id = format!("tel:{}", caller.phone);
        let user = json!({ "name": profile_name(caller), "phone": caller.phone, "external_id": external_id });
        let upsert = cx.post(self.api("users/create_or_update.json")).json(&json!({ "user": user }));
        let upserted: Upserted = refusal::told(upsert.send().await?)?.json()?;
        let id = upserted.user.id;
        Ok(Requester { id, sharing: sharing.into_iter().filter(|other| *other != id).collect() })
    }

    /// The end users who have this number, however it is spaced. The search may find more than those.
    pub(super) async fn users_with(&self, phone: &PhoneNumber, cx: &Context) -> Result<Vec<u64>, Failure> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = digits(phone.as_str());
        // Digits alone: …/talk-partner-edition/retrieving-the-zendesk-user-id-of-a-caller/.
        let query = format!("role:end-user phone:{number}");
        let search = cx.get(self.api("users/search.json")).query(&[("query", &query)]);
        let found: Users = refusal::told(search.send().await?)?.json()?;
        let has_it = |user: &User| user.phone.as_deref().is_some_and(|phone| digits(phone) == number);
        Ok(found.users.iter().filter(|user| has_it(user)).map(|user| user.id).collect())
    }
}

/// A profile needs a name. Zendesk's own way for a caller who gave none is the number.
fn profile_name(caller: &Caller) -> String {
    match &caller.name {
        Some(name) => name.clone(),
        None => format!("Caller {}", caller.phone),
    }
}
