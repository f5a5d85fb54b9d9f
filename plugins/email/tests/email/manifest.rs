//! What the manifest takes for settings.

use serde_json::{Value, json};

use super::settings;

#[test]
fn settings_go_together() {
    let manifest: Value = toml::from_str(include_str!("../../plugin.toml")).unwrap();
    let schema = jsonschema::draft202012::new(&manifest["settings"]).unwrap();
    let check = |settings: Value, expected: Result<(), &str>| {
        let complaints: Vec<String> = schema.iter_errors(&settings).map(|error| error.to_string()).collect();
        match expected {
            Ok(()) => assert!(complaints.is_empty(), "{settings}: {complaints:?}"),
            Err(words) => assert!(complaints.concat().contains(words), "{settings}: {complaints:?}"),
        }
    };
    let without = |name: &str| {
        let mut settings = settings();
        settings.as_object_mut().unwrap().remove(name);
        settings
    };
    let with_hours = |hours: u64| {
        let mut settings = settings();
        settings["followups"]["trial"]["steps"][0]["after_hours"] = json!(hours);
        settings
    };
    check(settings(), Ok(()));
    check(json!({ "sender": { "email": "office@meridian.example" } }), Ok(()));
    // As it was before there were emails.
    let list_id = "4b1bdb60-0000-4000-8000-00000000000a";
    check(json!({ "sequences": { "pilot": { "list_id": list_id, "for": "x" } }, "interest_field": "e1_T" }), Ok(()));
    let with = |name: &str, value: Value| {
        let mut settings = settings();
        settings[name] = value;
        settings
    };
    check(with("region", json!("global")), Ok(()));
    check(with("region", json!("eu")), Ok(()));
    check(with("region", json!("us")), Err("us"));
    // What SendGrid has no place for in the EU.
    let of_eu =
        |name: &str, value: Value| json!({ "sender": { "email": "a@example.com" }, "region": "eu", name: value });
    check(of_eu("activity", json!(false)), Ok(()));
    check(of_eu("activity", json!(true)), Err("false was expected"));
    check(of_eu("sequences", json!({ "pilot": { "list_id": list_id, "for": "x" } })), Err("False schema"));
    check(json!({}), Err("any of"));
    check(json!({ "activity": true }), Err("any of"));
    check(without("sender"), Err("sender"));
    check(without("unsubscribe_group"), Err("unsubscribe_group"));
    check(without("templates"), Err("templates"));
    check(with_hours(71), Ok(()));
    check(with_hours(72), Err("72"));
    check(with_hours(0), Err("0"));
    check(json!({ "sender": {} }), Err("email"));
    let template = |id: &str| {
        let template = json!({ "template_id": id, "subject": "Hello", "for": "x" });
        json!({ "sender": { "email": "a@example.com" }, "templates": { "welcome": template } })
    };
    check(template(super::WELCOME), Ok(()));
    check(template("0123"), Err("0123"));
}
