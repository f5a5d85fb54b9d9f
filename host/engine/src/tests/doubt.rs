//! An effect that an earlier revision left in doubt: of what the doubt is, and what it means for a call with other arguments.

use aftercall_core::{
    run::{Intervention, Resolution, Said},
    tool::Receipt,
};
use serde_json::Value;

use super::*;

/// An attempt of an earlier revision, of which a write has left.
struct Earlier<'a> {
    tool: &'a str,
    effect: Effect,
    arguments: &'a Value,
}

impl Earlier<'_> {
    /// Begins it. Gives the effect's key, and the fence that has it.
    async fn begin(&self, world: &World) -> (EffectKey, Fence) {
        let fence = world.next_fence();
        let Accept { identity, .. } = accept();
        let arguments = self.arguments.as_object().expect("an object");
        let key = EffectKey::of(&identity, &"p".parse().expect("a name"), self.tool, &["n".to_owned()], arguments);
        let tool = format!("p/{}", self.tool);
        let effect = EffectOf { key: key.clone(), call: identity, tool, contact: Sha256Hex::of(b"nobody") };
        let begin = Begin {
            fence,
            arguments: Arguments::of(arguments),
            effect: self.effect,
            alone: true,
            caps: Vec::new(),
            at: Timestamp::from_millis(0),
        };
        world.begin(&effect, &begin).await.expect("it begins");
        world.change(&key, fence, &Change::WriteLeaves).await.expect("it follows");
        (key, fence)
    }

    /// Leaves it in doubt, from that time on.
    async fn doubt(&self, world: &World, end: Timestamp) -> (EffectKey, Fence) {
        let (key, fence) = self.begin(world).await;
        let timed_out = Failure::new(FailureKind::OutcomeUnknown, "no answer");
        let ended = Change::Ended { verdict: Verdict::InDoubt(timed_out), at: end };
        world.change(&key, fence, &ended).await.expect("it follows");
        (key, fence)
    }
}

