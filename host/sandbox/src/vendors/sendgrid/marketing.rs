//! Marketing Campaigns: contacts on lists. An upsert goes by the email address in small letters, and a list holds a contact
//! once, so the same request twice leaves one contact. Fields that it doesn't know are passed over, as the real one does: an
//! upsert with `listIds` puts nobody on a list. Unlike the real one, an upsert is done at once.
//! Shapes: SendGrid's public OpenAPI documents for Marketing Campaigns contacts, lists and custom fields.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::contact::{Contact, Put};
use super::refused::{Answer, Problem, Refused};
use super::seed::{Account, is_uuid};
use crate::endpoint::Reply;
use crate::time::iso;

const CONTACTS_MAX: usize = 30_000;
/// Most addresses of one search.
const EMAILS_SOUGHT_MAX: usize = 100;

#[derive(Clone, Default)]
pub(super) struct Marketing {
    /// By their email addresses.
    contacts: BTreeMap<String, Contact>,
    jobs: Vec<Job>,
}

#[derive(Clone)]
struct Job {
    id: String,
    requested: usize,
    created: usize,
    at_ms: u64,
}

impl Marketing {
    pub(super) fn upsert(&mut self, body: &Map<String, Value>, account: &Account, now_ms: u64) -> Answer<Reply> {
        let list_ids = lists_of(body.get("list_ids"), account)?;
        let given = body.get("contacts").and_then(Value::as_array);
        let given = given.ok_or_else(|| Refused::bad("contacts", "contacts is required and an array"))?;
        if given.is_empty() || given.len() > CONTACTS_MAX {
            return Err(Refused::bad("contacts", &format!("contacts must hold 1 to {CONTACTS_MAX} contacts")));
        }
        let mut puts = Vec::new();
        let mut problems = Vec::new();
        for (at, contact) in given.iter().enumerate() {
            match Put::read(contact, account) {
                Ok(put) => puts.push(put),
                Err(of_contact) => problems.extend(of_contact.into_iter().map(|problem: Problem| problem.within(at))),
            }
        }
        Refused::unless_none(problems)?;
        let before = self.contacts.len();
        for put in puts {
            let ordinal = self.contacts.len() + 1;
            let contact = self.contacts.entry(put.email.clone()).or_insert_with(|| Contact::new(ordinal, now_ms));
            contact.take(put, &list_ids, now_ms);
        }
        let id = format!("00000000-0000-4000-8000-{:012x}", self.jobs.len() + 1);
        let answer = Reply::json(StatusCode::ACCEPTED, &json!({ "job_id": id }));
        self.jobs.push(Job { id, requested: given.len(), created: self.contacts.len() - before, at_ms: now_ms });
        Ok(answer)
    }

    /// Contacts by their addresses. 404 where none is there at all.
    pub(super) fn search(&self, body: &Map<String, Value>, account: &Account) -> Answer<Reply> {
        let emails = body.get("emails").and_then(Value::as_array);
        let emails = emails.filter(|emails| (1..=EMAILS_SOUGHT_MAX).contains(&emails.len()));
        let emails = emails.and_then(|emails| emails.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        let emails = emails.ok_or_else(|| {
            Refused::bad("emails", &format!("emails must hold 1 to {EMAILS_SOUGHT_MAX} email addresses"))
        })?;
        let mut result = Map::new();
        let mut is_any = false;
        for email in emails.into_iter().map(str::to_lowercase) {
            let hit = match self.contacts.get(&email) {
                Some(contact) => json!({ "contact": contact.record(&email, account) }),
                None => json!({ "error": "contact not found" }),
            };
            is_any |= hit.get("contact").is_some();
            result.insert(email, hit);
        }
        if is_any {
            Ok(Reply::json(StatusCode::OK, &json!({ "result": result })))
        } else {
            Err(Refused::plain(StatusCode::NOT_FOUND, "none of the contacts was found"))
        }
    }

    /// Adds to what SendGrid keeps.
    pub(super) fn record(&self, account: &Account, records: &mut Map<String, Value>) {
        let lists = account.lists.iter().map(|list| {
            let count = self.contacts.values().filter(|contact| contact.list_ids.contains(&list.id)).count();
            json!({ "id": list.id, "name": list.name, "contact_count": count })
        });
        let contacts = self.contacts.iter().map(|(email, contact)| contact.record(email, account));
        records.insert("lists".to_owned(), lists.collect());
        records.insert("contacts".to_owned(), contacts.collect());
        records.insert("jobs".to_owned(), self.jobs.iter().map(Job::record).collect());
    }
}

/// The lists named in `list_ids`, each of which must exist.
fn lists_of(given: Option<&Value>, account: &Account) -> Answer<Vec<String>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let given = given.as_array().ok_or_else(|| Refused::bad("list_ids", "list_ids must be an array"))?;
    let mut ids = Vec::new();
    for id in given {
        let id = id.as_str().filter(|id| is_uuid(id));
        ids.push(id.ok_or_else(|| Refused::bad("list_ids", "list_ids must hold UUIDs"))?.to_lowercase());
    }
    match ids.iter().find(|id| !account.lists.iter().any(|list| list.id == **id)) {
        Some(missing) => {
            Err(Refused::about(StatusCode::NOT_FOUND, "list_ids", &format!("list {missing} does not exist")))
        }
        None => Ok(ids),
    }
}

impl Job {
    fn record(&self) -> Value {
        let (created, updated) = (self.created, self.requested - self.created);
        json!({
            "id": self.id,
            "status": "completed",
            "job_type": "upsert",
            "results": { "requested_count": self.requested, "created_count": created, "updated_count": updated },
            "started_at": iso(self.at_ms),
            "finished_at": iso(self.at_ms),
        })
    }
}
