//! One ended call's whole history.

use serde::{Deserialize, Serialize};

use crate::{id::Platform, json::Json, left_out::LeftOut, live::LiveTool, time::Timestamp};

/// An ended conversation, as every platform's payload is translated into.
///
/// The history is in [`items`](Self::items), in order. Where the platform's format is the provider's own,
/// the provider's bytes are kept beside the translation (see [`Item::opaque`]), and go to the model as
/// they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The vendor that sent the call.
    pub platform: Platform,
    /// The vendor's own identifier of the call.
    pub id: String,
    /// Who called whom. None, where the vendor doesn't say.
    pub direction: Option<Direction>,
    /// The caller's address: an E.164 number, a SIP URI.
    pub from: Option<String>,
    /// The called address.
    pub to: Option<String>,
    /// Where the person on the line is, as IANA names time zones: `Europe/Berlin`. What the platform sent: it may be
    /// no zone at all.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// When the call began.
    pub started_at: Option<Timestamp>,
    /// When the call ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended, in the vendor's words.
    pub end_reason: Option<String>,
    /// Who answered: `human`, `voicemail`…, in the vendor's words.
    pub answered_by: Option<String>,
    /// Whether the vendor marks the call as a test.
    pub is_test: bool,
    /// The model that took the call, as the platform names it.
    pub model: ModelOfCall,
    /// The history.
    pub items: Vec<Item>,
    /// Tools that the live call could use, by name: those that aren't post-call tools are refused after it.
    pub live_tools: Vec<String>,
    /// Those of them that the payload defines, within bounds: for assistants that offer them again after the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub live_definitions: Vec<LiveTool>,
    /// What the platform made of the call. Never acted on, since platforms invent; shown to people.
    pub summary: Option<String>,
    /// Variables that the platform extracted: a JSON object. Gates may hold a call back by them, and nothing is done
    /// because of them; shown to plugins that may see it.
    #[serde(default)]
    pub variables: Option<Json>,
    /// What of the history the platform wrote down otherwise than its provider takes it back, so that no model gets it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// A person called the assistant.
    Inbound,
    /// The assistant called a person.
    Outbound,
}

/// The model that took the call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelOfCall {
    /// As the platform names it: `gpt-4.1`. None, where the payload doesn't say.
    pub name: Option<String>,
    /// Sampling parameters of the call, passed on as they are: `temperature`, `reasoning_effort`… A JSON object.
    pub parameters: Json,
}

/// One message, tool call or tool result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// When it was said or done.
    pub at: Option<Timestamp>,
    /// What it is.
    pub content: Content,
    /// The provider's own form of this item *and of the items that follow it with [`Opaque`] absent and
    /// [`continues`](Self::continues) set*.
    pub opaque: Option<Opaque>,
    /// Whether this item is part of the same provider message as the item before it: a chat message that
    /// speaks and calls two tools is three items.
    pub continues: bool,
}

/// A provider's own bytes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opaque {
    /// The wire format that the bytes are in, and with it what they are.
    pub dialect: Dialect,
    /// The bytes.
    pub data: Json,
}

/// The wire format of an LLM vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dialect {
    /// OpenAI Chat Completions, and all who speak it. Opaque: one message.
    OpenaiChat,
    /// OpenAI Responses. Opaque: a list of items; all that one response put out, or one item of the input.
    OpenaiResponses,
    /// Anthropic Messages. Opaque: one message, or of one with several tool results a message for each.
    Anthropic,
    /// Gemini's `generateContent`. Opaque: one content, or of one with several function responses a content for each.
    Gemini,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenaiChat, Self::OpenaiResponses, Self::Anthropic, Self::Gemini];

    /// Its name in configurations and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenaiChat => "openai-chat",
            Self::OpenaiResponses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an item says or does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Content {
    /// Something said or instructed.
    Message {
        /// By whom.
        role: Role,
        /// The words.
        text: String,
        /// Whether the other side cut it off: what stands here is what was heard, where the vendor tells.
        interrupted: bool,
    },
    /// A tool that the assistant called during the live call.
    ToolCall(ToolCall),
    /// What came back.
    ToolResult {
        /// The call that it answers.
        call: String,
        /// The text that the model saw.
        output: String,
        /// Whether the platform marks it as failed.
        is_error: bool,
    },
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions.
    System,
    /// The person on the line.
    User,
    /// The model.
    Assistant,
}

/// One tool call that a model made, live or after the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's identifier, which its result must carry.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as the model wrote them: meant to be a JSON object, not promised to be.
    pub arguments: String,
}

impl Item {
    /// An item that stands alone, in no provider's own form.
    pub fn plain(at: Option<Timestamp>, content: Content) -> Self {
        Self { at, content, opaque: None, continues: false }
    }

    /// A message that stands alone.
    pub fn message(role: Role, text: impl Into<String>) -> Self {
        Self::plain(None, Content::Message { role, text: text.into(), interrupted: false })
    }
}

impl Conversation {
    /// A conversation of which nothing is known but its name: what a payload says is filled in.
    pub fn new(platform: Platform, id: impl Into<String>) -> Self {
        Self {
            platform,
            id: id.into(),
            direction: None,
            from: None,
            to: None,
            time_zone: None,
            started_at: None,
            ended_at: None,
            end_reason: None,
            answered_by: None,
            is_test: false,
            model: ModelOfCall { name: None, parameters: Json::parse("{}").expect("it is JSON") },
            items: Vec::new(),
            live_tools: Vec::new(),
            live_definitions: Vec::new(),
            summary: None,
            variables: None,
            left_out: Vec::new(),
        }
    }

    /// The address of the person on the line, who is the caller of an inbound call and the called one of an
    /// outbound call. None, where the vendor doesn't say who called whom.
    pub fn contact(&self) -> Option<&str> {
        match self.direction? {
            Direction::Inbound => self.from.as_deref(),
            Direction::Outbound => self.to.as_deref(),
        }
    }
}
