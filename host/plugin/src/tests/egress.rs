//! Guests at the door: they go where they may not, send what they may not, and take what never ends.

use std::time::Duration;

use aftercall_core::{
    id::Tenant,
    ports::Tools as _,
    secret::Secret,
    tool::{
        Effect,
        FailureKind::{Denied, LimitReached, NotRunnable, Trapped as HasTrapped, Unavailable},
        Finding, Invocation, Outcome,
        WriteAnswer::{Accepted, Refused, Silent},
    },
    usage::Limit,
};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt as _, net::TcpListener};

use super::{
    case::{
        Case,
        Expected::{Described, Done, Failed, Found, Returned, Stopped, Trapped, Undescribed},
        call, check, check_all, list_tools, reconcile,
    },
    world::{NOW, World, grant, host, reroutes, tenant},
};
use crate::{
    Grant, Limits, artifact,
    credential::{Parts, Supplied},
    limits::{BREAKER_FAILURES_MAX, BREAKER_PAUSE_MS_MIN},
    testing::{Events, Records, Vendor, http},
};

pub(super) fn cases() -> Vec<Case> {
    let soon = |limits: &mut Limits| limits.wall_ms_max = 200;
    let happened = Outcome { text: "done".into(), data: None, receipts: Vec::new() };
    vec![
        call("posts", Done("done")).writing(&[Accepted]),
        call("posts", Failed(Denied, "POST https://other.test/things is not requested")).with(json!("other.test")),
        list_tools("posts", Described(1)),
        list_tools("posts-while-it-describes", Undescribed("used `wasi:http` in list-tools")),
        // Nothing leaves; what it says is its own.
        reconcile("posts-while-it-reconciles", Found(Finding::Happened(happened))),
        // It is told that no more requests pass, and goes on until it holds too much.
        call("posts-without-end", Stopped(Limit::Handles))
            .within(|limits| limits.requests_max = 3)
            .writing(&[Accepted; 3]),
        // None was waited for: what isn't answered when it returns is in doubt, whatever it says.
        call("posts-a-hundred-at-once", Done("done")).writing_at_most(32),
        call("posts-without-end-of-body", Stopped(Limit::RequestBytes))
            .within(|limits| limits.request_bytes_max = 65536),
        call("begins-a-body", Stopped(Limit::WallTime)).within(soon),
        call("reads-without-end", Done("done")),
        call("smuggles-in-a-value", Trapped("unreachable")),
        call("smuggles-in-a-name", Trapped("unreachable")),
        call("sets-the-host", Trapped("unreachable")),
        call("sets-the-length", Done("done")),
        call("sets-the-coding", Trapped("unreachable")),
        call("sets-the-credential", Trapped("unreachable")),
        call("sets-the-method", Trapped("unreachable")),
        call("sets-a-huge-header", Trapped("total size of fields exceeds limit")),
        call("fishes", Returned(262_144)).writing(&[Accepted]),
    ]
}

#[tokio::test]
async fn the_door_holds() {
    check_all(cases()).await;
}

/// In each of these, a host that is not to be reached is spelled in another way.
#[tokio::test]
async fn no_spelling_of_a_denied_host_gets_through() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let world = World::reaching(&vendor, "posts");
    let port = vendor.port;
    for host in [
        "other.test",
        "vendor.test.other.test",
        "other.test#vendor.test",
        "vendor.test@other.test",
        "other.test\\\\@vendor.test",
        "vendor.test:80",
        "vendor.test:8443",
        "vendor.test.",
        "vendor.test%2eother.test",
        "vendor\u{3002}test",
        "v\u{435}ndor.test",
        "xn--vndor-4ve.test",
        "VENDOR.test:0443x",
        "vendor.test/../other",
        "vendor.test?x=",
        " vendor.test",
        "vendor.test ",
        "vendor.test\\u0000",
        "vendor.test\\r\\nhost: other.test",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254",
        "metadata.google.internal",
        "",
    ] {
        for host in [host.to_owned(), format!("{host}:{port}")] {
            let end = world.call(&json!(host)).await;
            let failure = end.result.expect_err(&host);
            assert!(matches!(failure.kind, Denied | Unavailable | HasTrapped), "{host}: {failure:?}");
            assert_eq!(end.writes, [], "{host}");
        }
    }
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn what_left_is_known_whatever_is_answered() {
    for (answer, kind, expected) in [
        (http("201 Created", &[], ""), None, Accepted),
        (http("422 Unprocessable Content", &[], ""), Some(Unavailable), Refused),
        (Vec::new(), Some(Unavailable), Silent),
    ] {
        let events = Events::default();
        let vendor = Vendor::start(answer, events.clone()).await;
        let world = World::reaching(&vendor, "posts");
        let end = world.host.call(&world.invocation(&json!("vendor.test")), Records::working(&events)).await;
        assert_eq!(end.result.err().map(|failure| failure.kind), kind);
        assert_eq!(end.writes, [expected]);
        assert_eq!(events.all(), ["recorded", "the vendor has the request"]);
    }
}

#[tokio::test]
async fn what_left_before_the_deadline_is_in_doubt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let silent = Vendor { port: listener.local_addr().expect("an address").port(), requests: Events::default() };
    let world = World::reaching(&silent, "posts");
    let mut invocation = world.invocation(&json!("vendor.test"));
    invocation.context.deadline = NOW.plus_ms(500);
    let end = world.host.call(&invocation, Records::working(&Events::default())).await;
    assert_eq!(end.result.expect_err("the deadline passes").kind, LimitReached(Limit::WallTime));
    assert_eq!(end.writes, [Silent], "whatever became of the component");
}

