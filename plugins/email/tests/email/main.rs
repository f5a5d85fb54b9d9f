//! The plugin against a fake of SendGrid: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod cancellations;
mod followups;
mod manifest;
mod refusals;
mod region;
mod sending;
mod sequences;
mod stopping;
mod templates;
mod tools;

use aftercall::FailureKind;
use aftercall::testing::{Fake, Reply};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

const KEY: &str = "ac_0123abcd";
/// 2026-03-01T00:01:00Z.
const NOW: u64 = 1_772_323_260_000;
const HOUR_MS: u64 = 3_600_000;

const SEND: &str = "POST https://api.sendgrid.com/v3/mail/send";
const GLOBAL: &str = "GET https://api.sendgrid.com/v3/asm/suppressions/global/ann%40example.com";
const GROUPS: &str = "GET https://api.sendgrid.com/v3/asm/suppressions/ann%40example.com";
const UNSUBSCRIBE: &str = "POST https://api.sendgrid.com/v3/asm/groups/1041/suppressions";
const BATCH: &str = "POST https://api.sendgrid.com/v3/mail/batch";
const CANCEL: &str = "POST https://api.sendgrid.com/v3/user/scheduled_sends";
const CANCELLED: &str = "GET https://api.sendgrid.com/v3/user/scheduled_sends/B-1";
const ACTIVITY: &str = "GET https://api.sendgrid.com/v3/messages";

const GROUP: u64 = 1041;
const WELCOME: &str = "d-0123456789abcdef0123456789abcdef";
const REMINDER: &str = "d-fedcba9876543210fedcba9876543210";

fn settings() -> Value {
    json!({
        "sender": { "email": "office@meridian.example", "name": "Meridian", "reply_to": "sales@meridian.example" },
        "unsubscribe_group": GROUP,
        "templates": {
            "welcome": {
                "template_id": WELCOME,
                "subject": "Welcome",
                "for": "They are new.",
                "variables": { "first_name": "The first name." },
            },
            "reminder": {
                "template_id": REMINDER,
                "subject": "Still there?",
                "for": "They wanted to think about it.",
                "variables": { "first_name": "The first name.", "vans": "How many vans they have." },
            },
            "map": { "template_id": WELCOME, "subject": "How to find us", "for": "They come by." },
        },
        "followups": {
            "trial": {
                "for": "They want to try it.",
                "steps": [
                    { "after_hours": 2, "template": "welcome" },
                    { "after_hours": 48, "template": "reminder" },
                ],
            },
        },
    })
}

fn fake() -> Fake {
    with(json!({}))
}

/// A fake whose settings have these beside the others; null leaves one out.
fn with(changes: Value) -> Fake {
    let mut settings = settings();
    let fields = settings.as_object_mut().unwrap();
    for (name, value) in changes.as_object().unwrap().clone() {
        fields.insert(name, value);
    }
    fields.retain(|_, value| !value.is_null());
    Fake::new().settings(settings).key(KEY).first_attempt_at(NOW).attempt_at(NOW).now(NOW)
}

fn not_in_global_list() -> Reply {
    Reply::json(200, json!({}))
}

fn in_global_list() -> Reply {
    Reply::json(200, json!({ "recipient_email": "ann@example.com" }))
}

/// What SendGrid has of the groups, for somebody who has left ours or has not.
fn groups(left: bool) -> Reply {
    let group = |id: u64, suppressed: bool| json!({ "id": id, "name": "G", "description": "g", "is_default": false, "suppressed": suppressed });
    Reply::json(200, json!({ "suppressions": [group(7, true), group(GROUP, left)] }))
}

fn accepted(id: &str) -> Reply {
    Reply::text(202, "").with_header("x-message-id", id)
}

/// SendGrid's errors, each of a field.
fn errors(faults: &[(Option<&str>, &str)]) -> Value {
    let fault = |(field, message): &(Option<&str>, &str)| json!({ "message": message, "field": field, "help": null });
    json!({ "errors": faults.iter().map(fault).collect::<Vec<_>>() })
}

/// Variables as a model gives them.
fn variables(values: &[(&str, &str)]) -> Value {
    values.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Calls a tool that has to fail so.
fn check_failure(fake: &Fake, tool: &str, arguments: Value, kind: FailureKind, words: &str) {
    let failure = fake.call::<Plugin>(tool, arguments).unwrap_err();
    assert_eq!(failure.kind, kind, "{}", failure.message);
    assert!(failure.message.contains(words), "{words} is not in: {}", failure.message);
}
