//! The server over HTTP: webhooks good and bad, one after the other and at once, and the pages.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    num::NonZeroU64,
    time::Duration,
};

use aftercall_app::{config::SecretRef, demo::secret, serve::Drained};
use aftercall_sandbox::{Point, Service, When};
use serde_json::{Value, json};

use crate::{
    served::{Served, call, serve},
    support::{cases, changed},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_taken_once_however_often_it_comes() {
    let served = Served::start(|_| {}).await;
    let first = served.post_call(&call("c1")).await;
    assert_eq!((first.status, &first.json()["status"]), (202, &json!("accepted")), "{}", first.text);
    let run = first.json()["run"].as_str().expect("a run").to_owned();
    assert_eq!(first.headers["location"], format!("/runs/{run}"));
    let page = served.ended(&run, "completed").await;
    assert!(page.contains("send_sms") && page.contains("receipt") && page.contains("12 Quay Road"), "{page}");

    let again = served.post_call(&call("c1")).await;
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("known")));
    assert_eq!(again.json()["run"], run.as_str());
    let answers = futures::future::join_all((0..20).map(|_| async { served.post_call(&call("c2")).await })).await;
    let new = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!((new, answers.iter().filter(|answer| answer.status == 200).count()), (1, 19));
    let run = answers[0].json()["run"].as_str().expect("a run").to_owned();
    served.ended(&run, "completed").await;
    assert_eq!(served.texts(), 2, "each conversation has its one text");

    let vapi = std::fs::read(cases().join("vapi-report/call.json")).expect("it is there");
    let believed = [("x-vapi-secret".to_owned(), secret(&served.credentials, "X_VAPI_SECRET").expect("one"))];
    let taken = served.post("/v1/intake/vapi/desk-vapi", &believed, vapi).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let other = br#"{"message": {"type": "status-update"}}"#.to_vec();
    let ignored = served.post("/v1/intake/vapi/desk-vapi", &believed, other).await;
    assert_eq!((ignored.status, &ignored.json()["status"]), (200, &json!("ignored")), "{}", ignored.text);

    let mut test_call = call("c3");
    test_call["conversation"]["is_test"] = true.into();
    let skipped = served.post_call(&test_call).await;
    assert_eq!((skipped.status, &skipped.json()["outcome"]), (202, &json!("skipped")), "{}", skipped.text);
    let run = skipped.json()["run"].as_str().expect("a run").to_owned();
    served.ended(&run, "marks it as a test").await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_to_be_believed_or_read_is_not_kept() {
    let served = Served::start(|config| config.server.body_bytes_max = 10_000).await;
    let body = call("c1").to_string().into_bytes();
    let signed = served.signed(&body);
    let other = served.signed(b"another body");
    let gzip = [signed.clone(), vec![("content-encoding".to_owned(), "gzip".to_owned())]].concat();
    let native = "/v1/intake/native/desk";
    let broken = br#"{"schema": "aftercall.call/1", "conversation": {}}"#.to_vec();
    let foreign = call("c1").as_object().map(|call| {
        let mut call = call.clone();
        call.insert("tenant".to_owned(), "other".into());
        Value::Object(call).to_string().into_bytes()
    });
    let foreign = foreign.expect("an object");
    let sign = |body: &[u8]| served.signed(body);
    for (path, headers, body, status, kind) in [
        (native, Vec::new(), body.clone(), 401, "unverified"),
        (native, other, body.clone(), 401, "unverified"),
        ("/v1/intake/vapi/desk", signed.clone(), body.clone(), 404, "not-found"),
        ("/v1/intake/native/none", signed.clone(), body.clone(), 404, "not-found"),
        ("/v1/intake/native/%ff", signed.clone(), body.clone(), 400, "malformed"),
        ("/v1/intake/native/No!", signed.clone(), body.clone(), 404, "not-found"),
        ("/v1/nothing", signed.clone(), body.clone(), 404, "not-found"),
        (native, gzip, body.clone(), 415, "encoded"),
        (native, sign(b"{"), b"{".to_vec(), 400, "malformed"),
        (native, sign(b""), Vec::new(), 400, "malformed"),
        (native, sign(&[0xff; 10]), vec![0xff; 10], 400, "malformed"),
        (native, sign(&broken), broken.clone(), 400, "malformed"),
        (native, sign(&foreign), foreign.clone(), 422, "not-taken"),
        (native, signed.clone(), vec![b' '; 10_001], 413, "too-large"),
    ] {
        served.post(path, &headers, body).await.expect_problem(status, kind);
    }
    served.get(native, None).await.expect_problem(405, "method-not-allowed");
    assert_eq!(served.sandbox.requests().len(), 0, "nobody was asked anything");
    let operator = Some(("operator", "demo"));
    let runs = served.get("/runs", operator).await;
    assert!(runs.text.contains("No run yet"), "{}", runs.text);
    let metrics = served.get("/metrics", operator).await.text;
    for line in ["{outcome=\"unverified\"} 2", "{outcome=\"malformed\"} 5", "{outcome=\"too-large\"} 1"] {
        assert!(metrics.contains(line), "{line} is not in: {metrics}");
    }
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_said_to_be_too_large_is_not_read() {
    let served = Served::start(|_| {}).await;
    let mut stream = TcpStream::connect(served.address).expect("it connects");
    let head = "POST /v1/intake/native/desk HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n";
    stream.write_all(head.as_bytes()).expect("it takes the head");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).expect("it answers before there is a body");
    assert_eq!(&answer, b"HTTP/1.1 413");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_client_is_cut_off_and_others_are_not() {
    let served = Served::start(|config| config.server.client_ms_max = 300).await;
    // Not even a whole head; and a head that could be a platform's, with no body.
    let start = "POST /v1/intake/native/desk HTTP/1.1\r\nhost: x\r\n".to_owned();
    let signed = served.signed(b"0123456789").into_iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    let whole = format!("{start}{}content-length: 10\r\n\r\n", signed.collect::<String>());
    let heads = [start, whole];
    let slow = heads.map(|head| {
        let mut stream = TcpStream::connect(served.address).expect("it connects");
        stream.write_all(head.as_bytes()).expect("it takes the head");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        stream
    });
    assert_eq!(served.post_call(&call("c1")).await.status, 202);
    let ends = tokio::task::spawn_blocking(move || {
        slow.map(|mut stream| {
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it is cut off");
            answer
        })
    });
    let [headless, bodiless] = ends.await.expect("they end");
    assert!(headless.is_empty() || headless.starts_with("HTTP/1.1 408"), "{headless}");
    assert!(bodiless.starts_with("HTTP/1.1 408"), "{bodiless}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_driven_although_its_client_is_gone() {
    let served = Served::start(|_| {}).await;
    for number in 0..20 {
        let body = call(&format!("gone-{number}")).to_string().into_bytes();
        let mut stream = TcpStream::connect(served.address).expect("it connects");
        let mut head = format!("POST /v1/intake/native/desk HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in served.signed(&body) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(b"\r\n")).expect("it takes the head");
        stream.write_all(&body).expect("it takes the body");
        // Nobody waits for the answer.
        drop(stream);
    }
    while served.texts() < 20 {
        tokio::task::yield_now().await;
    }
    let runs = loop {
        let runs = served.get("/runs", Some(("operator", "demo"))).await.text;
        if !runs.contains("under-way") {
            break runs;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(runs.matches("completed").count(), 20, "{runs}");
    let metrics = served.get("/metrics", Some(("operator", "demo"))).await.text;
    assert!(metrics.contains("{outcome=\"accepted\"} 20"), "{metrics}");
    assert_eq!(served.stop().await, Drained { unfinished: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_of_two_tenants_is_nobodys_and_stops_nothing_else() {
    let served = Served::start(|config| {
        let [meridian, other] = ["meridian", "other"].map(|name| name.parse().expect("a name"));
        let desk = config.tenants[&meridian].endpoints.clone();
        let mut desk: Vec<_> = desk.into_iter().filter(|(name, _)| name.as_str() == "desk-vapi").collect();
        config.tenants.get_mut(&other).expect("it is there").endpoints.extend(desk.pop());
    })
    .await;
    let believed = [("x-vapi-secret".to_owned(), secret(&served.credentials, "X_VAPI_SECRET").expect("one"))];
    let refused = served.post("/v1/intake/vapi/desk-vapi", &believed, b"{}".to_vec()).await;
    refused.expect_problem(503, "not-configured");
    assert_eq!(served.post_call(&call("c1")).await.status, 202);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_wait_is_refused_and_can_be_sent_again() {
    let served = Served::start(|config| {
        config.server.waiting_max = 2;
        let meridian = config.tenants.get_mut(&"meridian".parse().expect("a name")).expect("it is there");
        (meridian.runs_max, meridian.waiting_max) = (Some(1), Some(1));
    })
    .await;
    let held = served.sandbox.hold(Point::write(Service::Twilio), When::Before);
    assert_eq!(served.post_call(&call("runs")).await.status, 202);
    held.arrived().await;
    assert_eq!(served.post_call(&call("waits")).await.status, 202);
    served.post_call(&call("later")).await.expect_problem(429, "too-many");
    // Who isn't believed is told so all the same, and an event that needs no place is taken.
    let body = call("later").to_string().into_bytes();
    let forged = served.signed(b"another body");
    served.post("/v1/intake/native/desk", &forged, body).await.expect_problem(401, "unverified");
    let believed = [("x-vapi-secret".to_owned(), secret(&served.credentials, "X_VAPI_SECRET").expect("one"))];
    let other = br#"{"message": {"type": "status-update"}}"#.to_vec();
    assert_eq!(served.post("/v1/intake/vapi/desk-vapi", &believed, other).await.status, 200);
    held.release().await;
    loop {
        let answer = served.post_call(&call("later")).await;
        if answer.status == 202 {
            let run = answer.json()["run"].as_str().expect("a run").to_owned();
            served.ended(&run, "completed").await;
            break;
        }
        answer.expect_problem(429, "too-many");
    }
    assert_eq!(served.texts(), 3);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_records_cannot_be_written_the_platform_is_asked_to_send_again() {
    let served = Served::start(|_| {}).await;
    let beside = rusqlite::Connection::open(served.folder.path().join("records.db")).expect("it opens");
    let change = |sql: &str| beside.execute_batch(sql).expect("it can be changed");
    change("PRAGMA legacy_alter_table = ON; ALTER TABLE runs RENAME TO gone;");
    served.post_call(&call("c1")).await.expect_problem(503, "records");
    change("PRAGMA legacy_alter_table = ON; ALTER TABLE gone RENAME TO runs;");
    let again = served.post_call(&call("c1")).await;
    assert_eq!(again.status, 202, "{}", again.text);
    let run = again.json()["run"].as_str().expect("a run").to_owned();
    served.ended(&run, "completed").await;
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_broken_configuration_does_not_stop_anothers() {
    let served = Served::start(|config| {
        let other = config.tenants.get_mut(&"other".parse().expect("a name")).expect("it is there");
        other.pages_password = Some(SecretRef::Env("NOTHING".to_owned()));
    })
    .await;
    let taken = served.post_call(&call("c1")).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let body = call("c1").to_string().into_bytes();
    let signed = served.signed(&body);
    let unknown = served.post("/v1/intake/native/of-the-broken-one", &signed, body).await;
    unknown.expect_problem(503, "not-configured");
    let run = taken.json()["run"].as_str().expect("a run").to_owned();
    served.ended(&run, "completed").await;
    served.stop().await;
}

/// The first turn of its first call uses up the day: what comes after it sleeps, and is done on the next one.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_has_used_up_its_day_loses_no_call() {
    let served = Served::start(|config| {
        let meridian = config.tenants.get_mut(&"meridian".parse().expect("a name")).expect("it is there");
        meridian.tokens_per_day_max = NonZeroU64::new(1);
    })
    .await;
    for (conversation, turn) in [("c1", 2), ("c2", 1)] {
        let run = served.post_call(&call(conversation)).await.json()["run"].as_str().expect("a run").to_owned();
        let page = served.ended(&run, "sleeping").await;
        for words in [&*format!("Turn {turn} waits until "), " 00:00Z: the tenant's tokens of this day are used up ("] {
            assert!(page.contains(words), "{words} is not in: {page}");
        }
    }
    assert_eq!(served.texts(), 1);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_for_those_whose_they_are() {
    let served = Served::start(|_| {}).await;
    let run = served.post_call(&call("c1")).await.json()["run"].as_str().expect("a run").to_owned();
    let page = format!("/runs/{run}");
    served.ended(&run, "completed").await;
    for (path, login, status, words) in [
        (page.as_str(), None, 401, "pages_password"),
        (&page, Some(("meridian", "wrong")), 401, ""),
        (&page, Some(("meridian", "demo")), 200, "After the call"),
        (&page, Some(("operator", "demo")), 200, "After the call"),
        (&page, Some(("other", "demo")), 404, "no such run"),
        ("/runs/run_none", Some(("meridian", "demo")), 404, "no such run"),
        ("/runs", None, 401, ""),
        ("/runs", Some(("meridian", "demo")), 200, run.as_str()),
        ("/runs", Some(("operator", "demo")), 200, &run),
        ("/runs", Some(("meridian", "demo")), 200, " · today 2 turns, "),
        ("/runs", Some(("other", "demo")), 200, "No run yet"),
        ("/", Some(("meridian", "demo")), 200, &run),
        ("/metrics", Some(("operator", "demo")), 200, "{outcome=\"accepted\"} 1"),
        ("/metrics", Some(("meridian", "demo")), 401, ""),
        ("/style.css", None, 200, "--ink"),
        ("/healthz", None, 200, "ok"),
        ("/readyz", None, 200, "ready"),
    ] {
        let answer = served.get(path, login).await;
        assert_eq!(answer.status, status, "{path} {login:?}: {}", answer.text);
        assert!(answer.text.contains(words), "{path} {login:?}: {}", answer.text);
    }
    let page = served.get(&page, Some(("meridian", "demo"))).await;
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(page.headers["content-security-policy"].to_str().expect("text").contains("default-src 'none'"));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_awaits_what_is_under_way_and_leaves_the_rest_for_the_next() {
    let served = Served::start(|config| {
        let meridian = config.tenants.get_mut(&"meridian".parse().expect("a name")).expect("it is there");
        meridian.runs_max = Some(1);
    })
    .await;
    let held = served.sandbox.hold(Point::write(Service::Twilio), When::After);
    for id in ["c1", "c2"] {
        assert_eq!(served.post_call(&call(id)).await.status, 202);
    }
    held.arrived().await;
    let Served { sandbox, credentials, config, address, client, stop, serving, folder } = served;
    drop(stop);
    let url = format!("http://{address}/readyz");
    while client.get(&url).send().await.expect("it still answers").status().as_u16() == 200 {
        tokio::task::yield_now().await;
    }
    held.release().await;
    let drained = serving.await.expect("no panic").expect("it ends well");
    assert_eq!(drained, Drained { unfinished: 1 });

    let (address, stop, serving) = serve(config.clone(), &credentials).await;
    let next = Served { sandbox, credentials, config, address, client, stop: Some(stop), serving, folder };
    while next.texts() < 2 {
        tokio::task::yield_now().await;
    }
    let drained = next.stop().await;
    assert_eq!(drained, Drained { unfinished: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn without_consent_a_tenants_calls_wait_at_their_platform() {
    let served = Served::start(|_| {}).await;
    let run = served.post_call(&call("c1")).await.json()["run"].as_str().expect("a run").to_owned();
    served.ended(&run, "completed").await;
    let Served { mut config, credentials, client, sandbox, folder, serving, stop, .. } = served;
    drop(stop);
    serving.await.expect("it does not panic").expect("it ends well");

    let more = changed("sms", |manifest| manifest.state = true);
    let component = folder.path().join("sms.wasm");
    std::fs::write(&component, more).expect("it can be written");
    config.plugins.get_mut(&"sms".parse().expect("a name")).expect("it is there").component = component;
    let (address, stop, serving) = serve(config.clone(), &credentials).await;
    let served = Served { sandbox, credentials, config, address, client, stop: Some(stop), serving, folder };
    served.post_call(&call("c2")).await.expect_problem(503, "not-configured");
    assert_eq!(served.get("/readyz", None).await.status, 200, "the others are served");
    assert_eq!(served.texts(), 1);
    served.stop().await;
}
