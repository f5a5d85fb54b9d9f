//! What is asked of the model once its work is over.

use super::*;

fn play(kinds: &[Kind]) -> Run {
    let at = |kind: &Kind| if matches!(kind, Kind::Woke { .. }) { LATE } else { EARLY };
    Run::replay(kinds.iter().map(|kind| Event { at: at(kind), kind: kind.clone() })).expect("it fits")
}

/// What a run ends with, and whether its insights are known.
#[track_caller]
fn check(kinds: &[Kind], outcome: &str, known: bool) {
    let run = play(kinds);
    assert_eq!(run.outcome(), outcome, "{run:#?}");
    assert_eq!(run.insights().map(Json::as_str), known.then_some(MOOD), "{run:#?}");
}

#[test]
fn insights_change_nothing_of_how_the_work_ended() {
    let unavailable = |turn, attempt| ask_failed(turn, attempt, model::FailureKind::Unavailable);
    let woke = |turn, attempt| Kind::Woke { timer: Timer::Ask { turn, attempt } };
    let once = [started_curious(), replied(1, 1, &["once"])];
    let after = |result, rest: &[Kind]| [&once[..], &[attempted(1, 0, 1, result)], rest].concat();
    let done = || AttemptResult::Done(outcome());
    let cancel = || Kind::CancelRequested { reason: "enough".into() };

    check(&[started(), replied(1, 1, &[])], "completed", false);
    check(&[started_curious(), replied(1, 1, &[])], "under-way", false);
    check(&[started_curious(), replied(1, 1, &[]), known(2, 1)], "completed", true);
    check(&after(done(), &[replied(2, 1, &[]), known(3, 1)]), "completed", true);
    // A wrong answer is objected to once.
    check(&[started_curious(), replied(1, 1, &[]), wrong(replied(2, 1, &[]))], "under-way", false);
    check(&[started_curious(), replied(1, 1, &[]), wrong(replied(2, 1, &[])), known(3, 1)], "completed", true);
    check(
        &[started_curious(), replied(1, 1, &[]), wrong(replied(2, 1, &[])), wrong(replied(3, 1, &[]))],
        "completed",
        false,
    );
    // Whatever the model says then is no claim, no refusal and no call.
    check(&[started_curious(), replied(1, 1, &[]), wrong(claimed(2, 1)), known(3, 1)], "completed", true);
    check(&[started_curious(), replied(1, 1, &[]), wrong(refused(2, 1)), wrong(refused(3, 1))], "completed", false);
    check(&[started_curious(), replied(1, 1, &[]), wrong(replied(2, 1, &["once"])), known(3, 1)], "completed", true);
    // The work failed, and the call can be told of all the same.
    let denied = AttemptResult::Failed(failure(FailureKind::Denied));
    check(&after(denied, &[replied(2, 1, &[]), known(3, 1)]), "failed", true);
    let many = [started_curious(), replied(1, 1, &["read"]), attempted(1, 0, 1, done()), replied(2, 1, &["read"])];
    let many = [&many[..], &[attempted(2, 0, 1, done())]].concat();
    check(&[&many[..], &[known(3, 1)]].concat(), "budget-exhausted", true);
    // The model can't be asked, or not any more.
    check(&[started_curious(), refused(1, 1)], "refused", false);
    let failing = [started_curious(), replied(1, 1, &[]), unavailable(2, 1)];
    check(&failing, "sleeping", false);
    check(&[&failing[..], &[woke(2, 2), known(2, 2)]].concat(), "completed", true);
    check(&[&failing[..], &[woke(2, 2), unavailable(2, 2)]].concat(), "completed", false);
    let rejected = ask_failed(2, 1, model::FailureKind::Rejected);
    check(&[started_curious(), replied(1, 1, &[]), rejected], "completed", false);
    check(&[started_curious(), cancel()], "cancelled", false);
    check(&[started_curious(), replied(1, 1, &[]), cancel()], "completed", false);
    check(&[started_curious(), replied(1, 1, &[]), Kind::Woke { timer: Timer::Deadline }], "completed", false);
    // What a person must settle comes first: then the insights know of it too.
    let open = after(AttemptResult::Unknowable, &[replied(2, 1, &[])]);
    check(&open, "needs-attention", false);
    let said = |resolution, found| [decided(1, 0, Said::Resolve(resolution)), settled(1, 0, 1, found)];
    let done = said(Resolution::Done { receipt: receipt() }, Found::Happened(outcome()));
    check(&[&open[..], &done].concat(), "under-way", false);
    check(&[&open[..], &done, &[known(3, 1)]].concat(), "completed", true);
    let dropped = said(Resolution::Drop, Found::Never);
    check(&[&open[..], &dropped, &[known(3, 1)]].concat(), "failed", true);
}

#[test]
fn tokens_that_are_used_up_are_not_there_for_insights() {
    let costly = |turn| {
        let mut kind = replied(turn, 1, &[]);
        if let Kind::Replied { reply, .. } = &mut kind {
            reply.usage.input_tokens = 100;
        }
        kind
    };
    check(&[started_curious(), costly(1)], "completed", false);
    check(&[started_curious(), replied(1, 1, &[]), wrong(costly(2))], "completed", false);
}

#[test]
fn the_model_is_asked_and_told_what_was_wrong() {
    let run = play(&[started_curious(), replied(1, 1, &[]), wrong(replied(2, 1, &["once"]))]);
    let exchanges = run.exchanges();
    let told: Vec<&str> = exchanges.iter().filter_map(|exchange| exchange.objection.as_deref()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains(r#""mood":{"type":"string"}"#), "{told:?}");
    assert!(told[1].contains("it is something else"), "{told:?}");
    assert!(exchanges[1].results[0].is_error && exchanges[1].results[0].text.contains("the work is over"));

    let run = play(&[started_curious(), replied(1, 1, &[]), known(2, 1)]);
    let told: Vec<bool> = run.exchanges().iter().map(|exchange| exchange.objection.is_some()).collect();
    assert_eq!(told, [true, false]);
}

#[test]
fn insights_are_judged_where_they_were_asked_for_alone() {
    let fits = |kinds: &[Kind]| Run::replay(kinds.iter().map(|kind| Event { at: EARLY, kind: kind.clone() })).is_ok();
    assert!(!fits(&[started_curious(), wrong(replied(1, 1, &[]))]));
    assert!(!fits(&[started_curious(), replied(1, 1, &[]), replied(2, 1, &[])]));
}
