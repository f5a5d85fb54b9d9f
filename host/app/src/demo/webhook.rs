//! A call, posted as its platform would post it.

use std::sync::Arc;

use aftercall_core::{
    id::{EndpointName, RunId},
    ports::Clock as _,
    secret::Secret,
    time::Timestamp,
};
use aftercall_intake::SigningKey;
use anyhow::{Context as _, bail};
use http::StatusCode;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;

use crate::{
    clock::SystemClock,
    config::{Config, Endpoint, Verify},
};

/// Where a call is posted, and how it proves whose it is.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Path of the endpoint.
    pub path: String,
    verify: Verify,
    secret: Secret,
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
            let secret = endpoint.verify.secrets().first().context("the endpoint has no secret")?;
            Ok(Self {
                path: format!("/v1/intake/{}/{name}", endpoint.platform),
                verify: endpoint.verify.clone(),
                secret: secret.resolve(&config.folder, env).map_err(anyhow::Error::msg)?,
            })
        };
        endpoints.map(webhook).collect()
    }

    /// The headers with which a body is believed.
    ///
    /// # Errors
    /// The secret is no key.
    pub fn headers(&self, id: &str, at: Timestamp, body: &[u8]) -> anyhow::Result<Vec<(String, String)>> {
        let secret = self.secret.expose().to_owned();
        Ok(match &self.verify {
            Verify::StandardWebhooks(_) => vec![
                ("webhook-id".to_owned(), id.to_owned()),
                ("webhook-timestamp".to_owned(), (at.as_millis() / 1000).to_string()),
                ("webhook-signature".to_owned(), SigningKey::parse(&self.secret)?.sign(id, at, body)),
            ],
            Verify::Bearer(_) => vec![("authorization".to_owned(), format!("Bearer {secret}"))],
            Verify::Header { name, .. } => vec![(name.clone(), secret)],
        })
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
    let mut request = client.post(format!("{base}{}", webhook.path)).header("content-type", "application/json");
    for (name, value) in webhook.headers("msg_demo", SystemClock.now(), body)? {
        request = request.header(name, value);
    }
    let response = request.body(body.to_vec()).send().await.context("the server can't be reached")?;
    let status = response.status();
    let text = response.text().await?;
    if status != StatusCode::ACCEPTED {
        bail!("the server answered {status}: {text}");
    }
    let answer: Answer = serde_json::from_str(&text).with_context(|| format!("the server answered {text}"))?;
    Ok(answer.run)
}
