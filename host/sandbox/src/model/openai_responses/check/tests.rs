use serde_json::{Value, json};

use super::{check, seal};
use crate::model::format;

/// `expected` is a part of the refusal's message and its `param`, or `None` where the provider takes the body.
#[track_caller]
fn expect(body: Value, expected: Option<(&str, Option<&str>)>) {
    if let Some(refused) = format::expect(check(&body), &body, expected.map(|(part, _)| part)) {
        assert_eq!(refused.param.as_deref(), expected.and_then(|(_, param)| param), "{body}");
        assert!([400, 404].contains(&refused.status.as_u16()), "{body}");
    }
}

fn input(items: &[Value], expected: Option<(&str, Option<&str>)>) {
    expect(json!({"model": "m", "input": items}), expected);
}

fn call(id: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": "note", "arguments": "{}"})
}

fn output(id: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": "done"})
}

fn user() -> Value {
    json!({"role": "user", "content": "hi"})
}

fn thought(id: &str) -> Value {
    json!({"type": "reasoning", "id": id, "summary": [], "encrypted_content": "gAAAAABo_-x="})
}

#[test]
fn bodies() {
    let with = |name: &str, value: Value| {
        let mut body = json!({"model": "m", "input": [user()]});
        body[name] = value;
        body
    };
    expect(json!([]), Some(("expected an object, but got an array", Some("body"))));
    expect(json!({"input": "hi"}), Some(("Missing required parameter: 'model'", Some("model"))));
    expect(with("model", json!("")), Some(("Missing", Some("model"))));
    expect(json!({"model": "m"}), Some(("Missing required parameter: 'input'", Some("input"))));
    expect(with("input", json!("hi")), None);
    expect(with("input", json!(7)), Some(("one of a string or array", Some("input"))));
    expect(with("input", json!([])), Some(("empty array", Some("input"))));
    expect(with("top_k", json!(4)), Some(("Unknown parameter: 'top_k'", Some("top_k"))));
    expect(with("max_tokens", json!(99)), Some(("has moved to 'max_output_tokens'", Some("max_tokens"))));
    expect(with("response_format", json!({})), Some(("has moved to 'text.format'", Some("response_format"))));
    expect(with("max_output_tokens", json!(15)), Some((">= 16", Some("max_output_tokens"))));
    expect(with("max_output_tokens", json!("x")), Some(("an integer", Some("max_output_tokens"))));
    expect(with("max_output_tokens", json!(16)), None);
    expect(with("temperature", json!(2.5)), Some(("from 0 to 2", Some("temperature"))));
    expect(with("top_p", json!("x")), Some(("a decimal", Some("top_p"))));
    expect(with("stream", json!(true)), None);
    let both = |name: &str, value: Value| {
        let mut body = with("stream", json!(true));
        body[name] = value;
        body
    };
    expect(both("background", json!(true)), Some(("does not stream", Some("stream"))));
    expect(both("stream_options", json!({"include_obfuscation": false})), None);
    let unknown = "stream_options.include_usage";
    expect(both("stream_options", json!({"include_usage": true})), Some(("Unknown parameter", Some(unknown))));
    expect(with("store", json!("no")), Some(("a boolean", Some("store"))));
    expect(with("store", json!(false)), None);
    expect(with("background", json!(true)), None);
    expect(
        json!({"model": "m", "input": "hi", "background": true, "store": false}),
        Some(("requires store", Some("store"))),
    );
    expect(with("previous_response_id", json!("resp_1")), Some(("not found", Some("previous_response_id"))));
}

#[test]
fn what_a_model_takes_depends_on_whether_it_thinks() {
    let body = |model: &str, name: &str, value: Value| json!({"model": model, "input": "hi", name: value});
    let sealed = || json!([seal::INCLUDED]);
    let effort = |word: &str| json!({"effort": word});
    let temperature = Some(("'temperature' is not supported with this model", Some("temperature")));
    expect(body("gpt-5", "include", sealed()), None);
    expect(body("gpt-4.1", "include", sealed()), Some(("Encrypted content is not supported", Some("include"))));
    expect(body("m", "include", sealed()), None);
    expect(body("m", "include", json!(["all"])), Some(("Invalid value: 'all'", Some("include[0]"))));
    expect(body("m", "include", json!("all")), Some(("an array", Some("include"))));
    expect(body("gpt-5", "reasoning", effort("low")), None);
    expect(body("gpt-5", "reasoning", effort("much")), Some(("Invalid value: 'much'", Some("reasoning.effort"))));
    expect(body("gpt-5", "reasoning", json!("low")), Some(("an object", Some("reasoning"))));
    expect(body("gpt-4o", "reasoning", effort("low")), Some(("not supported", Some("reasoning.effort"))));
    expect(body("gpt-4o", "temperature", json!(0.5)), None);
    expect(body("o3", "temperature", json!(0.5)), temperature);
    expect(json!({"model": "gpt-5.2", "input": "hi", "temperature": 1, "reasoning": {"effort": "none"}}), None);
}

