use serde_json::json;

use super::*;
use crate::{
    binding::Bindings,
    conversation::Conversation,
    id::Sha256Hex,
    run::PinnedTool,
    seed::{self, Already, Unclear},
};

const PLUGIN: &str = "http-request";

fn defined(name: &str, method: &str) -> LiveTool {
    let call = HttpCall { method: method.into(), url: "https://a.com/x".into(), ..HttpCall::default() };
    let parameters = json!({"type": "object", "properties": {"a/b": {}, "to": {}}});
    LiveTool::http(name, Some("Does it."), Some(&parameters), call)
}

fn call(defined: &[LiveTool], others: &[&str]) -> Conversation {
    let names = defined.iter().map(|tool| tool.name.clone());
    let mut call = Conversation::new("vapi".parse().expect("a name"), "c");
    call.live_tools = names.chain(others.iter().map(|&name| name.to_owned())).collect();
    call.live_definitions = defined.to_vec();
    call
}

fn wanted(change: impl FnOnce(&mut LiveTools)) -> LiveTools {
    let plugin = PLUGIN.parse().expect("a name");
    let mut wanted = LiveTools { plugin, only: None, effects: [].into(), identity: [].into() };
    change(&mut wanted);
    wanted
}

/// A post-call tool that stands in for `old_book`.
fn book() -> PinnedTool {
    let schema = Json::of(&json!({"type": "object"}));
    PinnedTool {
        name: "book".into(),
        plugin: "calendar".parse().expect("a name"),
        digest: Sha256Hex::of(b""),
        description: "Books.".into(),
        offered_schema: schema.clone(),
        schema,
        bindings: Bindings::new(),
        facts: Vec::new(),
        effect: Effect::Once,
        identity: Vec::new(),
        reconcilable: false,
        replaces: vec!["old_book".into()],
        instance: None,
    }
}

/// What is offered, with its effect, and what isn't, with words of the reason.
fn check(wanted: &LiveTools, call: &Conversation, offered: &[&str], not_offered: &[(&str, &str)]) {
    let map = Already {
        live: "reserve".into(),
        arguments: [].into(),
        succeeded: [].into(),
        receipt: None,
        unclear: Unclear::Person,
    };
    let (candidates, refused) = sort(wanted, &[(&[map], &book())], call);
    let got: Vec<String> = candidates.iter().map(|one| format!("{} {}", one.defined.name, one.effect)).collect();
    assert_eq!(got, offered);
    let names: Vec<&str> = refused.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, not_offered.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    for (one, (_, words)) in refused.iter().zip(not_offered) {
        assert!(one.why.contains(words), "`{words}` is not in: {one}");
    }
}

#[test]
fn tools_of_a_call_are_offered_again_unless_something_speaks_against_it() {
    let all = |_: &mut LiveTools| {};
    let of = |name| [defined(name, "POST")];
    check(&wanted(all), &call(&of("lookup"), &[]), &["lookup once"], &[]);
    check(&wanted(all), &call(&[defined("lookup", "GET")], &[]), &["lookup read"], &[]);
    check(&wanted(all), &call(&of("lookupOrder-2"), &[]), &["lookupOrder-2 once"], &[]);
    let read = |wanted: &mut LiveTools| wanted.effects = [("lookup".to_owned(), Effect::Read)].into();
    check(&wanted(read), &call(&of("lookup"), &[]), &["lookup read"], &[]);
    check(&wanted(all), &call(&of("transferCall"), &[]), &[], &[("transferCall", "acts on a live call")]);
    check(&wanted(all), &call(&of("book"), &[]), &[], &[("book", "`calendar/book` has the same name")]);
    check(&wanted(all), &call(&of("old_book"), &[]), &[], &[("old_book", "`calendar/book` stands in for it")]);
    check(&wanted(all), &call(&of("reserve"), &[]), &[], &[("reserve", "`calendar/book` does the same")]);
    let only = |wanted: &mut LiveTools| wanted.only = Some(vec!["b".into()]);
    check(
        &wanted(only),
        &call(&[defined("a", "POST"), defined("b", "POST")], &["c"]),
        &["b once"],
        &[("a", "`live_tools.only`"), ("c", "`live_tools.only`")],
    );
    check(
        &wanted(all),
        &call(&[], &["endCall", "crm"]),
        &[],
        &[("endCall", "live call"), ("crm", "the record doesn't say")],
    );
    check(&wanted(all), &call(&[LiveTool::unusable("crm", "no address")], &[]), &[], &[("crm", "no address")]);
    let long = "x".repeat(65);
    for name in ["2go", "a.b", "größe", "", long.as_str()] {
        check(&wanted(all), &call(&of(name), &[]), &[], &[(name, "not all models take its name")]);
    }
}

