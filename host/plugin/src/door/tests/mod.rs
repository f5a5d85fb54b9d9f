//! The door, with vendors on loopback.

mod bodies;
mod names;
mod redirects;
mod site;
mod ssrf;
mod vendors;

use std::sync::Arc;

use aftercall_core::{
    egress::{MarkedRule, Policy},
    manifest::Manifest,
    secret::Secret,
    time::Timestamp,
};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::json;

use super::*;
use crate::{
    credential::{Around, Credentials, SealedTokens, Supplied},
    limits::Limits,
    testing::{Events, Records, Stopped, Vendor, http},
};

impl Door {
    /// Decides about a request and sends it.
    async fn begin(self: &Arc<Self>, request: Request<Bytes>) -> Result<Response<Answer>, Error> {
        let (parts, body) = request.into_parts();
        let admitted = self.admit(parts)?;
        self.pass(admitted, Full::new(body)).await
    }

    /// The same, and reads the answer whole.
    async fn send(self: &Arc<Self>, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let (parts, body) = self.begin(request).await?.into_parts();
        Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
    }
}

const TOKEN: &str = "t0ken/with+odd=chars";

/// A rule of author and tenant, and whether the manifest's credential goes on what it speaks of.
#[derive(Clone)]
struct Asked {
    rule: String,
    access: Access,
    credential: bool,
}

fn read(rule: impl Into<String>) -> Asked {
    Asked { rule: rule.into(), access: Access::Read, credential: false }
}

fn write(rule: impl Into<String>) -> Asked {
    Asked { rule: rule.into(), access: Access::Write, credential: true }
}

/// A door to `vendor.test`, rerouted to a vendor on loopback, with a token on writes.
struct Setup {
    limits: Limits,
    /// Hosts that are connected to the vendor.
    reroute: &'static [&'static str],
    allow: Vec<&'static str>,
    rules: Vec<Asked>,
    resolver: Arc<dyn Resolver>,
    /// Most requests that are under way to one vendor.
    requests_max: u32,
    /// Whether the vendor refuses in the bodies of its successes too.
    refuses_in_body: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            reroute: &["vendor.test"],
            allow: Vec::new(),
            rules: vec![
                read("GET,HEAD https://vendor.test/**"),
                write("POST https://vendor.test/**"),
                read("GET http://vendor.test/open/**"),
            ],
            resolver: Arc::new(SystemResolver),
            requests_max: 16,
            refuses_in_body: false,
        }
    }
}

impl Setup {
    /// What all grants share.
    fn operator(&self, port: u16) -> Arc<Operator> {
        let place: Url = format!("http://127.0.0.1:{port}").parse().expect("a URL");
        let allow = self.allow.iter().map(|range| range.parse().expect("a range")).collect();
        Arc::new(Operator {
            ceiling: None,
            addresses: Arc::new(Addresses::new(allow)),
            resolver: Arc::clone(&self.resolver),
            reroutes: self.reroute.iter().map(|host| ((*host).to_owned(), place.clone())).collect(),
            vendors: AllVendors::new(self.requests_max),
        })
    }

    fn outlet(self, port: u16) -> Arc<Outlet> {
        self.outlet_in("acme", &self.operator(port))
    }

    /// What one grant shares.
    fn outlet_in(&self, tenant: &str, operator: &Arc<Operator>) -> Arc<Outlet> {
        let egress: Vec<_> = self
            .rules
            .iter()
            .map(|Asked { rule, access, credential }| {
                let mut ask = json!({"rule": rule, "access": access});
                if *credential {
                    ask["credential"] = json!("api");
                }
                if *access == Access::Write {
                    ask["idempotency_header"] = json!("idempotency-key");
                    ask["refuses_in_body"] = json!(self.refuses_in_body);
                }
                ask
            })
            .collect();
        let placement = json!({"header": {"name": "x-api-key", "prefix": "Token "}});
        let manifest: Manifest = serde_json::from_value(json!({
            "name": "test", "version": "1", "description": "t", "egress": egress,
            "credentials": {"api": {"description": "a token", "placement": placement}},
        }))
        .expect("a manifest");
        let granted = |asked: &Asked| MarkedRule { rule: asked.rule.parse().expect("a rule"), access: asked.access };
        let granted = self.rules.iter().map(granted).collect();
        let policy = Policy { author: manifest.egress_rules(), operator: None, tenant: granted };
        let around = Around {
            tenant: tenant.parse().expect("a name"),
            operator: Arc::clone(operator),
            clock: Arc::new(Stopped(Timestamp::from_millis(0))),
            refresh_tokens: Arc::new(SealedTokens::in_memory()),
            token_ms_max: 10_000,
        };
        let supplied = BTreeMap::from([("api".to_owned(), Supplied::Secret(Secret::new(TOKEN.into())))]);
        let credentials = Credentials::new(&manifest, &supplied, &around).expect("credentials");
        Arc::new(Outlet::new(&manifest, policy, credentials, self.limits, &around))
    }

