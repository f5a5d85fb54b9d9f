use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::endpoint::Class;
use crate::service::{Access, Service};

/// How many rules may be armed at once over HTTP. Protects the sandbox from a client that arms without end.
pub const ARMED_MAX: usize = 1024;

/// A way of misbehaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Closes the connection without a byte of an answer.
    Drop {
        /// Whether the work is done all the same.
        when: When,
    },
    /// Answers 500.
    Error {
        /// Whether the work is done all the same.
        when: When,
    },
    /// Answers 429 with `Retry-After`, without doing the work.
    RateLimit {
        /// The header's value.
        retry_after_seconds: u32,
    },
    /// Does the work and answers 200 with a page of HTML cut short.
    Nonsense,
    /// Does the work and repeats the credential, in its header's form and decoded, in a header and in the body.
    EchoCredential,
    /// Does the work and closes the connection without a byte of an answer; for a while, reads of the service are answered as
    /// if nothing had been written since before it. Vendors' lists and searches lag so. Here all reads do, which is harder, but
    /// for those of which the vendor or a standard says that they don't.
    Lag {
        /// For how long, by the sandbox's clock.
        ms: u64,
    },
    /// Keeps the request waiting until it is released or discarded.
    Hold {
        /// Whether it waits before the work or after it.
        when: When,
    },
}

/// Where a fault strikes, as seen from the service's work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The request has been received in full; nothing has been done.
    Before,
    /// The work has been done; nothing has been answered.
    After,
}

/// Which requests are meant: those to `service` that fit every field that is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// The service that receives them.
    pub service: Service,
    /// Reads or writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<Access>,
    /// A part of the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The index of the line asked of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<usize>,
    /// How many of the requests that fit go by first.
    #[serde(default)]
    pub skip: u32,
}

/// A fault, and the requests that it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The requests.
    pub point: Point,
    /// The fault.
    pub fault: Fault,
    /// How many of them.
    #[serde(default = "once")]
    pub times: u32,
}

/// A hold on requests. Dropping it releases them and takes the hold away.
pub struct Held {
    gate: Arc<Gate>,
}

/// What holds one rule's requests; shared by the rule, the requests and whoever decides.
pub(crate) struct Gate(watch::Sender<Progress>);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Release,
    Discard,
}

#[derive(Clone, Copy, Default)]
struct Progress {
    arrived: u32,
    gone: u32,
    verdict: Option<Verdict>,
}

/// A request that a rule has struck; it is gone when this is dropped.
pub(crate) struct Struck {
    pub(crate) fault: Fault,
    gate: Arc<Gate>,
}

#[derive(Default)]
pub(crate) struct Faults {
    armed: Vec<Armed>,
    next_id: u64,
}

struct Armed {
    id: u64,
    rule: Rule,
    seen: u32,
    gate: Arc<Gate>,
}

impl Point {
    /// Every request to the service.
    pub fn any(service: Service) -> Point {
        Point { service, access: None, path: None, turn: None, skip: 0 }
    }

    /// Requests to the service that change something.
    pub fn write(service: Service) -> Point {
        Point { access: Some(Access::Write), ..Point::any(service) }
    }

    /// Requests for the line with this index, from 0.
    pub fn turn(index: usize) -> Point {
        Point { turn: Some(index), ..Point::any(Service::Model) }
    }

    /// Those of them whose path has this part.
    pub fn path(self, part: &str) -> Point {
        Point { path: Some(part.to_owned()), ..self }
    }

    /// Those of them after the first `count`.
    pub fn skip(self, count: u32) -> Point {
        Point { skip: count, ..self }
    }

    fn fits(&self, service: Service, class: Class, path: &str) -> bool {
        self.service == service
            && self.access.is_none_or(|access| access == class.access)
            && self.turn.is_none_or(|turn| class.turn == Some(turn))
            && self.path.as_ref().is_none_or(|part| path.contains(part))
    }
}

