//! The command line, as its users type it.

use std::{
    path::Path,
    process::{Command, Output},
};

use aftercall_app::demo::{SCENARIOS, Scenario, configure, secret, start};
use aftercall_sandbox::{Credentials, Sandbox, Service};

use crate::support::{case, cases, plugins};

fn aftercall(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
    command.current_dir(folder).args(arguments).env_remove("OPENAI_API_KEY").output().expect("it starts")
}

pub(super) fn check(folder: &Path, arguments: &[&str], status: i32, out: &[&str], err: &[&str]) {
    let output = aftercall(folder, arguments);
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}{complained}");
    for words in out {
        assert!(said.contains(words), "{arguments:?}: `{words}` is not in: {said}");
    }
    for words in err {
        assert!(complained.contains(words), "{arguments:?}: `{words}` is not in: {complained}");
    }
}

#[test]
fn demo_shows_the_main_job_and_keeps_its_records_where_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = aftercall(folder.path(), &["demo", "--format", "json", "--store", "demo.db"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("it is text");
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("one object on each line")).collect();
    let played: Vec<&str> = lines.iter().map(|line| line["scenario"].as_str().expect("a text")).collect();
    assert_eq!(played, [SCENARIOS, &["crash"]].concat());
    for line in &lines {
        let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
        let keys: Vec<&str> = keys.into_iter().map(String::as_str).filter(|key| *key != "insights").collect();
        assert_eq!(keys, ["effects", "outcome", "refused", "run", "scenario", "turns", "usage"]);
        let is_sales = ["sales-qualification", "crash"].iter().any(|name| line["scenario"] == *name);
        assert_eq!(line.get("insights").is_some(), is_sales, "{line}");
    }
    let line = lines.iter().find(|line| line["scenario"] == "sales-qualification").expect("it is played");
    assert_eq!(line["refused"], serde_json::json!([{"tool": "transfer_call", "reason": "telephony"}]));
    for effect in line["effects"].as_array().expect("a list") {
        let keys: Vec<&String> = effect.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["attempts", "key", "receipt", "tool"]);
    }
    let run = line["run"].as_str().expect("a text");
    check(folder.path(), &["runs", "--store", "demo.db"], 0, &[run, "completed", "meridian"], &[]);
    check(
        folder.path(),
        &["logs", run, "--store", "demo.db"],
        0,
        &["Inbound call from +15550100", "transfer_call was refused", "Ended: completed."],
        &[],
    );
    check(folder.path(), &["logs", &run[..8], "--store", "demo.db", "--format", "json"], 0, &["\"replied\""], &[]);
    let insights = line["insights"]["intent"].as_str().expect("a text");
    assert_eq!(insights, "pilot");
    check(folder.path(), &["logs", run, "--store", "demo.db", "--insights"], 0, &["\"intent\": \"pilot\""], &[]);
    let without = lines.iter().find(|line| line["scenario"] == "voicemail").expect("it is played");
    let without = without["run"].as_str().expect("a text");
    let said = ["has no insights: its assistant asks for none"];
    check(folder.path(), &["logs", without, "--store", "demo.db", "--insights"], 2, &[], &said);
    check(
        folder.path(),
        &["logs", "run_nope", "--store", "demo.db"],
        2,
        &[],
        &["there is no run `run_nope`", "aftercall runs"],
    );
}

#[test]
fn demo_plays_the_variants_too_in_a_world_of_their_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = aftercall(folder.path(), &["demo", "--variants", "--format", "json", "--store", "demo.db"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).expect("it is text");
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect("one object on each line")).collect();
    let played: Vec<&str> = lines.iter().map(|line| line["scenario"].as_str().expect("a text")).collect();
    assert_eq!(played, [SCENARIOS, VARIANTS, &["crash"]].concat());
    // The call is the same and so is the run, in records of its own.
    let sales = lines.iter().find(|line| line["scenario"] == "sales-qualification/salesforce-telnyx");
    let run = sales.expect("it is played")["run"].as_str().expect("a text");
    check(folder.path(), &["logs", run, "--store", "demo.db"], 0, &["app.hubspot.com"], &[]);
    check(folder.path(), &["logs", run, "--store", "demo.2.db"], 0, &["my.salesforce.com"], &[]);
}

