//! The native call record: the published form for platforms of one's own, and for tests.
//!
//! A record is one JSON object whose `schema` is [`SCHEMA`]. Fields that are unknown are let pass; `null` is
//! as good as absent. The structs below are the reference.
//!
//! A history comes in one of several ways: as [`Envelope::items`], in aftercall's own words; as the provider's own list
//! of messages in [`Llm::messages`], with [`Llm::dialect`] saying in which format, which is kept byte for byte and is
//! the better way where the platform has it; or as what a framework or provider wrote down of the call, verbatim, in
//! [`Envelope::livekit`] or [`Envelope::openai_items`]. Which of these fields is there says how the record is read.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::Item as CoreItem,
    conversation::{Content, Conversation, Dialect, Direction, ModelOfCall, Role, ToolCall},
    id::Platform,
    json::Json,
    left_out::LeftOut,
    live::{LiveTool, bounded},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, value::RawValue};

use crate::{
    Error, Parsed, anthropic,
    chat::{self, Origin},
    definition, document, gemini, livekit, openai, openai_responses, pipecat,
};

/// The version of the form that is read here.
pub const SCHEMA: &str = "aftercall.call/1";

/// The platform that a record without `source.platform` comes from.
const PLATFORM: &str = "native";

/// What is among the parameters of some SDKs and is none of the model's: nobody may keep it.
const OF_THE_CONNECTION: [&str; 5] = ["api_key", "authorization", "extra_headers", "headers", "request_headers"];

/// The platform whose contexts have words of its own for results that aren't there yet.
const PIPECAT: &str = "pipecat";

/// A call record.
#[derive(Debug, Clone, Deserialize)]
pub struct Envelope<'a> {
    /// [`SCHEMA`].
    pub schema: String,
    /// Whose call it was, by the tenant's name in the configuration.
    pub tenant: Option<String>,
    /// Which assistant took it.
    pub assistant: Option<String>,
    /// Who sends the record.
    #[serde(default, deserialize_with = "or_default")]
    pub source: Source,
    /// The call.
    pub conversation: Call,
    /// The model that took it.
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub llm: Llm<'a>,
    /// The session report of LiveKit Agents, whole: its history, and what else it tells of the call where
    /// [`Envelope::conversation`] and [`Envelope::llm`] don't.
    pub livekit: Option<Value>,
    /// The items of a conversation with OpenAI's Realtime or Responses API, of which the latter are kept byte for byte. Not read where [`Envelope::livekit`] is
    /// there.
    #[serde(borrow)]
    pub openai_items: Option<Vec<&'a RawValue>>,
    /// The history, in order. Not read where it is in another place.
    #[serde(default, deserialize_with = "or_default")]
    pub items: Vec<Item>,
    /// What the platform made of the call.
    #[serde(default, deserialize_with = "or_default")]
    pub analysis: Analysis,
}

/// Who sends a record.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Source {
    /// The platform's name, which is part of the run's identity. Absent: `native`.
    pub platform: Option<Platform>,
}

/// The call.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// The platform's own identifier. The same one twice is the same run.
    pub id: String,
    /// `inbound`: a person called the assistant; `outbound`: the assistant called a person.
    pub direction: Option<Direction>,
    /// The caller's address: an E.164 number, a SIP URI. As signalled, never as spoken.
    pub from: Option<String>,
    /// The called address.
    pub to: Option<String>,
    /// Where the person on the line is, as IANA names time zones: `Europe/Berlin`. Tools whose time the tenant settles
    /// act by it; absent: by the zone in the grant.
    pub time_zone: Option<String>,
    /// When it began, by RFC 3339: `2026-03-04T14:00:00Z`.
    #[serde(default, deserialize_with = "instant")]
    pub started_at: Option<Timestamp>,
    /// When it ended, by RFC 3339.
    #[serde(default, deserialize_with = "instant")]
    pub ended_at: Option<Timestamp>,
    /// Why it ended, in the platform's words.
    pub end_reason: Option<String>,
    /// Who answered: `human`, `voicemail`…
    pub answered_by: Option<String>,
    /// Whether it was a test. Absent: no.
    #[serde(default, deserialize_with = "or_default")]
    pub is_test: bool,
}

/// The model that took the call.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Llm<'a> {
    /// Its name, by which the operator's configuration maps it to an endpoint.
    pub model: Option<String>,
    /// Parameters of the call, passed on as they are, by the provider's names: an object.
    #[serde(borrow)]
    pub params: Option<&'a RawValue>,
    /// The instructions, where the history lacks them: they go in front of it, unless it says the very same.
    pub system: Option<String>,
    /// The tools of the live call: names, or the provider's definitions. A definition may say in a member `http` beside it
    /// how the tool is called, by the fields of [`HttpCall`](aftercall_core::live::HttpCall): an assistant with `live_tools`
    /// offers it again after the call.
    #[serde(default, deserialize_with = "or_default")]
    pub tools: Vec<Value>,
    /// The format of `messages`: `openai-chat`, `anthropic`, `gemini`, or `openai-responses`, whose messages are items.
    pub dialect: Option<Dialect>,
    /// The history in the provider's own format, and between messages of `openai-chat` what another provider wrote that has
    /// no place in them, as `{"llm": "google", "message": …}`: Pipecat's `LLMSpecificMessage`. Not read where the history is
    /// in a field of its platform.
    #[serde(borrow)]
    pub messages: Option<Vec<&'a RawValue>>,
}

