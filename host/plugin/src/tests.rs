//! The host with real components: each guest of `tests/guests` and what becomes of it.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    conversation::Conversation,
    effect::EffectKey,
    id::{PluginName, RunIdentity, Tenant},
    json::Json,
    manifest::ConversationLevel,
    ports::Tools as _,
    secret::Secret,
    signing::{Algorithm, Encoding},
    state::Quota,
    time::Timestamp,
    tool::{AttemptEnd, CallContext, Effect, FailureKind, Finding, Invocation, LogLevel, WriteAnswer},
    usage::Limit,
};
use serde_json::{Value, json};

use crate::{
    Error, Grant, HostConfig, Installed, Limits, PluginHost, Reroutes, artifact,
    credential::{Supplied, jwt::tests::opened, key::Key},
    signing::SigningGrant,
    testing::{Events, Kept, Records, Stopped, Vendor, http},
};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn tenant() -> Tenant {
    "acme".parse().expect("a name")
}

fn plugin() -> PluginName {
    "guest".parse().expect("a name")
}

/// The guest as a plugin that asks to post to `vendor.test`.
fn packed(guest: &str) -> Vec<u8> {
    packed_with(guest, &Value::Null)
}

/// The same, with what a rehearsal answers.
fn packed_with(guest: &str, rehearsal: &Value) -> Vec<u8> {
    let manifest = serde_json::from_value(json!({
        "name": "guest", "version": "1.0.0", "description": "A guest.",
        "state": guest == "keeps",
        "settings": {"type": "object", "properties": {"color": {"type": "string"}}},
        "egress": [{"rule": "POST http://vendor.test/things", "access": "write", "rehearsal": rehearsal}],
    }))
    .expect("a manifest");
    artifact::embed(aftercall_guests::component(guest), &manifest).expect("embeds")
}

fn grant(installed: &Installed) -> Grant {
    Grant {
        plugin: installed.name.clone(),
        digest: installed.digest.clone(),
        settings: json!({"color": "red"}),
        credentials: BTreeMap::new(),
        signing: BTreeMap::new(),
        read: vec![],
        write: vec!["POST http://vendor.test/things".parse().expect("a rule")],
        conversation: ConversationLevel::None,
        state: None,
        limits: Limits::default(),
    }
}

struct World {
    host: PluginHost,
    installed: Installed,
}

impl World {
    fn of(guest: &str) -> Self {
        Self::with(guest, Limits::default(), Reroutes::new())
    }

    fn with(guest: &str, limits: Limits, egress_reroutes: Reroutes) -> Self {
        Self::installing(&packed(guest), limits, egress_reroutes)
    }

    fn installing(component: &[u8], limits: Limits, egress_reroutes: Reroutes) -> Self {
        let config = HostConfig { limits, egress_reroutes, running_max: 2, ..HostConfig::new(Arc::new(Stopped(NOW))) };
        let host = PluginHost::new(config).expect("a host");
        let installed = host.install(component).expect("installs");
        host.grant(tenant(), &Grant { limits, ..grant(&installed) }).expect("grants");
        Self { host, installed }
    }

    fn reaching(vendor: &Vendor, guest: &str) -> Self {
        let place = format!("http://127.0.0.1:{}", vendor.port).parse().expect("a URL");
        Self::with(guest, Limits::default(), Reroutes::from([("vendor.test".to_owned(), place)]))
    }

    fn invocation(&self, arguments: &Value) -> Invocation {
        let call = RunIdentity {
            tenant: tenant(),
            platform: "native".parse().expect("a name"),
            conversation: "c1".into(),
            revision: 0,
        };
        Invocation {
            tenant: tenant(),
            plugin: plugin(),
            digest: self.installed.digest.clone(),
            tool: "greet".into(),
            effect: Effect::Once,
            arguments: Json::from(arguments),
            conversation: Arc::new(Conversation::new(call.platform.clone(), "c1")),
            context: CallContext {
                conversation: call.opaque_conversation(),
                run: call.run(),
                key: EffectKey::from_stored("ac_1".into()),
                attempt: 1,
                first_attempt_at: NOW,
                attempt_at: NOW,
                deadline: NOW.plus_ms(20_000),
                facts: vec![("call.contact".into(), Json::of(&"+15550100"))],
                dry_run: false,
            },
        }
    }

