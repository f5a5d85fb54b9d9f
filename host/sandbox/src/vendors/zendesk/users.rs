//! End users: who tickets are from. One for each email address, and for each external id.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::refused::{Problems, Refused};
use super::{Answer, id, text, url, when};
use crate::endpoint::Reply;

/// The agent whom the API token belongs to.
pub(super) const AGENT_ID: u64 = 9_001;
const FIRST_USER: u64 = 20_001;

#[derive(Clone, Default)]
pub(super) struct Users(Vec<User>);

#[derive(Clone)]
struct User {
    id: u64,
    name: String,
    email: Option<String>,
    phone: Option<String>,
    external_id: Option<String>,
    created_ms: u64,
    updated_ms: u64,
}

/// Whom a ticket is from.
pub(super) enum Requester {
    Known(u64),
    ByEmail { name: String, email: String },
}

impl Requester {
    /// The requester that a ticket names; without one it is the agent. A name alone doesn't make an end user here, nor does a
    /// number: the ticket's own way wants an email address.
    pub(super) fn read(
        given: &Map<String, Value>,
        users: &Users,
        problems: &mut Problems,
    ) -> Result<Requester, Refused> {
        let requester = match given.get("requester") {
            Some(Value::Object(requester)) => requester,
            None | Some(Value::Null) => {
                let requester_id = id(given, "requester_id")?.unwrap_or(AGENT_ID);
                if requester_id != AGENT_ID && !users.0.iter().any(|user| user.id == requester_id) {
                    problems.add("requester", "InvalidValue", format!("Requester: {requester_id} is not valid"));
                }
                return Ok(Requester::Known(requester_id));
            }
            Some(_) => return Err(Refused::attribute("requester", "must be an object")),
        };
        let email = text(requester, "email")?.unwrap_or_default().trim().to_lowercase();
        let name = text(requester, "name")?.unwrap_or_default().trim().to_owned();
        if email.is_empty() {
            problems.add("requester", "BlankValue", "Requester: Email:  cannot be blank".to_owned());
        } else if !is_email(&email) {
            problems.add("requester", "InvalidValue", format!("Requester: Email:  {email} is not properly formatted"));
        } else if name.is_empty() && users.by_email(&email).is_none() {
            let words = "Requester: Name: is too short (minimum one character)".to_owned();
            problems.add("requester", "ValueTooShort", words);
        }
        Ok(Requester::ByEmail { name, email })
    }
}

impl Users {
    /// The id of a ticket's requester. A user who is known stays as they are.
    pub(super) fn requester(&mut self, requester: Requester, now_ms: u64) -> u64 {
        match requester {
            Requester::Known(id) => id,
            Requester::ByEmail { name, email } => match self.by_email(&email) {
                Some(at) => self.0[at].id,
                None => {
                    let at = self.insert(name, now_ms);
                    self.0[at].email = Some(email);
                    self.0[at].id
                }
            },
        }
    }

    /// Makes a user, or changes the one of this email address or external id.
    pub(super) fn upsert(&mut self, given: &Map<String, Value>, now_ms: u64) -> Answer {
        let own = |name: &str| -> Result<Option<String>, Refused> {
            Ok(text(given, name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()))
        };
        let (name, phone, external_id) = (own("name")?, own("phone")?, own("external_id")?);
        let email = own("email")?.map(|email| email.to_lowercase());
        if text(given, "role")?.is_some_and(|role| role != "end-user") {
            return Err(Refused::not_played("users who are not end users"));
        }
        let of = |user: &User| {
            external_id.is_some() && user.external_id == external_id || email.is_some() && user.email == email
        };
        let known = self.0.iter().position(of);
        let mut problems = Problems::default();
        if known.is_none() && name.is_none() {
            problems.add("name", "ValueTooShort", "Name: is too short (minimum one character)".to_owned());
        }
        if let Some(email) = email.as_ref().filter(|email| !is_email(email)) {
            problems.add("email", "InvalidValue", format!("Email:  {email} is not properly formatted"));
        }
        if let Some(phone) = phone.as_ref().filter(|phone| !is_number(phone)) {
            problems.add("phone", "InvalidValue", format!("Phone number: {phone} is not a valid phone number"));
        }
        problems.check()?;
        let status = if known.is_some() { StatusCode::OK } else { StatusCode::CREATED };
        let at = known.unwrap_or_else(|| self.insert(String::new(), now_ms));
        let user = &mut self.0[at];
        user.name = name.unwrap_or_else(|| std::mem::take(&mut user.name));
        user.email = email.or_else(|| user.email.take());
        user.phone = phone.or_else(|| user.phone.take());
        user.external_id = external_id.or_else(|| user.external_id.take());
        user.updated_ms = now_ms;
        Ok(Reply::json(status, &json!({ "user": self.show(at) })))
    }

