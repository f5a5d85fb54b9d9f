//! `kill -9` at every write to the records, and while a vendor or the model holds its answer.
//!
//! The real binary, as a command or as a server, does the work of one call against a world that outlives it. It is
//! killed at one place, started again, and must end as if nothing had been: finished steps are not repeated, each
//! vendor holds each effect once.

use std::{path::Path, pin::pin, process::Stdio};

use aftercall_app::{
    clock::SystemClock,
    demo::{Scenario, Webhook, client, configure, secret, start},
    halt,
};
use aftercall_core::{
    ports::{Clock as _, Spending as _},
    run::{Event, Kind},
    spent::{Day, Spent},
};
use aftercall_sandbox::{Credentials, Point, Sandbox, Service, When};
use aftercall_storage::Sqlite;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::support::{case, cases, plugins};

const SECRETS: [&str; 5] = [
    "OPENAI_API_KEY",
    "MERIDIAN_HUBSPOT_TOKEN",
    "MERIDIAN_SENDGRID_KEY",
    "MERIDIAN_TWILIO_KEY",
    "MERIDIAN_WEBHOOK_KEY",
];

/// A world, and what the binary needs to work in it.
struct Stage {
    scenario: Scenario,
    sandbox: Sandbox,
    credentials: Credentials,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn set() -> Self {
        let mut scenario = case("sales-qualification");
        // The played vendors lag behind nothing: what isn't found wasn't done.
        let tenant = scenario.config.tenants.values_mut().next().expect("it has a tenant");
        for (plugin, lag) in [("crm-hubspot", "search_lag_ms"), ("sms", "list_lag_ms")] {
            let grant = tenant.plugins.get_mut(&plugin.parse().expect("a name")).expect("it is granted");
            grant.settings.as_mut().expect("it has settings")[lag] = 0.into();
        }
        tenant.assistants.values_mut().for_each(|assistant| assistant.retries.pause_ms = 1);
        let (sandbox, credentials) = start(&scenario).await.expect("the world starts");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let config = configure(&scenario, plugins(), &sandbox, &folder.path().join("records.db"));
        let mut config = config.expect("it is configured");
        config.server.listen = "127.0.0.1:0".to_owned();
        let text = toml::to_string(&config).expect("it is TOML");
        std::fs::write(folder.path().join("aftercall.toml"), text).expect("it can be written");
        Self { scenario, sandbox, credentials, folder }
    }

    /// The binary, at work on the call.
    fn run(&self, halt_at: Option<usize>) -> Command {
        let call: &Path = &cases().join(&self.scenario.name).join("call.json");
        let mut command = self.binary("run", halt_at);
        command.arg(call).args(["--format", "json"]);
        command
    }

