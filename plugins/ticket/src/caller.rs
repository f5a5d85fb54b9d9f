//! The person who called, as a requester of Zendesk's.
//!
//! With an email address, Zendesk finds or makes the requester as it makes the ticket. It wants one for that:
//! <https://developer.zendesk.com/documentation/ticketing/managing-tickets/creating-and-updating-tickets/>. Without one
//! a profile is looked for by telephone number, and made where there is none, as Zendesk tells makers of telephone
//! systems to do: <https://developer.zendesk.com/documentation/voice/talk-partner-edition/>.

use std::fmt;

use aftercall::{Context, Email, Failure, PhoneNumber};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::refusal;
use crate::zendesk::Settings;

/// The person who called.
pub(crate) struct Caller {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<Email>,
    pub(crate) phone: PhoneNumber,
}

/// Whom a ticket is from, as fields of it.
#[derive(Serialize)]
pub(crate) enum Requester {
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

impl Caller {
    /// The requester of this caller's ticket.
    pub(crate) async fn requester(&self, settings: &Settings, cx: &Context) -> Result<Requester, Failure> {
        if let Some(email) = &self.email {
            return Ok(Requester::ByEmail { name: self.profile_name(), email: email.clone() });
        }
        let query = format!("role:end-user phone:{}", self.phone);
        let search = cx.get(settings.api("users/search.json")).query(&[("query", &query)]);
        let mut found: Users = refusal::told(search.send().await?)?.json()?;
        found.users.retain(|user| self.has_number_of(user));
        if let [only] = &found.users[..] {
            return Ok(Requester::Known(only.id));
        }
        // The external id makes it the same user whenever this is repeated, and while the search lags.
        let external_id = format!("tel:{}", self.phone);
        let user = json!({ "name": self.profile_name(), "phone": self.phone, "external_id": external_id });
        let upsert = cx.post(settings.api("users/create_or_update.json")).json(&json!({ "user": user }));
        let upserted: Upserted = refusal::told(upsert.send().await?)?.json()?;
        Ok(Requester::Known(upserted.user.id))
    }

    /// A profile needs a name. Zendesk's own way for a caller who gave none is the number.
    fn profile_name(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => format!("Caller {}", self.phone),
        }
    }

    /// Whether it is this number, however it is spaced. The search may find more than that.
    fn has_number_of(&self, user: &User) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        user.phone.as_deref().is_some_and(|phone| digits(phone) == digits(self.phone.as_str()))
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(out, "{name}, ")?;
        }
        write!(out, "{}", self.phone)?;
        match &self.email {
            Some(email) => write!(out, ", {email}"),
            None => Ok(()),
        }
    }
}
