//! Pipecat's `LLMContext`: a list of OpenAI Chat messages with what Pipecat puts between them and into them.
//!
//! Pipecat posts nothing when a call ends: `docs/platforms/pipecat.py` does, from the user's bot. The context goes to
//! the provider nearly as it is, so a record has it in `llm.messages`, byte for byte.

mod kept;
mod put_back;

use std::{collections::HashMap, sync::LazyLock};

use aftercall_core::conversation::{Content, Item, Role};
use memchr::memmem::Finder;
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

pub(crate) use put_back::put_back;

/// What stands in the place of a tool's result until there is one. Results are written as JSON, in quotes if they are
/// texts, so no tool answers this.
const IN_PROGRESS: &str = "IN_PROGRESS";

/// What stands there after a tool was stopped, because the caller spoke or it took too long.
const CANCELLED: &str = "CANCELLED";

/// What stands in every `LLMSpecificMessage`: to read each message of a long call in vain would take as long as to read them.
static MARK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(r#""llm""#));

/// An `LLMSpecificMessage`: a message in one provider's own form.
#[derive(Deserialize)]
struct Specific<'a> {
    llm: String,
    #[serde(borrow)]
    message: &'a RawValue,
    role: Option<Value>,
}

/// What a tool that goes on while people speak puts into messages: a `tool` message says that it is running, a later
/// `developer` message how it ended.
#[derive(Deserialize)]
struct Async {
    r#type: String,
    status: String,
    tool_call_id: String,
    result: Option<String>,
}

impl<'a> Specific<'a> {
    /// None: it is a message for any provider.
    fn read(message: &'a RawValue) -> Option<Self> {
        MARK.find(message.get().as_bytes())?;
        serde_json::from_str::<Self>(message.get()).ok().filter(|specific| specific.role.is_none())
    }
}

/// The chat message that a message of a context is. None: it is for a provider of another form, or no message.
pub(crate) fn chat_message(message: &RawValue) -> Option<&RawValue> {
    match Specific::read(message) {
        Some(specific) => is_chat(&specific).then_some(specific.message),
        None => Some(message),
    }
}

/// Whether a message for one provider is a chat message.
fn is_chat(specific: &Specific<'_>) -> bool {
    let has_role =
        || serde_json::from_str::<Value>(specific.message.get()).is_ok_and(|tree| tree.get("role").is_some());
    specific.llm == "openai" && has_role()
}

/// Leaves out results that are none: of a tool that was still running, or was stopped, it isn't known what it did.
/// One that ended later answers with what it said then.
pub(crate) fn settle(items: &mut Vec<Item>) {
    let ended = |item: &Item| match &item.content {
        Content::Message { role: Role::System, text, .. } => {
            async_message(text).filter(|message| message.status == "finished")
        }
        Content::Message { .. } | Content::ToolCall(_) | Content::ToolResult { .. } => None,
    };
    let results: HashMap<String, String> =
        items.iter().filter_map(ended).filter_map(|message| Some((message.tool_call_id, message.result?))).collect();
    items.retain_mut(|item| {
        let Content::ToolResult { call, output, .. } = &mut item.content else { return true };
        if output == IN_PROGRESS || output == CANCELLED {
            return false;
        }
        if async_message(output).is_none() {
            return true;
        }
        let Some(result) = results.get(call).filter(|result| !result.starts_with(CANCELLED)) else { return false };
        output.clone_from(result);
        // The provider's own bytes say that it is running.
        item.opaque = None;
        true
    });
}

fn async_message(text: &str) -> Option<Async> {
    serde_json::from_str::<Async>(text).ok().filter(|message| message.r#type == "async_tool")
}
