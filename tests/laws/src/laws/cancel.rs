//! A person wants a run to end.

use aftercall_core::run::Ending;

use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::{Stage, Told},
    world::Fault,
};

/// What a run does that is cancelled, and how its vendors fail.
struct Story {
    lines: &'static [&'static [&'static str]],
    faults: &'static [(&'static str, &'static [Fault])],
    makes: &'static [&'static str],
}

const STORIES: [Story; 2] = [
    Story {
        lines: &[&["look 1", "upsert 1"], &["send 1", "send 2"], &[]],
        faults: &[],
        makes: &["send 1", "send 2", "upsert 1"],
    },
    Story {
        lines: &[&["send 1", "send 2"], &[]],
        faults: &[("send", &[Fault::AnswerLost, Fault::Busy { moments: 2 }, Fault::RequestLost])],
        makes: &["send 1", "send 2"],
    },
];

/// Whenever a run is cancelled, nothing new begins: no question to the model, no effect. What is in flight is awaited, what
/// is in doubt settled, and then it ends as `cancelled` and tells the effects that came about; or as `completed`, if all
/// had been done before.
pub(super) async fn a_cancel_at_any_point_ends_the_run(engines: &dyn Engines) -> Held {
    at_each_point(engines, false).await
}

/// The same if the process dies right after the word was left, and another finds it.
pub(super) async fn a_cancel_survives_a_crash_at_any_point(engines: &dyn Engines) -> Held {
    at_each_point(engines, true).await
}

async fn at_each_point(engines: &dyn Engines, dies: bool) -> Held {
    for (number, story) in STORIES.iter().enumerate() {
        for point in 0.. {
            let within = |broken: Broken| broken.within(format!("story {number}, cancelled at point {point}"));
            if !story.cancel(engines, point, dies).await.map_err(within)? {
                break;
            }
        }
    }
    Ok(())
}

impl Story {
    /// Says whether the process came to the point.
    async fn cancel(&self, engines: &dyn Engines, point: u64, dies: bool) -> Held<bool> {
        let mut stage = Stage::new(engines).await;
        for (tool, faults) in self.faults {
            stage.world.fault(tool, faults);
        }
        let call = stage.world.call("acme", "c1", 0, self.lines);
        let run = call.identity.run();
        stage.world.stop_at(point);
        if !stage.start_and_submit(&call).await? {
            // There is no run yet that anybody knows of.
            return Ok(true);
        }
        if stage.has_ended_unless_stopped(&run).await?.is_some() {
            return Ok(false);
        }
        let before = Begun::of(&stage);
        stage.cancel(&run).await;
        if dies {
            stage.restart().await;
        } else {
            stage.alive().life.thaw();
        }
        let told = stage.ended(&run).await?;
        stage.pass(3).await;
        let after = Begun::of(&stage);
        // What is about to begin at this very instant may, and what is in doubt may be settled by repeating it.
        let most_asks = before.asks + u32::from(!dies);
        demand(after.writes <= before.writes + 1 && after.asks <= most_asks, || {
            format!("it goes on after that: {before:?} became {after:?}")
        })?;
        self.is_told(&stage, &told)?;
        Ok(true)
    }

    fn is_told(&self, stage: &Stage, told: &Told) -> Held {
        stage.tells_truly(&[told])?;
        if told.outcome() == "completed" {
            return stage.has_made(self.makes);
        }
        let reason = "a person asked".to_owned();
        demand_eq("how it ended", told.run.ending(), Some(&Ending::Cancelled { reason }))
    }
}

/// How much has begun.
#[derive(Debug)]
struct Begun {
    writes: u32,
    asks: u32,
}

impl Begun {
    fn of(stage: &Stage) -> Self {
        let count = |count: usize| u32::try_from(count).expect("a story is short");
        let tools = ["upsert", "send"];
        let writes = tools.iter().map(|tool| stage.world.arrivals(tool).len()).sum();
        Self { writes: count(writes), asks: count(stage.world.asks().len()) }
    }
}
