//! Broken configurations: the place and the remedy.

use std::path::Path;

use aftercall_app::config::Config;

const GOOD: &str = r###"
[models."gpt-4.1"]
base_url = "https://api.openai.com/v1"
key = { env = "OPENAI_API_KEY" }

[plugins.sms]
component = "sms.wasm"

[tenants.acme.plugins.sms]
bind.send_sms = { to = "call.contact" }
egress.write = ["POST https://api.twilio.com/x"]

[tenants.acme.assistants.ann]
instructions = "## Post-conversation steps\nDo it."
tools = ["sms/send_sms"]
"###;

fn check(from: &str, to: &str, expected: Result<(), &[&str]>) {
    assert!(from.is_empty() || GOOD.contains(from), "`{from}` is not in the good one");
    let text = GOOD.replace(from, to);
    match (Config::parse(&text, Path::new("aftercall.toml")), expected) {
        (Ok(_), Ok(())) => {}
        (Err(error), Err(words)) => {
            let error = error.to_string();
            for word in words {
                assert!(error.contains(word), "`{word}` is not in: {error}");
            }
        }
        (got, expected) => panic!("{to}: {:?} instead of {expected:?}", got.map(|_| ())),
    }
}

#[test]
fn broken_configurations_say_where_and_what_instead() {
    check("[models", "[models", Ok(()));
    check("base_url", "base_ulr", Err(&["aftercall.toml:3:1", "unknown key `base_ulr`", "did you mean `base_url`?"]));
    check("instructions", "instrutions", Err(&["did you mean `instructions`?"]));
    check("[plugins.sms]", "[plugin.sms]", Err(&["unknown key `plugin`", "did you mean `plugins`?"]));
    check("tools =", "zzz =", Err(&["unknown key `zzz`", "expected one of", "`tools`"]));
    check("{ env = ", "{ enw = ", Err(&["did you mean `env`?"]));
    check("call.contact", "call.contract", Err(&["did you mean `call.contact`?"]));
    check("{ env = \"OPENAI_API_KEY\" }", "\"sk-123\"", Err(&["aftercall.toml:4:7"]));
    check("https://api.openai.com/v1", "api.openai.com", Err(&["models.\"gpt-4.1\".base_url", "https://"]));
    check("POST https://api.twilio.com/x", "POST api.twilio.com", Err(&["aftercall.toml:11", "write it as"]));
    check("tenants.acme.", "tenants.ACME.", Err(&["`ACME` is no tenant name"]));
    check(
        "## Post-conversation steps\\nDo it.",
        "Be kind.",
        Err(&["tenants.acme.assistants.ann", "no section headed `Post-conversation steps`"]),
    );
    check("steps\\nDo it.", "steps\\n", Err(&["is empty"]));
    check("sms/send_sms", "send_sms", Err(&["tenants.acme.assistants.ann.tools[0]", "write `plugin/tool`"]));
    check("sms/send_sms", "smss/send_sms", Err(&["did you mean `sms/send_sms`?"]));
    check("sms/send_sms", "sms/transfer_call", Err(&["acts on a live call"]));
    check("\"sms/send_sms\"", "\"sms/send_sms\", \"sms/send_sms\"", Err(&["another tool is called `send_sms`"]));
    check("[plugins.sms]\ncomponent = \"sms.wasm\"", "", Err(&["tenants.acme.plugins.sms", "add [plugins.sms]"]));
    check("[\"sms/send_sms\"]", "[]", Err(&["has no tools"]));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = GOOD.replace("Do it.", "").replace("sms/send_sms", "nope").replace("https://api.openai", "api.openai");
    let error = Config::parse(&text, Path::new("a.toml")).map(|_| ()).expect_err("three things are wrong").to_string();
    assert!(error.contains("3 problems"), "{error}");
}

#[test]
fn a_missing_file_says_how_to_name_one() {
    let error = Config::read(Path::new("/nowhere/aftercall.toml")).map(|_| ()).expect_err("it isn't there");
    assert!(error.to_string().contains("--config FILE"), "{error}");
}
