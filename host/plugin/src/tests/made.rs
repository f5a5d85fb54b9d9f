//! Tools that are made for one call: their settings, and what a grant says of them beforehand.

use aftercall_core::{
    json::Json,
    ports::Tools as _,
    tool::{Effect, FailureKind, Invocation, Tool},
};
use serde_json::{Value, json};

use super::world::{World, grant, plugin, tenant};
use crate::{
    Grant, Made,
    testing::{Events, Records},
};

#[tokio::test]
async fn a_tool_that_was_made_for_one_call_has_settings_of_its_own() {
    let world = World::of("behaves");
    for (own, expected) in [
        (json!({"color": "blue"}), Ok(json!({"color": "blue"}))),
        (json!({}), Ok(json!({"color": "red"}))),
        (json!({"color": 1}), Err("at /color")),
        (json!(["color"]), Err("they are no object")),
    ] {
        let invocation = Invocation { settings: Some(Json::from(&own)), ..world.invocation(&json!({"who": "you"})) };
        let end = world.host.call(&invocation, Records::working(&Events::default())).await;
        match (end.result, expected) {
            (Ok(outcome), Ok(seen)) => assert_eq!(outcome.data.expect("data").value(), seen),
            (Err(failure), Err(words)) => {
                assert_eq!(failure.kind, FailureKind::NotRunnable);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
            (got, expected) => panic!("{own}: {got:?} instead of {expected:?}"),
        }
    }
    let as_ever = world.call(&json!({"who": "you"})).await.result.expect("an outcome");
    assert_eq!(as_ever.data.expect("data").value(), json!({"color": "red"}), "nothing of it is left");
}

#[test]
fn a_tool_that_was_made_for_one_call_keeps_to_the_grant() {
    let world = World::of("behaves");
    let address = "https://vendor.test/things";
    let (once, read) = (Effect::Once, Effect::Read);
    for (effect, method, url, expected) in [
        (once, "POST", address, Ok(())),
        (once, "GET", address, Ok(())),
        (read, "GET", address, Ok(())),
        (read, "POST", address, Err("a read tool sends reads alone")),
        (once, "POST", "https://vendor.test/other", Err("the plugin's manifest")),
        (once, "post", address, Err("the plugin's manifest")),
        (once, "PO ST", address, Err("is no method")),
        (once, "POST", "https://vendor.test/{id}", Err("the plugin's manifest")),
        (once, "POST", "https://user@vendor.test/things", Err("a credential belongs in the tenant's grant")),
        (once, "POST", "https://127.0.0.1/things", Err("127.0.0.1")),
        (once, "POST", "things", Err("neither http nor https")),
        (once, "POST", "https://vendor.test/a b", Err("is no address")),
    ] {
        check_made(&world, |tool| tool.effect = effect, &json!({}), (method, url), expected);
    }
    let narrow = Grant { write: vec![], ..grant(&world.installed) };
    world.host.grant(tenant(), &narrow).expect("grants");
    let words = "add it to `egress.read` or `egress.write` of the plugin's grant, as `POST https://vendor.test/things`";
    check_made(&world, |_| {}, &json!({}), ("POST", address), Err(words));

    world.host.grant(tenant(), &grant(&world.installed)).expect("grants");
    let check = |change: &dyn Fn(&mut Tool), own: Value, words| {
        check_made(&world, change, &own, ("POST", address), Err(words));
    };
    check(&|_| {}, json!({"color": 1}), "at /color");
    check(&|tool| tool.description = " ".into(), json!({}), "description of `lookupOrder`");
    check(&|tool| tool.input_schema = Json::of(&[0; 0]), json!({}), "input schema of `lookupOrder`");
    check(&|tool| tool.identity = vec!["id".into()], json!({}), "`id` in its identity");
    world.host.revoke(&tenant(), &plugin());
    check(&|_| {}, json!({}), "grants no plugin guest");
}

fn check_made(
    world: &World,
    change: impl Fn(&mut Tool),
    settings: &Value,
    (method, url): (&str, &str),
    expected: Result<(), &str>,
) {
    let mut tool = Tool {
        name: "lookupOrder".into(),
        title: None,
        description: "Looks it up.".into(),
        input_schema: Json::from(&json!({"type": "object", "properties": {}})),
        output_schema: None,
        effect: Effect::Once,
        identity: vec![],
        reconcilable: false,
    };
    change(&mut tool);
    let made = Made { tool: &tool, settings: &Json::from(settings), method, url };
    match (world.host.check_made(&tenant(), &plugin(), made), expected) {
        (Ok(()), Ok(())) => {}
        (Err(unfit), Err(words)) => assert!(unfit.to_string().contains(words), "{method} {url}: {unfit}"),
        (got, expected) => panic!("{method} {url}: {got:?} instead of {expected:?}"),
    }
}
