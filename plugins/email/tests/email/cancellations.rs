//! Cancelled batches make room for others: SendGrid has at most ten at one time.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Level};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::followups::{cancelled, entry, status};
use super::{CANCEL, CANCELLED, HOUR_MS, NOW, check_failure, errors, fake};

fn arguments() -> Value {
    json!({ "email": "ann@example.com", "reason": "answered" })
}

/// A fake with a follow-up that runs, and batches that were cancelled: the id, and when the last email was due.
fn with_cancelled(batches: &[(&str, u64)]) -> Fake {
    let running = fake().keeps("followup/ann@example.com", entry("scheduled", &json!({})));
    batches.iter().fold(running, |fake, (batch_id, last_at_ms)| {
        let cancelled = json!({ "version": 1, "last_at_ms": last_at_ms });
        fake.keeps(&format!("cancelled/{batch_id}"), cancelled.to_string())
    })
}

/// SendGrid has ten already, and ours is none of them.
fn full(fake: Fake) -> Fake {
    fake.expect(CANCEL, Reply::json(400, errors(&[(None, "max limit reached")]))).expect(CANCELLED, status(None))
}

fn delete(batch_id: &str) -> String {
    format!("DELETE https://api.sendgrid.com/v3/user/scheduled_sends/{batch_id}")
}

fn remembered(fake: &Fake) -> Vec<String> {
    fake.kept().keys().filter_map(|key| key.strip_prefix("cancelled/")).map(str::to_owned).collect()
}

#[test]
fn a_cancelled_batch_is_remembered_until_it_is_over() {
    let stop = with_cancelled(&[]).expect(CANCEL, cancelled());
    stop.call::<Plugin>("stop_emails", arguments()).unwrap();
    let kept: Value = serde_json::from_slice(&stop.kept()["cancelled/B-1"]).unwrap();
    assert_eq!(kept, json!({ "version": 1, "last_at_ms": NOW + 48 * HOUR_MS }));
}

#[test]
fn those_that_are_over_make_room() {
    let batches = [("A-1", NOW - HOUR_MS - 1), ("A-2", NOW - HOUR_MS), ("A-3", NOW + 1), ("A-4", NOW - 90 * HOUR_MS)];
    let stop = full(with_cancelled(&batches).keeps("cancelled/A-0", "of a newer version"));
    // That one isn't there any more is as well.
    let stop = stop.expect(&delete("A-1"), Reply::text(204, "")).expect(&delete("A-4"), Reply::text(404, ""));
    let stop = stop.expect(CANCEL, cancelled());
    let outcome = stop.call::<Plugin>("stop_emails", arguments()).unwrap();
    assert!(outcome.text.starts_with("the rest of the follow-up trial"), "{}", outcome.text);
    assert_eq!(remembered(&stop), ["A-0", "A-2", "A-3", "B-1"], "what isn't over would go out after all");
}

#[test]
fn where_none_is_over_a_person_is_told() {
    let stop = full(full(with_cancelled(&[("A-1", NOW + HOUR_MS)])));
    let words = "batch B-1 isn't cancelled: SendGrid has ten batches that are cancelled or paused, the most that it takes, \
                 and none of them is over; a person has to see that this one stops (";
    check_failure(&stop, "stop_emails", arguments(), FailureKind::Denied, words);
    assert_eq!(remembered(&stop), ["A-1"], "it isn't cancelled");
}

#[test]
fn what_hinders_the_deletion_is_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let stop = full(with_cancelled(&[("A-1", 0)])).expect(&delete("A-1"), reply);
        let words = format!("batch B-1 isn't cancelled, and no other made room for it: {words}");
        check_failure(&stop, "stop_emails", arguments(), kind, &words);
        assert_eq!(remembered(&stop), ["A-1", "B-1"]);
    }
    // As with a grant from before there was this request.
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow DELETE");
    check(Reply::json(403, errors(&[(None, "access forbidden")])), FailureKind::Denied, "");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "");
}

#[test]
fn a_full_state_keeps_nobody_from_stopping() {
    let stop = with_cancelled(&[]);
    let bytes = stop.kept().iter().map(|(key, value)| key.len() + value.len()).sum();
    let stop = stop.state_quota(1, bytes).expect(CANCEL, cancelled());
    stop.call::<Plugin>("stop_emails", arguments()).unwrap();
    let [(Level::Warn, line)] = &stop.logged()[..] else { panic!("one warning") };
    assert!(line.contains("the cancellation of batch B-1 will have to be deleted by a person"), "{line}");

    let long_over = with_cancelled(&[("A-1", NOW - 8 * 24 * HOUR_MS)]).state_quota(2, 1 << 16);
    long_over.expect(CANCEL, cancelled()).call::<Plugin>("stop_emails", arguments()).unwrap();
}