    fn door(self, vendor: &Vendor, purpose: Purpose) -> Arc<Door> {
        door(&self.outlet(vendor.port), purpose)
    }
}

/// The door of one call of a grant.
fn door(outlet: &Arc<Outlet>, purpose: Purpose) -> Arc<Door> {
    let key = EffectKey::from_stored("ac_1".into());
    let log = Arc::new(Log::new(&outlet.limits));
    Arc::new(Door::new(Arc::clone(outlet), purpose, key, log))
}

fn writes() -> Purpose {
    Purpose::Writes(Records::working(&Events::default()))
}

fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &'static str) -> Request<Bytes> {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Bytes::from_static(body.as_bytes())).expect("a request")
}

fn post() -> Request<Bytes> {
    request("POST", "https://vendor.test/v1/things?q=1", &[], "hello")
}

fn get() -> Request<Bytes> {
    request("GET", "https://vendor.test/v1/things", &[], "")
}

#[tokio::test]
async fn a_write_is_recorded_before_it_leaves_and_carries_what_only_the_host_knows() {
    let events = Events::default();
    let vendor = Vendor::start(http("201 Created", &["x-id: 7"], "made"), events.clone()).await;
    let door = Setup::default().door(&vendor, Purpose::Writes(Records::working(&events)));
    let answer = door.send(post()).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (201, &b"made"[..]));
    assert_eq!(answer.headers()["x-id"], "7");
    assert_eq!(events.all(), ["recorded", "the vendor has the request"]);

    let sent = vendor.only_request().to_ascii_lowercase();
    let key = EffectKey::from_stored("ac_1".into()).header_value("POST https://vendor.test/**", 0);
    for expected in [
        "post /v1/things?q=1 http/1.1\r\n",
        "\r\nhost: vendor.test\r\n",
        "\r\naccept-encoding: identity\r\n",
        "\r\ncontent-length: 5\r\n",
        &format!("\r\nx-api-key: token {TOKEN}\r\n"),
        &format!("\r\nidempotency-key: {key}\r\n"),
        concat!("\r\nuser-agent: aftercall/", env!("CARGO_PKG_VERSION"), "\r\n"),
        "\r\n\r\nhello",
    ] {
        assert!(sent.contains(expected), "{expected:?} is missing in {sent:?}");
    }
    assert_eq!(door.close().writes, [WriteAnswer::Accepted]);
}

#[tokio::test]
async fn a_rehearsed_write_is_shown_without_its_credential() {
    let vendor = Vendor::answering(http("201 Created", &[], "made")).await;
    let door = Setup::default().door(&vendor, Purpose::Rehearses);
    tokio::select! {
        answer = door.send(request("POST", "https://vendor.test/v1/things?q=1", &[("x-note", "n")], "hello")) => {
            panic!("nothing answers it: {answer:?}")
        }
        () = door.rehearsed() => {}
    }
    assert_eq!(door.send(get()).await.expect("reads leave").status().as_u16(), 201);
    let closed = door.close();
    let [captured] = &closed.captured[..] else { panic!("one write: {:?}", closed.captured) };
    let key = EffectKey::from_stored("ac_1".into()).header_value("POST https://vendor.test/**", 0);
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        *captured,
        CapturedWrite {
            method: "POST".into(),
            url: "https://vendor.test/v1/things?q=1".into(),
            headers: vec![header("idempotency-key", &key), header("x-api-key", "[credential]"), header("x-note", "n")],
            body: "hello".into(),
            answered: None,
        }
    );
    assert_eq!(closed.writes, []);
}

