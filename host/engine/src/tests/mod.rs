//! What is inside of the embedded engine: one that drives a run again, asks at the right moment, keeps to the terms of
//! today. What any engine must do is in `tests/laws`.

mod doubt;
mod waiting;
mod world;

use std::{collections::BTreeSet, future::pending, sync::Arc, time::Duration};

use aftercall_core::{
    assistant::{PostCallSteps, Retries},
    cap::Caps,
    conversation::{Conversation, Dialect},
    effect::{Arguments, EffectKey},
    id::{RunId, RunIdentity, Sha256Hex},
    json::Json,
    ledger::{Begin, Change, Fence, Verdict},
    model::ModelPin,
    ports::{Accept, EffectOf, Journal as _, Ledger as _},
    run::{AttemptResult, Budget, CallEnd, CallId, Ending, Event, Kind, PinnedTool, Pins, Run, Standing},
    terms::Terms,
    time::Timestamp,
    tool::{Effect, Failure, FailureKind},
};
use serde_json::json;
use world::{Fault, Line, Slow, World, outcome};

use crate::{Driven, Embedded, Error, Park, Ports};

fn pinned(name: &str, effect: Effect, reconcilable: bool) -> PinnedTool {
    let schema = Json::parse(r#"{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}"#);
    let schema = schema.expect("JSON");
    PinnedTool {
        name: name.to_owned(),
        plugin: "p".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "does".to_owned(),
        offered_schema: schema.clone(),
        schema,
        bindings: Default::default(),
        facts: Vec::new(),
        effect,
        identity: vec!["n".to_owned()],
        reconcilable,
        replaces: Vec::new(),
        instance: None,
    }
}

fn accept() -> Accept {
    let identity = RunIdentity {
        tenant: "acme".parse().expect("a name"),
        platform: "native".parse().expect("a name"),
        conversation: "c1".into(),
        revision: 0,
    };
    let conversation = Conversation::new("native".parse().expect("a name"), "c1");
    let pins = Pins {
        retries: Retries { attempts_max: 3, pause_ms: 1000, pause_ms_max: 10_000 },
        ..Pins::new(
            Sha256Hex::of(b"configuration"),
            "ann".parse().expect("a name"),
            PostCallSteps::of_instructions("# Post-conversation steps\nDo it.").expect("steps"),
            ModelPin::new("m", Dialect::OpenaiChat),
            vec![
                pinned("look", Effect::Read, false),
                pinned("upsert", Effect::Idempotent, false),
                pinned("put", Effect::Idempotent, true),
                pinned("send", Effect::Once, true),
                pinned("shout", Effect::Once, false),
            ],
        )
    };
    let first = Event { at: Timestamp::from_millis(0), kind: Kind::Started(Box::new(pins)) };
    Accept {
        identity,
        at: Timestamp::from_millis(0),
        raw: Vec::new(),
        conversation,
        first,
        ending: None,
        seeds: Vec::new(),
    }
}

fn engine(world: &Arc<World>) -> Embedded {
    let ports = Ports {
        journal: world.clone(),
        ledger: world.clone(),
        model: world.clone(),
        tools: world.clone(),
        grants: world.clone(),
        day_budgets: world.clone(),
        clock: world.clone(),
        chance: world.clone(),
        observer: world.clone(),
    };
    Embedded::new(ports, world.next_fence())
}

/// Drives the run to its end.
async fn drive(engine: &Embedded, run: &RunId, cancel: impl Future<Output = String>) -> Result<Ending, Error> {
    match engine.drive(run, Park::ForAPerson, cancel).await? {
        Driven::Ended(ending) => Ok(ending),
        Driven::Parked(standing) => panic!("it waits: {standing:?}"),
    }
}

/// Drives the run; when the drive is dropped on the way, the same engine drives it again.
async fn drop_and_drive(world: &Arc<World>) -> Result<Ending, Error> {
    let engine = engine(world);
    let (run, _) = engine.accept(&accept()).await?;
    tokio::select! {
        ending = drive(&engine, &run, pending()) => return ending,
        () = world.died() => {}
    }
    drive(&engine, &run, pending()).await
}

/// Drops the drive at every place of this story, one after the other, and compares what the vendors did.
async fn check_every_drop(lines: &[Line], faults: &[(&str, &[Fault])], vendors: &[&str], ending: &str) {
    for die_at in 0.. {
        let world = World::new(lines, Some(die_at));
        for (tool, fault) in faults {
            world.fault(tool, fault);
        }
        let ended = drop_and_drive(&world).await.expect("the records never fail");
        assert_eq!(ended.as_str(), ending, "dropped at {die_at}: {ended:?}");
        assert_eq!(world.vendors(), vendors, "dropped at {die_at}");
        if !world.reached() {
            assert!(die_at > 10, "the story has places to die at");
            return;
        }
        assert!(world.asks() <= lines.len() + 1, "only the turn that was interrupted is asked again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_run_survives_every_drop() {
    let lines: [Line; 3] = [&["look", "look", "upsert"], &["send"], &[]];
    check_every_drop(&lines, &[], &["upsert", "send"], "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_with_busy_vendors_survives_every_drop() {
    let lines: [Line; 2] = [&["upsert", "send"], &[]];
    let faults: [(&str, &[Fault]); 2] = [("upsert", &[Fault::Busy]), ("send", &[Fault::Busy])];
    check_every_drop(&lines, &faults, &["upsert", "send"], "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_with_lost_answers_survives_every_drop() {
    let lines: [Line; 2] = [&["upsert", "send"], &[]];
    let faults: [(&str, &[Fault]); 2] = [("upsert", &[Fault::AnswerLost]), ("send", &[Fault::AnswerLost])];
    check_every_drop(&lines, &faults, &["upsert", "send"], "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_run_with_lost_requests_survives_every_drop() {
    let lines: [Line; 2] = [&["upsert", "send"], &[]];
    let faults: [(&str, &[Fault]); 2] = [("upsert", &[Fault::RequestLost]), ("send", &[Fault::RequestLost])];
    check_every_drop(&lines, &faults, &["upsert", "send"], "completed").await;
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_awaits_what_is_in_flight() {
    // The first place to die at after the ask is before its reply is journaled; nothing was written then.
    let world = World::new(&[&["upsert", "send"], &[]], None);
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    let ending = drive(&engine, &run, async { "a person asked".to_owned() }).await.expect("driven");
    assert_eq!(ending, Ending::Cancelled { reason: "a person asked".into() });
    assert_eq!(world.vendors(), Vec::<String>::new());
    let journal = world.read(&run).await.expect("it is there").journal;
    assert_eq!(Run::replay(journal).expect("it fits").ending(), Some(&ending), "the journal tells the same");
}

/// Tools look at the clock, and a run has a time of its own that isn't set back.
#[tokio::test(start_paused = true)]
async fn what_a_clock_that_is_set_back_shows_gives_a_tool_no_more_time() {
    let world = World::new(&[&["upsert"], &[]], None);
    world.slow(Slow { begins_ms: [1_500].into(), ..Slow::default() });
    let mut accept = accept();
    if let Kind::Started(pins) = &mut accept.first.kind {
        pins.budgets.wall_ms_max = 1_000;
    }
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept).await.expect("accepted");
    let step = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        world.set_back(60_000);
    };
    let (ending, ()) = tokio::join!(drive(&engine, &run, pending()), step);
    assert_eq!(ending.expect("driven"), Ending::BudgetExhausted { budget: Budget::WallTime });
    assert_eq!(world.vendors(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_also_after_the_runs_time_is_over() {
    let world = World::new(&[&["send"], &[]], None);
    world.fault("send", &[Fault::AnswerLost]);
    let mut accept = accept();
    if let Kind::Started(pins) = &mut accept.first.kind {
        // Over while the vendor's index still lags.
        pins.budgets.wall_ms_max = 5;
    }
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept).await.expect("accepted");
    let ending = drive(&engine, &run, pending()).await.expect("driven");
    assert_eq!(ending, Ending::BudgetExhausted { budget: Budget::WallTime });
    let journal = world.read(&run).await.expect("it is there").journal;
    let effects = Run::replay(journal).expect("it fits");
    assert_eq!(effects.effects().len(), 1, "the text that was sent is known, with its receipt");
}

/// Two revisions of a conversation, which want the same.
async fn accept_two(engine: &Embedded) -> [RunId; 2] {
    let mut revised = accept();
    revised.identity.revision = 1;
    let (first, _) = engine.accept(&accept()).await.expect("accepted");
    let (second, _) = engine.accept(&revised).await.expect("accepted");
    [first, second]
}

/// Drives two such runs side by side. Gives their ends.
async fn drive_both(world: &Arc<World>) -> [Ending; 2] {
    let engine = engine(world);
    let [first, second] = accept_two(&engine).await;
    let (first, second) = tokio::join!(drive(&engine, &first, pending()), drive(&engine, &second, pending()));
    [first.expect("driven"), second.expect("driven")]
}

#[tokio::test(start_paused = true)]
async fn of_two_who_want_the_same_one_begins_whoever_is_heard_first() {
    let world = World::new(&[&["send"], &[]], None);
    world.slow(Slow { begins_ms: [10, 0].into(), works_ms: 20, ..Slow::default() });
    let ends = drive_both(&world).await;
    assert_eq!(ends.each_ref().map(Ending::as_str), ["completed"; 2]);
    assert_eq!(world.vendors(), ["send"]);
}

/// One of them finds that it did not happen, and by the time it hears of that the other has begun again.
#[tokio::test(start_paused = true)]
async fn what_is_found_of_an_attempt_is_not_recorded_of_a_later_one() {
    let world = World::new(&[&["send"], &[]], None);
    world.fault("send", &[Fault::RequestLost]);
    world.slow(Slow { answers_ms: [0, 2_250].into(), works_ms: 500, ..Slow::default() });
    let ends = drive_both(&world).await;
    assert_eq!(ends.each_ref().map(Ending::as_str), ["completed"; 2]);
    assert_eq!(world.vendors(), ["send"]);
}

/// The failures of the run's calls, in the order in which they were journaled.
async fn failures(world: &World, run: &RunId) -> Vec<Failure> {
    let journal = world.read(run).await.expect("it is there").journal;
    let failure = |event: Event| match event.kind {
        Kind::Attempted { outcome, .. } => match outcome.result {
            AttemptResult::Failed(failure) => Some(failure),
            _ => None,
        },
        _ => None,
    };
    journal.into_iter().filter_map(failure).collect()
}

fn terms(constraint: Option<serde_json::Value>, of_tool: Caps, of_plugin: Caps) -> Option<Terms> {
    let constraint = constraint.map(|constraint| serde_json::from_value(constraint).expect("a constraint"));
    let constraints = constraint.map(|constraint| ("n".to_owned(), constraint)).into_iter().collect();
    Some(Terms::new(constraints, of_tool, of_plugin))
}

/// What a run with these lines comes to: what vendors did, and how calls failed.
async fn check_terms(lines: &[Line], of: &[(&str, Option<Terms>)], vendors: &[&str], expected: &[(FailureKind, &str)]) {
    let world = World::new(lines, None);
    for (tool, terms) in of {
        world.set_terms(tool, terms.clone());
    }
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    drive(&engine, &run, pending()).await.expect("driven");
    assert_eq!(world.vendors(), vendors, "{lines:?}");
    let failures = failures(&world, &run).await;
    assert_eq!(failures.len(), expected.len(), "{failures:?}");
    for (failure, (kind, words)) in failures.iter().zip(expected) {
        assert_eq!(failure.kind, *kind, "{failure:?}");
        assert!(failure.message.contains(words), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn arguments_keep_to_what_the_grant_says_today() {
    let most = || terms(Some(json!({"maximum": 2})), Caps::default(), Caps::default());
    let refused = (FailureKind::InvalidArguments, "3 is greater than the maximum of 2");
    check_terms(&[&["send 3", "send 2"], &[]], &[("send", most())], &["send"], &[refused]).await;
    check_terms(&[&["look 3", "look 1"], &[]], &[("look", most())], &[], &[refused]).await;
    let fact = terms(Some(json!({"equals_fact": "call.started-at"})), Caps::default(), Caps::default());
    let missing = (FailureKind::NotRunnable, "call.started-at, which this call doesn't have");
    check_terms(&[&["send"], &[]], &[("send", fact)], &[], &[missing]).await;
    let taken_back = (FailureKind::NotRunnable, "grants no plugin p");
    check_terms(&[&["send"], &[]], &[("send", None)], &[], &[taken_back]).await;
}

#[tokio::test(start_paused = true)]
async fn effects_are_counted() {
    let caps = |most| Caps { per_run_max: Some(most), ..Caps::default() };
    let of_tool = |most| terms(None, caps(most), Caps::default());
    let of_plugin = |most| terms(None, Caps::default(), caps(most));
    let lines: [Line; 2] = [&["send 1", "send 1", "send 2", "send 3", "upsert 1"], &[]];
    let over = |words| (FailureKind::Denied, words);
    let second = over("the tenant allows 1 effect of send in one run");
    check_terms(&lines, &[("send", of_tool(1))], &["send", "upsert"], &[second, second]).await;
    check_terms(&lines, &[("send", of_tool(2))], &["send", "send", "upsert"], &[over("2 effects of send")]).await;
    let both = [("send", of_plugin(2)), ("upsert", of_plugin(2))];
    let third = over("raise `effects.\"*\".per_run_max` in the grant of p");
    check_terms(&lines, &both, &["send", "send"], &[third, third]).await;
}

/// What began before the grant was narrowed is settled all the same: asking the vendor changes nothing.
#[tokio::test(start_paused = true)]
async fn a_doubt_is_settled_also_under_narrower_terms() {
    let world = World::new(&[&["send 3"], &[]], None);
    world.fault("send", &[Fault::AnswerLost]);
    world.narrow_when_in_doubt("send", terms(Some(json!({"maximum": 2})), Caps::default(), Caps::default()));
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    let ending = drive(&engine, &run, pending()).await.expect("driven");
    assert_eq!(ending.as_str(), "completed");
    assert_eq!(world.vendors(), ["send"]);
}

/// The engine dies anywhere, and the one that goes on has a narrower grant: what was done is known, what may have been
/// done is settled, and only what was not begun is refused.
#[tokio::test(start_paused = true)]
async fn narrower_terms_do_not_make_undone_what_was_done() {
    let mut ends = BTreeSet::new();
    for die_at in 0.. {
        let world = World::new(&[&["send 3"], &[]], Some(die_at));
        let first = engine(&world);
        let (run, _) = first.accept(&accept()).await.expect("accepted");
        tokio::select! {
            ending = drive(&first, &run, pending()) => {
                assert_eq!(ending.expect("driven").as_str(), "completed");
                break;
            }
            () = world.died() => {}
        }
        drop(first);
        world.set_terms("send", terms(Some(json!({"maximum": 2})), Caps::default(), Caps::default()));
        let ending = drive(&engine(&world), &run, pending()).await.expect("driven");
        ends.insert((world.vendors().len(), ending.as_str()));
    }
    assert_eq!(ends, BTreeSet::from([(0, "failed"), (1, "completed")]));
}

#[tokio::test(start_paused = true)]
async fn what_may_have_happened_is_not_repeated_under_narrower_terms() {
    let world = World::new(&[&["upsert 3"], &[]], None);
    world.fault("upsert", &[Fault::AnswerLost]);
    world.narrow_when_in_doubt("upsert", terms(Some(json!({"maximum": 2})), Caps::default(), Caps::default()));
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    let driven = engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven");
    assert_eq!(driven, Driven::Parked(Standing::NeedsAttention));
    assert_eq!(world.vendors(), ["upsert"]);
}