#[test]
fn messages() {
    let one = |message: Value, expected| input(&[message], expected);
    one(json!("hi"), Some(("expected an object", Some("input[0]"))));
    one(json!({"content": "hi"}), Some(("Missing", Some("input[0].type"))));
    one(json!({"type": "note"}), Some(("Invalid value: 'note'", Some("input[0]"))));
    one(json!({"role": "bot", "content": "hi"}), Some(("Invalid value: 'bot'", Some("input[0].role"))));
    one(json!({"type": "message", "content": "hi"}), Some(("Missing", Some("input[0].role"))));
    one(json!({"role": "user", "content": "hi", "name": "x"}), Some(("Unknown parameter", Some("input[0].name"))));
    for role in ["system", "developer", "user", "assistant"] {
        let (right, wrong) = match role {
            "assistant" => ("output_text", "input_text"),
            _ => ("input_text", "output_text"),
        };
        one(json!({"role": role, "content": "hi"}), None);
        one(json!({"role": role, "content": [{"type": right, "text": "hi"}]}), None);
        one(
            json!({"role": role, "content": [{"type": wrong, "text": "hi"}]}),
            Some((wrong, Some("input[0].content[0]"))),
        );
        one(json!({"role": role, "content": [{"type": right}]}), Some(("Missing", Some("input[0].content[0].text"))));
        one(json!({"role": role, "content": null}), Some(("but got null", Some("input[0].content"))));
        one(json!({"role": role}), Some(("Missing", Some("input[0].content"))));
    }
    one(json!({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}), None);
    one(json!({"role": "user", "content": [{"type": "input_image", "image_url": "https://example.com/a.png"}]}), None);
}

#[test]
fn identifiers() {
    let with = |id: Value| json!({"role": "user", "content": "hi", "id": id});
    let at = Some("input[0].id");
    input(&[with(json!("msg_1"))], None);
    input(&[with(json!(null))], None);
    input(&[with(json!("item_1"))], Some(("begins with 'msg'", at)));
    input(&[with(json!(""))], Some(("contains letters", at)));
    input(&[with(json!("msg 1"))], Some(("contains letters", at)));
    input(&[with(json!(format!("msg_{}", "1".repeat(61))))], Some(("maximum length 64", at)));
    input(&[with(json!("msg_1")), with(json!("msg_1"))], Some(("Duplicate item found with id msg_1", Some("input"))));
    input(&[json!({"type": "item_reference", "id": "msg_1"})], Some(("'msg_1' not found", Some("input"))));
}

#[test]
fn calls_and_outputs() {
    let changed = |mut item: Value, name: &str, value: Value| {
        item[name] = value;
        item
    };
    let one = |item: Value, expected: (&str, &str)| input(&[item], Some((expected.0, Some(expected.1))));
    one(changed(call("a"), "id", json!("call_1")), ("begins with 'fc'", "input[0].id"));
    one(changed(call("a"), "name", json!("a b")), ("does not match pattern", "input[0].name"));
    one(changed(call("a"), "arguments", json!({})), ("a string", "input[0].arguments"));
    one(changed(call("a"), "function", json!({})), ("Unknown parameter", "input[0].function"));
    one(call(""), ("empty string", "input[0].call_id"));
    one(call(&"c".repeat(65)), ("maximum length 64", "input[0].call_id"));
    one(changed(output("a"), "output", json!(7)), ("a string", "input[0].output"));
    one(changed(output("a"), "is_error", json!(true)), ("Unknown parameter", "input[0].is_error"));
    let custom = json!({"type": "custom_tool_call", "call_id": "a", "name": "note", "input": "x"});
    let answered = json!({"type": "custom_tool_call_output", "call_id": "a", "output": "x"});
    let at = Some("input");
    input(&[call("a"), call("b"), output("b"), user(), output("a"), user()], None);
    input(&[call("a"), output("a"), call("a"), output("a")], None);
    input(&[custom.clone(), answered], None);
    input(&[call("a")], Some(("No tool output found for function call a.", at)));
    input(&[call("a"), call("a"), output("a")], Some(("No tool output found for function call a.", at)));
    input(&[output("a")], Some(("No tool call found for function call output with call_id a.", at)));
    input(&[output("a"), call("a")], Some(("No tool call found", at)));
    input(&[call("a"), output("a"), output("a")], Some(("No tool call found", at)));
    input(&[custom, output("a")], Some(("No tool call found", at)));
}

