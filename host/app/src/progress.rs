//! Runs, told on a terminal as they happen.

use std::io::{Write as _, stderr};

use aftercall_core::{
    id::RunId,
    run::{Event, Kind, Run},
    timeline,
};
use aftercall_engine::Observer;

use crate::story;

/// Tells each moment on standard error as soon as it is durable.
pub struct Progress;

impl Observer for Progress {
    fn happened(&self, _: &RunId, event: &Event, state: &Run) {
        let mut err = stderr().lock();
        for line in timeline::after(event, state).iter().flat_map(story::lines) {
            // Nobody reads along any more: the run goes on all the same.
            let _ = writeln!(err, "{line}");
        }
    }
}

/// Tells nothing.
pub struct Silence;

impl Observer for Silence {
    fn happened(&self, _: &RunId, _: &Event, _: &Run) {}
}

/// Tells how runs begin and end, without a word of what was said.
pub struct Trace;

impl Observer for Trace {
    fn happened(&self, run: &RunId, event: &Event, state: &Run) {
        if matches!(event.kind, Kind::Started(_)) {
            tracing::info!(%run, "begun");
        }
        if let Some(ending) = state.ending() {
            tracing::info!(%run, outcome = ending.as_str(), "ended");
        }
    }
}
