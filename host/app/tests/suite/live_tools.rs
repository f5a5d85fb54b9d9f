//! The live call's own tools, offered again after it: which are, what is told of the others, and what a component gets.
//!
//! The plugin is a stand-in that sends nothing and answers with the settings that it was given.

use std::{future::pending, path::Path, sync::Arc};

use aftercall_app::{
    app::{App, Surroundings},
    config::Config,
    demo::secret,
    prepare::Call,
    progress::Silence,
    story,
};
use aftercall_core::{
    manifest::Manifest,
    ports::StoredRun,
    run::{AttemptResult, Kind},
};
use aftercall_plugin::embed;
use aftercall_sandbox::{Config as SandboxConfig, Credentials, Sandbox, Script};
use serde_json::{Value, json};

const CONFIG: &str = r###"
[models."gpt-4.1"]
base_url = "https://api.openai.com/v1"
key = { env = "OPENAI_API_KEY" }

[plugins.http-request]
component = "http-request.wasm"

[tenants.acme.plugins.http-request]
settings = { requests = [] }
egress.read = ["POST https://tools.acme.test/read/*"]
egress.write = ["POST https://tools.acme.test/write/*"]

[tenants.acme.assistants.ann]
live_tools = { plugin = "http-request", effects = { lookupOrder = "read" } }
instructions = "## Post-conversation steps\nDo it."
"###;

/// A tool of Vapi's that is called at that address.
fn tool(name: &str, url: &str) -> Value {
    let parameters = json!({"type": "object", "properties": {"order": {"type": "string"}}, "required": ["order"]});
    json!({"type": "function", "server": {"url": url}, "function": {"name": name, "parameters": parameters}})
}

fn report(tools: &Value) -> Vec<u8> {
    let booked = json!({"id": "c1", "function": {"name": "book", "arguments": {"order": "7"}}});
    let report = json!({
        "type": "end-of-call-report",
        "call": {"id": "0199-again", "type": "inboundPhoneCall"},
        "assistant": {"model": {"model": "gpt-4.1", "provider": "openai", "tools": tools}},
        "artifact": {"messages": [
            {"role": "user", "message": "Where is my order 7?"},
            {"role": "tool_calls", "toolCalls": [booked]},
            {"role": "tool_call_result", "toolCallId": "c1", "name": "book", "result": "Booked as B-1."},
            {"role": "bot", "message": "I will find out."},
        ]},
    });
    json!({ "message": report }).to_string().into_bytes()
}

fn write_stand_in(folder: &Path, takes: &str) {
    let rule = |rule: &str, access: &str| json!({"rule": rule, "access": access});
    let manifest: Manifest = serde_json::from_value(json!({
        "name": "http-request", "version": "1.0.0", "description": "Stands in for it.",
        "settings": {"type": "object", "properties": {takes: {"type": "array"}}},
        "egress": [rule("POST https://*/read/*", "read"), rule("POST https://*/write/*", "write")],
    }))
    .expect("a manifest");
    let component = embed(aftercall_guests::component("behaves"), &manifest).expect("embeds");
    std::fs::write(folder.join("http-request.wasm"), component).expect("writes");
}

/// A run after a call that had these tools, in which the model makes these calls.
async fn run(config: &str, tools: &Value, calls: &Value) -> StoredRun {
    let folder = tempfile::tempdir().expect("a folder");
    write_stand_in(folder.path(), "requests");
    let lines =
        if calls == &json!([]) { json!([{"text": "Done."}]) } else { json!([{"calls": calls}, {"text": "Done."}]) };
    let script = Script::parse(&json!({"scenes": [{"name": "again", "lines": lines}]}).to_string()).expect("a script");
    let credentials = Credentials { model_key: Some("key".to_owned()), ..Credentials::default() };
    let sandbox = SandboxConfig { credentials: credentials.clone(), ..SandboxConfig::new(script, || 0) };
    let sandbox = Sandbox::start(sandbox).await.expect("the world starts");
    let mut config = Config::parse(config, &folder.path().join("aftercall.toml")).expect("a configuration");
    config.models.values_mut().for_each(|model| model.base_url = sandbox.model_url());
    let env = |name: &str| secret(&credentials, name);
    let app = App::build(config, Surroundings::new(&env, Arc::new(Silence))).await.expect("it is built");
    let raw = report(tools);
    let parsed = aftercall_intake::parse(&raw).expect("it reads");
    let call = Call { raw: &raw, parsed, tenant: None, assistant: None, revision: 0 };
    let run = app.accept(&app.prepare(call).expect("somebody takes it")).await.expect("it is accepted").run;
    app.drive(&run, pending()).await.expect("it is driven");
    app.read(&run).await.expect("it reads")
}

