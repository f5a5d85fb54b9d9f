//! A call that comes more than once.

use aftercall_core::ports::Acceptance;
use futures::future::join_all;

use crate::{
    Engines,
    broken::{Held, demand_eq},
    stage::Stage,
};

/// How many deliveries of one call come at once.
const DELIVERIES: usize = 12;

/// A call that is submitted twice is one run with one set of effects: at once, while it goes on, after its end, and after
/// a restart.
pub(super) async fn a_call_submitted_twice_is_one_run(engines: &dyn Engines) -> Held {
    let mut stage = Stage::new(engines).await;
    stage.world.tools_take(stage.world.moments(1));
    let call = stage.world.call("acme", "c1", 0, &[&["look 1", "send 1"], &["upsert 1"], &[]]);
    let run = call.identity.run();
    stage.start().await;
    let taken = join_all((0..DELIVERIES).map(|_| stage.submit(&call))).await;
    let taken = taken.into_iter().collect::<Held<Vec<Acceptance>>>()?;
    let new = taken.iter().filter(|acceptance| **acceptance == Acceptance::New).count();
    demand_eq("deliveries that began a run, of those that came at once", new, 1)?;
    stage.pass(1).await;
    let again = stage.submit(&call).await?;
    demand_eq("a delivery while the run goes on", again, Acceptance::Known)?;
    let told = stage.ended(&run).await?;
    for restart in [false, true, true] {
        if restart {
            stage.restart().await;
        }
        let again = stage.submit(&call).await?;
        demand_eq("a delivery after the end", again, Acceptance::Known)?;
        stage.pass(3).await;
    }
    demand_eq("the outcome", told.outcome(), "completed")?;
    demand_eq("the journal after more deliveries", stage.read(&run).await?.journal, told.journal.clone())?;
    demand_eq("questions to the model", stage.world.asks().len(), 3)?;
    stage.has_made(&["send 1", "upsert 1"])?;
    stage.tells_truly(&[&told])
}
