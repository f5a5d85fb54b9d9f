//! `tests/twice/sets/`: every writing tool at every vendor, as whole runs of components through the host. The answer to each
//! of a tool's writes is lost, one in each run, after the vendor did the work; the run ends well, and the vendor has the
//! effect once. (`tests/twice` disturbs the same cases in more ways, without components.)

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use aftercall_app::{
    app::{App, Surroundings},
    config::Config,
    demo::{Plugins, Scenario, build_plugins, configure, project, secret, start},
    prepare::Call as Posted,
    progress::Silence,
    report::Report,
};
use aftercall_core::{
    credential::{CredentialSlot, Need, Part},
    egress::Access as Granted,
    manifest::Manifest,
    run::{AttemptResult, Event, Kind, Run},
};
use aftercall_sandbox::{Access, Fault, Point, Rule, Service, When};
use aftercall_twice_set::{self as set, Case, Set};
use serde_json::{Value, json};

use crate::support::cases;

/// What came of a run.
struct Played {
    outcome: String,
    /// What failed on the way, in the tool's words.
    failures: Vec<String>,
    /// How many writes the set's vendor was asked for.
    writes: u32,
    records: Value,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_effect_happens_once_through_the_host() {
    let mut plugins = Plugins::new();
    let mut wrong = Vec::new();
    for set in set::all().into_iter().map(|set| set.with_lag(0)) {
        for case in &set.cases {
            let told = format!("{}: {} {}", set.name, case.tool, case.arguments);
            wrong.extend(check(&set, case, &mut plugins).await.into_iter().map(|why| format!("{told}\n    {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn check(set: &Set, case: &Case, plugins: &mut Plugins) -> Vec<String> {
    let before: Vec<(&str, &Value)> = case.before.iter().map(|call| (call.tool.as_str(), &call.arguments)).collect();
    let mut calls = before.clone();
    calls.push((&case.tool, &case.arguments));
    let first = match before.is_empty() {
        true => 0,
        false => play(set, &before, None, plugins).await.writes,
    };
    let plain = play(set, &calls, None, plugins).await;
    let mut wrong = differences(case, &plain);
    if plain.writes <= first {
        wrong.push("it writes nothing".to_owned());
    }
    for skip in first..plain.writes {
        let played = play(set, &calls, Some(skip), plugins).await;
        wrong.extend(differences(case, &played).into_iter().map(|why| format!("write {skip} in doubt: {why}")));
    }
    wrong
}

fn differences(case: &Case, played: &Played) -> Vec<String> {
    let mut wrong = Vec::new();
    if played.outcome != "completed" {
        wrong.push(format!("it ended as {}: {}", played.outcome, played.failures.join("; ")));
    }
    wrong.extend(case.effect.iter().filter_map(|held| held.missed(&played.records)));
    wrong
}

/// Plays a run of these calls, one a turn. The answer to the vendor's write after so many is lost.
async fn play(set: &Set, calls: &[(&str, &Value)], lost: Option<u32>, plugins: &mut Plugins) -> Played {
    let scenario = scenario(set, calls, lost);
    build_plugins(&scenario.config, plugins).expect("the plugin builds");
    let (sandbox, credentials) = start(&scenario).await.expect("the world starts");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = configure(&scenario, plugins, &sandbox, &folder.path().join("records.db"));
    let env = |name: &str| secret(&credentials, name);
    let app = App::build(config.expect("it is configured"), Surroundings::new(&env, Arc::new(Silence))).await;
    let app = app.unwrap_or_else(|error| panic!("{}: {error:?}", set.name));
    let parsed = aftercall_intake::parse(&scenario.call).expect("it reads");
    let call = Posted { raw: &scenario.call, parsed, tenant: None, assistant: None, revision: 0 };
    let run = app.accept(&app.prepare(call).expect("somebody takes it")).await.expect("it is accepted").run;
    app.drive(&run, std::future::pending()).await.expect("it is driven");
    let journal = app.read(&run).await.expect("it reads").journal;
    let failures = journal.iter().filter_map(failure).collect();
    let report = Report::of(&set.name, &run, &Run::replay(journal).expect("a possible story"));
    let requests = sandbox.requests();
    let is_struck = requests.iter().any(|request| request.fault.is_some());
    assert_eq!(is_struck, lost.is_some(), "{}: {calls:?}", set.name);
    let writes = requests.iter().filter(|it| it.service == set.service && it.access == Access::Write).count();
    let records = serde_json::to_value(sandbox.state().records).expect("it serialises");
    sandbox.shutdown().await;
    Played { outcome: report.outcome, failures, writes: u32::try_from(writes).expect("few"), records }
}

fn failure(event: &Event) -> Option<String> {
    let Kind::Attempted { outcome, .. } = &event.kind else { return None };
    match &outcome.result {
        AttemptResult::Failed(failure) | AttemptResult::InDoubt(failure) => Some(failure.message.clone()),
        _ => None,
    }
}

fn scenario(set: &Set, calls: &[(&str, &Value)], lost: Option<u32>) -> Scenario {
    let mut lines: Vec<Value> =
        calls.iter().map(|(name, arguments)| json!({ "calls": [{ "name": name, "arguments": arguments }] })).collect();
    lines.push(json!({ "text": "Done." }));
    let script = json!({ "scenes": [{ "name": "twice", "lines": lines }] });
    let fault =
        |skip| Rule { point: Point::write(set.service).skip(skip), fault: Fault::Drop { when: When::After }, times: 1 };
    let expected = json!({ "outcome": "completed", "turns": calls.len() + 1, "effects": [], "vendors": [] });
    let path = project().expect("tests run where the sources are").join("tests/twice/aftercall.toml");
    let text = toml::to_string(&configuration(set, calls)).expect("it is TOML");
    Scenario {
        name: set.name.clone(),
        earlier: None,
        call: fs::read(cases().join("answer-lost/call.json")).expect("the case has a call"),
        config: Config::parse(&text, &path).unwrap_or_else(|error| panic!("{}: {error}", set.name)),
        script: serde_json::from_value(script).expect("it is a script"),
        seeds: set.seeds.clone(),
        faults: lost.map(fault).into_iter().collect(),
        expected: serde_json::from_value(expected).expect("it is an expectation"),
    }
}

/// A tenant who grants what the plugin asks for at this vendor.
fn configuration(set: &Set, calls: &[(&str, &Value)]) -> Value {
    let folder = project().expect("tests run where the sources are").join("plugins").join(&set.plugin);
    let manifest = fs::read_to_string(folder.join("plugin.toml")).expect("the plugin has a manifest");
    let manifest: Manifest = toml::from_str(&manifest).expect("it is a manifest");
    let (mut read, mut write, mut credentials) =
        (Vec::new(), set.writes.iter().map(ToString::to_string).collect::<Vec<_>>(), BTreeMap::new());
    // Rules for any host are for vendors of tenants' own, and not for those that the manifest names.
    let is_named =
        manifest.egress.iter().any(|asked| asked.rule.to_string().contains(&format!("//{}/", set.service.host())));
    for asked in &manifest.egress {
        if is_named && asked.rule.to_string().contains("//*/") {
            continue;
        }
        let Some(rule) = at_host(&asked.rule.to_string(), set.service.host()) else { continue };
        match asked.access.at_least() {
            Granted::Write => write.push(rule),
            Granted::Read => read.push(rule),
        }
        if let Some(slot) = &asked.credential {
            credentials.entry(slot.clone()).or_insert_with(|| credential(&manifest.credentials[slot], set.service));
        }
    }
    let tools: BTreeSet<String> = calls.iter().map(|(tool, _)| format!("{}/{tool}", set.plugin)).collect();
    let mut grant =
        json!({ "settings": set.settings, "credentials": credentials, "egress": { "read": read, "write": write } });
    if manifest.state {
        grant["state"] = json!({});
    }
    let assistant = json!({
        "platform_ids": ["asst_front_desk"],
        "tools": tools,
        "instructions": "## Post-conversation steps\n\nDo what the caller was promised.\n",
        "retries": { "attempts_max": 3, "pause_ms": 1, "pause_ms_max": 5 },
    });
    json!({
        "models": { "gpt-4.1": { "base_url": "https://api.openai.com/v1", "key": { "env": "OPENAI_API_KEY" } } },
        "plugins": { &set.plugin: { "component": format!("{}.wasm", set.plugin) } },
        "tenants": { "meridian": { "plugins": { &set.plugin: grant }, "assistants": { "sam": assistant } } },
    })
}

/// A rule for this host alone, where it is for it at all.
fn at_host(rule: &str, host: &str) -> Option<String> {
    let (methods, address) = rule.split_once(" https://")?;
    let (of, path) = address.split_once('/')?;
    let fits = of == host || of == "*" || of.strip_prefix('*').is_some_and(|below| host.ends_with(below));
    fits.then(|| format!("{methods} https://{host}/{path}"))
}

fn credential(slot: &CredentialSlot, service: Service) -> Value {
    if let Some(ask) = slot.kind.token_request() {
        let key =
            project().expect("tests run where the sources are").join("host/plugin/src/credential/testdata/rsa.pem");
        let of_clinic = || format!("https://{}/oauth2/token", Service::FhirLogin.host());
        let mut parts = json!({
            // By naming it, a tenant consents to where the key's signatures go.
            "token_url": ask.token_url.as_ref().map_or_else(of_clinic, ToString::to_string),
            "client_id": "northwind",
            "key_id": "northwind-1",
            "private_key": { "file": key },
        });
        if slot.kind.needs(Part::Subject) != Need::None {
            parts["subject"] = "assistant@northwind.example".into();
        }
        return parts;
    }
    let name = match service {
        Service::Hubspot => "HUBSPOT_TOKEN",
        Service::Twilio => "TWILIO_KEY",
        Service::Caldav => "CALDAV_LOGIN",
        Service::Sendgrid => "SENDGRID_KEY",
        Service::Pagerduty => "PAGERDUTY_KEY",
        Service::Zendesk => "ZENDESK_KEY",
        Service::Business => "BUSINESS_TOKEN",
        Service::Telnyx => "TELNYX_KEY",
        Service::Jira | Service::JiraAlerts => "JIRA_KEY",
        Service::Slack => "SLACK_TOKEN",
        other => panic!("no plugin has a secret for {}", other.host()),
    };
    let name = format!("MERIDIAN_{name}");
    match slot.by_host {
        true => json!([{ "host": service.host(), "env": name }]),
        false => json!({ "env": name }),
    }
}
