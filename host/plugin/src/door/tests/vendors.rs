//! Vendors that fail are left alone, and vendors that answer are not asked too much at once.

use std::pin::pin;

use futures::{future::join_all, poll};
use tokio::io::AsyncWriteExt as _;

use super::{
    super::breaker::{Health, Pass},
    *,
};
use crate::limits::{BREAKER_FAILURES_MAX, BREAKER_PAUSE_MS_MIN};

const MAX: usize = BREAKER_FAILURES_MAX as usize;

fn reads(outlet: &Arc<Outlet>) -> Arc<Door> {
    door(outlet, Purpose::Reads("a read tool"))
}

fn hanging() -> Request<Bytes> {
    request("GET", "https://vendor.test/hang", &[], "")
}

/// One that answers all but `/hang`.
async fn hangs() -> Vendor {
    let play = |request: &str| (!request.contains("/hang")).then(|| http("200 OK", &[], "here"));
    Vendor::playing(play, Events::default()).await
}

/// Somewhere nobody is.
async fn nobody() -> Vendor {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    Vendor { port: listener.local_addr().expect("an address").port(), requests: Events::default() }
}

/// One that says what is no TLS as soon as somebody connects.
async fn speaks_no_tls() -> Vendor {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(&http("400 Bad Request", &[], "")).await);
        }
    });
    Vendor { port, requests: Events::default() }
}

/// The vendor has failed as often as it may, and the pause since then is over.
fn has_failed(outlet: &Outlet) {
    let then = Instant::now() - Duration::from_millis(BREAKER_PAUSE_MS_MIN);
    let vendor = outlet.vendors.at(&Canonical::of(&Method::GET, get().uri()).expect("an address").target);
    for _ in 0..MAX {
        vendor.breaker().came_to(Pass::Usual, Some(Health::Failing), then);
    }
}

/// How long a request is told to wait, and how often the vendor has failed.
fn refused(answer: Result<Response<Bytes>, Error>) -> (u64, u32) {
    match answer {
        Err(Error::Failing { failures, ask_again_ms, .. }) => (ask_again_ms, failures),
        other => panic!("{other:?}"),
    }
}

/// Whether a vendor is left alone after that many such requests.
async fn check(name: &str, setup: Setup, vendor: &Vendor, asked: &Request<Bytes>, expected: bool) {
    let outlet = setup.outlet(vendor.port);
    for _ in 0..MAX {
        let got = door(&outlet, writes()).send(asked.clone()).await;
        assert!(!matches!(got, Err(Error::Failing { .. })), "{name}: {got:?}");
    }
    let before = vendor.requests.all().len();
    let got = door(&outlet, writes()).send(asked.clone()).await;
    assert_eq!(matches!(got, Err(Error::Failing { .. })), expected, "{name}: {got:?}");
    assert!(!expected || vendor.requests.all().len() == before, "{name}: nothing left");
}

#[tokio::test]
async fn what_speaks_of_a_vendor_s_health_counts() {
    for (answer, expected) in [
        (http("500 Internal Server Error", &[], ""), true),
        (http("503 Service Unavailable", &["retry-after: 3"], ""), true),
        (Vec::new(), true),
        (b"nonsense".to_vec(), true),
        (http("200 OK", &[], ""), false),
        (http("302 Found", &["location: https://other.test/"], ""), false),
        (http("404 Not Found", &[], ""), false),
        (http("429 Too Many Requests", &["retry-after: 3"], ""), false),
        (http("200 OK", &["content-encoding: gzip"], "zip"), false),
    ] {
        let name = String::from_utf8_lossy(&answer).into_owned();
        let vendor = Vendor::answering(answer).await;
        check(&name, Setup::default(), &vendor, &get(), expected).await;
        check(&name, Setup::default(), &vendor, &post(), expected).await;
    }
    check("no connection", Setup::default(), &nobody().await, &post(), true).await;
    let soon = || Setup { limits: Limits { request_ms_max: 60, ..Limits::default() }, ..Setup::default() };
    check("no answer", soon(), &hangs().await, &hanging(), true).await;
    let vendor = speaks_no_tls().await;
    for (allow, expected) in [(vec!["127.0.0.0/8", "::1/128"], true), (vec![], false)] {
        let place = format!("https://localhost:{}/x", vendor.port);
        let setup = Setup { reroute: &[], allow, rules: vec![read(format!("GET {place}"))], ..Setup::default() };
        check(&place, setup, &vendor, &request("GET", &place, &[], ""), expected).await;
    }
}

#[tokio::test]
async fn who_was_asked_too_late_is_not_to_blame() {
    let outlet = Setup::default().outlet(hangs().await.port);
    for _ in 0..=MAX {
        let door = reads(&outlet);
        let mut admitted = door.admit(hanging().into_parts().0).expect("it may leave");
        admitted.until = Instant::now() + Duration::from_millis(1);
        let passed = door.pass(admitted, Full::new(Bytes::new())).await;
        assert!(matches!(passed, Err(Error::TimedOut { .. })));
    }
}

