//! Every request that the tests of the reference plugins send, beside their manifests and their vendors' documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use aftercall_contracts_tests::{
    check::check,
    openapi::Contract,
    sent::{self, Sent},
};
use aftercall_core::{
    credential::Placement,
    egress::{Scheme, Target, is_canonical_path},
    manifest::Manifest,
};
use serde_json::Value;

/// Names the folder with the vendors' documents, which are no part of this repository.
const DOCUMENTS: &str = "AFTERCALL_CONTRACTS";

/// The Python that has the packages of the gate.
const PYTHON: &str = "AFTERCALL_PYTHON";

/// What the packages of plugins are called.
const PACKAGE: &str = "aftercall-plugin-";

/// What no document of the folder speaks of: tenants' own servers, which speak a standard or anything at all, and what the
/// vendors' documents leave out.
const WITHOUT_A_DOCUMENT: &[&str] = &[
    "https://acme.my.salesforce.com/",
    "https://api.atlassian.com/jsm/ops/api/",
    "https://api.harbor.example/",
    "https://api.hubapi.com/automation/",
    "https://api.hubapi.com/crm/v4/",
    "https://api.sendgrid.com/v3/asm/",
    "https://api.sendgrid.com/v3/mail/batch",
    "https://api.sendgrid.com/v3/marketing/",
    "https://api.sendgrid.com/v3/messages",
    "https://api.sendgrid.com/v3/user/scheduled_sends",
    "https://api.telnyx.com/",
    "https://dav.example.com/",
    "https://fhir.lakeside-clinic.example/",
    "https://northwind.atlassian.net/",
    "https://northwind.zendesk.com/",
    "https://slack.com/api/",
    "https://www.googleapis.com/calendar/",
];

/// What the host puts in a credential's place.
const CREDENTIAL: &str = "0123456789abcdef0123456789abcdef";

/// All requests to vendors, in the order of their packages: the tests of all plugins are run for them.
static SENT: LazyLock<Vec<Sent>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--locked", "--quiet"]).current_dir(root()).env("AFTERCALL_SENT", folder.path());
    for test in plugins().iter().flat_map(|plugin| listed(&plugin.join("tests"))) {
        if test.extension().is_some_and(|is| is == "rs") || test.join("main.rs").exists() {
            tests.arg("--test").arg(test.file_stem().expect("it has a name"));
        }
    }
    let done = tests.output().expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stdout));
    let mut requests = sent::read(folder.path()).expect("the SDK writes them so");
    // Tests with a real server send to it what they send elsewhere.
    requests.retain(|sent| sent.url.host_str() != Some("127.0.0.1"));
    requests
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn plugins() -> Vec<PathBuf> {
    listed(&root().join("plugins"))
}

/// What each plugin asks for, by its package.
fn manifests() -> BTreeMap<String, Manifest> {
    let read = |plugin: PathBuf| {
        let text = fs::read_to_string(plugin.join("plugin.toml")).expect("a plugin has a manifest");
        let manifest: Manifest = toml::from_str(&text).expect("it is one");
        (format!("{PACKAGE}{}", manifest.name), manifest)
    };
    plugins().into_iter().map(read).collect()
}

/// What is in a folder; nothing, where there is none.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files
}

fn target(sent: &Sent) -> Target {
    let scheme = if sent.url.scheme() == "http" { Scheme::Http } else { Scheme::Https };
    Target {
        method: sent.method.clone(),
        scheme,
        host: sent.url.host_str().expect("it has one").to_owned(),
        port: sent.url.port_or_known_default().expect("it has one"),
        path: sent.url.path().to_owned(),
    }
}

/// A request with its credential, where that isn't in a header.
fn with_credential(sent: &Sent, manifest: &Manifest) -> Sent {
    let (mut sent, target) = (sent.clone(), target(sent));
    let asked = manifest.egress.iter().find(|asked| asked.rule.matches(&target));
    let slot = asked.and_then(|asked| manifest.credentials.get(asked.credential.as_ref()?));
    match slot.map(|slot| &slot.placement) {
        Some(Placement::Json { field }) => {
            let mut body: Value = serde_json::from_str(&sent.body).expect("such a credential stands in JSON");
            body[field] = CREDENTIAL.into();
            sent.body = body.to_string();
        }
        Some(Placement::Query { name }) => drop(sent.url.query_pairs_mut().append_pair(name, CREDENTIAL)),
        Some(Placement::Basic | Placement::Header { .. }) | None => {}
    }
    sent
}

