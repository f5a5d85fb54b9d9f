//! Zendesk Support, over its Ticketing API v2: its addresses, tickets and comments.
//! Shapes: <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/> and `…/ticket_comments/`.
//!
//! Zendesk honours an idempotency key for two hours where a ticket is made, and the host puts one on the request. A run
//! may be taken up again after that, so the ticket also carries our key as its `external_id`, and a ticket in doubt is
//! looked up by it. For a comment it takes no key, so ours is in the text.

mod html;
mod number;
mod refusal;
mod requester;
mod search;

use std::iter;

use aftercall::{Context, Failure};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::desk::{COMMENT_PAGES_MAX, COMMENTS_PAGE_MAX, index_lag_ms};
use crate::ticket::{Priority, Report, TicketType, Trace, comment_text, reference};

/// The account, as the settings have it.
#[derive(Deserialize)]
pub(crate) struct Zendesk {
    subdomain: String,
    brand_id: Option<u64>,
    group_id: Option<u64>,
    /// Of the country whose numbers stand in profiles without it.
    country_code: Option<String>,
    /// How long a ticket or comment that was made may be missing from the lists.
    #[serde(default = "index_lag_ms")]
    pub(crate) index_lag_ms: u64,
}

/// The body of a request for a ticket.
#[derive(Serialize)]
struct Draft<'a> {
    ticket: NewTicket<'a>,
}

#[derive(Serialize)]
struct NewTicket<'a> {
    external_id: &'a str,
    subject: String,
    comment: NewComment,
    requester_id: u64,
    priority: Priority,
    r#type: TicketType,
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    brand_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<u64>,
}

/// A comment. A ticket's first is what Zendesk shows as its description.
#[derive(Serialize)]
struct NewComment {
    html_body: String,
    public: bool,
}

/// One ticket, which was made or is read.
#[derive(Deserialize)]
struct One {
    ticket: Ticket,
}

/// The first tickets of a list.
#[derive(Deserialize)]
struct Tickets {
    tickets: Vec<Ticket>,
    next_page: Option<String>,
}

/// A ticket, as far as it is read.
#[derive(Deserialize)]
struct Ticket {
    id: u64,
    external_id: Option<String>,
    priority: Option<String>,
    requester_id: Option<u64>,
}

/// The answer to a change of a ticket: what happened by it.
#[derive(Deserialize)]
struct Updated {
    audit: Audit,
}

#[derive(Deserialize)]
struct Audit {
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    id: u64,
    r#type: String,
}

/// A page of a ticket's comments.
#[derive(Deserialize)]
struct Comments {
    comments: Vec<Comment>,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Comment {
    id: u64,
    body: Option<String>,
    plain_body: Option<String>,
}

impl Zendesk {
    pub(crate) async fn create(&self, report: &Report, cx: &Context) -> Result<String, Failure> {
        let requester = self.requester(&report.caller.phone, cx).await?;
        let text: Vec<String> = iter::once(report.text()).chain(requester.note()).collect();
        let ticket = NewTicket {
            external_id: cx.key(),
            subject: html::without_placeholders(report.subject.as_str()),
            comment: NewComment::internal(&text.join("\n\n")),
            requester_id: requester.id,
            priority: report.priority,
            r#type: report.r#type,
            tags: &report.tags,
            brand_id: self.brand_id,
            group_id: self.group_id,
        };
        let answer = cx.post(self.api("tickets.json")).json(&Draft { ticket }).send().await?;
        let made: One = refusal::told(answer).map_err(refusal::of_account)?.json()?;
        Ok(made.ticket.id.to_string())
    }

    pub(crate) async fn find_created(&self, cx: &Context) -> Result<Trace, Failure> {
        let query = [("external_id", cx.key())];
        let list = cx.get(self.api("tickets.json")).query(&query);
        let page: Tickets = refusal::told(list.send().await?).map_err(refusal::of_account)?.json()?;
        let ours = page.tickets.iter().find(|ticket| ticket.external_id.as_deref() == Some(cx.key()));
        Ok(match ours {
            Some(ticket) => Trace::Found(ticket.id.to_string()),
            None if page.next_page.is_some() => Trace::Untold,
            None => Trace::Absent,
        })
    }

