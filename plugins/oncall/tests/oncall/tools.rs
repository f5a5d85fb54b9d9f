//! What the tools are, whichever vendor a tenant has, and what they take.

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Tool};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use crate::{KEY, alert, arguments, jira, with};

fn schema(tool: &Tool) -> Value {
    serde_json::from_str(&tool.input_schema).unwrap()
}

#[test]
fn the_tools_are_idempotent_per_service_and_per_alert() {
    let tools = Plugin::list_tools("{}").unwrap();
    let listed: Vec<(&str, &str)> = tools.iter().map(|tool| (tool.name.as_str(), tool.identity[0].as_str())).collect();
    assert_eq!(listed, [("page_oncall", "service"), ("acknowledge_page", "alert"), ("resolve_page", "alert")]);
    for tool in &tools {
        assert_eq!((tool.effect, tool.identity.len(), tool.reconcilable), (Effect::Idempotent, 1, true));
        assert_eq!(schema(tool)["additionalProperties"], false);
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
    }
}

#[test]
fn a_page_says_what_is_wrong() {
    let schema = schema(&Plugin::list_tools("{}").unwrap()[0]);
    assert_eq!(schema["required"], json!(["service", "summary", "severity"]));
    let property = |name: &str, keyword: &str| schema["properties"][name][keyword].clone();
    assert_eq!(property("summary", "maxLength"), 1024);
    assert_eq!(property("severity", "enum"), json!(["critical", "error", "warning", "info"]));
    assert_eq!(property("details", "maxLength"), 10000);
    assert_eq!(property("ticket_url", "pattern"), r"^https://\S+$");
    assert_eq!(property("caller_phone", "type"), "string");
}

#[test]
fn an_alert_is_a_reference() {
    for tool in &Plugin::list_tools("{}").unwrap()[1..] {
        let schema = schema(tool);
        assert_eq!(schema["required"], json!(["alert"]));
        assert_eq!(schema["properties"]["alert"]["type"], "string");
        assert_eq!(schema["properties"]["alert"]["pattern"], "^ac_[0-9a-f]{32}$");
        let description = schema["properties"]["alert"]["description"].as_str().unwrap();
        assert!(description.contains("page_oncall"), "{description}");
    }
}

#[test]
fn arguments_that_don_t_fit_send_nothing() {
    fn check(tool: &str, arguments: Value, words: &str) {
        let site = json!({ "cloud_id": "c", "responders": [] });
        for vendor in [json!({}), with(json!({ "vendor": "jira-service-management" }), site)] {
            let settings = json!({ "source": "Route Planner", "services": ["planner", "checkout"] });
            let fake = Fake::new().settings(with(settings, vendor));
            let failure = fake.call::<Plugin>(tool, arguments.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidArguments);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    let page = |more| with(arguments(), more);
    check(
        "page_oncall",
        page(json!({ "service": "billing" })),
        r#"no `service` "billing"; there are: planner, checkout"#,
    );
    check("page_oncall", page(json!({ "service": "" })), "there are: planner, checkout");
    check("page_oncall", page(json!({ "severity": "urgent" })), "urgent");
    check("page_oncall", page(json!({ "caller_phone": "555 0123" })), "E.164");
    for tool in ["acknowledge_page", "resolve_page"] {
        let advice = "take the one that it answered with, such as ac_0123";
        for other in ["srv01/HTTP", "", "ac_", &KEY[..34], &KEY.to_uppercase(), &format!("{KEY} OR *"), "ac_\u{e9}"] {
            check(tool, json!({ "alert": other }), advice);
        }
        check(tool, json!({}), "alert");
        check(tool, with(alert(), json!({ "note": "over" })), "note");
    }
}

#[test]
fn a_vendor_that_isn_t_there_is_told() {
    let fake = Fake::new().settings(json!({ "vendor": "opsgenie", "source": "Route Planner" }));
    let failure = fake.call::<Plugin>("page_oncall", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(failure.message.contains("`pagerduty` or `jira-service-management`"), "{}", failure.message);
}

/// What the manifest answers in the vendor's place to this request.
fn canned(rule: &str) -> Reply {
    let (_, asked) = include_str!("../../plugin.toml").split_once(&format!("rule = \"{rule}\"")).unwrap();
    let (status, body) = asked.split_once("rehearsal = { status = ").unwrap().1.split_at(3);
    let body = serde_json::from_str(body.split('\'').nth(1).unwrap()).unwrap();
    Reply::json(status.parse().unwrap(), body)
}

/// In a rehearsal too, an alert is changed by the reference that its page answered with.
#[test]
fn a_rehearsed_page_is_taken_by_the_other_tools() {
    const ENQUEUE: &str = "POST https://events.pagerduty.com/v2/enqueue";
    for tool in ["acknowledge_page", "resolve_page"] {
        let fake = Fake::new().settings(json!({ "source": "Route Planner" })).key(KEY).dry_run();
        let fake = fake.expect(ENQUEUE, canned(ENQUEUE)).expect(ENQUEUE, canned(ENQUEUE));
        let paged = fake.call::<Plugin>("page_oncall", arguments()).unwrap();
        fake.call::<Plugin>(tool, json!({ "alert": paged.receipts[0].id })).unwrap();
    }
    let any = "https://api.atlassian.com/jsm/ops/api/*/v1/alerts";
    for (tool, verb, text) in [
        ("acknowledge_page", "acknowledge", "the alert is acknowledged"),
        ("resolve_page", "close", "the alert is resolved"),
    ] {
        let change = format!("POST {any}/*/{verb}");
        let fake = jira::fake()
            .dry_run()
            .expect(&jira::create(), canned(&format!("POST {any}")))
            // Reads go out, and there is no such alert.
            .expect(&jira::by_alias(), jira::not_found())
            .expect(&jira::search(), jira::results(&[]))
            .expect(&format!("{}/{KEY}/{verb}", jira::create()), canned(&change));
        let paged = fake.call::<Plugin>("page_oncall", arguments()).unwrap();
        assert_eq!(paged, jira::paged());
        assert_eq!(fake.call::<Plugin>(tool, json!({ "alert": paged.receipts[0].id })), Ok(jira::outcome(text)));
    }
}