impl Held {
    pub(crate) fn new(gate: Arc<Gate>) -> Held {
        Held { gate }
    }

    /// Waits until a request has been received that is held.
    pub async fn arrived(&self) {
        self.gate.arrived().await;
    }

    /// Lets the request go on, and waits until it has been answered. The work is done even if the client has gone.
    pub async fn release(self) {
        self.gate.settle(Verdict::Release).await;
    }

    /// Closes the request's connection without an answer, and waits until that has been done. Held before the work, the
    /// work is never done.
    pub async fn discard(self) {
        self.gate.settle(Verdict::Discard).await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.gate.decide(Verdict::Release);
    }
}

impl Gate {
    pub(crate) async fn arrived(&self) {
        self.until(|progress| progress.arrived > 0).await;
    }

    /// Decides, and waits until the requests that had arrived are gone.
    pub(crate) async fn settle(&self, verdict: Verdict) {
        self.decide(verdict);
        self.until(|progress| progress.gone == progress.arrived).await;
    }

    /// The first verdict stands.
    fn decide(&self, verdict: Verdict) {
        self.0.send_modify(|progress| {
            progress.verdict.get_or_insert(verdict);
        });
    }

    async fn until(&self, reached: impl Fn(&Progress) -> bool) -> Progress {
        let mut receiver = self.0.subscribe();
        *receiver.wait_for(|progress| reached(progress)).await.expect("the gate keeps its sender")
    }
}

impl Struck {
    /// Waits for the verdict where the rule is a hold at this stage. Says whether the request goes on.
    pub(crate) async fn pass(&self, stage: When) -> bool {
        if self.fault != (Fault::Hold { when: stage }) {
            return true;
        }
        let progress = self.gate.until(|progress| progress.verdict.is_some()).await;
        progress.verdict == Some(Verdict::Release)
    }
}

impl Drop for Struck {
    fn drop(&mut self) {
        self.gate.0.send_modify(|progress| progress.gone += 1);
    }
}

impl Faults {
    pub(crate) fn arm(&mut self, rule: Rule) -> (u64, Arc<Gate>) {
        let gate = Arc::new(Gate(watch::Sender::new(Progress::default())));
        let id = self.next_id;
        self.next_id += 1;
        self.armed.push(Armed { id, rule, seen: 0, gate: gate.clone() });
        (id, gate)
    }

    pub(crate) fn len(&self) -> usize {
        self.armed.len()
    }

    /// The rules that still matter, with their numbers.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (u64, &Rule)> {
        self.armed.iter().map(|armed| (armed.id, &armed.rule))
    }

    pub(crate) fn gate(&self, id: u64) -> Option<Arc<Gate>> {
        self.armed.iter().find(|armed| armed.id == id).map(|armed| armed.gate.clone())
    }

    /// Finds the rule that strikes this request: the first armed one that fits. Every rule that fits counts the request.
    pub(crate) fn strike(&mut self, service: Service, class: Class, path: &str) -> Option<Struck> {
        self.armed.retain(|armed| !armed.spent());
        let mut struck = None;
        for armed in self.armed.iter_mut().filter(|armed| armed.rule.point.fits(service, class, path)) {
            armed.seen += 1;
            if struck.is_some() || armed.seen <= armed.rule.point.skip || armed.rule.times == 0 {
                continue;
            }
            armed.rule.times -= 1;
            armed.gate.0.send_modify(|progress| progress.arrived += 1);
            struck = Some(Struck { fault: armed.rule.fault, gate: armed.gate.clone() });
        }
        struck
    }
}

impl Armed {
    /// A hold is needed until it has been decided, since it is decided by its number.
    fn spent(&self) -> bool {
        match self.rule.fault {
            Fault::Hold { .. } => self.gate.0.borrow().verdict.is_some(),
            _ => self.rule.times == 0,
        }
    }
}

fn once() -> u32 {
    1
}
