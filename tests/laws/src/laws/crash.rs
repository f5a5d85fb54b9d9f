//! A process that dies.

use aftercall_core::{
    model::{Failure, FailureKind},
    ports::Accept,
};

use crate::{
    Broken, Engines,
    broken::{Held, demand, demand_eq},
    stage::{Stage, Told},
    world::Fault,
};

/// Fewest points of a story: one with fewer would show nothing.
const POINTS_MIN: u64 = 20;

/// A run, and what must come of it.
pub(super) struct Story {
    name: &'static str,
    lines: &'static [&'static [&'static str]],
    faults: &'static [(&'static str, &'static [Fault])],
    /// Whether the model can't be reached at first.
    model_fails: bool,
    pub(super) makes: &'static [&'static str],
}

const STORIES: [Story; 2] = [
    Story {
        name: "busy vendors and a busy model",
        lines: &[&["upsert 1", "send 1"], &[]],
        faults: &[("upsert", &[Fault::Busy { moments: 1 }]), ("send", &[Fault::Busy { moments: 2 }])],
        model_fails: true,
        makes: &["upsert 1", "send 1"],
    },
    Story {
        name: "the same effect, asked for again",
        lines: &[&["look 1", "look 2", "send 1", "upsert 1", "send 1"], &["send 1"], &[]],
        faults: &[],
        model_fails: false,
        makes: &["upsert 1", "send 1"],
    },
];

pub(super) const DOUBTFUL: [Story; 2] = [
    Story {
        name: "lost answers",
        lines: &[&["upsert 1", "send 1"], &[]],
        faults: &[("upsert", &[Fault::AnswerLost]), ("send", &[Fault::AnswerLost])],
        model_fails: false,
        makes: &["upsert 1", "send 1"],
    },
    Story {
        name: "lost requests",
        lines: &[&["upsert 1", "send 1"], &[]],
        faults: &[("upsert", &[Fault::RequestLost]), ("send", &[Fault::RequestLost])],
        model_fails: false,
        makes: &["upsert 1", "send 1"],
    },
];

/// Whichever point a process dies at, before or after what it does there took effect, the run ends as it would have without
/// that, tells the same, and each effect has come about once.
pub(super) async fn a_crash_at_any_point_changes_nothing(engines: &dyn Engines) -> Held {
    each_death(engines, &STORIES).await
}

/// What may have happened is settled before anything else is done about it: a `once` effect in doubt is never repeated
/// before its vendor has said that it did not happen, also if processes die at any point of it.
pub(super) async fn a_doubt_is_settled_and_never_repeated_blindly(engines: &dyn Engines) -> Held {
    each_death(engines, &DOUBTFUL).await
}

/// A process that dies again and again, each time after a few more points, changes nothing either.
pub(super) async fn crashes_one_after_another_change_nothing(engines: &dyn Engines) -> Held {
    // With fewer points in a life, none comes as far as to what it could go on with.
    for points in [14, 16, 19, 23, 29] {
        let (mut stage, call) = DOUBTFUL[0].begin(engines).await;
        let within = |broken: Broken| broken.within(format!("processes die every {points} points"));
        let run = call.identity.run();
        let mut taken = false;
        let told = loop {
            stage.kill().await;
            stage.world.stop_at(stage.world.points() + points);
            if !taken {
                taken = stage.start_and_submit(&call).await.map_err(within)?;
            } else {
                stage.start().await;
            }
            if !taken {
                continue;
            }
            demand(stage.world.points() < 5_000, || "it never ends".to_owned()).map_err(within)?;
            if let Some(told) = stage.has_ended_unless_stopped(&run).await.map_err(within)? {
                break told;
            }
        };
        DOUBTFUL[0].is_told(&stage, &told).map_err(within)?;
    }
    Ok(())
}

async fn each_death(engines: &dyn Engines, stories: &[Story]) -> Held {
    for story in stories {
        let (calm, _) = story.play(engines, None).await.map_err(|broken| broken.within(story.name))?;
        for point in 0.. {
            let within = |broken: Broken| broken.within(format!("{}, killed at point {point}", story.name));
            let (told, reached) = story.play(engines, Some(point)).await.map_err(within)?;
            demand_eq("how it ended", told.run.ending(), calm.run.ending()).map_err(within)?;
            if !reached {
                demand(point >= POINTS_MIN, || format!("{} has {point} points alone", story.name))?;
                break;
            }
        }
    }
    Ok(())
}

impl Story {
    /// An engine without a process, and the call.
    pub(super) async fn begin(&self, engines: &dyn Engines) -> (Stage, Accept) {
        let stage = Stage::new(engines).await;
        for (tool, faults) in self.faults {
            stage.world.fault(tool, faults);
        }
        if self.model_fails {
            let retry_after_ms = Some(stage.world.moments(1));
            let message = "429".to_owned();
            stage.world.model_fails([Failure { kind: FailureKind::RateLimited, message, retry_after_ms }]);
        }
        let call = stage.world.call("acme", "c1", 0, self.lines);
        (stage, call)
    }

    /// Lets the run happen. Its process dies at that point, and another goes on. Says whether it came to the point.
    async fn play(&self, engines: &dyn Engines, die_at: Option<u64>) -> Held<(Told, bool)> {
        let (mut stage, call) = self.begin(engines).await;
        let run = call.identity.run();
        if let Some(point) = die_at {
            stage.world.stop_at(point);
        }
        let taken = stage.start_and_submit(&call).await?;
        let ended = if taken { stage.has_ended_unless_stopped(&run).await? } else { None };
        let reached = ended.is_none();
        let told = match ended {
            Some(told) => told,
            None => {
                stage.restart().await;
                if !taken {
                    stage.submit(&call).await?;
                }
                stage.ended(&run).await?
            }
        };
        self.is_told(&stage, &told)?;
        Ok((told, reached))
    }

    /// What must have come of it has.
    pub(super) fn is_told(&self, stage: &Stage, told: &Told) -> Held {
        stage.has_made(self.makes)?;
        stage.tells_truly(&[told])?;
        demand_eq("the outcome", told.outcome(), "completed")
    }
}
