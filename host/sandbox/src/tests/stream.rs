//! Replies that are streamed, in each provider's form.

use serde_json::{Value, json};

use super::{World, json as with_json, world};
use crate::{Line, LineFault, Script, Service};

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const ANTHROPIC: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/gemini-3-flash-preview:streamGenerateContent?alt=sse";

/// A request that a provider streams the reply to.
fn body(path: &str) -> Value {
    let user = json!([{"role": "user", "content": "Hi"}]);
    match path {
        CHAT => json!({"model": "m", "stream": true, "stream_options": {"include_usage": true}, "messages": user}),
        RESPONSES => json!({"model": "m", "stream": true, "input": user}),
        ANTHROPIC => json!({"model": "m", "max_tokens": 10, "stream": true, "messages": user}),
        _ => json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
    }
}

/// The status, the media type and the body.
async fn ask(world: &World, path: &str) -> (u16, String, String) {
    let request = with_json(world.post(Service::Model, path), &body(path)).header("anthropic-version", "2023-06-01");
    let response = request.send().await.expect("an answer");
    let media = response.headers()["content-type"].to_str().expect("text").to_owned();
    (response.status().as_u16(), media, response.text().await.expect("a body"))
}

/// The names of events that have one, and the data of all.
fn read(stream: &str) -> (Vec<&str>, Vec<&str>) {
    let of = |field: &str| stream.lines().filter_map(|line| line.strip_prefix(field)).collect();
    (of("event: "), of("data: "))
}

#[tokio::test]
async fn texts_and_arguments_come_in_pieces() {
    let line = Line { reasoning: Some("Who is it?".to_owned()), ..Line::text("Añadido ya.") };
    let world = world(Script::of([line.and_call("note", json!({"text": "Añadido"}))])).await;
    for (path, names, pieces, last) in [
        (CHAT, &[][..], &[r#""content":"Añadi""#, r#""content":"do ya""#, r#""arguments":"{\"tex""#][..], "[DONE]"),
        (
            RESPONSES,
            &["response.created", "response.output_item.added", "response.output_text.delta", "response.completed"],
            &[r#""delta":"Añadi""#, r#""delta":"{\"tex""#],
            r#""status":"completed""#,
        ),
        (
            ANTHROPIC,
            &["message_start", "content_block_start", "ping", "content_block_delta", "message_delta", "message_stop"],
            &[
                r#""text":"Añadi""#,
                r#""partial_json":"{\"tex""#,
                r#""thinking":"Who i""#,
                r#""type":"signature_delta""#,
            ],
            r#"{"type":"message_stop"}"#,
        ),
        (GEMINI, &[], &[r#""text":"Añadi""#, r#""text":"Who i","thought":true"#], r#""finishReason":"STOP""#),
    ] {
        let (status, media, stream) = ask(&world, path).await;
        assert_eq!((status, media.as_str()), (200, "text/event-stream; charset=utf-8"), "{stream}");
        let (named, data) = read(&stream);
        for name in names {
            assert!(named.contains(name), "{path} has no {name}: {stream}");
        }
        for piece in pieces {
            assert!(data.iter().any(|data| data.contains(piece)), "{path} has no {piece}: {stream}");
        }
        assert!(data.last().is_some_and(|data| data.contains(last)), "{path}: {stream}");
    }
}

#[tokio::test]
async fn a_stream_fails_where_the_script_says() {
    let faulty = |status, after| Line {
        fault: Some(LineFault {
            status,
            body: None,
            retry_after_seconds: None,
            after_events: Some(after),
            times: Some(4),
        }),
        reasoning: Some("Who is it?".to_owned()),
        ..Line::text("Añadido ya.")
    };
    let cut = world(Script::of([faulty(200, 2)])).await;
    let broken = world(Script::of([faulty(529, 1)])).await;
    for (path, error) in [
        (CHAT, r#"data: {"error":{"code":null,"message":"This fault"#),
        (RESPONSES, r#"event: error"#),
        (
            ANTHROPIC,
            "event: error\ndata: {\"error\":{\"message\":\"This fault is in the script.\",\"type\":\"overloaded_error\"}",
        ),
        (GEMINI, r#"data: {"error":{"code":529"#),
    ] {
        for (world, expected) in [(&cut, 2), (&broken, 2)] {
            let (status, _, stream) = ask(world, path).await;
            assert_eq!((status, read(&stream).1.len()), (200, expected), "{stream}");
            assert_eq!(stream.contains(error), std::ptr::eq(world, &broken), "{stream}");
        }
    }
    let (_, _, whole) = ask(&broken, CHAT).await;
    assert!(whole.ends_with("data: [DONE]\n\n"), "{whole}");
}

#[tokio::test]
async fn what_is_not_streamed_is_refused() {
    let world = world(super::idle()).await;
    let unlike = GEMINI.trim_end_matches("?alt=sse");
    for (path, status, part) in
        [(unlike, 400, "with alt=sse alone"), ("/v1beta/models/m:countTokens", 404, "Invalid URL")]
    {
        let (found, _, body) = ask(&world, path).await;
        assert_eq!(found, status, "{body}");
        assert!(body.contains(part), "{body}");
    }
}