#[test]
fn reasoning() {
    let at = Some("input");
    let without = |name: &str| {
        let mut item = thought("rs_1");
        item.as_object_mut().expect("an object").remove(name);
        item
    };
    let sealed =
        |id: &str, content: String| json!({"type": "reasoning", "id": id, "summary": [], "encrypted_content": content});
    let said = json!({"role": "assistant", "content": "hi"});
    input(&[thought("rs_1"), thought("rs_2"), call("a"), output("a")], None);
    input(&[thought("rs_1"), said.clone()], None);
    input(&[without("id"), said.clone()], None);
    input(&[without("summary"), said.clone()], Some(("Missing", Some("input[0].summary"))));
    input(&[without("encrypted_content"), said.clone()], Some(("'rs_1' not found", at)));
    input(&[thought("rs_1")], Some(("required following item", at)));
    input(&[thought("rs_1"), user(), said.clone()], Some(("required following item", at)));
    input(&[sealed("rs_1", "not so".to_owned()), said.clone()], Some(("could not be decrypted", None)));
    input(&[sealed("rs_1", seal::of("rs_1", "hm")), said.clone()], None);
    input(&[sealed("rs_2", seal::of("rs_1", "hm")), said.clone()], Some(("item_id did not match", None)));
    input(&[sealed("rs_1", "sandbox.?".to_owned()), said], Some(("could not be decrypted", None)));
    let led = |id: &str| json!({"type": "message", "id": id, "role": "assistant", "content": "hi"});
    input(&[thought("rs_thought_s_0"), led("msg_thought_s_0")], None);
    input(
        &[led("msg_thought_s_0")],
        Some(("of type 'message' was provided without its required 'reasoning' item: 'rs_thought_s_0'", at)),
    );
}

#[test]
fn tools() {
    let body = |tools: Value| json!({"model": "m", "input": "hi", "tools": tools});
    let tool = |fields: Value| {
        let mut tool = json!({"type": "function", "name": "note", "strict": false});
        tool.as_object_mut().expect("an object").extend(fields.as_object().cloned().expect("an object"));
        body(json!([tool]))
    };
    expect(tool(json!({})), None);
    expect(body(json!([])), None);
    expect(body(json!({})), Some(("an array", Some("tools"))));
    expect(tool(json!({"type": "mcp"})), Some(("Invalid value: 'mcp'", Some("tools[0].type"))));
    expect(tool(json!({"function": {}})), Some(("Unknown parameter", Some("tools[0].function"))));
    expect(tool(json!({"name": "a b"})), Some(("does not match pattern", Some("tools[0].name"))));
    expect(tool(json!({"description": 7})), Some(("a string", Some("tools[0].description"))));
    expect(tool(json!({"strict": "no"})), Some(("a boolean", Some("tools[0].strict"))));
    let at = Some("tools[0].parameters");
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    expect(tool(json!({"parameters": object})), None);
    expect(tool(json!({"parameters": {"type": "object"}})), Some(("missing properties", at)));
    expect(tool(json!({"parameters": object, "strict": null})), Some(("'additionalProperties' is required", at)));
    let one = json!({"type": "function", "name": "note"});
    expect(body(json!([one, one])), Some(("'note' is not unique", Some("tools[1].name"))));
    let many: Vec<Value> = (0..129).map(|n| json!({"type": "function", "name": format!("n{n}")})).collect();
    expect(body(json!(many)), Some(("maximum length 128", Some("tools"))));
    let choice = |value: Value| json!({"model": "m", "input": "hi", "tools": [one], "tool_choice": value});
    expect(choice(json!("required")), None);
    expect(choice(json!({"type": "function", "name": "note"})), None);
    expect(choice(json!({"type": "function", "name": "page"})), Some(("'page' not found", Some("tool_choice"))));
    expect(choice(json!("always")), Some(("Invalid value", Some("tool_choice"))));
    expect(choice(json!(7)), Some(("one of a string", Some("tool_choice"))));
}
