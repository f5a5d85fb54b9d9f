//! What the tools say of themselves.

use aftercall::{Effect, FailureKind, Plugin as _};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{ACCOUNT, CONTACT, LEAD, OPPORTUNITY, fake};

/// What a tenant has to say, at least.
const SETTINGS: &str = r#"{ "my_domain": "acme" }"#;
/// The same, with what people may be enrolled in.
const WITH_CADENCES: &str = r#"{
    "my_domain": "acme", "cadences": { "pilot": { "cadence_id": "77C000000000001EAA", "for": "Wants to try it." } }
}"#;

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools(WITH_CADENCES).unwrap();
    let said: Vec<(&str, Effect, Vec<&str>)> = tools
        .iter()
        .map(|tool| (tool.name.as_str(), tool.effect, tool.identity.iter().map(String::as_str).collect()))
        .collect();
    for tool in &tools {
        let writes = tool.effect != Effect::Read;
        assert_eq!(tool.reconcilable, writes, "{}", tool.name);
        // A second call with the same identity is refused.
        let says_so = ["in one call", "in one task"].iter().any(|words| tool.description.contains(words));
        assert_eq!(says_so, writes, "{}", tool.description);
    }
    let expected = [
        ("find_contact", Effect::Read, vec![]),
        ("upsert_lead", Effect::Idempotent, vec!["email"]),
        ("upsert_contact", Effect::Idempotent, vec!["contact_id", "account_id"]),
        ("find_opportunities", Effect::Read, vec![]),
        ("upsert_opportunity", Effect::Idempotent, vec!["account_id", "opportunity_id"]),
        ("log_call_summary", Effect::Idempotent, vec!["person_id"]),
        ("log_note", Effect::Idempotent, vec!["person_id", "opportunity_id"]),
        ("create_task", Effect::Idempotent, vec!["person_id", "due_date"]),
        ("list_sequences", Effect::Read, vec![]),
        ("enrol_in_sequence", Effect::Once, vec!["person_id"]),
    ];
    assert_eq!(said, expected);
}

#[test]
fn schemas_are_plain() {
    let tools = Plugin::list_tools(SETTINGS).unwrap();
    let schema = |name: &str| -> Value {
        serde_json::from_str(&tools.iter().find(|tool| tool.name == name).unwrap().input_schema).unwrap()
    };
    for tool in &tools {
        assert_eq!(schema(&tool.name)["additionalProperties"], false, "{}", tool.name);
        for (name, argument) in schema(&tool.name)["properties"].as_object().unwrap() {
            assert!(argument["description"].is_string(), "{}: {name} says nothing of itself", tool.name);
        }
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
        assert!(!tool.output_schema.as_ref().unwrap().contains("$ref"), "{}", tool.name);
    }
    assert_eq!(schema("upsert_lead")["required"], json!(["email"]));
    assert_eq!(schema("upsert_opportunity")["required"], json!(["account_id"]));
    let opportunity = schema("upsert_opportunity");
    assert_eq!(opportunity["properties"]["stage"]["enum"][1], "Qualification");
    assert_eq!(opportunity["properties"]["currency"], Value::Null, "the settings name none");
    let amount = opportunity["properties"]["amount"]["description"].as_str().unwrap();
    assert!(amount.contains("it takes no amount"), "{amount}");
    assert_eq!(schema("log_call_summary")["required"], json!(["person_id", "summary"]));
    let task = schema("create_task");
    assert_eq!(task["required"], json!(["person_id", "due_date", "subject", "priority"]));
    assert_eq!(task["properties"]["priority"]["enum"], json!(["High", "Normal", "Low"]));
    assert_eq!(task["properties"]["person_id"]["pattern"], "^(003|00Q)[A-Za-z0-9]{15}$");
    assert_eq!(task["properties"]["due_date"]["format"], "date");
    let found: Value = serde_json::from_str(tools[0].output_schema.as_ref().unwrap()).unwrap();
    assert!(found["properties"]["contacts"]["items"]["properties"]["last_name"].is_object(), "{found}");
}

