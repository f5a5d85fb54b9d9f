//! The plugin against a fake of HubSpot: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod contacts;
mod deals;
mod notes;
mod refusals;
mod sequences;
mod tasks;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, Plugin as _};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

const CONTACT_URL: &str = "https://app.hubspot.com/contacts/77/record/0-1/512";
/// 2026-03-01T00:01:00Z.
const ATTEMPT_AT: u64 = 1_772_323_260_000;

fn settings() -> Value {
    json!({
        "portal_id": "77",
        "deal_key_property": "aftercall_key",
        "deal_stages": {
            "qualified": { "pipeline": "default", "stage": "qualifiedtobuy", "for": "Has the money and the need." },
            "won": { "pipeline": "default", "stage": "closedwon", "for": "Said yes." },
        },
        "task_owner_id": "4001",
        "sequences": { "pilot": { "sequence_id": "6001", "for": "Wants to try it first." } },
        "sequence_sender": { "user_id": "2001", "email": "ben@example.com" },
    })
}

fn fake() -> Fake {
    Fake::new()
        .settings(settings())
        .key("ac_0123abcd")
        .first_attempt_at(ATTEMPT_AT)
        .attempt_at(ATTEMPT_AT)
        .now(ATTEMPT_AT)
}

fn object(id: &str, properties: Value) -> Value {
    json!({
        "id": id,
        "properties": properties,
        "createdAt": "2026-03-01T00:01:00Z",
        "updatedAt": "2026-03-01T00:01:00Z",
        "archived": false,
    })
}

/// What HubSpot answers to a batch.
fn batch(results: &[Value]) -> Value {
    json!({
        "status": "COMPLETE",
        "results": results,
        "startedAt": "2026-03-01T00:01:00Z",
        "completedAt": "2026-03-01T00:01:00Z",
    })
}

/// What HubSpot answers to a batch of which it refuses the one.
fn refused_in_part(category: &str, message: &str, errors: Value) -> Value {
    let error = json!({
        "status": "error",
        "category": category,
        "message": message,
        "context": {},
        "links": {},
        "errors": errors,
    });
    let mut answer = batch(&[]);
    answer["numErrors"] = json!(1);
    answer["errors"] = json!([error]);
    answer
}

/// What HubSpot refuses a request with.
fn error(category: &str, message: &str) -> Value {
    json!({
        "status": "error",
        "category": category,
        "message": message,
        "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
    })
}

/// Nobody and nothing has such an id.
fn not_found() -> Reply {
    Reply::json(404, error("OBJECT_NOT_FOUND", "resource not found"))
}

/// Deal 77, associated with this contact.
fn deal_of(contact_id: &str) -> Value {
    let mut deal = object("77", json!({}));
    deal["associations"] = json!({ "contacts": { "results": [{ "id": contact_id, "type": "deal_to_contact" }] } });
    deal
}

#[test]
fn what_a_rehearsal_makes_has_an_id_that_later_calls_know() {
    let manifest = include_str!("../../plugin.toml");
    let canned = manifest.lines().filter(|line| line.starts_with("rehearsal") && line.contains(r#""id""#));
    let others: Vec<&str> = canned.filter(|line| !line.contains(r#""id":"0""#)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools(&settings().to_string()).unwrap();
    let said: Vec<(&str, Effect, Vec<&str>, bool)> = tools
        .iter()
        .map(|tool| {
            let identity = tool.identity.iter().map(String::as_str).collect();
            (tool.name.as_str(), tool.effect, identity, tool.reconcilable)
        })
        .collect();
    let expected = [
        ("find_contact", Effect::Read, vec![], false),
        ("upsert_lead", Effect::Idempotent, vec!["email"], true),
        ("find_deals", Effect::Read, vec![], false),
        ("upsert_deal", Effect::Idempotent, vec!["contact_id", "deal_id"], true),
        ("log_call_summary", Effect::Once, vec!["contact_id"], true),
        ("log_note", Effect::Once, vec!["contact_id", "deal_id"], true),
        ("create_task", Effect::Once, vec!["contact_id", "due_date"], true),
        ("list_sequences", Effect::Read, vec![], false),
        ("enrol_in_sequence", Effect::Once, vec!["contact_id"], true),
    ];
    assert_eq!(said, expected);
    for tool in &tools {
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
        for (name, argument) in schema["properties"].as_object().unwrap() {
            assert!(argument["description"].is_string(), "{}: {name} says nothing of itself", tool.name);
        }
        // A second call with the same identity is refused.
        let says_so =
            ["in one call", "in one task", "one at a time"].iter().any(|words| tool.description.contains(words));
        assert_eq!(says_so, tool.effect != Effect::Read, "{}", tool.description);
    }
}

#[test]
fn a_model_chooses_among_what_the_settings_name() {
    fn check(tool: &str, at: &str, expected: &[&str]) {
        let tools = Plugin::list_tools(&settings().to_string()).unwrap();
        let tool = tools.iter().find(|known| known.name == tool).unwrap();
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["properties"][at]["enum"], json!(expected));
    }
    check("upsert_deal", "stage", &["qualified", "won"]);
    check("enrol_in_sequence", "sequence", &["pilot"]);
    let without = Plugin::list_tools("{}").unwrap();
    assert!(without.iter().all(|tool| !tool.name.contains("sequence")), "there are none to choose");
    let deal = without.iter().find(|tool| tool.name == "upsert_deal").unwrap();
    let schema: Value = serde_json::from_str(&deal.input_schema).unwrap();
    assert_eq!(schema["properties"]["stage"], Value::Null);
}

#[test]
fn schemas_say_what_is_needed_and_how_it_is_written() {
    fn check(tool: &str, required: &[&str], at: &str, expected: Value) {
        let tools = Plugin::list_tools(&settings().to_string()).unwrap();
        let tool = tools.iter().find(|known| known.name == tool).unwrap();
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["required"], json!(required), "{}", tool.name);
        assert_eq!(schema["properties"].pointer(at), Some(&expected), "{at} in {schema}");
    }
    check("find_deals", &["contact_id"], "/contact_id/pattern", json!("^[0-9]{1,20}$"));
    let amount = r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,3})?$";
    check("upsert_deal", &["contact_id"], "/amount/pattern", json!(amount));
    check("upsert_deal", &["contact_id"], "/currency/pattern", json!("^[A-Z]{3}$"));
    check("upsert_deal", &["contact_id"], "/close_date/format", json!("date"));
    let task = ["contact_id", "subject", "due_date", "priority"];
    check("create_task", &task, "/due_date/format", json!("date"));
    check("create_task", &task, "/due_time/pattern", json!(r"^\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})$"));
    for text in ["first_name", "last_name", "company", "interest"] {
        check("upsert_lead", &["email"], &format!("/{text}/minLength"), json!(1));
    }
    check("create_task", &task, "/priority/enum", json!(["low", "medium", "high"]));
    check("enrol_in_sequence", &["contact_id", "sequence"], "/sequence/type", json!("string"));
    check("log_call_summary", &["contact_id", "summary"], "/deal_id/pattern", json!("^[0-9]{1,20}$"));
}
