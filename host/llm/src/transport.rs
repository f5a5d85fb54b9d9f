//! Carries one request to an endpoint and one answer back.

use std::{error::Error as _, time::Duration};

use aftercall_core::model::{Failure, FailureKind};
use jiff::fmt::rfc2822;
use reqwest::{
    Client, Method, RequestBuilder, Response,
    header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::time::timeout;

use crate::{
    answer::{Answer, REPLY_BYTES_MAX},
    dialect::wire,
    route::Endpoint,
    stream::{Stream, cut_off},
};

/// How long a connection may take, in milliseconds: a host that doesn't answer is found out soon.
const CONNECT_MS_MAX: u64 = 10_000;

/// The HTTP client. It repeats nothing, follows no redirect and knows no proxy.
#[derive(Debug)]
pub(crate) struct Transport(Client);

impl Transport {
    /// Trusts the certificates that the system trusts.
    pub(crate) fn with_platform_certificates() -> Result<Self, String> {
        let tls = tls().with_platform_verifier().map_err(|error| error.to_string())?;
        Ok(Self::new(tls.with_no_client_auth()))
    }

    /// For plain http alone: it needs no certificates, and trusts none.
    pub(crate) fn without_certificates() -> Self {
        Self::new(tls().with_root_certificates(RootCertStore::empty()).with_no_client_auth())
    }

    fn new(tls: ClientConfig) -> Self {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(Duration::from_millis(CONNECT_MS_MAX))
            .build();
        Self(client.expect("nothing in these settings depends on the machine"))
    }

    /// Sends JSON to a path below the endpoint's base, with a query or without, and reads the whole answer.
    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        path: &[String],
        query: Option<(&str, &str)>,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let timeout = Duration::from_millis(endpoint.route.timeout_ms);
        let request = self.request(Method::POST, endpoint, path, query, timeout);
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        answered(endpoint, request).await
    }

    /// Asks for something without sending any body, and reads the whole answer.
    pub(crate) async fn ask(
        &self,
        method: Method,
        endpoint: &Endpoint,
        path: &[String],
        timeout: Duration,
    ) -> Result<Answer, Failure> {
        answered(endpoint, self.request(method, endpoint, path, None, timeout)).await
    }

    fn request(
        &self,
        method: Method,
        endpoint: &Endpoint,
        path: &[String],
        query: Option<(&str, &str)>,
        timeout: Duration,
    ) -> RequestBuilder {
        let mut url = endpoint.url.clone();
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.path_segments_mut().expect("an http URL has a path").pop_if_empty().extend(path);
        self.0.request(method, url).headers(endpoint.headers.clone()).timeout(timeout)
    }
}

async fn answered(endpoint: &Endpoint, request: RequestBuilder) -> Result<Answer, Failure> {
    let lost = |error| unavailable(&error, endpoint);
    let response = request.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let retry_after_ms = retry_after_ms(response.headers());
    let (route, key) = (endpoint.route.name.clone(), endpoint.route.key.clone());
    let mut answer = Answer { route, status, retry_after_ms, body: Vec::new(), key };
    answer.body = match is_stream(&response) {
        true => gathered(endpoint, response, &answer).await?,
        false => read(response).await.map_err(lost)?,
    };
    if answer.body.len() > REPLY_BYTES_MAX {
        return Err(answer.nonsense(&format!("it has more than {REPLY_BYTES_MAX} bytes")));
    }
    Ok(answer)
}

/// Whether an answer is a stream of events, whatever was asked for. What is refused never is.
fn is_stream(response: &Response) -> bool {
    let media = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    response.status().is_success() && media.eq_ignore_ascii_case("text/event-stream")
}

/// Reads a stream up to the event that is the last one of an answer, and puts the answer together.
async fn gathered(endpoint: &Endpoint, mut response: Response, answer: &Answer) -> Result<Vec<u8>, Failure> {
    let route = &endpoint.route;
    let mut stream = Stream::new((wire(route.dialect).assembly)());
    loop {
        let chunk = timeout(Duration::from_millis(route.idle_ms_max), response.chunk()).await;
        let chunk = chunk.map_err(|_| silent(endpoint))?.map_err(|error| unavailable(&error, endpoint))?;
        let Some(chunk) = chunk else { return stream.end().ok_or_else(cut_off) };
        if let Some(body) = stream.take(&chunk).map_err(|unreadable| unreadable.within(answer))? {
            return Ok(body);
        }
    }
}

fn tls() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = rustls::crypto::ring::default_provider();
    ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
}

/// Reads a body: all of it, or somewhat more than [`REPLY_BYTES_MAX`].
async fn read(mut response: Response) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > REPLY_BYTES_MAX {
            break;
        }
    }
    Ok(body)
}

fn unavailable(error: &reqwest::Error, endpoint: &Endpoint) -> Failure {
    let Endpoint { route, url, .. } = endpoint;
    let host = url.host_str().unwrap_or_default();
    let message = if error.is_connect() {
        format!("no connection to {host}: {}", root_cause(error))
    } else if error.is_timeout() {
        format!("no whole answer from {host} within {} ms, the limit of model route `{}`", route.timeout_ms, route.name)
    } else {
        format!("the answer of {host} broke off: {}", root_cause(error))
    };
    Failure { kind: FailureKind::Unavailable, message, retry_after_ms: None }
}

fn silent(endpoint: &Endpoint) -> Failure {
    let Endpoint { route, url, .. } = endpoint;
    let (host, idle_ms_max) = (url.host_str().unwrap_or_default(), route.idle_ms_max);
    let message = format!(
        "nothing more came from {host} for {idle_ms_max} ms, the `idle_ms_max` of model route `{}`",
        route.name
    );
    Failure { kind: FailureKind::Unavailable, message, retry_after_ms: None }
}

/// The innermost words: the outer ones repeat the URL, and say only that something failed.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause.and_then(|cause| cause.source()) {
        cause = Some(inner);
    }
    cause.map_or_else(|| "no reason given".to_owned(), |cause| cause.to_string())
}

/// How long the provider asks us to wait, in milliseconds: `retry-after-ms`, or `Retry-After` in seconds or
/// as a date, which is held against the answer's own `Date`.
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = |name: &str| rfc2822::parse(text(name)?).ok().map(|date| date.timestamp().as_millisecond());
    let milliseconds = |text: &str, factor: f64| {
        let span = jiff::SignedDuration::try_from_secs_f64(text.parse::<f64>().ok()? * factor / 1000.0).ok()?;
        u64::try_from(span.as_millis()).ok()
    };
    text("retry-after-ms")
        .and_then(|text| milliseconds(text, 1.0))
        .or_else(|| text(RETRY_AFTER.as_str()).and_then(|text| milliseconds(text, 1000.0)))
        .or_else(|| u64::try_from(date(RETRY_AFTER.as_str())?.saturating_sub(date(DATE.as_str())?)).ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn patience_is_read_in_each_form() {
        let today = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        for (headers, expected) in [
            (vec![("retry-after", "3")], Some(3_000)),
            (vec![("retry-after", "0.5")], Some(500)),
            (vec![("retry-after", "9"), ("retry-after-ms", "250")], Some(250)),
            (vec![today, ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], Some(30_000)),
            (vec![today, ("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")], None),
            (vec![("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")], None),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1e300")], None),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            let map = headers
                .iter()
                .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
                .collect();
            assert_eq!(retry_after_ms(&map), expected, "{headers:?}");
        }
    }
}
