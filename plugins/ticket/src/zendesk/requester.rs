//! The person who called, as a requester of Zendesk's.
//!
//! With an email address, Zendesk finds or makes the requester as it makes the ticket. It wants one for that:
//! <https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/>. Without one
//! a profile is looked for by telephone number, and made where there is none, as Zendesk tells makers of telephone
//! systems to do: <https://developer.zendesk.com/documentation/voice/talk-partner-edition/>.

use aftercall::{Context, Email, Failure, PhoneNumber};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Zendesk, refusal};
use crate::caller::Caller;

/// Whom a ticket is from, as fields of it.
#[derive(Serialize)]
pub(super) enum Requester {
    #[serde(rename = "requester")]
    ByEmail { name: String, email: Email },
    #[serde(rename = "requester_id")]
    Known(u64),
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

impl Zendesk {
    /// The requester of this caller's ticket.
    pub(super) async fn requester(&self, caller: &Caller, cx: &Context) -> Result<Requester, Failure> {
        if let Some(email) = &caller.email {
            return Ok(Requester::ByEmail { name: profile_name(caller), email: email.clone() });
        }
        if let [only] = self.users_with(&caller.phone, cx).await?[..] {
            return Ok(Requester::Known(only));
        }
        // The external id makes it the same user whenever this is repeated, and while the search lags.
        let external_id = format!("tel:{}", caller.phone);
        let user = json!({ "name": profile_name(caller), "phone": caller.phone, "external_id": external_id });
        let upsert = cx.post(self.api("users/create_or_update.json")).json(&json!({ "user": user }));
        let upserted: Upserted = refusal::told(upsert.send().await?)?.json()?;
        Ok(Requester::Known(upserted.user.id))
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
