//! Requests as a run makes them, and whether the played provider takes them.

use aftercall_core::{
    conversation::{Conversation, Dialect},
    json::Json,
    model::{Exchange, History, ModelPin, Offer, Reasoning, Reply, ToolAnswer, TurnRequest},
};
use aftercall_llm::Delivery;
use serde_json::{Value, json};

use crate::replies::{Line, reply};

/// What the model is told when the call has ended.
pub(crate) const INSTRUCTION: &str = "The call has ended. Do what is left to do.";

/// What it is told of a reply that isn't enough.
pub(crate) const OBJECTION: &str = "Nothing was sent yet, though you say so.";

/// What its two calls come to.
pub(crate) const RESULTS: [&str; 2] = [r#"{"ok":true,"receipt":"note_1"}"#, ""];

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    First,
    /// It thought, spoke and made two calls.
    Called,
    /// It then spoke, and was objected to.
    Objected,
    /// The same, and it may call nothing any more.
    WordsOnly,
}

impl Stage {
    pub(crate) const ALL: [Self; 4] = [Self::First, Self::Called, Self::Objected, Self::WordsOnly];
}

/// A request, but for the conversation.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) pin: ModelPin,
    pub(crate) tools: Vec<(String, Json)>,
    pub(crate) history: History,
    pub(crate) stage: Stage,
    pub(crate) delivery: Delivery,
}

/// The model that each dialect is asked for where nothing else is said.
pub(crate) fn model(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::OpenaiChat => "gpt-4.1",
        Dialect::OpenaiResponses => "gpt-5-mini",
        Dialect::Anthropic => "claude-haiku-4-5",
        Dialect::Gemini => "gemini-3-flash-preview",
    }
}

/// Schemas of tools that any provider takes.
pub(crate) fn tools(names: &[&str]) -> Vec<(String, Json)> {
    let schema = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
    names.iter().map(|name| ((*name).to_owned(), Json::from(&schema))).collect()
}

impl Asked {
    pub(crate) fn new(dialect: Dialect, history: History, stage: Stage) -> Self {
        let model = model(dialect).to_owned();
        let pin = ModelPin::new(model, dialect);
        Self { pin, tools: tools(&["send_note", "log"]), history, stage, delivery: Delivery::Streamed }
    }

    pub(crate) fn of_model(mut self, model: &str, reasoning: Option<Reasoning>) -> Self {
        self.pin.model = model.to_owned();
        self.pin.reasoning = reasoning;
        self
    }

    pub(crate) fn replies(&self) -> Vec<Reply> {
        let calls = [("send_note", json!({"text": "Añadido: \"1.0\""})), ("log", json!({"text": "", "n": 1.5}))];
        let dialect = self.pin.dialect;
        let first = || {
            reply(
                dialect,
                &Line { key: "runA", thought: Some("Two things."), text: Some("Both, then."), calls: &calls },
            )
        };
        let second = || reply(dialect, &Line { key: "runB", thought: None, text: Some("Sent it."), calls: &[] });
        match self.stage {
            Stage::First => Vec::new(),
            Stage::Called => vec![first()],
            Stage::Objected | Stage::WordsOnly => vec![first(), second()],
        }
    }

    /// The body.
    pub(crate) fn body(&self, conversation: &Conversation) -> Result<String, String> {
        let offers = self.tools.iter().map(|(name, schema)| Offer { name, description: "Does it.", schema });
        let offers: Vec<Offer<'_>> = offers.collect();
        let replies = self.replies();
        let exchange = |reply| exchange(reply);
        let exchanges: Vec<Exchange<'_>> = replies.iter().map(exchange).collect();
        let request = TurnRequest {
            model: &self.pin,
            conversation,
            instruction: INSTRUCTION,
            tools: &offers,
            exchanges: &exchanges,
            history: self.history,
            words_only: self.stage == Stage::WordsOnly,
        };
        let body = aftercall_llm::render(&request, self.delivery).map_err(|failure| failure.to_string())?;
        String::from_utf8(body).map_err(|error| error.to_string())
    }

    /// The body as the played provider reads it, once it has taken it.
    pub(crate) fn taken(&self, body: &str) -> Result<Value, String> {
        let read: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let path = match self.pin.dialect {
            Dialect::OpenaiChat => "/v1/chat/completions".to_owned(),
            Dialect::OpenaiResponses => "/v1/responses".to_owned(),
            Dialect::Anthropic => "/v1/messages".to_owned(),
            Dialect::Gemini => format!("/v1beta/models/{}:streamGenerateContent", self.pin.model),
        };
        aftercall_sandbox::check(&path, &read).map_err(|refused| format!("refused: {refused}"))?;
        Ok(read)
    }
}

fn exchange(reply: &Reply) -> Exchange<'_> {
    let results =
        RESULTS.iter().take(reply.calls.len()).map(|text| ToolAnswer { text: (*text).to_owned(), is_error: false });
    let results = results.collect();
    let objection = reply.calls.is_empty().then(|| OBJECTION.to_owned());
    Exchange { reply, results, objection }
}
