//! One attempt: a component's export between an open door and a shut one, and what it came to.

use std::sync::Arc;

use aftercall_core::{
    ports::{PluginState, WriteRecord},
    state::Space,
    tool::{AttemptEnd, Failure, FailureKind, Finding, Invocation, Outcome},
    usage::{Limit, Used},
};
use futures::future::BoxFuture;
use wasmtime::Store;

use crate::{
    bindings::{Plugin, exports::aftercall::tool::tools as exports},
    capabilities::{Given, State, conversation, log::Log, signing, state},
    code::Code,
    contract::{self, Breach},
    door::{self, Closed, Door, Purpose},
    entrance::Places,
    grant::Granted,
    instance::{Run, Stop},
    limits::Limits,
    meter::Meter,
};

/// What an attempt may begin with.
pub(crate) struct Start {
    pub(crate) code: Arc<Code>,
    /// The tenant's settings, with the tool's own in their place.
    pub(crate) settings: Arc<str>,
    /// Among the calls that run.
    pub(crate) places: Places,
    /// Until its deadline, in milliseconds.
    pub(crate) wall_ms: u64,
}

/// One attempt that is about to begin.
pub(crate) struct Attempt<'a> {
    granted: &'a Granted,
    invocation: &'a Invocation,
    limits: Limits,
    log: Arc<Log>,
    door: Arc<Door>,
    meter: Arc<Meter>,
    /// Where it may keep things.
    records: Option<&'a Arc<dyn PluginState>>,
}

impl<'a> Attempt<'a> {
    /// A call of the tool. Only a tool that declared an effect may write.
    pub(crate) fn to_call(
        granted: &'a Granted,
        invocation: &'a Invocation,
        record: Arc<dyn WriteRecord>,
        records: Option<&'a Arc<dyn PluginState>>,
    ) -> Self {
        let purpose = match (invocation.effect.writes(), invocation.context.dry_run) {
            (false, _) => Purpose::Reads("a read tool"),
            (true, false) => Purpose::Writes(record),
            (true, true) => Purpose::Rehearses,
        };
        Self::new(granted, invocation, purpose, records)
    }

    /// The question what became of it.
    pub(crate) fn to_reconcile(
        granted: &'a Granted,
        invocation: &'a Invocation,
        records: Option<&'a Arc<dyn PluginState>>,
    ) -> Self {
        Self::new(granted, invocation, Purpose::Reads("`reconcile`"), records)
    }

    fn new(
        granted: &'a Granted,
        invocation: &'a Invocation,
        purpose: Purpose,
        records: Option<&'a Arc<dyn PluginState>>,
    ) -> Self {
        let limits = granted.limits;
        let log = Arc::new(Log::new(&limits));
        let key = invocation.context.key.clone();
        let door = Arc::new(Door::new(Arc::clone(&granted.outlet), purpose, key, Arc::clone(&log)));
        Self { granted, invocation, limits, log, door, meter: Arc::default(), records }
    }

    /// Calls the tool.
    pub(crate) async fn call(mut self, start: Start) -> AttemptEnd {
        let (name, arguments, context) = self.question();
        let answer = self
            .run(start, |plugin, store| {
                Box::pin(async move {
                    plugin.aftercall_tool_tools().call_call_tool(store, &name, &arguments, &context).await
                })
            })
            .await;
        let result = match answer {
            Err(Stop::Rehearsed) => Ok(rehearsed()),
            answer => self.judge(answer, contract::outcome),
        };
        let closed = self.door.close();
        if let Ok(outcome) = &result {
            self.remark(outcome, &closed);
        }
        let usage = self.usage(result.as_ref().ok(), &closed);
        let result = settle(result, closed.refusal, !closed.writes.is_empty());
        AttemptEnd { result, writes: closed.writes, log: self.log.take(), captured: closed.captured, usage }
    }

    /// Asks the tool what became of it.
    pub(crate) async fn reconcile(mut self, start: Start) -> Result<Finding, Failure> {
        let (name, arguments, context) = self.question();
        let answer = self
            .run(start, |plugin, store| {
                Box::pin(async move {
                    plugin.aftercall_tool_tools().call_reconcile(store, &name, &arguments, &context).await
                })
            })
            .await;
        let result = self.judge(answer, contract::finding);
        settle(result, self.door.close().refusal, false)
    }

