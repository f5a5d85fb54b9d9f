//! What has come in, counted. Of what was refused nothing else is kept.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError},
};

/// Webhooks by what became of them. The words are this crate's own, so there are few.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<BTreeMap<&'static str, u64>>);

impl Counters {
    pub(super) fn count(&self, what: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// The counters in the text format of Prometheus.
    pub(super) fn exposition(&self) -> String {
        let mut text = String::from(
            "# HELP aftercall_intake_webhooks_total Webhooks by what became of them.\n\
             # TYPE aftercall_intake_webhooks_total counter\n",
        );
        for (what, times) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = writeln!(text, "aftercall_intake_webhooks_total{{outcome=\"{what}\"}} {times}");
        }
        text
    }
}
