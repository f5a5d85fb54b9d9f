use aftercall_core::{conversation::Dialect, model::FailureKind};

use super::*;
use crate::stream::tests::{check_cut, check_unreadable, events};

/// A chunk of the first choice.
fn chunk(delta: &str) -> String {
    format!(
        r#"{{"id":"c1","object":"chat.completion.chunk","created":7,"model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

/// A stream of these deltas, finished.
fn stream(deltas: &[&str]) -> String {
    let chunks: Vec<String> = deltas.iter().map(|delta| chunk(delta)).collect();
    let mut data: Vec<&str> = chunks.iter().map(String::as_str).collect();
    data.push(r#"{"id":"c1","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#);
    data.push(r#"{"id":"c1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#);
    data.push("[DONE]");
    events(&data)
}

#[track_caller]
fn check(deltas: &[&str], message: Value) {
    let answer = json!({
        "id": "c1",
        "object": "chat.completion",
        "created": 7,
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 4},
    });
    crate::stream::tests::check(Dialect::OpenaiChat, &stream(deltas), Some(answer));
}

#[test]
fn words_are_put_together() {
    check(
        &[
            r#"{"role":"assistant","content":"","refusal":null}"#,
            r#"{"content":"Añ"}"#,
            r#"{"content":"adido\n"}"#,
            r#"{"role":"assistant","content":null,"odd":"first"}"#,
            r#"{"content":"ya.","odd":"last"}"#,
        ],
        json!({"role": "assistant", "content": "Añadido\nya.", "refusal": null, "odd": "last"}),
    );
    check(
        &[r#"{"role":"assistant","content":null,"refusal":""}"#, r#"{"refusal":"I "}"#, r#"{"refusal":"can't."}"#],
        json!({"role": "assistant", "content": null, "refusal": "I can't."}),
    );
    check(
        &[
            r#"{"role":"assistant","content":null,"reasoning_content":"h"}"#,
            r#"{"reasoning_content":"m","reasoning":"a"}"#,
            r#"{"content":"x","reasoning":"b","annotations":[{"url":1}]}"#,
            r#"{"annotations":[{"url":2}]}"#,
        ],
        json!({
            "role": "assistant", "content": "x", "reasoning_content": "hm", "reasoning": "ab",
            "annotations": [{"url": 1}, {"url": 2}],
        }),
    );
}

#[test]
fn calls_are_put_together() {
    let made = |id: &str, name: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
    let calls = |calls: Value| json!({"role": "assistant", "content": null, "tool_calls": calls});
    let first = r#"{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}]}"#;
    let both = calls(json!([made("a", "f", r#"{"x":1}"#), made("b", "g", "{}")]));
    let second = r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}"#;
    // As OpenAI has it; the pieces mixed; the name and another identifier again in each.
    check(
        &[
            first,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"x"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"\":1}"}}]}"#,
            second,
        ],
        both.clone(),
    );
    check(
        &[
            first,
            second,
            r#"{"tool_calls":[{"index":0,"id":"","type":"","function":{"name":"","arguments":"{\"x"}}]}"#,
            r#"{"tool_calls":[{"index":0,"id":"other","function":{"name":null,"arguments":"\":1}"}}]}"#,
        ],
        both.clone(),
    );
    check(
        &[
            first,
            r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#,
            // Ollama's: each call has the first index.
            r#"{"tool_calls":[{"index":0,"id":"b","type":"function","function":{"name":"g","arguments":"{"}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#,
        ],
        both.clone(),
    );
    // Gemini's: none has an index, and what seals one may come after it.
    let mut sealed = both;
    sealed["tool_calls"][0]["extra_content"] = json!({"google": {"thought_signature": "c2ln"}});
    check(
        &[
            r#"{"role":"assistant","content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x"}}]}"#,
            r#"{"tool_calls":[{"id":"","type":"","function":{"arguments":"\":1}"}}]}"#,
            r#"{"tool_calls":[{"extra_content":{"google":{"thought_signature":"c2ln"}}}]}"#,
            r#"{"tool_calls":[{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}}]}"#,
        ],
        sealed,
    );
    let nameless = |name: &str| json!({"function": {"name": name, "arguments": {"x": 1}}});
    check(
        &[
            r#"{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}"#,
            r#"{"tool_calls":[{"function":{"name":"f","arguments":{"x":1}}}]}"#,
        ],
        calls(json!([nameless("f"), nameless("f")])),
    );
}

#[test]
fn details_of_reasoning_are_put_together_by_their_index() {
    check(
        &[
            r#"{"role":"assistant","content":"","reasoning_details":[{"type":"reasoning.text","text":"Let","format":"f","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","text":" me.","format":"f","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.text","signature":"c2ln","format":"f","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"eA==","id":"t1","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.encrypted","data":"eQ==","id":"t2","index":0}]}"#,
            r#"{"reasoning_details":[{"type":"reasoning.summary","summary":"a"},{"type":"reasoning.summary","summary":"b"}]}"#,
        ],
        json!({"role": "assistant", "content": "", "reasoning_details": [
            {"type": "reasoning.text", "text": "Let me.", "format": "f", "index": 0, "signature": "c2ln"},
            {"type": "reasoning.encrypted", "data": "eA==", "id": "t1", "index": 0},
            {"type": "reasoning.encrypted", "data": "eQ==", "id": "t2", "index": 0},
            {"type": "reasoning.summary", "summary": "a"},
            {"type": "reasoning.summary", "summary": "b"},
        ]}),
    );
}

/// The deltas of many items of one list, each with an index of its own, and a last piece of one of them.
fn many(list: &str, begun: impl Fn(usize) -> String, last: &str) -> Vec<String> {
    let pieces: Vec<String> = (0..LOOKED_BACK_MAX + 44).map(begun).collect();
    vec![
        r#"{"role":"assistant","content":"x"}"#.to_owned(),
        format!(r#"{{"{list}":[{}]}}"#, pieces.join(",")),
        format!(r#"{{"{list}":[{last}]}}"#),
    ]
}

#[test]
fn a_piece_is_held_against_the_newest_alone() {
    let call = |index| format!(r#"{{"index":{index},"id":"c{index}","function":{{"name":"f","arguments":""}}}}"#);
    let detail = |index| format!(r#"{{"index":{index},"type":"reasoning.text","text":"a"}}"#);
    let stream = |deltas: &[String]| stream(&deltas.iter().map(String::as_str).collect::<Vec<_>>());
    for (index, is_known) in [(LOOKED_BACK_MAX + 43, true), (44, true), (43, false), (0, false)] {
        let arguments = format!(r#"{{"index":{index},"function":{{"arguments":"{{}}"}}}}"#);
        let stream_of_calls = stream(&many("tool_calls", call, &arguments));
        match crate::read_streamed(Dialect::OpenaiChat, [stream_of_calls.as_bytes()], 0) {
            Ok(reply) => {
                assert!(is_known, "{index} is too long ago");
                let added: Vec<usize> =
                    (0..reply.calls.len()).filter(|at| reply.calls[*at].arguments == "{}").collect();
                assert_eq!((reply.calls.len(), added), (LOOKED_BACK_MAX + 44, vec![index]));
            }
            Err(failure) => {
                assert!(!is_known, "{index}: {failure}");
                assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
                assert!(failure.message.contains("missing field `name`"), "{failure}");
            }
        }
        let stream_of_details = stream(&many("reasoning_details", detail, &detail(index)));
        let reply = crate::read_streamed(Dialect::OpenaiChat, [stream_of_details.as_bytes()], 0).expect("a reply");
        let details = reply.message.data.value()["reasoning_details"].as_array().expect("a list").clone();
        let expected = json!({"index": index, "type": "reasoning.text", "text": if is_known { "aa" } else { "a" }});
        assert_eq!(details[index], expected);
        assert_eq!(details.len(), LOOKED_BACK_MAX + 44 + usize::from(!is_known), "{index}");
    }
}

#[test]
fn what_stands_beside_is_kept() {
    let stream = events(&[
        r#"{"id":"c1","object":"chat.completion.chunk","choices":[{"index":1,"delta":{"content":"b"}}],"obfuscation":"xx"}"#,
        r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}}]}"#,
        r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"c"},"logprobs":{"content":[{"token":"c"}]}}]}"#,
        r#"{"choices":[{"index":0,"delta":{},"finish_reason":"length","native_finish_reason":"max"}],"provider":"p"}"#,
        r#"{"choices":[{"index":1,"delta":null,"finish_reason":"stop"}]}"#,
    ]);
    let answer = json!({"id": "c1", "object": "chat.completion", "provider": "p", "choices": [
        {
            "index": 0, "message": {"content": "ac"}, "finish_reason": "length", "native_finish_reason": "max",
            "logprobs": {"content": [{"token": "a"}, {"token": "c"}]},
        },
        {"index": 1, "message": {"content": "b"}, "delta": null, "finish_reason": "stop"},
    ]});
    let mut answer = answer;
    answer["choices"][1].as_object_mut().expect("an object").remove("delta");
    let commented = format!(": OPENROUTER PROCESSING\n\n{stream}");
    // Not all say that it was the last one.
    for stream in [commented.clone(), format!("{commented}data: [DONE]\n\n"), format!("{commented}data: [DONE]")] {
        crate::stream::tests::check(Dialect::OpenaiChat, &stream, Some(answer.clone()));
    }
}

#[test]
fn what_is_cut_is_no_answer() {
    check_cut(Dialect::OpenaiChat, &stream(&[r#"{"role":"assistant","content":"Hé"}"#]), r#""finish_reason":"stop"}]"#);
    let half = chunk(r#"{"role":"assistant","content":"Hé"}"#);
    let other = r#"{"choices":[{"index":1,"delta":{"content":"a"},"finish_reason":"stop"}]}"#;
    for data in [vec!["[DONE]"], vec![&*half, "[DONE]"], vec![&*half, other, "[DONE]"]] {
        crate::stream::tests::check(Dialect::OpenaiChat, &events(&data), None);
    }
    check_unreadable(Dialect::OpenaiChat, "data: [1]\n\n", "in an event");
}
