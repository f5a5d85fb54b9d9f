//! Stopping: a follow-up's rest is cancelled, and an address unsubscribed.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::followups::{cancelled, entry, kept, status};
use super::{CANCEL, CANCELLED, GROUPS, HOUR_MS, NOW, UNSUBSCRIBE, check_failure, errors, fake, groups, with};

const ENTRY: &str = "followup/ann@example.com";

fn arguments(reason: &str) -> Value {
    json!({ "email": "ann@example.com", "reason": reason })
}

fn running() -> Fake {
    fake().keeps(ENTRY, entry("scheduled", &json!({})))
}

fn added() -> Reply {
    Reply::json(201, json!({ "recipient_emails": ["ann@example.com"] }))
}

#[test]
fn the_rest_of_a_follow_up_is_cancelled() {
    let stop = fake().now(NOW + HOUR_MS).keeps(ENTRY, entry("scheduled", &json!({ "key": "ac_other" })));
    let stop = stop.expect(CANCEL, cancelled());
    let text = "the rest of the follow-up trial for ann@example.com is cancelled; an email that was due within ten minutes \
                may still arrive";
    let outcome = Outcome::new(text).with_receipt(Receipt::new("cancelled batch", "B-1"));
    assert_eq!(stop.call::<Plugin>("stop_emails", arguments("answered")), Ok(outcome));
    assert_eq!(stop.sent()[0].json(), json!({ "batch_id": "B-1", "status": "cancel" }));
    assert_eq!(kept(&stop)["progress"], "stopped");

    // Again, nothing is sent.
    let again = fake().now(NOW + HOUR_MS).keeps(ENTRY, kept(&stop).to_string());
    let outcome = again.call::<Plugin>("stop_emails", arguments("answered")).unwrap();
    assert_eq!(outcome.text, "the follow-up trial for ann@example.com was stopped already");
    assert_eq!(outcome.receipts, [Receipt::new("cancelled batch", "B-1")]);
}

#[test]
fn a_follow_up_that_is_being_scheduled_is_stopped_too() {
    let stop = fake().keeps(ENTRY, entry("begun", &json!({}))).expect(CANCEL, cancelled());
    assert!(stop.call::<Plugin>("stop_emails", arguments("answered")).is_ok());
}

#[test]
fn where_none_runs_nothing_is_cancelled() {
    let check = |kept: Option<&str>, later_ms: u64| {
        let mut stop = fake().grants_state().now(NOW + later_ms);
        if let Some(progress) = kept {
            stop = stop.keeps(ENTRY, entry(progress, &json!({})));
        }
        let outcome = stop.call::<Plugin>("stop_emails", arguments("answered"));
        assert_eq!(outcome, Ok(Outcome::new("no follow-up runs for ann@example.com")));
    };
    check(None, 0);
    check(Some("withdrawn"), 0);
    check(Some("scheduled"), 48 * HOUR_MS);
}

#[test]
fn who_wants_no_more_is_unsubscribed() {
    let stop = fake().grants_state().expect(UNSUBSCRIBE, added());
    let text = "ann@example.com is unsubscribed from follow-ups; no follow-up runs for ann@example.com";
    let outcome = Outcome::new(text).with_receipt(Receipt::new("unsubscribe group", "1041"));
    assert_eq!(stop.call::<Plugin>("stop_emails", arguments("unsubscribed")), Ok(outcome));
    assert_eq!(stop.sent()[0].json(), json!({ "recipient_emails": ["ann@example.com"] }));

    let both = running().expect(UNSUBSCRIBE, added()).expect(CANCEL, cancelled());
    let receipts = [Receipt::new("unsubscribe group", "1041"), Receipt::new("cancelled batch", "B-1")];
    assert_eq!(both.call::<Plugin>("stop_emails", arguments("unsubscribed")).unwrap().receipts, receipts);

    let words = "no `unsubscribe_group`";
    let without = with(json!({ "unsubscribe_group": null })).grants_state();
    check_failure(&without, "stop_emails", arguments("unsubscribed"), FailureKind::Misconfigured, words);
}

