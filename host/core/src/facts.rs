//! What the host knows of a call that no sentence spoken on it can change.

use serde_json::{Value, json};

use crate::conversation::{Conversation, Direction};

/// A fact's published name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Fact {
    /// The address of the person on the line.
    #[serde(rename = "call.contact")]
    Contact,
    /// The caller's address.
    #[serde(rename = "call.from")]
    From,
    /// The called address.
    #[serde(rename = "call.to")]
    To,
    /// `inbound` or `outbound`.
    #[serde(rename = "call.direction")]
    Direction,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "call.started-at")]
    StartedAt,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[serde(rename = "call.ended-at")]
    EndedAt,
}

impl Fact {
    /// All of them, in the order in which they are published.
    pub const ALL: [Fact; 6] = [Fact::Contact, Fact::From, Fact::To, Fact::Direction, Fact::StartedAt, Fact::EndedAt];

    /// The published name.
    pub const fn name(self) -> &'static str {
        match self {
            Fact::Contact => "call.contact",
            Fact::From => "call.from",
            Fact::To => "call.to",
            Fact::Direction => "call.direction",
            Fact::StartedAt => "call.started-at",
            Fact::EndedAt => "call.ended-at",
        }
    }

    /// What it is in this conversation. None, where the platform didn't say.
    pub fn of(self, conversation: &Conversation) -> Option<Value> {
        match self {
            Fact::Contact => conversation.contact().map(|text| json!(text)),
            Fact::From => conversation.from.as_ref().map(|text| json!(text)),
            Fact::To => conversation.to.as_ref().map(|text| json!(text)),
            Fact::Direction => conversation.direction.map(|direction| match direction {
                Direction::Inbound => json!("inbound"),
                Direction::Outbound => json!("outbound"),
            }),
            Fact::StartedAt => conversation.started_at.map(|at| json!(at.as_millis())),
            Fact::EndedAt => conversation.ended_at.map(|at| json!(at.as_millis())),
        }
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