#[test]
fn what_is_kept_of_definitions_has_bounds() {
    let many = (0..LIVE_DEFINITIONS_MAX + 2).map(|n| defined(&format!("t{n}"), "POST"));
    let kept = bounded(many.chain([defined("t0", "GET")]));
    assert_eq!(kept.len(), LIVE_DEFINITIONS_MAX);
    let kept = call(&kept, &["t64"]);
    let (_, not_offered) = sort(&wanted(|_| {}), &[], &kept);
    assert!(not_offered[0].why.contains("64 tools"), "{not_offered:?}");

    let large = |name: &str| {
        let text = "x".repeat(LIVE_DEFINITIONS_BYTES_MAX / 2);
        LiveTool { description: text, ..defined(name, "POST") }
    };
    let kept = bounded([large("a"), large("b"), defined("c", "POST"), defined("c", "GET")]);
    let usable: Vec<bool> = kept.iter().map(|tool| matches!(tool.call, LiveCall::Http(_))).collect();
    assert_eq!(usable, [true, false, true]);
    assert!(kept[1].bytes() < 200, "only that it is too large is kept of it");
}

#[test]
fn an_instance_is_one_entry_of_the_plugins_settings() {
    let body = json!({"id": {"$": "key"}});
    let call_with_body = |name: &str| match defined(name, "POST") {
        LiveTool { call: LiveCall::Http(call), .. } => HttpCall { body: Some(body.clone()), ..*call },
        other => panic!("{other:?}"),
    };
    for (name, expected) in [("lookup", "lookup"), ("lookupOrder-2", "lookup_order"), ("_1", "live_tool")] {
        let tool = LiveTool::http(name, None, None, call_with_body(name));
        let call = call(&[tool], &[]);
        let identity = |wanted: &mut LiveTools| wanted.identity = [(name.to_owned(), vec!["to".to_owned()])].into();
        let wanted = wanted(identity);
        let (candidates, _) = sort(&wanted, &[], &call);
        let instance = candidates[0].instance();
        assert_eq!(instance.tool, expected);
        let entry = json!({
            "name": expected, "description": format!("`{name}`, as on the call."),
            "parameters": {"type": "object", "properties": {}},
            "effect": "once", "identity": ["to"],
            "method": "POST", "url": "https://a.com/x", "body": {"id": {"$": "key"}},
        });
        assert_eq!(instance.settings.value(), json!({"requests": [entry]}));
    }
}

#[test]
fn what_a_tool_did_on_the_call_is_not_done_again() {
    let call = call(&[defined("send", "POST")], &[]);
    let wanted = wanted(|_| {});
    let (candidates, _) = sort(&wanted, &[], &call);
    let already = candidates[0].already();
    let tool = PinnedTool { schema: candidates[0].tool().input_schema, ..book() };
    assert_eq!(seed::check(&already, &tool), []);
    let places: Vec<String> =
        already.arguments.values().map(|source| Value::from(source.clone()).to_string()).collect();
    assert_eq!(places, [r#""arguments/a~1b""#, r#""arguments/to""#]);
}
