//! The egress door: the one way out of a component, one for each call.
//!
//! A request passes only as a whole: its canonical form is decided about once, by the policy in core; what goes
//! out is made from that form alone. Before a write leaves, it is recorded; what the vendor answers to it is kept
//! whatever becomes of the component. A credential goes on last and never comes back.
//!
//! A tenant's requests to one vendor wait for each other where they are many, and leave it alone where it fails.
//!
//! Where a read is redirected, the door asks further: each hop is read, decided about, checked and counted as a
//! request of its own. Answers to anything else come to the component as they are, redirects too.
//!
//! Bodies of requests are collected, those of responses pass through as the component reads them: that a write was
//! answered is known by its status line, before any of its body.

mod address;
mod body;
mod breaker;
mod client;
mod error;
mod exchange;
#[cfg(fuzzing)]
pub mod fuzzing;
mod header;
mod outlet;
mod redirect;
mod rehearsal;
mod resolver;
mod scrub;
mod target;
#[cfg(test)]
mod tests;
mod vendor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aftercall_core::{
    effect::EffectKey,
    egress::{Access, Sends, Target},
    ports::WriteRecord,
    tool::{CapturedWrite, WriteAnswer},
    usage::{Limit, Used},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header as names, request::Parts};
use tokio::{sync::Notify, time::Instant};
use url::Url;

pub(crate) use self::{
    address::{Addresses, Prohibited},
    body::Answer,
    client::{Client, Failed, why},
    error::Error,
    header::is_forbidden,
    outlet::{Operator, Outlet, Rerouted},
    scrub::Scrubber,
    target::Canonical,
    vendor::AllVendors,
};
pub use self::{
    outlet::Reroutes,
    resolver::{Resolver, SystemResolver},
};
use crate::{capabilities::log::Log, credential::Slot, limits::Reached, meter::HostBytes};

/// What kind of call the door stands open for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// Reads alone; the text names the call.
    Reads(&'static str),
    /// Writes too, each recorded there before it leaves.
    Writes(Arc<dyn WriteRecord>),
    /// Writes are asked for, and none leaves.
    Rehearses,
}

/// The door of one call.
pub(crate) struct Door {
    outlet: Arc<Outlet>,
    purpose: Purpose,
    key: EffectKey,
    log: Arc<Log>,
    host_bytes: Arc<HostBytes>,
    state: Mutex<State>,
    /// A rehearsal came to a write that nothing answers.
    rehearsed: Notify,
}

#[derive(Default)]
struct State {
    closed: bool,
    requests: u32,
    /// How often the component has asked the host for anything that may fail: each request, each use of a capability.
    asks: u64,
    request_bytes: usize,
    response_bytes: usize,
    /// How long the longest request took, until its answer was there.
    longest: Duration,
    /// Writes so far, by the manifest's rule.
    ordinals: BTreeMap<usize, u32>,
    /// None: it turned out that it never left.
    writes: Vec<Option<Write>>,
    /// Of a rehearsal.
    captured: Vec<CapturedWrite>,
    refusal: Option<Error>,
}

/// A write that left.
#[derive(Clone, Copy)]
struct Write {
    /// Its place among what the component asked the host for, from 1.
    ask: u64,
    answer: WriteAnswer,
}

impl Write {
    /// What became of it, once the component has asked for that much. What the component says in the end is about the
    /// last of it: a failure after something else is no word of this write's answer.
    fn judged(self, asks: u64) -> WriteAnswer {
        match self.answer {
            WriteAnswer::InBody if self.ask < asks => WriteAnswer::Accepted,
            answer => answer,
        }
    }
}

/// What the door knows when the call is over.
#[derive(Debug)]
pub(crate) struct Closed {
    /// What became of each write that left, in order.
    pub(crate) writes: Vec<WriteAnswer>,
    /// What a rehearsal kept back, in order.
    pub(crate) captured: Vec<CapturedWrite>,
    /// How near the call came to the limits that the door counts.
    pub(crate) usage: Vec<Used>,
    /// The gravest reason for which a request did not pass: a record that failed, a limit, the first refusal.
    pub(crate) refusal: Option<Error>,
}

/// A request that may leave, without its body.
pub(crate) struct Admitted {
    method: Method,
    /// What was decided about.
    target: Target,
    /// The same, as an address.
    asked_for: Url,
    /// Where it is connected instead, if the operator says so.
    rerouted: Option<Url>,
    headers: HeaderMap,
    /// When it must be over.
    until: Instant,
    write: bool,
    /// Its place among what the component asked the host for, from 1.
    ask: u64,
    /// The manifest's rule.
    author_rule: usize,
    /// Whose credential goes on it as it leaves.
    slot: Option<Arc<Slot>>,
    /// Which write of that rule it is, where the vendor is told.
    ordinal: Option<u32>,
}

impl Admitted {
    /// Where it is connected.
    fn place(&self) -> &Url {
        self.rerouted.as_ref().unwrap_or(&self.asked_for)
    }
}

impl Door {
    pub(crate) fn new(outlet: Arc<Outlet>, purpose: Purpose, key: EffectKey, log: Arc<Log>) -> Self {
        let host_bytes = Arc::new(HostBytes::new(outlet.limits.host_bytes_max));
        Self { outlet, purpose, key, log, host_bytes, state: Mutex::default(), rehearsed: Notify::new() }
    }

    /// What the host holds for this call.
    pub(crate) fn host_bytes(&self) -> Arc<HostBytes> {
        Arc::clone(&self.host_bytes)
    }

    /// Whether the component may neither set nor read that header.
    pub(crate) fn is_forbidden(&self, name: &HeaderName) -> bool {
        self.outlet.is_forbidden(name)
    }

