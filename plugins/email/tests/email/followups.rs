//! Follow-ups: timed emails of one batch, whole or not at all.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Level, Outcome, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::{
    BATCH, CANCEL, CANCELLED, GLOBAL, GROUP, GROUPS, HOUR_MS, KEY, NOW, REMINDER, SEND, WELCOME, accepted,
    check_failure, errors, fake, groups, in_global_list, not_in_global_list, variables, with,
};

const ENTRY: &str = "followup/ann@example.com";

pub(crate) fn arguments() -> Value {
    let variables = variables(&[("first_name", "Ann"), ("vans", "40")]);
    json!({ "email": "ann@example.com", "followup": "trial", "variables": variables })
}

/// What is kept of the follow-up, with these changes.
pub(crate) fn entry(progress: &str, changes: &Value) -> String {
    let mut entry = json!({
        "version": 1,
        "key": KEY,
        "followup": "trial",
        "batch_id": "B-1",
        "emails": 2,
        "made_at_ms": NOW,
        "first_at_ms": NOW + 2 * HOUR_MS,
        "last_at_ms": NOW + 48 * HOUR_MS,
        "progress": progress,
    });
    entry.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    entry.to_string()
}

pub(crate) fn kept(fake: &Fake) -> Value {
    serde_json::from_slice(&fake.kept()[ENTRY]).unwrap()
}

pub(crate) fn cancelled() -> Reply {
    Reply::json(201, json!({ "batch_id": "B-1", "status": "cancel" }))
}

pub(crate) fn status(status: Option<&str>) -> Reply {
    let known: Vec<Value> = status.iter().map(|status| json!({ "batch_id": "B-1", "status": status })).collect();
    Reply::json(200, json!(known))
}

fn looked_up(fake: Fake) -> Fake {
    fake.expect(GLOBAL, not_in_global_list()).expect(GROUPS, groups(false))
}

/// A follow-up that gets as far as its first email.
fn begun(fake: Fake) -> Fake {
    looked_up(fake).expect(BATCH, Reply::json(201, json!({ "batch_id": "B-1" })))
}

fn scheduled() -> Outcome {
    Outcome::new("the follow-up trial is scheduled: emails 2, batch B-1, which stop_emails takes")
        .with_receipt(Receipt::new("scheduled batch", "B-1"))
}

#[test]
fn each_email_is_timed_and_can_be_taken_back() {
    let fake = begun(fake().grants_state()).expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
    assert_eq!(fake.call::<Plugin>("start_followup", arguments()), Ok(scheduled()));
    let email = |template: &str, subject: &str, hours: u64, data: Value| {
        json!({
            "personalizations": [{
                "to": [{ "email": "ann@example.com" }],
                "custom_args": { "aftercall_key": KEY },
                "dynamic_template_data": data,
            }],
            "from": { "email": "office@meridian.example", "name": "Meridian" },
            "reply_to": { "email": "sales@meridian.example" },
            "subject": subject,
            "content": [{ "type": "text/plain", "value": " " }, { "type": "text/html", "value": " " }],
            "template_id": template,
            "send_at": (NOW + hours * HOUR_MS) / 1_000,
            "batch_id": "B-1",
            "asm": { "group_id": GROUP },
        })
    };
    let sent = fake.sent();
    assert_eq!(sent[3].json(), email(WELCOME, "Welcome", 2, json!({ "first_name": "Ann" })));
    assert_eq!(sent[4].json(), email(REMINDER, "Still there?", 48, json!({ "first_name": "Ann", "vans": "40" })));
    assert_eq!(
        kept(&fake).to_string(),
        serde_json::from_str::<Value>(&entry("scheduled", &json!({}))).unwrap().to_string()
    );
}

#[test]
fn nobody_who_has_unsubscribed_gets_one() {
    let check = |fake: Fake, words: &str| {
        check_failure(&fake, "start_followup", arguments(), FailureKind::Denied, words);
    };
    check(fake().grants_state().expect(GLOBAL, in_global_list()), "unsubscribed from all email");
    let of_group = fake().grants_state().expect(GLOBAL, not_in_global_list()).expect(GROUPS, groups(true));
    check(of_group, "unsubscribed from follow-up emails");
}

