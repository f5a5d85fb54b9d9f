//! How servers that speak this format differ: one table, and nothing else asks which server it is.

use aftercall_core::model::Effort;
use reqwest::header::{AUTHORIZATION, HeaderName};
use serde::{Deserialize, Serialize};

use crate::openai::model;

/// Who answers at a route that speaks OpenAI Chat Completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Server {
    /// OpenAI itself.
    #[default]
    OpenAi,
    /// OpenAI's models at Azure. The base is `https://NAME.openai.azure.com/openai/v1`.
    Azure,
    /// vLLM.
    Vllm,
    /// Ollama.
    Ollama,
    /// Groq.
    Groq,
    /// OpenRouter.
    OpenRouter,
    /// Telnyx.
    Telnyx,
    /// DeepSeek.
    DeepSeek,
    /// Any other: what it takes isn't known, so it is given what most take.
    Other,
}

/// What a server wants otherwise than others.
pub(crate) struct Quirks {
    /// The header that carries the key, and what stands before the key in it.
    pub(crate) key: (HeaderName, &'static str),
    /// How the model is told something in the course of the conversation.
    pub(super) told: Told,
    /// How it is asked to think as much as the run has it.
    pub(super) reasoning: Reasoning,
    /// What else is set where it is asked to think: names, and values as JSON.
    pub(super) to_think: &'static [(&'static str, &'static str)],
    /// Parameters of the live call that it refuses, whatever the model.
    pub(super) refused: &'static [&'static str],
    /// Whether its models are OpenAI's, whose names tell what they refuse.
    pub(super) is_openai: bool,
    /// All fields that it takes in a message. None: it lets others pass.
    pub(super) fields: Option<&'static [&'static str]>,
    /// Whether replies are streamed where the operator doesn't say: those that are known to stream a reply with calls as
    /// well as they make a whole one.
    pub(crate) streams: bool,
    /// Whether it counts the tokens of a streamed reply where it is asked to, by `stream_options.include_usage`.
    pub(super) counts_when_asked: bool,
    /// A field that each message of the assistant must have, and what it says where nothing is known.
    pub(super) demanded: Option<(&'static str, &'static str)>,
}

/// How a model is told something in the course of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// In a system message, wherever it stands.
    System,
    /// Marked, in a message of the user: one system message is taken, and only at the beginning.
    User,
}

/// How a model is asked to think.
pub(super) enum Reasoning {
    /// By `reasoning_effort`: the word for an effort that the model of that name has. None: it has none.
    Effort(fn(model: &str, effort: Effort) -> Option<&'static str>),
    /// By an object `reasoning` with either `effort` or `max_tokens`.
    Object,
}

impl Server {
    /// What it wants otherwise than others.
    pub(crate) fn quirks(self) -> &'static Quirks {
        match self {
            Self::OpenAi => &OPENAI,
            Self::Azure => &AZURE,
            Self::Vllm => &VLLM,
            Self::Ollama => &OLLAMA,
            Self::Groq => &GROQ,
            Self::OpenRouter => &OPENROUTER,
            Self::Telnyx => &TELNYX,
            Self::DeepSeek => &DEEPSEEK,
            Self::Other => &OTHER,
        }
    }
}

const BEARER: (HeaderName, &str) = (AUTHORIZATION, "Bearer ");

