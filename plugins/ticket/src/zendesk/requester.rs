//! The person who called, as a requester of Zendesk's.
//!
//! The number decides who that is: the host knows it from the call, and an email address is what somebody said. Zendesk
//! finds a requester, and a user who is made or updated, by an email address that goes with them, so none does: it
//! would name whoever has it. It stands in the ticket's text.
//!
//! A profile is looked for by telephone number, and made where there is none, as Zendesk tells makers of telephone
//! systems to do: <https://developer.zendesk.com/documentation/voice/talk-partner-edition/>. What is made is the number's
//! own user, and has nobody's name: the next caller from a company's number is somebody else.

use aftercall::{Context, Failure, PhoneNumber};
use serde::Deserialize;
use serde_json::json;

use super::{Zendesk, refusal};

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
pub(super) struct User {
    pub(super) id: u64,
    phone: Option<String>,
    external_id: Option<String>,
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
    pub(super) async fn requester(&self, phone: &PhoneNumber, cx: &Context) -> Result<Requester, Failure> {
        let users = self.users_with(phone, cx).await?;
        if let [only] = &users[..] {
            return Ok(Requester { id: only.id, sharing: Vec::new() });
        }
        let external_id = format!("tel:{phone}");
        let own = users.iter().find(|user| user.external_id.as_ref() == Some(&external_id));
        let id = match own {
            // Nothing is written on it, so it keeps the name that somebody of the team may have given it.
            Some(user) => user.id,
            None => self.own_user(phone, &external_id, cx).await?,
        };
        Ok(Requester { id, sharing: users.iter().map(|user| user.id).filter(|other| *other != id).collect() })
    }

    /// The number's own user. The external id makes it the same one whenever this is repeated, and while the search lags.
    async fn own_user(&self, phone: &PhoneNumber, external_id: &str, cx: &Context) -> Result<u64, Failure> {
        // A profile needs a name. Zendesk's own way for a caller who gave none is the number.
        let user = json!({ "name": format!("Caller {phone}"), "phone": phone, "external_id": external_id });
        let upsert = cx.post(self.api("users/create_or_update.json")).json(&json!({ "user": user }));
        let upserted: Upserted = refusal::told(upsert.send().await?).map_err(refusal::of_account)?.json()?;
        Ok(upserted.user.id)
    }

    /// The end users who have this number, however it is spaced. The search may find more than those.
    pub(super) async fn users_with(&self, phone: &PhoneNumber, cx: &Context) -> Result<Vec<User>, Failure> {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let number = digits(phone.as_str());
        // Digits alone: …/talk-partner-edition/retrieving-the-zendesk-user-id-of-a-caller/.
        let query = format!("role:end-user phone:{number}");
        let search = cx.get(self.api("users/search.json")).query(&[("query", &query)]);
        let found: Users = refusal::told(search.send().await?).map_err(refusal::of_account)?.json()?;
        let has_it = |user: &User| user.phone.as_deref().is_some_and(|phone| digits(phone) == number);
        Ok(found.users.into_iter().filter(has_it).collect())
    }
}
