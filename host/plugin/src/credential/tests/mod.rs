//! Credentials at the door, with a token endpoint and a vendor on loopback.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use aftercall_core::{
    effect::EffectKey,
    egress::{MarkedRule, Policy},
    ports::{RecordsError, RefreshTokenOf},
    tool::{FailureKind, WriteAnswer},
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};

use super::{
    key::tests::{EC256, EC384, RSA},
    tokens::PAUSE_MS,
    *,
};
use crate::{
    capabilities::log::Log,
    door::{self, Addresses, Door, Outlet, Purpose, Reroutes, SystemResolver},
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
    kept: Arc<dyn RefreshTokens>,
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
            kept: Arc::new(InMemory::default()),
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
        Ok(Arc::new(Outlet::new(&manifest, policy, credentials, Limits::default(), around.operator)))
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
        let request = Request::builder().method(method).uri(format!("https://api.test{path}"));
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        let admitted = self.door.admit(parts)?;
        let (parts, body) = self.door.pass(admitted, Full::new(Bytes::new())).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

#[tokio::test]
async fn a_token_is_obtained_once_and_kept() {
    let world = World::counting().await;
    let outlet = world.client();
    for _call in 0..2 {
        let call = Call::of(&outlet);
        call.send("GET", "/x").await.expect("is answered");
        call.send("POST", "/x").await.expect("is answered");
        assert_eq!(call.door.close().writes, [WriteAnswer::Accepted], "the request for a token is no write");
    }
    assert_eq!(world.tokens_in_use(), ["t0ken/1"; 4]);
    let asked = world.login.only_request();
    for expected in [
        "POST /oauth2/token HTTP/1.1\r\n",
        "\r\nhost: login.test\r\n",
        "\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        "\r\nauthorization: Basic YXBwOmNsMTNudCUyRnNlY3JldCUyQjE=\r\n",
        "\r\n\r\ngrant_type=client_credentials",
    ] {
        assert!(asked.contains(expected), "{expected:?} is missing in {asked:?}");
    }
}

#[tokio::test]
async fn a_hundred_calls_ask_once() {
    let world = World::counting().await;
    let outlet = world.client();
    let calls = (0..100).map(|_| async { Call::of(&outlet).send("GET", "/x").await.map(|answer| answer.status()) });
    let statuses = futures::future::join_all(calls).await;
    assert!(statuses.iter().all(|status| *status == Ok(http::StatusCode::OK)), "{statuses:?}");
    assert_eq!(world.login.requests.all().len(), 1);
    assert_eq!(world.tokens_in_use(), vec!["t0ken/1"; 100]);
}

#[tokio::test]
async fn a_hundred_calls_on_many_threads_ask_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let asked = runtime.spawn(async {
        let world = World::counting().await;
        let outlet = world.client();
        let calls = (0..100).map(|_| {
            let outlet = Arc::clone(&outlet);
            tokio::spawn(async move { Call::of(&outlet).send("GET", "/x").await.is_ok() })
        });
        let sent = futures::future::join_all(calls).await;
        assert!(sent.into_iter().all(|sent| sent.expect("it ends")));
        world.login.requests.all().len()
    });
    assert_eq!(asked.await.expect("it ends"), 1);
    runtime.shutdown_background();
}

#[tokio::test]
async fn a_token_is_replaced_before_it_expires() {
    let hour = 3_600_000;
    for (expires_in, holds_ms, gone_ms) in [
        (json!(3600), hour - 60_001, hour - 60_000),
        (json!("3600"), hour - 60_001, hour - 60_000),
        (json!(100), 89_999, 90_000),
        (json!(null), 269_999, 270_000),
        (json!(1e300), 24 * hour - 60_001, 24 * hour - 60_000),
        (json!(0), PAUSE_MS - 1, PAUSE_MS),
        (json!(-3600), PAUSE_MS - 1, PAUSE_MS),
        (json!("soon"), PAUSE_MS - 1, PAUSE_MS),
    ] {
        let rest = json!({"expires_in": expires_in});
        let world = World::of(move |_| Some(token("t0ken", &rest))).await;
        let outlet = world.client();
        let mut now_ms = 0;
        for (at_ms, asked) in [(0, 1), (holds_ms, 1), (gone_ms, 2)] {
            world.clock.by_ms(at_ms - now_ms);
            now_ms = at_ms;
            Call::of(&outlet).send("GET", "/x").await.expect("is answered");
            assert_eq!(world.login.requests.all().len(), asked, "{expires_in} after {at_ms} ms");
        }
    }
}

