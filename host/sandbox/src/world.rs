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
    faults: Faults,
    log: Log,
}

impl Inner {
    fn endpoint(&mut self, service: Service) -> &mut dyn Endpoint {
        self.endpoints.get_mut(&service).expect("every service has an endpoint").as_mut()
    }
}

impl World {
    pub(crate) fn new(clock: Clock, endpoints: BTreeMap<Service, Box<dyn Endpoint>>) -> Arc<World> {
        let inner = Inner { endpoints, faults: Faults::default(), log: Log::default() };
        Arc::new(World { clock, inner: Mutex::new(inner) })
    }

    /// Carries a request through faults and work. `None` means that the connection is to be closed without an answer.
    pub(crate) async fn receive(&self, service: Service, request: Request) -> Option<Reply> {
        let (ordinal, struck) = self.admit(service, &request);
        let reply = self.play(service, &request, ordinal, struck.as_ref()).await;
        if let Some(reply) = &reply {
            self.lock().log.amend(ordinal, |entry| entry.status = Some(reply.status.as_u16()));
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

    fn admit(&self, service: Service, request: &Request) -> (u64, Option<Struck>) {
        let mut inner = self.lock();
        let class = inner.endpoint(service).classify(request);
        let ordinal = inner.log.record(service, class, request, (self.clock)());
        let struck = inner.faults.strike(service, class, request.uri().path());
        if let Some(struck) = &struck {
            inner.log.amend(ordinal, |entry| entry.fault = Some(struck.fault));
        }
        (ordinal, struck)
    }

    async fn play(&self, service: Service, request: &Request, ordinal: u64, struck: Option<&Struck>) -> Option<Reply> {
        let Some(struck) = struck else { return Some(self.work(service, request, ordinal)) };
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
        let reply = self.work(service, request, ordinal);
        if !struck.pass(When::After).await {
            return None;
        }
        match struck.fault {
            Fault::Drop { .. } => None,
            Fault::Error { .. } => Some(self.refuse(service, Refusal::Internal)),
            Fault::Nonsense => Some(nonsense(reply)),
            Fault::EchoCredential => Some(echo_credential(request, reply)),
            Fault::RateLimit { .. } | Fault::Hold { .. } => Some(reply),
        }
    }

    fn work(&self, service: Service, request: &Request, ordinal: u64) -> Reply {
        let mut inner = self.lock();
        let reply = inner.endpoint(service).answer(request, (self.clock)());
        inner.log.amend(ordinal, |entry| {
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
