//! A ticket as the tools speak of it, whoever keeps it.

use aftercall::Text;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::caller::{Caller, Person};

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

/// What a new ticket says.
pub(crate) struct Report {
    pub(crate) subject: Text,
    pub(crate) description: Text,
    pub(crate) caller: Caller,
    pub(crate) priority: Priority,
    pub(crate) r#type: TicketType,
    /// The caller's mood is among them.
    pub(crate) tags: Vec<String>,
}

/// Which open tickets are looked for.
pub(crate) struct Wanted {
    pub(crate) person: Option<Person>,
    /// Words that stand side by side in the subject.
    pub(crate) subject_words: Option<String>,
}

/// What a look for an effect came to.
pub(crate) enum Trace {
    /// The vendor's id of it.
    Found(String),
    /// It isn't in what the vendor shows.
    Absent,
    /// Nobody can tell by it: there is more than is looked through, something doesn't show what it says, somebody may have
    /// changed it since, or the ticket is gone.
    Untold,
}

/// The ticket that `create_ticket` opened.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Opened {
    pub(crate) ticket_id: String,
    /// Where the support team sees it.
    pub(crate) url: String,
}

/// What `find_tickets` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Found {
    /// Newest first.
    pub(crate) tickets: Vec<OpenTicket>,
    /// Whether there are more than these.
    pub(crate) more: bool,
}

/// A ticket that isn't done with.
#[derive(Serialize, JsonSchema)]
pub(crate) struct OpenTicket {
    pub(crate) ticket_id: String,
    pub(crate) subject: String,
    /// As the support team calls it.
    pub(crate) status: String,
    /// As the support team calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<String>,
    pub(crate) created_at: String,
    pub(crate) url: String,
}

impl Priority {
    /// As an argument has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "low",
            Priority::Normal => "normal",
            Priority::High => "high",
            Priority::Urgent => "urgent",
        }
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

impl Report {
    /// The description, and who called it in.
    pub(crate) fn text(&self) -> String {
        format!("{}\n\n{}", self.description.as_str().trim(), self.caller.line())
    }
}

impl Found {
    /// The same in words, with the ids that another tool needs.
    pub(crate) fn text(&self) -> String {
        let ids: Vec<&str> = self.tickets.iter().map(|ticket| ticket.ticket_id.as_str()).collect();
        let found = match &ids[..] {
            [] => "no open ticket was found".to_owned(),
            [only] => format!("one open ticket, ticket_id {only}"),
            several => format!("{} open tickets, newest first: ticket_id {}", several.len(), several.join(", ")),
        };
        if self.more { format!("{found}; there are more, so say more exactly which") } else { found }
    }
}

/// A text's paragraphs, each with its lines: without what can't be stored, and without blanks at the ends of lines.
pub(crate) fn blocks(text: &str) -> Vec<Vec<String>> {
    let plain = |line: &str| line.replace(char::is_control, " ").trim_end().to_owned();
    let lines: Vec<String> = text.lines().map(plain).collect();
    lines.split(String::is_empty).filter(|block| !block.is_empty()).map(<[String]>::to_vec).collect()
}

/// A comment's text, with the key by which it is found again.
pub(crate) fn comment_text(comment: &str, key: &str) -> String {
    format!("{}\n\n{}", comment.trim(), reference(key))
}

/// The line of a comment that has our key.
pub(crate) fn reference(key: &str) -> String {
    format!("Reference: {key}")
}