    /// Most requests that can be made.
    pub(crate) fn requests_max(&self) -> u32 {
        self.outlet.limits.requests_max
    }

    /// Decides about a request, in the order in which the component makes them: by that order, writes are told apart.
    pub(crate) fn admit(&self, parts: Parts) -> Result<Admitted, Error> {
        let until = Instant::now() + Duration::from_millis(self.outlet.limits.request_ms_max);
        let sends = match self.purpose {
            Purpose::Reads(call) => Sends::ReadsOf(call),
            Purpose::Writes(_) | Purpose::Rehearses => Sends::Anything,
        };
        let decided = self.decide(&parts.method, &parts.uri, parts.headers, sends, until);
        decided.inspect_err(|error| self.note(error))
    }

    fn decide(
        &self,
        method: &Method,
        uri: &Uri,
        mut headers: HeaderMap,
        sends: Sends,
        until: Instant,
    ) -> Result<Admitted, Error> {
        let outlet = &*self.outlet;
        let ask = self.count_request()?;
        let Canonical { target, url: asked_for } = Canonical::of(method, uri)?;
        let allowed = outlet.decide(&target, sends)?;
        let rerouted = outlet.rerouted(&asked_for)?;
        let write = allowed.access == Access::Write;
        let asked = outlet.request(allowed.author_rule);

        let mut ordinal = None;
        if let Some(name) = headers.keys().find(|name| outlet.is_forbidden(name)) {
            return Err(Error::ForbiddenHeader(name.clone()));
        }
        headers.remove(names::CONTENT_LENGTH);
        // Anything else, and credentials in the answer could not be seen.
        headers.insert(names::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if write && let Some(name) = &asked.idempotency_header {
            let next = self.next_ordinal(allowed.author_rule);
            ordinal = Some(next);
            let value = self.key.header_value(&asked.rule.to_string(), next);
            let name = HeaderName::try_from(name.as_str())
                .map_err(|_| Error::Invalid("the manifest's idempotency header is no header's name"))?;
            headers.insert(name, HeaderValue::try_from(value).expect("hexadecimal digits"));
        }
        let rerouted = rerouted.map(|Rerouted { place, host }| {
            headers.insert(names::HOST, host);
            place
        });
        let slot = outlet.slot(asked, &target).cloned();
        if let Some(slot) = &slot {
            slot.check_query(&asked_for).map_err(Error::Invalid)?;
        }
        let (method, author_rule) = (method.clone(), allowed.author_rule);
        Ok(Admitted { method, target, asked_for, rerouted, headers, until, write, ask, author_rule, slot, ordinal })
    }

    /// Shuts the door: what hasn't left yet never does.
    pub(crate) fn close(&self) -> Closed {
        let mut state = self.state();
        state.closed = true;
        let limits = &self.outlet.limits;
        Closed {
            usage: vec![
                Used::new(Limit::RequestTime, state.longest.as_millis(), limits.request_ms_max),
                Used::new(Limit::Requests, state.requests, limits.requests_max),
                Used::new(Limit::RequestBytes, state.request_bytes, limits.request_bytes_max),
                Used::new(Limit::ResponseBytes, state.response_bytes, limits.response_bytes_max),
                self.host_bytes.usage(),
            ],
            writes: state.writes.iter().flatten().map(|write| write.judged(state.asks)).collect(),
            captured: std::mem::take(&mut state.captured),
            refusal: state.refusal.take(),
        }
    }

    /// Takes note that the component uses a capability that may fail.
    pub(crate) fn count_use(&self) {
        let mut state = self.state();
        state.asks = state.asks.saturating_add(1);
    }

    fn count_request(&self) -> Result<u64, Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Closed);
        }
        state.requests = state.requests.saturating_add(1);
        state.asks = state.asks.saturating_add(1);
        let max = self.outlet.limits.requests_max;
        if state.requests > max {
            return Err(Reached::new(Limit::Requests, max).into());
        }
        Ok(state.asks)
    }

    /// Takes note of how long a request has been taking.
    fn took(&self, until: Instant) {
        let all = Duration::from_millis(self.outlet.limits.request_ms_max);
        let took = all.saturating_sub(until.saturating_duration_since(Instant::now()));
        let mut state = self.state();
        state.longest = state.longest.max(took);
    }

    fn next_ordinal(&self, author_rule: usize) -> u32 {
        let mut state = self.state();
        let next = state.ordinals.entry(author_rule).or_default();
        let ordinal = *next;
        *next = next.saturating_add(1);
        ordinal
    }

    /// Takes back a write that never left. If it was the newest of its rule, the next one is that write again
    /// and gets its number, so that a later attempt, which may connect at once, agrees with this one.
    fn never_left(&self, write: usize, admitted: &Admitted) {
        let mut state = self.state();
        state.writes[write] = None;
        if let Some(ordinal) = admitted.ordinal
            && let Some(next) = state.ordinals.get_mut(&admitted.author_rule)
            && *next == ordinal.saturating_add(1)
        {
            *next = ordinal;
        }
    }

    /// Puts what did not pass into the log, and keeps the gravest for the end of the call.
    fn note(&self, error: &Error) {
        self.log.host_line(&error.to_string());
        let mut state = self.state();
        let grave = |error: &Error| match error {
            Error::NotRecorded(_) => 3,
            Error::Limit(_) => 2,
            Error::Denied(_) | Error::Prohibited(_) | Error::NoToken(_) | Error::Failing { .. } => 1,
            _ => 0,
        };
        if grave(error) > state.refusal.as_ref().map_or(0, grave) {
            state.refusal = Some(error.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