#[test]
fn a_manifest_asks_for_what_the_plugin_sends_and_for_no_more() {
    let mut wrong = Vec::new();
    for (package, manifest) in manifests() {
        // The host sends no other.
        let is_sendable = |target: &Target| is_canonical_path(&target.path);
        let requests = SENT.iter().filter(|sent| sent.package == package).map(|sent| (sent, target(sent)));
        let requests: Vec<_> = requests.filter(|(_, target)| is_sendable(target)).collect();
        let rules: Vec<_> = manifest.egress.iter().map(|asked| &asked.rule).collect();
        for (sent, target) in &requests {
            if !rules.iter().any(|rule| rule.matches(target)) {
                wrong.push(format!("the manifest doesn't ask for {sent}"));
            }
        }
        for rule in rules {
            if !requests.iter().any(|(_, target)| rule.matches(target)) {
                wrong.push(format!("{package}: no test sends what the manifest asks for: {rule}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_request_is_one_that_its_vendor_documents() {
    let Some(folder) = env::var_os(DOCUMENTS) else {
        let left_out = "LEFT OUT: what plugins send beside their vendors' documents";
        return writeln!(stderr(), "{left_out}, since {DOCUMENTS} names no folder that has them").expect("it is told");
    };
    let is_document = |file: &PathBuf| file.extension().is_some_and(|is| is == "json");
    let files = listed(&root().join(folder)).into_iter().filter(is_document);
    let contracts: Vec<Contract> = files.map(|file| Contract::read(&file).expect("it is a document")).collect();
    assert!(!contracts.is_empty(), "{DOCUMENTS} names a folder without documents");

    let (mut wrong, mut others) = (Vec::new(), BTreeSet::new());
    let mut checked: BTreeMap<_, u32> = BTreeMap::new();
    let manifests = manifests();
    for sent in &*SENT {
        let sent = &with_credential(sent, &manifests[&sent.package]);
        if let Some(operation) = contracts.iter().find_map(|contract| contract.operation(sent)) {
            let complaints = check(&operation, sent).expect("the document can be used");
            wrong.extend(complaints.into_iter().map(|complaint| format!("{sent}\n    {complaint}")));
            *checked.entry((&operation.contract.name, sent.method.clone(), operation.path)).or_default() += 1;
        } else if let Some(part) = WITHOUT_A_DOCUMENT.iter().find(|part| sent.url.as_str().starts_with(**part)) {
            others.insert(*part);
        } else {
            wrong.push(format!("{sent}\n    no document has this operation"));
        }
    }
    let mut told = stderr().lock();
    for ((document, method, path), times) in checked {
        writeln!(told, "{document}: {method} {path}: {times}").expect("it is told");
    }
    writeln!(told, "no document: {}", others.into_iter().collect::<Vec<_>>().join(", ")).expect("it is told");
    assert!(wrong.is_empty(), "{} don't fit:\n{}", wrong.len(), wrong.join("\n"));
}

/// Has a script of Python check lines of JSON, of which it prints what is wrong.
fn checked_by(script: &str, lines: &BTreeSet<&str>) {
    let Some(python) = env::var_os(PYTHON) else {
        let left_out = format!("LEFT OUT: what {script} checks, since {PYTHON} names no Python that has its packages");
        return writeln!(stderr(), "{left_out}: `. .ci/python` makes one").expect("it is told");
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
    let mut checks =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut input = checks.stdin.take().expect("it is piped");
    lines.iter().for_each(|line| writeln!(input, "{line}").expect("it reads them"));
    drop(input);
    let done = checks.wait_with_output().expect("it ends");
    let wrong = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && wrong.is_empty(), "{wrong}");
}

#[test]
fn every_resource_is_one_of_fhir() {
    let resources = SENT.iter().map(|sent| &*sent.body).filter(|body| body.contains("\"resourceType\""));
    let resources: BTreeSet<&str> = resources.collect();
    assert!(!resources.is_empty());
    checked_by("resources.py", &resources);
}

#[test]
fn every_text_message_is_one_that_telnyx_knows() {
    let is_message = |sent: &&Sent| sent.method == "POST" && sent.url.as_str() == "https://api.telnyx.com/v2/messages";
    let messages: BTreeSet<&str> = SENT.iter().filter(is_message).map(|sent| &*sent.body).collect();
    assert!(!messages.is_empty());
    checked_by("telnyx_types.py", &messages);
}
