//! Many runs, of several tenants.

use aftercall_core::id::RunId;

use crate::{
    Engines,
    broken::{Held, demand, demand_eq},
    stage::{Stage, house},
};

/// How many runs of one tenant wait before another's comes.
const RUSH: usize = 1_000;

/// However many runs of one tenant wait, a run of another that is below its own limit begins after two of them at most.
pub(super) async fn a_rush_of_one_tenant_holds_back_no_other(engines: &dyn Engines) -> Held {
    for restarts in [false, true] {
        let mut stage = Stage::with_house(engines, house(4, &[("calm", 4, 1), ("rush", 4, 1)])).await;
        stage.world.model_takes(stage.world.part_of_a_moment(4));
        stage.start().await;
        let rush = if restarts { RUSH / 10 } else { RUSH };
        submit(&stage, "rush", rush).await?;
        if restarts {
            stage.restart().await;
        }
        // Those that have a place by then have begun.
        stage.world.pass(stage.world.part_of_a_moment(8)).await;
        let before = stage.world.begun().len();
        let call = stage.world.call("calm", "c1", 0, &[&[]]);
        stage.submit(&call).await?;
        let told = stage.ended(&call.identity.run()).await?;
        demand_eq("the outcome", told.outcome(), "completed")?;
        let begun = stage.world.begun();
        let ahead = begun.iter().skip(before).take_while(|tenant| tenant.as_str() == "rush").count();
        demand(ahead <= 2, || format!("{ahead} runs of another tenant began while it waited"))?;
        demand(before + 2 < rush, || "the rush is over before anything is shown".to_owned())?;
    }
    Ok(())
}

/// While runs of two tenants wait, one that weighs three times as much begins three times as many, give or take a turn
/// each, and one run more: of two that begin side by side, either may ask its model first.
pub(super) async fn tenants_have_turns_by_their_weights(engines: &dyn Engines) -> Held {
    let mut stage = Stage::with_house(engines, house(2, &[("heavy", 2, 3), ("light", 2, 1)])).await;
    stage.world.model_takes(stage.world.part_of_a_moment(4));
    stage.start().await;
    submit(&stage, "light", 30).await?;
    submit(&stage, "heavy", 60).await?;
    let before = stage.world.begun().len();
    while stage.world.begun().len() < before + 40 {
        stage.pass(1).await;
        stage.verdict()?;
    }
    let begun = stage.world.begun();
    let (mut heavy, mut light) = (0, 0);
    for tenant in begun.iter().skip(before).take(40) {
        match tenant.as_str() {
            "heavy" => heavy += 1,
            _ => light += 1,
        }
        let fair = heavy <= 3 * (light + 1) + 2 && 3 * light <= heavy + 9;
        demand(fair, || format!("{heavy} runs of weight 3 began beside {light} of weight 1"))?;
    }
    Ok(())
}

/// Never do more runs go on at once than may, of a tenant and of all, also after a restart; and as many do.
pub(super) async fn no_more_runs_at_once_than_may(engines: &dyn Engines) -> Held {
    let mut stage = Stage::with_house(engines, house(3, &[("one", 2, 1), ("other", 3, 1)])).await;
    stage.world.model_takes(stage.world.part_of_a_moment(4));
    stage.world.tools_take(stage.world.part_of_a_moment(8));
    stage.start().await;
    let mut runs = submit(&stage, "one", 12).await?;
    stage.pass(1).await;
    demand_eq("runs at once of a tenant alone", stage.world.most_inside(), 2)?;
    runs.extend(submit(&stage, "other", 12).await?);
    stage.pass(1).await;
    stage.restart().await;
    for run in runs {
        demand_eq("the outcome", stage.ended(&run).await?.outcome(), "completed")?;
    }
    demand_eq("the most runs at once", stage.world.most_inside(), 3)
}

/// Submits so many calls of a tenant. Gives their runs.
async fn submit(stage: &Stage, tenant: &str, count: usize) -> Held<Vec<RunId>> {
    let mut runs = Vec::with_capacity(count);
    for number in 0..count {
        let call = stage.world.call(tenant, &format!("c{number}"), 0, &[&["upsert 1"], &[]]);
        stage.submit(&call).await?;
        runs.push(call.identity.run());
    }
    Ok(runs)
}
