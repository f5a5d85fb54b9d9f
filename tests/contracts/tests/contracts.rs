//! Every request that the tests of the reference plugins send, and every answer that they play, beside their manifests and their
//! vendors' documents.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::{Write as _, stderr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::LazyLock,
};

use aftercall_contracts_tests::{
    answer,
    check::check,
    documents,
    openapi::{Contract, Operation},
    pages::{self, Pages},
    sent::{self, Answer, Sent},
};
use aftercall_core::{
    credential::Placement,
    egress::{Scheme, Target},
    manifest::{CannedAnswer, Manifest},
};
use serde_json::{Value, json};

/// The Python that has the packages of the gate.
const PYTHON: &str = "AFTERCALL_PYTHON";

/// What the packages of plugins are called.
const PACKAGE: &str = "aftercall-plugin-";

/// The operations that no document of the folder has, as their pages describe them.
static PAGES: LazyLock<Pages> = LazyLock::new(|| Pages::read(include_str!("../pages.toml")).expect("it is a list"));

/// Where `http-request` sends what a tenant's settings declare: it is nobody's whose word there is.
const DECLARED: &str = "api.harbor.example";

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
    requests.iter_mut().for_each(|sent| PAGES.bring_home(sent));
    requests
});

/// The package whose tests have the plugins speak to the sandbox's vendors.
const TWICE: &str = "aftercall-twice";

