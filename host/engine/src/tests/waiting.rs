//! Runs that wait: for a time, for a person, and for a second account.

use std::time::Duration;

use aftercall_core::{
    cap::DAY_MS,
    ports::Clock,
    run::{CallId, Intervention, Resolution, Said},
    timing::Timing,
    tool::Receipt,
};

use super::*;
use crate::{Dispatcher, Room};

const CALL: CallId = CallId { turn: 1, index: 0 };

fn decide(said: Said) -> Intervention {
    Intervention::Decide { call: CALL, by: "dana".into(), said }
}

async fn journal(world: &World, run: &RunId) -> Vec<Event> {
    world.read(run).await.expect("it is there").journal
}

/// A run that was driven to where it waits for a person.
async fn park(world: &Arc<World>) -> (Embedded, RunId, Standing) {
    let engine = engine(world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    match engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven") {
        Driven::Parked(standing) => (engine, run, standing),
        Driven::Ended(ending) => panic!("it has ended: {ending:?}"),
    }
}

/// What a person says of an attempt is not taken for a word on the next one.
#[tokio::test(start_paused = true)]
async fn a_word_is_about_the_attempt_that_it_was_said_of() {
    let world = World::new(&[&["shout", "shout"], &[]], None);
    world.fault("shout", &[Fault::RequestLost, Fault::RequestLost]);
    let (engine, run, standing) = park(&world).await;
    assert_eq!(standing, Standing::NeedsAttention);
    for index in 0..2 {
        let said = Said::Resolve(Resolution::Redo);
        world.ask(&run, Intervention::Decide { call: CallId { turn: 1, index }, by: "dana".into(), said });
    }
    let driven = engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven");
    assert_eq!(driven, Driven::Parked(Standing::NeedsAttention), "both are asked about again");
    assert_eq!(world.vendors(), Vec::<String>::new(), "of two words on one attempt, one is taken");
}

/// Two runs of a conversation that want the same, of each of which a person says something, and an engine that dies at any
/// point of doing what was said of the first: the word on the second may find the attempt that the first one led to, left
/// open or in doubt.
#[tokio::test(start_paused = true)]
async fn a_word_that_finds_another_attempt_left_behind_leads_to_a_question_at_most() {
    let done = Resolution::Done { receipt: Receipt { id: "m1".into(), kind: "message".into(), url: None } };
    for word in [done, Resolution::Redo, Resolution::Drop] {
        let mut asked_again = 0;
        for die_at in 0.. {
            let world = World::new(&[&["shout"], &[]], Some(die_at));
            world.fault("shout", &[Fault::RequestLost]);
            let first = engine(&world);
            let redone = async {
                let runs = accept_two(&first).await;
                for run in &runs {
                    let driven = first.drive(run, Park::ForAPerson, pending()).await.expect("driven");
                    assert_eq!(driven, Driven::Parked(Standing::NeedsAttention));
                }
                world.ask(&runs[0], decide(Said::Resolve(Resolution::Redo)));
                world.ask(&runs[1], decide(Said::Resolve(word.clone())));
                first.drive(&runs[0], Park::ForAPerson, pending()).await.expect("driven");
            };
            tokio::select! { () = redone => break, () = world.died() => {} }
            drop(first);
            let second = engine(&world);
            for run in accept_two(&second).await.iter().rev() {
                let driven = async || second.drive(run, Park::ForAPerson, pending()).await.expect("driven");
                let mut then = driven().await;
                if then == Driven::Parked(Standing::NeedsAttention) {
                    asked_again += 1;
                    world.ask(run, decide(Said::Resolve(Resolution::Drop)));
                    then = driven().await;
                }
                assert!(matches!(then, Driven::Ended(_)), "{word:?}, died at {die_at}: {then:?}");
            }
            assert!(world.vendors().len() <= 1, "{word:?}, died at {die_at}: {:?}", world.vendors());
        }
        assert!(asked_again > 0, "{word:?}: some attempts are left open by who died");
    }
}

