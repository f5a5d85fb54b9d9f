//! Times to wait for, across restarts.

use aftercall_core::{
    model::{Failure, FailureKind},
    terms::Terms,
    time::Timestamp,
    timing::Timing,
};

use super::lives::{Lives, demand_at};
use crate::{
    Broken, Engines,
    broken::{Held, demand_eq},
    stage::Stage,
    world::{Fault, World},
};

/// After how many moments the instant comes.
const MOMENTS: u64 = 12;

/// What is to be done at an instant is done at that instant, not before it and not later for a restart; if no process lives
/// then, it is done at once when one does.
pub(super) async fn a_timed_attempt_keeps_its_instant(engines: &dyn Engines) -> Held {
    for lives in Lives::ALL {
        let mut stage = Stage::new(engines).await;
        let after_call_ms = Some(stage.world.moments(MOMENTS));
        let timing = Timing { after_call_ms, ..Timing::default() };
        stage.world.grant("send", Terms::default().held_by(Some(timing), None));
        let first = |world: &World| world.arrivals("send").first().copied();
        let waited = wait(&mut stage, lives, &["send 1", "upsert 1"], first).await;
        waited.map_err(|broken| broken.within(format!("{lives:?}")))?;
        stage.has_made(&["send 1", "upsert 1"])?;
    }
    Ok(())
}

/// A pause after a failure, of a tool or of the model, is as long as it was to be, whatever restarts come between.
pub(super) async fn a_pause_keeps_its_instant(engines: &dyn Engines) -> Held {
    for lives in Lives::ALL {
        let within = |broken: Broken| broken.within(format!("{lives:?}"));
        let mut stage = Stage::new(engines).await;
        stage.world.fault("upsert", &[Fault::Busy { moments: MOMENTS }]);
        let second = |world: &World| world.arrivals("upsert").get(1).copied();
        wait(&mut stage, lives, &["upsert 1"], second).await.map_err(within)?;
        stage.has_made(&["upsert 1"])?;

        let mut stage = Stage::new(engines).await;
        let (kind, retry_after_ms) = (FailureKind::RateLimited, Some(stage.world.moments(MOMENTS)));
        stage.world.model_fails([Failure { kind, message: "429".to_owned(), retry_after_ms }]);
        let second = |world: &World| world.asks().get(1).copied();
        wait(&mut stage, lives, &["upsert 1"], second).await.map_err(within)?;
        stage.has_made(&["upsert 1"])?;
    }
    Ok(())
}

/// Lets a run wait for an instant. `happened` tells when what it waits for happened.
async fn wait(stage: &mut Stage, lives: Lives, line: &[&str], happened: impl Fn(&World) -> Option<Timestamp>) -> Held {
    let call = stage.world.call("acme", "c1", 0, &[line, &[]]);
    stage.start().await;
    stage.submit(&call).await?;
    let instant = call.at.plus_ms(stage.world.moments(MOMENTS));
    let instant = lives.live(stage, instant).await?;
    let told = stage.ended(&call.identity.run()).await?;
    let at = happened(&stage.world).ok_or_else(|| Broken::new("what it waited for never happened"))?;
    demand_at(stage, "it was done", at, instant)?;
    demand_eq("the outcome", told.outcome(), "completed")?;
    stage.tells_truly(&[&told])
}
