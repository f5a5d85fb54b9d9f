use serde_json::{Value, json};

use super::check;
use crate::model::format;

/// `expected` is a part of the refusal's message and its `param`, or `None` where the provider takes the body.
#[track_caller]
fn expect(body: Value, expected: Option<(&str, Option<&str>)>) {
    if let Some(refused) = format::expect(check(&body), &body, expected.map(|(part, _)| part)) {
        assert_eq!(refused.param.as_deref(), expected.and_then(|(_, param)| param), "{body}");
        assert!(refused.status == 400, "{body}");
    }
}

fn call(id: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "note", "arguments": "{}"}})
}

fn calls(ids: &[&str]) -> Value {
    json!({"role": "assistant", "content": null, "tool_calls": ids.iter().map(|id| call(id)).collect::<Vec<_>>()})
}

fn result(id: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": "done"})
}

fn user() -> Value {
    json!({"role": "user", "content": "hi"})
}

#[test]
fn bodies() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": "m", "messages": [user()]});
        body[name] = value;
        body
    };
    let model = "you must provide a model parameter";
    expect(json!([]), Some(("expected an object, but got an array", Some("body"))));
    expect(json!({"messages": [user()]}), Some((model, None)));
    expect(with("model", json!("")), Some((model, None)));
    expect(with("model", json!(4)), Some(("Invalid type for 'model'", Some("model"))));
    expect(json!({"model": "m"}), Some(("Missing required parameter: 'messages'", Some("messages"))));
    expect(with("messages", json!([])), Some(("empty array", Some("messages"))));
    expect(with("messages", json!("hi")), Some(("expected an array of objects, but got a string", Some("messages"))));
    expect(with("top_k", json!(4)), Some(("Unknown parameter: 'top_k'", Some("top_k"))));
    expect(with("stream", json!(true)), None);
    expect(with("stream_options", json!({})), Some(("only allowed when 'stream' is enabled", Some("stream_options"))));
    for (options, expected) in [
        (json!({}), None),
        (Value::Null, None),
        (json!({"include_usage": true, "include_obfuscation": false}), None),
        (json!({"usage": true}), Some(("Unknown parameter: 'stream_options.usage'", Some("stream_options.usage")))),
        (json!({"include_usage": 1}), Some(("expected a boolean", Some("stream_options.include_usage")))),
        (json!([]), Some(("expected an object", Some("stream_options")))),
    ] {
        let mut body = with("stream", json!(true));
        body["stream_options"] = options;
        expect(body, expected);
    }
    expect(with("stream", json!("no")), Some(("expected a boolean", Some("stream"))));
    expect(with("stream", json!(false)), None);
    expect(with("temperature", json!(2.5)), Some(("from 0 to 2", Some("temperature"))));
    expect(with("temperature", json!("hot")), Some(("expected a decimal", Some("temperature"))));
    expect(with("temperature", json!(null)), None);
    expect(with("temperature", json!(2)), None);
    expect(with("top_p", json!(-0.1)), Some(("from 0 to 1", Some("top_p"))));
    expect(with("max_tokens", json!(0)), Some((">= 1", Some("max_tokens"))));
    expect(
        with("max_completion_tokens", json!(1.5)),
        Some(("expected an integer, but got a decimal", Some("max_completion_tokens"))),
    );
    expect(with("max_completion_tokens", json!(400)), None);
}

