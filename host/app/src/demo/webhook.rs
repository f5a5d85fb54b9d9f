//! A call, posted as its platform would post it.

use std::sync::Arc;

use aftercall_core::{
    id::{EndpointName, RunId},
    ports::Clock as _,
    time::Timestamp,
};
use aftercall_intake::Verifier;
use anyhow::{Context as _, bail};
use http::{HeaderMap, StatusCode};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::{
    clock::SystemClock,
    config::{Config, Endpoint},
};

/// Where a call is posted, and how it proves whose it is.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Path of the endpoint.
    pub path: String,
    verifier: Verifier,
}

/// What the server answers.
#[derive(Debug, Deserialize)]
struct Answer {
    run: RunId,
}

impl Webhook {
    /// The only endpoint of a configuration. `env` knows its secret.
    ///
    /// # Errors
    /// It has none, or its secret isn't known.
    pub fn of(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Self> {
        Self::all(config, env)?.into_iter().next().context("the scenario has no endpoint")
    }

    /// The endpoints of a configuration, by their tenants. `env` knows their secrets.
    ///
    /// # Errors
    /// A secret isn't known.
    pub fn all(config: &Config, env: &dyn Fn(&str) -> Option<String>) -> anyhow::Result<Vec<Self>> {
        let endpoints = config.tenants.values().flat_map(|tenant| &tenant.endpoints);
        let webhook = |(name, endpoint): (&EndpointName, &Endpoint)| {
            let verifier = endpoint.verify.resolve(&config.folder, env).map_err(anyhow::Error::msg)?;
            Ok(Self { path: format!("/v1/intake/{}/{name}", endpoint.platform), verifier })
        };
        endpoints.map(webhook).collect()
    }

    /// The headers with which a body is believed.
    ///
    /// # Errors
    /// The endpoint has no secret, or one with which only its platform can sign.
    pub fn headers(&self, id: &str, at: Timestamp, body: &[u8]) -> anyhow::Result<HeaderMap> {
        self.verifier.sign(id, at, body).context("only the platform can sign for this endpoint")
    }
}

/// An HTTP client for servers of this machine: it trusts no certificate, and knows no proxy.
///
/// # Errors
/// The system gives no resolver.
pub fn client() -> anyhow::Result<reqwest::Client> {
    // Without a choice of cryptography, reqwest builds no client, not even for plain http.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    Ok(reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build()?)
}

/// Posts a call that is new, and gives the run that the server answers with.
///
/// # Errors
/// The server can't be reached, doesn't take it, or knew it.
pub async fn post(client: &reqwest::Client, base: &str, webhook: &Webhook, body: &[u8]) -> anyhow::Result<RunId> {
    let request = client.post(format!("{base}{}", webhook.path)).header("content-type", "application/json");
    let request = request.headers(webhook.headers("msg_demo", SystemClock.now(), body)?);
    let response = request.body(body.to_vec()).send().await.context("the server can't be reached")?;
    let status = response.status();
    let text = response.text().await?;
    if status != StatusCode::ACCEPTED {
        bail!("the server answered {status}: {text}");
    }
    let answer: Answer = serde_json::from_str(&text).with_context(|| format!("the server answered {text}"))?;
    Ok(answer.run)
}