#[test]
fn what_doesnt_fit_is_told_before_anything_is_sent() {
    let check = |settings: Value, arguments: Value, kind: FailureKind, words: &str| {
        check_failure(&with(settings).grants_state(), "start_followup", arguments, kind, words);
    };
    let without = |name: &str| {
        let mut given = arguments();
        given["variables"].as_array_mut().unwrap().retain(|value| value["name"] != name);
        given
    };
    let bad = FailureKind::InvalidArguments;
    check(
        json!({}),
        json!({ "email": "ann@example.com", "followup": "x" }),
        bad,
        "there is no `followup` \"x\"; there are: trial",
    );
    check(json!({}), without("vans"), bad, "\"vans\" is missing; give it: How many vans they have.");
    let unnamed = json!({ "trial": { "for": "x", "steps": [{ "after_hours": 1, "template": "bye" }] } });
    check(
        json!({ "followups": unnamed }),
        arguments(),
        FailureKind::Misconfigured,
        "a template \"bye\", which isn't among",
    );
    check(json!({ "unsubscribe_group": null }), arguments(), FailureKind::Misconfigured, "no `unsubscribe_group`");
    check(json!({ "sender": null }), arguments(), FailureKind::Misconfigured, "no `sender`");
}

#[test]
fn an_address_too_long_to_be_kept_is_refused() {
    let email = format!("{}@{}.{}.example.com", "a".repeat(60), "b".repeat(63).as_str(), ["c"; 60].join("."));
    let mut given = arguments();
    given["email"] = json!(email);
    let segment = email.replace('@', "%40");
    let fake = fake()
        .grants_state()
        .expect(&format!("GET https://api.sendgrid.com/v3/asm/suppressions/global/{segment}"), not_in_global_list())
        .expect(&format!("GET https://api.sendgrid.com/v3/asm/suppressions/{segment}"), groups(false));
    check_failure(&fake, "start_followup", given, FailureKind::InvalidArguments, "longer than 247 bytes");
}

#[test]
fn without_state_nothing_is_scheduled() {
    check_failure(&looked_up(fake()), "start_followup", arguments(), FailureKind::Unavailable, "`state`");
}

#[test]
fn what_a_newer_version_kept_is_left_alone() {
    let newer = looked_up(fake().keeps(ENTRY, entry("scheduled", &json!({ "version": 2 }))));
    check_failure(&newer, "start_followup", arguments(), FailureKind::Other, "a newer version of the plugin");
}

#[test]
fn a_batch_that_isnt_given_leaves_no_doubt() {
    let check = |reply: Reply, kind: FailureKind| {
        let fake = looked_up(fake().grants_state()).expect(BATCH, reply);
        check_failure(&fake, "start_followup", arguments(), kind, "");
        assert!(fake.kept().is_empty());
    };
    check(Reply::text(500, ""), FailureKind::Unavailable);
    check(Reply::cut(), FailureKind::Unavailable);
    check(Reply::text(201, "{}"), FailureKind::Other);
    check(Reply::json(403, errors(&[(None, "access forbidden")])), FailureKind::Denied);
}

#[test]
fn a_part_that_fails_takes_all_back() {
    fn check(first: Reply, second: Option<Reply>, cancels: bool, kind: FailureKind) {
        let mut fake = begun(fake().grants_state()).expect(SEND, first);
        if let Some(second) = second {
            fake = fake.expect(SEND, second);
        }
        if cancels {
            fake = fake.expect(CANCEL, cancelled());
        }
        check_failure(&fake, "start_followup", arguments(), kind, "; nothing of the follow-up goes out");
        assert_eq!(kept(&fake)["progress"], "withdrawn");
        if cancels {
            assert_eq!(fake.sent().last().unwrap().json(), json!({ "batch_id": "B-1", "status": "cancel" }));
            assert!(fake.kept().contains_key("cancelled/B-1"), "it can make room once it is over");
        }
        // So the host may try again.
        let entry = kept(&fake).to_string();
        let finding = super::fake().keeps(ENTRY, &entry).reconcile::<Plugin>("start_followup", arguments());
        assert_eq!(finding, Ok(Finding::DidNotHappen));
        let again =
            begun(super::fake().keeps(ENTRY, &entry)).expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
        assert_eq!(again.call::<Plugin>("start_followup", arguments()), Ok(scheduled()));
    }
    let busy = || Reply::json(429, errors(&[(None, "too many requests")]));
    let sender = || Reply::json(403, errors(&[(Some("from"), "not verified")]));
    // Refused at once, there is nothing to take back.
    check(busy(), None, false, FailureKind::RateLimited);
    check(sender(), None, false, FailureKind::Misconfigured);
    check(Reply::cut(), None, true, FailureKind::Unavailable);
    check(Reply::stray(500, ""), None, true, FailureKind::Unavailable);
    check(accepted("M-1"), Some(busy()), true, FailureKind::RateLimited);
    check(accepted("M-1"), Some(Reply::cut()), true, FailureKind::Unavailable);
}

