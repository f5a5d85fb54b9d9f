//! What the machine wants done next.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{run::CallId, time::Timestamp};

/// One thing to be done. It is data, so that any engine can carry it; what it speaks of is in the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Command {
    /// Ask the model.
    Ask {
        /// For which turn, from 1.
        turn: u32,
        /// Which attempt, from 1.
        attempt: u32,
    },
    /// Make an attempt at a tool call. The ledger decides inside the step whether anything is sent.
    Attempt {
        /// Which call.
        call: CallId,
        /// Which attempt of this run, from 1.
        attempt: u32,
    },
    /// Find out whether an effect in doubt happened: from the vendor, or from what a person said.
    Settle {
        /// Which call.
        call: CallId,
        /// Which round, from 1.
        round: u32,
        /// Whether this is the last one: what it can't tell is never to be told.
        last: bool,
    },
    /// Wait, then report that the timer rang.
    Wait {
        /// For what.
        timer: Timer,
        /// Until when.
        until: Timestamp,
    },
}

/// A timer's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Timer {
    /// The end of the run's wall time.
    Deadline,
    /// The pause before an attempt at a model turn, or the time at which the model may be asked.
    Ask {
        /// Which turn.
        turn: u32,
        /// The attempt that comes after it.
        attempt: u32,
    },
    /// The pause before an attempt at a call, or the time at which the tool may act.
    Attempt {
        /// Which call.
        call: CallId,
        /// The attempt that comes after it.
        attempt: u32,
    },
    /// The time within which a person may approve an attempt at a call.
    Approval {
        /// Which call.
        call: CallId,
        /// The attempt that comes after it.
        attempt: u32,
    },
    /// The pause before an effect in doubt is asked about.
    Settle {
        /// Which call.
        call: CallId,
        /// The round that comes after it.
        round: u32,
    },
}

/// A command's stable name, from its place in the journal: the same after any crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommandId(String);

impl Command {
    /// The command's stable name.
    pub fn id(&self) -> CommandId {
        CommandId(match self {
            Command::Ask { turn, attempt } => format!("{turn}/ask/{attempt}"),
            Command::Attempt { call, attempt } => format!("{call}/attempt/{attempt}"),
            Command::Settle { call, round, .. } => format!("{call}/settle/{round}"),
            Command::Wait { timer, .. } => format!("wait/{timer}"),
        })
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Timer::Deadline => f.write_str("deadline"),
            Timer::Ask { turn, attempt } => write!(f, "{turn}/ask/{attempt}"),
            Timer::Attempt { call, attempt } => write!(f, "{call}/attempt/{attempt}"),
            Timer::Approval { call, attempt } => write!(f, "{call}/approval/{attempt}"),
            Timer::Settle { call, round } => write!(f, "{call}/settle/{round}"),
        }
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/call/{}", self.turn, self.index)
    }
}