    /// How near the call came to each limit.
    fn usage(&self, outcome: Option<&Outcome>, closed: &Closed) -> Vec<Used> {
        let limits = &self.limits;
        let returned =
            |outcome: &Outcome| outcome.text.len() + outcome.data.as_ref().map_or(0, |data| data.as_str().len());
        let mut usage = self.meter.usage(limits);
        usage.extend(closed.usage.iter().copied().chain(self.log.usage()));
        usage.push(Used::new(Limit::ResultBytes, outcome.map_or(0, returned), limits.result_bytes_max));
        usage.sort_by_key(|used| used.limit);
        usage
    }

    /// What the component is asked: the tool, its arguments, and what it is told about the attempt.
    fn question(&self) -> (String, String, exports::Context) {
        let Invocation { tool, arguments, context, .. } = self.invocation;
        (tool.clone(), arguments.as_str().to_owned(), contract::context(context))
    }

    /// Runs an export in an instance of its own, while the door is open.
    async fn run<T: Send + 'static>(
        &mut self,
        Start { code, settings, places, wall_ms }: Start,
        export: impl for<'s> FnOnce(&'s Plugin, &'s mut Store<State>) -> BoxFuture<'s, wasmtime::Result<T>> + Send + 'static,
    ) -> Result<T, Stop> {
        self.limits.wall_ms_max = self.limits.wall_ms_max.min(wall_ms);
        let run = Run {
            code,
            limits: self.limits,
            meter: Arc::clone(&self.meter),
            given: self.given(settings),
            places,
            computing: self.granted.lanes.computing.clone(),
        };
        tokio::select! {
            answer = run.end(export) => answer,
            () = self.door.rehearsed() => Err(Stop::Rehearsed),
        }
    }

    /// What the component can use.
    fn given(&self, settings: Arc<str>) -> Given {
        let Invocation { tenant, plugin, context, conversation, .. } = self.invocation;
        let space = Space { tenant: tenant.clone(), plugin: plugin.clone() };
        Given {
            settings,
            log: Arc::clone(&self.log),
            door: Some(Arc::clone(&self.door)),
            conversation: Some(conversation::View::new(Arc::clone(conversation), self.granted.conversation)),
            state: state::View::new(self.records, space, self.granted.state, context.dry_run),
            signing: Some(signing::View::new(&self.granted.signers, &self.limits, context.dry_run)),
        }
    }

    fn judge<Raw, T>(
        &self,
        answer: Result<Result<Raw, exports::Failure>, Stop>,
        measure: impl FnOnce(Raw, &Limits) -> Result<T, Breach>,
    ) -> Result<T, Failure> {
        match answer {
            Ok(Ok(raw)) => measure(raw, &self.limits).map_err(|breach| match breach {
                Breach::TooLarge(reached) => {
                    Failure::new(FailureKind::LimitReached(reached.limit), reached.to_string())
                }
                breach => Failure::new(FailureKind::Trapped, format!("the component broke the contract: {breach}")),
            }),
            Ok(Err(failure)) => Err(contract::failure(failure, &self.log)),
            Err(Stop::Reached(reached)) => {
                Err(Failure::new(FailureKind::LimitReached(reached.limit), reached.to_string()))
            }
            Err(trapped @ (Stop::Trapped(_) | Stop::Rehearsed)) => {
                Err(Failure::new(FailureKind::Trapped, trapped.to_string()))
            }
        }
    }

    fn remark(&self, outcome: &Outcome, closed: &Closed) {
        if !closed.writes.is_empty() && outcome.receipts.is_empty() {
            self.log.host_line("the tool wrote, and returned no receipt for it");
        }
    }
}

/// What a call came to whose write nothing answered in a rehearsal.
fn rehearsed() -> Outcome {
    let text = "rehearsed: the request would have been sent here. Go on as if it had been done".to_owned();
    Outcome { text, data: None, receipts: Vec::new() }
}