#[tokio::test]
async fn a_write_needs_a_call_that_writes_and_its_record() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let world = World::reaching(&vendor, "posts");
    let read = Invocation { effect: Effect::Read, ..world.invocation(&json!("vendor.test")) };
    let failure = world.host.call(&read, Records::failing()).await.result.expect_err("is refused");
    assert!(failure.message.contains("a read tool sends reads alone"), "{}", failure.message);

    let unrecorded = world.host.call(&world.invocation(&json!("vendor.test")), Records::failing()).await;
    assert_eq!(unrecorded.result.expect_err("is held back").kind, NotRunnable);
    assert_eq!(unrecorded.writes, []);
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn without_a_token_nothing_leaves_and_the_component_has_nothing_to_say() {
    let api = Vendor::answering(http("201 Created", &[], "")).await;
    for (answer, kind, words) in [
        (r#"{"error": "invalid_client"}"#, Denied, "no token for the credential `api`: login.test refuses it"),
        ("", Unavailable, "no token for the credential `api`: login.test can't answer now"),
    ] {
        let status = if answer.is_empty() { "503 Service Unavailable" } else { "400 Bad Request" };
        let login = Vendor::answering(http(status, &["content-type: application/json"], answer)).await;
        let manifest = json!({
            "name": "guest", "version": "1", "description": "d",
            "credentials": {"api": {
                "description": "an app", "kind": {"oauth2-client-credentials": {}},
                "placement": {"header": {"name": "authorization", "prefix": "Bearer "}},
            }},
            "egress": [{"rule": "POST https://vendor.test/things", "access": "write", "credential": "api"}],
        });
        let manifest = serde_json::from_value(manifest).expect("a manifest");
        let component = artifact::embed(aftercall_guests::component("posts"), &manifest).expect("embeds");
        let place = format!("http://127.0.0.1:{}", login.port).parse().expect("a URL");
        let all = reroutes(&api).into_iter().chain([("login.test".to_owned(), place)]).collect();
        let host = host(Limits::default(), all);
        let installed = host.install(&component).expect("installs");
        let app = Parts {
            token_url: Some("https://login.test/token".parse().expect("a URL")),
            client_id: Some("app".into()),
            client_secret: Some(Secret::new("cl13nt-secret".into())),
            ..Parts::default()
        };
        let credentials = [("api".to_owned(), Supplied::Parts(Box::new(app)))].into();
        let bare = Grant { settings: Value::Null, read: vec![], state: None, ..grant(&installed) };
        host.grant(tenant(), &Grant { credentials, ..bare }).expect("grants");
        let end = World { host, installed }.call(&json!("vendor.test")).await;
        let failure = end.result.expect_err("there is no token");
        assert!(failure.kind == kind && failure.message.contains(words), "{failure:?}");
        assert_eq!(end.writes, [], "and that is certain");
        assert_eq!(login.requests.all().len(), 1);
    }
    assert_eq!(api.requests.all(), [""; 0]);
}

#[tokio::test]
async fn a_vendor_that_fails_is_left_alone_by_its_tenant_and_asked_again_later() {
    let vendor = Vendor::answering(http("503 Service Unavailable", &[], "")).await;
    let world = World::reaching(&vendor, "posts");
    let other: Tenant = "other".parse().expect("a name");
    world.host.grant(other.clone(), &grant(&world.installed)).expect("grants");
    for _ in 0..BREAKER_FAILURES_MAX {
        assert_eq!(world.call(&json!("vendor.test")).await.writes, [Silent]);
    }
    let end = world.call(&json!("vendor.test")).await;
    assert_eq!(end.writes, [], "nothing left, and that is certain");
    let failure = end.result.expect_err("it is left alone");
    assert_eq!(failure.kind, Unavailable);
    assert!(failure.message.starts_with("nothing was sent to vendor.test"), "{}", failure.message);
    let pause = failure.retry_after_ms.expect("it says when");
    assert!((1..=BREAKER_PAUSE_MS_MIN).contains(&pause), "{pause}");

    let anothers = Invocation { tenant: other, ..world.invocation(&json!("vendor.test")) };
    let end = world.host.call(&anothers, Records::working(&Events::default())).await;
    assert_eq!(end.writes, [Silent], "it is asked by another tenant");
}

/// What a vendor's body is like.
#[derive(Clone, Copy)]
enum Body {
    /// It says its length, sends a byte, and then nothing.
    Stalls,
    /// It sends what it has as fast as it can, and never ends.
    Endless,
    /// It begins no answer.
    Silent,
    /// It sends headers without end.
    EndlessHead,
}

async fn vendor_with(body: Body) -> Vendor {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (head, more): (&[u8], &[u8]) = match body {
                    Body::Stalls => (b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nx", b""),
                    Body::Endless => (b"HTTP/1.1 200 OK\r\n\r\n", &[b'x'; 65536]),
                    Body::Silent => (b"", b""),
                    Body::EndlessHead => (b"HTTP/1.1 200 OK\r\n", b"x-more: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
                };
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    if more.is_empty() {
                        return std::future::pending().await;
                    }
                    sent = stream.write_all(more).await;
                }
            });
        }
    });
    Vendor { port, requests: Events::default() }
}

#[tokio::test]
async fn what_never_ends_is_ended() {
    for (body, expected) in [
        (Body::Stalls, Failed(Unavailable, "no")),
        (Body::Endless, Stopped(Limit::ResponseBytes)),
        (Body::Silent, Failed(Unavailable, "no")),
        (Body::EndlessHead, Failed(Unavailable, "no")),
    ] {
        let vendor = vendor_with(body).await;
        let case = call("reads-without-end", expected)
            .within(|limits| (limits.request_ms_max, limits.response_bytes_max) = (200, 65536));
        tokio::time::timeout(Duration::from_secs(10), check(&vendor, &case)).await.expect("it ends");
    }
}
