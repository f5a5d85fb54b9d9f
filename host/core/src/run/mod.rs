//! The run machine: the post-call processing of one conversation, as a fold over its journal.
//!
//! Events go in, commands come out. [`Run::apply`] takes what happened; [`Run::next`] names everything that
//! is outstanding, each with an id from its place in the journal, and an engine starts what isn't running
//! yet. A live run, a recovery and a test are the same calls in the same order.

mod answer;
mod call;
mod closing;
mod command;
mod ending;
mod event;
mod insights;
mod machine;
mod person;
mod refusal;
mod spent;
mod standing;
#[cfg(test)]
mod tests;
mod waiting;

pub use call::{Call, CallEnd, Open, SETTLE_ROUNDS_MAX, Status, Step, Wait};
pub use command::{Command, CommandId, Timer};
pub use ending::{Budget, Ending, Stop, Why};
pub use event::{Attempt, AttemptResult, CallId, Decline, Event, Found, Kind, PinnedTool, Pins};
pub use machine::{DoneEffect, IllegalHistory, Run, Turn};
pub use person::{ApprovalAsk, Intervention, Resolution, Said};
pub use refusal::{Refusal, is_telephony, words_of};
pub use standing::Standing;
