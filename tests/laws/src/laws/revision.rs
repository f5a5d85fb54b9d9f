//! A conversation that is looked at again.

use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::Stage,
    world::Fault,
};

/// A revision shares the ledger of its conversation: what an earlier one did is known, with its receipt, and not done again;
/// with other arguments it is a conflict, of which the model is told; only what is new is done.
pub(super) async fn a_revision_shares_the_ledger(engines: &dyn Engines) -> Held {
    for restarts in [false, true] {
        let mut stage = Stage::new(engines).await;
        stage.start().await;
        let first = stage.world.call("acme", "c1", 0, &[&["send 1 hello", "upsert 1"], &[]]);
        stage.submit(&first).await?;
        let first = stage.ended(&first.identity.run()).await?;
        if restarts {
            stage.restart().await;
        }
        let lines: [&[&str]; 4] = [&["send 1 hello", "upsert 1"], &["send 1 bye"], &["send 2 more"], &[]];
        let second = stage.world.call("acme", "c1", 1, &lines);
        stage.submit(&second).await?;
        let run = second.identity.run();
        let second = stage.ended(&run).await?;
        let told = stage.world.told(&run);
        demand_eq("turns that the model was told of", told.len(), 3)?;
        for (result, wanted) in [
            (&told[0][0], ["\"ok\":true", "send 1"]),
            (&told[0][1], ["\"ok\":true", "upsert 1"]),
            (&told[1][0], ["\"ok\":false", "conflict"]),
            (&told[2][0], ["\"ok\":true", "send 2"]),
        ] {
            let says = wanted.iter().all(|words| result.contains(words));
            demand(says, || format!("the model is told {result}, without {wanted:?}"))?;
        }
        demand_eq("requests to send that left", stage.world.arrivals("send").len(), 2)?;
        demand_eq("requests to upsert that left", stage.world.arrivals("upsert").len(), 1)?;
        stage.has_made(&["send 1", "send 2", "upsert 1"])?;
        demand_eq("the outcomes", [first.outcome(), second.outcome()], ["completed"; 2])?;
        stage.tells_truly(&[&first, &second])?;
    }
    Ok(())
}

/// Two revisions that want the same effect at the same time get it once, and both tell it, whatever its vendor does.
pub(super) async fn revisions_side_by_side_do_one_effect_once(engines: &dyn Engines) -> Held {
    for faults in [&[][..], &[Fault::RequestLost], &[Fault::AnswerLost], &[Fault::Busy { moments: 1 }]] {
        for parts in [None, Some(8), Some(2)] {
            let within = |broken: Broken| broken.within(format!("{faults:?}, {parts:?}"));
            let mut stage = Stage::new(engines).await;
            stage.world.fault("send", faults);
            stage.world.tools_take(parts.map_or(0, |parts| stage.world.part_of_a_moment(parts)));
            stage.start().await;
            let runs = [0, 1].map(|revision| stage.world.call("acme", "c1", revision, &[&["send 1"], &[]]));
            for call in &runs {
                stage.submit(call).await?;
            }
            let [first, second] = &runs;
            let first = stage.ended(&first.identity.run()).await.map_err(within)?;
            let second = stage.ended(&second.identity.run()).await.map_err(within)?;
            stage.has_made(&["send 1"]).map_err(within)?;
            demand_eq("the outcomes", [first.outcome(), second.outcome()], ["completed"; 2]).map_err(within)?;
            for told in [&first, &second] {
                stage.tells_truly(&[told]).map_err(within)?;
            }
        }
    }
    Ok(())
}