    async fn call(&self, arguments: &Value) -> AttemptEnd {
        self.host.call(&self.invocation(arguments), Records::working(&Events::default())).await
    }

    async fn expect_failure(&self, kind: FailureKind, words: &str) {
        let end = self.call(&json!({})).await;
        let failure = end.result.expect_err(words);
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert!(!failure.message.contains('\n'), "{}", failure.message);
        assert_eq!(end.writes, []);
    }
}

#[tokio::test]
async fn behaves() {
    let world = World::of("behaves");
    let tools = world.host.list_tools(&tenant(), &plugin()).await.expect("tools");
    assert_eq!(tools.len(), 1);
    assert_eq!((tools[0].name.as_str(), tools[0].effect, tools[0].reconcilable), ("greet", Effect::Once, true));
    assert_eq!(tools[0].identity, ["who"]);

    let end = world.call(&json!({"who": "you"})).await;
    let outcome = end.result.expect("an outcome");
    assert_eq!(outcome.text, "greeted");
    assert_eq!(outcome.data.expect("data").value(), json!({"color": "red"}), "the settings, as the host gave them");
    assert_eq!((outcome.receipts[0].id.as_str(), outcome.receipts[0].kind.as_str()), ("G1", "greeting"));
    assert_eq!((end.log[0].level, end.log[0].message.as_str()), (LogLevel::Info, "greeted"));

    let finding = world.host.reconcile(&world.invocation(&json!({}))).await;
    assert_eq!(finding, Ok(Finding::DidNotHappen));
}

#[tokio::test]
async fn calls_run_side_by_side_and_wait_for_a_place() {
    let world = World::of("behaves");
    let arguments = json!({});
    let ends = futures::future::join_all((0..32).map(|_| world.call(&arguments))).await;
    assert!(ends.iter().all(|end| end.result.is_ok()), "{ends:?}");
}

#[tokio::test]
async fn spins() {
    let limits = Limits { cpu_ms_max: 50, ..Limits::default() };
    let world = World::with("spins", limits, Reroutes::new());
    world.expect_failure(FailureKind::LimitReached(Limit::CpuTime), "cpu_ms_max = 50").await;
    let error = world.host.list_tools(&tenant(), &plugin()).await.expect_err("spins").to_string();
    assert!(error.contains("cpu_ms_max"), "{error}");
}

#[tokio::test]
async fn parks() {
    let limits = Limits { wall_ms_max: 50, ..Limits::default() };
    World::with("parks", limits, Reroutes::new())
        .expect_failure(FailureKind::LimitReached(Limit::WallTime), "wall_ms_max = 50")
        .await;

    let world = World::of("parks");
    let mut invocation = world.invocation(&json!({}));
    invocation.context.deadline = NOW.plus_ms(40);
    let end = world.host.call(&invocation, Records::failing()).await;
    let failure = end.result.expect_err("the deadline passes");
    assert!(failure.message.contains("wall_ms_max = 40"), "{}", failure.message);
}

#[tokio::test]
async fn grows() {
    let limits = Limits { memory_bytes_max: 4 << 20, ..Limits::default() };
    World::with("grows", limits, Reroutes::new())
        .expect_failure(FailureKind::LimitReached(Limit::Memory), "memory_bytes_max")
        .await;
}

#[tokio::test]
async fn traps() {
    World::of("traps").expect_failure(FailureKind::Trapped, "unreachable").await;
}

#[tokio::test]
async fn floods() {
    World::of("floods").expect_failure(FailureKind::LimitReached(Limit::ResultBytes), "result_bytes_max").await;

    let limits = Limits { result_bytes_max: 2 << 20, log_lines_max: 10, ..Limits::default() };
    let end = World::with("floods", limits, Reroutes::new()).call(&json!({})).await;
    assert_eq!(end.result.expect("fits").text.len(), 1 << 20);
    assert_eq!(end.log.len(), 11);
    assert!(end.log[10].message.contains("990 more lines"), "{}", end.log[10].message);

    let limits = Limits { hostcall_bytes_max: 1 << 10, ..Limits::default() };
    World::with("floods", limits, Reroutes::new())
        .expect_failure(FailureKind::LimitReached(Limit::HostcallBytes), "hostcall_bytes_max")
        .await;
}

