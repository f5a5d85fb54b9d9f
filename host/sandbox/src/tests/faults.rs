use reqwest::{RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world};
use crate::{Access, Fault, Line, Point, Script, Service, When};

const TOKEN: &str = "Bearer sandbox-hubspot-token";

fn create(world: &World) -> RequestBuilder {
    let request = world.post(Service::Hubspot, "/crm/v3/objects/contacts").header("authorization", TOKEN);
    with_json(request, &json!({"properties": {"firstname": "Ana"}}))
}

fn search(world: &World) -> RequestBuilder {
    let request = world.post(Service::Hubspot, "/crm/v3/objects/contacts/search").header("authorization", TOKEN);
    with_json(request, &json!({}))
}

fn contacts(world: &World) -> usize {
    world.sandbox.records(Service::Hubspot)["contacts"].as_array().map_or(0, Vec::len)
}

/// Sends in the background; gives the status, or `None` where the connection was closed.
fn in_background(request: RequestBuilder) -> tokio::task::JoinHandle<Option<StatusCode>> {
    tokio::spawn(async move { request.send().await.ok().map(|response| response.status()) })
}

#[tokio::test]
async fn faults_strike_before_or_after_the_work() {
    let check = async |fault: Fault, status: Option<u16>, created: usize| {
        let world = world(idle()).await;
        world.sandbox.fault(Point::write(Service::Hubspot), fault, 1);
        let response = create(&world).send().await;
        assert_eq!(response.ok().map(|response| response.status().as_u16()), status, "{fault:?}");
        assert_eq!(contacts(&world), created, "{fault:?}");
        let struck = world.sandbox.requests().pop().expect("a request");
        assert_eq!((struck.fault, struck.worked, struck.status), (Some(fault), created == 1, status));
        assert_eq!(answer(create(&world)).await.0, 201, "{fault:?} strikes once");
        world.sandbox.shutdown().await;
    };
    check(Fault::Drop { when: When::Before }, None, 0).await;
    check(Fault::Drop { when: When::After }, None, 1).await;
    check(Fault::Error { when: When::Before }, Some(500), 0).await;
    check(Fault::Error { when: When::After }, Some(500), 1).await;
    check(Fault::RateLimit { retry_after_seconds: 7 }, Some(429), 0).await;
    check(Fault::Nonsense, Some(200), 1).await;
    check(Fault::EchoCredential, Some(201), 1).await;
    check(Fault::Lag { ms: 1 }, None, 1).await;
}

#[tokio::test]
async fn reads_lag_behind_a_write_whose_answer_is_lost() {
    let world = world(idle()).await;
    let found = async || answer(search(&world)).await.1["total"].as_u64();
    assert_eq!(answer(create(&world)).await.0, 201);
    let lag = |ms: u64| world.sandbox.fault(Point::write(Service::Hubspot), Fault::Lag { ms }, 1);

    lag(60_000);
    assert!(create(&world).send().await.is_err());
    assert_eq!((contacts(&world), found().await), (2, Some(1)), "it is done, and not to be seen");
    world.advance(30_000);
    // What is written meanwhile isn't to be seen either; a second lag ends when the later one does.
    lag(40_000);
    assert!(create(&world).send().await.is_err());
    assert_eq!(answer(create(&world)).await.0, 201);
    world.advance(39_999);
    assert_eq!((contacts(&world), found().await), (4, Some(1)));
    world.advance(1);
    assert_eq!(found().await, Some(4));
    world.sandbox.shutdown().await;
}