/// The variants of the demo's scenarios.
const VARIANTS: &[&str] = &[
    "healthcare-scheduling/telnyx",
    "sales-qualification/salesforce-telnyx",
    "support-critical/jira",
    "support-mild/jira",
    "collections/google",
    "collections/salesforce",
];

const BIND: &str = "bind.send_sms = { to = \"call.contact\" }";

/// Changes to a good configuration, and what is said of each.
const BROKEN_GRANTS: &[(&str, &str, [&str; 2])] = &[
    ("bind.send_sms =", "bind.send_smss =", ["bind.send_smss", "did you mean `send_sms`?"]),
    ("to = \"call.contact\"", "too = \"call.contact\"", ["bind.send_sms", "it has: text, to"]),
    ("from = \"+15550199\"", "from = 5", ["tenants.meridian.plugins.sms", "/from"]),
    ("sms/send_sms", "sms/send_text", ["tenants.meridian.assistants.sam", "send_sms"]),
    (BIND, "constrain.send_smss.text.max_length = 9", ["constrain.send_smss", "did you mean `send_sms`?"]),
    (
        BIND,
        "constrain.send_sms.txt.max_length = 9",
        ["constrain.send_sms", "`txt`; it has: text, to; did you mean `text`?"],
    ),
    (
        BIND,
        "constrain.send_sms.text.maximum = 9",
        ["constrain.send_sms", "`text`: the tool's own schema says otherwise"],
    ),
    (BIND, "constrain.send_sms.to.enum = [\"555\"]", ["constrain.send_sms", "\"555\" does not match"]),
    (
        BIND,
        "bind.send_sms = { to = \"call.contact\" }\nconstrain.send_sms.to.pattern = \".*\"",
        ["constrain.send_sms", "`to` is bound to call.contact"],
    ),
    (BIND, "effects.send_smss.per_run_max = 9", ["effects.send_smss", "did you mean `send_sms`?"]),
];

#[test]
fn broken_input_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let write = |name: &str, text: &str| std::fs::write(here.join(name), text).expect("it can be written");
    check(here, &["runs"], 2, &[], &["aftercall.toml: can't be read", "--config FILE"]);
    check(here, &["runs", "--store", "none.db"], 2, &[], &["none.db"]);
    check(here, &["run", "call.json"], 2, &[], &["aftercall.toml: can't be read"]);
    check(here, &["run", "call.json", "--model", "m"], 2, &[], &["--base-url"]);

    let config = std::fs::read_to_string(cases().join("unknown-tool/aftercall.toml")).expect("it is there");
    write("aftercall.toml", &config);
    check(here, &["run", "call.json"], 2, &[], &["call.json", "can't be read"]);
    std::fs::copy(cases().join("unknown-tool/call.json"), here.join("call.json")).expect("it can be copied");
    check(
        here,
        &["run", "call.json", "--model", "m", "--base-url", "http://127.0.0.1:9"],
        2,
        &[],
        &["sms.wasm", "aftercall plugin build DIR"],
    );

    let sms = &plugins()[&"sms".parse().expect("a name")].file;
    write("aftercall.toml", &config.replace("sms.wasm", &sms.to_string_lossy()));
    let run = ["run", "call.json", "--model", "m", "--base-url", "http://127.0.0.1:9"];
    check(here, &run, 2, &[], &["MERIDIAN_TWILIO_KEY` is not set", "tenants.meridian.plugins.sms.credentials.api"]);
    write("key", "AC00000000000000000000000000000000:token\n");
    write(
        "aftercall.toml",
        &config
            .replace("sms.wasm", &sms.to_string_lossy())
            .replace("{ env = \"MERIDIAN_TWILIO_KEY\" }", "{ file = \"key\" }"),
    );
    let good = std::fs::read_to_string(here.join("aftercall.toml")).expect("it is there");
    for (from, to, words) in BROKEN_GRANTS {
        assert!(good.contains(from), "{from}");
        write("aftercall.toml", &good.replace(from, to));
        check(here, &run, 2, &[], words);
    }
    write("aftercall.toml", &good);
    write("call.json", "{\"schema\": ");
    check(here, &run, 2, &[], &["call.json", "not JSON"]);
    write("call.json", "{\"message\": {\"type\": \"status-update\"}}");
    check(here, &run, 2, &[], &["status-update", "end-of-call-report"]);
    write("call.json", "{\"schema\": \"aftercall.call/1\", \"conversation\": {}}");
    check(here, &run, 2, &[], &["/conversation", "id"]);
    std::fs::copy(cases().join("unknown-tool/call.json"), here.join("call.json")).expect("it can be copied");
    check(here, &["run", "call.json"], 2, &[], &["OPENAI_API_KEY` is not set", "models.\"gpt-4.1\".key"]);
    drop(aftercall_storage::Sqlite::open(here.join("aftercall.db")).expect("it is made"));
    check(here, &["runs"], 0, &["No runs yet."], &[]);
}