    pub(crate) async fn comment(&self, ticket_id: &str, text: &str, cx: &Context) -> Result<String, Failure> {
        let comment = NewComment::internal(&comment_text(text, cx.key()));
        let change = cx.put(self.ticket(ticket_id)).json(&json!({ "ticket": { "comment": comment } }));
        let updated: Updated = refusal::told(change.send().await?)?.json()?;
        let made = updated.audit.events.iter().find(|event| event.r#type == "Comment");
        made.map(|event| event.id.to_string())
            .ok_or_else(|| Failure::outcome_unknown("Zendesk's answer says nothing of the comment"))
    }

    pub(crate) async fn find_comment(&self, ticket_id: &str, cx: &Context) -> Result<Trace, Failure> {
        let ours = reference(cx.key());
        let per_page = COMMENTS_PAGE_MAX.to_string();
        let mut missed = Trace::Absent;
        for page in 1..=COMMENT_PAGES_MAX {
            let page = page.to_string();
            let query = [("sort_order", "desc"), ("per_page", &per_page), ("page", &page)];
            let list = cx.get(self.api(&format!("tickets/{ticket_id}/comments.json"))).query(&query);
            let page: Comments = refusal::told(list.send().await?)?.json()?;
            if let Some(comment) = page.comments.iter().find(|comment| comment.has(&ours)) {
                return Ok(Trace::Found(comment.id.to_string()));
            }
            if page.comments.iter().any(Comment::is_without_text) {
                missed = Trace::Untold;
            }
            if page.next_page.is_none() {
                return Ok(missed);
            }
        }
        Ok(Trace::Untold)
    }

    pub(crate) async fn prioritise(&self, ticket_id: &str, priority: Priority, cx: &Context) -> Result<(), Failure> {
        let change = cx.put(self.ticket(ticket_id)).json(&json!({ "ticket": { "priority": priority } }));
        refusal::told(change.send().await?)?;
        Ok(())
    }

    pub(crate) async fn find_priority(
        &self,
        ticket_id: &str,
        priority: Priority,
        cx: &Context,
    ) -> Result<Trace, Failure> {
        let One { ticket } = refusal::told(cx.get(self.ticket(ticket_id)).send().await?)?.json()?;
        let is_set = ticket.priority.as_deref() == Some(priority.as_str());
        Ok(if is_set { Trace::Found(ticket_id.to_owned()) } else { Trace::Untold })
    }

    /// Where agents see a ticket.
    pub(crate) fn url(&self, ticket_id: &str) -> String {
        format!("https://{}.zendesk.com/agent/tickets/{ticket_id}", self.subdomain)
    }

    /// The address of a part of the API.
    fn api(&self, path: &str) -> String {
        format!("https://{}.zendesk.com/api/v2/{path}", self.subdomain)
    }

    fn ticket(&self, ticket_id: &str) -> String {
        self.api(&format!("tickets/{ticket_id}.json"))
    }
}

impl NewComment {
    /// An internal note. A public comment would be mailed to the requester by Zendesk's own trigger, at an address that
    /// may have been misheard, in words that the assistant chose for the team.
    fn internal(text: &str) -> Self {
        Self { html_body: html::of(text), public: false }
    }
}

impl Comment {
    /// Whether these words stand in it, in either of the ways in which Zendesk shows a comment as text.
    fn has(&self, words: &str) -> bool {
        [&self.body, &self.plain_body].into_iter().flatten().any(|text| text.contains(words))
    }

    /// Whether it may be any comment.
    const fn is_without_text(&self) -> bool {
        self.body.is_none() && self.plain_body.is_none()
    }
}