#[tokio::test]
async fn nothing_leaves_to_a_vendor_that_fails_and_that_is_certain() {
    let events = Events::default();
    let vendor = Vendor::answering(http("503 Service Unavailable", &[], "")).await;
    let outlet = Setup::default().outlet(vendor.port);
    for _ in 0..MAX {
        door(&outlet, writes()).send(post()).await.expect("an answer");
    }
    let door = door(&outlet, Purpose::Writes(Records::working(&events)));
    for request in [post(), get()] {
        let error = door.send(request).await.expect_err("it is left alone");
        let words = "nothing was sent to vendor.test, which has failed 5 times in a row: it is asked again in 5 s";
        assert_eq!(error.to_string(), words);
        assert!(door.log.take().iter().all(|line| line.message == words));
    }
    let closed = door.close();
    assert_eq!((closed.writes, events.all()), (vec![], vec![]), "no write is recorded");
    assert!(matches!(closed.refusal, Some(Error::Failing { .. })));
    assert_eq!(vendor.requests.all().len(), MAX);
}

#[tokio::test]
async fn a_rehearsed_write_neither_asks_nor_tells() {
    let outlet = Setup::default().outlet(nobody().await.port);
    for failing in [false, true] {
        if failing {
            has_failed(&outlet);
        }
        for _ in 0..=MAX {
            let door = door(&outlet, Purpose::Rehearses);
            tokio::select! {
                answer = door.send(post()) => panic!("nothing answers it: {answer:?}"),
                () = door.rehearsed() => {}
            }
            assert_eq!(door.close().captured.len(), 1);
        }
    }
}

#[tokio::test]
async fn one_request_finds_out_and_the_others_wait_for_it() {
    let outlet = Setup::default().outlet(hangs().await.port);
    let door = reads(&outlet);
    has_failed(&outlet);
    {
        let mut trial = pin!(door.send(hanging()));
        assert!(poll!(trial.as_mut()).is_pending());
        assert_eq!(refused(door.send(get()).await), (BREAKER_PAUSE_MS_MIN, BREAKER_FAILURES_MAX));
    }
    // It was given up and has found nothing, so the next one does.
    for _ in 0..2 {
        assert_eq!(door.send(get()).await.expect("an answer").status(), 200);
    }

    let vendor = Vendor::answering(http("503 Service Unavailable", &[], "")).await;
    let outlet = Setup::default().outlet(vendor.port);
    has_failed(&outlet);
    assert_eq!(reads(&outlet).send(get()).await.expect("an answer").status(), 503);
    let (ask_again_ms, failures) = refused(reads(&outlet).send(get()).await);
    assert!((BREAKER_PAUSE_MS_MIN + 1..=2 * BREAKER_PAUSE_MS_MIN).contains(&ask_again_ms), "{ask_again_ms}");
    assert_eq!((failures, vendor.requests.all().len()), (BREAKER_FAILURES_MAX + 1, 1));
}

#[tokio::test]
async fn a_tenant_s_plugins_share_what_they_know_and_tenants_share_nothing() {
    let vendor = Vendor::answering(http("503 Service Unavailable", &[], "")).await;
    let setup = Setup::default();
    let operator = setup.operator(vendor.port);
    let [one, other, another_tenant] = ["acme", "acme", "other"].map(|tenant| setup.outlet_in(tenant, &operator));
    for _ in 0..MAX {
        reads(&one).send(get()).await.expect("an answer");
    }
    refused(reads(&other).send(get()).await);
    let elsewhere = request("GET", "http://vendor.test/open/x", &[], "");
    assert_eq!(reads(&one).send(elsewhere).await.expect("another port").status(), 503);
    assert_eq!(reads(&another_tenant).send(get()).await.expect("another tenant").status(), 503);
}

#[tokio::test]
async fn requests_to_one_vendor_wait_in_line() {
    let vendor = hangs().await;
    let setup = Setup { requests_max: 1, ..Setup::default() };
    let operator = setup.operator(vendor.port);
    let outlet = setup.outlet_in("acme", &operator);
    let events = Events::default();
    let written = door(&outlet, Purpose::Writes(Records::working(&events)));
    let read = reads(&outlet);
    let mut first = Box::pin(read.send(hanging()));
    assert!(poll!(first.as_mut()).is_pending());
    let (mut second, mut third) = (pin!(written.send(post())), pin!(read.send(get())));
    assert!(poll!(second.as_mut()).is_pending() && poll!(third.as_mut()).is_pending());
    assert_eq!(events.all(), [""; 0], "what waits has not left");
    let words = "a request waits: `operator.vendor_requests_max` of this tenant's are under way to vendor.test";
    assert_eq!(written.log.take()[0].message, words);
    reads(&setup.outlet_in("other", &operator)).send(get()).await.expect("no other tenant waits");
    drop(first);
    assert!(poll!(third.as_mut()).is_pending(), "it came later");
    assert_eq!(second.await.expect("an answer").status(), 200);
    assert_eq!(third.await.expect("an answer").status(), 200);
    assert_eq!(written.close().writes, [WriteAnswer::Accepted]);
}

#[tokio::test]
async fn waiting_takes_nothing_off_a_request_s_time() {
    let vendor = hangs().await;
    let limits = Limits { request_ms_max: 150, ..Limits::default() };
    let outlet = Setup { limits, requests_max: 1, ..Setup::default() }.outlet(vendor.port);
    let door = reads(&outlet);
    let answers = join_all([hanging(), hanging(), get()].map(|request| door.send(request))).await;
    assert!(matches!(&answers[..], [Err(Error::TimedOut { .. }), Err(Error::TimedOut { .. }), Ok(_)]), "{answers:?}");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_keeps_nobody_waiting() {
    let vendor = Vendor::answering(&b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"[..]).await;
    let door = reads(&Setup { requests_max: 1, ..Setup::default() }.outlet(vendor.port));
    let _unread = door.begin(get()).await.expect("its head is there");
    door.begin(get()).await.expect("its head is there");
}
