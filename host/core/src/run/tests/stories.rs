//! Runs as they go, told event by event.

use super::*;
use crate::{
    left_out::{Because, LeftOut, Part},
    timeline::{self, What},
};

/// Applies events that must all fit, each a second after the other.
fn play(kinds: impl IntoIterator<Item = Kind>) -> Run {
    let mut run = Run::default();
    for (second, kind) in (0_u64..).zip(kinds) {
        let at = if matches!(kind, Kind::Woke { .. }) { LATE } else { Timestamp::from_millis(second * 1000) };
        run.apply(Event { at, kind }).expect("the story fits");
    }
    run
}

fn commands(run: &Run) -> Vec<String> {
    let intents =
        run.next().into_iter().filter(|command| !matches!(command, Command::Wait { timer: Timer::Deadline, .. }));
    intents.map(|command| command.id().to_string()).collect()
}

#[test]
fn stories_have_their_commands() {
    use AttemptResult::{Done, Failed, InDoubt};
    let three = || vec![started(), replied(1, 1, &["read", "once", "read"])];
    let with = |more: Vec<Kind>| play(three().into_iter().chain(more));
    let doubt = || InDoubt(failure(FailureKind::Unavailable));
    let refused = || InDoubt(failure(FailureKind::InvalidArguments));
    let cases: Vec<(Run, &[&str])> = vec![
        (play([started()]), &["1/ask/1"]),
        (play([started(), ask_failed(1, 1, model::FailureKind::RateLimited)]), &["wait/1/ask/2"]),
        (play([started(), replied(1, 1, &["read", "read", "once"])]), &["1/call/0/attempt/1", "1/call/1/attempt/1"]),
        (with(vec![]), &["1/call/0/attempt/1"]),
        (with(vec![attempted(1, 0, 1, Done(outcome()))]), &["1/call/1/attempt/1"]),
        (with(vec![attempted(1, 0, 1, Failed(failure(FailureKind::Unavailable)))]), &["wait/1/call/0/attempt/2"]),
        (with(vec![attempted(1, 0, 1, Done(outcome())), attempted(1, 1, 1, doubt())]), &["1/call/1/settle/1"]),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::NotYet { ask_again_ms: Some(5) }),
            ]),
            &["wait/1/call/1/settle/2"],
        ),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::DidNotHappen),
            ]),
            &["1/call/1/attempt/2"],
        ),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::Happened(outcome())),
            ]),
            &["1/call/2/attempt/1"],
        ),
        (play([started(), replied(1, 1, &["same"]), attempted(1, 0, 1, doubt())]), &["wait/1/call/0/attempt/2"]),
        (play([started(), replied(1, 1, &["same"]), attempted(1, 0, 1, refused())]), &["1/call/0/settle/1"]),
        (play([started(), replied(1, 1, &["transfer_call"])]), &["2/ask/1"]),
        (with(vec![Kind::CancelRequested { reason: "stop".into() }]), &["1/call/0/attempt/1"]),
    ];
    for (run, expected) in cases {
        assert_eq!(commands(&run), expected, "{run:#?}");
    }
}

#[test]
fn a_doubt_ends_as_what_was_found_and_a_refusal_is_not_repeated() {
    let unavailable = FailureKind::Unavailable;
    let refused = FailureKind::InvalidArguments;
    let failed = |kind| Some(CallEnd::Failed(failure(kind)));
    for (kind, found, expected) in [
        (unavailable, Found::Happened(outcome()), Some(CallEnd::Done(outcome()))),
        (refused, Found::Happened(outcome()), Some(CallEnd::Done(outcome()))),
        (unavailable, Found::Otherwise(outcome()), Some(CallEnd::Conflict(outcome()))),
        (unavailable, Found::DidNotHappen, None),
        (refused, Found::DidNotHappen, failed(refused)),
        (refused, Found::Never, Some(CallEnd::Unknowable)),
    ] {
        let doubt = AttemptResult::InDoubt(failure(kind));
        let run =
            play([started(), replied(1, 1, &["once"]), attempted(1, 0, 1, doubt), settled(1, 0, 1, found.clone())]);
        let (_, call, _) = run.call(CallId { turn: 1, index: 0 }).expect("it is there");
        assert_eq!(call.end(), expected.as_ref(), "{kind} {found:?}");
    }
}