#[tokio::test]
async fn faulty_answers_look_as_they_should() {
    let world = world(idle()).await;
    let sandbox = &world.sandbox;
    let hubspot = || Point::any(Service::Hubspot);

    sandbox.fault(hubspot(), Fault::RateLimit { retry_after_seconds: 7 }, 1);
    let limited = create(&world).send().await.expect("an answer");
    assert_eq!(limited.headers()["retry-after"], "7");
    let body: Value = serde_json::from_slice(&limited.bytes().await.expect("a body")).expect("JSON");
    assert_eq!(body["category"], "RATE_LIMITS");

    sandbox.fault(hubspot(), Fault::Nonsense, 1);
    let nonsense = create(&world).send().await.expect("an answer").text().await.expect("a body");
    assert!(serde_json::from_str::<Value>(&nonsense).is_err());

    sandbox.fault(hubspot(), Fault::EchoCredential, 1);
    let echoed = create(&world).send().await.expect("an answer");
    assert_eq!(echoed.headers()["x-debug-authorization"], TOKEN);
    assert!(echoed.text().await.expect("a body").contains(TOKEN));

    sandbox.fault(Point::any(Service::Twilio), Fault::EchoCredential, 1);
    let basic = world.get(Service::Twilio, "/2010-04-01/Accounts/AC1/Messages.json").basic_auth("AC1", Some("s3cret"));
    let (_, body) = answer(basic).await;
    assert_eq!(body["debug_request_headers"], json!(["Basic QUMxOnMzY3JldA==", "AC1:s3cret"]));
}

#[tokio::test]
async fn points_choose_requests() {
    let world = world(idle()).await;
    let error = Fault::Error { when: When::Before };
    let check = async |point: Point, times: u32, expected: [u16; 5]| {
        world.sandbox.fault(point.clone(), error, times);
        let requests = [create(&world), search(&world), create(&world), create(&world), search(&world)];
        for (index, (request, status)) in requests.into_iter().zip(expected).enumerate() {
            assert_eq!(answer(request).await.0, status, "{point:?}, request {index}");
        }
    };
    check(Point::any(Service::Hubspot), 2, [500, 500, 201, 201, 200]).await;
    check(Point::write(Service::Hubspot), 2, [500, 200, 500, 201, 200]).await;
    check(Point { access: Some(Access::Read), ..Point::any(Service::Hubspot) }, 2, [201, 500, 201, 201, 500]).await;
    check(Point::any(Service::Hubspot).path("/search").skip(1), 1, [201, 200, 201, 201, 500]).await;
    check(Point::write(Service::Hubspot).skip(1), 1, [201, 200, 500, 201, 200]).await;
    check(Point::any(Service::Twilio), 1, [201, 200, 201, 201, 200]).await;
}

#[tokio::test]
async fn held_requests_wait() {
    let check = async |when: When, discard: bool, status: Option<StatusCode>, created: [usize; 2]| {
        let world = world(idle()).await;
        let held = world.sandbox.hold(Point::write(Service::Hubspot), when);
        let waiting = in_background(create(&world));
        held.arrived().await;
        assert_eq!(contacts(&world), created[0], "{when:?}, held");
        assert_eq!(answer(search(&world)).await.0, 200, "others go on");
        if discard {
            held.discard().await
        } else {
            held.release().await
        }
        assert_eq!(contacts(&world), created[1], "{when:?}, settled");
        assert_eq!(waiting.await.expect("it is not cancelled"), status, "{when:?}, discard: {discard}");
    };
    check(When::Before, false, Some(StatusCode::CREATED), [0, 1]).await;
    check(When::Before, true, None, [0, 0]).await;
    check(When::After, false, Some(StatusCode::CREATED), [1, 1]).await;
    check(When::After, true, None, [1, 1]).await;
}

#[tokio::test]
async fn the_work_does_not_need_the_client() {
    let world = world(idle()).await;
    let held = world.sandbox.hold(Point::write(Service::Hubspot), When::Before);
    let waiting = in_background(create(&world));
    held.arrived().await;
    waiting.abort();
    assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
    held.release().await;
    assert_eq!(contacts(&world), 1);
}

#[tokio::test]
async fn a_dropped_hold_lets_go() {
    let world = world(idle()).await;
    drop(world.sandbox.hold(Point::write(Service::Hubspot), When::Before));
    assert_eq!(answer(create(&world)).await.0, 201);
    let held = world.sandbox.hold(Point::write(Service::Hubspot), When::Before);
    let waiting = in_background(create(&world));
    held.arrived().await;
    drop(held);
    assert_eq!(waiting.await.expect("it is not cancelled"), Some(StatusCode::CREATED));
}

