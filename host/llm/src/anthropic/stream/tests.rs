use aftercall_core::conversation::Dialect;
use serde_json::{Value, json};

use crate::stream::tests::{check_cut, check_unreadable};

/// A stream with the names of its events, as the provider writes it.
fn stream(data: &[Value]) -> String {
    let event = |data: &Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().expect("a type"));
    data.iter().map(event).collect()
}

/// A message with the blocks of these events.
fn message(blocks: &[Value]) -> String {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null,
        "stop_sequence": null, "usage": {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 1},
    });
    let delta = json!({"stop_reason": "tool_use", "stop_sequence": null});
    let mut data = vec![json!({"type": "message_start", "message": message}), json!({"type": "ping"})];
    data.extend_from_slice(blocks);
    data.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7, "input_tokens": null}, "context_management": {}}));
    data.push(json!({"type": "new_kind", "message": 7, "index": "x", "delta": []}));
    data.push(json!({"type": "message_stop"}));
    stream(&data)
}

#[track_caller]
fn check(blocks: &[Value], content: Value) {
    let answer = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": content, "stop_reason": "tool_use",
        "stop_sequence": null, "usage": {"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 7},
        "context_management": {},
    });
    crate::stream::tests::check(Dialect::Anthropic, &message(blocks), Some(answer));
}

/// The events of one block.
fn block(index: u64, block: Value, deltas: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({"type": "content_block_start", "index": index, "content_block": block})];
    let delta = |delta: &Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    events.extend(deltas.iter().map(delta));
    events.push(json!({"type": "content_block_stop", "index": index}));
    events
}

fn piece(json: &str) -> Value {
    json!({"type": "input_json_delta", "partial_json": json})
}

#[test]
fn blocks_are_put_together() {
    let thinking = block(
        0,
        json!({"type": "thinking", "thinking": "", "signature": ""}),
        &[
            json!({"type": "thinking_delta", "thinking": "h"}),
            json!({"type": "thinking_delta", "thinking": "mé"}),
            json!({"type": "signature_delta", "signature": "c2ln"}),
        ],
    );
    let redacted = block(1, json!({"type": "redacted_thinking", "data": "eA=="}), &[]);
    let cited = |url: &str| json!({"type": "web_search_result_location", "url": url});
    let text = block(
        2,
        json!({"type": "text", "text": "A", "citations": [cited("a")]}),
        &[
            json!({"type": "text_delta", "text": "ña"}),
            json!({"type": "citations_delta", "citation": cited("b")}),
            json!({"type": "text_delta", "text": "dido."}),
            json!({"type": "new_delta", "odd": "first"}),
            json!({"type": "new_delta", "odd": "last"}),
        ],
    );
    check(
        &[thinking, redacted, text].concat(),
        json!([
            {"type": "thinking", "thinking": "hmé", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "eA=="},
            {"type": "text", "text": "Añadido.", "citations": [cited("a"), cited("b")], "odd": "last"},
        ]),
    );
}

#[test]
fn inputs_are_put_together() {
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "f", "input": {}});
    let result =
        json!({"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"encrypted_content": "eA=="}]});
    let blocks = [
        block(0, call("a"), &[piece(""), piece("{\"x\": {\"y\""), piece(": \"é"), piece("\\u00"), piece("e9\"}}")]),
        block(1, call("b"), &[]),
        block(2, call("c"), &[piece("")]),
        block(3, call("d"), &[piece("{\"cut\": ")]),
        block(
            4,
            json!({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}),
            &[piece("{\"query\":\"q\"}")],
        ),
        block(5, result.clone(), &[]),
        block(6, json!({"type": "tool_use", "id": "e", "name": "f", "input": {"whole": 1}}), &[]),
    ];
    check(
        &blocks.concat(),
        json!([
            {"type": "tool_use", "id": "a", "name": "f", "input": {"x": {"y": "éé"}}},
            call("b"),
            call("c"),
            {"type": "tool_use", "id": "d", "name": "f", "input": "{\"cut\": "},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "q"}},
            result,
            {"type": "tool_use", "id": "e", "name": "f", "input": {"whole": 1}},
        ]),
    );
}

/// What is put together from JSON is as it was written.
#[test]
fn an_input_is_kept_byte_for_byte() {
    let call = json!({"type": "tool_use", "id": "a", "name": "f", "input": {}});
    let stream = message(&block(0, call, &[piece("{ \"x\": 1.0"), piece("0, \"y\": 12345678901234567890123 }")]));
    let reply = crate::read_streamed(Dialect::Anthropic, [stream.as_bytes()], 0).expect("a reply");
    assert_eq!(reply.calls[0].arguments, "{ \"x\": 1.00, \"y\": 12345678901234567890123 }");
    assert!(reply.message.data.as_str().contains(&reply.calls[0].arguments));
}

#[test]
fn what_is_cut_or_out_of_order_is_no_answer() {
    let text = block(0, json!({"type": "text", "text": ""}), &[json!({"type": "text_delta", "text": "Hi"})]);
    check_cut(Dialect::Anthropic, &message(&text), r#""type":"message_stop"}"#);
    for (data, words) in [
        (vec![json!({"type": "message_stop"})], "ends that hasn't begun"),
        (vec![json!({"type": "message_start"})], "begins without one"),
        (vec![json!({"type": "message_delta", "delta": {}})], "goes on that hasn't begun"),
        (vec![json!({"type": "content_block_start", "index": 0})], "block begins without one"),
        (vec![json!({"type": "content_block_delta", "index": 0, "delta": {}})], "block goes on that hasn't begun"),
        (
            text.iter()
                .take(1)
                .cloned()
                .chain([json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": 7}})])
                .collect(),
            "in an event",
        ),
    ] {
        check_unreadable(Dialect::Anthropic, &stream(&data), words);
    }
}
