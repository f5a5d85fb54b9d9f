//! A server on loopback, with a tenant, its vendors and its model.

use std::{net::SocketAddr, sync::Arc};

use aftercall_app::{
    app::{App, Surroundings},
    clock::SystemClock,
    config::{Config, SecretRef},
    demo::{Scenario, Webhook, client, configure, secret, start},
    progress::Silence,
    serve::{Drained, Server},
};
use aftercall_core::ports::Clock as _;
use aftercall_sandbox::{Credentials, Sandbox, Service};
use http::HeaderValue;
use serde_json::Value;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::support::{case, cases, plugins};

/// A served world: tenant `meridian` with the assistant `sam`, who can send texts.
pub(super) struct Served {
    pub(super) sandbox: Sandbox,
    pub(super) credentials: Credentials,
    pub(super) config: Config,
    pub(super) address: SocketAddr,
    pub(super) client: reqwest::Client,
    pub(super) stop: Option<oneshot::Sender<()>>,
    pub(super) serving: JoinHandle<anyhow::Result<Drained>>,
    pub(super) folder: tempfile::TempDir,
}

/// An answer: its status, and its body as JSON where it is any.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Checks that this is a problem of that status and kind, as RFC 9457 writes them.
    pub(super) fn expect_problem(&self, status: u16, kind: &str) {
        let body = self.json();
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("urn:aftercall:problem:{kind}"), "{body}");
        assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{body}");
        assert_eq!(self.headers.contains_key("retry-after"), matches!(status, 429 | 503), "{body}");
    }
}

const ENDPOINTS: &str = r#"
[tenants.meridian]
pages_password = { env = "MERIDIAN_PAGES_PASSWORD" }

[tenants.meridian.endpoints.desk]
platform = "native"
verify.standard-webhooks = [{ env = "MERIDIAN_WEBHOOK_KEY" }]

[tenants.meridian.endpoints.desk-vapi]
platform = "vapi"
verify.header = { name = "x-vapi-secret", secrets = [{ env = "MERIDIAN_VAPI_SECRET" }] }

[tenants.other]
pages_password = { env = "MERIDIAN_PAGES_PASSWORD" }
"#;

impl Served {
    pub(super) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut scenario: Scenario = case("vapi-report");
        let endpoints: Config = toml::from_str(ENDPOINTS).expect("it is TOML");
        for (tenant, more) in endpoints.tenants {
            let config = scenario.config.tenants.entry(tenant).or_default();
            config.endpoints = more.endpoints;
            config.pages_password = more.pages_password;
        }
        let (sandbox, credentials) = start(&scenario).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config =
            configure(&scenario, plugins(), &sandbox, &folder.path().join("records.db")).expect("configured");
        config.server.listen = "127.0.0.1:0".to_owned();
        config.server.operator_password = Some(SecretRef::Env("MERIDIAN_PAGES_PASSWORD".to_owned()));
        change(&mut config);
        let client = client().expect("a client");
        let (address, stop, serving) = serve(config.clone(), &credentials).await;
        let served = Self { sandbox, credentials, config, address, client, stop: Some(stop), serving, folder };
        // It listens before it serves: what a test does to its records comes after both.
        assert_eq!(served.get("/readyz", None).await.status, 200);
        served
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.expect("a whole answer") }
    }

    pub(super) async fn get(&self, path: &str, login: Option<(&str, &str)>) -> Answer {
        let request = self.client.get(self.url(path));
        self.send(match login {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        })
        .await
    }

    /// The headers with which the native endpoint believes a body.
    pub(super) fn signed(&self, body: &[u8]) -> Vec<(String, String)> {
        let mut config = self.config.clone();
        config.tenants.retain(|_, tenant| !tenant.endpoints.is_empty());
        for tenant in config.tenants.values_mut() {
            tenant.endpoints.retain(|_, endpoint| endpoint.platform.as_str() == "native");
        }
        let webhook = Webhook::of(&config, &|name| secret(&self.credentials, name)).expect("it has an endpoint");
        let headers = webhook.headers("msg_1", SystemClock.now(), body).expect("it can be signed");
        let text = |value: &HeaderValue| value.to_str().expect("it is ASCII").to_owned();
        headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    }

    pub(super) async fn post(&self, path: &str, headers: &[(String, String)], body: Vec<u8>) -> Answer {
        let request = headers.iter().fold(self.client.post(self.url(path)), |request, (name, value)| {
            request.header(name.as_str(), value.as_str())
        });
        self.send(request.body(body)).await
    }

    /// Posts a native call, signed.
    pub(super) async fn post_call(&self, call: &Value) -> Answer {
        let body = call.to_string().into_bytes();
        let headers = self.signed(&body);
        self.post("/v1/intake/native/desk", &headers, body).await
    }

    /// Waits until the tenant's page of a run says that it has ended so.
    pub(super) async fn ended(&self, run: &str, outcome: &str) -> String {
        loop {
            let page = self.get(&format!("/runs/{run}"), Some(("meridian", "demo"))).await;
            assert_eq!(page.status, 200, "{}", page.text);
            if !page.text.contains("under-way") {
                assert!(page.text.contains(outcome), "{}", page.text);
                return page.text;
            }
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn texts(&self) -> usize {
        self.sandbox.records(Service::Twilio)["messages"].as_array().expect("a list").len()
    }

    pub(super) async fn stop(mut self) -> Drained {
        drop(self.stop.take());
        self.serving.await.expect("it does not panic").expect("it ends well")
    }
}

pub(super) async fn serve(
    config: Config,
    credentials: &Credentials,
) -> (SocketAddr, oneshot::Sender<()>, JoinHandle<anyhow::Result<Drained>>) {
    let env = |name: &str| secret(credentials, name);
    let around = Surroundings { leave_out_broken: true, ..Surroundings::new(&env, Arc::new(Silence)) };
    let app = App::build(config, around).await.expect("it is built");
    let server = Server::bind(Arc::new(app)).await.expect("it listens");
    let address = server.address();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(server.run(async move {
        let _ = stopped.await;
    }));
    (address, stop, serving)
}

/// A native call of that name.
pub(super) fn call(id: &str) -> Value {
    let text = std::fs::read(cases().join("unknown-tool/call.json")).expect("it is there");
    let mut call: Value = serde_json::from_slice(&text).expect("it is JSON");
    call["conversation"]["id"] = id.into();
    call
}
