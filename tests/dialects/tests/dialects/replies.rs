//! Replies as each played provider makes them and the dialect reads them: its own message, with its seals.

use aftercall_core::{conversation::Dialect, model::Reply};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What a model says and does in one reply.
pub(crate) struct Line<'a> {
    /// Tells this reply's identifiers from those of others.
    pub(crate) key: &'a str,
    pub(crate) thought: Option<&'a str>,
    pub(crate) text: Option<&'a str>,
    /// Names and arguments, which are objects.
    pub(crate) calls: &'a [(&'a str, Value)],
}

/// The reply, as read.
pub(crate) fn reply(dialect: Dialect, line: &Line<'_>) -> Reply {
    let own = own(dialect, line);
    let answer = match dialect {
        Dialect::OpenaiChat => json!({"choices": [{"index": 0, "message": own, "finish_reason": "stop"}]}),
        Dialect::OpenaiResponses => json!({"status": "completed", "output": own}),
        Dialect::Anthropic => {
            json!({"type": "message", "role": "assistant", "content": own["content"], "stop_reason": "end_turn"})
        }
        Dialect::Gemini => json!({"candidates": [{"content": own, "finishReason": "STOP", "index": 0}]}),
    };
    aftercall_llm::read(dialect, 200, answer.to_string().into_bytes(), 0).expect("a reply")
}

/// The provider's own message: of Responses, the list of items.
pub(crate) fn own(dialect: Dialect, line: &Line<'_>) -> Value {
    match dialect {
        Dialect::OpenaiChat => line.chat(),
        Dialect::OpenaiResponses => line.responses(),
        Dialect::Anthropic => line.anthropic(),
        Dialect::Gemini => line.gemini(),
    }
}

impl Line<'_> {
    /// What a result calls the call.
    pub(crate) fn id(&self, dialect: Dialect, index: usize) -> String {
        match dialect {
            Dialect::OpenaiChat | Dialect::OpenaiResponses => format!("call_{}_{index}", self.key),
            Dialect::Anthropic => format!("toolu_{}_{index}", self.key),
            Dialect::Gemini => format!("{}-{index}", self.key),
        }
    }

    fn chat(&self) -> Value {
        let call = |(index, (name, arguments)): (usize, &(&str, Value))| {
            let function = json!({"name": name, "arguments": arguments.to_string()});
            json!({"id": self.id(Dialect::OpenaiChat, index), "type": "function", "function": function})
        };
        let mut message = json!({"role": "assistant", "content": self.text, "refusal": null, "annotations": []});
        if !self.calls.is_empty() {
            message["tool_calls"] = self.calls.iter().enumerate().map(call).collect();
        }
        if let Some(thought) = self.thought {
            message["reasoning_content"] = thought.into();
        }
        message
    }

    fn responses(&self) -> Value {
        let kind = if self.thought.is_some() { "thought" } else { "plain" };
        let stem = format!("{kind}_{}_0", self.key);
        let mut items = Vec::new();
        if let Some(thought) = self.thought {
            let id = format!("rs_{stem}");
            let mark = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{id}\n{thought}")));
            let seal = format!("sandbox.{}.{mark}", BASE64_URL_SAFE_NO_PAD.encode(thought));
            items.push(json!({"id": id, "type": "reasoning", "summary": [], "encrypted_content": seal}));
        }
        if let Some(text) = self.text {
            let content = json!([{"type": "output_text", "text": text, "annotations": []}]);
            let id = format!("msg_{stem}");
            items.push(
                json!({"id": id, "type": "message", "status": "completed", "role": "assistant", "content": content}),
            );
        }
        for (index, (name, arguments)) in self.calls.iter().enumerate() {
            let (id, call_id) = (format!("fc_{stem}_{index}"), self.id(Dialect::OpenaiResponses, index));
            let arguments = arguments.to_string();
            items.push(json!({"id": id, "type": "function_call", "status": "completed", "call_id": call_id, "name": name, "arguments": arguments}));
        }
        items.into()
    }

    fn anthropic(&self) -> Value {
        let thought = self.thought.iter().map(|thought| {
            let seal = [b"sandbox:".as_slice(), &Sha256::digest(thought)].concat();
            json!({"type": "thinking", "thinking": thought, "signature": BASE64_STANDARD.encode(seal)})
        });
        let text = self.text.iter().map(|text| json!({"type": "text", "text": text}));
        let calls = self.calls.iter().enumerate().map(|(index, (name, arguments))| {
            json!({"type": "tool_use", "id": self.id(Dialect::Anthropic, index), "name": name, "input": arguments})
        });
        let content: Vec<Value> = thought.chain(text).chain(calls).collect();
        json!({"role": "assistant", "content": content})
    }

    fn gemini(&self) -> Value {
        let mut parts: Vec<Value> =
            self.thought.iter().map(|thought| json!({"text": thought, "thought": true})).collect();
        parts.extend(self.text.filter(|text| !text.is_empty()).map(|text| json!({"text": text})));
        let sealed = if self.calls.is_empty() { parts.len().saturating_sub(1) } else { parts.len() };
        for (index, (name, arguments)) in self.calls.iter().enumerate() {
            let id = self.id(Dialect::Gemini, index);
            parts.push(json!({"functionCall": {"name": name, "args": arguments, "id": id}}));
        }
        if let Some(part) = parts.get_mut(sealed) {
            let seal = [b"sandbox seal ".as_slice(), &Sha256::digest(part.to_string())].concat();
            part["thoughtSignature"] = BASE64_STANDARD.encode(seal).into();
        }
        json!({"parts": parts, "role": "model"})
    }
}
