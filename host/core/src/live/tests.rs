use serde_json::json;

use super::*;
use crate::{
    binding::Bindings,
    conversation::{Content, Conversation, Item, ToolCall},
    effect::{Arguments, EffectKey},
    id::{RunIdentity, Sha256Hex},
    run::PinnedTool,
    seed::{self, Already, Unclear},
    time::Timestamp,
    tool::Tool,
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
        is_same: false,
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
fn what_only_reads_is_given_no_key() {
    for (method, expected) in [("POST", json!({"header": "idempotency-key"})), ("GET", Value::Null)] {
        let idempotency = Some(Idempotency { header: "idempotency-key".into() });
        let call_with_key = match defined("lookup", method).call {
            LiveCall::Http(call) => HttpCall { idempotency, ..*call },
            other => panic!("{other:?}"),
        };
        let call = call(&[LiveTool::http("lookup", None, None, call_with_key)], &[]);
        let wanted = wanted(|_| {});
        let (candidates, _) = sort(&wanted, &[], &call);
        assert_eq!(candidates[0].instance().settings.value()["requests"][0]["idempotency"], expected, "{method}");
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
}

/// What a live call counts as: the same call after it, or why it doesn't count.
#[test]
fn a_call_is_known_again_by_all_its_arguments() {
    let identity = RunIdentity {
        tenant: "acme".parse().expect("a name"),
        platform: "vapi".parse().expect("a name"),
        conversation: "c".into(),
        revision: 0,
    };
    let check = |parameters: Value, identifying: &[&str], arguments: &str, expected: Result<Value, &str>| {
        let http = HttpCall { method: "POST".into(), url: "https://a.com/x".into(), ..HttpCall::default() };
        let mut call = call(&[LiveTool::http("send", None, Some(&parameters), http)], &[]);
        let made = ToolCall { id: "1".into(), name: "send".into(), arguments: arguments.into() };
        let answer = Content::ToolResult { call: "1".into(), output: "sent".into(), is_error: false };
        call.items = [Content::ToolCall(made), answer].map(|content| Item::plain(None, content)).to_vec();
        let names: Vec<String> = identifying.iter().map(|&name| name.to_owned()).collect();
        let wanted = wanted(|wanted| wanted.identity = [("send".to_owned(), names.clone())].into());
        let (candidates, _) = sort(&wanted, &[], &call);
        let Tool { name, input_schema: schema, identity: names, .. } = candidates[0].tool();
        let tool = PinnedTool { name, schema, identity: names.clone(), ..book() };
        let (seeds, unseeded) =
            seed::seeds(&identity, &[(&[candidates[0].already()], &tool)], &call, Timestamp::from_millis(1));
        match expected {
            Ok(same) => {
                let same = same.as_object().expect("arguments");
                let key = EffectKey::of(&identity, &tool.plugin, &tool.name, &names, same);
                assert_eq!(seeds.iter().map(|seed| &seed.key).collect::<Vec<_>>(), [&key], "{arguments}");
                let digest = (!names.is_empty()).then(|| Arguments::of(same).digest().clone());
                assert_eq!(seeds[0].entry.arguments, digest, "{arguments}");
            }
            Err(words) => {
                assert_eq!(seeds, []);
                assert!(unseeded[0].to_string().contains(words), "{}", unseeded[0]);
            }
        }
    };
    let open = json!({"type": "object"});
    let some = json!({"type": "object", "properties": {"a/b": {}, "to": {}}, "required": ["to"], "additionalProperties": true});
    check(open.clone(), &[], r#"{"to": "x"}"#, Ok(json!({"to": "x"})));
    check(open.clone(), &[], "{}", Ok(json!({})));
    check(open.clone(), &[], "", Ok(json!({})));
    check(some.clone(), &[], r#"{"to": "x", "a/b": [1], "n": null}"#, Ok(json!({"to": "x", "a/b": [1], "n": null})));
    check(some.clone(), &["to"], r#"{"to": "x", "more": 1}"#, Ok(json!({"to": "x", "more": 1})));
    check(some.clone(), &["to"], r#"{"to": "x"}"#, Ok(json!({"to": "x"})));
    check(some, &["to"], r#"{"more": 1}"#, Err("`to` says which effect it is, but the live call doesn't have it"));
    check(open, &[], "[1]", Err("the arguments must be a JSON object"));
}