#[tokio::test]
async fn a_token_that_the_vendor_refuses_is_dropped_and_the_write_not_repeated() {
    let mut world = World::counting().await;
    world.api = Vendor::playing(
        |request| {
            let refused = request.contains("Bearer t0ken/1");
            Some(if refused { http("401 Unauthorized", &[], "") } else { http("200 OK", &[], "") })
        },
        Events::default(),
    )
    .await;
    let outlet = world.client();
    world.clock.by_ms(1);
    for (after_ms, status, write, token) in [
        (0, 401, WriteAnswer::Refused, "t0ken/1"),
        // A component that asks and asks does not make the host log in again and again.
        (PAUSE_MS - 1, 401, WriteAnswer::Refused, "t0ken/1"),
        (1, 200, WriteAnswer::Accepted, "t0ken/2"),
        (PAUSE_MS, 200, WriteAnswer::Accepted, "t0ken/2"),
    ] {
        world.clock.by_ms(after_ms);
        let call = Call::of(&outlet);
        let before = world.tokens_in_use().len();
        assert_eq!(call.send("POST", "/x").await.expect("is answered").status(), status);
        assert_eq!(call.door.close().writes, [write]);
        assert_eq!(world.tokens_in_use()[before..], [token]);
    }
    assert_eq!(world.login.requests.all().len(), 2);
}

