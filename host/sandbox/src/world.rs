//! What all listeners share: the services' state, the armed faults, the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::Value;

use crate::endpoint::{Endpoint, Refusal, Reply, Request, credential};
use crate::fault::{Fault, Faults, Gate, Held, Rule, Struck, When};
use crate::log::{Log, Received};
use crate::sandbox::Clock;
use crate::service::Service;

const NONSENSE: &str = "<html><body><h1>502 Bad Gateway</h1><p>upstream clo";

/// Everything that the sandbox knows, as `GET /_sandbox/state` gives it.
#[derive(Clone, Debug, Serialize)]
pub struct State {
    /// What each service keeps, by collection.
    pub records: BTreeMap<Service, Value>,
    /// The requests received, oldest first.
    pub requests: Vec<Received>,
    /// The rules armed, by their number; a rule stays listed until a request comes after its last.
    pub rules: BTreeMap<u64, Rule>,
}

pub(crate) struct World {
    clock: Clock,
    inner: Mutex<Inner>,
}

struct Inner {
    endpoints: BTreeMap<Service, Box<dyn Endpoint>>,
    /// Services that lag.
    lagging: BTreeMap<Service, Lagging>,
    faults: Faults,
    log: Log,
}

/// A service as it was, which is shown until an instant.
struct Lagging {
    shown: Box<dyn Endpoint>,
    until_ms: u64,
}

/// A request that was taken in.
struct Admitted {
    ordinal: u64,
    lags: bool,
    struck: Option<Struck>,
}

impl Inner {
    fn endpoint(&mut self, service: Service) -> &mut dyn Endpoint {
        self.endpoints.get_mut(&service).expect("every service has an endpoint").as_mut()
    }

    /// Has reads of the service show what it keeps now, until an instant. One that lags already goes on showing the older.
    fn lag(&mut self, service: Service, until_ms: u64) {
        let shown = self.endpoints[&service].clone();
        let lagging = self.lagging.entry(service).or_insert(Lagging { shown, until_ms });
        lagging.until_ms = lagging.until_ms.max(until_ms);
    }

    /// What answers a request, which may be one whose answers lag.
    fn answering(&mut self, service: Service, lags: bool, now_ms: u64) -> &mut dyn Endpoint {
        self.lagging.retain(|_, lagging| now_ms < lagging.until_ms);
        match self.lagging.get_mut(&service).filter(|_| lags) {
            Some(lagging) => lagging.shown.as_mut(),
            None => self.endpoints.get_mut(&service).expect("every service has an endpoint").as_mut(),
        }
    }
}

impl World {
    pub(crate) fn new(clock: Clock, endpoints: BTreeMap<Service, Box<dyn Endpoint>>) -> Arc<World> {
        let inner = Inner { endpoints, lagging: BTreeMap::new(), faults: Faults::default(), log: Log::default() };
        Arc::new(World { clock, inner: Mutex::new(inner) })
    }

    /// Carries a request through faults and work. `None` means that the connection is to be closed without an answer.
    pub(crate) async fn receive(&self, service: Service, request: Request) -> Option<Reply> {
        let admitted = self.admit(service, &request);
        let reply = self.play(service, &request, &admitted).await;
        if let Some(reply) = &reply {
            self.lock().log.amend(admitted.ordinal, |entry| entry.status = Some(reply.status.as_u16()));
        }
        reply
    }

    /// What a service says to a request that was not read to its end.
    pub(crate) fn refuse(&self, service: Service, refusal: Refusal) -> Reply {
        self.lock().endpoint(service).refuse(refusal)
    }

    pub(crate) fn arm(&self, rule: Rule) -> u64 {
        self.lock().faults.arm(rule).0
    }

    /// Arms the rule unless `armed_max` are armed already.
    pub(crate) fn arm_within(&self, rule: Rule, armed_max: usize) -> Option<u64> {
        let mut inner = self.lock();
        (inner.faults.len() < armed_max).then(|| inner.faults.arm(rule).0)
    }

