use aftercall_core::{conversation::Dialect, model::Reply};

use super::*;
use crate::dialect::wire;

/// A stream of these events' data.
pub(crate) fn events(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

/// What is put together of a stream that is cut into pieces of that many bytes. None: the answer isn't whole.
fn gathered(dialect: Dialect, stream: &str, size: usize) -> Result<Option<Value>, Unreadable> {
    let gathered = Stream::new((wire(dialect).assembly)()).gathered(stream.as_bytes().chunks(size))?;
    Ok(gathered.map(|body| serde_json::from_slice(&body).expect("JSON")))
}

/// Sizes of pieces that cut a stream at each of its places.
fn sizes(stream: &str) -> impl Iterator<Item = usize> {
    (1..=24).chain([stream.len().max(1)])
}

/// Checks what is put together of a stream, however it is cut.
#[track_caller]
pub(crate) fn check(dialect: Dialect, stream: &str, expected: Option<Value>) {
    for size in sizes(stream) {
        assert_eq!(gathered(dialect, stream, size), Ok(expected.clone()), "by {size}: {stream}");
    }
}

/// Checks that a stream comes to nothing, and in which words.
#[track_caller]
pub(crate) fn check_unreadable(dialect: Dialect, stream: &str, words: &str) {
    for size in sizes(stream) {
        let unreadable = gathered(dialect, stream, size).expect_err("unreadable");
        assert!(unreadable.why.contains(words), "`{words}` is not in: {unreadable:?}");
    }
}

/// Checks that each beginning of a stream that isn't whole is known to be none: it ends before its last event.
#[track_caller]
pub(crate) fn check_cut(dialect: Dialect, stream: &str, last: &str) {
    let whole = stream.find(last).expect("the last event");
    for (at, _) in stream.char_indices().take_while(|(at, _)| *at < whole + last.len()) {
        assert_eq!(gathered(dialect, &stream[..at], at.max(1)), Ok(None), "cut at {at}: {}", &stream[..at]);
    }
}

fn failure(dialect: Dialect, stream: &str) -> Failure {
    let read: Result<Reply, Failure> = crate::read_streamed(dialect, [stream.as_bytes()], 0);
    read.expect_err("a failure")
}

#[test]
fn an_error_in_a_stream_is_what_it_would_be_with_its_status() {
    use Dialect::*;
    use FailureKind::*;
    let named = |data: &str| format!("event: error\ndata: {data}\n\n");
    let plain = |data: &str| events(&[data]);
    for (dialect, stream, kind) in [
        (Anthropic, named(r#"{"type":"error","error":{"type":"overloaded_error","message":"words"}}"#), Unavailable),
        (Anthropic, plain(r#"{"type":"error","error":{"type":"api_error","message":"words"}}"#), Unavailable),
        (Anthropic, named(r#"{"type":"error","error":{"type":"rate_limit_error","message":"words"}}"#), RateLimited),
        (
            Anthropic,
            named(r#"{"type":"error","error":{"type":"authentication_error","message":"words"}}"#),
            Unauthorized,
        ),
        (Gemini, plain(r#"{"error":{"code":503,"message":"words","status":"UNAVAILABLE"}}"#), Unavailable),
        (Gemini, plain(r#"{"error":{"code":429,"message":"words","status":"RESOURCE_EXHAUSTED"}}"#), RateLimited),
        (Gemini, r#"{"error":{"code":429,"message":"words"}}"#.to_owned(), RateLimited),
        (Gemini, "[{\n  \"error\": {\n    \"code\": 400,\n    \"message\": \"words\"\n  }\n}\n]".to_owned(), Rejected),
        (OpenaiChat, plain(r#"{"error":{"message":"words","type":"server_error"}}"#), Unavailable),
        (OpenaiChat, plain(r#"{"error":{"message":"words","type":"BadRequestError","code":400}}"#), Rejected),
        (OpenaiChat, plain(r#"{"object":"error","message":"words","code":429}"#), RateLimited),
        (
            OpenaiChat,
            named(r#"{"error":{"message":"words","type":"invalid_request_error","code":"tool_use_failed"}}"#),
            Rejected,
        ),
        (OpenaiChat, named(r#"{"message":"words","type":"rate_limit_error"}"#), RateLimited),
        (
            OpenaiChat,
            plain(
                r#"{"error":{"code":"server_error","message":"words"},"choices":[{"delta":{"content":""},"finish_reason":"error"}]}"#,
            ),
            Unavailable,
        ),
        (OpenaiChat, plain(r#"{"choices":[{"delta":{},"error":{"code":502,"message":"words"}}]}"#), Unavailable),
        (
            OpenaiResponses,
            plain(r#"{"type":"error","code":"rate_limit_exceeded","message":"words","param":null}"#),
            RateLimited,
        ),
        (OpenaiResponses, named(r#"{"error":{"type":"server_error","code":null,"message":"words"}}"#), Unavailable),
        (
            OpenaiResponses,
            plain(r#"{"type":"error","error":{"type":"invalid_request_error","code":null,"message":"words"}}"#),
            Rejected,
        ),
        (
            OpenaiResponses,
            plain(
                r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"words"}}}"#,
            ),
            Unavailable,
        ),
    ] {
        let failure = failure(dialect, &stream);
        assert_eq!(failure.kind, kind, "{stream}: {failure}");
        assert!(failure.message.contains("words"), "{stream}: {failure}");
    }
}

#[test]
fn a_stream_that_is_cut_off_may_be_asked_for_again() {
    for dialect in Dialect::ALL {
        for stream in ["", ": ping\n\n", "data: {}\n\n", "data: {\"id", "data: [DONE]\n\n"] {
            let failure = failure(dialect, stream);
            assert_eq!(failure.kind, FailureKind::Unavailable, "{dialect} {stream:?}: {failure}");
            assert!(failure.message.contains("ended before the reply did"), "{failure}");
        }
        let failure = failure(dialect, "data: <html>\n\ndata: {}\n\n");
        assert_eq!(failure.kind, FailureKind::Nonsense, "{failure}");
        assert!(failure.message.contains("begins: <html>"), "{failure}");
    }
}

#[test]
fn neither_a_stream_nor_a_line_of_it_is_read_without_end() {
    let (line, comment) = (vec![b'x'; REPLY_BYTES_MAX + 1], [vec![b':'; 1 << 20], vec![b'\n']].concat());
    for (pieces, bytes_max) in
        [(vec![&*line], REPLY_BYTES_MAX), (vec![&*comment; STREAM_BYTES_MAX >> 20], STREAM_BYTES_MAX)]
    {
        let mut gathering = Stream::new((wire(Dialect::OpenaiChat).assembly)());
        let taken = pieces.iter().find_map(|piece| gathering.take(piece).transpose()).expect("an end");
        assert_eq!(taken.expect_err("too large").why, format!("it has more than {bytes_max} bytes"));
    }
}

/// Streams that are altered at random, as the fuzz target `reply` has them.
#[test]
fn a_cut_changes_nothing_whatever_comes() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fuzz/seeds/reply");
    let (mut read, mut state) = (0, 7_u32);
    let mut below = |many: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        usize::try_from(state >> 8).expect("it fits") % many
    };
    for seed in std::fs::read_dir(seeds).expect("seeds") {
        let seed = std::fs::read(seed.expect("a seed").path()).expect("bytes");
        let (which, stream) = seed.split_first().expect("a dialect, and a stream");
        let dialect = Dialect::ALL[usize::from(*which) % Dialect::ALL.len()];
        for round in 0..200 {
            let mut stream = stream.to_vec();
            for _ in 0..round % 4 {
                let (at, other) = (below(stream.len()), below(stream.len()));
                match below(3) {
                    0 => stream[at] = stream[other],
                    1 => drop(stream.remove(at)),
                    _ => stream.truncate(at.max(1)),
                }
            }
            let whole = crate::read_streamed(dialect, [&*stream], 0);
            for size in [1, 2 + below(40)] {
                let cut = crate::read_streamed(dialect, stream.chunks(size), 0);
                assert_eq!(cut, whole, "by {size}: {}", String::from_utf8_lossy(&stream));
            }
            read += usize::from(whole.is_ok());
        }
    }
    assert!(read > 200, "only {read} are replies");
}