#[tokio::test]
async fn without_a_token_nothing_leaves_and_the_next_one_is_asked_for_later() {
    let huge = http("200 OK", &[], &"x".repeat(1 << 20));
    let answers: [(&str, Option<Vec<u8>>, FailureKind, &str); 11] = [
        (
            "html",
            Some(http("200 OK", &[], "<html>cl13nt/secret+1")),
            FailureKind::Denied,
            "no JSON object of a token; check `credentials.api.token_url`",
        ),
        ("huge", Some(huge), FailureKind::Denied, "longer than any token"),
        ("type", Some(token("t0ken", &json!({"token_type": "mac"}))), FailureKind::Denied, "`token_type`"),
        ("unprintable", Some(token("t0ken\n", &json!({}))), FailureKind::Denied, "can't go on a request"),
        ("redirect", Some(http("302 Found", &["location: https://evil.test"], "")), FailureKind::Denied, "redirect"),
        (
            "refused",
            Some(http("400 Bad Request", &[], r#"{"error":"invalid_client","error_description":"cl13nt/secret+1"}"#)),
            FailureKind::Denied,
            "login.test refuses it (invalid_client, status 400); check what `credentials.api` of the grant says",
        ),
        ("busy", Some(http("429 Too Many Requests", &["retry-after: 1"], "")), FailureKind::RateLimited, "status 429"),
        ("down", Some(http("503 Service Unavailable", &[], "cl13nt/secret+1")), FailureKind::Unavailable, "status 503"),
        (
            "cut off",
            Some(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec()),
            FailureKind::Unavailable,
            "no answer of login.test",
        ),
        ("nothing", Some(Vec::new()), FailureKind::Unavailable, "no answer of login.test"),
        ("slow", None, FailureKind::Unavailable, "did not answer in time"),
    ];
    for (what, answer, kind, words) in answers {
        let first = Mutex::new(Some(answer));
        let next = move |_: &str| {
            first.lock().expect("not poisoned").take().unwrap_or_else(|| Some(token("t0ken", &json!({}))))
        };
        let mut world = World::of(next).await;
        world.token_ms_max = if what == "slow" { 100 } else { 10_000 };
        let outlet = world.client();
        let calls: Vec<Call> = (0..5).map(|_| Call::of(&outlet)).collect();
        let errors = futures::future::join_all(calls.iter().map(|call| call.send("POST", "/x"))).await;
        for (call, error) in calls.iter().zip(errors) {
            let Err(door::Error::NoToken(no_token)) = error else { panic!("{what}: {error:?}") };
            assert_eq!(no_token.kind(), kind, "{what}: {no_token}");
            let said = format!("{no_token} {no_token:?} {:?}", call.log.take());
            assert!(said.contains(words), "{what}: {said}");
            assert!(!said.contains(CLIENT_SECRET) && !said.contains("t0ken"), "{what}: {said}");
            assert_eq!(call.events.all(), [""; 0], "{what}: nothing was recorded");
            assert_eq!(call.door.close().writes, [], "{what}");
        }
        assert_eq!(world.api.requests.all(), [""; 0], "{what}: nothing has left");
        let again = Call::of(&outlet).send("GET", "/x").await;
        assert!(matches!(again, Err(door::Error::NoToken(_))), "{what}: not asked again at once");
        assert_eq!(world.login.requests.all().len(), 1, "{what}");
        world.clock.by_ms(PAUSE_MS);
        Call::of(&outlet).send("GET", "/x").await.expect("is answered");
        assert_eq!(world.login.requests.all().len(), 2, "{what}");
    }
}

#[tokio::test]
async fn an_endpoint_at_a_refused_address_is_not_reached() {
    let world = World::counting().await;
    let supplied = parts(|parts| {
        parts.client_secret = secret(CLIENT_SECRET);
        parts.token_url = Some("https://localhost:1/token".parse().expect("a URL"));
    });
    let outlet = world.outlet(&client_credentials(), supplied).expect("its name may be anything");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("is refused");
    let door::Error::NoToken(no_token) = &error else { panic!("{error:?}") };
    assert_eq!(no_token.kind(), FailureKind::Denied);
    assert!(error.to_string().contains("operator.egress_allow_ranges"), "{error}");
}

#[tokio::test]
async fn whoever_gives_up_does_not_take_the_token_along() {
    let world = World::counting().await;
    let outlet = world.client();
    let (first, second) = (Call::of(&outlet), Call::of(&outlet));
    {
        let impatient = first.send("GET", "/x");
        tokio::pin!(impatient);
        assert!(futures::poll!(&mut impatient).is_pending());
    }
    second.send("GET", "/x").await.expect("is answered");
    assert_eq!(world.login.requests.all().len(), 1);
}

#[tokio::test]
async fn a_rotated_refresh_token_takes_the_place_of_the_granted_one() {
    let used = |request: &str| {
        let (_, body) = request.split_once("\r\n\r\n").expect("a body");
        let mut pairs = url::form_urlencoded::parse(body.as_bytes());
        pairs.find(|(name, _)| name == "refresh_token").expect("a refresh token").1.into_owned()
    };
    let rotate = move |request: &str| Some(token("t0ken", &json!({"refresh_token": format!("{}+", used(request))})));
    let world = World::of(rotate).await;
    let refresh = json!({"oauth2-refresh": {"client_auth": "body"}});
    let all_used = || world.login.requests.all().iter().map(|request| used(request)).collect::<Vec<_>>();
    for _restart in 0..2 {
        let outlet = world.outlet(&refresh, refreshing()).expect("fits");
        for _hour in 0..2 {
            Call::of(&outlet).send("GET", "/x").await.expect("is answered");
            world.clock.by_ms(3_600_000);
        }
    }
    assert_eq!(all_used(), [0, 1, 2, 3].map(|times| format!("{REFRESH_TOKEN}{}", "+".repeat(times))));
    let other = parts(|parts| parts.refresh_token = secret("granted-anew"));
    let outlet = world.outlet(&refresh, other).expect("fits");
    Call::of(&outlet).send("GET", "/x").await.expect("is answered");
    assert_eq!(all_used().pop().expect("a request"), "granted-anew");
}

/// Records that fail at one or the other.
struct Failing {
    reads: bool,
}

#[async_trait::async_trait]
impl RefreshTokens for Failing {
    async fn newest(&self, _: &RefreshTokenOf) -> Result<Option<Secret>, RecordsError> {
        if self.reads { Ok(None) } else { Err(RecordsError::Unavailable("disk full".into())) }
    }

    async fn keep(&self, _: &RefreshTokenOf, _: &Secret) -> Result<(), RecordsError> {
        Err(RecordsError::Unavailable("disk full".into()))
    }
}

#[tokio::test]
async fn records_that_fail_lose_no_refresh_token() {
    let mut world = World::of(|_| Some(token("t0ken", &json!({"refresh_token": "refr3sh-2"})))).await;
    let refresh = json!({"oauth2-refresh": {}});
    world.kept = Arc::new(Failing { reads: true });
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    for _hour in 0..2 {
        Call::of(&outlet).send("GET", "/x").await.expect("is answered");
        world.clock.by_ms(3_600_000);
    }
    let [first, second] = &world.login.requests.all()[..] else { panic!("two requests") };
    assert!(first.contains(REFRESH_TOKEN) && second.contains("refr3sh-2"), "{first} {second}");

    world.kept = Arc::new(Failing { reads: false });
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("which one is newest is not known");
    assert!(error.to_string().contains("disk full"), "{error}");
    assert_eq!(world.login.requests.all().len(), 2, "an old one is not tried");
}

#[tokio::test]
async fn nothing_that_was_obtained_comes_back_or_is_shown() {
    let mut world = World::of(|_| Some(token("t0ken/1", &json!({"refresh_token": "refr3sh-2"})))).await;
    // The vendor sends back whatever it was sent, and all else that could be known there.
    let echo = |request: &str| {
        let body = format!("{request} {CLIENT_SECRET} {REFRESH_TOKEN} refr3sh-2 t0ken%2F1");
        Some(http("200 OK", &["location: https://api.test/?t=t0ken/1&r=refr3sh-2", "x-plain: yes"], &body))
    };
    world.api = Vendor::playing(echo, Events::default()).await;
    world.kept = Arc::new(Failing { reads: true });
    let supplied = parts(|parts| {
        parts.refresh_token = secret(REFRESH_TOKEN);
        parts.client_secret = secret(CLIENT_SECRET);
    });
    let secrets = [CLIENT_SECRET, REFRESH_TOKEN, "refr3sh-2", "t0ken/1", "t0ken%2F1"];
    let absent = |text: &str| {
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    };
    absent(&format!("{supplied:?}"));
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber =
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || written.clone()).finish();
    let watched = tracing::subscriber::set_default(subscriber);
    let outlet = world.outlet(&json!({"oauth2-refresh": {}}), supplied).expect("fits");
    let call = Call::of(&outlet);
    let answer = call.send("POST", "/x").await.expect("is answered");
    drop(watched);
    absent(&String::from_utf8_lossy(answer.body()));
    absent(&format!("{:?} {:?}", answer.headers(), call.log.take()));
    assert_eq!(answer.headers()["location"], "https://api.test/?t=[credential]&r=[credential]");
    assert_eq!(answer.headers()["x-plain"], "yes");
    let lines = String::from_utf8(lines.0.lock().expect("not poisoned").clone()).expect("text");
    assert!(lines.contains("tenant acme, plugin test, credential `api` is in memory alone"), "{lines}");
    absent(&lines);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("not poisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_rehearsal_reads_with_a_token_and_shows_none() {
    let mut world = World::counting().await;
    world.placement = json!({"query": {"name": "access_token"}});
    let outlet = world.client();
    let call = Call::with(&outlet, Purpose::Rehearses, Events::default());
    assert_eq!(call.send("POST", "/x?q=1").await.expect("the canned answer").status(), 201);
    assert_eq!(world.login.requests.all(), [""; 0], "what does not leave needs no token");
    call.send("GET", "/x?q=1").await.expect("is answered");
    assert!(world.api.only_request().starts_with("GET /x?q=1&access_token=t0ken%2F1 HTTP"), "it is on the request");
    assert_eq!(call.door.close().captured[0].url, "https://api.test/x?q=1&access_token=[credential]");
}

#[tokio::test]
async fn a_component_can_not_set_the_parameter_that_the_host_fills() {
    let mut world = World::counting().await;
    world.placement = json!({"query": {"name": "key"}});
    let secret = Supplied::Secret(Secret::new("k3y&1234".into()));
    let outlet = world.outlet(&json!("secret"), secret).expect("fits");
    for query in ["key=mine", "q=1&KEY=mine", "%6bey=mine", "%256Bey", "q=1;key=mine", "key[]=mine"] {
        let error = Call::of(&outlet).send("POST", &format!("/x?{query}")).await.expect_err(query);
        assert!(error.to_string().contains("parameter that the host fills in"), "{error}");
    }
    assert_eq!(world.api.requests.all(), [""; 0]);
    Call::of(&outlet).send("GET", "/x?keys=1").await.expect("is answered");
    assert!(world.api.only_request().starts_with("GET /x?keys=1&key=k3y%261234 HTTP"));
}

#[tokio::test]
async fn what_a_tenant_supplies_is_checked() {
    let mut world = World::counting().await;
    world.ceiling = Some(vec!["POST https://login.test/**", "POST https://127.0.0.1/**"]);
    let refresh = || json!({"oauth2-refresh": {}});
    let signed = || json!({"oauth2-client-credentials": {"client_auth": "jwt"}});
    let at = |url: &'static str| {
        parts(move |parts| {
            parts.client_secret = secret(CLIENT_SECRET);
            parts.token_url = Some(url.parse().expect("a URL"));
        })
    };
    let with_key = |key: &'static str| parts(move |parts| parts.private_key = secret(key));
    let named = |url: &str| json!({"oauth2-client-credentials": {"token_url": url}});
    for (kind, supplied, expected) in [
        (client_credentials(), client(), None),
        (named(TOKEN_URL), client(), None),
        (refresh(), refreshing(), None),
        (signed(), with_key(EC384), None),
        (signed(), with_key(RSA), None),
        (json!({"oauth2-jwt-bearer": {}}), with_key(EC256), None),
        (json!("secret"), client(), Some("it is one secret: write `credentials.api = { env = \"NAME\" }`")),
        (
            client_credentials(),
            Supplied::Secret(Secret::new(CLIENT_SECRET.into())),
            Some(
                "it is made by the host (oauth2-client-credentials): give its parts in `credentials.api`, which are `token_url`, `client_id`, `client_secret`",
            ),
        ),
        (
            client_credentials(),
            parts(|_| {}),
            Some("it needs `client_secret`: add `credentials.api.client_secret = { env = \"NAME\" }`"),
        ),
        (refresh(), client(), Some("it needs `refresh_token`")),
        (
            refresh(),
            parts(|parts| {
                parts.refresh_token = secret(REFRESH_TOKEN);
                parts.client_id = None;
            }),
            Some("add `credentials.api.client_id = \"…\"`"),
        ),
        (
            signed(),
            parts(|parts| {
                parts.private_key = secret(RSA);
                parts.client_secret = secret(CLIENT_SECRET);
            }),
            Some("it takes no `client_secret`: leave it out"),
        ),
        (
            client_credentials(),
            parts(|parts| {
                parts.client_secret = secret(CLIENT_SECRET);
                parts.token_url = None;
            }),
            Some("its secrets go to its token URL, which the vendor's manual names"),
        ),
        (
            named(TOKEN_URL),
            parts(|parts| {
                parts.client_secret = secret(CLIENT_SECRET);
                parts.token_url = None;
            }),
            Some(
                "which the manifest names: to consent, add `credentials.api.token_url = \"https://login.test/oauth2/token\"`",
            ),
        ),
        (
            named("https://other.test/token"),
            client(),
            Some("asks for tokens at https://other.test/token, and the grant names https://login.test/oauth2/token"),
        ),
        (
            client_credentials(),
            at("https://other.test/token"),
            Some(
                "POST https://other.test/token is not below the operator's ceiling: add it to `operator.egress_ceiling`",
            ),
        ),
        (client_credentials(), at("https://127.0.0.1/token"), Some("`operator.egress_allow_ranges`")),
        (client_credentials(), parts(|parts| parts.client_secret = secret("abc")), Some("must have 4 to")),
        (signed(), with_key("-----BEGIN PRIVATE KEY-----\nhush\n"), Some("`private_key`: it is no private key")),
        (
            signed(),
            parts(|parts| {
                parts.private_key = secret(EC256);
                parts.algorithm = Some(aftercall_core::signing::Algorithm::Rs384);
            }),
            Some("it takes an RSA key"),
        ),
    ] {
        let shown = format!("{supplied:?}");
        match (world.outlet(&kind, supplied).map(drop), expected) {
            (Ok(()), None) => {}
            (Err(error), Some(words)) => {
                let said = format!("{error} {error:?} {shown}");
                assert!(error.to_string().contains(words), "{error}");
                assert!(error.to_string().contains("credential `api` of plugin test"), "{error}");
                for secret in [CLIENT_SECRET, REFRESH_TOKEN, "hush", &RSA[40..60]] {
                    assert!(!said.contains(secret), "{said}");
                }
            }
            (got, expected) => panic!("{kind}: {got:?} instead of {expected:?}"),
        }
    }
    assert_eq!(world.login.requests.all(), [""; 0]);
}
