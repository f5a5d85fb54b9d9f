//! Changes of a ticket, and its comments.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::refused::Refused;
use super::{Answer, PAGE_SIZE_MAX, Zendesk, url, users, when};
use crate::endpoint::{Reply, parameter};

const FIRST_AUDIT: u64 = 800_001;

impl Zendesk {
    pub(super) fn update(&mut self, id: &str, given: &Map<String, Value>, now_ms: u64) -> Answer {
        let at = self.position(id)?;
        let audit = FIRST_AUDIT + self.changes;
        let ticket = &mut self.tickets[at];
        let events = ticket.update(given, audit * 10, now_ms)?;
        self.changes += 1;
        let audit = json!({
            "id": audit,
            "ticket_id": ticket.id,
            "created_at": when(now_ms),
            "author_id": users::AGENT_ID,
            "events": events,
        });
        Ok(Reply::json(StatusCode::OK, &json!({ "ticket": ticket.shown(), "audit": audit })))
    }

    /// A ticket's comments, oldest first unless the query says otherwise.
    pub(super) fn list_comments(&self, id: &str, query: &[(String, String)]) -> Answer {
        let ticket = &self.tickets[self.position(id)?];
        let number = |name: &str, default: usize| match parameter(query, name) {
            None => Ok(default),
            Some(text) => text.parse::<usize>().map_err(|_| Refused::attribute(name, "must be an integer")),
        };
        let page_size = number("per_page", PAGE_SIZE_MAX)?.clamp(1, PAGE_SIZE_MAX);
        let page = number("page", 1)?.max(1);
        let mut comments = ticket.all_comments();
        if parameter(query, "sort_order") == Some("desc") {
            comments.reverse();
        }
        let count = comments.len();
        let start = (page - 1).saturating_mul(page_size);
        let shown: Vec<Value> = comments.into_iter().skip(start).take(page_size).collect();
        let next = (start.saturating_add(page_size) < count)
            .then(|| url(&format!("tickets/{}/comments.json?page={}&per_page={page_size}", ticket.id, page + 1)));
        let answer = json!({ "comments": shown, "count": count, "next_page": next, "previous_page": null });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// Those after the first of each ticket, with the ticket that each is on.
    pub(super) fn comments(&self) -> Vec<Value> {
        let of = |ticket: &super::Ticket| {
            let record = |comment: &super::tickets::Comment| {
                let mut record = comment.shown();
                record["ticket_id"] = ticket.id.into();
                record
            };
            ticket.comments.iter().map(record).collect::<Vec<_>>()
        };
        self.tickets.iter().flat_map(of).collect()
    }

    /// Where the ticket is that a path names.
    pub(super) fn position(&self, id: &str) -> Result<usize, Refused> {
        let id: u64 = id.parse().map_err(|_| Refused::attribute("id", "must be an integer"))?;
        self.tickets.iter().position(|ticket| ticket.id == id).ok_or_else(Refused::record)
    }
}
