//! Where tokens are asked for. It is decided about when a tenant grants it, like any request, and reached by the
//! door's own client.

use aftercall_core::{
    credential::TokenUrl,
    egress::{Access, MarkedRule, Policy, Sends},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Uri, header as names};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use url::Url;

use super::{ask::Form, no_token::Why};
use crate::{
    door::{self, Canonical, Client, Failed, Operator, Rerouted, why},
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
    pub(super) body: Bytes,
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
        let mut headers = HeaderMap::new();
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
        let answer = client.send(Method::POST, &self.url, headers, Some(form.body.into())).await;
        let answer = answer.map_err(|failed| self.unanswered(failed))?;
        let status = answer.status().as_u16();
        let retry_after_ms = answer.headers().get(names::RETRY_AFTER).and_then(seconds);
        let body = Limited::new(answer.into_body(), TOKEN_ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.is::<LengthLimitError>() {
            true => Why::Nonsense { host: self.host.clone(), what: "longer than any token" },
            false => self.unanswered(Failed::Broken(why(&*error))),
        })?;
        let body = body.to_bytes();
        Ok(Answered { status, retry_after_ms, body })
    }

    fn unanswered(&self, failed: Failed) -> Why {
        match failed {
            Failed::Prohibited(prohibited) => Why::Prohibited(prohibited),
            Failed::NotConnected(why) | Failed::Broken(why) => Why::Unreachable { host: self.host.clone(), why },
        }
    }
}

/// `Retry-After` as a number of seconds; as a date it is left to our own patience.
fn seconds(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.trim().parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1000))
}