#[test]
fn what_people_want_tried_again_is_tried_one_after_another() {
    let redo = |index| decided(1, index, Said::Resolve(Resolution::Redo));
    let mut story = vec![started(), replied(1, 1, &["once", "once", "once"])];
    story.extend((0..3).map(|index| attempted(1, index, 1, AttemptResult::Unknowable)));
    story.extend([replied(2, 1, &[]), redo(1), redo(0)]);
    for (next, expected) in [
        (None, &["1/call/1/settle/1", "1/call/0/settle/1"][..]),
        (Some(settled(1, 0, 1, Found::DidNotHappen)), &["1/call/1/settle/1"]),
        (Some(settled(1, 1, 1, Found::DidNotHappen)), &["1/call/1/attempt/2"]),
        (Some(redo(2)), &["1/call/1/attempt/2", "1/call/2/settle/1"]),
        (Some(attempted(1, 1, 2, AttemptResult::Done(outcome()))), &["1/call/0/attempt/2", "1/call/2/settle/1"]),
        (Some(settled(1, 2, 1, Found::DidNotHappen)), &["1/call/0/attempt/2"]),
        (Some(attempted(1, 0, 2, AttemptResult::Done(outcome()))), &["1/call/2/attempt/2"]),
    ] {
        story.extend(next);
        assert_eq!(commands(&play(story.clone())), expected);
    }
}

#[test]
fn a_history_that_its_provider_refuses_is_rewritten_once() {
    let rejected = |attempt| ask_failed(1, attempt, model::FailureKind::Rejected);
    let own = || Kind::Started(Box::new(Pins { own_bytes: true, ..pins() }));
    let check = |kinds: Vec<Kind>, history, next: &[&str], outcome| {
        let run = play(kinds);
        assert_eq!(
            (run.history(), commands(&run), run.outcome()),
            (history, next.iter().map(|id| (*id).to_owned()).collect(), outcome)
        );
    };
    check(vec![own()], History::AsWritten, &["1/ask/1"], "under-way");
    check(vec![own(), rejected(1)], History::Rewritten, &["1/ask/2"], "under-way");
    check(vec![own(), rejected(1), rejected(2)], History::Rewritten, &[], "cannot-continue");
    check(vec![started(), rejected(1)], History::AsWritten, &[], "cannot-continue");
    check(vec![own(), rejected(1), replied(1, 2, &["read"])], History::Rewritten, &["1/call/0/attempt/1"], "under-way");
}

#[test]
fn what_a_rewritten_history_lacks_is_told() {
    let because = Because::Refused { by: Dialect::Anthropic };
    let lost = vec![LeftOut { part: Part::Reasoning, times: 2, because }];
    let rejected = ask_failed(1, 1, model::FailureKind::Rejected);
    for (own_bytes, expected) in [(true, Some(&lost)), (false, None)] {
        let pins = Pins { own_bytes, lost_if_rewritten: lost.clone(), ..pins() };
        let run = play(vec![Kind::Started(Box::new(pins)), rejected.clone()]);
        let moments = timeline::after(&Event { at: Timestamp::from_millis(7), kind: rejected.clone() }, &run);
        let told = moments.iter().find_map(|moment| match &moment.what {
            What::Rewritten { lost } => Some(lost),
            _ => None,
        });
        assert_eq!(told, expected);
    }
}

