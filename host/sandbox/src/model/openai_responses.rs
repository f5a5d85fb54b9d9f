//! OpenAI's Responses.

mod background;
mod check;
mod seal;
mod stream;

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

use serde_json::{Value, json};

use super::{
    BYTES_PER_TOKEN,
    format::{Ask, Format, History, Refused, Said, ToolResult},
    openai_chat::OpenaiChat,
    stream::Event,
};
use crate::endpoint::{Reply, Request, credential};

pub(crate) use background::Background;

pub(crate) struct OpenaiResponses;

const PATH: &str = "/v1/responses";

impl Format for OpenaiResponses {
    fn serves(&self, path: &str) -> bool {
        path == PATH || self.ask(path).is_some()
    }

    fn key<'a>(&self, request: &'a Request) -> Option<&'a str> {
        credential(request, "Bearer")
    }

    fn check(&self, body: &Value) -> Result<(), Refused> {
        check::check(body)
    }

    fn history<'a>(&self, body: &'a Value) -> History<'a> {
        let items = body["input"].as_array().map_or(&[][..], Vec::as_slice);
        let is_instruction = |item: &&Value| item["role"] == "system" || item["role"] == "developer";
        let after = items.iter().rposition(|item| is_instruction(&item)).map_or(0, |newest| newest + 1);
        History {
            told: items.iter().chain(body.get("instructions")).collect(),
            turn: replies(items.get(after..).unwrap_or_default()),
            results: results(items),
        }
    }

    fn reply(&self, said: &Said<'_>) -> Value {
        let output = output(said);
        let output_tokens = Value::from(output.clone()).to_string().len().div_ceil(BYTES_PER_TOKEN);
        let (status, reason) = match said.line.finish_reason() {
            "length" => ("incomplete", Some("max_output_tokens")),
            "content_filter" => ("incomplete", Some("content_filter")),
            _ => ("completed", None),
        };
        json!({
            "id": format!("resp_{}_{}", said.scene, said.turn),
            "object": "response",
            "created_at": said.now_ms / 1000,
            "status": status,
            "background": self.is_background(said.body),
            "error": null,
            "incomplete_details": reason.map(|reason| json!({ "reason": reason })),
            "model": said.body["model"],
            "output": output,
            "parallel_tool_calls": true,
            "store": said.body["store"] != false,
            "usage": {
                "input_tokens": said.input_tokens,
                "input_tokens_details": { "cached_tokens": 0 },
                "output_tokens": output_tokens,
                "output_tokens_details": { "reasoning_tokens": 0 },
                "total_tokens": said.input_tokens + output_tokens,
            },
        })
    }

    fn events(&self, reply: &Value, _: &Value) -> Vec<Event> {
        stream::events(reply)
    }

    fn error(&self, body: &str) -> Event {
        stream::error(body)
    }

    fn refuse(&self, refused: &Refused) -> Reply {
        OpenaiChat.refuse(refused)
    }

    fn is_background(&self, body: &Value) -> bool {
        body["background"] == true
    }

    fn ask<'a>(&self, path: &'a str) -> Option<Ask<'a>> {
        let rest = path.strip_prefix(PATH)?.strip_prefix('/')?;
        let (id, cancel) = rest.strip_suffix("/cancel").map_or((rest, false), |id| (id, true));
        (!id.is_empty() && !id.contains('/')).then_some(Ask { id, cancel })
    }
}

/// The items of a reply. A reply's thoughts come first, and what they led to has an identifier that tells of them.
fn output(said: &Said<'_>) -> Vec<Value> {
    let Said { line, turn, .. } = said;
    let kind = if line.reasoning.is_some() { seal::THOUGHT } else { "plain" };
    let scene: String = Sha256::digest(said.scene).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let stem = format!("{kind}_{scene}_{turn}");
    let mut output = Vec::new();
    if let Some(thought) = &line.reasoning {
        let id = format!("rs_{stem}");
        let summary = match said.body["reasoning"]["summary"].is_string() {
            true => json!([{ "type": "summary_text", "text": thought }]),
            false => json!([]),
        };
        let mut item = json!({ "id": id, "type": "reasoning", "summary": summary });
        let included = said.body["include"].as_array().is_some_and(|list| list.contains(&seal::INCLUDED.into()));
        if included {
            item["encrypted_content"] = seal::of(&id, thought).into();
        }
        output.push(item);
    }
    let text = said.text.iter().map(|text| json!({ "type": "output_text", "text": text, "annotations": [] }));
    let refusal = line.refusal.iter().map(|words| json!({ "type": "refusal", "refusal": words }));
    let content: Vec<Value> = text.chain(refusal).collect();
    if !content.is_empty() {
        output.push(json!({
            "id": format!("msg_{stem}"),
            "type": "message",
            "status": "completed",
            "role": "assistant",
            "content": content,
        }));
    }
    let call = |(index, (name, arguments)): (usize, &(&str, String))| {
        json!({
            "id": format!("fc_{stem}_{index}"),
            "type": "function_call",
            "status": "completed",
            "call_id": format!("call_{turn}_{index}"),
            "name": name,
            "arguments": arguments,
        })
    };
    output.extend(said.calls.iter().enumerate().map(call));
    output
}

/// How many replies these items are. One thinks, speaks and calls, in this order, and speaks once.
fn replies(items: &[Value]) -> usize {
    let mut replies = 0;
    let mut reached = None;
    for item in items {
        let step = match item["type"].as_str().unwrap_or("message") {
            "reasoning" => Some(0),
            "message" if item["role"] == "assistant" => Some(1),
            "function_call" => Some(2),
            _ => None,
        };
        let goes_on = step.zip(reached).is_some_and(|(step, reached)| step > reached || (step == reached && step != 1));
        replies += usize::from(step.is_some() && !goes_on);
        reached = step;
    }
    replies
}

/// What each call's output says, with the tool that was called.
fn results(items: &[Value]) -> Vec<ToolResult<'_>> {
    let result = |item: &'_ Value| {
        let is_call = |call: &&Value| call["type"] == "function_call" && call["call_id"] == item["call_id"];
        (item["type"] == "function_call_output").then(|| items.iter().find(is_call)?["name"].as_str())?
    };
    let found: Vec<(&Value, &str)> = items.iter().filter_map(|item| Some((item, result(item)?))).collect();
    found.into_iter().map(|(item, tool)| ToolResult { tool, content: text(&item["output"]) }).collect()
}

fn text(output: &Value) -> Cow<'_, str> {
    match output {
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `t` thinks, `w` speaks, `c` calls, `r` answers a call.
    #[test]
    fn replies_are_told_apart() {
        for (items, expected) in [
            ("", 0),
            ("w", 1),
            ("ww", 2),
            ("twcc", 1),
            ("ttc", 1),
            ("cr", 1),
            ("crcr", 2),
            ("ccrrw", 2),
            ("cw", 2),
            ("wt", 2),
        ] {
            let item = |kind: char| match kind {
                't' => json!({"type": "reasoning"}),
                'w' => json!({"role": "assistant"}),
                'c' => json!({"type": "function_call"}),
                _ => json!({"type": "function_call_output"}),
            };
            assert_eq!(replies(&items.chars().map(item).collect::<Vec<_>>()), expected, "{items}");
        }
    }
}