#[test]
fn an_opt_out_counts_whatever_becomes_of_the_batch() {
    fn check(unsubscribe: Reply, cancel: Vec<(&str, Reply)>, kind: FailureKind, words: &[&str]) {
        let stop = running().expect(UNSUBSCRIBE, unsubscribe);
        let stop = cancel.into_iter().fold(stop, |stop, (line, reply)| stop.expect(line, reply));
        let failure = stop.call::<Plugin>("stop_emails", arguments("unsubscribed")).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        for word in words {
            assert!(failure.message.contains(word), "{word} is not in: {}", failure.message);
        }
    }
    let refused = |words: &str| Reply::json(403, errors(&[(None, words)]));
    let full = || Reply::json(400, errors(&[(None, "max limit reached")]));
    let done = "ann@example.com is unsubscribed from follow-ups; but: ";
    check(added(), vec![(CANCEL, refused("no scope"))], FailureKind::Denied, &[done, "no scope"]);
    let ten = &[done, "batch B-1 isn't cancelled: SendGrid has ten batches that are cancelled or paused"];
    let no_room = || [(CANCEL, full()), (CANCELLED, status(None))];
    check(added(), no_room().into_iter().chain(no_room()).collect(), FailureKind::Denied, ten);
    check(added(), vec![(CANCEL, Reply::cut())], FailureKind::OutcomeUnknown, &[done]);

    let (not_done, doubt) = ("ann@example.com is not unsubscribed: ", "ann@example.com may not be unsubscribed: ");
    let cancelled_all_the_same =
        &[not_done, "no scope; the rest of the follow-up trial for ann@example.com is cancelled"];
    check(refused("no scope"), vec![(CANCEL, cancelled())], FailureKind::Denied, cancelled_all_the_same);
    check(Reply::text(500, ""), vec![(CANCEL, cancelled())], FailureKind::OutcomeUnknown, &[doubt, "is cancelled"]);
    let neither = &[not_done, "no scope; and: ", "no right"];
    check(refused("no scope"), vec![(CANCEL, refused("no right"))], FailureKind::Denied, neither);
    check(refused("no scope"), vec![(CANCEL, Reply::cut())], FailureKind::OutcomeUnknown, &[not_done, "; and: "]);

    // Without what is kept, too.
    let stop = fake().expect(UNSUBSCRIBE, added());
    check_failure(&stop, "stop_emails", arguments("unsubscribed"), FailureKind::Unavailable, done);
}

#[test]
fn a_batch_that_is_cancelled_already_is_no_failure() {
    let refusal = || Reply::json(400, errors(&[(None, "batch id already cancelled")]));
    let stop = running().expect(CANCEL, refusal());
    let stop = stop.expect(CANCELLED, status(Some("cancel")));
    assert!(stop.call::<Plugin>("stop_emails", arguments("answered")).is_ok());
}

#[test]
fn who_writes_stops_what_they_get_and_nobody_elses() {
    let words = "this is from bob@example.com, who can't stop what others get";
    let stop = running().fact("call.contact", &json!("bob@example.com"));
    check_failure(&stop, "stop_emails", arguments("unsubscribed"), FailureKind::InvalidArguments, words);
    for contact in [json!("Ann@example.com"), json!("+15550100"), json!("sip:bob@example.com"), json!(null)] {
        let stop = running().fact("call.contact", &contact).expect(CANCEL, cancelled());
        assert!(stop.call::<Plugin>("stop_emails", arguments("answered")).is_ok(), "{contact}");
    }
}

fn of_batch(batch: &str) -> Value {
    json!({ "email": "ann@example.com", "reason": "answered", "batch": batch })
}

/// As after a stop and a start in one conversation: the second stop is another effect, of the new batch.
#[test]
fn a_stop_may_name_its_batch() {
    let stop = running().expect(CANCEL, cancelled());
    assert!(stop.call::<Plugin>("stop_emails", of_batch("B-1")).is_ok());
    assert_eq!(kept(&stop)["progress"], "stopped");
    let again = fake().keeps(ENTRY, kept(&stop).to_string()).call::<Plugin>("stop_emails", of_batch("B-1")).unwrap();
    assert_eq!(again.receipts, [Receipt::new("cancelled batch", "B-1")]);

    let words = "batch: what runs for ann@example.com is the follow-up trial, batch B-1, and it runs on";
    check_failure(&running(), "stop_emails", of_batch("B-0"), FailureKind::InvalidArguments, words);
    for progress in ["stopped", "withdrawn"] {
        let over = fake().keeps(ENTRY, entry(progress, &json!({})));
        let outcome = over.call::<Plugin>("stop_emails", of_batch("B-0"));
        assert_eq!(outcome, Ok(Outcome::new("no follow-up runs for ann@example.com")));
    }

    let find = |kept: Fake, batch: &str| kept.reconcile::<Plugin>("stop_emails", of_batch(batch)).unwrap();
    assert_eq!(find(running(), "B-0"), Finding::DidNotHappen);
    assert_eq!(find(running().expect(CANCELLED, status(None)), "B-1"), Finding::DidNotHappen);
    let none = Finding::Happened(Outcome::new("no follow-up runs for ann@example.com"));
    assert_eq!(find(fake().keeps(ENTRY, entry("stopped", &json!({}))), "B-0"), none);
}

/// A fake in which, while SendGrid cancels, another call keeps this.
fn meanwhile(kept: String) -> Fake {
    let fake = running();
    let other = fake.context();
    fake.answers(move |_| {
        other.state().put(ENTRY, &kept).unwrap();
        cancelled()
    })
}

