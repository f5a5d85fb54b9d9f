//! The command line, as its users type it.

use std::{
    path::Path,
    process::{Command, Output},
};

use crate::support::{cases, plugins};

fn aftercall(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
    command.current_dir(folder).args(arguments).env_remove("OPENAI_API_KEY").output().expect("it starts")
}

fn check(folder: &Path, arguments: &[&str], status: i32, out: &[&str], err: &[&str]) {
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
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one object on one line");
    let keys: Vec<&String> = line.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["effects", "outcome", "refused", "run", "scenario", "turns"]);
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
    check(
        folder.path(),
        &["logs", "run_nope", "--store", "demo.db"],
        2,
        &[],
        &["there is no run `run_nope`", "aftercall runs"],
    );
}

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
    write("call.json", "{\"schema\": ");
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
    check(here, &run, 2, &[], &["call.json", "not JSON"]);
    write("call.json", "{\"message\": {\"type\": \"status-update\"}}");
    check(here, &run, 2, &[], &["status-update", "end-of-call-report"]);
    write("call.json", "{\"schema\": \"aftercall.call/1\", \"conversation\": {}}");
    check(here, &run, 2, &[], &["/conversation", "id"]);
    check(here, &["run", "call.json"], 2, &[], &["OPENAI_API_KEY` is not set", "models.\"gpt-4.1\".key"]);
    check(here, &["runs"], 0, &["No runs yet."], &[]);
}

#[test]
fn a_run_against_nobody_ends_typed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let sms = &plugins()[&"sms".parse().expect("a name")].file;
    let config = std::fs::read_to_string(cases().join("vapi-report/aftercall.toml")).expect("it is there");
    let config = config
        .replace("sms.wasm", &sms.to_string_lossy())
        .replace("{ env = \"MERIDIAN_TWILIO_KEY\" }", "{ file = \"key\" }");
    std::fs::write(here.join("aftercall.toml"), config).expect("it can be written");
    std::fs::write(here.join("key"), "AC00000000000000000000000000000000:token").expect("it can be written");
    let call = cases().join("vapi-report/call.json");
    // A listener that was closed: nobody answers at its port.
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let url = format!("http://127.0.0.1:{port}/v1");
    let run = ["run", &call.to_string_lossy(), "--model", "gpt-4.1", "--base-url", &url];
    check(here, &run, 1, &["failed"], &["no answer from the model"]);
    check(here, &run, 1, &["This call was taken in before", "failed"], &[]);
    check(here, &["runs"], 0, &["failed", "vapi"], &[]);
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
