//! A process that was taken for dead, and wakes up.

use super::crash::{DOUBTFUL, Story};
use crate::{
    Broken, Engines,
    broken::{Held, demand_eq},
    stage::{Alive, Stage},
};

/// A process that stood still at any point while another took over writes nothing any more when it goes on, whether at once
/// or after all is over: no event, no beginning of an effect, no change of one. Nothing is done twice, and a call that it
/// is offered then is done once or refused.
pub(super) async fn a_zombie_writes_nothing(engines: &dyn Engines) -> Held {
    for wakes_at_once in [true, false] {
        for point in 0.. {
            let wakes = if wakes_at_once { "at once" } else { "after the end" };
            let within = |broken: Broken| broken.within(format!("a zombie from point {point} wakes up {wakes}"));
            if !haunt(engines, &DOUBTFUL[0], point, wakes_at_once).await.map_err(within)? {
                break;
            }
        }
    }
    Ok(())
}

/// Says whether the process came to the point.
async fn haunt(engines: &dyn Engines, story: &Story, point: u64, wakes_at_once: bool) -> Held<bool> {
    let (mut stage, call) = story.begin(engines).await;
    let run = call.identity.run();
    stage.world.stop_at(point);
    let taken = stage.start_and_submit(&call).await?;
    if taken && stage.has_ended_unless_stopped(&run).await?.is_some() {
        return Ok(false);
    }
    let zombie = stage.start().await.expect("it lingers");
    if wakes_at_once {
        zombie.life.thaw();
    }
    if !taken {
        stage.submit(&call).await?;
    }
    let told = stage.ended(&run).await?;
    zombie.life.thaw();
    stage.pass(3).await;
    story.is_told(&stage, &told)?;
    demand_eq("the journal after the zombie woke up", stage.read(&run).await?.journal, told.journal)?;
    offer(&stage, &zombie).await?;
    zombie.life.die();
    zombie.process.kill().await;
    stage.verdict()?;
    Ok(true)
}

/// Offers the zombie a call. If it doesn't take it, it comes to the other process.
async fn offer(stage: &Stage, zombie: &Alive) -> Held {
    let call = stage.world.call("acme", "c2", 0, &[&["send 2"], &[]]);
    if zombie.process.submit(&call).await.is_err() {
        stage.submit(&call).await?;
    }
    let told = stage.ended(&call.identity.run()).await?;
    demand_eq("the outcome of a call that the zombie was offered", told.outcome(), "completed")?;
    let sent = stage.world.made().iter().filter(|what| *what == "send 2").count();
    demand_eq("times that its effect came about", sent, 1)
}