#[test]
fn a_stop_is_kept_over_what_was_kept_meanwhile() {
    let check = |progress: &str, changes: Value, expected: &str| {
        let stop = meanwhile(entry(progress, &changes));
        assert!(stop.call::<Plugin>("stop_emails", arguments("answered")).is_ok());
        assert_eq!(kept(&stop)["progress"], expected, "{progress} {changes}");
    };
    // By the attempt that was scheduling it.
    check("scheduled", json!({}), "stopped");
    check("withdrawn", json!({}), "withdrawn");
    check("begun", json!({ "batch_id": "B-2" }), "begun");
}

#[test]
fn a_stop_that_is_found_is_kept_so_that_another_may_start() {
    let find = running().expect(CANCELLED, status(Some("cancel")));
    assert!(matches!(find.reconcile::<Plugin>("stop_emails", arguments("answered")), Ok(Finding::Happened(_))));
    assert_eq!(kept(&find)["progress"], "stopped");
    assert_eq!(kept(&find)["batch_id"], "B-1");
}

#[test]
fn what_isnt_stopped_is_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let stop = running().expect(CANCEL, reply);
        check_failure(&stop, "stop_emails", arguments("answered"), kind, words);
        assert_eq!(kept(&stop)["progress"], "scheduled");
    }
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::text(500, ""), FailureKind::OutcomeUnknown, "500");
    check(Reply::json(403, errors(&[(None, "access forbidden")])), FailureKind::Denied, "access forbidden");
    check(Reply::json(429, errors(&[(None, "too many requests")])), FailureKind::RateLimited, "too many requests");

    let stop = fake().grants_state().expect(UNSUBSCRIBE, Reply::text(500, ""));
    check_failure(&stop, "stop_emails", arguments("unsubscribed"), FailureKind::OutcomeUnknown, "500");
    check_failure(&fake().grants_state(), "stop_emails", arguments("bored"), FailureKind::InvalidArguments, "answered");
}

#[test]
fn a_stop_whose_answer_was_lost_is_repeated() {
    check_failure(
        &running().expect(CANCEL, Reply::cut()),
        "stop_emails",
        arguments("answered"),
        FailureKind::OutcomeUnknown,
        "",
    );
    // SendGrid had cancelled it, and the entry isn't marked.
    let refusal = Reply::json(400, errors(&[(None, "batch id already cancelled")]));
    let again = running().attempt(2).expect(CANCEL, refusal).expect(CANCELLED, status(Some("cancel")));
    assert!(again.call::<Plugin>("stop_emails", arguments("answered")).is_ok());
    assert_eq!(kept(&again)["progress"], "stopped");
}

#[test]
fn a_stop_in_doubt_is_looked_up() {
    fn check(progress: Option<&str>, reason: &str, answers: Vec<(&str, Reply)>, expected: Result<usize, ()>) {
        let mut stop = fake().grants_state();
        if let Some(progress) = progress {
            stop = stop.keeps(ENTRY, entry(progress, &json!({})));
        }
        let stop = answers.into_iter().fold(stop, |stop, (line, reply)| stop.expect(line, reply));
        match (stop.reconcile::<Plugin>("stop_emails", arguments(reason)).unwrap(), expected) {
            (Finding::Happened(outcome), Ok(receipts)) => assert_eq!(outcome.receipts.len(), receipts),
            (finding, Err(())) => assert_eq!(finding, Finding::DidNotHappen),
            (finding, expected) => panic!("{finding:?} instead of {expected:?}"),
        }
    }
    check(Some("stopped"), "answered", vec![], Ok(1));
    check(Some("scheduled"), "answered", vec![(CANCELLED, status(Some("cancel")))], Ok(1));
    check(Some("scheduled"), "answered", vec![(CANCELLED, status(None))], Err(()));
    check(None, "answered", vec![], Ok(0));
    check(None, "unsubscribed", vec![(GROUPS, groups(true))], Ok(1));
    check(None, "unsubscribed", vec![(GROUPS, groups(false))], Err(()));
    check(Some("stopped"), "unsubscribed", vec![(GROUPS, groups(true))], Ok(2));
    let text = "ann@example.com is unsubscribed from follow-ups; no follow-up runs for ann@example.com";
    let told = Outcome::new(text).with_receipt(Receipt::new("unsubscribe group", "1041"));
    let stop = fake().grants_state().expect(GROUPS, groups(true));
    assert_eq!(stop.reconcile::<Plugin>("stop_emails", arguments("unsubscribed")), Ok(Finding::Happened(told)));
    let left = || (GROUPS, groups(true));
    check(Some("scheduled"), "unsubscribed", vec![left(), (CANCELLED, status(None))], Err(()));
    check(Some("scheduled"), "unsubscribed", vec![left(), (CANCELLED, status(Some("cancel")))], Ok(2));
}
