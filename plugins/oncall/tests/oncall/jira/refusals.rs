//! What Jira says when it refuses.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::json;

use super::{by_alias, change, create, fake, found, not_found, search};
use crate::{alert, arguments};

#[test]
fn refusals_of_jira_are_told() {
    fn check(reply: impl Fn() -> Reply, kinds: [FailureKind; 2], words: &str) {
        let page = fake().expect(&create(), reply());
        let close =
            fake().expect(&by_alias(), Reply::json(200, found("open", false))).expect(&change("close"), reply());
        let calls = [(page, "page_oncall", arguments()), (close, "resolve_page", alert())];
        for ((fake, tool, arguments), kind) in calls.into_iter().zip(kinds) {
            let failure = fake.call::<Plugin>(tool, arguments).unwrap_err();
            assert_eq!(failure.kind, kind, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    let errors = |status: u16, title: &str| Reply::json(status, json!({ "errors": [{ "title": title, "code": "C" }] }));
    let both = |kind| [kind, kind];
    check(
        || errors(422, "Message is too long"),
        both(FailureKind::InvalidArguments),
        "422 Unprocessable Entity: Message",
    );
    let who = || errors(422, "Responder t-1 is not known");
    check(who, [FailureKind::Misconfigured, FailureKind::InvalidArguments], "Responder t-1 is not known");
    check(|| errors(403, "No permission"), both(FailureKind::Denied), "No permission");
    let scope = || Reply::json(401, json!({ "code": 401, "message": "Unauthorized; scope does not match" }));
    check(scope, both(FailureKind::Denied), "scope does not match");
    check(|| Reply::json(402, json!({ "message": "Upgrade your plan" })), both(FailureKind::Denied), "Upgrade");
    check(not_found, [FailureKind::Misconfigured, FailureKind::NotFound], "Alert not found");
    check(|| Reply::text(429, ""), both(FailureKind::RateLimited), "429");
    check(|| Reply::text(500, "oops"), both(FailureKind::OutcomeUnknown), "500");
    check(Reply::cut, both(FailureKind::OutcomeUnknown), "no whole answer");
    check(|| Reply::stray(202, "ok"), both(FailureKind::OutcomeUnknown), "not as expected");
    check(Reply::unreachable, both(FailureKind::Unavailable), "can't be reached");
    check(Reply::denied, both(FailureKind::Denied), "the grant doesn't allow POST");
}

#[test]
fn a_refusal_has_the_vendor_s_code_and_its_pause() {
    let fake = fake().expect(&create(), Reply::text(429, "{}").with_header("retry-after", "7"));
    assert_eq!(fake.call::<Plugin>("page_oncall", arguments()).unwrap_err().retry_after_ms, Some(7_000));
    let body = json!({ "errors": [{ "title": "First", "code": "E1" }, { "title": "Second", "code": "E2" }] });
    let fake = super::fake().expect(&create(), Reply::json(422, body));
    let failure = fake.call::<Plugin>("page_oncall", arguments()).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("E1"));
    assert!(failure.message.ends_with("First; Second"), "{}", failure.message);
}

#[test]
fn settings_that_are_wrong_are_told() {
    let fake = fake().attempt(2).doubted().expect(&by_alias(), not_found()).expect(&search(), Reply::text(404, ""));
    let failure = fake.call::<Plugin>("page_oncall", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(failure.message.contains("`cloud_id`"), "{}", failure.message);
}
