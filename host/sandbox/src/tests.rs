//! Over real HTTP on the loopback interface.

mod business;
mod caldav;
mod caldav_query;
mod faults;
mod fhir;
mod fhir_made;
mod gemini;
mod google_calendar;
mod hubspot;
mod hubspot_work;
mod jira;
mod jira_alerts;
mod login;
mod model;
mod pagerduty;
mod responses;
mod salesforce;
mod salesforce_custom;
mod sendgrid;
mod sendgrid_mail;
mod slack;
mod smart_login;
mod stream;
mod telnyx;
mod twilio;
mod zendesk;
mod zendesk_work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Client, RequestBuilder};
use serde_json::Value;

use crate::{Config, Line, Sandbox, Script, Service};

/// 2026-03-01T12:00:00Z
const NOON_MS: u64 = 1_772_366_400_000;

struct World {
    sandbox: Sandbox,
    client: Client,
    now_ms: Arc<AtomicU64>,
}

async fn world(script: Script) -> World {
    world_with(script, |_| {}).await
}

async fn world_with(script: Script, change: impl FnOnce(&mut Config)) -> World {
    // Another test may have installed it; reqwest wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let now_ms = Arc::new(AtomicU64::new(NOON_MS));
    let clock = now_ms.clone();
    let mut config = Config::new(script, move || clock.load(Ordering::Relaxed));
    change(&mut config);
    let sandbox = Sandbox::start(config).await.expect("the loopback interface has free ports");
    World { sandbox, client: Client::builder().no_proxy().build().expect("a client"), now_ms }
}

fn idle() -> Script {
    Script::of([Line::text("nothing to do")])
}

impl World {
    fn advance(&self, ms: u64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn post(&self, service: Service, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.sandbox.service_url(service)))
    }

    fn get(&self, service: Service, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.sandbox.service_url(service)))
    }
}

/// The status and the JSON of the answer.
async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("a whole body");
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status} with {body:?}")))
}

fn json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}
