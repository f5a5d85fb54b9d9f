//! Which endpoint takes a model's turns.

use std::{collections::BTreeMap, time::Duration};

use aftercall_core::{
    conversation::Dialect,
    model::{Failure, FailureKind, ModelPin, Reply, TurnRequest},
    ports::Model,
    secret::Secret,
};
use async_trait::async_trait;
use reqwest::{
    Method, Url,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use tokio::time::Instant;

use crate::{
    answer::Answer,
    dialect::{Delivery, body, delivery, key_header, wire},
    openai_chat::Server,
    openai_responses::{Ask, finished},
    transport::Transport,
};

/// How long one turn may take, from the first byte out to the last one in, in milliseconds, where a route
/// doesn't say: long enough for a model that thinks for minutes.
pub const TIMEOUT_MS_DEFAULT: u64 = 10 * 60 * 1000;

/// How long nothing may come of a stream that has begun, in milliseconds, where a route doesn't say. Most providers say
/// something every few seconds; OpenAI's models think unseen for minutes.
pub const IDLE_MS_DEFAULT: u64 = 5 * 60 * 1000;

/// The operator's way to one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The name that platforms call the model.
    pub name: String,
    /// Where its API begins: `https://api.openai.com/v1`.
    pub base_url: String,
    /// The name that goes on the wire. None: [`name`](Self::name).
    pub model: Option<String>,
    /// The wire format that the endpoint speaks.
    pub dialect: Dialect,
    /// Who speaks it there, in the dialect `openai-chat`: servers differ in what they take.
    pub server: Server,
    /// What it is shown. None: nothing, as for a model on one's own machine.
    pub key: Option<Secret>,
    /// How long one turn may take, in milliseconds: [`TIMEOUT_MS_DEFAULT`] suits most.
    pub timeout_ms: u64,
    /// How long nothing may come of a stream that has begun, in milliseconds: [`IDLE_MS_DEFAULT`] suits most.
    pub idle_ms_max: u64,
    /// Whether replies are streamed, which keeps the connection alive while they are made. None: where the server is
    /// known to lose nothing by it.
    pub stream: Option<bool>,
    /// How many tokens a request and its reply may have together. None: not known, and no history is taken for too long.
    pub context_tokens: Option<u64>,
    /// Whether a reply is made in the background and asked for until it is there, so that no connection has to last as
    /// long as a model thinks: in OpenAI Responses alone. The provider then keeps what it is sent and what it replies, as
    /// long as its terms have it (OpenAI: 30 days, unless the project says otherwise); without it, it is told to store
    /// nothing.
    pub background: bool,
}

/// Why the routes can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not the address of an API.
    #[error("model route `{route}`: `base_url` {why}: write it like `https://api.openai.com/v1`")]
    BaseUrl {
        /// Of which route.
        route: String,
        /// Why.
        why: String,
    },
    /// A key that no header can carry.
    #[error(
        "model route `{route}`: the key is empty, or has characters that no HTTP header can carry: check where it is read from"
    )]
    Key {
        /// Of which route.
        route: String,
    },
    /// A reply in the background, from a provider that has no such.
    #[error(
        "model route `{route}`: `background` is for the dialect `openai-responses`, and this one speaks `{dialect}`: leave it out"
    )]
    Background {
        /// Of which route.
        route: String,
        /// What it speaks.
        dialect: Dialect,
    },
    /// A reply that is both asked for until it is there and streamed.
    #[error(
        "model route `{route}`: a reply is either streamed or made in the background: leave out `stream` or `background`"
    )]
    StreamInBackground {
        /// Of which route.
        route: String,
    },
    /// No time for anything to come.
    #[error(
        "model route `{route}`: `idle_ms_max` is 0, in which nothing can come: leave it out, or give it milliseconds"
    )]
    Idle {
        /// Of which route.
        route: String,
    },
    /// A server of one dialect, where another is spoken.
    #[error(
        "model route `{route}`: `server` is for the dialect `openai-chat`, and this one speaks `{dialect}`: leave it out"
    )]
    Server {
        /// Of which route.
        route: String,
        /// What it speaks.
        dialect: Dialect,
    },
    /// One name, two ways.
    #[error("two model routes are called `{route}`: keep one")]
    Twice {
        /// The name.
        route: String,
    },
    /// No connection can be trusted.
    #[error(
        "a model route is https, but no certificate can be checked: {why}; install the system's CA certificates (the package is often `ca-certificates`)"
    )]
    Certificates {
        /// Why.
        why: String,
    },
}

/// The models that the operator has mapped.
#[derive(Debug)]
pub struct Models {
    routes: BTreeMap<String, Endpoint>,
    everything: Option<Endpoint>,
    transport: Transport,
}

/// A route, checked.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) route: Route,
    pub(crate) url: Url,
    /// What each request carries; a key is marked as sensitive, so that it doesn't show.
    pub(crate) headers: HeaderMap,
}

impl Models {
    /// Checks the routes. If there is a route for `everything`, all turns of all models go there.
    ///
    /// # Errors
    /// Says which route can't be used and why.
    pub fn new(routes: impl IntoIterator<Item = Route>, everything: Option<Route>) -> Result<Self, Error> {
        let mut checked = BTreeMap::new();
        for route in routes {
            let name = route.name.clone();
            if checked.insert(name.clone(), Endpoint::check(route)?).is_some() {
                return Err(Error::Twice { route: name });
            }
        }
        let everything = everything.map(Endpoint::check).transpose()?;
        let is_https = |endpoint: &Endpoint| endpoint.url.scheme() == "https";
        let transport = match checked.values().chain(&everything).any(is_https) {
            true => Transport::with_platform_certificates().map_err(|why| Error::Certificates { why })?,
            false => Transport::without_certificates(),
        };
        Ok(Self { routes: checked, everything, transport })
    }

