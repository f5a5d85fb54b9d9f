//! Zendesk's search, which lags by minutes: <https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/>.
//!
//! What is looked for is text in the query, never a part of its language: a phrase in quotes, and an address without
//! what would be a wildcard.

use std::cmp::Reverse;

use aftercall::{Context, Email, Failure};
use serde::Deserialize;

use super::{Zendesk, refusal};
use crate::caller::Person;
use crate::desk::FOUND_TICKETS_MAX;
use crate::ticket::{Found, OpenTicket, Wanted};

/// How many profiles with one telephone number are looked at. Protects the vendor.
const REQUESTERS_MAX: usize = 3;

/// The first results of a search.
#[derive(Deserialize)]
struct Page {
    results: Vec<Hit>,
    next_page: Option<String>,
}

/// A ticket, as far as it is read.
#[derive(Deserialize)]
struct Hit {
    id: u64,
    subject: Option<String>,
    status: String,
    priority: Option<String>,
    created_at: String,
}

impl Zendesk {
    /// The open tickets that are wanted, newest first.
    pub(crate) async fn search(&self, wanted: &Wanted, cx: &Context) -> Result<Found, Failure> {
        let mut terms = vec!["type:ticket status<solved".to_owned()];
        if let Some(words) = &wanted.subject_words {
            terms.push(format!("subject:{}", phrase(words)));
        }
        let terms = terms.join(" ");
        let mut more = false;
        // One search for each requester, since Zendesk doesn't say what two of them in one query mean.
        let queries: Vec<String> = match &wanted.person {
            None => vec![terms],
            Some(Person::Email(email)) => vec![format!("{terms} requester:{}", address(email)?)],
            Some(Person::Phone(phone)) => {
                let users = self.profiles(phone, cx).await?.having;
                more = users.len() > REQUESTERS_MAX;
                users.iter().take(REQUESTERS_MAX).map(|user| format!("{terms} requester:{}", user.id)).collect()
            }
        };
        let mut hits: Vec<Hit> = Vec::new();
        for query in queries {
            more |= self.search_for(&query, &mut hits, cx).await?;
        }
        hits.sort_by_key(|hit| Reverse((hit.created_at.clone(), hit.id)));
        hits.dedup_by_key(|hit| hit.id);
        more |= hits.len() > FOUND_TICKETS_MAX;
        let tickets = hits.into_iter().take(FOUND_TICKETS_MAX).map(|hit| self.open_ticket(hit)).collect();
        Ok(Found { tickets, more })
    }

    /// Adds the newest tickets that a query finds. Tells whether there are more.
    async fn search_for(&self, query: &str, hits: &mut Vec<Hit>, cx: &Context) -> Result<bool, Failure> {
        let per_page = FOUND_TICKETS_MAX.to_string();
        let query = [("query", query), ("sort_by", "created_at"), ("sort_order", "desc"), ("per_page", &per_page)];
        let answer = cx.get(self.api("search.json")).query(&query).send().await?;
        let page: Page = refusal::told(answer).map_err(refusal::of_account)?.json()?;
        hits.extend(page.results);
        Ok(page.next_page.is_some())
    }

    fn open_ticket(&self, hit: Hit) -> OpenTicket {
        let ticket_id = hit.id.to_string();
        OpenTicket {
            url: self.url(&ticket_id),
            ticket_id,
            subject: hit.subject.unwrap_or_default(),
            status: hit.status,
            priority: hit.priority,
            created_at: hit.created_at,
        }
    }
}

/// Words as one phrase, which nothing in them can end.
fn phrase(words: &str) -> String {
    let plain = words.replace(['"', '\\'], " ");
    format!("\"{}\"", plain.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// An address that the search takes for one address. With an asterisk it would stand for many.
fn address(email: &Email) -> Result<&str, Failure> {
    let text = email.as_str();
    if text.contains(['*', '"', '\\']) {
        return Err(Failure::invalid_arguments(format!(
            "email: {text:?} can't be searched for; give one plain address, such as ann@example.com"
        )));
    }
    Ok(text)
}