    pub(crate) fn hold(&self, rule: Rule) -> Held {
        Held::new(self.lock().faults.arm(rule).1)
    }

    pub(crate) fn gate(&self, id: u64) -> Option<Arc<Gate>> {
        self.lock().faults.gate(id)
    }

    pub(crate) fn state(&self) -> State {
        let inner = self.lock();
        State {
            records: inner.endpoints.iter().map(|(service, endpoint)| (*service, endpoint.records())).collect(),
            requests: inner.log.entries(),
            rules: inner.faults.rules().map(|(id, rule)| (id, rule.clone())).collect(),
        }
    }

    pub(crate) fn records(&self, service: Service) -> Value {
        self.lock().endpoint(service).records()
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.lock().log.entries()
    }

    fn admit(&self, service: Service, request: &Request) -> Admitted {
        let mut inner = self.lock();
        let class = inner.endpoint(service).classify(request);
        let lags = inner.endpoint(service).lags(request);
        let ordinal = inner.log.record(service, class, request, (self.clock)());
        let struck = inner.faults.strike(service, class, request.uri().path());
        if let Some(struck) = &struck {
            inner.log.amend(ordinal, |entry| entry.fault = Some(struck.fault));
        }
        Admitted { ordinal, lags, struck }
    }

    async fn play(&self, service: Service, request: &Request, admitted: &Admitted) -> Option<Reply> {
        let Some(struck) = &admitted.struck else { return Some(self.work(service, request, admitted)) };
        if !struck.pass(When::Before).await {
            return None;
        }
        match struck.fault {
            Fault::Drop { when: When::Before } => return None,
            Fault::Error { when: When::Before } => return Some(self.refuse(service, Refusal::Internal)),
            Fault::RateLimit { retry_after_seconds } => {
                let reply = self.refuse(service, Refusal::TooMany);
                return Some(reply.header(RETRY_AFTER, retry_after_seconds.into()));
            }
            _ => {}
        }
        let reply = self.work(service, request, admitted);
        if !struck.pass(When::After).await {
            return None;
        }
        match struck.fault {
            Fault::Drop { .. } | Fault::Lag { .. } => None,
            Fault::Error { .. } => Some(self.refuse(service, Refusal::Internal)),
            Fault::Nonsense => Some(nonsense(reply)),
            Fault::EchoCredential => Some(echo_credential(request, reply)),
            Fault::RateLimit { .. } | Fault::Hold { .. } => Some(reply),
        }
    }

    fn work(&self, service: Service, request: &Request, admitted: &Admitted) -> Reply {
        let mut inner = self.lock();
        let now_ms = (self.clock)();
        if let Some(Struck { fault: Fault::Lag { ms }, .. }) = &admitted.struck {
            inner.lag(service, now_ms.saturating_add(*ms));
        }
        let reply = inner.answering(service, admitted.lags, now_ms).answer(request, now_ms);
        inner.log.amend(admitted.ordinal, |entry| {
            entry.worked = true;
            entry.note = reply.note.clone();
        });
        reply
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("no endpoint panics")
    }
}

fn nonsense(reply: Reply) -> Reply {
    let html = HeaderValue::from_static("text/html");
    Reply { status: StatusCode::OK, body: NONSENSE.into(), ..reply }.header(CONTENT_TYPE, html)
}

fn echo_credential(request: &Request, reply: Reply) -> Reply {
    let Some(value) = request.headers().get(AUTHORIZATION) else { return reply };
    let mut echoed = vec![String::from_utf8_lossy(value.as_bytes()).into_owned()];
    let decoded = credential(request, "Basic").and_then(|basic| BASE64_STANDARD.decode(basic).ok());
    echoed.extend(decoded.and_then(|bytes| String::from_utf8(bytes).ok()));
    let mut body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    if let Some(fields) = body.as_object_mut() {
        fields.insert("debug_request_headers".to_owned(), echoed.into());
    }
    let echo = Reply { body: body.to_string().into(), ..reply };
    echo.header(HeaderName::from_static("x-debug-authorization"), value.clone())
}