/// What the door saw, beside what the component says of it. `wrote`: a write has left.
fn settle<T>(result: Result<T, Failure>, refusal: Option<door::Error>, wrote: bool) -> Result<T, Failure> {
    let refusal = match refusal {
        // What couldn't be recorded did not happen, whatever the component says.
        Some(error @ door::Error::NotRecorded(_)) => {
            return Err(Failure::new(FailureKind::NotRunnable, error.to_string()));
        }
        Some(refusal) => refusal,
        None => return result,
    };
    // A component knows that a request did not pass, and not why. A success is its own to report, and so is what became of
    // a write that has left: the refusal may be of another request, and its kind would pass for the vendor's answer.
    let is_limit = matches!(refusal, door::Error::Limit(_));
    result.map_err(|failure| match (failure.kind, &refusal) {
        (FailureKind::OutcomeUnknown, _) if wrote => beside(failure, &refusal),
        (FailureKind::Other | FailureKind::Unavailable | FailureKind::Trapped, _) if wrote && !is_limit => {
            beside(failure, &refusal)
        }
        (
            FailureKind::Other | FailureKind::Unavailable | FailureKind::OutcomeUnknown | FailureKind::Trapped,
            door::Error::Limit(reached),
        ) => Failure::new(
            FailureKind::LimitReached(reached.limit),
            format!("{refusal}; the tool said: {}", failure.message),
        ),
        (
            FailureKind::Other | FailureKind::Unavailable | FailureKind::OutcomeUnknown,
            door::Error::Denied(_) | door::Error::Prohibited(_),
        ) => Failure::new(FailureKind::Denied, format!("{refusal}; the tool said: {}", failure.message)),
        (
            FailureKind::Other | FailureKind::Unavailable | FailureKind::OutcomeUnknown | FailureKind::Denied,
            door::Error::NoToken(no_token),
        ) => Failure {
            retry_after_ms: no_token.retry_after_ms(),
            ..Failure::new(no_token.kind(), format!("{refusal}; the tool said: {}", failure.message))
        },
        (
            FailureKind::Other | FailureKind::Unavailable | FailureKind::OutcomeUnknown | FailureKind::Trapped,
            &door::Error::Failing { ask_again_ms, .. },
        ) => Failure {
            retry_after_ms: failure.retry_after_ms.max(Some(ask_again_ms)),
            ..Failure::new(FailureKind::Unavailable, format!("{refusal}; the tool said: {}", failure.message))
        },
        _ => failure,
    })
}

/// A component's own failure, and what the door refused beside it.
fn beside(failure: Failure, refusal: &door::Error) -> Failure {
    Failure { message: format!("{}; {refusal}", failure.message), ..failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendor_that_is_left_alone_is_unavailable_unless_the_component_knows_better() {
        let refusal = || door::Error::Failing { host: "vendor.test".into(), failures: 5, ask_again_ms: 4_000 };
        let (ours, theirs) = (Some(4_000), Some(9_000));
        for (kind, asked_ms, expected) in [
            (FailureKind::Other, None, (FailureKind::Unavailable, ours)),
            (FailureKind::Unavailable, Some(1_000), (FailureKind::Unavailable, ours)),
            (FailureKind::Unavailable, theirs, (FailureKind::Unavailable, theirs)),
            (FailureKind::OutcomeUnknown, None, (FailureKind::Unavailable, ours)),
            (FailureKind::Trapped, None, (FailureKind::Unavailable, ours)),
            (FailureKind::NotFound, None, (FailureKind::NotFound, None)),
            (FailureKind::RateLimited, theirs, (FailureKind::RateLimited, theirs)),
            (FailureKind::LimitReached(Limit::WallTime), None, (FailureKind::LimitReached(Limit::WallTime), None)),
        ] {
            let failure = Failure { retry_after_ms: asked_ms, ..Failure::new(kind, "no") };
            let settled = settle::<()>(Err(failure), Some(refusal()), false).expect_err("it has failed");
            assert_eq!((settled.kind, settled.retry_after_ms), expected, "{kind}");
        }
        assert_eq!(settle(Ok(1), Some(refusal()), true), Ok(1), "a success is its own to report");
    }

    #[test]
    fn of_what_has_left_a_component_knows_more_than_the_door() {
        use FailureKind::{LimitReached, Other, OutcomeUnknown, Trapped, Unavailable};
        let limit = || door::Error::Limit(crate::limits::Reached::new(Limit::Requests, 1));
        let failing = || door::Error::Failing { host: "vendor.test".into(), failures: 5, ask_again_ms: 4_000 };
        for (kind, refusal, wrote, expected) in [
            (OutcomeUnknown, limit(), true, OutcomeUnknown),
            (OutcomeUnknown, limit(), false, LimitReached(Limit::Requests)),
            (OutcomeUnknown, failing(), true, OutcomeUnknown),
            (OutcomeUnknown, failing(), false, Unavailable),
            (Trapped, failing(), true, Trapped),
            (Other, failing(), true, Other),
            (Other, failing(), false, Unavailable),
            (Other, limit(), true, LimitReached(Limit::Requests)),
        ] {
            let words = refusal.to_string();
            let failure = Failure::new(kind, "it may have happened");
            let settled = settle::<()>(Err(failure), Some(refusal), wrote).expect_err("it has failed");
            assert_eq!(settled.kind, expected, "{kind}, {words}, wrote: {wrote}");
            assert!(settled.message.contains(&words), "{settled:?}");
        }
    }
}
