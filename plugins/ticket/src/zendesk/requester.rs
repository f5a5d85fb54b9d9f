//! The person who called, as a requester of Zendesk's.
//!
//! The number decides who that is: the host knows it from the call, and an email address is what somebody said. Zendesk
//! finds a requester, and a user who is made or updated, by an email address that goes with them, so none does: it
//! would name whoever has it. It stands in the ticket's text.
//!
//! A profile is looked for by telephone number, and made where there is none, as Zendesk tells makers of telephone
//! systems to do: <https://developer.zendesk.com/documentation/voice/talk-partner-edition/>. What is made is the number's
//! own user, and has nobody's name: the next caller from a company's number is somebody else. So it is where a profile's
//! number may be the caller's and nobody says of which country it is: the team reads of it, and it selects nobody.

use aftercall::{Context, Failure, PhoneNumber};
use serde::Deserialize;
use serde_json::json;

use super::number::{self, Likeness};
use super::{One, Zendesk, refusal};

/// How many of the profiles with one number are told of. Protects whoever reads the ticket.
const TOLD_PROFILES_MAX: usize = 5;

/// Whom a ticket is from.
pub(super) struct Requester {
    pub(super) id: u64,
    /// Other profiles with the caller's number, of which none was chosen.
    sharing: Vec<u64>,
    /// Profiles with a number that may be the caller's, if it is of the same country.
    alike: Vec<u64>,
}

/// The end users who were found by a number.
pub(super) struct Profiles {
    /// Those who have it.
    pub(super) having: Vec<User>,
    /// Those with one that may be it.
    alike: Vec<User>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<User>,
}

/// One user, who was made or is read.
#[derive(Deserialize)]
struct OneUser {
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
        let told = |words: &str, ids: &[u64]| {
            let told: Vec<String> = ids.iter().take(TOLD_PROFILES_MAX).map(u64::to_string).collect();
            let more = if ids.len() > TOLD_PROFILES_MAX { " and others" } else { "" };
            (!ids.is_empty()).then(|| format!("{words} (users {}{more}): none of them was chosen.", told.join(", ")))
        };
        let sharing = told("Other profiles have this number, too", &self.sharing);
        let alike = told("Profiles have a number without its country that may be this one", &self.alike);
        let notes: Vec<String> = sharing.into_iter().chain(alike).collect();
        (!notes.is_empty()).then(|| notes.join("\n"))
    }
}

impl Zendesk {
    /// The requester of this caller's ticket: the only profile with the number, else the one that is the number's own.
    pub(super) async fn requester(&self, phone: &PhoneNumber, cx: &Context) -> Result<Requester, Failure> {
        let Profiles { having, alike } = self.profiles(phone, cx).await?;
        let alike = alike.iter().map(|user| user.id).collect();
        if let [only] = &having[..] {
            return Ok(Requester { id: only.id, sharing: Vec::new(), alike });
        }
        let external_id = format!("tel:{phone}");
        let own = having.iter().find(|user| user.external_id.as_ref() == Some(&external_id));
        let id = match own {
            // Nothing is written on it, so it keeps the name that somebody of the team may have given it.
            Some(user) => user.id,
            None => self.own_user(phone, &external_id, cx).await?,
        };
        let sharing = having.iter().map(|user| user.id).filter(|other| *other != id).collect();
        Ok(Requester { id, sharing, alike })
    }

    /// The number's own user. The external id makes it the same one whenever this is repeated, and while the search lags.
    async fn own_user(&self, phone: &PhoneNumber, external_id: &str, cx: &Context) -> Result<u64, Failure> {
        // A profile needs a name. Zendesk's own way for a caller who gave none is the number.
        let user = json!({ "name": format!("Caller {phone}"), "phone": phone, "external_id": external_id });
        let upsert = cx.post(self.api("users/create_or_update.json")).json(&json!({ "user": user }));
        let upserted: OneUser = refusal::told(upsert.send().await?).map_err(refusal::of_account)?.json()?;
        Ok(upserted.user.id)
    }

    /// Whether a ticket is from somebody with this number. The profile is read, since a search doesn't show a new one yet.
    pub(crate) async fn is_from(&self, ticket_id: &str, phone: &PhoneNumber, cx: &Context) -> Result<bool, Failure> {
        let One { ticket } = refusal::told(cx.get(self.ticket(ticket_id)).send().await?)?.json()?;
        let Some(requester_id) = ticket.requester_id else { return Ok(false) };
        let look = cx.get(self.api(&format!("users/{requester_id}.json")));
        let OneUser { user } = refusal::told(look.send().await?)?.json()?;
        Ok(user.likeness(phone, self.country_code.as_deref()) == Likeness::Same)
    }

    /// The end users who have this number, in whatever form. The search finds more than those.
    pub(super) async fn profiles(&self, phone: &PhoneNumber, cx: &Context) -> Result<Profiles, Failure> {
        let query = format!("role:end-user {}", number::term(phone));
        let search = cx.get(self.api("users/search.json")).query(&[("query", &query)]);
        let found: Users = refusal::told(search.send().await?).map_err(refusal::of_account)?.json()?;
        let mut profiles = Profiles { having: Vec::new(), alike: Vec::new() };
        for user in found.users {
            match user.likeness(phone, self.country_code.as_deref()) {
                Likeness::Same => profiles.having.push(user),
                Likeness::Maybe => profiles.alike.push(user),
                Likeness::Other => {}
            }
        }
        Ok(profiles)
    }
}

impl User {
    fn likeness(&self, phone: &PhoneNumber, country_code: Option<&str>) -> Likeness {
        self.phone.as_deref().map_or(Likeness::Other, |stored| number::likeness(stored, phone, country_code))
    }
}