#[tokio::test]
async fn a_credential_that_a_component_has_all_the_same_is_not_shown_in_a_rehearsal() {
    let vendor = Vendor::answering(http("201 Created", &[], "made")).await;
    let door = Setup::default().door(&vendor, Purpose::Rehearses);
    let uri = "https://vendor.test/v1/things?key=t0ken%2Fwith%2Bodd%3Dchars";
    tokio::select! {
        answer = door.send(request("POST", uri, &[("x-note", TOKEN)], r#"{"key": "t0ken\/with+odd=chars"}"#)) => {
            panic!("nothing answers it: {answer:?}")
        }
        () = door.rehearsed() => {}
    }
    let captured = door.close().captured.remove(0);
    assert_eq!(captured.url, "https://vendor.test/v1/things?key=[credential]");
    assert_eq!(captured.body, r#"{"key": "[credential]"}"#);
    assert!(captured.headers.contains(&("x-note".to_owned(), "[credential]".to_owned())), "{:?}", captured.headers);
}

#[tokio::test]
async fn each_write_of_a_rule_has_its_own_idempotency_header_and_a_retry_has_the_same() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let mut keys = Vec::new();
    for _attempt in 0..2 {
        let door = Setup::default().door(&vendor, writes());
        for _write in 0..2 {
            door.send(post()).await.expect("an answer");
        }
    }
    for request in vendor.requests.all() {
        let line =
            request.lines().find(|line| line.to_ascii_lowercase().starts_with("idempotency-key")).map(str::to_owned);
        keys.push(line.expect("a header"));
    }
    assert_eq!(keys[..2], keys[2..]);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test]
async fn a_write_that_never_left_gives_its_number_back_only_if_it_was_the_newest() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let door = Setup::default().door(&vendor, writes());
    let admit = || door.admit(post().into_parts().0).expect("it may leave");
    let key = |admitted: &Admitted| admitted.headers["idempotency-key"].clone();
    door.state().writes = vec![Some(Write { ask: 1, answer: WriteAnswer::Silent }); 3];
    let first = admit();
    door.never_left(0, &first);
    let second = admit();
    assert_eq!(key(&first), key(&second), "the same write, tried again");
    let third = admit();
    door.never_left(1, &second);
    let fourth = admit();
    assert_ne!(key(&third), key(&second));
    assert!(key(&fourth) != key(&second) && key(&fourth) != key(&third), "another one is under way meanwhile");
}