    /// What a run pins of the model that took the call, by the name that the platform calls it.
    ///
    /// # Errors
    /// The model isn't mapped, or the call doesn't say which one it was.
    pub fn pin(&self, name: Option<&str>) -> Result<ModelPin, Failure> {
        let endpoint = match (&self.everything, name) {
            (Some(everything), _) => everything,
            (None, Some(name)) => self.routes.get(name).ok_or_else(|| unmapped(name))?,
            (None, None) => return Err(unnamed()),
        };
        let Route { name, dialect, .. } = &endpoint.route;
        Ok(ModelPin { route: name.clone(), ..ModelPin::new(endpoint.model(), *dialect) })
    }

    /// How many tokens a request to a pinned model and its reply may have together, where that is known.
    pub fn context_tokens(&self, pin: &ModelPin) -> Option<u64> {
        self.endpoint(pin).ok()?.0.route.context_tokens
    }

    /// Where a pinned model's turns go, and the name that goes on the wire.
    fn endpoint<'a>(&'a self, pin: &'a ModelPin) -> Result<(&'a Endpoint, &'a str), Failure> {
        match &self.everything {
            Some(everything) => Ok((everything, everything.model())),
            None => Ok((self.routes.get(&pin.route).ok_or_else(|| unmapped(&pin.route))?, &pin.model)),
        }
    }

    /// The final answer to a request whose reply is made in the background.
    async fn in_background(&self, endpoint: &Endpoint, path: Vec<String>, body: Vec<u8>) -> Result<Answer, Failure> {
        let now = Instant::now();
        let until = now.checked_add(Duration::from_millis(endpoint.route.timeout_ms)).unwrap_or(now);
        let first = self.transport.post(endpoint, &path, None, body).await?;
        let ask = |Ask { id, cancel, within }| {
            let (method, last) = if cancel { (Method::POST, Some("cancel".to_owned())) } else { (Method::GET, None) };
            let path: Vec<String> = path.iter().cloned().chain([id]).chain(last).collect();
            async move { self.transport.ask(method, endpoint, &path, within).await }
        };
        finished(first, until, ask).await
    }
}

#[async_trait]
impl Model for Models {
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, Failure> {
        let (endpoint, model) = self.endpoint(request.model)?;
        let wire = wire(endpoint.route.dialect);
        let delivery = delivery(&endpoint.route);
        let (path, body) = ((wire.path)(model, delivery), body(&endpoint.route, request, model)?);
        let answer = match delivery {
            Delivery::Background => self.in_background(endpoint, path, body).await?,
            Delivery::Whole => self.transport.post(endpoint, &path, None, body).await?,
            Delivery::Streamed => self.transport.post(endpoint, &path, wire.streamed_query, body).await?,
        };
        (wire.read)(&answer, request.exchanges.len())
    }
}

impl Endpoint {
    fn check(route: Route) -> Result<Self, Error> {
        let wrong = |why: &str| Error::BaseUrl { route: route.name.clone(), why: why.to_owned() };
        let url = Url::parse(&route.base_url).map_err(|error| wrong(&format!("is no URL ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("is neither http nor https"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("has a credential in it, which belongs in `key`"));
        }
        if route.background && route.dialect != Dialect::OpenaiResponses {
            return Err(Error::Background { route: route.name, dialect: route.dialect });
        }
        if route.background && route.stream == Some(true) {
            return Err(Error::StreamInBackground { route: route.name });
        }
        if route.idle_ms_max == 0 {
            return Err(Error::Idle { route: route.name });
        }
        if route.server != Server::default() && route.dialect != Dialect::OpenaiChat {
            return Err(Error::Server { route: route.name, dialect: route.dialect });
        }
        let headers = headers(&route);
        let headers = headers.map_err(|Unusable| Error::Key { route: route.name.clone() })?;
        Ok(Self { route, url, headers })
    }

    fn model(&self) -> &str {
        self.route.model.as_deref().unwrap_or(&self.route.name)
    }
}

/// A key that no header can carry.
struct Unusable;

/// The headers of each request by a route, with the key among them.
fn headers(route: &Route) -> Result<HeaderMap, Unusable> {
    let fixed =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut headers: HeaderMap = wire(route.dialect).headers.iter().map(fixed).collect();
    if let Some(key) = &route.key {
        if key.expose().trim().is_empty() {
            return Err(Unusable);
        }
        let (name, before) = key_header(route);
        let mut value = HeaderValue::from_str(&format!("{before}{}", key.expose())).map_err(|_| Unusable)?;
        value.set_sensitive(true);
        headers.insert(name.clone(), value);
    }
    Ok(headers)
}

fn unmapped(name: &str) -> Failure {
    let quoted = serde_json::Value::from(name);
    let message = format!(
        "no route leads to the model `{name}`: add `[models.{quoted}]` with `base_url` and `key` to the configuration"
    );
    Failure { kind: FailureKind::Unmapped, message, retry_after_ms: None }
}

fn unnamed() -> Failure {
    let message = "the call record doesn't say which model took the call: name it in the record, \
                   or add `model = \"NAME\"` to the assistant, or choose one with `--model NAME --base-url URL`";
    Failure { kind: FailureKind::Unmapped, message: message.to_owned(), retry_after_ms: None }
}
