//! What becomes of a message in doubt.

use super::*;
use aftercall::{FailureKind, Finding};

fn page(messages: Value) -> Reply {
    Reply::json(200, json!({ "ok": true, "messages": messages, "has_more": false }))
}

fn ours(ts: &str) -> Value {
    json!({ "ts": ts, "metadata": { "event_type": "aftercall_effect", "event_payload": { "key": KEY } } })
}

fn query(fake: &Fake, request: usize) -> Vec<(String, String)> {
    fake.sent()[request].query()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_message_in_doubt_is_found_on_any_page() {
    let fake = fake()
        .expect(HISTORY, shown("conversations.history", "first_page"))
        .expect(HISTORY, shown("conversations.history", "last_page"));
    assert_eq!(fake.reconcile::<Plugin>("post_message", message()), Ok(Finding::Happened(posted())));
    let first = [("channel", CHANNEL), ("oldest", "1772323140.250000"), ("inclusive", "true")];
    let rest = [("include_all_metadata", "true"), ("limit", "200")];
    let mut expected = pairs(&[&first[..], &rest].concat());
    assert_eq!(query(&fake, 0), expected);
    expected.extend(pairs(&[("cursor", "bmV4dF90czoxNTEyMDg1ODYxMDAwNTQz")]));
    assert_eq!(query(&fake, 1), expected);
}

#[test]
fn a_reply_in_doubt_is_found_in_its_thread() {
    let fake = fake().expect(REPLIES, shown("conversations.replies", "thread"));
    assert_eq!(fake.reconcile::<Plugin>("reply_in_thread", reply()), Ok(Finding::Happened(replied())));
    let first = [("channel", CHANNEL), ("ts", MESSAGE), ("oldest", "1772323140.250000"), ("inclusive", "true")];
    let rest = [("include_all_metadata", "true"), ("limit", "200")];
    assert_eq!(query(&fake, 0), pairs(&[&first[..], &rest].concat()));
}

#[test]
fn a_reply_without_its_thread_is_for_a_person() {
    let fake = fake().expect(REPLIES, shown("conversations.replies", "no_thread"));
    assert_eq!(fake.reconcile::<Plugin>("reply_in_thread", reply()), Ok(Finding::Unknown(None)));
}

#[test]
fn the_key_decides_once_the_history_has_had_its_time() {
    fn check(messages: &Value, lag_ms: Option<u64>, later_ms: u64, expected: &Finding) {
        let mut settings = settings();
        if let Some(lag_ms) = lag_ms {
            settings["history_lag_ms"] = json!(lag_ms);
        }
        let fake = fake().settings(settings).now(ATTEMPT_AT + later_ms).expect(HISTORY, page(messages.clone()));
        let finding = fake.reconcile::<Plugin>("post_message", message()).unwrap();
        assert_eq!(finding, *expected, "{later_ms} ms later: {messages}");
    }
    let found = Finding::Happened(posted());
    let of = |event_type: &str, payload: Value| {
        let metadata = json!({ "event_type": event_type, "event_payload": payload });
        json!([{ "ts": MESSAGE, "metadata": metadata }])
    };
    check(&json!([ours(MESSAGE)]), None, 0, &found);
    check(&json!([{ "ts": "1772323270.000100" }, ours(MESSAGE)]), None, 90_000, &found);
    // Colleagues have answered it meanwhile.
    let mut answered = ours(MESSAGE);
    answered["thread_ts"] = json!(MESSAGE);
    check(&json!([answered]), None, 90_000, &found);

    check(&json!([]), None, 0, &Finding::Unknown(Some(60_000)));
    check(&json!([]), None, 59_999, &Finding::Unknown(Some(1)));
    check(&json!([]), None, 60_000, &Finding::DidNotHappen);
    check(&json!([]), Some(0), 0, &Finding::DidNotHappen);
    check(&json!([]), Some(90_000), 60_000, &Finding::Unknown(Some(30_000)));
    check(&of("aftercall_effect", json!({ "key": "ac_4567" })), None, 60_000, &Finding::DidNotHappen);
    check(&of("task_created", json!({ "key": KEY })), None, 60_000, &Finding::DidNotHappen);
    check(&of("aftercall_effect", json!({})), None, 59_000, &Finding::Unknown(Some(1_000)));
    check(&of("aftercall_effect", json!({})), None, 60_000, &Finding::Unknown(None));
    check(
        &json!([{ "ts": "1772323270.000100", "metadata": { "event_type": "aftercall_effect" } }, ours(MESSAGE)]),
        None,
        0,
        &found,
    );
    check(&json!([{ "ts": MESSAGE, "text": KEY }]), None, 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_search_begins_with_the_first_attempt() {
    fn check(first_attempt_at: u64, now: u64, oldest: &str) {
        let fake = fake().first_attempt_at(first_attempt_at).now(now).expect(HISTORY, page(json!([])));
        fake.reconcile::<Plugin>("post_message", message()).unwrap();
        assert_eq!(query(&fake, 0)[1], ("oldest".to_owned(), oldest.to_owned()));
    }
    check(ATTEMPT_AT - 3_600_000, ATTEMPT_AT, "1772319540.250000");
    // The host's clock was set back since.
    check(ATTEMPT_AT, ATTEMPT_AT - 3_600_000, "1772319540.250000");
    check(0, ATTEMPT_AT, "0.000000");
}

#[test]
fn too_many_messages_are_for_a_person() {
    let fake = (0..10).fold(fake(), |fake, _| fake.expect(HISTORY, shown("conversations.history", "first_page")));
    assert_eq!(fake.reconcile::<Plugin>("post_message", message()), Ok(Finding::Unknown(None)));
}

#[test]
fn a_search_that_fails_finds_nothing_out() {
    fn check(before: usize, reply: Reply, kind: FailureKind, retry_after_ms: Option<u64>) {
        let pages =
            (0..before).fold(fake(), |fake, _| fake.expect(HISTORY, shown("conversations.history", "first_page")));
        let failure = pages.expect(HISTORY, reply).reconcile::<Plugin>("post_message", message()).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (kind, retry_after_ms), "{}", failure.message);
    }
    // An app that is sold outside the Marketplace has one request a minute.
    let limited = || shown("rate-limits", "limited").with_header("retry-after", "60");
    check(0, limited(), FailureKind::RateLimited, Some(60_000));
    check(1, limited(), FailureKind::RateLimited, Some(60_000));
    check(0, refused("missing_scope"), FailureKind::Denied, None);
    check(0, refused("not_in_channel"), FailureKind::Denied, None);
    check(0, refused("channel_not_found"), FailureKind::Misconfigured, None);
    check(0, refused("internal_error"), FailureKind::Unavailable, None);
    check(1, refused("invalid_cursor"), FailureKind::Unavailable, None);
    check(0, Reply::text(503, ""), FailureKind::Unavailable, None);
    check(0, Reply::cut(), FailureKind::Unavailable, None);
    check(0, Reply::stray(200, "<p>"), FailureKind::Other, None);
}

#[test]
fn a_channel_that_left_the_settings_is_not_searched() {
    let fake = fake().settings(json!({ "channels": { "ops": "G0123ABCDEF" } }));
    let failure = fake.reconcile::<Plugin>("post_message", message()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

/// Slack does the work and the answer is lost: what it has is found, and nothing is posted again.
#[test]
fn a_lost_answer_leaves_one_message() {
    fn check(tool: &str, arguments: Value, search: &str, outcome: Outcome) {
        let first = fake().expect(POST, Reply::cut());
        let failure = first.call::<Plugin>(tool, arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        let sent = first.sent()[0].json();
        let mut kept = json!({ "ts": outcome.receipts[0].id.split('/').nth(1), "metadata": sent["metadata"] });
        if let Some(thread) = sent.get("thread_ts") {
            kept["thread_ts"] = thread.clone();
        }
        let then = fake().expect(search, page(json!([kept])));
        assert_eq!(then.reconcile::<Plugin>(tool, arguments), Ok(Finding::Happened(outcome)));
    }
    check("post_message", message(), HISTORY, posted());
    check("reply_in_thread", reply(), REPLIES, replied());
}

/// Slack never got the request: the search says so once the history has had its time, and the retry posts it once.
#[test]
fn a_lost_request_is_posted_again() {
    let first = fake().expect(POST, Reply::cut());
    first.call::<Plugin>("post_message", message()).unwrap_err();
    let then = fake().expect(HISTORY, page(json!([])));
    assert_eq!(then.reconcile::<Plugin>("post_message", message()), Ok(Finding::DidNotHappen));
    let again = fake().attempt(2).attempt_at(ATTEMPT_AT + 60_000).expect(POST, shown("chat.postMessage", "posted"));
    assert_eq!(again.call::<Plugin>("post_message", message()), Ok(posted()));
    assert_eq!(again.sent()[0].json()["metadata"], first.sent()[0].json()["metadata"]);
}
