//! The search for tickets: `type:ticket status<solved subject:"…" requester:…`.
//! <https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/>

use http::StatusCode;
use serde_json::{Value, json};

use super::refused::Refused;
use super::{Answer, PAGE_SIZE_MAX, Ticket, Zendesk};
use crate::endpoint::{Reply, parameter};

/// The statuses of a ticket that isn't solved.
const UNSOLVED: &[&str] = &["new", "open", "pending", "hold"];

impl Zendesk {
    pub(super) fn search(&self, query: &[(String, String)]) -> Answer {
        let wanted = parameter(query, "query").ok_or_else(|| Refused::attribute("query", "must be present"))?;
        let mut found: Vec<&Ticket> = self.tickets.iter().rev().collect();
        for term in terms(wanted) {
            if term == "status<solved" {
                found.retain(|ticket| UNSOLVED.contains(&ticket.status.as_str()));
                continue;
            }
            let Some((name, value)) = term.split_once(':') else {
                return Err(Refused::not_played(&format!("a search by {term}")));
            };
            let value = value.trim_matches('"').to_lowercase();
            match name {
                "type" if value == "ticket" => {}
                "subject" => found.retain(|ticket| ticket.subject.to_lowercase().contains(&value)),
                "requester" => {
                    let is_from = |ticket: &&Ticket| self.users.is(ticket.requester_id, &value);
                    found.retain(is_from);
                }
                other => return Err(Refused::not_played(&format!("a search by {other}"))),
            }
        }
        if !matches!(parameter(query, "sort_by"), None | Some("created_at"))
            || parameter(query, "sort_order") == Some("asc")
        {
            return Err(Refused::not_played("this order"));
        }
        let size = parameter(query, "per_page").map_or(Ok(PAGE_SIZE_MAX), str::parse::<usize>);
        let size = size.map_err(|_| Refused::attribute("per_page", "must be an integer"))?.clamp(1, PAGE_SIZE_MAX);
        let count = found.len();
        let shown = |ticket: &&Ticket| {
            let mut shown = ticket.shown();
            shown["result_type"] = "ticket".into();
            shown
        };
        let results: Vec<Value> = found.iter().take(size).map(shown).collect();
        let next = (size < count).then(|| super::url("search.json?page=2"));
        let answer = json!({ "results": results, "count": count, "next_page": next, "previous_page": null });
        Ok(Reply::json(StatusCode::OK, &answer))
    }
}

/// The terms of a query. White space parts them, but not within quotes.
fn terms(query: &str) -> Vec<String> {
    let mut terms = vec![String::new()];
    let mut quoted = false;
    for letter in query.chars() {
        quoted ^= letter == '"';
        match terms.last_mut() {
            Some(term) if quoted || !letter.is_whitespace() => term.push(letter),
            _ => terms.push(String::new()),
        }
    }
    terms.retain(|term| !term.is_empty());
    terms
}