/// Drives a run that makes one call, as far as it goes without a person. Gives how the call ended.
async fn drive_call(world: &Arc<World>) -> Option<CallEnd> {
    let engine = engine(world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven");
    let run = Run::replay(world.read(&run).await.expect("it is there").journal).expect("it fits");
    let (_, call, _) = run.call(CallId { turn: 1, index: 0 }).expect("it was made");
    call.end().cloned()
}

/// What was given then is asked about, from the attempt's end on, and what it did is no success of a call that wants something
/// else. So it is, too, where the call could be repeated under one key: nobody could tell any more what the doubt was about.
#[tokio::test(start_paused = true)]
async fn a_doubt_is_about_what_was_asked_for_then() {
    let theirs = json!({"n": 1, "text": "at four"});
    let ours = json!({"n": 1});
    let (send, put): ((Line, _), (Line, _)) = ((&["send"], Effect::Once), (&["put"], Effect::Idempotent));
    for ((call, effect), arguments, happened, expected, questions) in [
        (send, &ours, true, CallEnd::Done(outcome("send")), 2),
        (send, &theirs, true, CallEnd::Conflict(outcome("send")), 2),
        (send, &theirs, false, CallEnd::Done(outcome("send")), 2),
        (put, &ours, true, CallEnd::Done(outcome("put")), 0),
        (put, &theirs, true, CallEnd::Conflict(outcome("put")), 2),
        (put, &theirs, false, CallEnd::Done(outcome("put")), 2),
    ] {
        let tool = call[0];
        let what = format!("{tool} with {arguments}, happened: {happened}");
        let world = World::new(&[call, &[]], None);
        let end = Timestamp::from_millis(30_000);
        let (key, _) = Earlier { tool, effect, arguments }.doubt(&world, end).await;
        if happened {
            world.do_at_vendor(tool, key);
        }
        assert_eq!(drive_call(&world).await, Some(expected), "{what}");
        assert_eq!(world.vendors(), [tool], "{what}");
        assert_eq!(world.in_question(), vec![(arguments.to_string(), end); questions], "{what}");
    }
}

/// Whoever can't be asked about what was given then isn't asked about something else.
#[tokio::test(start_paused = true)]
async fn what_nobody_kept_the_arguments_of_is_left_to_a_person() {
    let (ours, theirs) = (json!({"n": 1}), json!({"n": 1, "text": "at four"}));
    for (arguments, expected, questions) in
        [(&ours, CallEnd::Done(outcome("send")), 2), (&theirs, CallEnd::Unknowable, 0)]
    {
        let world = World::new(&[&["send"], &[]], None);
        let earlier = Earlier { tool: "send", effect: Effect::Once, arguments };
        let (key, _) = earlier.doubt(&world, Timestamp::from_millis(30_000)).await;
        world.lose_arguments(&key);
        world.do_at_vendor("send", key);
        assert_eq!(drive_call(&world).await, Some(expected), "{arguments}");
        assert_eq!(world.in_question().len(), questions, "{arguments}");
    }
}

/// The vendor has it, and otherwise than it was asked for: the call is told of that, and so is each after it.
#[tokio::test(start_paused = true)]
async fn what_the_vendor_has_otherwise_is_a_conflict() {
    let world = World::new(&[&["send", "send"], &[]], None);
    world.fault("send", &[Fault::DoneOtherwise]);
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    drive(&engine, &run, pending()).await.expect("driven");
    let run = Run::replay(world.read(&run).await.expect("it is there").journal).expect("it fits");
    for index in 0..2 {
        let (_, call, _) = run.call(CallId { turn: 1, index }).expect("it was made");
        assert_eq!(call.end(), Some(&CallEnd::Conflict(outcome("send"))), "{index}");
    }
    assert_eq!(world.vendors(), ["send"]);
}

/// A person who says what became of it speaks of what was given then, and is told what that was.
#[tokio::test(start_paused = true)]
async fn a_persons_word_is_about_what_was_asked_for_then() {
    let (ours, theirs) = (json!({"n": 1}), json!({"n": 1, "text": "at four"}));
    let receipt = Receipt { id: "m1".into(), kind: "message".into(), url: None };
    for (arguments, is_ours) in [(&ours, true), (&theirs, false)] {
        let world = World::new(&[&["shout"], &[]], None);
        let earlier = Earlier { tool: "shout", effect: Effect::Once, arguments };
        let (key, fence) = earlier.doubt(&world, Timestamp::from_millis(9)).await;
        world.change(&key, fence, &Change::GivenUp).await.expect("it follows");
        let engine = engine(&world);
        let (run, _) = engine.accept(&accept()).await.expect("accepted");
        engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven");
        let lines = log(&world, &run).await;
        let expected: &[&str] = if is_ours { &[] } else { &[r#"asked for with {"n":1,"text":"at four"}"#] };
        assert!(lines.len() == expected.len() && lines.iter().zip(expected).all(|(line, words)| line.contains(words)));

        let said = Said::Resolve(Resolution::Done { receipt: receipt.clone() });
        let call = CallId { turn: 1, index: 0 };
        world.ask(&run, Intervention::Decide { call, by: "dana".into(), said });
        let Driven::Ended(_) = engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven") else {
            panic!("nothing is left to be asked about")
        };
        let run = Run::replay(world.read(&run).await.expect("it is there").journal).expect("it fits");
        let end = run.call(call).expect("it was made").1.end();
        let fits = match end {
            Some(CallEnd::Done(outcome)) => is_ours && outcome.receipts == [receipt.clone()],
            Some(CallEnd::Conflict(outcome)) => !is_ours && outcome.receipts == [receipt.clone()],
            _ => false,
        };
        assert!(fits, "{arguments}: {end:?}");
    }
}

/// What components, or the host in their place, had to say in all attempts.
async fn log(world: &World, run: &RunId) -> Vec<String> {
    let journal = world.read(run).await.expect("it is there").journal;
    let lines = journal.into_iter().filter_map(|event| match event.kind {
        Kind::Attempted { outcome, .. } => Some(outcome.log),
        _ => None,
    });
    lines.flatten().map(|line| line.message).collect()
}

/// Nobody knows when an attempt ended whose engine died. It is over when it is found, also by a run that may not begin one.
#[tokio::test(start_paused = true)]
async fn an_attempt_left_behind_is_over_when_it_is_found() {
    let world = World::new(&[&["send"], &[]], None);
    let earlier = Earlier { tool: "send", effect: Effect::Once, arguments: &json!({"n": 1}) };
    let (key, _) = earlier.begin(&world).await;
    world.do_at_vendor("send", key);
    world.set_terms("send", terms(Some(json!({"maximum": 0})), Caps::default(), Caps::default()));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(drive_call(&world).await, Some(CallEnd::Done(outcome("send"))));
    let found = world.in_question();
    assert!(found.iter().all(|(_, since)| *since >= Timestamp::from_millis(30_000)), "{found:?}");
    assert_eq!(found.len(), 2, "the first answer is never the last word");
}