#[tokio::test]
async fn a_turn_of_the_model_can_be_held() {
    let world = world(Script::of([Line::text("one"), Line::text("two")])).await;
    let held = world.sandbox.hold(Point::turn(1), When::Before);
    let ask = |said: usize| {
        let mut messages = vec![json!({"role": "system", "content": "go on"})];
        messages.extend(vec![json!({"role": "assistant", "content": "x"}); said]);
        with_json(world.post(Service::Model, "/v1/chat/completions"), &json!({"model": "m", "messages": messages}))
    };
    assert_eq!(answer(ask(0)).await.0, 200);
    let waiting = in_background(ask(1));
    held.arrived().await;
    assert_eq!(world.sandbox.requests().pop().expect("a request").turn, Some(1));
    held.release().await;
    assert_eq!(waiting.await.expect("it is not cancelled"), Some(StatusCode::OK));
}

#[tokio::test]
async fn the_world_is_seen_and_told_over_http() {
    let world = world(idle()).await;
    let control = |path: &str| format!("{}/_sandbox/{path}", world.sandbox.url());
    let rule = json!({"point": {"service": "hubspot", "access": "write"}, "fault": {"kind": "hold", "when": "after"}});
    let (status, armed) = answer(world.client.post(control("faults")).body(rule.to_string())).await;
    assert_eq!((status, &armed), (201, &json!({"id": 0})));
    let waiting = in_background(create(&world).header("idempotency-key", "k1").header("host", "api.hubapi.com"));
    let (status, _) = answer(world.client.get(control("faults/0/arrived"))).await;
    assert_eq!((status, contacts(&world)), (200, 1));
    assert_eq!(world.sandbox.requests()[0].status, None);
    let (status, _) = answer(world.client.post(control("faults/0/release"))).await;
    assert_eq!(status, 200);
    assert_eq!(waiting.await.expect("it is not cancelled"), Some(StatusCode::CREATED));

    let (status, state) = answer(world.client.get(control("state"))).await;
    assert_eq!(status, 200);
    assert_eq!(state["records"]["hubspot"]["contacts"][0]["properties"]["firstname"], "Ana");
    assert_eq!(state["records"]["twilio"]["messages"], json!([]));
    let request = &state["requests"][0];
    assert_eq!(
        (&request["service"], &request["access"], &request["status"], &request["worked"]),
        (&json!("hubspot"), &json!("write"), &json!(201), &json!(true))
    );
    assert_eq!((&request["idempotency"], &request["host"]), (&json!("k1"), &json!("api.hubapi.com")));
    assert_eq!(request["authorization"], json!({"scheme": "Bearer", "fingerprint": "a6987e8432155d08"}));
    assert!(!state.to_string().contains("sandbox-hubspot-token"), "the log holds no credential");

    for (path, body, status) in [("faults", "{}", 400), ("faults/9/release", "", 404), ("nothing", "", 404)] {
        assert_eq!(answer(world.client.post(control(path)).body(body)).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn closed_services_refuse_connections() {
    let mut world = world(idle()).await;
    assert_eq!(answer(create(&world)).await.0, 201);
    world.sandbox.close(Service::Hubspot).await;
    assert!(create(&world).send().await.is_err_and(|error| error.is_connect()));
    assert_eq!(contacts(&world), 1);
    let urls = Service::ALL.map(|service| world.sandbox.service_url(service).to_owned());
    let held = world.sandbox.hold(Point::any(Service::Twilio), When::Before);
    let waiting = in_background(world.get(Service::Twilio, "/"));
    held.arrived().await;
    world.sandbox.shutdown().await;
    assert_eq!(waiting.await.expect("it is not cancelled"), None);
    for url in urls {
        assert!(world.client.get(url).send().await.is_err_and(|error| error.is_connect()));
    }
}