/// What the timeline must tell, and what it must not.
async fn check(config: &str, tools: Value, calls: Value, told: &[&str], not_told: &[&str]) -> StoredRun {
    let stored = run(config, &tools, &calls).await;
    let story = story::tell(&stored, story::Limits::Near).expect("a story");
    for words in told {
        assert!(story.contains(words), "`{words}` is not in: {story}");
    }
    for words in not_told {
        assert!(!story.contains(words), "`{words}` is in: {story}");
    }
    stored
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_of_the_call_are_offered_again_within_the_grant() {
    let tools = json!([
        tool("lookupOrder", "https://tools.acme.test/read/order?key=hush"),
        tool("note", "https://tools.acme.test/write/note"),
        tool("elsewhere", "https://other.test/write/x"),
        tool("transfer_to_sales", "https://tools.acme.test/write/transfer"),
        {"type": "endCall"},
        {"type": "sms"},
    ]);
    let calls = json!([{"name": "lookupOrder", "arguments": {"order": "7"}}, {"name": "elsewhere", "arguments": {}}]);
    let told = [
        "offered again, as on the call: lookupOrder (read), note (once)",
        "not offered again after the call: `elsewhere`: tenants.acme.plugins.http-request: POST https://other.test/write/x is not granted",
        "`egress.write` of the plugin's grant, as `POST https://other.test/write/x`",
        "`transfer_to_sales`: it acts on a live call",
        "`endCall`: it acts on a live call",
        "`sms`: Vapi itself carries out tools of the type `sms`",
        "✓ lookupOrder",
        "✗ elsewhere was refused",
        "Ended: completed",
    ];
    let stored = check(CONFIG, tools, calls, &told, &["hush", "✓ elsewhere"]).await;
    let answered = stored.journal.iter().find_map(|event| match &event.kind {
        Kind::Attempted { outcome, .. } => match &outcome.result {
            AttemptResult::Done(outcome) => outcome.data.as_ref().map(|data| data.value()),
            other => panic!("{other:?}"),
        },
        _ => None,
    });
    let settings = answered.expect("what the component was given");
    let request = &settings["requests"][0];
    assert_eq!(request["name"], "lookup_order");
    assert_eq!(request["url"], "https://tools.acme.test/read/order");
    assert_eq!(request["effect"], "read");
    assert_eq!(settings["requests"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_grant_says_of_a_tool_by_name_holds_for_it_again() {
    let tools = || json!([tool("note", "https://tools.acme.test/write/note")]);
    let calls = || json!([{"name": "note", "arguments": {}}]);
    let with = |line: &str| {
        let named = CONFIG.replace("effects = { lookupOrder = \"read\" }", "only = [\"note\"]");
        named.replace("settings =", &format!("{line}\nsettings ="))
    };
    let bound = with(r#"bind.note = { order = "call.direction" }"#);
    check(&bound, tools(), calls(), &["offered again, as on the call: note (once)", "✓ note"], &[]).await;
    let unknown = with(r#"bind.note = { other = "call.direction" }"#);
    check(
        &unknown,
        tools(),
        json!([]),
        &["`note`: tenants.acme.plugins.http-request", "`other`"],
        &["offered again, as"],
    )
    .await;
    let approved = with("approve.note = {}");
    let calls = json!([{"name": "note", "arguments": {"order": "8"}}]);
    check(&approved, tools(), calls, &["note waits for a person's approval"], &["✓ note"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_hold_for_any_tool_stops_the_tenant() {
    for (takes, line, words) in [
        ("requests", "approve.note = {}", "a tool of the live call has to be among `live_tools.only`"),
        ("endpoints", "", "takes no `requests` in its settings: name `http-request`"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        write_stand_in(folder.path(), takes);
        let config = CONFIG.replace("settings = { requests = [] }", &format!("settings = {{ {takes} = [] }}\n{line}"));
        let config = Config::parse(&config, &folder.path().join("aftercall.toml"));
        let env = |_: &str| Some("key".to_owned());
        let around = Surroundings::new(&env, Arc::new(Silence));
        let error = App::build(config.expect("a configuration"), around).await.err().expect(words);
        assert!(format!("{error:#}").contains(words), "{error:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tool_did_on_the_call_is_not_done_again() {
    let tools = json!([tool("book", "https://tools.acme.test/write/book")]);
    let calls = json!([
        {"name": "book", "arguments": {"order": "7"}},
        {"name": "book", "arguments": {"order": "8"}},
    ]);
    let told =
        ["it did what `book` does", "book had been done before; nothing was sent", "Booked as B-1.", "✓ book in"];
    check(CONFIG, tools, calls, &told, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_any_tool_the_call_is_not_continued() {
    let words = "no tool can be offered, of the live call's own: `endCall`: it acts on a live call";
    check(CONFIG, json!([{"type": "endCall"}]), json!([]), &["It can't go on", words], &[]).await;
}