#[tokio::test]
async fn what_is_not_allowed_does_not_leave() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    for (purpose, refused, words) in [
        (writes(), request("GET", "https://other.test/", &[], ""), "manifest"),
        (writes(), request("DELETE", "https://vendor.test/v1/things", &[], ""), "manifest"),
        (writes(), request("GET", "http://vendor.test/v1/things", &[], ""), "manifest"),
        (writes(), request("GET", "https://vendor.test/a/../b", &[], ""), "dot segments"),
        (writes(), request("GET", "https://me@vendor.test/", &[], ""), "user name"),
        (writes(), request("GET", "https://vendor.test/", &[("authorization", "x")], ""), "`authorization`"),
        (writes(), request("GET", "https://vendor.test/", &[("x-api-key", "x")], ""), "`x-api-key`"),
        (writes(), request("GET", "https://vendor.test/", &[("cookie", "x")], ""), "`cookie`"),
        (writes(), request("GET", "https://vendor.test/", &[("host", "x")], ""), "`host`"),
        (writes(), request("GET", "https://vendor.test/", &[("x-http-method-override", "PUT")], ""), "override"),
        (Purpose::Reads("a read tool"), post(), "a read tool sends reads alone"),
        (Purpose::Reads("`reconcile`"), post(), "`reconcile` sends reads alone"),
    ] {
        let door = Setup::default().door(&vendor, purpose);
        let error = door.send(refused).await.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
        assert!(door.log.take()[0].message.contains(words), "the timeline says it too");
        assert_eq!(door.close().writes, []);
    }
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_unless_the_operator_allows_them() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    for host in ["127.0.0.1", "localhost"] {
        let origin = format!("{host}:{}", vendor.port);
        let uri = format!("http://{origin}/open/x");
        for (allow, expected) in [(vec![], false), (vec!["127.0.0.0/8", "::1/128"], true)] {
            let rules = vec![read(format!("GET http://{origin}/open/**"))];
            let setup = Setup { reroute: &[], allow, rules, ..Setup::default() };
            let door = setup.door(&vendor, Purpose::Reads("a read tool"));
            match (door.send(request("GET", &uri, &[], "")).await, expected) {
                (Ok(answer), true) => assert_eq!(answer.status(), 200),
                (Err(error @ Error::Prohibited(_)), false) => {
                    assert!(error.to_string().contains("egress_allow_ranges"), "{error}");
                    assert!(matches!(door.close().refusal, Some(Error::Prohibited(_))));
                    assert_eq!(vendor.requests.all().len(), usize::from(host == "localhost"));
                }
                (got, _) => panic!("{host}: {got:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_credential_never_comes_back() {
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("Token {TOKEN}"));
    let escaped = "t0ken%2Fwith%2Bodd%3Dchars";
    let body = format!("you sent {TOKEN}, {basic} and {escaped}");
    let echo = format!("x-echo: {TOKEN}");
    let headers = [echo.as_str(), "x-api-key: mine", "set-cookie: a=b", "x-plain: yes"];
    let vendor = Vendor::answering(http("200 OK", &headers, &body)).await;
    let door = Setup::default().door(&vendor, writes());
    let answer = door.send(post()).await.expect("an answer");
    let text = String::from_utf8_lossy(answer.body());
    assert!(!text.contains("t0ken") && text.starts_with("you sent [credential], "), "{text}");
    assert_eq!(answer.headers()["x-echo"], "[credential]");
    assert_eq!(answer.headers()["x-plain"], "yes");
    for gone in ["x-api-key", "set-cookie", "content-length"] {
        assert!(!answer.headers().contains_key(gone), "{gone}");
    }
}

#[tokio::test]
async fn what_became_of_a_write_is_known_whatever_the_answer() {
    let cut_off = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec();
    let zipped = http("200 OK", &["content-encoding: gzip"], "zip");
    for (answer, passes, expected) in [
        (http("200 OK", &[], ""), true, WriteAnswer::Accepted),
        (http("303 See Other", &["location: https://vendor.test/2"], ""), true, WriteAnswer::Accepted),
        (http("409 Conflict", &[], ""), true, WriteAnswer::Refused),
        (http("429 Too Many Requests", &["retry-after: 3"], ""), true, WriteAnswer::Refused),
        (http("503 Service Unavailable", &[], ""), true, WriteAnswer::Silent),
        (http("408 Request Timeout", &[], ""), true, WriteAnswer::Silent),
        (Vec::new(), false, WriteAnswer::Silent),
        (b"nonsense".to_vec(), false, WriteAnswer::Silent),
        (cut_off, false, WriteAnswer::Accepted),
        (zipped, false, WriteAnswer::Accepted),
    ] {
        let shown = String::from_utf8_lossy(&answer).into_owned();
        let vendor = Vendor::answering(answer).await;
        let door = Setup::default().door(&vendor, writes());
        assert_eq!(door.send(post()).await.is_ok(), passes, "{shown}");
        assert_eq!(door.close().writes, [expected], "{shown}");
        assert_eq!(vendor.requests.all().len(), 1, "neither repeated nor redirected: {shown}");
    }
}

#[tokio::test]
async fn a_success_that_may_hold_a_refusal_is_told_apart() {
    for (status, expected) in [
        ("200 OK", WriteAnswer::InBody),
        ("204 No Content", WriteAnswer::InBody),
        ("303 See Other", WriteAnswer::Accepted),
        ("409 Conflict", WriteAnswer::Refused),
        ("503 Service Unavailable", WriteAnswer::Silent),
    ] {
        let vendor = Vendor::answering(http(status, &[], "")).await;
        let door = Setup { refuses_in_body: true, ..Setup::default() }.door(&vendor, writes());
        door.send(post()).await.expect("an answer");
        assert_eq!(door.close().writes, [expected], "{status}");
    }
}

/// What a component says in the end is about the last of what it asked for, be that a read, a request that the door refuses, or
/// another capability.
#[tokio::test]
async fn a_success_may_hold_a_refusal_only_while_nothing_follows_it() {
    let foreign = || request("GET", "https://other.test/", &[], "");
    for (after, expected) in [
        (vec![], vec![WriteAnswer::InBody]),
        (vec![get()], vec![WriteAnswer::Accepted]),
        (vec![foreign()], vec![WriteAnswer::Accepted]),
        (vec![post()], vec![WriteAnswer::Accepted, WriteAnswer::InBody]),
    ] {
        let vendor = Vendor::answering(http("200 OK", &[], "")).await;
        let door = Setup { refuses_in_body: true, ..Setup::default() }.door(&vendor, writes());
        door.send(post()).await.expect("an answer");
        for request in after {
            let _ = door.send(request).await;
        }
        assert_eq!(door.close().writes, expected);
    }
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let door = Setup { refuses_in_body: true, ..Setup::default() }.door(&vendor, writes());
    door.count_use();
    door.send(post()).await.expect("an answer");
    door.count_use();
    assert_eq!(door.close().writes, [WriteAnswer::Accepted], "it may have failed at what it keeps");
}

#[tokio::test]
async fn a_write_without_a_connection_never_left() {
    let gone = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        Vendor { port: listener.local_addr().expect("an address").port(), requests: Events::default() }
    };
    let door = Setup::default().door(&gone, writes());
    let error = door.send(post()).await.expect_err("nobody is there");
    assert!(matches!(&error, Error::Unreachable { host, .. } if host == "vendor.test"), "{error}");
    assert_eq!(door.close().writes, []);
}

#[tokio::test]
async fn a_vendor_that_does_not_answer_in_time_leaves_a_doubt() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let silent = Vendor { port: listener.local_addr().expect("an address").port(), requests: Events::default() };
    let limits = Limits { request_ms_max: 400, ..Limits::default() };
    let door = Setup { limits, ..Setup::default() }.door(&silent, writes());
    assert!(matches!(door.send(post()).await, Err(Error::TimedOut { .. })));
    assert_eq!(door.close().writes, [WriteAnswer::Silent]);
}

