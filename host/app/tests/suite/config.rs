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
    check(
        "{ env = \"OPENAI_API_KEY\" }",
        "\"sk-123\"",
        Err(&["aftercall.toml:4:7", "a secret is named, never written"]),
    );
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
    check("[\"sms/send_sms\"]", "[]\nlive_tools.plugin = \"sms\"", Ok(()));
    let insights = |said: &str| format!("[\"sms/send_sms\"]\n{said}");
    let wrong = |said: &str, words: &[&str]| check("[\"sms/send_sms\"]", &insights(said), Err(words));
    check("[\"sms/send_sms\"]", &insights("insights.schema = { type = \"object\" }"), Ok(()));
    wrong("insights = {}", &["assistants.ann.insights", "has no schema: add `schema` or `schema_file`"]);
    wrong("insights.schema = { type = \"array\" }", &["ann.insights.schema", "must say `\"type\": \"object\"`"]);
    wrong("insights.schema_file = \"none.json\"", &["ann.insights", "schema_file `none.json`", "No such file"]);
    wrong("insights.schema = {}\ninsights.schema_file = \"s.json\"", &["keep one"]);
    wrong("insights.scheme = {}", &["did you mean `schema`?"]);
    let bind = "bind.send_sms = { to = \"call.contact\" }";
    check(bind, "constrain.send_sms.text = { max_length = 60 }\neffects.\"*\".per_run_max = 1", Ok(()));
    check(bind, "constrain.send_sms.text = { maxlength = 60 }", Err(&["did you mean `max_length`?"]));
    check(
        bind,
        "constrain.send_sms.text = { equals_fact = \"call.contract\" }",
        Err(&["did you mean `call.contact`?"]),
    );
    check(bind, "constrain.send_sms.text = { max_length = -1 }", Err(&["aftercall.toml:10", "-1"]));
    check(bind, "effects.send_sms.per_run_max = 0", Err(&["acme.plugins.sms.effects.send_sms.per_run_max", "with 0"]));
    check(bind, "effects.send_sms = {}", Err(&["effects.send_sms: says nothing", "`per_contact_and_day_max`"]));
    check(bind, "effects.send_sms.per_run = 1", Err(&["did you mean `per_run_max`?"]));
    check("[plugins.sms]", "[tenants.acme]\nretention_days = 30\n[plugins.sms]", Ok(()));
    check("[plugins.sms]", "[tenants.acme]\nretention_days = 0\n[plugins.sms]", Err(&["aftercall.toml:7", "nonzero"]));
    let both = "[operator]\nretention_days_max = 30\n[tenants.acme]\nretention_days = 31\n[plugins.sms]";
    check("[plugins.sms]", both, Err(&["tenants.acme.retention_days: the operator allows 30", "retention_days_max"]));
    check(bind, "consent = \"abc\"", Err(&["acme.plugins.sms.consent: `abc` is no digest", "plugin inspect"]));
}

