//! A list of items of OpenAI's Responses API, each kept byte for byte.
//!
//! What one response put out is a group under one opaque: its thoughts right before what they led to, and the provider's
//! own items among them. Every other item is its own.

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role},
    json::Json,
};
use serde_json::{Value, value::RawValue};

use crate::{
    document::{self, Tree},
    openai::contents,
};

/// The history that a list of items is. What is no item, or is said by nobody known, is left out.
pub(crate) fn items(list: &[&RawValue]) -> Vec<Item> {
    let mut told = Told::default();
    for bytes in list {
        let Ok(item) = serde_json::from_str::<Value>(bytes.get()) else { continue };
        if is_item(&item) {
            told.take(bytes, &item);
        }
    }
    let Told { open, silent, .. } = &mut told;
    open.bytes.append(silent);
    told.close();
    told.items
}

#[derive(Default)]
struct Told {
    items: Vec<Item>,
    /// The response that goes on.
    open: Group,
    /// Items since that say nothing to others than the provider.
    silent: Vec<Box<RawValue>>,
}

/// Items that share an opaque.
#[derive(Default)]
struct Group {
    contents: Vec<Content>,
    bytes: Vec<Box<RawValue>>,
    /// Whether one of them isn't as the provider writes it.
    is_odd: bool,
}

impl Told {
    fn take(&mut self, bytes: &RawValue, item: &Value) {
        let mut contents = contents(Tree(item)).into_iter();
        // A call that the provider answered itself comes with its result; one that it didn't answer says nothing.
        let is_unanswered = item["type"] == "mcp_call" && contents.len() == 1;
        let Some(content) = contents.next().filter(|_| !is_unanswered) else {
            return self.silent.push(bytes.to_owned());
        };
        let is_call = matches!(content, Content::ToolCall(_));
        let is_of_reply = is_call || matches!(content, Content::Message { role: Role::Assistant, .. });
        if !is_of_reply {
            // What a reply put out last, before it was cut off.
            let last = if self.open.contents.is_empty() { Vec::new() } else { std::mem::take(&mut self.silent) };
            self.open.bytes.extend(last);
        }
        // A reply speaks before it calls: words after words or calls are of the next one. It has no call twice, so a call
        // that the record repeats isn't of the same one.
        let repeats = |told: &Content| match (told, &content) {
            (Content::ToolCall(told), Content::ToolCall(call)) => told.id == call.id,
            _ => false,
        };
        if !is_call || self.open.contents.iter().any(repeats) {
            self.close();
        }
        self.open.bytes.append(&mut self.silent);
        self.open.bytes.push(bytes.to_owned());
        self.open.contents.push(content);
        self.open.is_odd |= !is_as_written(item);
        if let Some(result) = contents.next() {
            let bytes = if self.open.is_odd { None } else { own(&[]) };
            self.close();
            self.items.push(Item { opaque: bytes, ..Item::plain(None, result) });
        } else if !is_of_reply {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.open.contents.is_empty() {
            return;
        }
        let Group { contents, bytes, is_odd } = std::mem::take(&mut self.open);
        let mut opaque = if is_odd { None } else { own(&bytes) };
        for (index, content) in contents.into_iter().enumerate() {
            self.items.push(Item { opaque: opaque.take(), continues: index > 0, ..Item::plain(None, content) });
        }
    }
}

/// The list of these items. None: it is nested too deeply.
fn own(bytes: &[Box<RawValue>]) -> Option<Opaque> {
    let list: Vec<&str> = bytes.iter().map(|bytes| bytes.get()).collect();
    let data = Json::parse(format!("[{}]", list.join(","))).ok()?;
    Some(Opaque { dialect: Dialect::OpenaiResponses, data })
}

fn is_item(item: &Value) -> bool {
    let role = || item["role"].as_str().and_then(document::role).is_some();
    item.is_object() && (!matches!(item["type"].as_str(), None | Some("message")) || role())
}

/// Whether the provider takes an item as it is: a record may have been written by another hand.
fn is_as_written(item: &Value) -> bool {
    let is_text = |name: &str| item[name].is_string();
    let is_content = |name: &str| item[name].is_string() || item[name].is_array();
    match item["type"].as_str().unwrap_or("message") {
        "message" => is_content("content"),
        "function_call" => is_text("call_id") && is_text("name") && is_text("arguments"),
        "custom_tool_call" => is_text("call_id") && is_text("name") && is_text("input"),
        "function_call_output" | "custom_tool_call_output" => is_text("call_id") && is_content("output"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `w` is the assistant's words, `c` and `d` calls, `r` a result, `u` the caller's words, `t` a thought, `m` a call that the
    /// provider answered, `n` one that it didn't, `x` a call that it didn't write. In what is expected, `+` is an item that
    /// continues another, and behind each item that has own bytes is of what they are.
    #[test]
    fn what_belongs_together_shares_its_bytes() {
        for (list, expected) in [
            ("u w c d r r", ".u .wcd + + .r .r"),
            ("t w t c r", ".twtc + .r"),
            ("u t c r t w", ".u .tc .r .tw"),
            ("w w c", ".w .wc +"),
            ("c w", ".c .w"),
            ("t u w t", ".tu .wt"),
            ("w t u", ".wt .u"),
            ("w t w", ".w .tw"),
            ("t", ""),
            ("t m w", ".tm . .w"),
            ("n w", ".nw"),
            ("t c t c", ".tc .tc"),
            ("t x w", ". .w"),
        ] {
            let raw = |word| serde_json::value::to_raw_value(&item(word)).expect("JSON");
            let raw: Vec<_> = list.split(' ').map(raw).collect();
            let told = items(&raw.iter().map(|item| &**item).collect::<Vec<_>>());
            let kinds = |own: &Opaque| -> String {
                let kind = |item: &Value| item["kind"].as_str().unwrap_or_default().to_owned();
                own.data.value().as_array().expect("a list").iter().map(kind).collect()
            };
            let shown = |item: &Item| {
                let lead = if item.continues { "+" } else { "." };
                format!("{lead}{}", item.opaque.as_ref().map(kinds).unwrap_or_default())
            };
            assert_eq!(told.iter().map(shown).collect::<Vec<_>>().join(" "), expected, "{list}");
        }
    }

    fn item(kind: &str) -> Value {
        let mut item = match kind {
            "w" => serde_json::json!({ "role": "assistant", "content": "so" }),
            "u" => serde_json::json!({ "role": "user", "content": "so" }),
            "c" => serde_json::json!({ "type": "function_call", "call_id": "c", "name": "find", "arguments": "{}" }),
            "d" => serde_json::json!({ "type": "function_call", "call_id": "d", "name": "find", "arguments": "{}" }),
            "x" => serde_json::json!({ "type": "function_call", "call_id": "c", "name": "find", "arguments": {} }),
            "r" => serde_json::json!({ "type": "function_call_output", "call_id": "c", "output": "" }),
            "m" => serde_json::json!({ "type": "mcp_call", "id": "m", "name": "log", "output": "done" }),
            "n" => serde_json::json!({ "type": "mcp_call", "id": "n", "name": "log" }),
            _ => serde_json::json!({ "type": "reasoning" }),
        };
        item["kind"] = kind.into();
        item
    }
}