#[tokio::test]
async fn what_cannot_be_recorded_does_not_leave_nor_does_anything_after_it() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let door = Setup::default().door(&vendor, Purpose::Writes(Records::failing()));
    assert!(matches!(door.send(post()).await, Err(Error::NotRecorded(_))));
    assert!(matches!(door.send(get()).await, Err(Error::Closed)));
    let closed = door.close();
    assert_eq!(closed.writes, []);
    assert!(matches!(closed.refusal, Some(Error::NotRecorded(_))));
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn a_shut_door_lets_nothing_out() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let door = Setup::default().door(&vendor, writes());
    let (parts, body) = post().into_parts();
    let admitted = door.admit(parts).expect("is allowed");
    assert_eq!(door.close().writes, []);
    assert!(matches!(door.pass(admitted, Full::new(body)).await, Err(Error::Closed)));
    assert!(matches!(door.send(get()).await, Err(Error::Closed)));
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn requests_and_bytes_are_counted_over_the_call() {
    let vendor = Vendor::answering(http("200 OK", &[], "0123456789")).await;
    let default = Limits::default();
    for (limits, passes, limit) in [
        (Limits { requests_max: 2, ..default }, 2, Limit::Requests),
        (Limits { request_bytes_max: 14, ..default }, 2, Limit::RequestBytes),
        (Limits { response_bytes_max: 25, ..default }, 2, Limit::ResponseBytes),
    ] {
        let door = Setup { limits, ..Setup::default() }.door(&vendor, writes());
        let mut passed = 0;
        let error = loop {
            match door.send(post()).await {
                Ok(_) => passed += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(&error, Error::Limit(reached) if reached.limit == limit), "{error}");
        assert_eq!(passed, passes, "{limit:?}");
        assert_eq!(door.close().refusal, Some(error));
    }
}

#[tokio::test]
async fn no_body_of_ten_megabytes_is_read_to_its_end() {
    let vendor = Vendor::answering(http("200 OK", &[], &"x".repeat(10 << 20))).await;
    let limits = Limits { response_bytes_max: 1 << 20, ..Limits::default() };
    let door = Setup { limits, ..Setup::default() }.door(&vendor, writes());
    assert!(matches!(door.send(get()).await, Err(Error::Limit(_))));
}
