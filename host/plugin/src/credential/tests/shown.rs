//! That nothing of a credential comes back to the component, or is shown to anybody.

use super::*;

#[tokio::test]
async fn nothing_that_was_obtained_comes_back_or_is_shown() {
    let mut world = World::of(|_| Some(token("t0ken/1", &json!({"refresh_token": "refr3sh-2"})))).await;
    // The vendor sends back whatever it was sent, and all else that could be known there.
    let echo = |request: &str| {
        let body = format!("{request} {CLIENT_SECRET} {REFRESH_TOKEN} refr3sh-2 t0ken%2F1");
        Some(http("200 OK", &["location: https://api.test/?t=t0ken/1&r=refr3sh-2", "x-plain: yes"], &body))
    };
    world.api = Vendor::playing(echo, Events::default()).await;
    world.kept = Failing::tokens(true);
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