/// The same word said twice, of which the second is seen only after the attempt that the first one led to.
#[tokio::test(start_paused = true)]
async fn a_word_said_before_an_attempt_is_not_taken_for_one_on_it() {
    let world = World::new(&[&["shout"], &[]], None);
    world.fault("shout", &[Fault::RequestLost, Fault::RequestLost]);
    world.slow(Slow { works_ms: 1_000, ..Slow::default() });
    let (engine, run, _) = park(&world).await;
    let said_at = Clock::now(&*world);
    let redo = || decide(Said::Resolve(Resolution::Redo));
    for known in [true, false, true] {
        if known {
            world.ask(&run, redo());
        } else {
            world.ask_at(said_at, &run, redo());
        }
        let driven = engine.drive(&run, Park::ForAPerson, pending()).await.expect("driven");
        let done = world.vendors() == ["shout"];
        assert_eq!(matches!(driven, Driven::Ended(_)), done);
        assert_eq!(world.open_questions(), 0);
    }
    let attempts =
        journal(&world, &run).await.iter().filter(|event| matches!(event.kind, Kind::Attempted { .. })).count();
    assert_eq!((attempts, world.vendors()), (3, vec!["shout".to_owned()]));
}

/// The hour holds for what was begun and not sent, and for what would be sent again; not for what is done.
#[tokio::test(start_paused = true)]
async fn an_hour_holds_for_all_that_is_still_to_be_sent() {
    for die_at in 0.. {
        let world = World::new(&[&["upsert"], &[]], Some(die_at));
        let first = engine(&world);
        let (run, _) = first.accept(&accept()).await.expect("accepted");
        tokio::select! {
            driven = first.drive(&run, Park::Anywhere, pending()) => {
                assert!(matches!(driven, Ok(Driven::Ended(_))));
                return;
            }
            () = world.died() => {}
        }
        drop(first);
        let unsent = world.vendors().is_empty();
        let timing = Timing { after_call_ms: Some(60 * 60 * 1000), ..Timing::default() };
        world.set_terms("upsert", Some(Terms::default().held_by(Some(timing), None)));
        let driven = engine(&world).drive(&run, Park::Anywhere, pending()).await.expect("driven");
        let sleeps = matches!(driven, Driven::Parked(Standing::Sleeping { .. }));
        assert!(sleeps || !unsent, "died at {die_at}: {driven:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_sleeps_to_its_hour_in_the_records_and_others_overtake_it() {
    let world = World::new(&[&["send", "upsert"], &[]], None);
    let after_call_ms = 3 * 24 * 60 * 60 * 1000;
    world.set_terms(
        "send",
        Some(Terms::default().held_by(Some(Timing { after_call_ms: Some(after_call_ms), ..Timing::default() }), None)),
    );
    let engine = Arc::new(engine(&world));
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    // It has gone to sleep once before, in an engine of an older version, whose records don't say until when.
    let driven = engine.drive(&run, Park::Anywhere, pending()).await.expect("driven");
    assert!(matches!(driven, Driven::Parked(Standing::Sleeping { .. })), "{driven:?}");
    world.forget_standings();
    let room = Room { runs_max: 1, waiting_max: 1, weight: std::num::NonZeroU32::MIN };
    let tenants = [("acme".parse().expect("a name"), room)].into();
    let dispatcher = Dispatcher::new(Arc::clone(&engine), room, tenants, None);
    dispatcher.resume().await.expect("resumed");
    let mut work = std::pin::pin!(dispatcher.work(pending()));
    let parked = async {
        while dispatcher.load().running > 0 || dispatcher.load().waiting > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { _ = &mut work => unreachable!("it doesn't end"), () = parked => {} }
    assert_eq!(world.vendors(), ["upsert"]);
    assert!(!dispatcher.knows(&run), "a run that sleeps is in no memory");
    let ended = async {
        while Run::replay(journal(&world, &run).await).expect("it fits").ending().is_none() {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        }
    };
    tokio::select! { _ = &mut work => unreachable!("it doesn't end"), () = ended => {} }
    assert_eq!(world.vendors(), ["upsert", "send"]);
    let began = journal(&world, &run).await.into_iter().find_map(|event| match event.kind {
        Kind::Attempted { outcome, call: CALL, .. } => Some(outcome.began_at.as_millis()),
        _ => None,
    });
    let late = began.expect("it was tried") - after_call_ms;
    assert!(late < 60_000, "{late} ms late");
    let ending = Run::replay(journal(&world, &run).await).expect("it fits").ending().cloned();
    assert_eq!(ending.expect("it has").as_str(), "completed", "the days that it slept are not of its wall time");
}

/// The run sleeps in the records, and takes none of its wall time; whoever wants it to end has not to wait.
#[tokio::test(start_paused = true)]
async fn a_turn_for_which_the_tenants_day_has_nothing_left_waits_for_the_next_one() {
    for (is_cancelled, ending, asks) in [(false, "completed", 2), (true, "cancelled", 0)] {
        let world = World::new(&[&["send"], &[]], None);
        world.use_up_the_day();
        let engine = engine(&world);
        let (run, _) = engine.accept(&accept()).await.expect("accepted");
        let driven = engine.drive(&run, Park::Anywhere, pending()).await.expect("driven");
        let until = Timestamp::from_millis(DAY_MS);
        assert_eq!((driven, world.asks()), (Driven::Parked(Standing::Sleeping { until }), 0));
        if is_cancelled {
            world.ask(&run, Intervention::Cancel { reason: "enough".into() });
        } else {
            tokio::time::sleep(Duration::from_millis(DAY_MS)).await;
        }
        let ended = drive(&engine, &run, pending()).await.expect("driven");
        assert_eq!((ended.as_str(), world.asks()), (ending, asks));
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_no_call_bears_out_is_asked_about_once() {
    let sent = "I've sent the caller a text message with the address.";
    for (account, ending, asks) in [(sent, "unproven", 2), ("Nothing was to be done.", "completed", 1)] {
        let world = World::new(&[&[], &[]], None);
        world.set_account(account);
        let accept = {
            let mut accept = accept();
            if let Kind::Started(pins) = &mut accept.first.kind {
                pins.tools.push(pinned("send_sms", Effect::Once, true).into());
            }
            accept
        };
        let engine = engine(&world);
        let (run, _) = engine.accept(&accept).await.expect("accepted");
        let ended = drive(&engine, &run, pending()).await.expect("driven");
        assert_eq!((ended.as_str(), world.asks()), (ending, asks), "{account}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_driven_once_at_a_time() {
    let world = World::new(&[&["send"], &[]], None);
    let engine = engine(&world);
    let (run, _) = engine.accept(&accept()).await.expect("accepted");
    let (first, second) = tokio::join!(drive(&engine, &run, pending()), drive(&engine, &run, pending()));
    assert_eq!(first.expect("driven").as_str(), "completed");
    assert!(matches!(second, Err(Error::UnderWay)));
}

/// What is in flight when a run is to end is awaited. What the engine had not begun by then when it died, none begins.
#[tokio::test(start_paused = true)]
async fn nothing_begins_after_a_restart_of_a_run_that_is_to_end() {
    let world = World::new(&[&["shout"], &[]], None);
    world.slow(Slow { begins_ms: [10_000].into(), ..Slow::default() });
    let first = engine(&world);
    let (run, _) = first.accept(&accept()).await.expect("accepted");
    let second = std::time::Duration::from_secs(1);
    let cancel = async {
        tokio::time::sleep(second).await;
        "enough".to_owned()
    };
    let died = tokio::time::timeout(2 * second, first.drive(&run, Park::Anywhere, cancel)).await;
    assert!(died.is_err(), "its attempt is on its way to the ledger");
    let ended = drive(&engine(&world), &run, pending()).await.expect("driven");
    assert_eq!((ended.as_str(), world.vendors()), ("cancelled", Vec::new()));
}