/// A scenario's world, with its configuration written down as a user would have it.
pub(super) async fn world(scenario: &Scenario, folder: &Path) -> (Sandbox, Credentials) {
    let (sandbox, credentials) = start(scenario).await.expect("the world starts");
    let config = configure(scenario, plugins(), &sandbox, &folder.join("records.db")).expect("it is configured");
    let text = toml::to_string(&config).expect("it is TOML");
    std::fs::write(folder.join("aftercall.toml"), text).expect("it can be written");
    (sandbox, credentials)
}

/// `aftercall run` of a case's call in that world: the exit status and all that it said.
fn run(folder: &Path, name: &str, credentials: &Credentials, more: &[&str]) -> (Option<i32>, String) {
    perform(folder, "run", name, credentials, more)
}

pub(super) fn perform(
    folder: &Path,
    verb: &str,
    name: &str,
    credentials: &Credentials,
    more: &[&str],
) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
    command.current_dir(folder).arg(verb).arg(cases().join(name).join("call.json")).args(more);
    for name in ["OPENAI_API_KEY", "MERIDIAN_TWILIO_KEY"] {
        command.env(name, secret(credentials, name).expect("the world has it"));
    }
    let output = command.output().expect("it starts");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vapi_report_is_run_as_it_is_with_a_model_of_ones_choice() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = case("vapi-report");
    let (sandbox, credentials) = world(&scenario, folder.path()).await;
    let url = sandbox.model_url();
    let other = ["--model", "gpt-4.1-mini", "--base-url", &url];
    let run = || run(folder.path(), "vapi-report", &credentials, &other);
    let (status, told) = run();
    assert_eq!(status, Some(0), "{told}");
    for words in ["gpt-4.1-mini goes on as sam", "✓ send_sms", "history repaired at item", "completed", "receipt"] {
        assert!(told.contains(words), "`{words}` is not in: {told}");
    }
    let (status, again) = run();
    assert_eq!(status, Some(0), "{again}");
    assert!(again.contains("This call was taken in before"), "{again}");
    let sent = sandbox.records(Service::Twilio);
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(1), "the same call again is the same run: {sent}");
    check(folder.path(), &["runs"], 0, &["completed", "vapi", "0199e5d2-7a31"], &[]);
    check(
        folder.path(),
        &["logs", "run_"],
        0,
        &["ended by customer-ended-call", "(`endCall`)", "receipt: message", "2 turns, "],
        &[],
    );
    check(folder.path(), &["forget", "run_", "--yes"], 0, &["Deleted 1 conversation, 1 run"], &[]);
    check(folder.path(), &["usage"], 0, &["tenant    day         turns", "meridian  20", "—"], &[]);
    check(folder.path(), &["usage", "--tenant", "other"], 0, &["Nothing was used."], &[]);
    check(folder.path(), &["usage", "--until", "2020-01-01"], 0, &["Nothing was used."], &[]);
    let json = ["\"tenant\":\"meridian\"", "\"cached_tokens\":0", "\"output_tokens\":", "\"turns\":2"];
    check(folder.path(), &["usage", "--since", "2020-01-01", "--format", "json"], 0, &json, &[]);
    check(folder.path(), &["forget", "--compact"], 0, &["written anew"], &[]);
    let (status, told) = run();
    assert_eq!(status, Some(2), "{told}");
    assert!(told.contains("this conversation was deleted here"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_nobody_serves_is_a_typed_failure() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = case("vapi-report");
    let (mut sandbox, credentials) = world(&scenario, folder.path()).await;
    sandbox.close(Service::Model).await;
    let (status, told) = run(folder.path(), "vapi-report", &credentials, &[]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("no answer from the model") && told.contains("Ended: failed"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_shows_what_would_be_sent_and_sends_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = case("vapi-report");
    let (sandbox, credentials) = world(&scenario, folder.path()).await;
    let rehearse = |more: &[&str]| perform(folder.path(), "rehearse", "vapi-report", &credentials, more);
    let (status, told) = rehearse(&[]);
    assert_eq!(status, Some(0), "{told}");
    for words in [
        "A rehearsal: completed.",
        "This would have been sent:",
        "POST https://api.twilio.com/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json",
        "authorization: [credential]",
        "To=%2B15550100",
        "answered 201",
    ] {
        assert!(told.contains(words), "`{words}` is not in: {told}");
    }
    assert!(!told.contains(&credentials.twilio_token), "{told}");
    let (status, told) = rehearse(&["--format", "json"]);
    assert_eq!(status, Some(0), "{told}");
    let report: serde_json::Value = serde_json::from_str(&told).expect("one object");
    assert_eq!(report["rehearsed"][0]["tool"], "send_sms", "{report}");
    assert_eq!(report["rehearsed"][0]["request"]["method"], "POST", "{report}");
    assert_eq!(sandbox.records(Service::Twilio)["messages"], serde_json::json!([]));
    assert!(!folder.path().join("records.db").exists(), "nothing of a rehearsal is kept");
}

#[test]
fn a_new_plugin_passes_its_test_and_builds_as_it_is() {
    // With these built, all that a plugin is built from is on this machine.
    plugins();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    check(here, &["plugin", "new", "help-desk"], 0, &["help-desk", "cargo test"], &[]);
    check(here, &["plugin", "new", "help-desk"], 2, &[], &["is there already"]);
    check(here, &["plugin", "new", "Help Desk"], 2, &[], &["plugin name"]);
    check(here, &["plugin", "new", "4desk"], 2, &[], &["begin with a letter"]);
    let plugin = here.join("help-desk");
    let project = aftercall_app::demo::project().expect("tests run where the sources are");
    // The same versions as the workspace's, so that nothing has to be fetched.
    std::fs::copy(project.join("Cargo.lock"), plugin.join("Cargo.lock")).expect("it can be copied");
    let in_it = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.current_dir(&plugin).args(arguments);
        command.env("CARGO_NET_OFFLINE", "true").env("CARGO_TARGET_DIR", project.join("target/scaffold"));
        let output = command.output().expect("it starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    let tested = in_it(env!("CARGO"), &["test", "--test", "tools"]);
    assert!(tested.contains("2 passed; 0 failed"), "{tested}");
    let built = in_it(env!("CARGO_BIN_EXE_aftercall"), &["plugin", "build", ".", "--out", "help-desk.wasm"]);
    assert!(built.contains("help-desk 0.1.0"), "{built}");
    check(
        &plugin,
        &["plugin", "inspect", "help-desk.wasm", "--settings", r#"{"queue": "calls"}"#],
        0,
        &["Tool open_ticket: idempotent, identity: email", "write POST https://desk.example.com/v1/tickets"],
        &[],
    );
}

#[test]
fn plugins_are_shown_as_they_are() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let sms = plugins()[&"sms".parse().expect("a name")].file.to_string_lossy().into_owned();
    check(
        here,
        &["plugin", "inspect", &sms],
        0,
        &[
            "sms 0.1.0",
            "write POST https://api.twilio.com",
            "credential `api`",
            "vendor (\"twilio\" or \"telnyx\"",
            "Tool send_sms: once, identity: to",
            "wasi:http/outgoing-handler",
        ],
        &[],
    );
    check(here, &["plugin", "inspect", "none.wasm"], 2, &[], &["none.wasm can't be read"]);
    std::fs::write(here.join("no.wasm"), "hello").expect("it can be written");
    check(here, &["plugin", "inspect", "no.wasm"], 2, &[], &["no.wasm"]);
    check(here, &["plugin", "build", "."], 2, &[], &["plugin.toml", "a plugin's folder has"]);
    std::fs::write(here.join("plugin.toml"), "name = \"x\"\nversion = \"1\"\n").expect("it can be written");
    check(here, &["plugin", "build", "."], 2, &[], &["plugin.toml", "description"]);
}