/// What the sandbox's vendors answer. Whether its tests pass is theirs to say.
static PLAYED: LazyLock<Vec<Sent>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let mut tests = Command::new(env!("CARGO"));
    tests.args(["test", "--locked", "--quiet", "--package", TWICE]).current_dir(root());
    let done = tests.env("AFTERCALL_SENT", folder.path()).output().expect("cargo runs");
    let mut played = sent::read(folder.path()).expect("the SDK writes them so");
    assert!(!played.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    played.iter_mut().for_each(|sent| PAGES.bring_home(sent));
    played
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

/// That a plugin sends no more than its manifest asks for is checked as it sends it: by the SDK, for each reference plugin.
#[test]
fn a_manifest_asks_for_no_more_than_the_plugin_sends() {
    let mut wrong = Vec::new();
    for (package, manifest) in manifests() {
        let targets: Vec<_> = SENT.iter().filter(|sent| sent.package == package).map(target).collect();
        for asked in manifest.egress {
            if !targets.iter().any(|target| asked.rule.matches(target)) {
                wrong.push(format!("{package}: no test sends what the manifest asks for: {}", asked.rule));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_reference_plugin_is_held_to_its_manifest_by_the_sdk() {
    for plugin in plugins() {
        let text = fs::read_to_string(plugin.join("Cargo.toml")).expect("a plugin is a package");
        let package: Value = toml::from_str(&text).expect("it is one");
        let features = &package["dev-dependencies"]["aftercall-sdk"]["features"];
        let is_held = features.as_array().is_some_and(|features| features.iter().any(|feature| feature == "manifest"));
        assert!(is_held, "{}: its tests don't turn the feature `manifest` of the SDK on", plugin.display());
    }
}

/// The vendors' documents. None: no folder has them, which is told.
fn contracts() -> Option<Vec<Contract>> {
    documents::read("what plugins send and are answered beside their vendors' documents")
}

/// The operation that a request is, by the vendors' documents or else by their pages.
fn operation<'a>(contracts: &'a [Contract], sent: &'a Sent) -> Option<Operation<'a>> {
    contracts.iter().chain(PAGES.contracts()).find_map(|contract| contract.operation(sent))
}

/// What is wrong with an answer. Of how a vendor refuses, the listed pages say nothing.
fn wrong_with(operation: &Operation<'_>, answer: &Answer) -> Vec<String> {
    if PAGES.has(operation.contract) && answer.status >= 300 {
        return Vec::new();
    }
    answer::check(operation, answer).expect("the document can be used")
}

#[test]
fn every_request_is_one_that_its_vendor_documents() {
    let Some(contracts) = contracts() else { return };
    let mut wrong = BTreeSet::new();
    let mut checked: BTreeMap<_, u32> = BTreeMap::new();
    let mut unseen: BTreeSet<&str> = PAGES.operations().collect();
    let manifests = manifests();
    for sent in SENT.iter().filter(|sent| sent.url.host_str() != Some(DECLARED)) {
        let sent = &with_credential(sent, &manifests[&sent.package]);
        let Some(operation) = operation(&contracts, sent) else {
            wrong.insert(format!("{sent}\n    no document has this operation, and pages.toml doesn't list it"));
            continue;
        };
        let complaints = check(&operation, sent).expect("the document can be used");
        wrong.extend(complaints.into_iter().map(|complaint| format!("{sent}\n    {complaint}")));
        if PAGES.has(operation.contract) {
            unseen.remove(&*pages::listed(&operation, &sent.method));
        }
        let name = format!("{}: {} {}", operation.contract.name, sent.method, operation.path);
        *checked.entry(name).or_default() += 1;
    }
    // Some addresses are the sandbox's tenants' alone.
    for sent in &*PLAYED {
        if let Some(operation) = operation(&contracts, sent).filter(|operation| PAGES.has(operation.contract)) {
            unseen.remove(&*pages::listed(&operation, &sent.method));
        }
    }
    wrong.extend(
        unseen.iter().map(|operation| format!("{operation}\n    no test sends it: pages.toml lists it in vain")),
    );
    let mut told = stderr().lock();
    for (operation, times) in checked {
        writeln!(told, "{operation}: {times}").expect("it is told");
    }
    for (operation, what) in PAGES.unverified() {
        writeln!(told, "UNVERIFIED: {operation}: {what}").expect("it is told");
    }
    assert!(wrong.is_empty(), "{} don't fit:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
}

/// Checks answers by documents, and that there are some of each package by each of the documents that are expected of it.
fn check_answers(contracts: &[Contract], answered: &[Sent], expected: BTreeSet<(&str, &str)>) {
    let mut wrong = BTreeSet::new();
    let mut checked: BTreeMap<_, u32> = expected.into_iter().map(|of| (of, 0)).collect();
    assert!(!checked.is_empty(), "no request is one of these documents");
    for sent in answered {
        let Some(answer) = &sent.answer else { continue };
        let Some(operation) = operation(contracts, sent) else { continue };
        let Sent { package, method, url, .. } = sent;
        let complaints = wrong_with(&operation, answer);
        let told = |complaint| format!("{package}: {method} {url}: {answer}\n    {complaint}");
        wrong.extend(complaints.into_iter().map(told));
        *checked.entry((package, &operation.contract.name)).or_default() += 1;
    }
    for ((package, document), times) in checked {
        writeln!(stderr(), "{package}, by {document}: {times} answers").expect("it is told");
        if times == 0 {
            wrong.insert(format!("{package}: no answer was checked by {document}"));
        }
    }
    assert!(wrong.is_empty(), "{} don't fit:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
}

/// The packages whose tests send what a document speaks of, each with its documents.
fn documented(contracts: &[Contract]) -> BTreeSet<(&str, &str)> {
    let document = |sent: &'static Sent| {
        let of = operation(contracts, sent)?.contract;
        Some((sent.package.as_str(), of.name.as_str()))
    };
    SENT.iter().filter_map(document).collect()
}

#[test]
fn every_answer_is_one_that_its_vendor_documents() {
    let Some(contracts) = contracts() else { return };
    check_answers(&contracts, &SENT, documented(&contracts));
}

/// The sandbox plays whatever the plugins send.
#[test]
fn every_answer_of_the_sandbox_is_one_that_the_vendor_documents() {
    let Some(contracts) = contracts() else { return };
    let expected = documented(&contracts).into_iter().map(|(_, document)| (TWICE, document));
    // Some vendors' hosts are their customers' own, and the sandbox's tenants have others.
    let is_page = |document: &str| PAGES.contracts().any(|page| page.name == document);
    check_answers(&contracts, &PLAYED, expected.filter(|(_, document)| !is_page(document)).collect());
}

/// In a rehearsal, the manifest answers in the vendor's place.
#[test]
fn every_rehearsed_answer_is_one_that_its_vendor_documents() {
    let Some(contracts) = contracts() else { return };
    let mut wrong = BTreeSet::new();
    for (package, manifest) in manifests() {
        for asked in &manifest.egress {
            let Some(CannedAnswer { status, body }) = &asked.rehearsal else { continue };
            let typed = (!body.is_empty()).then(|| ("content-type".to_owned(), "application/json".to_owned()));
            let answer = Answer { status: *status, headers: typed.into_iter().collect(), body: body.clone() };
            for sent in SENT.iter().filter(|sent| sent.package == package && asked.rule.matches(&target(sent))) {
                let Some(operation) = operation(&contracts, sent) else { continue };
                let complaints = wrong_with(&operation, &answer);
                let told = |complaint| format!("{package}: {}: {answer}\n    {complaint}", asked.rule);
                wrong.extend(complaints.into_iter().map(told));
            }
        }
    }
    assert!(wrong.is_empty(), "{} don't fit:\n{}", wrong.len(), Vec::from_iter(wrong).join("\n"));
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
    let mut resources = BTreeSet::new();
    for sent in [&*SENT, &*PLAYED] {
        let is_resource = |body: &&str| body.contains("\"resourceType\"");
        let answered = sent.iter().filter_map(|sent| Some(&*sent.answer.as_ref()?.body)).filter(is_resource);
        let asked = sent.iter().map(|sent| &*sent.body).filter(is_resource);
        assert!(asked.clone().count() > 0 && answered.clone().count() > 0, "resources are sent, and answered");
        resources.extend(asked.chain(answered));
    }
    checked_by("resources.py", &resources);
}

#[test]
fn every_text_message_and_answer_is_one_that_telnyx_knows() {
    let mut lines = BTreeSet::new();
    for sent in SENT.iter().chain(&*PLAYED).filter(|sent| sent.url.host_str() == Some("api.telnyx.com")) {
        let of = sent.url.path_segments().and_then(|mut segments| segments.nth(1)).expect("it is a resource of v2");
        let answer = sent.answer.iter().filter(|answer| answer.status < 300).map(|answer| (of, &answer.body));
        let message = [("message", &sent.body)].into_iter().filter(|(_, body)| !body.is_empty());
        for (kind, body) in answer.chain(message) {
            let body: Value = serde_json::from_str(body).expect("it is JSON");
            lines.insert(json!({ kind: body }).to_string());
        }
    }
    for kind in ["message\"", "messages", "detail_records"] {
        assert!(lines.iter().any(|line| line.starts_with(&format!("{{\"{kind}"))), "there is none of {kind}");
    }
    checked_by("telnyx_types.py", &lines.iter().map(String::as_str).collect());
}