#[test]
fn live_tools_that_are_never_offered_are_told() {
    let at = "tools = [\"sms/send_sms\"]";
    let check = |lines: &str, expected: Result<(), &[&str]>| check(at, &format!("{at}\n{lines}"), expected);
    const PLACE: &str = "tenants.acme.assistants.ann.live_tools";
    check(r#"live_tools = { plugin = "sms" }"#, Ok(()));
    check(r#"live_tools = { plugin = "sms", only = ["find"], effects = { find = "read" } }"#, Ok(()));
    check(r#"live_tools = { plugin = "smss" }"#, Err(&[PLACE, "did you mean `sms`?"]));
    check(r#"live_tools = { plugin = "crm" }"#, Err(&[PLACE, "add its grant under the tenant's `plugins`"]));
    check(r#"live_tools = {}"#, Err(&["missing field `plugin`"]));
    check(r#"live_tools = { plugin = "sms", onyl = [] }"#, Err(&["did you mean `only`?"]));
    check(r#"live_tools = { plugin = "sms", only = [] }"#, Err(&[PLACE, "only: names no tool"]));
    check(r#"live_tools = { plugin = "sms", effects = { find = "reed" } }"#, Err(&["did you mean `read`?"]));
    check(
        r#"live_tools = { plugin = "sms", only = ["a"], effects = { b = "read" }, identity = { c = ["d"] } }"#,
        Err(&["live_tools.effects.b: isn't among `only`", "live_tools.identity.c: isn't among `only`"]),
    );
    check(r#"live_tools = { plugin = "sms", only = ["transferCall"] }"#, Err(&[PLACE, "acts on a live call"]));
    check(r#"live_tools = { plugin = "sms", only = ["send_sms"] }"#, Err(&[PLACE, "the name of `sms/send_sms`"]));
    let replaced = "replaces = { old_sms = \"sms/send_sms\" }\nlive_tools = { plugin = \"sms\", only = [\"old_sms\"] }";
    check(replaced, Err(&[PLACE, "`old_sms` is replaced by `sms/send_sms`"]));
    let already = r#"already."sms/send_sms" = [{ live = "text", arguments = { to = "arguments/to" } }]
live_tools = { plugin = "sms", only = ["text"] }"#;
    check(already, Err(&[PLACE, "`text` does what `sms/send_sms` does"]));
}

#[test]
fn prices_that_can_not_be_meant_are_told() {
    let at = "key = { env = \"OPENAI_API_KEY\" }";
    let check = |price: &str, expected: Result<(), &[&str]>| check(at, &format!("price = {{ {price} }}"), expected);
    check("input = 2.5, output = 10, cached_input = 1.25", Ok(()));
    check("input = 0, output = 0", Ok(()));
    check("input = 10_000, output = 0.000001", Ok(()));
    check("input = 2.5", Err(&["missing field `output`"]));
    check("input = 2.5, outputs = 1", Err(&["did you mean `output`?"]));
    check("input = -1, output = 1", Err(&["models.\"gpt-4.1\".price.input: -1 is no amount", "such as 2.5"]));
    check("input = 1, output = nan", Err(&["price.output: NaN is no amount"]));
    check("input = 1, output = inf", Err(&["price.output: inf is no amount"]));
    check("input = 1, output = 0.0000025", Err(&["price.output: 0.0000025 has more than 6 decimals"]));
    check("input = 1, output = 1, cached_input = 10_000.5", Err(&["price.cached_input: 10000.5 is more than 10000"]));
}

#[test]
fn budgets_of_a_day_that_can_not_be_meant_are_told() {
    const PRICE: &str = "price = { input = 1, output = 1 }";
    let check = |price: &str, operator: &str, tenant: &str, expected: Result<(), &[&str]>| {
        let said = format!("{price}\n[operator]\n{operator}\n[tenants.acme]\n{tenant}\n[plugins.sms]");
        check("[plugins.sms]", &said, expected);
    };
    let most = "tenant_tokens_per_day_max = 1_000";
    check(PRICE, "", "tokens_per_day_max = 1_000\ncost_per_day_max = 0.5", Ok(()));
    check("", most, "tokens_per_day_max = 1_000", Ok(()));
    check("", most, "tokens_per_day_max = 1_001", Err(&["acme.tokens_per_day_max: the operator allows 1000"]));
    check("", "", "tokens_per_day_max = 0", Err(&["nonzero"]));
    check(PRICE, "", "cost_per_day_max = -5", Err(&["acme.cost_per_day_max: -5 is no amount"]));
    check(PRICE, "", "cost_per_day_max = 0", Err(&["acme.cost_per_day_max: with 0 nothing would ever be done"]));
    check("", "", "cost_per_day_max = 5", Err(&["acme.cost_per_day_max: no model has a price", "add `price`"]));
}

#[test]
fn a_currency_is_a_word() {
    let check = |said: &str, expected: Result<(), &[&str]>| {
        check("[plugins.sms]", &format!("[operator]\ncurrency = \"{said}\"\n[plugins.sms]"), expected);
    };
    check("USD", Ok(()));
    check("€", Ok(()));
    for wrong in ["", "US dollars", "\\u001b[2J"] {
        check(wrong, Err(&["operator.currency", "is no currency", "`USD`"]));
    }
}

#[test]
fn gates_that_say_nothing_are_told() {
    let at = "tools = [\"sms/send_sms\"]";
    let check = |gates: &str, expected: Result<(), &[&str]>| check(at, &format!("{at}\ngates.{gates}"), expected);
    check("end_reasons = { skip = [\"customer-*\"] }", Ok(()));
    check("end_reasons = { skip = [\"*-busy\"] }", Err(&["aftercall.toml:16", "`*-busy` can't be matched"]));
    check(
        "end_reasons = {}",
        Err(&["tenants.acme.assistants.ann.gates.end_reasons: says nothing", "`only` or `skip`"]),
    );
    check("disposition = { variable = \"a\" }", Err(&["assistants.ann.gates.disposition: says nothing"]));
    check("disposition = { only = [\"a\"] }", Err(&["missing field `variable`"]));
    check("consent = { variable = \"consent/sms\" }", Ok(()));
    check("consent = { variable = \"/consent\" }", Err(&["aftercall.toml:16", "`/consent` is no variable"]));
    check("consent = { variables = \"a\" }", Err(&["did you mean `variable`?"]));
    check("when = [{ variable = \"a\", at_least = 5 }, { variable = \"b\", is = true }]", Ok(()));
    check("when = [{ variable = \"a\", at_lest = 5 }]", Err(&["did you mean `at_least`?"]));
    check("when = [{ variable = \"a\", is = [1] }]", Err(&["ann.gates.when[0]: `is` has to be a text"]));
    check("when = [{ variable = \"a\" }]", Err(&["ann.gates.when[0]: says nothing", "`one_of`"]));
}

#[test]
fn credentials_are_told_apart_by_their_parts() {
    const NAMED: &str = "a secret is named, never written";
    let at = "egress.write";
    let check = |line: &str, expected: Result<(), &[&str]>| check(at, &format!("{line}\n{at}"), expected);
    let parts = r#"credentials.api = { token_url = "https://login.test/token", client_id = "a", client_secret = { env = "S" }, algorithm = "rs384" }"#;
    check(parts, Ok(()));
    check(r#"credentials.api = { env = "S" }"#, Ok(()));
    check(r#"credentials.api = { file = "s.pem" }"#, Ok(()));
    check(r#"signing.hook = { key = { env = "S" }, claims = { iss = "a" }, token_life_ms_max = 60000 }"#, Ok(()));
    check(r#"credentials.api = "hush""#, Err(&["aftercall.toml:11:19", NAMED]));
    check("credentials.api = {}", Err(&[NAMED]));
    check(r#"credentials.api = { enw = "S" }"#, Err(&["unknown key `enw`", "did you mean `env`?"]));
    check(&parts.replace("client_id", "clientid"), Err(&["aftercall.toml:11", "did you mean `client_id`?"]));
    check(&parts.replace("https:", "http:"), Err(&["http://login.test/token", "plain http"]));
    check(&parts.replace("rs384", "rs3845"), Err(&["did you mean `rs384`?"]));
    check(&parts.replace("{ env = \"S\" }", "\"hush\""), Err(&[NAMED]));
    check(&parts.replace("token_url", "env"), Err(&["or made of parts: not both"]));
    let of_hosts = r#"credentials.api = [{ host = "a.test", env = "S" }, { host = "b.test:8443", file = "s", placement = { header = { name = "x-key" } } }]"#;
    check(of_hosts, Ok(()));
    check(&of_hosts.replace("host", "hosts"), Err(&["each says whose it is"]));
    check(&of_hosts.replace("a.test", "*.test"), Err(&["`*.test` is no host for a credential"]));
    check(&of_hosts.replace("x-key\" }", "x-key\", prefx = \"\" }"), Err(&["did you mean `prefix`?"]));
    check(r#"credentials.api = [{ host = "a.test", env = "hush" , key = "hush" }]"#, Err(&["unknown key `key`"]));
    check(r#"credentials.api = [{ host = "a.test" }]"#, Err(&[NAMED]));
    check(r#"credentials.api = ["hush"]"#, Err(&["expected a map"]));
    check("signing.hook = {}", Err(&["missing field `key`"]));
    check(r#"signing.hook = { key = "hush" }"#, Err(&[NAMED]));
    check(r#"signing.hook = { key = { env = "S" }, claim = {} }"#, Err(&["did you mean `claims`?"]));
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

const SERVED: &str = r#"
[server]
runs_max = 4

[tenants.acme.endpoints.front]
platform = "native"
verify.standard-webhooks = [{ env = "KEY" }]

[tenants.beta.endpoints.back]
platform = "vapi"
verify.header = { name = "x-vapi-secret", secrets = [{ env = "SECRET" }] }
"#;

#[test]
fn what_a_server_needs_is_checked() {
    let check = |from: &str, to: &str, expected: Result<(), &str>| {
        assert!(SERVED.contains(from), "`{from}` is not in it");
        let text = format!("{GOOD}{}", SERVED.replace(from, to));
        match (Config::parse(&text, Path::new("aftercall.toml")), expected) {
            (Ok(_), Ok(())) => {}
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "`{words}` is not in: {error}"),
            (got, expected) => panic!("{to}: {:?} instead of {expected:?}", got.map(|_| ())),
        }
    };
    check("runs_max", "runs_max", Ok(()));
    check("runs_max = 4", "runs_max = 0", Err("server.runs_max"));
    check("runs_max = 4", "waiting_max = 0", Err("server.waiting_max"));
    check(
        "[tenants.acme.endpoints",
        "[tenants.gamma]\nruns_max = 0\n[tenants.acme.endpoints",
        Err("tenants.gamma.runs_max"),
    );
    check("runs_max = 4", "body_bytes_max = 999999999", Err("server.body_bytes_max"));
    check("runs_max = 4", "bodies_bytes_max = 1", Err("server.bodies_bytes_max"));
    check("runs_max = 4", "ports = 4", Err("unknown key `ports`"));
    check("\"native\"", "\"natve\"", Err("tenants.acme.endpoints.front: platform `natve` is not known"));
    check("[{ env = \"KEY\" }]", "[]", Err("`verify` has no secret"));
    check("x-vapi-secret", "x vapi", Err("endpoints.back.verify: header.name: `x vapi` is no header name"));
    let header = r#"header = { name = "x-vapi-secret", secrets"#;
    for (verify, expected) in [
        ("telnyx = [{ env = \"K\" }] #", Ok(())),
        ("retell = [{ env = \"K\" }] #", Ok(())),
        ("elevenlabs = [{ env = \"K\" }, { env = \"OLD\" }] #", Ok(())),
        ("bland = [{ env = \"K\" }] #", Ok(())),
        ("bland = [] #", Err("`verify` has no secret")),
        ("hmac = { secrets", Ok(())),
        ("hmac = { signed = \"{body}\", prefix = \"sha256=\", header = \"x-vapi-signature\", secrets", Ok(())),
        ("hmac = { algorithm = \"sha512\", encoding = \"base64\", secrets", Ok(())),
        ("hmac = { algorithm = \"sha1\", secrets", Err("unknown word `sha1`: did you mean `sha512`?")),
        (
            "hmac = { signed = \"{timestamp}\", secrets",
            Err("verify: hmac: `signed`: what is signed must have `{body}`"),
        ),
        ("hmac = { signed = \"{url}{body}\", secrets", Err("hmac: `signed`: `{url}` can't be signed here")),
        ("hmac = { timestamp_header = \"x time\", secrets", Err("hmac: `x time` is no header name")),
        ("hmac = { timestamp_header = \"X-Signature\", secrets", Err("`X-Signature` can't have both")),
        ("hmac = { signed = \"{body}\", tolerance_ms = 1, secrets", Err("add `{timestamp}` to `signed`")),
        ("hmac = { tolerance_ms = 86400001, secrets", Err("`tolerance_ms`: 86400000 at most")),
        ("hmac = { prefix = \"sha 256\", secrets", Err("hmac: `prefix`: `sha 256` can't stand in a header")),
        ("svix = { secrets", Err("unknown word `svix`")),
    ] {
        check(header, verify, expected);
    }
    check("endpoints.back", "endpoints.front", Err("tenant acme has an endpoint of this name"));
    check("tenants.beta", "tenants.operator", Err("this name is the operator's"));
    check("platform = \"vapi\"", "platform = \"vapi\"\nassistant = \"ann\"", Err("the tenant has no assistant `ann`"));
}

#[test]
fn a_tenants_mistakes_are_its_own() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("it has one")).expect("it can be made");
        std::fs::write(file, text).expect("it can be written");
    };
    let operator = "[operator]\ntenants_folder = \"tenants\"\n";
    write("aftercall.toml", &format!("{operator}{GOOD}\n[tenants.beta]\nnonsense = 1\n"));
    write("tenants/gamma.toml", "[assistants.bo]\ntools = []\ninstructions = \"none\"\n");
    write("tenants/delta.toml", "this is no TOML");
    write("tenants/epsilon.toml", "runs_max = 2\n");
    write("tenants/notes.txt", "not a tenant");
    write("tenants/Zeta.toml", "runs_max = 2\n");
    let file = folder.path().join("aftercall.toml");
    let config = Config::read_tolerantly(&file).expect("what is beside tenants is right");
    let known: Vec<&str> = config.tenants.keys().map(aftercall_core::id::Tenant::as_str).collect();
    let broken: Vec<&str> = config.broken.keys().map(String::as_str).collect();
    assert_eq!(known, ["acme", "epsilon"]);
    assert_eq!(broken, ["Zeta", "beta", "delta", "gamma"]);
    let why = |tenant: &str| config.broken[tenant].clone();
    assert!(why("beta").contains("unknown key `nonsense`"), "{}", why("beta"));
    assert!(why("delta").contains("delta.toml:1"), "{}", why("delta"));
    assert!(why("gamma").contains("no section headed"), "{}", why("gamma"));
    assert!(Config::read(&file).is_err(), "one who asks for all gets all or nothing");
    write("aftercall.toml", "[operator]\nstoer = 1\n");
    assert!(Config::read_tolerantly(&file).is_err(), "the operator's own mistakes stop everything");
}

/// What the README and other pages show is copied by people.
#[test]
fn documented_configurations_can_be_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["docs", "docs/platforms"].map(|folder| std::fs::read_dir(root.join(folder)).expect("it is there"));
    let pages = folders.into_iter().flatten();
    let pages =
        pages.map(|page| page.expect("it can be listed").path()).filter(|page| page.extension() == Some("md".as_ref()));
    let mut shown = 0;
    for page in pages.chain([root.join("README.md")]) {
        let text = std::fs::read_to_string(&page).expect("it can be read");
        let blocks = text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
        for block in blocks.filter(|block| block.contains("[models.")) {
            let parsed = Config::parse(block, Path::new("aftercall.toml"));
            assert!(parsed.is_ok(), "{}: {}\n{block}", page.display(), parsed.expect_err("it is none"));
            shown += 1;
        }
    }
    assert!(shown >= 9, "{shown} were found");
}