/// One message, tool call or tool result of the history.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Item {
    /// Something said or instructed.
    Message {
        /// By whom: `system`, `user` (the person on the line) or `assistant`.
        role: Role,
        /// The words.
        text: String,
        /// When, by RFC 3339.
        #[serde(default, deserialize_with = "instant")]
        at: Option<Timestamp>,
        /// Whether the other side cut it off; `text` is then what was heard.
        #[serde(default, deserialize_with = "or_default")]
        interrupted: bool,
    },
    /// A tool that the assistant called during the call.
    ToolCall {
        /// The provider's identifier, which the result repeats.
        id: String,
        /// The tool.
        name: String,
        /// An object, or the text of one as the model wrote it. Absent: no arguments.
        #[serde(default)]
        arguments: Value,
        /// When, by RFC 3339.
        #[serde(default, deserialize_with = "instant")]
        at: Option<Timestamp>,
        /// Whether the model called it in the same reply as the item before: with its words, or with
        /// another call.
        #[serde(default, deserialize_with = "or_default")]
        continues: bool,
    },
    /// What came back.
    ToolResult {
        /// The call that it answers.
        call_id: String,
        /// What the model saw: a text, or JSON that is written down.
        #[serde(default)]
        output: Value,
        /// When, by RFC 3339.
        #[serde(default, deserialize_with = "instant")]
        at: Option<Timestamp>,
        /// Whether it failed.
        #[serde(default, deserialize_with = "or_default")]
        is_error: bool,
    },
}

/// What the platform made of the call: shown to people, and nothing is done because of it.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Analysis {
    /// A summary.
    pub summary: Option<String>,
    /// Variables that it extracted: an object.
    pub variables: Option<Value>,
}

/// What a record tells by its history, in whichever form that is.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The history.
    pub(crate) items: Vec<CoreItem>,
    /// Tools of the live call that it names.
    pub(crate) tools: Vec<String>,
    /// Which assistant took the call.
    pub(crate) assistant: Option<String>,
    /// The model that took the call.
    pub(crate) model: Option<String>,
    /// When the call began.
    pub(crate) started_at: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// Why it ended.
    pub(crate) end_reason: Option<String>,
    /// What of the history has no place in it.
    pub(crate) left_out: Vec<LeftOut>,
}

/// Reads a native call record.
///
/// # Errors
/// Says where the record is wrong and what would be right.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let envelope = envelope(payload)?;
    let told = told(&envelope)?;
    let Envelope { tenant, assistant, source, conversation: call, llm, analysis, .. } = envelope;
    if call.id.trim().is_empty() {
        return Err(Error::at("/conversation/id", "a call needs an identifier: the same one twice is the same run"));
    }
    let conversation = Conversation {
        platform: source.platform.unwrap_or_else(|| PLATFORM.parse().expect("it is a name")),
        id: call.id,
        direction: call.direction,
        from: call.from,
        to: call.to,
        time_zone: call.time_zone.filter(|zone| !zone.trim().is_empty()),
        started_at: call.started_at.or(told.started_at),
        ended_at: call.ended_at.or(told.ended_at),
        end_reason: call.end_reason.or(told.end_reason),
        answered_by: call.answered_by,
        is_test: call.is_test,
        live_definitions: definitions(&llm)?,
        live_tools: document::live_tools(
            tools(&llm)?.into_iter().chain(told.tools.iter().map(String::as_str)),
            &told.items,
        ),
        model: ModelOfCall { parameters: parameters(&llm)?, name: llm.model.or(told.model) },
        items: told.items,
        summary: analysis.summary,
        variables: analysis.variables.filter(Value::is_object).map(|variables| Json::from(&variables)),
        left_out: told.left_out,
    };
    Ok(Parsed { conversation, assistant: assistant.or(told.assistant), tenant })
}

/// The record as it is written. Of another version, what is wrong besides isn't told.
fn envelope(payload: &[u8]) -> Result<Envelope<'_>, Error> {
    let read = document::typed::<Envelope>(document::text(payload)?, "");
    if read.as_ref().is_ok_and(|envelope| envelope.schema == SCHEMA) {
        return read;
    }
    let found = document::text_of(document::field(payload, "schema")?.as_ref(), "");
    if found == SCHEMA { read } else { Err(Error::Schema { found }) }
}

