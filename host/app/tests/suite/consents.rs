//! Consent to upgrades over the command line: what runs, what waits, and how two components are compared.

use aftercall_core::{
    facts::Fact,
    manifest::{AskedAccess, EgressRequest, Manifest},
};
use aftercall_sandbox::{Credentials, Sandbox};

use crate::{
    commands::{check, perform, world},
    support::{case, cases, changed, plugins},
};

/// The text-message plugin in a later version.
fn later(version: &str, change: impl FnOnce(&mut Manifest)) -> Vec<u8> {
    changed("sms", |manifest| {
        manifest.version = version.to_owned();
        change(manifest);
    })
}

fn ask(access: AskedAccess, rule: &str) -> EgressRequest {
    let rule = rule.parse().expect("a rule");
    EgressRequest {
        rule,
        access,
        credential: Some("api".into()),
        idempotency_header: None,
        refuses_in_body: false,
        rehearsal: None,
    }
}

const DELETE: &str = "DELETE https://api.twilio.com/2010-04-01/Accounts/*/Messages/*";

/// A world whose text-message plugin is a file that can be replaced.
struct Installation {
    folder: tempfile::TempDir,
    _sandbox: Sandbox,
    credentials: Credentials,
    config: String,
}

impl Installation {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (sandbox, credentials) = world(&case("vapi-report"), folder.path()).await;
        let config = std::fs::read_to_string(folder.path().join("aftercall.toml")).expect("it is there");
        let built = &plugins()[&"sms".parse().expect("a name")].file;
        let installed = folder.path().join("sms.wasm");
        let config = config.replace(&*built.to_string_lossy(), &installed.to_string_lossy());
        let installation = Self { folder, _sandbox: sandbox, credentials, config };
        installation.write("aftercall.toml", installation.config.as_bytes());
        installation
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.folder.path().join(name), bytes).expect("it can be written");
    }

    fn check(&self, arguments: &[&str], status: i32, out: &[&str]) {
        check(self.folder.path(), arguments, status, out, &[]);
    }

    /// Runs the case's call, or rehearses it where no revision is named.
    fn go(&self, revision: Option<&str>, expected: i32, words: &[&str]) {
        let (verb, more) = match &revision {
            Some(revision) => ("run", vec!["--revision", revision]),
            None => ("rehearse", vec![]),
        };
        let (status, told) = perform(self.folder.path(), verb, "vapi-report", &self.credentials, &more);
        assert_eq!(status, Some(expected), "{told}");
        words.iter().for_each(|words| assert!(told.contains(words), "`{words}` is not in: {told}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_that_asks_for_more_waits_for_consent() {
    let at = Installation::new().await;
    let since = ["plugin", "diff", "--tenant", "meridian", "sms"];
    let consent = ["plugin", "consent", "--tenant", "meridian", "sms"];
    let first = later("0.1.0", |_| {});
    at.write("sms.wasm", &first);
    check(at.folder.path(), &since, 2, &[], &["the records", "there are no records at"]);
    at.go(None, 0, &["A rehearsal: completed."]);
    assert!(!at.folder.path().join("records.db").exists(), "a rehearsal is no consent");
    at.go(Some("0"), 0, &["completed"]);
    at.check(&since, 0, &["the same, which meridian has consented to", "It asks for no more."]);
    at.write("sms.wasm", &later("0.2.0", |_| {}));
    at.check(&since, 0, &["to sms 0.2.0", "It asks for no more."]);
    at.go(Some("1"), 0, &["completed"]);

    let more = later("0.3.0", |manifest| {
        manifest.egress.push(ask(AskedAccess::Write, DELETE));
        manifest.facts.push(Fact::Contact);
    });
    at.write("sms.wasm", &more);
    let asked = format!("may now also send {DELETE} (write), with the credential `api`");
    let words = [
        "tenants.meridian.plugins.sms",
        "asks for more than was consented to",
        &asked,
        "may now also see the fact call.contact of a call",
        "aftercall plugin consent --tenant meridian sms",
    ];
    at.go(Some("2"), 2, &words);
    at.go(None, 2, &words);
    at.check(&since, 1, &["to sms 0.3.0", "It asks for more:", &asked]);
    let as_json = [&since[..], &["--format", "json"]].concat();
    at.check(&as_json, 1, &["\"kind\":\"sends\"", "\"kind\":\"fact\"", &asked]);
    at.check(&consent, 0, &["meridian consents to sms 0.3.0", &asked, "from the next start"]);
    at.check(&since, 0, &["which meridian has consented to"]);
    at.check(&consent, 0, &["It asks for no more than what was consented to before."]);
    at.go(Some("2"), 0, &["completed"]);
    // Back to what was consented to before.
    at.write("sms.wasm", &first);
    at.go(Some("3"), 0, &["completed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_in_the_grant_is_consent_by_hand() {
    let at = Installation::new().await;
    let (first, more) = (later("0.1.0", |_| {}), later("0.2.0", |manifest| manifest.state = true));
    let digest = aftercall_core::id::Sha256Hex::of(&more);
    let grant = "[tenants.meridian.plugins.sms]";
    assert!(at.config.contains(grant));
    let pinned = at.config.replace(grant, &format!("{grant}\nconsent = \"{digest}\""));
    at.write("aftercall.toml", pinned.as_bytes());
    at.write("sms.wasm", &first);
    at.go(Some("0"), 2, &["the grant consents to the component at digest", digest.short()]);
    at.write("aftercall.toml", at.config.as_bytes());
    at.go(Some("0"), 0, &["completed"]);
    at.write("sms.wasm", &more);
    at.go(Some("1"), 2, &["may now keep things between calls", &format!("consent = \"{digest}\"")]);
    at.write("aftercall.toml", pinned.as_bytes());
    at.go(Some("1"), 0, &["completed"]);
}

#[test]
fn two_components_are_compared() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let here = folder.path();
    let write = |name: &str, bytes: &[u8]| std::fs::write(here.join(name), bytes).expect("it can be written");
    write("old.wasm", &later("0.1.0", |_| {}));
    write(
        "new.wasm",
        &later("0.2.0", |manifest| {
            manifest.egress.push(ask(AskedAccess::Read, "GET https://api.twilio.com/2010-04-01/Accounts/*/Usage.json"));
            let settings = manifest.settings.as_mut().expect("it has some");
            settings["required"] = serde_json::json!(["list_lag_ms"]);
        }),
    );
    write("no.wasm", b"hello");
    let diff = |more: &[&'static str]| [&["plugin", "diff"], more].concat();
    check(here, &diff(&["old.wasm", "old.wasm"]), 0, &["It asks for no more."], &[]);
    check(
        here,
        &diff(&["old.wasm", "new.wasm"]),
        1,
        &[
            "from sms 0.1.0",
            "to sms 0.2.0",
            "may now also send GET https://api.twilio.com",
            "`list_lag_ms` is now required",
        ],
        &[],
    );
    check(
        here,
        &diff(&["new.wasm", "old.wasm"]),
        0,
        &["It asks for no more.", "It asks for less:", "no longer sends GET https://api.twilio.com"],
        &[],
    );
    check(here, &diff(&["new.wasm", "old.wasm", "--format", "json"]), 0, &["\"more\":[]", "no longer sends"], &[]);
    check(here, &diff(&["old.wasm", "none.wasm"]), 2, &[], &["none.wasm can't be read"]);
    check(here, &diff(&["no.wasm", "old.wasm"]), 2, &[], &["no.wasm", "no WebAssembly component"]);
    check(here, &diff(&["old.wasm", "old.wasm", "--settings", "{"]), 2, &[], &["--settings is not JSON"]);
    check(here, &diff(&["old.wasm"]), 2, &[], &["NEW.wasm"]);
    check(here, &diff(&["old.wasm", "new.wasm", "--tenant", "acme"]), 2, &[], &["cannot be used with"]);
    check(here, &diff(&["sms", "--tenant", "acme"]), 2, &[], &["aftercall.toml: can't be read"]);
    check(here, &["plugin", "consent", "sms"], 2, &[], &["--tenant"]);

    let config = std::fs::read_to_string(cases().join("unknown-tool/aftercall.toml")).expect("it is there");
    write("aftercall.toml", config.as_bytes());
    let consent = |tenant: &'static str, plugin: &'static str| ["plugin", "consent", "--tenant", tenant, plugin];
    check(here, &consent("meridan", "sms"), 2, &[], &["no tenant `meridan`", "did you mean `meridian`?"]);
    check(here, &consent("meridian", "smss"), 2, &[], &["grants no plugin `smss`", "did you mean `sms`?"]);
    check(here, &consent("meridian", "sms"), 2, &[], &["sms.wasm can't be read"]);
    write("sms.wasm", &later("0.1.0", |_| {}));
    check(here, &consent("meridian", "sms"), 2, &[], &["there are no records at"]);
}