#[test]
fn runs_end_in_their_own_words() {
    use AttemptResult::{Done, Failed, Known, Unknowable};
    let once = || vec![started(), replied(1, 1, &["once"])];
    let with = |more: Vec<Kind>| play(once().into_iter().chain(more)).ending().cloned();
    let completed = Some(Ending::Completed { account: Some("all done".into()) });
    let denied = failure(FailureKind::Denied);
    let failed = Why::Tool { tool: "once".into(), failure: denied.clone() };
    let budget = |budget| Some(Ending::BudgetExhausted { budget });
    let unavailable = || ask_failed(1, 1, model::FailureKind::Nonsense);
    let cases = vec![
        (with(vec![attempted(1, 0, 1, Done(outcome())), replied(2, 1, &[])]), completed.clone()),
        (with(vec![attempted(1, 0, 1, Known(outcome())), replied(2, 1, &[])]), completed.clone()),
        (
            with(vec![attempted(1, 0, 1, Failed(denied.clone())), replied(2, 1, &[])]),
            Some(Ending::Failed { why: failed }),
        ),
        (
            with(vec![
                attempted(1, 0, 1, Failed(denied)),
                replied(2, 1, &["once"]),
                attempted(2, 0, 1, Done(outcome())),
            ]),
            budget(Budget::Turns),
        ),
        (with(vec![attempted(1, 0, 1, Unknowable), replied(2, 1, &[])]), None),
        (
            with(vec![Kind::CancelRequested { reason: "enough".into() }, attempted(1, 0, 1, Done(outcome()))]),
            Some(Ending::Cancelled { reason: "enough".into() }),
        ),
        (
            with(vec![Kind::Woke { timer: Timer::Deadline }, attempted(1, 0, 1, Done(outcome()))]),
            budget(Budget::WallTime),
        ),
        (
            play([
                started(),
                replied(1, 1, &["read", "read", "read", "read"]),
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, Done(outcome())),
                attempted(1, 2, 1, Done(outcome())),
            ])
            .ending()
            .cloned(),
            budget(Budget::ToolCalls),
        ),
        (
            play([
                started(),
                unavailable(),
                Kind::Woke { timer: Timer::Ask { turn: 1, attempt: 2 } },
                ask_failed(1, 2, model::FailureKind::Nonsense),
            ])
            .ending()
            .cloned(),
            Some(Ending::Failed {
                why: Why::Model(model::Failure {
                    kind: model::FailureKind::Nonsense,
                    message: "no".into(),
                    retry_after_ms: None,
                }),
            }),
        ),
    ];
    for (index, (got, expected)) in cases.into_iter().enumerate() {
        assert_eq!(got, expected, "case {index}");
    }
}

#[test]
fn a_doubt_lasts_until_it_is_settled() {
    use AttemptResult::{Done, Failed, InDoubt};
    let call = CallId { turn: 1, index: 0 };
    let doubt = || attempted(1, 0, 1, InDoubt(failure(FailureKind::Unavailable)));
    let again = || Kind::Woke { timer: Timer::Attempt { call, attempt: 2 } };
    let second = || attempted(1, 0, 2, Failed(failure(FailureKind::Denied)));
    let first = || vec![started(), replied(1, 1, &["same"]), doubt()];
    let with = |more: Vec<Kind>| play(first().into_iter().chain(more));
    let cancel = || Kind::CancelRequested { reason: "enough".into() };
    for (run, expected) in [
        (with(vec![again(), second()]), "1/call/0/settle/1"),
        (with(vec![cancel()]), "1/call/0/settle/1"),
        (with(vec![again(), cancel(), second()]), "1/call/0/settle/1"),
        (with(vec![again(), second(), settled(1, 0, 1, Found::DidNotHappen)]), "2/ask/1"),
        (with(vec![again(), attempted(1, 0, 2, Done(outcome()))]), "2/ask/1"),
    ] {
        assert_eq!(commands(&run), [expected], "{run:#?}");
    }
}

#[test]
fn a_run_that_ends_waits_for_nobody() {
    let cancel = || Kind::CancelRequested { reason: "enough".into() };
    for held in [postponed(1, 0, 1), approval_asked(1, 0, 1)] {
        // The attempt may have been in flight when it was cancelled, and says now that it would have to wait.
        let run = play([started(), replied(1, 1, &["once"]), cancel(), held]);
        assert_eq!(run.ending(), Some(&Ending::Cancelled { reason: "enough".into() }), "{run:#?}");
    }
}

