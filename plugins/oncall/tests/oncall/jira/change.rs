//! Acknowledging and resolving an alert, which is looked up first.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use super::{
    NOW, by_alias, change, fake, found, not_found, outcome, processed, results, search, settings, status_line, taken,
};
use crate::{KEY, alert};

#[test]
fn an_alert_is_found_by_its_alias() {
    let fake = fake().expect(&by_alias(), not_found()).expect(&search(), results(&[found("closed", false)]));
    fake.call::<Plugin>("resolve_page", alert()).unwrap();
    let query = |index: usize| fake.sent()[index].query();
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    assert_eq!(query(0), pairs(&[("alias", KEY)]));
    let quoted = format!("alias: \"{KEY}\"");
    assert_eq!(query(1), pairs(&[("query", &quoted), ("size", "100"), ("sort", "createdAt"), ("order", "desc")]));
}

#[test]
fn an_open_alert_is_changed_by_its_id() {
    fn check(tool: &str, verb: &str, status: Reply, text: &str) {
        let fake = fake()
            .expect(&by_alias(), Reply::json(200, found("open", false)))
            .expect(&change(verb), taken(202))
            .expect(&status_line(), status);
        assert_eq!(fake.call::<Plugin>(tool, alert()), Ok(outcome(text)));
        assert_eq!(fake.sent()[1].text(), "");
    }
    check("acknowledge_page", "acknowledge", processed(true, "Alert acknowledged"), "the alert is acknowledged");
    check("resolve_page", "close", processed(true, "Alert closed"), "the alert is resolved");
}

#[test]
fn a_change_that_was_only_taken_is_in_doubt() {
    fn check(tool: &str, verb: &str, words: &str) {
        let fake = fake().expect(&by_alias(), Reply::json(200, found("open", false))).expect(&change(verb), taken(202));
        let fake = (0..3).fold(fake, |fake, _| fake.expect(&status_line(), not_found()));
        let failure = fake.call::<Plugin>(tool, alert()).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::OutcomeUnknown, Some(2_000)));
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("acknowledge_page", "acknowledge", "has taken the acknowledgement, and doesn't say");
    check("resolve_page", "close", "has taken the resolution, and doesn't say");
}

#[test]
fn a_change_in_doubt_is_seen_at_the_alert() {
    fn check(tool: &str, alerts: &[Value], later_ms: u64, expected: &Finding) {
        let fake = fake().now(NOW + later_ms).expect(&by_alias(), not_found()).expect(&search(), results(alerts));
        let finding = fake.reconcile::<Plugin>(tool, alert());
        assert_eq!(finding.as_ref(), Ok(expected), "{tool} {later_ms} ms later");
    }
    let happened = |text: &str| Finding::Happened(outcome(text));
    check("acknowledge_page", &[found("acked", true)], 0, &happened("the alert is acknowledged"));
    check("acknowledge_page", &[found("closed", false)], 0, &happened("the alert is resolved"));
    check("resolve_page", &[found("closed", true)], 90_000, &happened("the alert is resolved"));
    for tool in ["acknowledge_page", "resolve_page"] {
        check(tool, &[found("open", false)], 29_999, &Finding::Unknown(Some(1)));
        check(tool, &[], 0, &Finding::Unknown(Some(2_000)));
        // The alert was deleted meanwhile.
        check(tool, &[], 30_000, &Finding::Unknown(None));
    }
    check("resolve_page", &[found("open", false)], 30_000, &Finding::DidNotHappen);
    check("resolve_page", &[found("acked", true)], 30_000, &Finding::DidNotHappen);
    // It was never acknowledged, or somebody has handed it back since.
    check("acknowledge_page", &[found("open", false)], 30_000, &Finding::Unknown(None));
}

#[test]
fn a_look_that_fails_finds_nothing_out() {
    let fake = fake().expect(&by_alias(), Reply::text(503, ""));
    assert_eq!(fake.reconcile::<Plugin>("resolve_page", alert()).unwrap_err().kind, FailureKind::Unavailable);
}