/// OpenAI's own models, wherever they are served.
const fn openai_at(key: (HeaderName, &'static str)) -> Quirks {
    Quirks {
        key,
        told: Told::System,
        reasoning: Reasoning::Effort(|model, effort| Some(model::effort(model, effort))),
        to_think: &[],
        refused: &[],
        is_openai: true,
        fields: None,
        streams: true,
        counts_when_asked: true,
        demanded: None,
    }
}

/// What most servers of open models take. Many stream calls otherwise than OpenAI does, or not at all.
const LOCAL: Quirks = Quirks {
    key: BEARER,
    told: Told::User,
    reasoning: Reasoning::Effort(low_to_high),
    to_think: &[],
    refused: &[],
    is_openai: false,
    fields: None,
    streams: false,
    counts_when_asked: false,
    demanded: None,
};

/// OpenAI takes system messages anywhere, and for models that think treats them as `developer` ones: its reference of Chat
/// Completions. What its models refuse is in [`crate::openai::model`].
static OPENAI: Quirks = openai_at(BEARER);

/// Azure takes a key in a header of its own (<https://learn.microsoft.com/azure/ai-services/openai/reference>, on
/// authentication), and no request with both system and developer messages (its page on reasoning models), so what is told
/// is told as on the call.
static AZURE: Quirks = openai_at((HeaderName::from_static("api-key"), ""));

/// The chat templates of many models that vLLM serves take one system message, at the beginning
/// (<https://github.com/vllm-project/vllm/issues/41114>), and no `developer`
/// (<https://github.com/ogx-ai/ogx/issues/6069>). Of the words for an effort that its `chat_completion/protocol.py` lists,
/// most models have these three. It ignores parameters that it doesn't know. It streams calls, and counts when it is asked to
/// (its page on the OpenAI-compatible server).
static VLLM: Quirks = Quirks { streams: true, counts_when_asked: true, ..LOCAL };

/// Ollama's templates refuse a later system message as vLLM's do (<https://github.com/ollama/ollama/issues/18241>), and it
/// has no effort `minimal` (<https://github.com/ollama/ollama/pull/17141>). It ignores parameters that it doesn't know
/// (`openai/openai.go`). It counts when it is asked to (`stream_options`, in its page on compatibility with OpenAI). Versions of it
/// lose calls of a stream (<https://github.com/ollama/ollama/issues/12557>), or give all of them one index
/// (<https://github.com/ollama/ollama/issues/15457>).
static OLLAMA: Quirks = Quirks { counts_when_asked: true, ..LOCAL };

/// Groq answers 400 to `logprobs`, `logit_bias`, `top_logprobs` and the name in a message
/// (<https://console.groq.com/docs/openai>), and to fields of messages that it doesn't know
/// (<https://github.com/run-llama/llama_index/issues/14701>), its own `reasoning` with many models among them
/// (<https://github.com/vercel/ai/pull/8057>, <https://github.com/janhq/jan/issues/8136>).
static GROQ: Quirks = Quirks {
    key: BEARER,
    told: Told::System,
    reasoning: Reasoning::Effort(groq_effort),
    to_think: &[],
    refused: &["logprobs", "logit_bias", "top_logprobs"],
    is_openai: false,
    fields: Some(&["role", "content", "tool_calls", "tool_call_id"]),
    streams: true,
    counts_when_asked: true,
    demanded: None,
};

/// OpenRouter has its own object for how much a model thinks, takes one of an effort and a number of tokens in it, and wants
/// `reasoning_details` back as they came: <https://openrouter.ai/docs/use-cases/reasoning-tokens>. It leaves out what a model
/// doesn't have: <https://openrouter.ai/docs/api-reference/overview>. It counts unasked
/// (<https://openrouter.ai/docs/client-sdks/typescript/models/chatstreamoptions>).
static OPENROUTER: Quirks = Quirks {
    key: BEARER,
    told: Told::System,
    reasoning: Reasoning::Object,
    to_think: &[],
    refused: &[],
    is_openai: false,
    fields: None,
    streams: true,
    counts_when_asked: false,
    demanded: None,
};

/// Telnyx serves open models, by vLLM's parameters, and lists `enable_thinking` and `reasoning_effort`
/// (<https://developers.telnyx.com/api-reference/chat/create-a-chat-completion>). Whether a template of theirs takes a later
/// system message isn't said, so none is relied on; nor whether calls are streamed as they are made.
static TELNYX: Quirks = Quirks { to_think: &[("enable_thinking", "true")], ..LOCAL };

/// DeepSeek has `thinking` beside an effort, and wants what a model thought before a call back, else it answers 400
/// (<https://api-docs.deepseek.com/guides/thinking_mode>): in every message of the assistant, and not empty
/// (<https://github.com/NousResearch/hermes-agent/pull/18263>). A model that thinks refuses `logprobs` and `top_logprobs`
/// (its page on `deepseek-reasoner`).
static DEEPSEEK: Quirks = Quirks {
    key: BEARER,
    told: Told::System,
    reasoning: Reasoning::Effort(|_, effort| Some(effort.as_str())),
    to_think: &[("thinking", r#"{"type":"enabled"}"#)],
    refused: &["logprobs", "top_logprobs"],
    is_openai: false,
    fields: None,
    streams: true,
    counts_when_asked: true,
    demanded: Some(("reasoning_content", " ")),
};

/// One of which nothing is known.
static OTHER: Quirks = LOCAL;

fn low_to_high(_: &str, effort: Effort) -> Option<&'static str> {
    Some(effort.max(Effort::Low).as_str())
}

/// Its GPT-OSS models have three words, Qwen's thinks or doesn't, and others refuse any:
/// <https://console.groq.com/docs/reasoning>, <https://github.com/earendil-works/pi/issues/1745>.
fn groq_effort(model: &str, effort: Effort) -> Option<&'static str> {
    match model {
        model if model.contains("gpt-oss") => low_to_high(model, effort),
        model if model.contains("qwen") => Some("default"),
        _ => None,
    }
}
