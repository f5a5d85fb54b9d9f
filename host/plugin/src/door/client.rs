//! The HTTP client of the door: our resolver, our TLS, nothing from the environment, nothing of its own accord.

use std::{
    error::Error as StdError,
    sync::{Arc, LazyLock},
    time::Duration,
};

use reqwest::{Client, redirect};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::Verifier;

use super::{address::Prohibited, outlet::Operator, resolver::Names};
use crate::limits::{CONNECT_MS_MAX, KEPT_CONNECTIONS_MAX};

/// A client that connects only to addresses that pass. It keeps connections, so it is one tenant's and one
/// plugin's alone, under one grant: what comes with another grant gets another client.
pub(super) fn make(operator: &Operator, request_ms_max: u64) -> Client {
    let resolver = Arc::clone(&operator.resolver);
    Client::builder()
        .dns_resolver(Arc::new(Names { resolver, addresses: Arc::clone(&operator.addresses) }))
        .tls_backend_preconfigured(TLS.clone())
        .user_agent(concat!("aftercall/", env!("CARGO_PKG_VERSION")))
        // Half of a request's time at most, so that a write is known not to have left where no connection came about.
        .connect_timeout(Duration::from_millis(CONNECT_MS_MAX.min(request_ms_max / 2)))
        .pool_max_idle_per_host(KEPT_CONNECTIONS_MAX)
        // The door follows redirects itself, and decides about each.
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        .build()
        .expect("nothing in it is read from outside")
}

/// Made once: reading the machine's certificates costs tens of milliseconds.
static TLS: LazyLock<ClientConfig> = LazyLock::new(|| {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has the cipher suites of TLS 1.2 and 1.3");
    match Verifier::new(provider) {
        Ok(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth(),
        Err(error) => {
            tracing::warn!("no request over https can succeed: {error}; install ca-certificates");
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        }
    }
});

/// The prohibited address that a request failed at, if that is why.
pub(crate) fn prohibited(error: &reqwest::Error) -> Option<&Prohibited> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// Why a request failed, in one line, without its address: the query may hold what is nobody's business.
pub(crate) fn why(error: &reqwest::Error) -> String {
    causes(error).last().map_or_else(|| "it failed".to_owned(), ToString::to_string)
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}
