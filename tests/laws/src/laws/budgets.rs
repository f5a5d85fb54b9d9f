//! Runs that may not cost more than so much.

use aftercall_core::assistant::Budgets;

use super::lives::{Lives, demand_at};
use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::Stage,
    world::{Fault, pins},
};

/// A run that has used up its turns, its tool calls or its tokens goes no further, ends as `budget-exhausted` and never as
/// `completed`, and tells what it did; a restart gives it nothing back.
pub(super) async fn a_budget_that_runs_out_is_no_success(engines: &dyn Engines) -> Held {
    let lines: [&[&str]; 4] = [&["upsert 1", "upsert 2"], &["send 1", "send 2"], &["send 3"], &[]];
    for (budgets, asks, makes) in [
        (Budgets { turns_max: 2, ..Budgets::default() }, 2, &["send 1", "send 2", "upsert 1", "upsert 2"][..]),
        (Budgets { tool_calls_max: 3, ..Budgets::default() }, 2, &["send 1", "upsert 1", "upsert 2"]),
        (Budgets { tokens_max: 120, ..Budgets::default() }, 1, &["upsert 1", "upsert 2"]),
    ] {
        for restarts in [false, true] {
            let within = |broken: Broken| broken.within(format!("{budgets:?}"));
            let mut stage = Stage::new(engines).await;
            stage.world.tools_take(stage.world.part_of_a_moment(2));
            let mut call = stage.world.call("acme", "c1", 0, &lines);
            let wall_ms_max = pins(&mut call).budgets.wall_ms_max;
            pins(&mut call).budgets = Budgets { wall_ms_max, ..budgets };
            stage.start().await;
            stage.submit(&call).await?;
            if restarts {
                // After the first effect, in the middle of the second.
                stage.world.pass(stage.world.part_of_a_moment(4) * 3).await;
                stage.restart().await;
            }
            let told = stage.ended(&call.identity.run()).await.map_err(within)?;
            demand_eq("the outcome", told.outcome(), "budget-exhausted").map_err(within)?;
            demand_eq("questions to the model", stage.world.asks().len(), asks).map_err(within)?;
            stage.has_made(makes).map_err(within)?;
            stage.tells_truly(&[&told]).map_err(within)?;
        }
    }
    Ok(())
}

/// A run whose time is over ends at that instant, whatever it waits for and whatever restarts come between; if no process
/// lives then, it asks nobody anything more when one does.
pub(super) async fn a_runs_time_is_over_at_its_instant(engines: &dyn Engines) -> Held {
    for lives in Lives::ALL {
        let within = |broken: Broken| broken.within(format!("{lives:?}"));
        let mut stage = Stage::new(engines).await;
        stage.world.fault("send", &[Fault::Busy { moments: 18 }]);
        let mut call = stage.world.call("acme", "c1", 0, &[&["upsert 1"], &["send 1"], &[]]);
        pins(&mut call).budgets.wall_ms_max = stage.world.moments(12);
        stage.start().await;
        stage.submit(&call).await?;
        let instant = call.at.plus_ms(stage.world.moments(12));
        let instant = lives.live(&mut stage, instant).await?;
        let told = stage.ended(&call.identity.run()).await.map_err(within)?;
        demand_at(&stage, "it ended", told.newest_at(), instant).map_err(within)?;
        demand_eq("the outcome", told.outcome(), "budget-exhausted").map_err(within)?;
        stage.pass(10).await;
        demand(stage.world.asks().len() == 2, || "the model was asked once more".to_owned()).map_err(within)?;
        stage.has_made(&["upsert 1"]).map_err(within)?;
        stage.tells_truly(&[&told]).map_err(within)?;
    }
    Ok(())
}