#[test]
fn what_cant_be_taken_back_is_a_doubt() {
    fn check(answers: Vec<(&str, Reply)>, words: &str) {
        let fake = begun(fake().grants_state()).expect(SEND, accepted("M-1")).expect(SEND, Reply::cut());
        let fake = answers.into_iter().fold(fake, |fake, (line, reply)| fake.expect(line, reply));
        check_failure(&fake, "start_followup", arguments(), FailureKind::OutcomeUnknown, words);
        assert_eq!(kept(&fake)["progress"], "begun");
    }
    let full = || Reply::json(400, errors(&[(None, "max limit reached")]));
    check(vec![(CANCEL, Reply::text(500, ""))], "couldn't be taken back");
    let refused =
        |state: fn() -> Reply| vec![(CANCEL, full()), (CANCELLED, state()), (CANCEL, full()), (CANCELLED, state())];
    check(refused(|| status(None)), "the most that it takes, and none of them is over; a person has to see");
    check(refused(|| Reply::text(404, "")), "max limit reached");
    check(vec![(CANCEL, full()), (CANCELLED, Reply::text(503, ""))], "couldn't be taken back");
}

#[test]
fn an_attempt_that_broke_off_is_cancelled_before_another() {
    let begun_before = || fake().attempt(2).keeps(ENTRY, entry("begun", &json!({})));
    let again = looked_up(begun_before()).expect(CANCEL, cancelled());
    let again = again.expect(BATCH, Reply::json(201, json!({ "batch_id": "B-2" })));
    let again = again.expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
    let outcome = again.call::<Plugin>("start_followup", arguments()).unwrap();
    assert_eq!(outcome.receipts, [Receipt::new("scheduled batch", "B-2")]);
    assert_eq!(kept(&again)["batch_id"], "B-2");

    // Shortly before its first email, and after, nobody can take it back.
    let late = looked_up(begun_before()).now(NOW + 2 * HOUR_MS - 15 * 60_000);
    check_failure(&late, "start_followup", arguments(), FailureKind::Conflict, "too long ago to take it back");
}

#[test]
fn one_follow_up_runs_for_an_address() {
    fn check(progress: &str, changes: Value, later_ms: u64, words: Option<&str>) {
        let there = looked_up(fake().now(NOW + later_ms).keeps(ENTRY, entry(progress, &changes)));
        match words {
            Some(words) => check_failure(&there, "start_followup", arguments(), FailureKind::Conflict, words),
            None => {
                let there = there.expect(BATCH, Reply::json(201, json!({ "batch_id": "B-2" })));
                let there = there.expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
                assert!(there.call::<Plugin>("start_followup", arguments()).is_ok());
            }
        }
    }
    let other = || json!({ "key": "ac_other", "followup": "later" });
    let runs = "the follow-up later runs for ann@example.com already, for another 2 hours at most";
    check("scheduled", other(), 46 * HOUR_MS, Some(runs));
    check("begun", other(), 46 * HOUR_MS + 1, Some(runs));
    check("scheduled", other(), 48 * HOUR_MS, None);
    check("stopped", other(), HOUR_MS, None);
    check("withdrawn", other(), HOUR_MS, None);
    check("scheduled", json!({}), HOUR_MS, Some("is scheduled for ann@example.com already"));
    check("stopped", json!({}), HOUR_MS, Some("was stopped"));
}

#[test]
fn what_is_kept_tells_what_became_of_one_in_doubt() {
    fn check(kept: Option<(&str, Value)>, later_ms: u64, asked: Option<Reply>, expected: &Finding) {
        let mut fake = fake().grants_state().now(NOW + later_ms);
        if let Some((progress, changes)) = kept {
            fake = fake.keeps(ENTRY, entry(progress, &changes));
        }
        if let Some(reply) = asked {
            fake = fake.expect(CANCELLED, reply);
        }
        assert_eq!(fake.reconcile::<Plugin>("start_followup", arguments()).unwrap(), *expected, "{later_ms} ms later");
    }
    let (same, other) = (|| json!({}), || json!({ "key": "ac_other", "made_at_ms": NOW - 1 }));
    let week_ms = 7 * 24 * HOUR_MS;
    check(Some(("scheduled", same())), 1, None, &Finding::Happened(scheduled()));
    let stopped = Outcome::new("the follow-up trial was scheduled, and has been stopped since (batch B-1)");
    let stopped = stopped.with_receipt(Receipt::new("scheduled batch", "B-1"));
    check(Some(("stopped", same())), 1, None, &Finding::Happened(stopped));
    check(Some(("withdrawn", same())), 1, None, &Finding::DidNotHappen);
    check(Some(("begun", same())), 1, Some(status(Some("cancel"))), &Finding::DidNotHappen);
    check(Some(("begun", same())), 1, Some(status(Some("pause"))), &Finding::Unknown(None));
    check(Some(("begun", same())), 1, Some(status(None)), &Finding::Unknown(None));
    check(Some(("begun", same())), 1, Some(Reply::text(404, "")), &Finding::Unknown(None));
    // It is kept before its first email.
    check(None, 1, None, &Finding::DidNotHappen);
    check(None, week_ms, None, &Finding::Unknown(None));
    check(Some(("scheduled", other())), 1, None, &Finding::DidNotHappen);
    let later = json!({ "key": "ac_other", "made_at_ms": NOW + 1 });
    check(Some(("scheduled", later)), 2, None, &Finding::Unknown(None));
}