#[tokio::test]
async fn mumbles() {
    let world = World::of("mumbles");
    world.expect_failure(FailureKind::Trapped, "not JSON").await;
    let error = world.host.list_tools(&tenant(), &plugin()).await.expect_err("mumbles");
    assert!(matches!(&error, Error::BadDescription { .. }), "{error}");
}

#[tokio::test]
async fn peeks() {
    let error = World::of("peeks").host.list_tools(&tenant(), &plugin()).await.expect_err("peeks").to_string();
    assert!(error.contains("used `settings` in list-tools"), "{error}");
}

#[tokio::test]
async fn posts() {
    for (answer, kind, expected) in [
        (http("201 Created", &[], ""), None, WriteAnswer::Accepted),
        (http("422 Unprocessable Content", &[], ""), Some(FailureKind::Unavailable), WriteAnswer::Refused),
        (Vec::new(), Some(FailureKind::Unavailable), WriteAnswer::Silent),
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
async fn posts_and_is_ended_before_the_answer() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let silent = Vendor { port: listener.local_addr().expect("an address").port(), requests: Events::default() };
    let world = World::reaching(&silent, "posts");
    let mut invocation = world.invocation(&json!("vendor.test"));
    invocation.context.deadline = NOW.plus_ms(500);
    let end = world.host.call(&invocation, Records::working(&Events::default())).await;
    assert_eq!(end.result.expect_err("the deadline passes").kind, FailureKind::LimitReached(Limit::WallTime));
    assert_eq!(end.writes, [WriteAnswer::Silent], "what left is in doubt, whatever became of the component");
}

#[tokio::test]
async fn posts_where_it_may_not() {
    let vendor = Vendor::answering(http("200 OK", &[], "")).await;
    let world = World::reaching(&vendor, "posts");

    let end = world.call(&json!("other.test")).await;
    let failure = end.result.expect_err("is refused");
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.message.contains("POST http://other.test/things"), "{}", failure.message);
    assert!(end.log[0].message.contains("[[egress]]"), "{:?}", end.log);

    let read = Invocation { effect: Effect::Read, ..world.invocation(&json!("vendor.test")) };
    let failure = world.host.call(&read, Records::failing()).await.result.expect_err("is refused");
    assert!(failure.message.contains("a read tool sends reads alone"), "{}", failure.message);

    let failure = world.host.reconcile(&world.invocation(&json!("vendor.test"))).await.expect_err("is refused");
    assert!(failure.message.contains("`reconcile` sends reads alone"), "{}", failure.message);

    let unrecorded = world.host.call(&world.invocation(&json!("vendor.test")), Records::failing()).await;
    assert_eq!(unrecorded.result.expect_err("is held back").kind, FailureKind::NotRunnable);
    assert_eq!(unrecorded.writes, []);

    let error = world.host.list_tools(&tenant(), &plugin()).await.expect_err("it posts").to_string();
    assert!(error.contains("used `wasi:http` in list-tools"), "{error}");
    assert_eq!(vendor.requests.all(), [""; 0]);
}

