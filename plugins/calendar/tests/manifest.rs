//! What the manifest takes for settings: each vendor has its own address, and not the other's.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use serde_json::{Value, json};

#[test]
fn settings_go_together() {
    let manifest: Value = toml::from_str(include_str!("../plugin.toml")).unwrap();
    let schema = jsonschema::draft202012::new(&manifest["settings"]).unwrap();
    let check = |settings: Value, expected: Result<(), &str>| {
        let complaints: Vec<String> = schema.iter_errors(&settings).map(|error| error.to_string()).collect();
        match expected {
            Ok(()) => assert!(complaints.is_empty(), "{settings}: {complaints:?}"),
            Err(words) => assert!(complaints.concat().contains(words), "{settings}: {complaints:?}"),
        }
    };
    let url = "https://dav.example.com/calendars/office/";
    let zone = "Europe/Berlin";
    check(json!({ "calendar_url": url, "time_zone": zone }), Ok(()));
    check(json!({ "vendor": "caldav", "calendar_url": url, "time_zone": zone, "working_days": ["monday"] }), Ok(()));
    check(json!({ "vendor": "google", "calendar_id": "a@example.com", "time_zone": zone, "to": "17:00" }), Ok(()));
    check(json!({ "time_zone": zone }), Err("calendar_url"));
    check(json!({ "calendar_url": url }), Err("time_zone"));
    check(json!({ "vendor": "google", "time_zone": zone }), Err("calendar_id"));
    check(json!({ "vendor": "google", "calendar_url": url, "time_zone": zone }), Err("calendar_id"));
    let both = json!({ "vendor": "google", "calendar_id": "a", "calendar_url": url, "time_zone": zone });
    check(both, Err("False schema does not allow"));
    check(json!({ "calendar_url": url, "calendar_id": "a", "time_zone": zone }), Err("False schema does not allow"));
    check(json!({ "vendor": "outlook", "calendar_url": url, "time_zone": zone }), Err("outlook"));
    check(json!({ "vendor": "google", "calendar_id": "a/b", "time_zone": zone }), Err("a/b"));
    check(json!({ "calendar_url": url, "time_zone": zone, "working_days": ["mon"] }), Err("mon"));
    check(json!({ "calendar_url": url, "time_zone": zone, "working_days": [] }), Err("[]"));
    check(json!({ "calendar_url": url, "time_zone": zone, "callback_minutes": 4 }), Err("4"));
}
