//! The HTTP client of the door: our resolver, our TLS, nothing from the environment. It follows no redirect, decodes
//! nothing, and repeats nothing but a request of which a kept connection has taken no byte.

use std::{
    error::Error as StdError,
    net::IpAddr,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt as _, future::BoxFuture};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header as names};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{
    client::legacy::{
        self,
        connect::{HttpConnector, HttpInfo},
    },
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use rustls_platform_verifier::Verifier;
use tokio::{net::TcpStream, time::timeout};
use tower_service::Service;
use url::Url;

use super::{address::Prohibited, outlet::Operator, resolver::Names};
use crate::limits::{CONNECT_MS_MAX, KEPT_CONNECTIONS_MAX};

/// How long a connection is kept for the next request, in seconds.
const KEPT_S: u64 = 90;
/// How often a quiet connection is asked whether the other side is still there, in seconds, and how often before it is
/// given up.
const PROBE_S: u64 = 15;
const PROBES: u32 = 3;
/// How long what was sent may go unacknowledged, in seconds, before the connection is given up: nobody probes it then.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_S: u64 = 30;

/// A client that connects only to addresses that pass. It keeps connections, so it is one tenant's and one
/// plugin's alone, under one grant: what comes with another grant gets another client.
#[derive(Clone)]
pub(crate) struct Client(legacy::Client<Connector, Full<Bytes>>);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failed {
    /// Nobody may go there. Nothing has left.
    Prohibited(Prohibited),
    /// No connection came about. Nothing has left.
    NotConnected(String),
    /// The connection broke.
    Broken(String),
}

impl Client {
    pub(super) fn new(operator: &Operator, request_ms_max: u64) -> Self {
        let (resolver, addresses) = (Arc::clone(&operator.resolver), Arc::clone(&operator.addresses));
        let mut http = HttpConnector::new_with_resolver(Names { resolver, addresses });
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_keepalive(Some(Duration::from_secs(PROBE_S)));
        http.set_keepalive_interval(Some(Duration::from_secs(PROBE_S)));
        http.set_keepalive_retries(Some(PROBES));
        #[cfg(target_os = "linux")]
        http.set_tcp_user_timeout(Some(Duration::from_secs(UNACKNOWLEDGED_S)));
        // Half of a request's time at most, so that a write is known not to have left where no connection came about.
        let patience = Duration::from_millis(CONNECT_MS_MAX.min(request_ms_max / 2));
        // Its part for each of a name's addresses, so that a silent one is not the last that is tried.
        http.set_connect_timeout(Some(patience));
        let https = HttpsConnectorBuilder::new().with_tls_config(TLS.clone()).https_or_http().enable_http1();
        let connector = Connector { https: Arc::new(https.wrap_connector(http)), patience };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(KEPT_S))
            .pool_max_idle_per_host(KEPT_CONNECTIONS_MAX)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self(client)
    }

    /// Sends a request, and gives the head of the answer. A body goes with its length, though it may be none.
    pub(crate) async fn send(
        &self,
        method: Method,
        place: &Url,
        mut headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Response<Incoming>, Failed> {
        let uri = Uri::try_from(place.as_str());
        let uri = uri.map_err(|_| Failed::NotConnected("the address is no URI".to_owned()))?;
        headers.entry(names::USER_AGENT).or_insert(USER_AGENT);
        headers.entry(names::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        if let Some(body) = &body {
            headers.insert(names::CONTENT_LENGTH, body.len().into());
        }
        let mut request = Request::new(Full::new(body.unwrap_or_default()));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        self.0.request(request).await.map_err(|error| Failed::of(&error))
    }
}

const USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("aftercall/", env!("CARGO_PKG_VERSION")));

impl Failed {
    /// Whether it is certain that nothing of the request has left.
    pub(super) fn never_left(&self) -> bool {
        match self {
            Self::Prohibited(_) | Self::NotConnected(_) => true,
            Self::Broken(_) => false,
        }
    }

    fn of(error: &legacy::Error) -> Self {
        match causes(error).find_map(|cause| cause.downcast_ref::<Prohibited>()) {
            Some(prohibited) => Self::Prohibited(prohibited.clone()),
            None if error.is_connect() => Self::NotConnected(why(error)),
            None => Self::Broken(why(error)),
        }
    }
}

/// Where an answer came from.
pub(super) fn peer(response: &Response<Incoming>) -> Option<IpAddr> {
    response.extensions().get::<HttpInfo>().map(|info| info.remote_addr().ip())
}

/// Why a request failed, in one line, without its address: the query may hold what is nobody's business.
pub(crate) fn why(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(error.source(), |&cause| cause.source())
}

/// Connects within a time that name, connection and TLS share.
#[derive(Clone)]
struct Connector {
    https: Arc<HttpsConnector<HttpConnector<Names>>>,
    patience: Duration,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn StdError + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, place: Uri) -> Self::Future {
        let (mut https, patience) = (HttpsConnector::clone(&self.https), self.patience);
        async move {
            let connected = timeout(patience, https.call(place)).await;
            connected.unwrap_or_else(|_| Err("it took too long to connect".into()))
        }
        .boxed()
    }
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