/// The history, from wherever the record has it.
fn told(envelope: &Envelope<'_>) -> Result<Told, Error> {
    let llm = &envelope.llm;
    let mut told = match (&envelope.livekit, &envelope.openai_items, &llm.messages) {
        (Some(report), ..) => livekit::read(report)?,
        (None, Some(items), _) => openai::read(items),
        (None, None, Some(messages)) => provider_messages(envelope, messages)?,
        (None, None, None) => Told { items: envelope.items.iter().map(item).collect(), ..Told::default() },
    };
    if let Some(text) = &llm.system {
        let instructions = CoreItem::message(Role::System, text);
        if told.items.iter().all(|item| item.content != instructions.content) {
            told.items.insert(0, instructions);
        }
    }
    Ok(told)
}

fn provider_messages(envelope: &Envelope<'_>, messages: &[&RawValue]) -> Result<Told, Error> {
    let mut left_out = Vec::new();
    let mut items = match envelope.llm.dialect {
        Some(Dialect::OpenaiChat) => {
            let items = chat::items(messages, "/llm/messages", Origin::Provider)?;
            let (items, without_place) = pipecat::put_back(items, messages);
            left_out = without_place;
            items
        }
        Some(Dialect::OpenaiResponses) => {
            if let Some(at) = messages.iter().position(|item| !item.get().starts_with('{')) {
                return Err(Error::at(format!("/llm/messages/{at}"), "an item is an object: `{\"type\": …}`"));
            }
            openai_responses::items(messages)
        }
        Some(Dialect::Anthropic) => anthropic::items(messages, "/llm/messages")?,
        Some(Dialect::Gemini) => gemini::items(messages, "/llm/messages")?,
        None => {
            let why = "`messages` needs the name of its format: add `\"dialect\": \"openai-chat\"`";
            return Err(Error::at("/llm/dialect", why));
        }
    };
    if envelope.source.platform.as_ref().is_some_and(|platform| platform.as_str() == PIPECAT) {
        pipecat::settle(&mut items);
    }
    Ok(Told { items, left_out, ..Told::default() })
}

fn item(item: &Item) -> CoreItem {
    match item.clone() {
        Item::Message { role, text, at, interrupted } => {
            CoreItem::plain(at, Content::Message { role, text, interrupted })
        }
        Item::ToolCall { id, name, arguments, at, continues } => {
            let arguments = document::text_of(Some(&arguments), "{}");
            let call = Content::ToolCall(ToolCall { id, name, arguments });
            CoreItem { continues, ..CoreItem::plain(at, call) }
        }
        Item::ToolResult { call_id, output, at, is_error } => {
            let output = document::text_of(Some(&output), "");
            CoreItem::plain(at, Content::ToolResult { call: call_id, output, is_error })
        }
    }
}

fn parameters(llm: &Llm<'_>) -> Result<Json, Error> {
    match llm.params {
        None => Ok(Json::parse("{}").expect("it is JSON")),
        Some(params) if params.get().starts_with('{') => {
            let wrong = |error: serde_json::Error| Error::at("/llm/params", error.to_string());
            let mut kept: BTreeMap<String, &RawValue> = serde_json::from_str(params.get()).map_err(wrong)?;
            let given = kept.len();
            kept.retain(|name, _| !OF_THE_CONNECTION.contains(&name.as_str()));
            if kept.len() == given { Json::try_from(params).map_err(wrong) } else { Ok(Json::of(&kept)) }
        }
        Some(_) => Err(Error::at("/llm/params", "the parameters are an object: `{\"temperature\": 0.3}`")),
    }
}

fn tools<'a>(llm: &'a Llm<'_>) -> Result<Vec<&'a str>, Error> {
    llm.tools.iter().enumerate().map(|(index, tool)| tool_name(index, tool)).collect()
}

fn tool_name(index: usize, tool: &Value) -> Result<&str, Error> {
    let name = tool.as_str().or_else(|| tool.get("name")?.as_str());
    let name = name.or_else(|| tool.pointer("/function/name")?.as_str());
    name.ok_or_else(|| Error::at(format!("/llm/tools/{index}"), "a tool is its name, or an object with a `name`"))
}

fn definitions(llm: &Llm<'_>) -> Result<Vec<LiveTool>, Error> {
    let mut defined = Vec::new();
    for (index, tool) in llm.tools.iter().enumerate() {
        defined.extend(definition::read(tool, tool_name(index, tool)?, format_args!("/llm/tools/{index}"))?);
    }
    Ok(bounded(defined))
}

/// Takes `null` for absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let wrong = || D::Error::custom(format!("`{text}` is no instant by RFC 3339, like `2026-03-04T14:00:00Z`"));
    document::instant(&text).map(Some).ok_or_else(wrong)
}
