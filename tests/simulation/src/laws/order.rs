//! What goes on side by side within a run.

use std::collections::BTreeMap;

use aftercall_core::{id::RunId, tool::Invocation};

use super::{Found, Law};
use crate::process::ProcessId;

/// The tool calls under way.
pub(crate) struct Order {
    found: Found,
    inside: BTreeMap<(ProcessId, RunId), Calls>,
}

#[derive(Default, Clone, Copy)]
struct Calls {
    reads: u32,
    writes: u32,
}

impl Order {
    pub(super) fn new(found: Found) -> Self {
        Self { found, inside: BTreeMap::new() }
    }

    pub(crate) fn enter(&mut self, process: ProcessId, invocation: &Invocation) {
        let run = &invocation.context.run;
        let calls = self.inside.entry((process, run.clone())).or_default();
        let writes = invocation.effect.writes();
        if calls.writes > 0 || (writes && calls.reads > 0) {
            let words =
                format!("{} began beside {} reads and {} writes, in {run}", invocation.tool, calls.reads, calls.writes);
            self.found.add(Law::WritesAlone, words);
        }
        *calls.of(writes) += 1;
    }

    pub(crate) fn leave(&mut self, process: ProcessId, invocation: &Invocation) {
        let calls = self.inside.get_mut(&(process, invocation.context.run.clone())).expect("it entered");
        *calls.of(invocation.effect.writes()) -= 1;
    }
}

impl Calls {
    fn of(&mut self, writes: bool) -> &mut u32 {
        if writes { &mut self.writes } else { &mut self.reads }
    }
}
