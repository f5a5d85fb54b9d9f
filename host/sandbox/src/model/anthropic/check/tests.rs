use serde_json::{Value, json};

use super::check;
use crate::model::{anthropic::seal, format};

/// `expected` is a part of the refusal's message, or `None` where the provider takes the body.
#[track_caller]
fn expect(body: Value, expected: Option<&str>) {
    let refused = format::expect(check(&body), &body, expected);
    assert!(refused.is_none_or(|refused| refused.status == 400), "{body}");
}

fn user(content: Value) -> Value {
    json!({"role": "user", "content": content})
}

fn assistant(content: Value) -> Value {
    json!({"role": "assistant", "content": content})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "note", "input": {}})
}

fn result(id: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": "done"})
}

fn thought(thought: &str) -> Value {
    json!({"type": "thinking", "thinking": thought, "signature": seal::of(thought)})
}

fn tool(name: &str) -> Value {
    json!({"name": name, "description": "Notes.", "input_schema": {"type": "object", "properties": {}}})
}

fn base() -> Value {
    json!({"model": "m", "max_tokens": 5000, "messages": [user(json!("hi"))], "tools": [tool("note")]})
}

fn with(name: &str, value: Value) -> Value {
    let mut body = base();
    body[name] = value;
    body
}

fn without(name: &str) -> Value {
    let mut body = base();
    body.as_object_mut().expect("an object").remove(name);
    body
}

fn messages(messages: Value, expected: Option<&str>) {
    expect(with("messages", messages), expected);
}

#[test]
fn bodies() {
    expect(base(), None);
    expect(json!([]), Some("body: Input should be a valid dictionary"));
    expect(without("model"), Some("model: Field required"));
    expect(with("model", json!("")), Some("model: String should have at least 1 character"));
    expect(with("model", json!(4)), Some("model: Input should be a valid string"));
    expect(without("max_tokens"), Some("max_tokens: Field required"));
    expect(with("max_tokens", json!(0)), Some("max_tokens: Input should be greater than or equal to 1"));
    expect(with("max_tokens", json!(1.5)), Some("max_tokens: Input should be a valid integer"));
    expect(
        with("max_tokens", json!(200_000)),
        Some("200000 > 128000, which is the maximum allowed number of output tokens for m"),
    );
    expect(without("messages"), Some("messages: Field required"));
    expect(with("messages", json!([])), Some("messages: at least one item is required"));
    expect(with("frequency_penalty", json!(1)), Some("frequency_penalty: Extra inputs are not permitted"));
    expect(with("stream", json!(true)), None);
    expect(with("stream_options", json!({})), Some("stream_options: Extra inputs are not permitted"));
    expect(with("stream", json!(7)), Some("stream: Input should be a valid boolean"));
    expect(with("system", json!("Be kind.")), None);
    expect(with("system", json!([text("Be kind.")])), None);
    expect(with("system", json!([text("")])), Some("system: text content blocks must be non-empty"));
    expect(with("system", json!([{"type": "image"}])), Some("system.0.type: Input should be 'text'"));
    expect(with("stop_sequences", json!(["END"])), None);
    expect(with("stop_sequences", json!("END")), Some("stop_sequences: Input should be a valid list"));
    expect(with("stop_sequences", json!([" "])), Some("each stop sequence must contain non-whitespace"));
    expect(with("metadata", json!({"user_id": "u"})), None);
    expect(with("metadata", json!({"call": "c"})), Some("metadata.call: Extra inputs are not permitted"));
    expect(with("service_tier", json!("flex")), Some("service_tier: Input should be"));
}

