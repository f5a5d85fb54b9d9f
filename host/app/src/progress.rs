//! Runs, told on a terminal as they happen.

use std::io::{Write as _, stderr};

use aftercall_core::{
    id::RunId,
    run::{Ending, Event, Kind, Run},
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

    fn accepted(&self, _: &RunId, _: &Event) {}
}

/// Tells how runs begin and end, without a word of what was said.
pub struct Trace;

impl Observer for Trace {
    fn happened(&self, run: &RunId, _: &Event, state: &Run) {
        if let Some(ending) = state.ending() {
            tracing::info!(%run, outcome = ending.as_str(), "ended");
        }
    }

    fn accepted(&self, run: &RunId, first: &Event) {
        match &first.kind {
            Kind::Declined(decline) => tracing::info!(%run, outcome = Ending::from(decline.clone()).as_str(), "ended"),
            _ => tracing::info!(%run, "begun"),
        }
    }
}
