//! Tokens: asked for once, kept while they hold, and what becomes of a call without one.

use super::*;

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
async fn where_an_assertion_is_refused_the_clock_is_named() {
    let refused = http("400 Bad Request", &[], r#"{"error":"invalid_grant"}"#);
    let world = World::of(move |_| Some(refused.clone())).await;
    let supplied = parts(|parts| parts.private_key = secret(EC256));
    let outlet = world.outlet(&json!({"oauth2-jwt-bearer": {}}), supplied).expect("fits");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("is refused").to_string();
    let words = "check what `credentials.api` of the grant says, and the clock of this machine";
    assert!(error.ends_with(words), "{error}");
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

#[tokio::test]
async fn a_refresh_token_is_not_used_while_another_process_uses_it() {
    let world = World::of(|_| Some(token("t0ken", &json!({})))).await;
    let refresh = json!({"oauth2-refresh": {}});
    let of = RefreshTokenOf {
        tenant: "acme".parse().expect("a name"),
        plugin: "test".parse().expect("a name"),
        slot: "api".to_owned(),
        granted: aftercall_core::id::Sha256Hex::of(REFRESH_TOKEN.as_bytes()),
    };
    let now = world.clock.now();
    let until = now.plus_ms(60_000);
    assert_eq!(world.kept.claim(&of, now, until).await, Ok(true));
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("it is claimed").to_string();
    assert!(error.contains("another process is asking"), "{error}");
    assert!(world.login.requests.all().is_empty());

    world.kept.keep(&of, &Secret::new("refr3sh-2".to_owned())).await.expect("kept");
    world.kept.release(&of, until).await;
    world.clock.by_ms(PAUSE_MS);
    Call::of(&outlet).send("GET", "/x").await.expect("is answered");
    assert!(world.login.only_request().contains("refr3sh-2"), "the other's newest");
    let now = world.clock.now();
    assert_eq!(world.kept.claim(&of, now, now.plus_ms(1)).await, Ok(true), "it is given back");
    world.kept.settled().await;
}

#[tokio::test]
async fn what_could_not_be_kept_is_kept_later() {
    let count = AtomicUsize::new(0);
    let login = move |_: &str| {
        let first = count.fetch_add(1, Ordering::Relaxed) == 0;
        Some(token("t0ken", &if first { json!({"refresh_token": "refr3sh-2"}) } else { json!({}) }))
    };
    let mut world = World::of(login).await;
    let records = Arc::new(FullOnce::default());
    world.kept = Arc::new(SealedTokens::new(records.clone(), b"key"));
    let outlet = world.outlet(&json!({"oauth2-refresh": {}}), refreshing()).expect("fits");
    for kept in [false, true] {
        Call::of(&outlet).send("GET", "/x").await.expect("is answered");
        assert_eq!(records.kept.is_there(), kept);
        world.clock.by_ms(3_600_000);
    }
    let [_, second] = &world.login.requests.all()[..] else { panic!("two requests") };
    assert!(second.contains("refr3sh-2"), "{second}");
}

/// Records that have no room the first time.
#[derive(Default)]
struct FullOnce {
    kept: InMemory,
    writes: AtomicUsize,
}

#[async_trait::async_trait]
impl RefreshTokens for FullOnce {
    async fn newest(&self, of: &RefreshTokenOf) -> Result<Option<Vec<u8>>, RecordsError> {
        self.kept.newest(of).await
    }

    async fn keep(&self, of: &RefreshTokenOf, sealed: &[u8]) -> Result<(), RecordsError> {
        match self.writes.fetch_add(1, Ordering::Relaxed) {
            0 => Err(RecordsError::Unavailable("disk full".into())),
            _ => self.kept.keep(of, sealed).await,
        }
    }

    async fn claim(&self, of: &RefreshTokenOf, now: Timestamp, until: Timestamp) -> Result<bool, RecordsError> {
        self.kept.claim(of, now, until).await
    }

    async fn release(&self, of: &RefreshTokenOf, until: Timestamp) -> Result<(), RecordsError> {
        self.kept.release(of, until).await
    }
}

#[tokio::test]
async fn a_token_under_another_key_is_told_of_and_the_granted_one_not_tried() {
    let mut world = World::of(|_| Some(token("t0ken", &json!({"refresh_token": "refr3sh-2"})))).await;
    let refresh = json!({"oauth2-refresh": {}});
    let records = Arc::new(InMemory::default());
    world.kept = Arc::new(SealedTokens::new(records.clone(), b"one"));
    Call::of(&world.outlet(&refresh, refreshing()).expect("fits")).send("GET", "/x").await.expect("is answered");
    world.kept = Arc::new(SealedTokens::new(records, b"two"));
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("there is no token").to_string();
    assert!(error.contains("bring that key back, or grant a refresh token"), "{error}");
    assert_eq!(world.login.requests.all().len(), 1);
}

#[tokio::test]
async fn records_that_fail_lose_no_refresh_token() {
    let mut world = World::of(|_| Some(token("t0ken", &json!({"refresh_token": "refr3sh-2"})))).await;
    let refresh = json!({"oauth2-refresh": {}});
    world.kept = Failing::tokens(true);
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    for _hour in 0..2 {
        Call::of(&outlet).send("GET", "/x").await.expect("is answered");
        world.clock.by_ms(3_600_000);
    }
    let [first, second] = &world.login.requests.all()[..] else { panic!("two requests") };
    assert!(first.contains(REFRESH_TOKEN) && second.contains("refr3sh-2"), "{first} {second}");

    world.kept = Failing::tokens(false);
    let outlet = world.outlet(&refresh, refreshing()).expect("fits");
    let error = Call::of(&outlet).send("GET", "/x").await.expect_err("which one is newest is not known");
    assert!(error.to_string().contains("disk full"), "{error}");
    assert_eq!(world.login.requests.all().len(), 2, "an old one is not tried");
}
