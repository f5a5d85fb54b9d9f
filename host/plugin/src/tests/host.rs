//! The host with a guest that behaves, and what a call and a grant need.

use std::sync::Arc;

use aftercall_core::{
    id::Tenant,
    ports::Tools as _,
    secret::Secret,
    tool::{Effect, FailureKind, Finding, Invocation, LogLevel},
};
use serde_json::json;

use super::{
    case::{
        Case,
        Expected::{Described, Done, Found},
        call, check_all, list_tools, reconcile,
    },
    world::{NOW, World, grant, packed, plugin, tenant},
};
use crate::{
    Grant, HostConfig, InUse, PluginHost, Reroutes, artifact,
    credential::{HostSecret, Supplied},
    testing::{Records, Stopped},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        list_tools("behaves", Described(1)),
        call("behaves", Done("done")).logging("done"),
        reconcile("behaves", Found(Finding::DidNotHappen)),
    ]
}

#[tokio::test]
async fn who_behaves_is_served() {
    check_all(cases()).await;
}

#[tokio::test]
async fn an_outcome_comes_back_whole() {
    let world = World::of("behaves");
    let tools = world.host.list_tools(&tenant(), &plugin()).await.expect("tools");
    assert_eq!(tools.len(), 1);
    assert_eq!((tools[0].name.as_str(), tools[0].effect, tools[0].reconcilable), ("greet", Effect::Once, true));

    let end = world.call(&json!({"who": "you"})).await;
    let outcome = end.result.expect("an outcome");
    assert_eq!(outcome.text, "done");
    assert_eq!(outcome.data.expect("data").value(), json!({"color": "red"}), "the settings, as the host gave them");
    assert_eq!((outcome.receipts[0].id.as_str(), outcome.receipts[0].kind.as_str()), ("T1", "thing"));
    assert_eq!((end.log[0].level, end.log[0].message.as_str()), (LogLevel::Info, "done"));

    let finding = world.host.reconcile(&world.invocation(&json!({}))).await;
    assert_eq!(finding, Ok(Finding::DidNotHappen));
}

#[tokio::test]
async fn calls_run_side_by_side_and_wait_for_a_place() {
    let world = World::of("behaves");
    let arguments = json!({});
    let ends = futures::future::join_all((0..32).map(|_| world.call(&arguments))).await;
    assert_eq!(world.host.in_use(), InUse::default());
    assert!(ends.iter().all(|end| end.result.is_ok()), "{ends:?}");
}

#[tokio::test]
async fn code_that_was_not_run_for_longest_is_given_up_and_loaded_again() {
    let named = |name: &str| {
        let manifest = json!({"name": name, "version": "1", "description": "d"});
        let manifest = serde_json::from_value(manifest).expect("a manifest");
        artifact::embed(aftercall_guests::component("behaves"), &manifest).expect("embeds")
    };
    let config = HostConfig::new(Arc::new(Stopped(NOW)));
    let roomy = PluginHost::new(config.clone()).expect("a host");
    let (one, two, three) = (named("one"), named("two"), named("three"));
    let of = |host: &PluginHost, component: &[u8]| {
        let installed = host.install(component).expect("installs");
        host.ready(&installed.digest, &installed.name).expect("is installed")
    };
    let size = {
        let ready = of(&roomy, &one);
        ready.code().await.expect("loads");
        ready.bytes()
    };

    let host = PluginHost::new(HostConfig { loaded_code_bytes_max: 2 * size, ..config }).expect("a host");
    let [one, two, three] = [one, two, three].map(|component| of(&host, &component));
    let there = || [&one, &two, &three].map(|ready| ready.bytes() > 0);
    assert_eq!(there(), [false; 3], "nothing is loaded before it is needed");
    let running = two.code().await.expect("loads");
    for (used, expected) in [
        (&one, [true, true, false]),
        (&two, [true, true, false]),
        (&three, [false, true, true]),
        (&one, [true, false, true]),
    ] {
        used.code().await.expect("loads");
        assert_eq!(there(), expected);
    }
    let again = two.code().await.expect("loads again");
    assert!(!Arc::ptr_eq(&running, &again), "a call that runs keeps the code that it began with");
}

#[tokio::test]
async fn a_component_is_asked_for_its_tools_once_for_the_same_settings() {
    let world = World::of("behaves");
    let ready = world.host.ready(&world.installed.digest, &plugin()).expect("is installed");
    let described = |settings: &str| ready.described(&settings.into());
    assert!(described(r#"{"color":"red"}"#).get().is_none(), "nobody has asked yet");
    world.host.list_tools(&tenant(), &plugin()).await.expect("tools");
    let other: Tenant = "other".parse().expect("a name");
    world.host.grant(other.clone(), &grant(&world.installed)).expect("grants");
    let red = described(r#"{"color":"red"}"#);
    assert_eq!(red.get().expect("what the other tenant has").len(), 1);
    assert!(described("{}").get().is_none(), "other settings, other tools");
    drop(red);
    world.host.revoke(&tenant(), &plugin());
    assert!(described(r#"{"color":"red"}"#).get().is_some());
    world.host.revoke(&other, &plugin());
    assert!(described(r#"{"color":"red"}"#).get().is_none(), "it goes with the last who has it");
}

#[tokio::test]
async fn a_component_s_file_is_the_one_that_was_installed_or_does_not_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("guest.wasm");
    let component = packed("behaves");
    std::fs::write(&path, &component).expect("writes");
    let host = PluginHost::new(HostConfig::new(Arc::new(Stopped(NOW)))).expect("a host");
    let installed = host.install_file(&path).expect("installs");
    host.grant(tenant(), &grant(&installed)).expect("grants");
    let world = World { host, installed };
    let not_runnable = async |words: &str| {
        let failure = world.call(&json!({})).await.result.expect_err(words);
        assert!(failure.kind == FailureKind::NotRunnable && failure.message.contains(words), "{failure:?}");
    };
    std::fs::write(&path, packed("spins")).expect("writes");
    not_runnable("is not the one that was installed: put that one back").await;
    std::fs::remove_file(&path).expect("removes");
    not_runnable("can't be read again").await;
    std::fs::write(&path, &component).expect("writes");
    world.call(&json!({})).await.result.expect("that one is back");
    std::fs::remove_file(&path).expect("removes");
    world.call(&json!({})).await.result.expect("its code is there");
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
        (Box::new(move |g| drop(g.credentials.insert("key".into(), secret()))), "no credential `key`"),
        (Box::new(|g| g.credentials.clear()), "needs the credential `api`"),
        (
            Box::new(|g| {
                let (host, secret) = ("other.test".parse().expect("a host"), Secret::new("secret".into()));
                let of_other = Supplied::ByHost(vec![HostSecret { host, secret, placement: None }]);
                g.credentials.insert("api".to_owned(), of_other);
            }),
            "a credential `api` for other.test, to which none of its rules goes",
        ),
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