#[test]
fn what_several_calls_wait_for_is_given_once() {
    let mut run = play([started(), replied(1, 1, &["once", "same"]), postponed(1, 0, 1)]);
    let given = run.deadline();
    run.apply(Event { at: Timestamp::from_millis(3_000), kind: postponed(1, 1, 1) }).expect("it fits");
    assert_eq!(run.deadline(), given);
}

#[test]
fn what_was_not_made_up_for_is_not_completed() {
    use AttemptResult::{Done, Failed};
    let of_key = |turn, index, key: Option<&str>, result| {
        let mut kind = attempted(turn, index, 1, result);
        if let Kind::Attempted { outcome, .. } = &mut kind {
            outcome.key = key.map(|key| EffectKey::from_stored(key.into()));
        }
        kind
    };
    let denied = || Failed(failure(FailureKind::Denied));
    let wrong = || Failed(failure(FailureKind::InvalidArguments));
    let (x, y) = (Some("ac_x"), Some("ac_y"));
    for (calls, first, second, expected) in [
        (["once", "once"], (x, denied()), (x, Done(outcome())), "completed"),
        (["once", "once"], (x, denied()), (y, Done(outcome())), "failed"),
        (["once", "once"], (None, wrong()), (y, Done(outcome())), "completed"),
        (["once", "once"], (x, wrong()), (y, Done(outcome())), "completed"),
        (["once", "same"], (x, denied()), (y, Done(outcome())), "failed"),
        (["once", "same"], (None, wrong()), (y, Done(outcome())), "failed"),
        (["read", "same"], (None, denied()), (y, Done(outcome())), "completed"),
    ] {
        let run = play([
            started(),
            replied(1, 1, &calls),
            of_key(1, 0, first.0, first.1),
            of_key(1, 1, second.0, second.1),
            replied(2, 1, &[]),
        ]);
        assert_eq!(run.ending().map(Ending::as_str), Some(expected), "{calls:?}");
    }
}

#[test]
fn replay_gives_the_same_run() {
    let story = || {
        let kinds = [started(), replied(1, 1, &["same"]), attempted(1, 0, 1, AttemptResult::Done(outcome()))];
        kinds.into_iter().map(|kind| Event { at: EARLY, kind })
    };
    let stored: Vec<String> = story().map(|event| serde_json::to_string(&event).expect("serialises")).collect();
    let read = stored.iter().map(|text| serde_json::from_str(text).expect("reads back"));
    let run = Run::replay(story()).expect("fits");
    assert_eq!(Run::replay(read).expect("fits"), run);
    let effects = run.effects();
    assert_eq!(effects.len(), 1);
    assert_eq!((effects[0].tool, effects[0].receipts[0].id.as_str()), ("same", "r1"));
}

#[test]
fn the_model_is_told_what_came_of_its_calls() {
    let run = play([
        started(),
        replied(1, 1, &["transfer_call", "same", "once"]),
        attempted(1, 1, 1, AttemptResult::Conflict(outcome())),
        attempted(1, 2, 1, AttemptResult::Failed(failure(FailureKind::NotFound))),
    ]);
    let exchanges = run.exchanges();
    assert!(exchanges[0].results.iter().all(|told| told.is_error));
    let results: Vec<serde_json::Value> =
        exchanges[0].results.iter().map(|told| serde_json::from_str(&told.text).expect("JSON")).collect();
    assert_eq!(results[0]["error"]["kind"], "refused");
    let words = results[0]["error"]["message"].as_str().expect("words");
    assert!(words.contains("has ended") && words.contains("read, same, once"), "{words}");
    assert_eq!(results[1]["error"]["kind"], "conflict");
    assert_eq!(results[1]["recorded"]["receipts"][0]["id"], "r1");
    assert_eq!(results[2]["error"], serde_json::json!({"kind": "not-found", "message": "did not"}));
    assert_eq!(run.refused(), [("transfer_call", &Refusal::Telephony)]);
}
