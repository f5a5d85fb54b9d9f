//! Zendesk's side: its addresses, its tickets.
//! Shapes: <https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/>.

use aftercall::{Answer, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Requester};

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    subdomain: String,
    pub(crate) brand_id: Option<u64>,
    pub(crate) group_id: Option<u64>,
    /// How long a ticket that was made may be missing from the list.
    #[serde(default = "index_lag_ms")]
    pub(crate) index_lag_ms: u64,
}

const fn index_lag_ms() -> u64 {
    60_000
}

/// The body of a request for a ticket.
#[derive(Serialize)]
pub(crate) struct Draft<'a> {
    pub(crate) ticket: NewTicket<'a>,
}

#[derive(Serialize)]
pub(crate) struct NewTicket<'a> {
    pub(crate) external_id: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) comment: Comment,
    #[serde(flatten)]
    pub(crate) requester: Requester,
    pub(crate) priority: Priority,
    pub(crate) r#type: TicketType,
    pub(crate) tags: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) brand_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) group_id: Option<u64>,
}

/// A ticket's first comment, which Zendesk shows as its description.
#[derive(Serialize)]
pub(crate) struct Comment {
    body: String,
    public: bool,
}

/// How soon a ticket has to be looked at.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

/// How the caller sounded.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mood {
    Calm,
    Worried,
    Frustrated,
    Angry,
}

/// What kind of matter a ticket is about.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TicketType {
    Problem,
    Incident,
    Question,
    Task,
}

/// The answer to a request for a ticket.
#[derive(Deserialize)]
pub(crate) struct Made {
    pub(crate) ticket: Ticket,
}

/// The first tickets of a list.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) tickets: Vec<Ticket>,
}

/// A ticket, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    pub(crate) external_id: Option<String>,
}

/// The ticket that `create_ticket` opened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Opened {
    ticket_id: String,
    /// Where the support team sees it.
    url: String,
}

impl Settings {
    /// The address of a part of the API.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("https://{}.zendesk.com/api/v2/{path}", self.subdomain)
    }

    /// The answer about a ticket that Zendesk has.
    pub(crate) fn opened(&self, id: u64) -> Answer<Opened> {
        let url = format!("https://{}.zendesk.com/agent/tickets/{id}", self.subdomain);
        let receipt = Receipt::new("ticket", id.to_string()).with_url(&url);
        let text = format!("the ticket is open, ticket_id {id}, for the team at {url}");
        Answer::new(text, Opened { ticket_id: id.to_string(), url }).with_receipt(receipt)
    }
}

impl Comment {
    /// An internal note. A public comment would be mailed to the requester by Zendesk's own trigger, at an address that
    /// may have been misheard, in words that the assistant chose for the team.
    pub(crate) fn internal(description: &str, caller: &Caller) -> Self {
        let body = format!("{}\n\nCalled in by {caller}.", description.trim());
        Self { body: without_placeholders(&body), public: false }
    }
}

impl Mood {
    /// The tag that agents sort by.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Mood::Calm => "mood_calm",
            Mood::Worried => "mood_worried",
            Mood::Frustrated => "mood_frustrated",
            Mood::Angry => "mood_angry",
        }
    }
}

/// Zendesk fills in `{{…}}` and `{%…%}` in a comment of an agent, with what it knows of people and tickets. What was said
/// on a call is text, so the braces are set apart.
fn without_placeholders(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '{' | '%') && plain.ends_with('{') {
            plain.push(' ');
        }
        plain.push(character);
    }
    plain
}
