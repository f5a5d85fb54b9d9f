//! Effects that no program can tell of.

use aftercall_core::{
    id::RunId,
    run::{Kind, Resolution, Said},
    tool::Receipt,
};

use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::{Stage, Told},
    world::Fault,
};

fn done() -> Resolution {
    Resolution::Done { receipt: Receipt { id: "shout 1".to_owned(), kind: "thing".into(), url: None } }
}

/// A `once` effect in doubt of which no program can tell is not repeated: the rest goes on, and the run waits, over days and
/// restarts, until a person says what became of it. Done is done, with their receipt; what is to be done again is done
/// once; what is dropped is no success.
pub(super) async fn what_no_program_can_tell_waits_for_a_person(engines: &dyn Engines) -> Held {
    let (lost, unanswered) = (Fault::RequestLost, Fault::AnswerLost);
    for (fault, resolution, outcome, makes) in [
        (unanswered, done(), "completed", &["shout 1", "upsert 1"][..]),
        (lost, Resolution::Redo, "completed", &["shout 1", "upsert 1"]),
        (lost, Resolution::Drop, "failed", &["upsert 1"]),
    ] {
        for restarts in [false, true] {
            let within = |broken: Broken| broken.within(format!("{resolution:?} after {fault:?}"));
            let mut stage = Stage::new(engines).await;
            stage.world.fault("shout", &[fault]);
            let call = stage.world.call("acme", "c1", 0, &[&["shout 1", "upsert 1"], &[]]);
            let run = call.identity.run();
            stage.start().await;
            stage.submit(&call).await?;
            let told = stage.stands(&run, |told| told.needs_attention() || told.has_ended()).await.map_err(within)?;
            demand(told.needs_attention(), || format!("it ended as {}", told.outcome())).map_err(within)?;
            let before = stage.world.made();
            if restarts {
                stage.restart().await;
            }
            stage.pass(5).await;
            demand(before.contains(&"upsert 1".to_owned()), || "the rest doesn't go on".to_owned())?;
            demand_eq("what vendors have while a person is waited for", stage.world.made(), before)?;
            if restarts {
                stage.kill().await;
            }
            stage.decide(&run, 0, Said::Refuse { reason: "this says nothing of it".to_owned() }).await;
            stage.decide(&run, 0, Said::Resolve(resolution.clone())).await;
            if restarts {
                stage.start().await;
            }
            let told = stage.ended(&run).await.map_err(within)?;
            demand_eq("the outcome", told.outcome(), outcome).map_err(within)?;
            stage.has_made(makes).map_err(within)?;
            stage.tells_truly(&[&told]).map_err(within)?;
        }
    }
    Ok(())
}

/// Whichever point a process dies at after a person's word, their word is done, or they are asked once more if a new attempt
/// came into doubt by that; the effect comes about once.
pub(super) async fn a_persons_word_survives_a_crash_at_any_point(engines: &dyn Engines) -> Held {
    for point in 0.. {
        let within = |broken: Broken| broken.within(format!("killed at point {point}"));
        if !settle_and_die(engines, point).await.map_err(within)? {
            break;
        }
    }
    Ok(())
}

/// Says whether the process came to the point.
async fn settle_and_die(engines: &dyn Engines, point: u64) -> Held<bool> {
    let mut stage = Stage::new(engines).await;
    stage.world.fault("shout", &[Fault::RequestLost]);
    let call = stage.world.call("acme", "c1", 0, &[&["shout 1"], &[]]);
    let run = call.identity.run();
    stage.world.stop_at(point);
    let mut reached = stage.submit_whoever_stops(&call).await?;
    let mut said = 0;
    let told = loop {
        let heard = |told: &Told| told.has_ended() || (told.needs_attention() && words(told) == said);
        let (told, stopped) = stage.stands_whoever_stops(&run, heard).await?;
        reached |= stopped;
        if told.has_ended() {
            break told;
        }
        demand(said < 3, || "they are asked again and again".to_owned())?;
        look_and_say(&stage, &run).await;
        said += 1;
    };
    demand_eq("the outcome", told.outcome(), "completed")?;
    stage.has_made(&["shout 1"])?;
    stage.tells_truly(&[&told])?;
    Ok(reached)
}

/// How often a person's word was taken.
fn words(told: &Told) -> usize {
    told.journal.iter().filter(|event| matches!(event.kind, Kind::Decided { .. })).count()
}

/// A person looks at what the vendor has, and says it.
async fn look_and_say(stage: &Stage, run: &RunId) {
    let is_there = stage.world.made().contains(&"shout 1".to_owned());
    let resolution = if is_there { done() } else { Resolution::Redo };
    stage.decide(run, 0, Said::Resolve(resolution)).await;
}
