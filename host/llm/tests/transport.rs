//! The transport against a server on the loopback interface that answers from a script.

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    model::{Failure, FailureKind, History, ModelPin, Reply, TurnRequest},
    ports::Model as _,
    secret::Secret,
};
use aftercall_llm::{Error, IDLE_MS_DEFAULT, Models, REPLY_BYTES_MAX, Route, Server, TIMEOUT_MS_DEFAULT};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinHandle,
};

/// The first byte of a TLS connection (RFC 8446, section 5.1).
const TLS_HANDSHAKE: u8 = 22;

const KEY: &str = "sk-hush-hush";

/// Takes one connection, reads one request, writes the script, and gives back what it read.
async fn serve(script: Vec<u8>) -> (String, JoinHandle<String>) {
    serve_and(script, false).await
}

/// The same, and then says nothing until the client goes, if it is to stay.
async fn serve_and(script: Vec<u8>, stay: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut seen = Vec::new();
        while !is_whole(&seen) {
            if stream.read_buf(&mut seen).await.expect("readable") == 0 {
                break;
            }
        }
        // The client may hang up on an answer that is too large.
        let _ = stream.write_all(&script).await;
        if stay {
            while stream.read_buf(&mut seen).await.is_ok_and(|bytes| bytes > 0) {}
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    (format!("http://{address}/v1"), server)
}

/// Whether all of a request is there, or the beginning of a TLS handshake.
fn is_whole(seen: &[u8]) -> bool {
    if seen.first() == Some(&TLS_HANDSHAKE) {
        return true;
    }
    let text = String::from_utf8_lossy(seen).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_some_and(|length| body.len() >= length.parse().expect("a number"))
}

fn http(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn route(name: &str, base_url: &str) -> Route {
    Route {
        name: name.to_owned(),
        base_url: base_url.to_owned(),
        model: None,
        dialect: Dialect::OpenaiChat,
        server: Server::OpenAi,
        key: Some(Secret::new(KEY.to_owned())),
        timeout_ms: TIMEOUT_MS_DEFAULT,
        context_tokens: None,
        idle_ms_max: IDLE_MS_DEFAULT,
        stream: Some(false),
        background: false,
    }
}

async fn turn(models: &Models, pin: &ModelPin) -> Result<Reply, Failure> {
    let conversation = Conversation {
        items: vec![Item::message(Role::User, "Hi")],
        ..Conversation::new("native".parse().expect("a name"), "c1")
    };
    let request = TurnRequest {
        model: pin,
        conversation: &conversation,
        instruction: "Now.",
        tools: &[],
        exchanges: &[],
        history: History::AsWritten,
        words_only: false,
    };
    models.turn(&request).await
}

/// One turn by a route to that script.
async fn play(script: Vec<u8>, timeout_ms: u64) -> Result<Reply, Failure> {
    let (base_url, _server) = serve_and(script.clone(), script.is_empty()).await;
    let models = Models::new([Route { timeout_ms, ..route("gpt-4.1", &base_url) }], None).expect("routes");
    turn(&models, &models.pin(Some("gpt-4.1")).expect("mapped")).await
}

const DONE: &str = r#"{"choices":[{"message":{"role":"assistant","content":"Done."},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn a_turn_goes_out_and_its_reply_comes_back() {
    for base in ["", "/"] {
        let (base_url, server) = serve(http("200 OK", "", DONE)).await;
        let mapped = Route { model: Some("wire".to_owned()), ..route("gpt-4.1", &format!("{base_url}{base}")) };
        let models = Models::new([mapped], None).expect("routes");
        let pin = models.pin(Some("gpt-4.1")).expect("mapped");
        assert_eq!((pin.route.as_str(), pin.model.as_str()), ("gpt-4.1", "wire"));
        let reply = turn(&models, &pin).await.expect("a reply");
        assert_eq!(reply.text.as_deref(), Some("Done."));
        let seen = server.await.expect("served");
        assert!(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains(&format!("authorization: Bearer {KEY}\r\n")), "{seen}");
        assert!(seen.contains("content-type: application/json\r\n"), "{seen}");
        assert!(seen.contains(r#""model":"wire""#), "{seen}");
        assert!(!format!("{models:?}").contains(KEY));
    }
}

#[tokio::test]
async fn a_key_stands_in_the_header_that_the_server_reads() {
    for (server, header) in [(Server::Azure, "api-key: "), (Server::Telnyx, "authorization: Bearer ")] {
        let (base_url, served) = serve(http("200 OK", "", DONE)).await;
        let models = Models::new([Route { server, ..route("gpt-4.1", &base_url) }], None).expect("routes");
        turn(&models, &models.pin(Some("gpt-4.1")).expect("mapped")).await.expect("a reply");
        let seen = served.await.expect("served");
        assert!(seen.contains(&format!("\r\n{header}{KEY}\r\n")), "{seen}");
        assert_eq!(seen.matches(KEY).count(), 1, "{seen}");
    }
}

/// What a background reply is asked for, over two connections: the limit is over before the first look.
#[tokio::test]
async fn a_reply_in_the_background_is_called_off_at_its_own_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("an address"));
    let begun = r#"{"id":"resp_1","status":"queued"}"#;
    let said = r#"[{"type":"message","content":[{"type":"output_text","text":"Done."}]}]"#;
    let made = format!(r#"{{"id":"resp_1","status":"completed","output":{said}}}"#);
    let server = tokio::spawn(async move {
        let mut heads = Vec::new();
        for body in [begun, made.as_str()] {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut seen = Vec::new();
            while !String::from_utf8_lossy(&seen).contains("\r\n\r\n") {
                stream.read_buf(&mut seen).await.expect("readable");
            }
            let answer = http("200 OK", "connection: close\r\n", body);
            stream.write_all(&answer).await.expect("writable");
            heads.push(String::from_utf8_lossy(&seen).lines().next().unwrap_or_default().to_owned());
            // Reads on until the client has closed, so that nothing of its body is lost to a reset.
            while stream.read_buf(&mut seen).await.is_ok_and(|bytes| bytes > 0) {}
        }
        heads
    });
    let slow = Route { dialect: Dialect::OpenaiResponses, background: true, ..route("pro", &base_url) };
    let models = Models::new([Route { timeout_ms: 500, ..slow }], None).expect("routes");
    let reply = turn(&models, &models.pin(Some("pro")).expect("mapped")).await.expect("a reply");
    assert_eq!(reply.text.as_deref(), Some("Done."));
    let heads = server.await.expect("served");
    assert_eq!(heads, ["POST /v1/responses HTTP/1.1", "POST /v1/responses/resp_1/cancel HTTP/1.1"]);
}

#[tokio::test]
async fn failures_have_their_kind_and_never_the_key() {
    let echo = format!(r#"{{"error":{{"message":"wrong key {KEY}"}}}}"#);
    let large = "x".repeat(REPLY_BYTES_MAX + 1);
    for (script, timeout_ms, kind, retry_after_ms, words) in [
        (http("401 Unauthorized", "", &echo), 60_000, FailureKind::Unauthorized, None, "route `gpt-4.1`"),
        (http("429 Slow", "retry-after: 2\r\n", &echo), 60_000, FailureKind::RateLimited, Some(2_000), "wrong key"),
        (http("503 Oops", "", KEY), 60_000, FailureKind::Unavailable, None, "503"),
        (http("302 Found", "location: http://127.0.0.1:1/\r\n", ""), 60_000, FailureKind::Rejected, None, "redirects"),
        (http("200 OK", "", KEY), 60_000, FailureKind::Nonsense, None, "can't be read"),
        (http("200 OK", "", &large), 60_000, FailureKind::Nonsense, None, "more than"),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec(),
            60_000,
            FailureKind::Unavailable,
            None,
            "broke off",
        ),
        (b"what?\r\n\r\n".to_vec(), 60_000, FailureKind::Unavailable, None, "broke off"),
        (Vec::new(), 50, FailureKind::Unavailable, None, "within 50 ms"),
    ] {
        let failure = play(script, timeout_ms).await.expect_err(words);
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, retry_after_ms), "{failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!format!("{failure} {failure:?}").contains(KEY), "{failure}");
    }
}

/// A stream of these events, in a transfer coding that says where it ends. `last` ends it.
fn streamed(events: &[&str], last: &str) -> Vec<u8> {
    let events: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
    let chunk = format!("{:x}\r\n{events}\r\n", events.len());
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
    format!("{head}{chunk}{last}").into_bytes()
}

const LAST: &str = "0\r\n\r\n";
const PIECE: &str = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Done."}}]}"#;
const STOPPED: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn a_reply_is_streamed_or_comes_as_the_server_has_it() {
    let whole = streamed(&[PIECE, STOPPED, "[DONE]"], LAST);
    // What is whole is taken, whether or not the server goes on.
    let unended = streamed(&[PIECE, STOPPED, "[DONE]"], "");
    for (stream, script, stay) in [
        (None, whole.clone(), false),
        (Some(true), whole.clone(), false),
        (Some(true), unended, true),
        (Some(true), http("200 OK", "content-type: application/json\r\n", DONE), false),
        (Some(false), whole, false),
        (Some(false), http("200 OK", "", DONE), false),
    ] {
        let (base_url, server) = serve_and(script, stay).await;
        let models = Models::new([Route { stream, ..route("gpt-4.1", &base_url) }], None).expect("routes");
        let reply = turn(&models, &models.pin(Some("gpt-4.1")).expect("mapped")).await.expect("a reply");
        assert_eq!(reply.text.as_deref(), Some("Done."));
        let seen = server.await.expect("served");
        assert_eq!(seen.contains(r#""stream":true"#), stream != Some(false), "{seen}");
    }
}

#[tokio::test]
async fn geminis_streams_are_at_an_address_of_their_own() {
    let said = r#"{"candidates":[{"content":{"parts":[{"text":"Done."}]},"finishReason":"STOP"}]}"#;
    for (stream, script, path) in [
        (None, streamed(&[said], LAST), "m:streamGenerateContent?alt=sse"),
        (Some(false), http("200 OK", "", said), "m:generateContent"),
    ] {
        let (base_url, server) = serve(script).await;
        let gemini = Route { dialect: Dialect::Gemini, stream, ..route("m", &base_url) };
        let models = Models::new([gemini], None).expect("routes");
        turn(&models, &models.pin(Some("m")).expect("mapped")).await.expect("a reply");
        let seen = server.await.expect("served");
        assert!(seen.starts_with(&format!("POST /v1/models/{path} HTTP/1.1\r\n")), "{seen}");
    }
}

#[tokio::test]
async fn a_stream_that_comes_to_nothing_has_its_kind() {
    let echo = format!(r#"{{"error":{{"message":"wrong {KEY}","code":429}}}}"#);
    let nonsense = format!("<html>{KEY}");
    for (script, stay, kind, words) in [
        (
            streamed(&[PIECE], ""),
            true,
            FailureKind::Unavailable,
            "for 50 ms, the `idle_ms_max` of model route `gpt-4.1`",
        ),
        (streamed(&[PIECE], ""), false, FailureKind::Unavailable, "broke off"),
        (streamed(&[PIECE], LAST), false, FailureKind::Unavailable, "ended before the reply did"),
        (streamed(&[PIECE, &echo], LAST), false, FailureKind::RateLimited, "wrong …"),
        (streamed(&[PIECE, &nonsense], LAST), false, FailureKind::Nonsense, "begins: <html>…"),
    ] {
        let (base_url, _server) = serve_and(script, stay).await;
        let hasty = Route { idle_ms_max: 50, stream: Some(true), ..route("gpt-4.1", &base_url) };
        let models = Models::new([hasty], None).expect("routes");
        let pin = models.pin(Some("gpt-4.1")).expect("mapped");
        let failure = turn(&models, &pin).await.expect_err(words);
        assert_eq!(failure.kind, kind, "{failure}");
        assert!(failure.message.contains(words), "`{words}` is not in: {failure}");
        assert!(!format!("{failure} {failure:?}").contains(KEY), "{failure}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_unavailable() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", gone.local_addr().expect("an address"));
    drop(gone);
    let models = Models::new([route("gpt-4.1", &base_url)], None).expect("routes");
    let failure = turn(&models, &models.pin(Some("gpt-4.1")).expect("mapped")).await.expect_err("nobody there");
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.starts_with("no connection to 127.0.0.1: "), "{failure}");
}

#[tokio::test]
async fn https_is_spoken() {
    let (base_url, server) = serve(b"this is no TLS".to_vec()).await;
    let models = match Models::new([route("gpt-4.1", &base_url.replace("http:", "https:"))], None) {
        Ok(models) => models,
        // A machine without any certificate is told so before anything starts.
        Err(error) => return assert!(matches!(error, Error::Certificates { .. }), "{error}"),
    };
    let failure = turn(&models, &models.pin(Some("gpt-4.1")).expect("mapped")).await.expect_err("no TLS there");
    assert_eq!(failure.kind, FailureKind::Unavailable, "{failure}");
    assert_eq!(server.await.expect("served").as_bytes().first(), Some(&TLS_HANDSHAKE));
}

#[tokio::test]
async fn one_route_can_take_everything() {
    let (base_url, server) = serve(http("200 OK", "", DONE)).await;
    let nowhere = route("gpt-4.1", "http://127.0.0.1:1/v1");
    let pin = Models::new([nowhere.clone()], None).expect("routes").pin(Some("gpt-4.1")).expect("mapped");
    let everything = Route { model: Some("local".to_owned()), key: None, ..route("override", &base_url) };
    let models = Models::new([nowhere], Some(everything)).expect("routes");
    turn(&models, &pin).await.expect("a reply");
    let seen = server.await.expect("served");
    assert!(seen.contains(r#""model":"local""#) && !seen.contains("authorization"), "{seen}");
    for name in [None, Some("unheard-of")] {
        assert_eq!(models.pin(name).expect("everything is mapped").route, "override");
    }
}

#[tokio::test]
async fn an_unmapped_model_is_told_how_to_map_it() {
    let models = Models::new([], None).expect("no routes");
    let pin = ModelPin::new("gpt \"5\"", Dialect::OpenaiChat);
    let failure = turn(&models, &pin).await.expect_err("unmapped");
    assert_eq!(Err(failure.clone()), models.pin(Some(&pin.route)));
    assert_eq!(failure.kind, FailureKind::Unmapped);
    assert!(failure.message.contains(r#"add `[models."gpt \"5\""]` with `base_url` and `key`"#), "{failure}");
    let unnamed = models.pin(None).expect_err("unnamed");
    assert_eq!(unnamed.kind, FailureKind::Unmapped);
    assert!(unnamed.message.contains("--model NAME"), "{unnamed}");
}

#[test]
fn a_route_that_cannot_work_is_refused() {
    let keyed = |key: &str| Route { key: Some(Secret::new(key.to_owned())), ..route("a", "http://127.0.0.1/v1") };
    for (routes, words) in [
        (vec![route("a", "api.example.com/v1")], "is no URL"),
        (vec![route("a", "ftp://127.0.0.1/v1")], "neither http nor https"),
        (vec![route("a", "https://me:hush@127.0.0.1/v1")], "belongs in `key`"),
        (vec![keyed("")], "the key is empty"),
        (vec![keyed("hush\nhush")], "no HTTP header"),
        (vec![Route { background: true, ..route("a", "http://127.0.0.1/v1") }], "speaks `openai-chat`: leave it out"),
        (
            vec![Route { dialect: Dialect::Gemini, server: Server::Groq, ..route("a", "http://127.0.0.1/v1") }],
            "`server` is for the dialect `openai-chat`, and this one speaks `gemini`: leave it out",
        ),
        (
            vec![Route {
                dialect: Dialect::OpenaiResponses,
                background: true,
                stream: Some(true),
                ..route("a", "http://127.0.0.1/v1")
            }],
            "either streamed or made in the background",
        ),
        (vec![Route { idle_ms_max: 0, ..route("a", "http://127.0.0.1/v1") }], "`idle_ms_max` is 0"),
        (vec![keyed("k"), keyed("k")], "two model routes are called `a`"),
    ] {
        let error = Models::new(routes, None).expect_err(words).to_string();
        assert!(error.contains(words) && !error.contains("hush"), "{error}");
    }
}
