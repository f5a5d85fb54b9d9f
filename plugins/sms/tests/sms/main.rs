//! The plugin against fakes of Twilio and Telnyx: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod status;
mod telnyx;
mod twilio;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _};
use aftercall_plugin_sms::tools::Plugin;
use serde_json::{Value, json};

/// 2026-03-01T00:01:00Z: a search begins on the day before.
const FIRST_ATTEMPT_AT: u64 = 1_772_323_260_000;
const TEXT: &str = "See you at 5 & bring the papers";

fn fake(settings: Value) -> Fake {
    Fake::new()
        .settings(settings)
        .first_attempt_at(FIRST_ATTEMPT_AT)
        .attempt_at(FIRST_ATTEMPT_AT)
        .now(FIRST_ATTEMPT_AT + 60_000)
}

fn arguments() -> Value {
    json!({ "to": "+14155550123", "text": TEXT })
}

/// Sends a message that is answered so, and compares the failure.
fn check_refusal(fake: Fake, line: &str, reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
    let failure = fake.expect(line, reply).call::<Plugin>("send_sms", arguments()).unwrap_err();
    assert_eq!(failure.kind, kind, "{}", failure.message);
    assert!(failure.message.contains(words), "{words} is not in: {}", failure.message);
    assert_eq!(failure.code.as_deref(), code);
}

#[test]
fn sending_is_once_per_recipient_and_looking_is_a_read() {
    let tools = Plugin::list_tools("{}").unwrap();
    let [send, status] = &tools[..] else { panic!("two tools") };
    assert_eq!((send.name.as_str(), send.effect), ("send_sms", Effect::Once));
    assert_eq!(send.identity, ["to"]);
    assert!(send.reconcilable);
    let schema: Value = serde_json::from_str(&send.input_schema).unwrap();
    assert_eq!(schema["required"], json!(["to", "text"]));
    assert_eq!(schema["properties"]["text"]["maxLength"], 1600);

    assert_eq!((status.name.as_str(), status.effect), ("sms_status", Effect::Read));
    assert!(!status.reconcilable);
    let schema: Value = serde_json::from_str(&status.input_schema).unwrap();
    assert_eq!(schema["required"], json!(["message_id"]));
    let output: Value = serde_json::from_str(status.output_schema.as_deref().unwrap()).unwrap();
    assert_eq!(output["required"], json!(["message_id", "status", "vendor_status"]));
}

/// What the manifest answers in the vendor's place to this request.
fn canned(rule: &str) -> Reply {
    let (_, asked) = include_str!("../../plugin.toml").split_once(&format!("rule = \"{rule}\"")).unwrap();
    let (status, body) = asked.split_once("rehearsal = { status = ").unwrap().1.split_at(3);
    let body = serde_json::from_str(body.split('\'').nth(1).unwrap()).unwrap();
    Reply::json(status.parse().unwrap(), body)
}

/// In a rehearsal the vendor isn't asked for a message that it doesn't have.
#[test]
fn a_rehearsed_message_has_a_status() {
    fn check(settings: Value, rule: &str) {
        let line = rule.replace('*', settings["account_sid"].as_str().unwrap_or_default());
        let fake = fake(settings).dry_run().expect(&line, canned(rule));
        let sent = fake.call::<Plugin>("send_sms", arguments()).unwrap();
        let status = fake.call::<Plugin>("sms_status", json!({ "message_id": sent.receipts[0].id })).unwrap();
        assert!(status.text.ends_with("is queued, and not sent yet"), "{}", status.text);
        assert_eq!(fake.sent().len(), 1);
    }
    check(twilio::settings(), "POST https://api.twilio.com/2010-04-01/Accounts/*/Messages.json");
    check(telnyx::settings(), "POST https://api.telnyx.com/v2/messages");
}

#[test]
fn bad_arguments_are_told_before_anything_is_sent() {
    fn check(tool: &str, arguments: Value, words: &str) {
        for settings in [twilio::settings(), telnyx::settings()] {
            let failure = fake(settings).call::<Plugin>(tool, arguments.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::InvalidArguments);
            assert!(failure.message.contains(words), "{words} is not in: {}", failure.message);
        }
    }
    check("send_sms", json!({ "to": "415 555 0123", "text": "Hi" }), "E.164, such as +14155550123");
    check("send_sms", json!({ "to": "+14155550123" }), "text");
    check("sms_status", json!({ "message_id": "yesterday's" }), "give the id that send_sms gave");
    check("sms_status", json!({ "message_id": "../Calls" }), "give the id that send_sms gave");
    check("sms_status", json!({}), "message_id");
}

#[test]
fn settings_that_name_nobody_are_a_failure() {
    for settings in [json!({ "vendor": "carrier-pigeon" }), json!({ "vendor": "twilio", "from": "+14155550100" })] {
        let failure = fake(settings).call::<Plugin>("send_sms", arguments()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(failure.message.contains("settings don't fit"), "{}", failure.message);
    }
}
