use std::{cell::RefCell, collections::VecDeque};

use super::*;

const MADE: &str = r#"{"id":"resp_1","status":"completed","output":[]}"#;
const MAKING: &str = r#"{"id":"resp_1","status":"in_progress"}"#;
const QUEUED: &str = r#"{"id":"resp_1","status":"queued"}"#;

fn answer(status: u16, body: &str) -> Answer {
    let (route, body) = ("pro".to_owned(), body.as_bytes().to_vec());
    Answer { route, status, retry_after_ms: None, body, key: None }
}

/// What comes of a first answer and those that follow, and what was asked when, in milliseconds since the beginning: `x`
/// before it calls the response off. An answer without a body is a cut connection.
async fn play(limit_ms: u64, first: (u16, &str), rest: &[(u16, &str)]) -> (Result<Answer, Failure>, Vec<String>) {
    let began = Instant::now();
    let rest: RefCell<VecDeque<_>> = RefCell::new(rest.iter().copied().collect());
    let asked = RefCell::new(Vec::new());
    let ask = |Ask { id, cancel, .. }| {
        assert_eq!(id, "resp_1");
        asked.borrow_mut().push(format!("{}{}", if cancel { "x" } else { "" }, began.elapsed().as_millis()));
        let next = rest.borrow_mut().pop_front();
        std::future::ready(match next {
            Some((status, body)) if !body.is_empty() => Ok(answer(status, body)),
            _ => Err(unavailable("the answer broke off".to_owned())),
        })
    };
    let finished = finished(answer(first.0, first.1), began + Duration::from_millis(limit_ms), ask).await;
    (finished, asked.into_inner())
}

async fn check(limit_ms: u64, first: (u16, &str), rest: &[(u16, &str)], expected: Result<&str, &str>, asked: &[&str]) {
    let (finished, when) = play(limit_ms, first, rest).await;
    assert_eq!(when, asked, "{first:?} {rest:?}");
    match (finished, expected) {
        (Ok(answer), Ok(body)) => assert_eq!(String::from_utf8_lossy(&answer.body), body),
        (Err(failure), Err(words)) => assert!(failure.to_string().contains(words), "{words:?} is not in {failure}"),
        (finished, _) => panic!("{first:?} {rest:?}: {finished:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_asked_for_until_it_is_there() {
    let begun = (200, QUEUED);
    check(60_000, (200, MADE), &[], Ok(MADE), &[]).await;
    check(60_000, begun, &[(200, MAKING), (200, MADE)], Ok(MADE), &["1000", "2500"]).await;
    check(60_000, begun, &[(0, ""), (503, "{}"), (200, MADE)], Ok(MADE), &["1000", "2500", "4750"]).await;
    let failed = r#"{"id":"resp_1","status":"failed","error":{"code":"server_error"}}"#;
    check(60_000, begun, &[(200, failed)], Ok(failed), &["1000"]).await;
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_a_limit() {
    let (_, asked) = play(60_000, (200, QUEUED), &[(200, MAKING); 20]).await;
    assert_eq!(asked[..4], ["1000", "2500", "4750", "8125"]);
    assert_eq!(asked[asked.len() - 4..], ["30782", "40782", "50782", "x60000"]);
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_is_called_off() {
    let off = "unavailable: the reply was not made within the limit of model route `pro`, and was called off";
    check(2_000, (200, QUEUED), &[(200, MAKING), (200, r#"{"status":"cancelled"}"#)], Err(off), &["1000", "x2000"])
        .await;
    check(500, (200, QUEUED), &[(0, "")], Err(off), &["x500"]).await;
    check(500, (200, QUEUED), &[(200, MADE)], Ok(MADE), &["x500"]).await;
}

#[tokio::test(start_paused = true)]
async fn what_can_come_to_nothing_ends_it() {
    let begun = (200, QUEUED);
    check(9_000, (400, "{}"), &[], Err("rejected: "), &[]).await;
    check(9_000, (200, "<html>"), &[], Err("nonsense: "), &[]).await;
    check(9_000, (200, r#"{"status":"queued"}"#), &[], Err("no identifier"), &[]).await;
    check(9_000, (200, r#"{"status":"queued","id":"../x"}"#), &[], Err("no identifier"), &[]).await;
    check(9_000, begun, &[(404, "{}")], Err("unavailable: the provider has lost the reply"), &["1000"]).await;
    check(9_000, begun, &[(401, "{}")], Err("unauthorized: "), &["1000"]).await;
    check(9_000, begun, &[(200, "<html>")], Err("nonsense: "), &["1000"]).await;
}