#[test]
fn messages() {
    let one = |message: Value, expected| expect(json!({"model": "m", "messages": [message]}), expected);
    one(json!("hi"), Some(("expected an object, but got a string", Some("messages[0]"))));
    one(json!({"content": "hi"}), Some(("Missing required parameter", Some("messages[0].role"))));
    one(
        json!({"role": "bot", "content": "hi"}),
        Some(("Invalid value: 'bot'. Supported values are: 'system', ", Some("messages[0].role"))),
    );
    for role in ["system", "developer", "user"] {
        one(json!({"role": role, "content": "hi"}), None);
        one(json!({"role": role, "content": [{"type": "text", "text": "hi"}]}), None);
        one(json!({"role": role}), Some(("Missing required parameter", Some("messages[0].content"))));
        one(json!({"role": role, "content": null}), Some(("but got null", Some("messages[0].content"))));
        one(json!({"role": role, "content": []}), Some(("empty array", Some("messages[0].content"))));
        one(json!({"role": role, "content": ["hi"]}), Some(("expected an object", Some("messages[0].content[0]"))));
        one(
            json!({"role": role, "content": [{"type": "text"}]}),
            Some(("Missing required parameter", Some("messages[0].content[0].text"))),
        );
        one(
            json!({"role": role, "content": [{"type": "smell", "smell": {}}]}),
            Some(("Invalid value: 'smell'", Some("messages[0].content[0].type"))),
        );
    }
    let image = json!([{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]);
    one(json!({"role": "user", "content": image}), None);
    one(
        json!({"role": "system", "content": image}),
        Some(("Invalid value: 'image_url'", Some("messages[0].content[0].type"))),
    );
    one(json!({"role": "function", "name": "f", "content": "1"}), None);
    one(json!({"role": "function", "content": "1"}), Some(("Missing required parameter", Some("messages[0].name"))));
    one(json!({"role": "assistant", "content": "hi"}), None);
    one(json!({"role": "assistant", "content": "hi", "reasoning_content": "kept"}), None);
    one(json!({"role": "assistant", "content": null, "refusal": "no"}), None);
    one(json!({"role": "assistant"}), Some(("Missing required parameter", Some("messages[0].content"))));
    one(json!({"role": "assistant", "content": null}), Some(("but got null", Some("messages[0].content"))));
    one(
        json!({"role": "assistant", "content": "", "tool_calls": null}),
        Some(("but got null", Some("messages[0].tool_calls"))),
    );
    one(
        json!({"role": "assistant", "content": "", "tool_calls": []}),
        Some(("empty array", Some("messages[0].tool_calls"))),
    );
}

#[test]
fn calls_of_the_assistant() {
    let with = |path: &str, value: Option<Value>, expected: Option<(&str, &str)>| {
        let mut assistant = calls(&["a"]);
        let (parent, name) = path.rsplit_once('/').expect("a pointer");
        let target = assistant["tool_calls"][0].pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        match value {
            Some(value) => target.insert(name.to_owned(), value),
            None => target.remove(name),
        };
        let param = expected.map(|(_, rest)| format!("messages[0].tool_calls[0].{rest}"));
        let expected = expected.map(|(part, _)| (part, param.as_deref()));
        expect(json!({"model": "m", "messages": [assistant, result("a")]}), expected);
    };
    with("/function/arguments", Some(json!("not json")), None);
    with("/function/arguments", Some(json!({})), Some(("expected a string, but got an object", "function.arguments")));
    with("/function/arguments", None, Some(("Missing", "function.arguments")));
    with("/function/name", Some(json!("a b")), Some(("does not match pattern", "function.name")));
    with("/function/name", Some(json!("a".repeat(65))), Some(("maximum length 64", "function.name")));
    with("/function/name", Some(json!("a".repeat(64))), None);
    with("/function", None, Some(("Missing", "function")));
    with("/type", None, Some(("Missing", "type")));
    with("/type", Some(json!("odd")), Some(("Supported values are: 'function', 'custom'", "type")));
    with("/type", Some(json!("custom")), Some(("Missing", "custom")));
    with("/id", None, Some(("Missing", "id")));
}

/// The other kind of call takes any text: <https://platform.openai.com/docs/api-reference/chat/create>.
#[test]
fn calls_of_tools_that_take_any_text() {
    for (input, expected) in [
        (json!("any text"), None),
        (json!({}), Some(("expected a string", Some("messages[0].tool_calls[0].custom.input")))),
    ] {
        let call = json!({"id": "a", "type": "custom", "custom": {"name": "note", "input": input}});
        let assistant = json!({"role": "assistant", "tool_calls": [call]});
        expect(json!({"model": "m", "messages": [assistant, result("a")]}), expected);
    }
}

#[test]
fn results_follow_their_calls() {
    let history = |messages: &[Value], expected| expect(json!({"model": "m", "messages": messages}), expected);
    let unanswered = "did not have response messages: ";
    history(&[calls(&["a", "b"]), result("b"), result("a"), user()], None);
    history(&[calls(&["a"]), result("a"), calls(&["a"]), result("a")], None);
    history(&[calls(&["a"])], Some((unanswered, Some("messages.[1].role"))));
    history(&[calls(&["a", "b"]), result("a")], Some(("response messages: b", Some("messages.[2].role"))));
    history(&[calls(&["a"]), user(), result("a")], Some((unanswered, Some("messages.[1].role"))));
    history(&[calls(&["a"]), calls(&["b"]), result("b")], Some((unanswered, Some("messages.[1].role"))));
    history(&[result("a")], Some(("must be a response to a preceeding message", Some("messages.[0].role"))));
    history(
        &[calls(&["a"]), result("a"), user(), result("a")],
        Some(("must be a response", Some("messages.[3].role"))),
    );
    history(&[calls(&["a"]), result("z")], Some(("'z' not found", Some("messages.[1].tool_call_id"))));
    history(
        &[calls(&["a"]), result("a"), result("a")],
        Some(("Duplicate value for 'tool_call_id'", Some("messages.[2].tool_call_id"))),
    );
    history(
        &[calls(&["a", "a"]), result("a")],
        Some(("Duplicate value for 'id'", Some("messages[0].tool_calls[1].id"))),
    );
    history(
        &[calls(&["a"]), json!({"role": "tool", "content": "x"})],
        Some(("Missing", Some("messages[1].tool_call_id"))),
    );
    history(
        &[calls(&["a"]), json!({"role": "tool", "tool_call_id": "a"})],
        Some(("Missing", Some("messages[1].content"))),
    );
}

#[test]
fn tools() {
    let body = |tools: Value| json!({"model": "m", "messages": [user()], "tools": tools});
    let function = |fields: Value| json!([{"type": "function", "function": fields}]);
    let name_at = Some("tools[0].function.name");
    expect(body(function(json!({"name": "note"}))), None);
    expect(body(function(json!({"name": "note", "description": "writes"}))), None);
    expect(body(json!([])), Some(("empty array", Some("tools"))));
    expect(body(json!({})), Some(("expected an array", Some("tools"))));
    expect(body(json!(["note"])), Some(("expected an object", Some("tools[0]"))));
    expect(body(json!([{"function": {"name": "note"}}])), Some(("Missing", Some("tools[0].type"))));
    expect(body(json!([{"type": "mcp"}])), Some(("Invalid value: 'mcp'", Some("tools[0].type"))));
    expect(body(json!([{"type": "function"}])), Some(("Missing", Some("tools[0].function"))));
    expect(body(function(json!({}))), Some(("Missing", name_at)));
    for bad in ["", "crm.note", "crm note", "crm/note", "é"] {
        expect(body(function(json!({"name": bad}))), Some(("does not match pattern", name_at)));
    }
    expect(body(function(json!({"name": "n".repeat(65)}))), Some(("maximum length 64", name_at)));
    expect(
        body(function(json!({"name": "note", "description": 4}))),
        Some(("expected a string", Some("tools[0].function.description"))),
    );
    let twice =
        json!([{"type": "function", "function": {"name": "note"}}, {"type": "function", "function": {"name": "note"}}]);
    expect(body(twice), Some(("'note' is not unique", Some("tools[1].function.name"))));
    let many: Vec<Value> =
        (0..129).map(|n| json!({"type": "function", "function": {"name": format!("n{n}")}})).collect();
    expect(body(json!(many[..128])), None);
    expect(body(json!(many)), Some(("maximum length 128", Some("tools"))));
}

#[test]
fn schemas() {
    let schema = |strict: bool, parameters: Value, expected: Option<&str>| {
        let tool =
            json!({"type": "function", "function": {"name": "note", "strict": strict, "parameters": parameters}});
        let expected = expected.map(|part| (part, Some("tools[0].function.parameters")));
        expect(json!({"model": "m", "messages": [user()], "tools": [tool]}), expected);
    };
    let text = json!({"type": "string"});
    schema(false, json!({"type": "object", "properties": {}}), None);
    schema(false, json!({"type": "object", "properties": {"a": {"type": "object"}}}), None);
    schema(false, json!("object"), Some("expected an object"));
    schema(false, json!({}), Some("got 'type: \"None\"'"));
    schema(false, json!({"type": "array", "items": text}), Some("got 'type: \"array\"'"));
    schema(false, json!({"type": ["object", "null"], "properties": {}}), Some("got 'type: \"None\"'"));
    schema(false, json!({"type": "object"}), Some("object schema missing properties"));
    schema(false, json!({"type": "object", "properties": {}, "oneOf": []}), Some("at the top level"));
    schema(
        false,
        json!({"type": "object", "properties": {"a": {"type": "array"}}}),
        Some("In context=('a'), array schema missing items"),
    );
    let deep = json!({"type": "array", "items": {"type": "object", "properties": {"b": {"type": "array"}}}});
    schema(false, json!({"type": "object", "properties": {"a": deep}}), Some("In context=('a', 'items', 'b')"));
    schema(true, json!({"type": "object", "properties": {}}), Some("'additionalProperties' is required"));
    let closed = |required: Value| json!({"type": "object", "properties": {"a": text}, "additionalProperties": false, "required": required});
    schema(true, closed(json!(["a"])), None);
    schema(true, closed(json!([])), Some("Missing 'a'"));
}

#[test]
fn choices() {
    let body = |name: &str, value: Value| {
        let tools = json!([{"type": "function", "function": {"name": "note"}}]);
        json!({"model": "m", "messages": [user()], "tools": tools, name: value})
    };
    let named = |name: &str| json!({"type": "function", "function": {"name": name}});
    expect(body("tool_choice", json!("auto")), None);
    expect(body("tool_choice", json!("required")), None);
    expect(body("tool_choice", json!("always")), Some(("Invalid value: 'always'", Some("tool_choice"))));
    expect(body("tool_choice", named("note")), None);
    expect(body("tool_choice", named("page")), Some(("'page' is not in 'tools'", Some("tool_choice"))));
    expect(body("tool_choice", json!(1)), Some(("expected one of", Some("tool_choice"))));
    expect(body("parallel_tool_calls", json!(false)), None);
    expect(body("parallel_tool_calls", json!("yes")), Some(("expected a boolean", Some("parallel_tool_calls"))));
    for lonely in ["tool_choice", "parallel_tool_calls"] {
        let body = json!({"model": "m", "messages": [user()], lonely: true});
        expect(body, Some(("only allowed when 'tools' are specified", Some(lonely))));
    }
}