/// What `reconcile` gets as the attempt's time is its end.
#[test]
fn a_doubt_is_as_old_as_its_beginning() {
    let (minutes_ms, week_ms) = (5 * 60_000, 7 * 24 * HOUR_MS);
    let check = |other_made_ms: Option<u64>, now_ms: u64, expected: Finding| {
        let mut fake = fake().grants_state().first_attempt_at(NOW).attempt_at(NOW + minutes_ms).now(now_ms);
        if let Some(made_at_ms) = other_made_ms {
            fake = fake.keeps(ENTRY, entry("scheduled", &json!({ "key": "ac_other", "made_at_ms": made_at_ms })));
        }
        assert_eq!(fake.reconcile::<Plugin>("start_followup", arguments()), Ok(expected), "{other_made_ms:?} {now_ms}");
    };
    let shortly_ms = NOW + minutes_ms + 1;
    check(Some(NOW - 1), shortly_ms, Finding::DidNotHappen);
    check(Some(NOW), shortly_ms, Finding::Unknown(None));
    check(Some(NOW + minutes_ms - 1), shortly_ms, Finding::Unknown(None));
    check(None, NOW + week_ms - 1, Finding::DidNotHappen);
    check(None, NOW + week_ms, Finding::Unknown(None));
}

#[test]
fn follow_ups_that_are_long_over_make_room() {
    let over = entry("scheduled", &json!({ "last_at_ms": NOW - 7 * 24 * HOUR_MS - 1 }));
    let lately = entry("scheduled", &json!({ "last_at_ms": NOW - 7 * 24 * HOUR_MS }));
    let full = fake().keeps("followup/a@example.com", &over).keeps("followup/b@example.com", &lately);
    let full = begun(full.state_quota(2, 1 << 16)).expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
    assert!(full.call::<Plugin>("start_followup", arguments()).is_ok());
    let keys: Vec<String> = full.kept().into_keys().collect();
    assert_eq!(keys, [ENTRY, "followup/b@example.com"]);

    // What can't be read is in nobody's way, and stays.
    for unreadable in ["?", entry("scheduled", &json!({ "version": 2, "last_at_ms": 0 })).as_str()] {
        let full = fake().keeps("followup/a@example.com", unreadable).keeps("followup/b@example.com", &over);
        let full = begun(full.state_quota(2, 1 << 16)).expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
        assert!(full.call::<Plugin>("start_followup", arguments()).is_ok());
        let keys: Vec<String> = full.kept().into_keys().collect();
        assert_eq!(keys, ["followup/a@example.com", ENTRY]);
    }

    let crowded = begun(fake().keeps("followup/b@example.com", &lately).state_quota(1, 1 << 16));
    check_failure(&crowded, "start_followup", arguments(), FailureKind::Other, "quota");
}

/// A call looks at eighty, and each minute at others.
#[test]
fn of_many_follow_ups_all_have_their_turn() {
    for minute in 0..4 {
        let now_ms = NOW + minute * 60_000;
        let mut full = fake();
        for number in 0..100 {
            // The last twenty are long over.
            let last_at_ms = if number < 80 { now_ms } else { now_ms - 8 * 24 * HOUR_MS };
            let entry = entry("scheduled", &json!({ "last_at_ms": last_at_ms }));
            full = full.keeps(&format!("followup/b{number:03}@example.com"), entry);
        }
        let mut full = begun(full.state_quota(100, 1 << 16).now(now_ms));
        let has_room = now_ms / 60_000 % 2 == 1;
        if has_room {
            full = full.expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
        }
        assert_eq!(full.call::<Plugin>("start_followup", arguments()).is_ok(), has_room, "{minute}");
        assert_eq!(full.kept().len(), if has_room { 81 } else { 100 });
    }
}

#[test]
fn what_cant_be_kept_in_the_end_is_logged() {
    // The last entry is two bytes longer than the first.
    let bytes = ENTRY.len() + entry("begun", &json!({})).len();
    let fake = begun(fake().state_quota(10, bytes)).expect(SEND, accepted("M-1")).expect(SEND, accepted("M-2"));
    assert_eq!(fake.call::<Plugin>("start_followup", arguments()), Ok(scheduled()));
    let [(Level::Warn, line)] = &fake.logged()[..] else { panic!("one warning") };
    assert!(line.contains("couldn't be kept as such"), "{line}");
}
