//! Guests that say too much, or what nobody can read.

use aftercall_core::{
    tool::FailureKind::{Other, RateLimited},
    usage::Limit,
};
use serde_json::json;

use super::{
    case::{
        Case,
        Expected::{Done, Failed, Stopped, Trapped},
        call, check_all,
    },
    world::World,
};
use crate::{
    Limits,
    limits::{LOG_LINE_BYTES_MAX, RETRY_AFTER_MS_MAX},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("floods-the-log", Done("done"))
            .within(|limits| limits.log_lines_max = 10)
            .logging("990 more lines were dropped"),
        call("logs-a-huge-line", Stopped(Limit::HostcallBytes)),
        call("prints-without-a-line-break", Done("done")).logging("aaaa"),
        call("prints-errors", Done("done"))
            .within(|limits| limits.log_lines_max = 50)
            .logging("50 more lines were dropped"),
        call("prints-escapes", Done("\u{1b}[2J\u{7}\0\u{9b}31mred\r\nfake: line")),
        call("returns-a-huge-text", Stopped(Limit::ResultBytes)),
        call("returns-a-huge-text", Stopped(Limit::HostcallBytes)).within(|limits| limits.hostcall_bytes_max = 1024),
        call("returns-huge-data", Stopped(Limit::ResultBytes)),
        call("returns-many-receipts", Trapped("10000 receipts")),
        call("returns-receipts-by-the-million", Stopped(Limit::HostcallBytes)),
        call("returns-nonsense", Trapped("not JSON")),
        call("returns-deep-data", Trapped("recursion limit")),
        call("returns-a-number-without-end", Trapped("number out of range")),
        // Kept byte for byte: whoever reads it stands on one text.
        call("returns-a-key-twice", Done("done")),
        call("fails-at-length", Failed(Other, "aaa")).logging("details of the failure: aaa"),
        call("asks-for-patience", Failed(RateLimited, "no")),
    ]
}

#[tokio::test]
async fn output_is_limited() {
    check_all(cases()).await;
}

#[tokio::test]
async fn a_log_holds_no_more_than_its_limit() {
    for (guest, level) in
        [("prints-without-a-line-break", "info"), ("prints-errors", "warn"), ("floods-the-log", "debug")]
    {
        let log = World::of(guest).call(&json!("x")).await.log;
        let bytes: usize = log.iter().map(|line| line.message.len()).sum();
        let limits = Limits::default();
        assert!(bytes <= limits.log_bytes_max + LOG_LINE_BYTES_MAX, "{guest}: {bytes}");
        assert!(log.len() <= limits.log_lines_max + 1, "{guest}: {}", log.len());
        assert!(log.iter().all(|line| line.message.len() <= LOG_LINE_BYTES_MAX), "{guest}");
        assert_eq!(json!(log[0].level), level, "{guest}");
    }
}

#[tokio::test]
async fn what_is_shown_can_be_shown() {
    let log = World::of("prints-escapes").call(&json!("x")).await.log;
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!log[0].message.contains(control), "{:?}", log[0].message);
}

#[tokio::test]
async fn patience_has_an_end() {
    let failure = World::of("asks-for-patience").call(&json!("x")).await.result.expect_err("it fails");
    assert_eq!(failure.retry_after_ms, Some(RETRY_AFTER_MS_MAX));
}