#[test]
fn settings() {
    let of = |model: &str, settings: Value, expected: Option<&str>| {
        let mut body = with("model", json!(model));
        for (name, value) in settings.as_object().expect("an object") {
            body[name] = value.clone();
        }
        expect(body, expected);
    };
    let enabled = json!({"type": "enabled", "budget_tokens": 1024});
    of("m", json!({"temperature": 0.5, "top_p": 0.5, "top_k": 5}), None);
    of("m", json!({"temperature": 1.5}), Some("temperature: range: 0..1"));
    of("m", json!({"temperature": -0.5}), Some("temperature: Input should be greater than or equal to 0"));
    of("m", json!({"top_p": "x"}), Some("top_p: Input should be a valid number"));
    of("claude-opus-4-1", json!({"temperature": 0.5, "top_p": 0.5}), Some("cannot both be specified for this model"));
    of("claude-opus-4-7", json!({"temperature": 1}), Some("`temperature` is deprecated for this model."));
    of("m", json!({"thinking": enabled}), None);
    of("m", json!({"thinking": {"type": "enabled"}}), Some("thinking.enabled.budget_tokens: Field required"));
    of("m", json!({"thinking": {"type": "enabled", "budget_tokens": 512}}), Some("greater than or equal to 1024"));
    of(
        "m",
        json!({"thinking": {"type": "enabled", "budget_tokens": 5000}}),
        Some("must be greater than `thinking.budget_tokens`"),
    );
    of("m", json!({"thinking": {"type": "deep"}}), Some("Input tag 'deep' found using 'type'"));
    of(
        "m",
        json!({"thinking": enabled, "temperature": 0.5}),
        Some("`temperature` may only be set to 1 when thinking is enabled"),
    );
    of("m", json!({"thinking": enabled, "top_k": 5}), Some("`top_k` must be unset"));
    of("m", json!({"thinking": enabled, "top_p": 0.5}), Some("`top_p` must be greater"));
    of("m", json!({"thinking": enabled, "tool_choice": {"type": "any"}}), Some("when tool_choice forces tool use"));
    of("claude-3-5-haiku-latest", json!({"max_tokens": 9000}), Some("9000 > 8192"));
    of("claude-haiku-4-5", json!({"thinking": enabled}), None);
    of("claude-haiku-4-5", json!({"thinking": {"type": "adaptive"}}), Some("adaptive thinking is not supported"));
    of("claude-sonnet-4-6", json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}), None);
    of(
        "claude-opus-4-7",
        json!({"thinking": enabled}),
        Some("\"thinking.type.enabled\" is not supported for this model"),
    );
    of(
        "m",
        json!({"thinking": {"type": "disabled", "budget_tokens": 1}}),
        Some("thinking.disabled.budget_tokens: Extra inputs"),
    );
    of("m", json!({"output_config": {"effort": "minimal"}}), Some("output_config.effort: Input should be"));
}

#[test]
fn tools() {
    let of = |changed: Value, expected: Option<&str>| {
        let mut tool = tool("note");
        for (name, value) in changed.as_object().expect("an object") {
            tool[name] = value.clone();
        }
        expect(with("tools", json!([tool])), expected);
    };
    of(json!({}), None);
    of(json!({"name": "find slot"}), Some("tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"));
    of(json!({"name": "x".repeat(129)}), Some("tools.0.custom.name"));
    of(json!({"parameters": {}}), Some("tools.0.custom.parameters: Extra inputs are not permitted"));
    of(json!({"description": 7}), Some("tools.0.custom.description: Input should be a valid string"));
    of(json!({"input_schema": 7}), Some("tools.0.custom.input_schema: Input should be a valid dictionary"));
    of(json!({"input_schema": {}}), Some("tools.0.custom.input_schema.type: Field required"));
    of(json!({"input_schema": {"type": "string"}}), Some("Input should be 'object'"));
    of(
        json!({"input_schema": {"type": "object", "anyOf": []}}),
        Some("does not support oneOf, allOf, or anyOf at the top level"),
    );
    of(
        json!({"input_schema": {"type": "object", "properties": {"a": {"minLength": "x"}}}}),
        Some("JSON schema is invalid"),
    );
    of(json!({"input_schema": {"type": "object", "required": "a"}}), Some("JSON schema is invalid"));
    of(json!({"type": "bash_20250124"}), Some("no tools of its own"));
    of(json!({"cache_control": {"type": "ephemeral", "ttl": "1h"}}), None);
    of(json!({"cache_control": {"type": "forever"}}), Some("'ephemeral'"));
    expect(with("tools", json!([tool("a"), tool("a")])), Some("tools: Tool names must be unique."));
    expect(with("tools", json!("a")), Some("tools: Input should be a valid list"));
    for (choice, expected) in [
        (json!({"type": "auto", "disable_parallel_tool_use": true}), None),
        (json!({"type": "none"}), None),
        (json!({"type": "tool", "name": "note"}), None),
        (json!({"type": "tool", "name": "other"}), Some("Tool 'other' not found in provided tools")),
        (json!({"type": "required"}), Some("Input tag 'required'")),
        (json!("auto"), Some("tool_choice: Input should be a valid dictionary")),
    ] {
        expect(with("tool_choice", choice), expected);
    }
    let mut none = without("tools");
    none["tool_choice"] = json!({"type": "auto"});
    expect(none, Some("tool_choice may only be specified while providing tools"));
    let mut history = without("tools");
    history["messages"] = json!([user(json!("hi")), assistant(json!([call("a")])), user(json!([result("a")]))]);
    expect(history, Some("must define tools"));
}