    /// The binary, serving: the process, and where it listens.
    async fn serve(&self, halt_at: Option<usize>) -> (Child, String) {
        let mut child = self.binary("serve", halt_at).spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).await.expect("it reads");
        let (_, address) = line.trim_end().rsplit_once(' ').expect("it says where it listens");
        (child, address.to_owned())
    }

    /// Posts the call, as its platform does: the status, where there is an answer at all.
    async fn post(&self, address: &str) -> Option<u16> {
        let env = |name: &str| secret(&self.credentials, name);
        let webhook = Webhook::of(&self.scenario.config, &env).expect("it has an endpoint");
        let headers = webhook.headers("msg_1", SystemClock.now(), &self.scenario.call).expect("it can be signed");
        let request = client().expect("a client").post(format!("{address}{}", webhook.path));
        Some(request.headers(headers).body(self.scenario.call.clone()).send().await.ok()?.status().as_u16())
    }

    /// Waits until there is a run, and none that has not ended.
    async fn wait_until_ended(&self) {
        let reader = Sqlite::open_reader(self.folder.path().join("records.db")).expect("it can be read");
        loop {
            let runs = reader.runs(None, 1).await.expect("it reads");
            if runs.first().is_some_and(|run| run.ending.is_some()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn binary(&self, verb: &str, halt_at: Option<usize>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_aftercall"));
        command.arg(verb).arg("--config").arg(self.folder.path().join("aftercall.toml"));
        for name in SECRETS {
            command.env(name, secret(&self.credentials, name).expect("the world has it"));
        }
        if let Some(at) = halt_at {
            command.env(halt::VARIABLE, at.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Starts the binary again and lets it end; compares what it says and what the vendors hold.
    async fn end_and_compare(&self, killed: &str) {
        let output = self.run(None).output().await.expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "killed {killed}: {said}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert_eq!(report["outcome"], "completed", "killed {killed}: {report}");
        let state = serde_json::to_value(self.sandbox.state().records).expect("it serialises");
        for list in ["/hubspot/contacts", "/hubspot/notes", "/sendgrid/contacts", "/twilio/messages"] {
            let held = state.pointer(list).and_then(Value::as_array).expect("the vendor has such a list");
            assert_eq!(held.len(), 1, "killed {killed}: {list}: {held:?}");
        }
        let effects = report["effects"].as_array().expect("a list");
        assert_eq!(effects.len(), 4, "killed {killed}: {report}");
        assert!(effects.iter().all(|effect| effect["receipt"]["id"].is_string()), "killed {killed}: {report}");
        // Only the turn that was interrupted is asked again, and what each used is counted once.
        let asked = self.sandbox.requests().iter().filter(|request| request.service == Service::Model).count();
        let (asked, turns) = (u64::try_from(asked).expect("few"), report["turns"].as_u64().expect("a number"));
        assert!(asked <= turns + 1, "killed {killed}: the model was asked {asked} times for {turns} turns");
        assert_eq!(self.counted().await, (turns, report["usage"]["input_tokens"].as_u64()), "killed {killed}");
    }

    /// The turns and the tokens of requests that the records have counted.
    async fn counted(&self) -> (u64, Option<u64>) {
        let reader = Sqlite::open_reader(self.folder.path().join("records.db")).expect("it can be read");
        let ever = Day::from_number(0)..=Day::from_number(u64::MAX);
        let days = reader.spent(None, ever).await.expect("it reads");
        let spent: Spent = days.iter().map(|day| day.spent).sum();
        (spent.turns, Some(spent.usage.input_tokens))
    }

    /// Waits until the request to end is in the journal, so that what follows comes after it.
    async fn wait_until_cancelled(&self) {
        let reader = Sqlite::open_reader(self.folder.path().join("records.db")).expect("it can be read");
        let run = reader.runs(None, 1).await.expect("it reads").pop().expect("it is under way").run;
        let requested = |event: &Event| matches!(event.kind, Kind::CancelRequested { .. });
        while !reader.read(&run).await.expect("it reads").journal.iter().any(requested) {
            tokio::task::yield_now().await;
        }
    }
}

/// Waits until the process halts: the place's name. None: it ended first.
async fn halted(child: &mut Child) -> Option<String> {
    let stderr = child.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(stderr).lines();
    while let Some(line) = lines.next_line().await.expect("it reads") {
        if line.starts_with("halted at ") {
            return Some(line);
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_write_to_the_records() {
    plugins();
    let mut places = Vec::new();
    for at in 0.. {
        let stage = Stage::set().await;
        let mut child = stage.run(Some(at)).spawn().expect("it starts");
        let Some(place) = halted(&mut child).await else {
            assert!(child.wait().await.expect("it ends").success(), "it ends well when it isn't halted");
            break;
        };
        child.kill().await.expect("it takes a SIGKILL");
        stage.end_and_compare(&place).await;
        places.push(place);
    }
    let named = |part: &str| places.iter().filter(|place| place.contains(part)).count();
    // Four turns of work, and one for the insights.
    assert!(named("before event: reply") == 5 && named("after event: reply") == 5, "{places:#?}");
    assert!(named("before the write's leave") == 4 && named("after the write's leave") == 4, "{places:#?}");
    assert!(named("before the attempt's end") == 4 && named("after the attempt's end") == 4, "{places:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_at_every_write_to_the_records() {
    plugins();
    let mut places = Vec::new();
    for at in 0.. {
        let stage = Stage::set().await;
        let (mut first, address) = stage.serve(Some(at)).await;
        let place = {
            let mut halted = pin!(halted(&mut first));
            // A webhook that isn't answered is sent again, below.
            let posted = tokio::select! {
                place = &mut halted => Err(place),
                status = stage.post(&address) => Ok(status),
            };
            match posted {
                Err(place) => place,
                Ok(status) => {
                    assert_eq!(status, Some(202));
                    tokio::select! {
                        place = &mut halted => place,
                        () = stage.wait_until_ended() => None,
                    }
                }
            }
        };
        first.kill().await.expect("it takes a SIGKILL");
        let Some(place) = place else { break };
        let (mut second, address) = stage.serve(None).await;
        let status = stage.post(&address).await;
        assert!(matches!(status, Some(200 | 202)), "killed {place}: {status:?}");
        stage.wait_until_ended().await;
        second.kill().await.expect("it takes a SIGKILL");
        stage.end_and_compare(&place).await;
        places.push(place);
    }
    assert!(places.len() > 40, "{places:#?}");
    assert!(places.iter().any(|place| place.contains("accept")), "{places:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_somebody_holds_an_answer() {
    plugins();
    for (point, when, name) in [
        (Point::turn(0), When::Before, "while the model thinks"),
        (Point::turn(2), When::Before, "while the model thinks of its third reply"),
        (Point::write(Service::Twilio), When::Before, "after the text left, before the vendor had it"),
        (Point::write(Service::Twilio), When::After, "after the vendor sent the text, before its answer"),
        (Point::write(Service::Hubspot).path("contacts"), When::After, "after the CRM had the lead"),
        (Point::write(Service::Hubspot).path("notes"), When::After, "after the CRM had the note"),
        (Point::write(Service::Sendgrid), When::After, "after the emails had begun"),
    ] {
        let stage = Stage::set().await;
        let held = stage.sandbox.hold(point, when);
        let mut child = stage.run(None).spawn().expect("it starts");
        held.arrived().await;
        child.kill().await.expect("it takes a SIGKILL");
        held.discard().await;
        stage.end_and_compare(name).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn interrupted_while_a_vendor_holds_its_answer() {
    let stage = Stage::set().await;
    let held = stage.sandbox.hold(Point::write(Service::Hubspot).path("notes"), When::After);
    let child = stage.run(None).spawn().expect("it starts");
    held.arrived().await;
    let pid = child.id().expect("it runs").to_string();
    let sent = Command::new("sh").args(["-c", "kill -INT \"$0\"", &pid]).status().await.expect("there is a shell");
    assert!(sent.success());
    stage.wait_until_cancelled().await;
    held.release().await;
    let output = child.wait_with_output().await.expect("it ends");
    assert_eq!(output.status.code(), Some(1), "cancelled is no success");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(report["outcome"], "cancelled", "{report}");
    let done: Vec<&Value> =
        report["effects"].as_array().expect("a list").iter().map(|effect| &effect["tool"]).collect();
    assert_eq!(done, ["upsert_lead", "log_call_summary"], "what was in flight was awaited, and nothing new began");
    assert_eq!(stage.sandbox.records(Service::Twilio)["messages"], serde_json::json!([]));
}
