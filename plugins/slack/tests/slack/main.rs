//! The plugin against a fake of Slack: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod find;
mod post;
mod refusals;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, Outcome, Plugin as _, Receipt};
use aftercall_plugin_slack::tools::Plugin;
use serde_json::{Value, json};

const POST: &str = "POST https://slack.com/api/chat.postMessage";
const HISTORY: &str = "GET https://slack.com/api/conversations.history";
const REPLIES: &str = "GET https://slack.com/api/conversations.replies";
const KEY: &str = "ac_0123abcd";
const CHANNEL: &str = "C0123ABCDEF";
/// Of the message in the fixtures, and of the reply to it.
const MESSAGE: &str = "1772323261.000200";
const REPLY: &str = "1772323262.000300";
/// 2026-03-01T00:01:00.250Z, shortly before them.
const ATTEMPT_AT: u64 = 1_772_323_260_250;

fn settings() -> Value {
    json!({ "channels": { "front-desk": CHANNEL, "ops": "G0123ABCDEF" } })
}

fn fake() -> Fake {
    Fake::new()
        .settings(settings())
        .key(KEY)
        .first_attempt_at(ATTEMPT_AT)
        .attempt_at(ATTEMPT_AT)
        .now(ATTEMPT_AT + 60_000)
}

fn message() -> Value {
    json!({ "channel": "front-desk", "text": "Call back" })
}

fn reply() -> Value {
    json!({ "channel": "front-desk", "thread": MESSAGE, "text": "At nine" })
}

/// What a page of Slack's reference shows.
fn shown(page: &str, answer: &str) -> Reply {
    let fixture = match page {
        "chat.postMessage" => include_str!("../fixtures/chat.postMessage.json"),
        "conversations.history" => include_str!("../fixtures/conversations.history.json"),
        "conversations.replies" => include_str!("../fixtures/conversations.replies.json"),
        _ => include_str!("../fixtures/rate-limits.json"),
    };
    let fixture: Value = serde_json::from_str(fixture).unwrap();
    let status = if answer == "limited" { 429 } else { 200 };
    Reply::json(status, fixture.get(answer).unwrap().clone())
}

fn refused(error: &str) -> Reply {
    Reply::json(200, json!({ "ok": false, "error": error }))
}

/// An outcome without a workspace in the settings.
fn outcome(text: &str, ts: &str, thread: &str) -> Outcome {
    let data = json!({ "channel": "front-desk", "thread": thread }).to_string();
    let receipt = Receipt::new("message", format!("{CHANNEL}/{ts}"));
    Outcome { data: Some(data), ..Outcome::new(text).with_receipt(receipt) }
}

fn posted() -> Outcome {
    outcome("the message is posted in front-desk, thread 1772323261.000200", MESSAGE, MESSAGE)
}

fn replied() -> Outcome {
    outcome("the reply is posted in front-desk, thread 1772323261.000200", REPLY, MESSAGE)
}

#[test]
fn the_tools_are_once_per_channel_and_thread() {
    fn check(name: &str, identity: &[&str], required: &Value) {
        let tools = Plugin::list_tools(&settings().to_string()).unwrap();
        assert_eq!(tools.len(), 2);
        let tool = tools.iter().find(|tool| tool.name == name).unwrap();
        assert_eq!((tool.effect, tool.reconcilable), (Effect::Once, true));
        assert_eq!(tool.identity, identity);
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["required"], *required);
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
        assert_eq!(schema["properties"]["channel"]["enum"], json!(["front-desk", "ops"]));
        let text = &schema["properties"]["text"];
        assert_eq!((&text["minLength"], &text["maxLength"]), (&json!(1), &json!(4000)));
        let output: Value = serde_json::from_str(tool.output_schema.as_deref().unwrap()).unwrap();
        assert_eq!(output["required"], json!(["channel", "thread"]));
    }
    check("post_message", &["channel"], &json!(["channel", "text"]));
    check("reply_in_thread", &["channel", "thread"], &json!(["channel", "thread", "text"]));
}
