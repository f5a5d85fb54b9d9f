//! Drives runs: starts what the run machine wants done, journals what happened, and does it again after a
//! crash from where the journal ends.
//!
//! The engine decides nothing about a run: the machine in `aftercall_core::run` does. It decides nothing
//! about an effect either: the ledger does, inside the step. What it refuses: to keep state of its own that
//! matters, to repeat a step that the journal has, to begin anything under a fence that is no longer its own.

mod clock;
mod dispatch;
mod drive;
mod embedded;
mod schemas;
mod step;
#[cfg(test)]
mod tests;
mod trying;

pub use dispatch::{Dispatcher, Full, Load, Place, Room};
pub use drive::PARKED_MS_MIN;
pub use embedded::{Driven, Embedded, Error, Observer, Park, Ports};