#[test]
fn roles_and_contents() {
    messages(json!([user(json!("hi")), assistant(json!("yes")), user(json!([text("so")]))]), None);
    messages(json!([assistant(json!("hi"))]), Some("first message must use the \"user\" role"));
    messages(json!([user(json!("a")), user(json!("b"))]), Some("found multiple \"user\" roles in a row"));
    messages(json!([user(json!("a")), assistant(json!("b"))]), Some("must end with a user message"));
    messages(json!([{"role": "system", "content": "a"}]), Some("Unexpected role \"system\""));
    messages(json!([{"role": "tool", "content": "a"}]), Some("messages.0.role: Input should be 'user' or 'assistant'"));
    messages(json!([{"content": "a"}]), Some("messages.0.role: Field required"));
    messages(json!([{"role": "user"}]), Some("messages.0.content: Field required"));
    messages(
        json!([{"role": "user", "content": "a", "name": "Ana"}]),
        Some("messages.0.name: Extra inputs are not permitted"),
    );
    messages(json!(["hi"]), Some("messages.0: Input should be a valid dictionary"));
    for empty in [json!(""), json!([])] {
        messages(json!([user(empty)]), Some("all messages must have non-empty content"));
    }
    messages(json!([user(json!(" "))]), Some("must contain non-whitespace text"));
    messages(json!([user(json!(7))]), Some("messages.0.content: Input should be a valid list"));
    messages(json!([user(json!([text("")]))]), Some("messages: text content blocks must be non-empty"));
    messages(
        json!([user(json!([text("\n")]))]),
        Some("messages: text content blocks must contain non-whitespace text"),
    );
    messages(json!([user(json!([{"text": "x"}]))]), Some("messages.0.content.0.type: Field required"));
    messages(json!([user(json!([{"type": "text"}]))]), Some("messages.0.content.0.text.text: Field required"));
    messages(json!([user(json!([{"type": "video"}]))]), Some("Input tag 'video' found using 'type'"));
    messages(json!([user(json!([{"type": "image", "source": {}}, text("see")]))]), None);
    messages(json!([user(json!([{"type": "image"}]))]), Some("messages.0.content.0.image.source: Field required"));
    let mut noted = text("x");
    noted["note"] = json!(1);
    messages(json!([user(json!([noted]))]), Some("messages.0.content.0.text.note: Extra inputs are not permitted"));
    let marked = json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}});
    messages(json!([user(json!(vec![marked.clone(); 4]))]), None);
    messages(
        json!([user(json!(vec![marked; 5]))]),
        Some("A maximum of 4 blocks with cache_control may be provided. Found 5."),
    );
    let empty = json!({"type": "text", "text": "", "cache_control": {"type": "ephemeral"}});
    messages(json!([user(json!([empty]))]), Some("cache_control cannot be set for empty text blocks"));
}

/// Calls, and what answers them.
#[track_caller]
fn history(calls: Value, results: Value, expected: Option<&str>) {
    messages(json!([user(json!("hi")), assistant(calls), user(results)]), expected);
}

#[test]
fn calls_are_answered_at_once() {
    history(json!([text("one"), call("a"), call("b")]), json!([result("b"), result("a"), text("so")]), None);
    history(
        json!([call("a")]),
        json!("so"),
        Some("messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a."),
    );
    history(json!([call("a"), call("b")]), json!([result("a")]), Some("immediately after: b."));
    history(json!([call("a")]), json!([text("so"), result("a")]), Some("immediately after: a."));
    history(
        json!([call("a")]),
        json!([result("a"), result("a")]),
        Some("messages.2.content.1: each tool_use must have a single result"),
    );
    history(
        json!([call("a")]),
        json!([result("a"), result("x")]),
        Some("unexpected `tool_use_id` found in `tool_result` blocks: x"),
    );
    history(
        json!([call("a"), call("a")]),
        json!([result("a")]),
        Some("messages.1.content.1: `tool_use` ids must be unique"),
    );
    messages(json!([user(json!([result("a")]))]), Some("messages.0.content.0: unexpected `tool_use_id`"));
    messages(json!([user(json!("hi")), assistant(json!([call("a")]))]), Some("messages.1: `tool_use` ids were found"));
    messages(
        json!([
            user(json!("hi")),
            assistant(json!([call("a")])),
            user(json!([result("a")])),
            assistant(json!([call("a")])),
            user(json!([result("a")]))
        ]),
        Some("messages.3.content.0: `tool_use` ids must be unique"),
    );
    messages(
        json!([user(json!([call("a")]))]),
        Some("messages.0: `tool_use` blocks can only be in `assistant` messages"),
    );
    messages(
        json!([user(json!("hi")), assistant(json!([result("a")])), user(json!("so"))]),
        Some("can only be in `user` messages"),
    );
}

