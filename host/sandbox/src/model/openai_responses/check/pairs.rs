//! What has to stand together: a call and its output, reasoning and what it led to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Refused, seal};

/// The items that a model puts out: what reasoning may lead to.
const PUT_OUT: &[&str] = &[
    "function_call",
    "custom_tool_call",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
];

pub(super) fn check(items: &[Value]) -> Result<(), Refused> {
    reasoning(items)?;
    for (call, output, noun) in [
        ("function_call", "function_call_output", "function call"),
        ("custom_tool_call", "custom_tool_call_output", "custom tool call"),
    ] {
        outputs(items, call, output, noun)?;
    }
    Ok(())
}

/// Each call has one output, somewhere behind it.
fn outputs(items: &[Value], call: &str, output: &str, noun: &str) -> Result<(), Refused> {
    let mut open = BTreeMap::new();
    let id = |item: &Value| item["call_id"].as_str().unwrap_or_default().to_owned();
    for item in items {
        if item["type"] == call {
            *open.entry(id(item)).or_insert(0) += 1;
        }
        if item["type"] == output {
            let id = id(item);
            match open.get_mut(&id) {
                Some(calls @ 1..) => *calls -= 1,
                _ => {
                    let message = format!("No tool call found for {noun} output with call_id {id}.");
                    return Err(Refused::new(message).at("input"));
                }
            }
        }
    }
    match open.iter().find(|(_, calls)| **calls > 0) {
        Some((id, _)) => Err(Refused::new(format!("No tool output found for {noun} {id}.")).at("input")),
        None => Ok(()),
    }
}

/// Reasoning stands right before what it led to, and that isn't there without it.
fn reasoning(items: &[Value]) -> Result<(), Refused> {
    let is_put_out = |item: &Value| {
        let kind = item["type"].as_str().unwrap_or("message");
        PUT_OUT.contains(&kind) || (kind == "message" && item["role"] == "assistant")
    };
    let mut thoughts = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let id = item["id"].as_str().unwrap_or_default();
        if item["type"] == "reasoning" {
            thoughts.insert(id.to_owned());
            let next = items[index..].iter().find(|next| next["type"] != "reasoning");
            if !next.is_some_and(is_put_out) {
                let message =
                    format!("Item '{id}' of type 'reasoning' was provided without its required following item.");
                return Err(Refused::new(message).at("input"));
            }
        } else if let Some(thought) = thought_of(id).filter(|thought| !thoughts.contains(thought)) {
            let kind = item["type"].as_str().unwrap_or("message");
            let message = format!(
                "Item '{id}' of type '{kind}' was provided without its required 'reasoning' item: '{thought}'."
            );
            return Err(Refused::new(message).at("input"));
        }
    }
    Ok(())
}

/// The reasoning that led to one of the sandbox's own items, by the item's identifier: `fc_thought_SCENE_TURN_INDEX`.
fn thought_of(id: &str) -> Option<String> {
    let (_, stem) = id.split_once('_')?;
    let mut parts = stem.split('_');
    let (kind, scene, turn) = (parts.next()?, parts.next()?, parts.next()?);
    (kind == seal::THOUGHT).then(|| format!("rs_{kind}_{scene}_{turn}"))
}