#[test]
fn what_is_changed_already_is_a_success_without_a_request() {
    fn check(tool: &str, alert_now: Value, text: &str) {
        let fake = fake().expect(&by_alias(), Reply::json(200, alert_now));
        assert_eq!(fake.call::<Plugin>(tool, alert()), Ok(outcome(text)));
    }
    check("acknowledge_page", found("acked", true), "the alert is acknowledged");
    check("acknowledge_page", found("acked", false), "the alert is acknowledged");
    check("acknowledge_page", found("snoozed", true), "the alert is acknowledged");
    for closed in ["closed", "resolved"] {
        check("acknowledge_page", found(closed, false), "the alert is resolved");
        check("resolve_page", found(closed, true), "the alert is resolved");
    }
}

#[test]
fn the_open_alert_of_several_is_changed() {
    let other = |id: &str, alias: &str, status: &str| json!({ "id": id, "alias": alias, "status": status });
    let several = [
        other("a-9", "ac_ffffffffffffffffffffffffffffffff", "open"),
        other("a-8", KEY, "closed"),
        found("open", false),
        json!({ "id": "a-7" }),
    ];
    let fake = fake()
        .expect(&by_alias(), not_found())
        .expect(&search(), results(&several))
        .expect(&change("close"), taken(202))
        .expect(&status_line(), processed(true, "Alert closed"));
    assert_eq!(fake.call::<Plugin>("resolve_page", alert()), Ok(outcome("the alert is resolved")));
}

#[test]
fn a_repeated_change_leaves_one_effect() {
    fn check(tool: &str, verb: &str, then: Value, text: &str) {
        let first =
            fake().expect(&by_alias(), Reply::json(200, found("open", false))).expect(&change(verb), Reply::cut());
        assert_eq!(first.call::<Plugin>(tool, alert()).unwrap_err().kind, FailureKind::OutcomeUnknown);
        let second = fake().attempt(2).expect(&by_alias(), Reply::json(200, then));
        assert_eq!(second.call::<Plugin>(tool, alert()), Ok(outcome(text)));
    }
    check("acknowledge_page", "acknowledge", found("acked", true), "the alert is acknowledged");
    check("resolve_page", "close", found("closed", true), "the alert is resolved");
}

#[test]
fn an_alert_that_isn_t_there_is_waited_for() {
    fn check(later_ms: u64, lag: Value, expected: (FailureKind, Option<u64>)) {
        let fake = fake()
            .settings(settings(lag))
            .now(NOW + later_ms)
            .expect(&by_alias(), not_found())
            .expect(&search(), results(&[]));
        let failure = fake.call::<Plugin>("resolve_page", alert()).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), expected);
        assert!(failure.message.contains(KEY), "{}", failure.message);
    }
    let not_yet = (FailureKind::Unavailable, Some(10_000));
    check(0, json!({}), not_yet);
    check(29_999, json!({}), not_yet);
    check(30_000, json!({}), (FailureKind::NotFound, None));
    check(0, json!({ "alert_lag_ms": 0 }), (FailureKind::NotFound, None));
}

#[test]
fn a_change_that_failed_is_a_conflict_unless_somebody_was_faster() {
    fn check(now: Value, expected: Result<Outcome, FailureKind>) {
        let fake = fake()
            .expect(&by_alias(), Reply::json(200, found("open", false)))
            .expect(&change("close"), taken(202))
            .expect(&status_line(), processed(false, "Alert is already closed"))
            .expect(&by_alias(), Reply::json(200, now));
        let done = fake.call::<Plugin>("resolve_page", alert());
        assert!(done.as_ref().err().is_none_or(|failure| failure.message.contains("(Alert is already closed)")));
        assert_eq!(done.map_err(|failure| failure.kind), expected);
    }
    check(found("closed", false), Ok(outcome("the alert is resolved")));
    check(found("open", false), Err(FailureKind::Conflict));
}

#[test]
fn an_alert_of_another_alias_is_left_alone() {
    let other = json!({ "id": "a-9", "alias": "srv01/HTTP", "status": "open" });
    let fake = fake().now(NOW + 60_000).expect(&by_alias(), Reply::json(200, other));
    assert_eq!(fake.call::<Plugin>("resolve_page", alert()).unwrap_err().kind, FailureKind::NotFound);
}
