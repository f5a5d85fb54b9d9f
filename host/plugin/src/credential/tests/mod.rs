//! Credentials at the door, with a token endpoint and a vendor on loopback.

mod by_host;
mod real;
mod shown;
mod supplied;
mod tokens;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aftercall_core::{
    effect::EffectKey,
    egress::{Access, MarkedRule, Policy},
    ports::{RecordsError, RefreshTokenOf, RefreshTokens},
    time::Timestamp,
    tool::{FailureKind, WriteAnswer},
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use super::{
    kept::InMemory,
    key::tests::{EC256, EC384, RSA},
    tokens::PAUSE_MS,
    *,
};
use crate::{
    capabilities::log::Log,
    door::{self, Addresses, AllVendors, Door, Outlet, Purpose, Reroutes, SystemResolver},
    limits::Limits,
    testing::{Events, Moved, Records, Vendor, http},
};

const CLIENT_SECRET: &str = "cl13nt/secret+1";
const REFRESH_TOKEN: &str = "refr3sh-granted";
const TOKEN_URL: &str = "https://login.test/oauth2/token";

/// A world: who logs in where, and when it is.
struct World {
    api: Vendor,
    login: Vendor,
    clock: Arc<Moved>,
    kept: Arc<SealedTokens>,
    ceiling: Option<Vec<&'static str>>,
    token_ms_max: u64,
    placement: Value,
}

fn token(text: &str, rest: &Value) -> Vec<u8> {
    let mut body = json!({"access_token": text, "token_type": "Bearer", "expires_in": 3600});
    if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
        body.extend(rest.clone());
    }
    http("200 OK", &["content-type: application/json"], &body.to_string())
}

impl World {
    /// One whose endpoint gives `t0ken/1`, `t0ken/2` and so on.
    async fn counting() -> Self {
        let count = AtomicUsize::new(0);
        Self::of(move |_| Some(token(&format!("t0ken/{}", count.fetch_add(1, Ordering::Relaxed) + 1), &json!({}))))
            .await
    }

    async fn of(login: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self {
            api: Vendor::answering(http("200 OK", &[], "done")).await,
            login: Vendor::playing(login, Events::default()).await,
            clock: Arc::default(),
            kept: Arc::new(SealedTokens::in_memory()),
            ceiling: None,
            token_ms_max: 10_000,
            placement: json!({"header": {"name": "authorization", "prefix": "Bearer "}}),
        }
    }

    fn around(&self) -> Around {
        let place = |vendor: &Vendor| format!("http://127.0.0.1:{}", vendor.port).parse().expect("a URL");
        let ceiling =
            self.ceiling.as_ref().map(|rules| rules.iter().map(|rule| rule.parse().expect("a rule")).collect());
        Around {
            tenant: "acme".parse().expect("a name"),
            operator: Arc::new(Operator {
                ceiling,
                addresses: Arc::new(Addresses::new(Vec::new())),
                resolver: Arc::new(SystemResolver),
                vendors: AllVendors::new(16),
                reroutes: Reroutes::from([
                    ("api.test".to_owned(), place(&self.api)),
                    ("login.test".to_owned(), place(&self.login)),
                ]),
            }),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            refresh_tokens: Arc::clone(&self.kept),
            token_ms_max: self.token_ms_max,
        }
    }

    fn manifest(&self, kind: &Value) -> Manifest {
        serde_json::from_value(json!({
            "name": "test", "version": "1", "description": "t",
            "credentials": {"api": {"description": "an app", "placement": self.placement, "kind": kind}},
            "egress": [
                {"rule": "GET https://api.test/**", "access": "read", "credential": "api"},
                {"rule": "POST https://api.test/**", "access": "write", "credential": "api",
                 "rehearsal": {"status": 201}},
            ],
        }))
        .expect("a manifest")
    }

    fn outlet(&self, kind: &Value, supplied: Supplied) -> Result<Arc<Outlet>, Error> {
        let (manifest, around) = (self.manifest(kind), self.around());
        let supplied = BTreeMap::from([("api".to_owned(), supplied)]);
        let credentials = Credentials::new(&manifest, &supplied, &around)?;
        let tenant: Vec<MarkedRule> = manifest.egress_rules();
        let policy = Policy { author: manifest.egress_rules(), operator: None, tenant };
        Ok(Arc::new(Outlet::new(&manifest, policy, credentials, Limits::default(), &around)))
    }

    /// An outlet of an application with a secret.
    fn client(&self) -> Arc<Outlet> {
        self.outlet(&client_credentials(), client()).expect("fits")
    }

    fn tokens_in_use(&self) -> Vec<String> {
        let bearer = |request: &String| {
            let (_, after) = request.split_once("authorization: Bearer ").expect("a token");
            after.lines().next().unwrap_or_default().to_owned()
        };
        self.api.requests.all().iter().map(bearer).collect()
    }
}

fn client_credentials() -> Value {
    json!({"oauth2-client-credentials": {}})
}

fn secret(text: &str) -> Option<Secret> {
    Some(Secret::new(text.to_owned()))
}

fn parts(change: impl FnOnce(&mut Parts)) -> Supplied {
    let mut parts =
        Parts { token_url: Some(TOKEN_URL.parse().expect("a URL")), client_id: Some("app".into()), ..Parts::default() };
    change(&mut parts);
    Supplied::Parts(Box::new(parts))
}

fn client() -> Supplied {
    parts(|parts| parts.client_secret = secret(CLIENT_SECRET))
}

fn refreshing() -> Supplied {
    parts(|parts| parts.refresh_token = secret(REFRESH_TOKEN))
}

struct Call {
    door: Arc<Door>,
    log: Arc<Log>,
    events: Events,
}

impl Call {
    fn of(outlet: &Arc<Outlet>) -> Self {
        let events = Events::default();
        Self::with(outlet, Purpose::Writes(Records::working(&events)), events)
    }

    fn with(outlet: &Arc<Outlet>, purpose: Purpose, events: Events) -> Self {
        let log = Arc::new(Log::new(&Limits::default()));
        let key = EffectKey::from_stored("ac_1".into());
        Self { door: Arc::new(Door::new(Arc::clone(outlet), purpose, key, Arc::clone(&log))), log, events }
    }

    async fn send(&self, method: &str, path: &str) -> Result<Response<Bytes>, door::Error> {
        self.send_to(method, &format!("https://api.test{path}")).await
    }

    async fn send_to(&self, method: &str, url: &str) -> Result<Response<Bytes>, door::Error> {
        let request = Request::builder().method(method).uri(url);
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let admitted = self.door.admit(parts)?;
        let (parts, body) = self.door.pass(admitted, Full::new(Bytes::new())).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

/// Records that fail at one or the other.
struct Failing {
    reads: bool,
}

impl Failing {
    fn tokens(reads: bool) -> Arc<SealedTokens> {
        Arc::new(SealedTokens::new(Arc::new(Self { reads }), b"key"))
    }
}

#[async_trait::async_trait]
impl RefreshTokens for Failing {
    async fn newest(&self, _: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        if self.reads { Ok(None) } else { Err(RecordsError::Unavailable("disk full".into())) }
    }

    async fn keep(&self, _: &RefreshTokenOf, _: &[u8]) -> Result<(), RecordsError> {
        Err(RecordsError::Unavailable("disk full".into()))
    }

    async fn claim(&self, _: &RefreshTokenOf, _: Timestamp, _: Timestamp) -> Result<bool, RecordsError> {
        Ok(true)
    }

    async fn release(&self, _: &RefreshTokenOf, _: Timestamp) -> Result<(), RecordsError> {
        Ok(())
    }
}