#[tokio::test]
async fn posts_in_a_rehearsal() {
    let vendor = Vendor::answering(http("201 Created", &[], "")).await;
    let place: url::Url = format!("http://127.0.0.1:{}", vendor.port).parse().expect("a URL");
    for (rehearsal, text, answered, failure) in [
        (Value::Null, "would have been sent", None, None),
        (json!({"status": 201}), "posted", Some(201), None),
        (json!({"status": 422}), "", Some(422), Some(FailureKind::Unavailable)),
    ] {
        let reroutes = Reroutes::from([("vendor.test".to_owned(), place.clone())]);
        let world = World::installing(&packed_with("posts", &rehearsal), Limits::default(), reroutes);
        let mut invocation = world.invocation(&json!("vendor.test"));
        invocation.context.dry_run = true;
        let end = world.host.call(&invocation, Records::failing()).await;
        match (end.result, failure) {
            (Ok(outcome), None) => assert!(outcome.text.contains(text), "{}", outcome.text),
            (Err(error), Some(kind)) => assert_eq!(error.kind, kind, "{}", error.message),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
        assert_eq!(end.writes, []);
        let [captured] = &end.captured[..] else { panic!("one write: {:?}", end.captured) };
        assert_eq!((captured.method.as_str(), captured.url.as_str()), ("POST", "http://vendor.test/things"));
        assert_eq!(captured.answered, answered);

        let elsewhere = Invocation { arguments: Json::from(&json!("other.test")), ..invocation };
        let denied = world.host.call(&elsewhere, Records::failing()).await;
        assert_eq!(denied.result.expect_err("is refused as it would be").kind, FailureKind::Denied);
        assert_eq!(denied.captured, []);
    }
    assert_eq!(vendor.requests.all(), [""; 0], "nothing has left");
}

#[tokio::test]
async fn keeps() {
    let kept = Arc::new(Kept::default());
    let config = HostConfig { state: Some(kept.clone()), ..HostConfig::new(Arc::new(Stopped(NOW))) };
    let host = PluginHost::new(config).expect("a host");
    let installed = host.install(&packed("keeps")).expect("installs");
    let world = World { host, installed };
    let call = async |tenant: &Tenant, dry_run| {
        let mut invocation = Invocation { tenant: tenant.clone(), ..world.invocation(&json!("cursor")) };
        invocation.context.dry_run = dry_run;
        world.host.call(&invocation, Records::failing()).await
    };
    let (acme, other): (Tenant, Tenant) = (tenant(), "other".parse().expect("a name"));
    let grant = |state| Grant { state, ..grant(&world.installed) };

    world.host.grant(acme.clone(), &grant(None)).expect("grants");
    let end = call(&acme, false).await;
    assert_eq!(end.result.expect_err("nothing is granted").message, "no state");
    assert!(end.log[0].message.contains("add `state = {}` to the tenant's grant"), "{:?}", end.log);

    for tenant in [&acme, &other] {
        world.host.grant(tenant.clone(), &grant(Some(Quota::default()))).expect("grants");
        for (dry_run, expected) in [(true, "new"), (false, "new"), (false, "kept"), (true, "kept")] {
            let text = call(tenant, dry_run).await.result.expect("answers").text;
            assert_eq!(text, expected, "{tenant}, rehearsal: {dry_run}");
        }
    }
    let error = world.host.list_tools(&acme, &plugin()).await.expect_err("it looks").to_string();
    assert!(error.contains("used `state` in list-tools"), "{error}");
}

#[tokio::test]
async fn signs() {
    let key = SigningGrant {
        key: Secret::new("0123456789abcdef".into()),
        terms: serde_json::from_value(json!({"claims": {"iss": "acme"}})).expect("terms"),
    };
    let hook = json!({"hook": {"description": "a key", "algorithm": "hs256"}});
    let world = |asked: Value, granted: Option<&SigningGrant>, limits| {
        let manifest = json!({"name": "guest", "version": "1", "description": "d", "signing": asked});
        let manifest = serde_json::from_value(manifest).expect("a manifest");
        let component = artifact::embed(aftercall_guests::component("signs"), &manifest).expect("embeds");
        let host = PluginHost::new(HostConfig { limits, ..HostConfig::new(Arc::new(Stopped(NOW))) }).expect("a host");
        let installed = host.install(&component).expect("installs");
        let signing = granted.map(|key| ("hook".to_owned(), key.clone())).into_iter().collect();
        let grant = Grant { signing, settings: Value::Null, write: vec![], ..grant(&installed) };
        host.grant(tenant(), &grant).expect("grants");
        World { host, installed }
    };
    let default = Limits::default();
    for (asked, granted, claims, said, logged) in [
        (json!({}), None, json!({}), "not granted", "its author must add [signing.NAME] to plugin.toml"),
        (hook.clone(), None, json!({}), "not granted", "add `signing.hook.key` to the tenant's grant"),
        (hook.clone(), Some(&key), json!([]), "wrong input", "its claims must be a JSON object"),
    ] {
        let end = world(asked, granted, default).call(&claims).await;
        assert_eq!(end.result.expect_err(said).message, said);
        assert!(end.log[0].message.contains(logged), "{:?}", end.log);
    }
    let granted = world(hook.clone(), Some(&key), default);
    let verifying = Key::secret(&key.key, Encoding::Text, Algorithm::Hs256).expect("a key");
    for (dry_run, expected) in [(false, true), (true, false)] {
        let mut invocation = granted.invocation(&json!({"iss": "guest", "sub": "s"}));
        invocation.context.dry_run = dry_run;
        let end = granted.host.call(&invocation, Records::failing()).await;
        let claims = opened(&end.result.expect("a token").text, &verifying).map(|(_, claims)| claims);
        let now_s = NOW.as_millis() / 1000;
        let signed = json!({"iss": "acme", "sub": "s", "iat": now_s, "exp": now_s + 300});
        assert_eq!(claims, expected.then_some(signed), "a rehearsed one is worthless");
        let used = end.usage.iter().find(|used| used.limit == Limit::Signatures);
        assert_eq!(used.map(|used| (used.used, used.max)), Some((1, 32)));
    }
    let error = granted.host.list_tools(&tenant(), &plugin()).await.expect_err("it signs").to_string();
    assert!(error.contains("used `signing` in list-tools"), "{error}");
    let none = Limits { signatures_max: 0, ..default };
    let kind = FailureKind::LimitReached(Limit::Signatures);
    world(hook, Some(&key), none).expect_failure(kind, "signatures_max = 0").await;
}

#[test]
fn what_exports_no_tools_is_no_plugin() {
    let manifest = serde_json::from_value(json!({"name": "guest", "version": "1", "description": "d"}));
    let empty = artifact::embed(b"\0asm\x0d\0\x01\0", &manifest.expect("a manifest")).expect("embeds");
    let host = PluginHost::new(HostConfig::new(Arc::new(Stopped(NOW)))).expect("a host");
    let error = host.install(&empty).expect_err("exports nothing").to_string();
    assert!(error.contains("does not export `aftercall:tool/tools@0.1.0`"), "{error}");
}

#[tokio::test]
async fn a_call_needs_its_grant() {
    let world = World::of("behaves");
    for (change, words) in [
        (
            Box::new(|i: &mut Invocation| i.context.deadline = NOW) as Box<dyn Fn(&mut Invocation)>,
            "deadline had passed",
        ),
        (Box::new(|i: &mut Invocation| i.tenant = "other".parse().expect("a name")), "grants no plugin"),
        (Box::new(|i| i.plugin = "other".parse().expect("a name")), "grants no plugin"),
        (Box::new(|i| i.digest = aftercall_core::id::Sha256Hex::of(b"other")), "the run began with plugin guest"),
    ] {
        let mut invocation = world.invocation(&json!({}));
        change(&mut invocation);
        let end = world.host.call(&invocation, Records::failing()).await;
        let failure = end.result.expect_err(words);
        let expected = if words.contains("deadline") { FailureKind::Unavailable } else { FailureKind::NotRunnable };
        assert_eq!(failure.kind, expected);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[test]
fn a_grant_must_fit_the_manifest() {
    let world = World::of("behaves");
    let secret = || Supplied::Secret(Secret::new("secret".into()));
    for (change, words) in [
        (
            Box::new(|g: &mut Grant| g.digest = aftercall_core::id::Sha256Hex::of(b"x")) as Box<dyn Fn(&mut Grant)>,
            "not installed",
        ),
        (Box::new(|g| g.plugin = "other".parse().expect("a name")), "calls itself guest, not other"),
        (Box::new(|g| g.settings = json!({"color": 1})), "at /color"),
        (Box::new(move |g| drop(g.credentials.insert("api".into(), secret()))), "no credential `api`"),
    ] {
        let mut grant = grant(&world.installed);
        change(&mut grant);
        let error = world.host.grant(tenant(), &grant).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_rerouting_must_lead_somewhere() {
    for (place, expected) in [
        ("http://127.0.0.1:1", true),
        ("https://sandbox.test", true),
        ("http://127.0.0.1:1/path", false),
        ("ftp://127.0.0.1", false),
        ("http://127.0.0.1/?q", false),
    ] {
        let reroutes = Reroutes::from([("vendor.test".to_owned(), place.parse().expect("a URL"))]);
        let config = HostConfig { egress_reroutes: reroutes, ..HostConfig::new(Arc::new(Stopped(NOW))) };
        assert_eq!(PluginHost::new(config).is_ok(), expected, "{place}");
    }
}

#[test]
fn every_guest_has_its_test() {
    let tested =
        ["behaves", "floods", "grows", "keeps", "mumbles", "parks", "peeks", "posts", "signs", "spins", "traps"];
    let guests: Vec<_> = aftercall_guests::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(guests, tested, "a guest without a test proves nothing");
}
