//! Where a run stands, for those who have many: whether it has to be in memory at all.

use crate::{
    run::{Command, Run, Timer},
    time::Timestamp,
};

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Something of it is under way, or may begin.
    Working,
    /// Nothing is to be done for it before that instant.
    Sleeping {
        /// The instant.
        until: Timestamp,
    },
    /// A person is asked whether a call may be made. Nothing else is to be done for it before that instant.
    AwaitsApproval {
        /// The instant, at which the question may have expired.
        until: Timestamp,
    },
    /// Its work is over, but for an effect that may or may not have happened: a person must look.
    NeedsAttention,
    /// It is over.
    Ended,
}

impl Standing {
    /// When something is to be done for it, unless a person says something before. None: nothing ever.
    pub const fn wake_at(self) -> Option<Timestamp> {
        match self {
            Standing::Working => Some(Timestamp::from_millis(0)),
            Standing::Sleeping { until } | Standing::AwaitsApproval { until } => Some(until),
            Standing::NeedsAttention | Standing::Ended => None,
        }
    }

    /// The one word that lists and programs use, where the run's ending gives none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Standing::Working => "under-way",
            Standing::Sleeping { .. } => "sleeping",
            Standing::AwaitsApproval { .. } => "awaits-approval",
            Standing::NeedsAttention => "needs-attention",
            Standing::Ended => "ended",
        }
    }

    /// Whether a person is waited for.
    pub const fn is_for_a_person(self) -> bool {
        matches!(self, Standing::AwaitsApproval { .. } | Standing::NeedsAttention)
    }
}

impl Run {
    /// Where it stands.
    pub fn standing(&self) -> Standing {
        if self.ending().is_some() {
            return Standing::Ended;
        }
        if self.attending().is_some() && self.next().is_empty() {
            return Standing::NeedsAttention;
        }
        let mut wake_at = None;
        let mut awaits_approval = false;
        for command in self.next() {
            let Command::Wait { timer, until } = command else { return Standing::Working };
            awaits_approval |= matches!(timer, Timer::Approval { .. });
            wake_at = Some(wake_at.map_or(until, |earliest: Timestamp| earliest.min(until)));
        }
        match wake_at {
            None => Standing::Working,
            Some(until) if awaits_approval => Standing::AwaitsApproval { until },
            Some(until) => Standing::Sleeping { until },
        }
    }
}