    pub(super) fn read(&self, id: &str) -> Answer {
        let id: u64 = id.parse().map_err(|_| Refused::attribute("id", "must be an integer"))?;
        let at = self.0.iter().position(|user| user.id == id).ok_or_else(Refused::record)?;
        Ok(Reply::json(StatusCode::OK, &json!({ "user": self.show(at) })))
    }

    /// `external_id=…`, or a `query` of terms that must all fit: `role:…`, `phone:…`, `email:…`.
    pub(super) fn search(&self, query: &[(String, String)]) -> Answer {
        let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let mut found: Vec<usize> = (0..self.0.len()).collect();
        match (value("external_id"), value("query")) {
            (Some(wanted), _) => found.retain(|at| self.0[*at].external_id.as_deref() == Some(wanted)),
            (None, Some(terms)) => {
                for term in terms.split_whitespace() {
                    let Some((name, wanted)) = term.split_once(':') else {
                        return Err(Refused::not_played("a search by words alone"));
                    };
                    let wanted = wanted.trim_matches('"').to_lowercase();
                    match name {
                        "role" => found.retain(|_| wanted == "end-user"),
                        "email" => found.retain(|at| self.0[*at].email.as_ref() == Some(&wanted)),
                        "phone" => {
                            let wanted = Phone::read(&wanted)?;
                            found.retain(|at| self.0[*at].phone.as_deref().is_some_and(|phone| wanted.is(phone)));
                        }
                        other => return Err(Refused::not_played(&format!("a search by {other}"))),
                    }
                }
            }
            (None, None) => return Err(Refused::attribute("query", "must be present")),
        }
        let users: Vec<Value> = found.iter().map(|at| self.show(*at)).collect();
        let answer = json!({ "count": users.len(), "users": users, "next_page": null, "previous_page": null });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// Whether the user of this id is the one that a search names, by id or by email address.
    pub(super) fn is(&self, id: u64, wanted: &str) -> bool {
        let user = self.0.iter().find(|user| user.id == id);
        id.to_string() == wanted || user.is_some_and(|user| user.email.as_deref() == Some(wanted))
    }

    pub(super) fn shown(&self) -> Vec<Value> {
        (0..self.0.len()).map(|at| self.show(at)).collect()
    }

    fn show(&self, at: usize) -> Value {
        let user = &self.0[at];
        // A number that an earlier user has is no direct line of this one.
        let is_shared = |phone: &String| self.0[..at].iter().any(|other| other.phone.as_ref() == Some(phone));
        json!({
            "active": true,
            "created_at": when(user.created_ms),
            "email": user.email,
            "external_id": user.external_id,
            "id": user.id,
            "name": user.name,
            "phone": user.phone,
            "role": "end-user",
            "shared_phone_number": user.phone.as_ref().map(is_shared),
            "tags": [],
            "updated_at": when(user.updated_ms),
            "url": url(&format!("users/{}.json", user.id)),
            "verified": false,
        })
    }

    fn by_email(&self, email: &str) -> Option<usize> {
        self.0.iter().position(|user| user.email.as_deref() == Some(email))
    }

    fn insert(&mut self, name: String, now_ms: u64) -> usize {
        let id = self.0.last().map_or(FIRST_USER, |newest| newest.id + 1);
        let (email, phone, external_id) = (None, None, None);
        self.0.push(User { id, name, email, phone, external_id, created_ms: now_ms, updated_ms: now_ms });
        self.0.len() - 1
    }
}

/// The number of a search: digits alone, and with an asterisk before them those that end so, in whatever form they are kept.
/// <https://developer.zendesk.com/documentation/voice/talk-partner-edition/retrieving-the-zendesk-user-id-of-a-caller/>
enum Phone<'a> {
    As(&'a str),
    EndsWith(&'a str),
}

impl Phone<'_> {
    fn read(wanted: &str) -> Result<Phone<'_>, Refused> {
        let (phone, number) = match wanted.strip_prefix('*') {
            Some(number) => (Phone::EndsWith(number), number),
            None => (Phone::As(wanted), wanted),
        };
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::not_played("a search by a number with anything but digits"));
        }
        Ok(phone)
    }

    fn is(&self, kept: &str) -> bool {
        match self {
            Phone::As(number) => kept.strip_prefix('+').unwrap_or(kept) == *number,
            Phone::EndsWith(number) => digits(kept).ends_with(number),
        }
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
            && !text.contains(char::is_whitespace)
            && !domain.contains('@')
    })
}

/// This account validates telephone numbers: E.164, spaced as one likes.
fn is_number(text: &str) -> bool {
    let digits = digits(text);
    text.starts_with('+') && (8..=15).contains(&digits.len()) && !digits.starts_with('0')
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}