#[test]
fn sequences_are_offered_where_the_settings_name_them() {
    let names = |settings: &str| -> Vec<String> {
        Plugin::list_tools(settings).unwrap().into_iter().map(|tool| tool.name).collect()
    };
    let of_sequences = ["list_sequences", "enrol_in_sequence"].map(str::to_owned);
    assert!(!names(SETTINGS).iter().any(|name| of_sequences.contains(name)));
    assert!(names(WITH_CADENCES).ends_with(&of_sequences));
}

#[test]
fn a_model_chooses_among_what_the_settings_name() {
    let settings = r#"{ "my_domain": "acme", "stages": ["Neu", "Gewonnen"], "currencies": ["EUR", "USD"] }"#;
    let tools = Plugin::list_tools(settings).unwrap();
    let tool = tools.iter().find(|tool| tool.name == "upsert_opportunity").unwrap();
    let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
    assert_eq!(schema["properties"]["stage"]["enum"], json!(["Neu", "Gewonnen"]));
    assert_eq!(schema["properties"]["currency"]["enum"], json!(["EUR", "USD"]));
}

#[test]
fn bad_arguments_are_told() {
    fn check(tool: &str, arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>(tool, arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("find_contact", json!({}), "an email address, a telephone number or both");
    check("find_contact", json!({ "phone": "415 555 0123" }), "such as +14155550123");
    check("upsert_lead", json!({ "email": "ann" }), "not an email address");
    check("find_opportunities", json!({}), "account_id or contact_id");
    check("find_opportunities", json!({ "account_id": ACCOUNT, "contact_id": CONTACT }), "one of the two");
    check("find_opportunities", json!({ "contact_id": LEAD }), "begins with 003");
    check("find_opportunities", json!({ "account_id": "001d000000iqhsliaz" }), "with a mistake");
    let check_opportunity = |mut arguments: Value, words: &str| {
        arguments["account_id"] = json!(ACCOUNT);
        check("upsert_opportunity", arguments, words);
    };
    check("upsert_opportunity", json!({}), "missing field `account_id`");
    check_opportunity(json!({}), "a new opportunity needs name, stage, close_date");
    check_opportunity(json!({ "name": " ", "stage": "x", "close_date": "2026-12-01" }), "needs name;");
    let check_change = |mut arguments: Value, words: &str| {
        arguments["opportunity_id"] = json!(OPPORTUNITY);
        check_opportunity(arguments, words);
    };
    check_change(json!({}), "what changes");
    check_change(json!({ "next_step": " " }), "what changes");
    check_change(json!({ "name": "Acme", "stage": "x" }), "leave it out");
    check_change(json!({ "stage": "Hot" }), "Qualification, Needs Analysis");
    check_change(json!({ "amount": "1,500" }), "such as 1500.00");
    check_change(json!({ "amount": 1500 }), "expected a string");
    check_change(json!({ "amount": "1500" }), "`currencies`");
    check_change(json!({ "currency": "EUR" }), "`currencies`");
    check_change(json!({ "amount": "1500", "currency": "euro" }), "ISO 4217");
    check_change(json!({ "amount": "1500", "currency": "EUR" }), "`currencies`");
    check_change(json!({ "close_date": "01/12/2026" }), "as in 2026-12-01");
    check("log_call_summary", json!({ "person_id": ACCOUNT, "summary": "s" }), "begins with 003 or 00Q");
    check(
        "log_call_summary",
        json!({ "person_id": LEAD, "opportunity_id": OPPORTUNITY, "summary": "s" }),
        "with a contact",
    );
    let task = |due: &str| json!({ "person_id": CONTACT, "due_date": due, "subject": "s", "priority": "High" });
    check("create_task", task("next week"), "as in 2026-12-01");
    check("create_task", task("2026-02-28"), "the call was on 2026-03-01");
}