/// A block with some of its fields otherwise.
fn changed(mut block: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        block[name] = value.clone();
    }
    block
}

#[test]
fn fields_of_calls_and_results() {
    for (changes, expected) in [
        (json!({"id": "call|1"}), "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
        (json!({"input": "{}"}), "messages.1.content.0.tool_use.input: Input should be a valid dictionary"),
        (json!({"input": null}), "messages.1.content.0.tool_use.input: Input should be a valid dictionary"),
        (json!({"name": ""}), "messages.1.content.0.tool_use.name"),
        (json!({"index": 0}), "messages.1.content.0.tool_use.index: Extra inputs are not permitted"),
    ] {
        history(json!([changed(call("a"), &changes)]), json!([result("a")]), Some(expected));
    }
    for (changes, expected) in [
        (json!({"content": ""}), None),
        (json!({"content": [text("x")]}), None),
        (json!({"content": [call("b")]}), Some("`tool_use` blocks can only be")),
        (json!({"content": [result("b")]}), Some("Input tag 'tool_result'")),
        (json!({"content": 7}), Some("messages.2.content.0.tool_result.content: Input should be a valid list")),
        (json!({"content": "x", "is_error": true}), None),
        (json!({"content": "", "is_error": true}), Some("content cannot be empty if `is_error` is true")),
        (json!({"is_error": "no"}), Some("is_error: Input should be a valid boolean")),
        (json!({"name": "note"}), Some("tool_result.name: Extra inputs are not permitted")),
    ] {
        history(json!([call("a")]), json!([changed(result("a"), &changes)]), expected);
    }
}

#[test]
fn thoughts() {
    let after = |first: Value, expected: Option<&str>| {
        messages(json!([user(json!("hi")), assistant(json!([first, text("so")])), user(json!("and"))]), expected);
    };
    after(thought("hm"), None);
    after(json!({"type": "thinking", "thinking": "hm", "signature": "RXNCc2ln"}), None);
    let invalid = Some("messages.1.content.0: Invalid `signature` in `thinking` block");
    after(json!({"type": "thinking", "thinking": "altered", "signature": seal::of("hm")}), invalid);
    after(json!({"type": "thinking", "thinking": "hm", "signature": ""}), invalid);
    after(json!({"type": "thinking", "thinking": "hm", "signature": "no base64!"}), invalid);
    after(
        json!({"type": "thinking", "thinking": "hm"}),
        Some("messages.1.content.0.thinking.signature: Field required"),
    );
    let marked = json!({"type": "thinking", "thinking": "hm", "signature": seal::of("hm"), "cache_control": {"type": "ephemeral"}});
    after(marked, Some("messages.1.content.0.thinking.cache_control: Extra inputs are not permitted"));
    after(json!({"type": "redacted_thinking", "data": "eA=="}), None);
    after(json!({"type": "redacted_thinking", "data": ""}), Some("Invalid `data` in `redacted_thinking` block"));
    messages(json!([user(json!([thought("hm")]))]), Some("thinking blocks may only be in `assistant` messages"));
    let resumed = |first: Value, results: Value, expected: Option<&str>| {
        let mut body = with("thinking", json!({"type": "enabled", "budget_tokens": 1024}));
        body["messages"] = json!([user(json!("hi")), assistant(json!([first, call("a")])), user(results)]);
        expect(body, expected);
    };
    resumed(thought("hm"), json!([result("a")]), None);
    resumed(text("so"), json!([result("a"), text("now")]), None);
    resumed(
        text("so"),
        json!([result("a")]),
        Some("messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `text`"),
    );
}
