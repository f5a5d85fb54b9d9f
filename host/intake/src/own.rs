//! Messages of a provider's own, written out of a record that keeps their words and calls in another form, and beside them
//! what the provider thought and its seals on that.
//!
//! Nothing is made up: what the provider can't have written so, or doesn't take back, becomes no message.

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role, ToolCall},
    json::Json,
    left_out::{Because, LeftOut, Part},
};
use base64::{
    Engine as _, alphabet,
    engine::{
        DecodePaddingMode,
        general_purpose::{GeneralPurpose, GeneralPurposeConfig},
    },
};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

/// Most characters of a function's name: <https://ai.google.dev/api/caching#FunctionDeclaration>.
const GEMINI_NAME_CHARS_MAX: usize = 64;

/// Most characters of a call's identifier and of a tool's name that both Anthropic and OpenAI take.
const WORD_CHARS_MAX: usize = 64;

/// Base64 with the padding or without.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// The two alphabets in which JSON carries bytes by protobuf's mapping, which is Gemini's.
const ALPHABETS: [GeneralPurpose; 2] =
    [GeneralPurpose::new(&alphabet::STANDARD, LENIENT), GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT)];

/// A part of a content of Gemini's.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiPart<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thought_signature: Option<&'a str>,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    args: Box<RawValue>,
}

/// A block of a message of Anthropic's.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Box<RawValue> },
}

/// An item of OpenAI's Responses.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseItem<'a> {
    Message { role: &'static str, content: &'a str },
    FunctionCall { call_id: &'a str, name: &'a str, arguments: &'a str },
}

/// A content of Gemini's.
#[derive(Serialize)]
struct GeminiContent<'a> {
    role: &'static str,
    parts: Vec<GeminiPart<'a>>,
}

/// A message of Anthropic's.
#[derive(Serialize)]
struct AnthropicMessage {
    role: &'static str,
    content: Vec<Box<RawValue>>,
}

/// Gives each reply whose words or calls Gemini sealed its content, with the seals where they were:
/// <https://ai.google.dev/gemini-api/docs/thought-signatures>. `seals` has a place for each item. Says how many have no place.
pub(crate) fn seal(items: &mut [Item], seals: &[Option<String>]) -> usize {
    let mut rest = seals;
    let mut lost = 0;
    for group in items.chunk_by_mut(|_, next| next.continues) {
        let (seals, after) = rest.split_at_checked(group.len()).unwrap_or_default();
        rest = after;
        let sealed = seals.iter().flatten().count();
        if sealed == 0 {
            continue;
        }
        let reply = group.iter().map(|item| &item.content).zip(seals.iter().map(Option::as_deref));
        match gemini(reply).zip(group.first_mut()) {
            Some((own, leader)) => leader.opaque = Some(own),
            None => lost += sealed,
        }
    }
    lost
}

/// Gemini's content of a reply: each thing that it says or calls, with the seal on it.
fn gemini<'a>(reply: impl Iterator<Item = (&'a Content, Option<&'a str>)>) -> Option<Opaque> {
    let mut parts = Vec::new();
    for (content, thought_signature) in reply {
        let part = match content {
            Content::Message { role: Role::Assistant, text, .. } => {
                GeminiPart { text: Some(text), ..GeminiPart::default() }
            }
            Content::ToolCall(ToolCall { id, name, arguments }) => {
                let args = object(arguments).filter(|_| is_gemini_name(name))?;
                GeminiPart { function_call: Some(FunctionCall { id, name, args }), ..GeminiPart::default() }
            }
            Content::Message { .. } | Content::ToolResult { .. } => return None,
        };
        if !thought_signature.is_none_or(is_base64) {
            return None;
        }
        parts.push(GeminiPart { thought_signature, ..part });
    }
    opaque(Dialect::Gemini, &GeminiContent { role: "model", parts })
}

/// Anthropic's message of a reply: the blocks of its thoughts, what it says and what it calls
/// (<https://platform.claude.com/docs/en/build-with-claude/extended-thinking>). Thoughts that led to nothing are none.
pub(crate) fn anthropic<'a>(thoughts: &[Box<RawValue>], reply: impl Iterator<Item = &'a Content>) -> Option<Opaque> {
    let mut content = thoughts.to_vec();
    for said in reply {
        match said {
            Content::Message { role: Role::Assistant, text, .. } if text.trim().is_empty() => {}
            Content::Message { role: Role::Assistant, text, .. } => content.push(raw(&Block::Text { text })),
            Content::ToolCall(ToolCall { id, name, arguments }) => {
                let input = object(arguments).filter(|_| is_word(id) && is_word(name))?;
                content.push(raw(&Block::ToolUse { id, name, input }));
            }
            Content::Message { .. } | Content::ToolResult { .. } => return None,
        }
    }
    let leads_on = content.len() > thoughts.len();
    opaque(Dialect::Anthropic, &AnthropicMessage { role: "assistant", content }).filter(|_| leads_on)
}

/// The items of OpenAI's Responses of a reply: its thoughts, each right before what it led to.
pub(crate) fn responses<'a>(thoughts: &[Box<RawValue>], reply: impl Iterator<Item = &'a Content>) -> Option<Opaque> {
    let mut items = thoughts.to_vec();
    for content in reply {
        items.push(raw(&match content {
            Content::Message { role: Role::Assistant, text, .. } => {
                ResponseItem::Message { role: "assistant", content: text }
            }
            Content::ToolCall(ToolCall { id, name, arguments }) if is_word(id) && is_word(name) => {
                ResponseItem::FunctionCall { call_id: id, name, arguments }
            }
            Content::Message { .. } | Content::ToolCall(_) | Content::ToolResult { .. } => return None,
        }));
    }
    opaque(Dialect::OpenaiResponses, &items)
}

/// So many parts that have no place.
pub(crate) fn left_out(part: Part, times: usize) -> Vec<LeftOut> {
    let times = u32::try_from(times).unwrap_or(u32::MAX);
    let left_out = (times > 0).then_some(LeftOut { part, times, because: Because::Incomplete });
    left_out.into_iter().collect()
}

/// Whether a seal may be one: providers write the bytes in base64.
pub(crate) fn is_base64(seal: &str) -> bool {
    !seal.is_empty() && ALPHABETS.iter().any(|alphabet| alphabet.decode(seal).is_ok())
}

/// A value as JSON.
pub(crate) fn raw(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("texts and JSON documents serialise")
}

/// None: it is nested too deeply.
fn opaque(dialect: Dialect, message: &(impl Serialize + ?Sized)) -> Option<Opaque> {
    Some(Opaque { dialect, data: Json::try_from(&*raw(message)).ok()? })
}

/// Arguments byte for byte, where they are an object.
fn object(arguments: &str) -> Option<Box<RawValue>> {
    let arguments = RawValue::from_string(arguments.trim().to_owned()).ok()?;
    arguments.get().starts_with('{').then_some(arguments)
}

fn is_gemini_name(name: &str) -> bool {
    let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first
        && name.len() <= GEMINI_NAME_CHARS_MAX
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.:-".contains(c))
}

/// What Anthropic and OpenAI take as an identifier of a call, and as a name.
fn is_word(word: &str) -> bool {
    (1..=WORD_CHARS_MAX).contains(&word.len()) && word.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}
