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
    for id in ["a/b", "a b", "a%b", "a;b", "..", ""] {
        check(json!({ "vendor": "google", "calendar_id": id, "time_zone": zone }), Err("does not match"));
    }
    let group = "c_0a1b@group.calendar.google.com";
    check(json!({ "vendor": "google", "calendar_id": group, "time_zone": zone }), Ok(()));
    check(json!({ "calendar_url": url, "time_zone": zone, "working_days": ["mon"] }), Err("mon"));
    check(json!({ "calendar_url": url, "time_zone": zone, "working_days": [] }), Err("[]"));
    check(json!({ "calendar_url": url, "time_zone": zone, "callback_minutes": 4 }), Err("4"));
    for url in ["https://dav.example.com", "https://dav.example.com/a%20b/c@d/", "https://dav.example.com/~ann/cal"] {
        check(json!({ "calendar_url": url, "time_zone": zone }), Ok(()));
    }
    for url in [
        "http://dav.example.com/a/",
        "https://dav.example.com/a b/",
        "https://dav.example.com/a?b",
        "https://dav.example.com//",
        "https://ann:secret@dav.example.com/",
        "https://dav.example.com:8443/a/",
        "https://dav.example.com/é/",
        "https://dav.example.com/%zz/",
        "https://dav.example.com/a%2Fb/",
        "https://dav.example.com/%41/",
        "https://dav.example.com/a;b/",
        "https:///a/",
    ] {
        check(json!({ "calendar_url": url, "time_zone": zone }), Err("does not match"));
    }
    check(json!({ "calendar_url": "https://dav.example.com/a/../b/", "time_zone": zone }), Err("is not allowed for"));
    for zone in ["UTC", "Etc/GMT+5", "America/Argentina/ComodRivadavia", "America/Port-au-Prince"] {
        check(json!({ "calendar_url": url, "time_zone": zone }), Ok(()));
    }
    for zone in ["", "+02:00", "Europe/", "Mitteleuropäische Zeit", "Europe / Berlin"] {
        check(json!({ "calendar_url": url, "time_zone": zone }), Err("does not match"));
    }
    let hours = |from: &str, to: &str| json!({ "calendar_url": url, "time_zone": zone, "from": from, "to": to });
    check(hours("09:00", "17:00"), Ok(()));
    check(hours("09:00", "00:00"), Err("00:00"));
    check(hours("9:00", "17:00"), Err("does not match"));
    check(hours("09:00", "24:00"), Err("does not match"));
}
