//! What the tools say of themselves.

use aftercall::testing::Fake;
use aftercall::{Effect, FailureKind, Plugin as _, Tool};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::check_failure;

/// The settings of the other tests, and a sequence.
fn all() -> Value {
    let mut settings = super::settings();
    let list_id = "4b1bdb60-0000-4000-8000-00000000000a";
    settings["sequences"] = json!({ "large-fleet": { "list_id": list_id, "for": "Ten vehicles or more." } });
    settings
}

fn listed(settings: &Value) -> Vec<Tool> {
    Plugin::list_tools(&settings.to_string()).unwrap()
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = listed(&all());
    let said: Vec<_> = tools
        .iter()
        .map(|tool| (tool.name.as_str(), tool.effect, tool.identity.join(" "), tool.reconcilable))
        .collect();
    let expected = [
        ("send_email", Effect::Once, "to", true),
        ("list_templates", Effect::Read, "", false),
        ("send_template", Effect::Once, "to template", true),
        ("start_followup", Effect::Once, "email", true),
        ("stop_emails", Effect::Idempotent, "email reason batch", true),
        ("list_sequences", Effect::Read, "", false),
        ("start_sequence", Effect::Idempotent, "email", true),
    ];
    let expected =
        expected.map(|(name, effect, identity, reconcilable)| (name, effect, identity.to_owned(), reconcilable));
    assert_eq!(said, expected);
}

#[test]
fn schemas_say_what_arguments_are() {
    let tools = listed(&all());
    let schema = |name: &str| -> Value {
        let tool = tools.iter().find(|tool| tool.name == name).unwrap();
        serde_json::from_str(&tool.input_schema).unwrap()
    };
    let required = |name: &str| schema(name)["required"].clone();
    assert_eq!(required("send_email"), json!(["to", "subject", "text"]));
    assert_eq!(required("send_template"), json!(["to", "template"]));
    assert_eq!(required("start_followup"), json!(["email", "followup"]));
    assert_eq!(required("stop_emails"), json!(["email", "reason"]));
    assert_eq!(required("start_sequence"), json!(["email", "sequence"]));
    let properties = schema("send_email")["properties"].clone();
    assert_eq!(properties["to"]["format"], "email");
    assert_eq!(properties["subject"]["maxLength"], 998);
    assert_eq!(properties["text"]["maxLength"], 20_000);
    let properties = schema("send_template")["properties"].clone();
    assert_eq!(properties["template"]["enum"], json!(["map", "reminder", "welcome"]));
    assert_eq!(properties["variables"]["maxItems"], 20);
    let followup = schema("start_followup")["properties"].clone();
    assert_eq!(followup["variables"]["maxItems"], 100);
    assert_eq!(followup["followup"]["enum"], json!(["trial"]));
    for variables in [&properties["variables"], &followup["variables"]] {
        assert_eq!(variables["type"], "array");
        let value = &variables["items"];
        assert_eq!((&value["type"], &value["additionalProperties"]), (&json!("object"), &json!(false)));
        assert_eq!(value["required"], json!(["name", "value"]));
        assert_eq!(value["properties"]["name"]["maxLength"], 64);
        assert_eq!(value["properties"]["value"]["maxLength"], 1_000);
    }
    assert_eq!(schema("stop_emails")["properties"]["reason"]["enum"], json!(["answered", "unsubscribed"]));
    assert_eq!(schema("stop_emails")["properties"]["batch"]["maxLength"], 200);
    let properties = schema("start_sequence")["properties"].clone();
    assert_eq!(properties["sequence"]["enum"], json!(["large-fleet"]));
    assert_eq!(properties["first_name"]["maxLength"], 50);
    assert_eq!(properties["last_name"]["minLength"], 1);
    check_pattern(
        &properties["last_name"],
        &["Ann", "Dr. Lee", "Lee Jr.", "J.-P."],
        &["evil.com", "J.R.", "<b>", "a@b", ".x"],
    );
    assert_eq!(properties["interest"]["maxLength"], 500);
}

/// Two spellings of an address would be two effects.
#[test]
fn an_address_is_written_in_small_letters() {
    let tools = listed(&all());
    let said = "write it in small letters, as ann@example.com";
    for (tool, name, rest) in [
        ("send_email", "to", json!({ "subject": "x", "text": "x" })),
        ("send_template", "to", json!({ "template": "map" })),
        ("start_followup", "email", json!({ "followup": "trial" })),
        ("stop_emails", "email", json!({ "reason": "answered" })),
        ("start_sequence", "email", json!({ "sequence": "large-fleet" })),
    ] {
        let schema = &tools.iter().find(|each| each.name == tool).unwrap().input_schema;
        let schema: Value = serde_json::from_str(schema).unwrap();
        check_pattern(&schema["properties"][name], &["ann@example.com"], &["Ann@example.com", "ann@Example.com"]);
        let mut arguments = rest;
        arguments[name] = json!("Ann@Example.com");
        check_failure(&Fake::new().settings(all()), tool, arguments, FailureKind::InvalidArguments, said);
    }
}

fn check_pattern(schema: &Value, fits: &[&str], refused: &[&str]) {
    let schema = jsonschema::draft202012::new(schema).unwrap();
    for text in fits {
        assert!(schema.is_valid(&json!(text)), "{text}");
    }
    for text in refused {
        assert!(!schema.is_valid(&json!(text)), "{text}");
    }
}

#[test]
fn the_settings_say_which_tools_there_are() {
    fn check(keep: &[&str], expected: &[&str]) {
        let mut settings = all();
        settings.as_object_mut().unwrap().retain(|name, _| keep.contains(&name.as_str()));
        let tools = listed(&settings);
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        assert_eq!(names, expected, "{keep:?}");
    }
    check(&["sequences"], &["list_sequences", "start_sequence"]);
    check(&["sender"], &["send_email"]);
    check(&["sender", "templates"], &["send_email", "list_templates", "send_template"]);
    let followups = ["send_email", "list_templates", "send_template", "start_followup", "stop_emails"];
    check(&["sender", "templates", "followups", "unsubscribe_group"], &followups);
    check(&[], &[]);
}
