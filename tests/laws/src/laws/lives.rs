//! What becomes of processes while a run waits for an instant.

use aftercall_core::time::Timestamp;

use crate::{
    broken::{Held, demand},
    stage::Stage,
};

/// What becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lives {
    /// The process lives on.
    On,
    /// It is killed and started anew every other moment.
    AnewEachTime,
    /// It ends in good order and is started anew, every other moment.
    Orderly,
    /// It is killed, and none lives at the instant.
    Down,
}

impl Lives {
    pub(super) const ALL: [Self; 4] = [Self::On, Self::AnewEachTime, Self::Orderly, Self::Down];

    /// Lets processes live until that instant. Gives when something can first be done at it: then, or once a process lives.
    pub(super) async fn live(self, stage: &mut Stage, until: Timestamp) -> Held<Timestamp> {
        let moment = stage.world.moments(1);
        match self {
            Self::On => {}
            Self::AnewEachTime | Self::Orderly => {
                while until.ms_since(stage.world.now()) > 3 * moment {
                    stage.pass(2).await;
                    if self == Self::Orderly {
                        stage.stop().await;
                    }
                    stage.restart().await;
                }
            }
            Self::Down => {
                stage.pass(3).await;
                stage.kill().await;
                stage.pass_until(until.plus_ms(4 * moment)).await;
                stage.start().await;
                return Ok(stage.world.now());
            }
        }
        Ok(until)
    }
}

/// Demands that something happened at an instant, or within a moment after it.
pub(super) fn demand_at(stage: &Stage, what: &str, happened: Timestamp, instant: Timestamp) -> Held {
    let moment = stage.world.moments(1);
    demand(happened >= instant, || format!("{what} {} ms too early", instant.ms_since(happened)))?;
    let late = happened.ms_since(instant);
    demand(late <= moment, || format!("{what} {late} ms too late, and a moment has {moment} ms"))
}
