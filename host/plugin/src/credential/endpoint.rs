//! Where tokens are asked for. It is decided about when a tenant grants it, like any request, and reached by the
//! door's own client.

use aftercall_core::{
    credential::TokenUrl,
    egress::{Access, MarkedRule, Policy, Sends},
};
use http::{HeaderValue, Method, Uri, header as names};
use reqwest::{Client, Request};
use url::Url;

use super::{ask::Form, no_token::Why};
use crate::{
    door::{self, Canonical, Operator, Rerouted, client},
    limits::TOKEN_ANSWER_BYTES_MAX,
};

/// A token endpoint that may be asked.
pub(super) struct Endpoint {
    url: Url,
    host_header: Option<HeaderValue>,
    /// Its host, for people.
    pub(super) host: String,
}

/// What an endpoint answered.
pub(super) struct Answered {
    pub(super) status: u16,
    /// How long it asks us to wait, in milliseconds.
    pub(super) retry_after_ms: Option<u64>,
    pub(super) body: Vec<u8>,
}

impl Endpoint {
    /// That of a URL to which author and tenant agree. The operator's ceiling holds, and so do the refused addresses.
    pub(super) fn of(url: &TokenUrl, operator: &Operator) -> Result<Self, door::Error> {
        let uri: Uri = url.as_str().parse().map_err(|_| door::Error::Invalid("its address is no URL"))?;
        let canonical = Canonical::of(&Method::POST, &uri)?;
        let agreed = vec![MarkedRule { rule: url.rule().clone(), access: Access::Write }];
        let policy = Policy { author: agreed.clone(), operator: operator.ceiling.clone(), tenant: agreed };
        policy.decide(&canonical.target, Sends::Anything)?;
        let (url, host_header) = match operator.rerouted(&canonical.url)? {
            Some(Rerouted { place, host }) => (place, Some(host)),
            None => (canonical.url, None),
        };
        Ok(Self { url, host_header, host: canonical.target.host })
    }

    /// Asks once. What comes back is bounded; the time is bounded by whoever calls.
    pub(super) async fn post(&self, client: &Client, form: Form) -> Result<Answered, Why> {
        let mut request = Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(names::CONTENT_TYPE, form_type);
        headers.insert(names::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(names::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(host) = &self.host_header {
            headers.insert(names::HOST, host.clone());
        }
        if let Some(authorization) = form.authorization {
            headers.insert(names::AUTHORIZATION, authorization);
        }
        *request.body_mut() = Some(form.body.into());
        let mut answer = client.execute(request).await.map_err(|error| self.unanswered(&error))?;
        let status = answer.status().as_u16();
        let retry_after_ms = answer.headers().get(names::RETRY_AFTER).and_then(seconds);
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unanswered(&error))? {
            if body.len() + chunk.len() > TOKEN_ANSWER_BYTES_MAX {
                let host = self.host.clone();
                return Err(Why::Nonsense { host, what: "longer than any token" });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, retry_after_ms, body })
    }

    fn unanswered(&self, error: &reqwest::Error) -> Why {
        match client::prohibited(error) {
            Some(prohibited) => Why::Prohibited(prohibited.clone()),
            None => Why::Unreachable { host: self.host.clone(), why: client::why(error) },
        }
    }
}

/// `Retry-After` as a number of seconds; as a date it is left to our own patience.
fn seconds(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1000))
}
