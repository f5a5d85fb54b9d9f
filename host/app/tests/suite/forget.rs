//! Deletion at the command line beside a server, by a tenant's time, and where it is killed.

use std::{
    io::{BufRead as _, BufReader},
    num::NonZeroU32,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use aftercall_app::{
    app::{App, Surroundings},
    demo::secret,
    forgetting::sweep,
    halt,
    progress::Silence,
};
use aftercall_core::{
    cap::DAY_MS,
    forget::Forgotten,
    gate::Skip,
    id::RunIdentity,
    ports::{Accept, Journal as _},
    run::{Decline, Ending, Event, Kind},
    time::Timestamp,
};
use aftercall_storage::Sqlite;
use serde_json::json;

use crate::{
    commands::check,
    served::{Served, call},
    support::case,
};

impl Served {
    async fn run_of(&self, conversation: &str) -> String {
        let answer = self.post_call(&call(conversation)).await;
        let run = answer.json()["run"].as_str().expect("a run").to_owned();
        self.ended(&run, "completed").await;
        run
    }

    /// What somebody types beside it.
    fn says(&self, words: &[&str], status: i32, out: &[&str], err: &[&str]) {
        let store = self.config.store();
        let arguments = [words, &["--store", store.to_str().expect("text")]].concat();
        check(self.folder.path(), &arguments, status, out, err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_deleted_beside_a_server_and_begins_nothing_again() {
    let served = Served::start(|_| {}).await;
    let (run, other) = (served.run_of("c1").await, served.run_of("c2").await);
    served.says(&["forget", &run], 1, &["would delete 1 conversation, 1 run, 1 effect", "--yes"], &[]);
    served.says(&["runs"], 0, &[&run, &other], &[]);
    served.says(&["forget", &run, "--yes"], 0, &["Deleted 1 conversation, 1 run, 1 effect"], &[]);
    served.says(&["logs", &run], 2, &[], &["there is no run"]);
    served.says(&["runs", "cancel", &run, "--reason", "late"], 2, &[], &["there is no run"]);
    assert_eq!(served.get(&format!("/runs/{run}"), Some(("meridian", "demo"))).await.status, 404);

    let again = served.post_call(&call("c1")).await;
    assert_eq!((again.status, &again.json()["status"]), (200, &json!("known")), "{}", again.text);
    assert!(again.json()["detail"].as_str().expect("a text").contains("was deleted"), "{}", again.text);
    assert!(!again.headers.contains_key("location"), "it has no page");
    served.says(&["runs"], 0, &[&other], &[]);
    let metrics = served.get("/metrics", Some(("operator", "demo"))).await.text;
    assert!(metrics.contains("outcome=\"forgotten\"} 1"), "{metrics}");
    assert_eq!(served.texts(), 2, "nothing was sent again");

    served.says(&["forget", "--compact"], 2, &[], &["another engine holds the records"]);
    let meridian = ["forget", "--tenant", "meridian"];
    served.says(
        &[&meridian[..], &["--everything", "--yes"]].concat(),
        0,
        &["1 conversation, 1 run, 1 effect, 1 con"],
        &[],
    );
    served.says(&["runs"], 0, &["No runs yet."], &[]);
    let bytes = std::fs::read(served.config.store()).expect("it reads");
    assert!(!bytes.windows(12).any(|bytes| bytes == b"12 Quay Road"), "nothing of it is left in the file");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_deleted_is_named_well() {
    let served = Served::start(|_| {}).await;
    let run = served.run_of("c1").await;
    let meridian = |words: &[&'static str]| [&["forget", "--tenant", "meridian"], words].concat();
    for (words, status, out, err) in [
        (vec!["forget"], 2, "", "required"),
        (vec!["forget", "--tenant", "meridian"], 2, "", "required"),
        (vec!["forget", "--conversation", "c1"], 2, "", "--tenant"),
        (vec!["forget", &run, "--tenant", "meridian"], 2, "", "cannot be used with"),
        (vec!["forget", "run_0"], 2, "", "there is no run `run_0`"),
        (vec!["forget", "--tenant", "meridan", "--everything"], 2, "", "did you mean `meridian`?"),
        (meridian(&["--conversation", "c9"]), 2, "", "nothing is kept of a conversation `c9` of tenant meridian"),
        (meridian(&["--conversation", "c1", "--platform", "vapi"]), 2, "", "nothing is kept of a conversation"),
        (meridian(&["--conversation", "c1", "--platform", "native"]), 1, "1 conversation, 1 run", ""),
        (meridian(&["--conversation", "c1"]), 1, "1 conversation, 1 run", ""),
        (meridian(&["--ended-before", "2026-02-31"]), 2, "", "no date: write 2026-01-31"),
        (meridian(&["--ended-before", "9026-01-31"]), 2, "", "lies in the future"),
        (meridian(&["--ended-before", "2020-01-31", "--yes"]), 0, "There is nothing to delete.", ""),
        (meridian(&["--everything"]), 1, "1 conversation, 1 run, 1 effect, 1 consent", ""),
    ] {
        served.says(&words, status, &[out], &[err]);
    }
    served.says(&["runs"], 0, &[&run], &[]);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_long_enough_is_swept() {
    let served = Served::start(|config| {
        let tenant = config.tenants.get_mut(&"meridian".parse().expect("a name")).expect("it is there");
        tenant.retention_days = NonZeroU32::new(2);
    })
    .await;
    let run = served.run_of("c1").await;
    let Served { config, credentials, stop, serving, folder, .. } = served;
    drop(stop);
    serving.await.expect("it does not panic").expect("it ends well");
    let env = |name: &str| secret(&credentials, name);
    let app = App::build(config, Surroundings::new(&env, Arc::new(Silence))).await.expect("it is built");
    let stored = app.read(&app.runs(None, 9).await.expect("a list")[0].run).await.expect("a run");
    assert_eq!(stored.identity.run().as_str(), run);
    let ended = stored.journal.last().expect("it has ended").at;
    let one = Forgotten { conversations: 1, runs: 1, effects: 1, ..Forgotten::default() };
    for (after_ms, expected) in
        [(DAY_MS, Forgotten::default()), (2 * DAY_MS, Forgotten::default()), (2 * DAY_MS + 1, one)]
    {
        assert_eq!(sweep(&app, ended.plus_ms(after_ms)).await, Ok(expected), "{after_ms} ms after its end");
    }
    assert_eq!(app.runs(None, 9).await, Ok(vec![]));
    drop(folder);
}

/// Killed before a part or after it, the records have each conversation whole or not at all, and what is left goes the next
/// time.
#[tokio::test]
async fn a_deletion_that_is_killed_leaves_whole_conversations() {
    for (halt_at, left) in [(0, 40), (1, 24), (2, 24), (3, 8), (5, 0)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = folder.path().join("records.db");
        many_that_ended(&store, 40).await;
        let words = ["forget", "--tenant", "acme", "--ended-before", "2020-01-31", "--yes", "--store", "records.db"];
        let mut process = Command::new(env!("CARGO_BIN_EXE_aftercall"))
            .current_dir(folder.path())
            .args(words)
            .env(halt::VARIABLE, halt_at.to_string())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = String::new();
        BufReader::new(process.stderr.take().expect("it is piped")).read_line(&mut said).expect("it reads");
        assert!(said.starts_with(&format!("halted at {halt_at}: ")), "{said}");
        process.kill().expect("it is there");
        process.wait().expect("it ends");
        let reader = Sqlite::open_reader(&store).expect("it can be read");
        let runs = reader.runs(None, 99).await.expect("a list");
        for line in &runs {
            assert_eq!(reader.read(&line.run).await.expect("it is whole").journal.len(), 1);
        }
        assert_eq!(runs.len(), left, "killed at {halt_at}");
        let (status, out, err) = if left > 0 { (0, "Deleted ", "") } else { (2, "", "nothing is kept of a tenant") };
        check(folder.path(), &words, status, &[out], &[err]);
    }
}

/// Records with so many conversations that ended in 1970.
async fn many_that_ended(store: &Path, conversations: u32) {
    let (records, _) = Sqlite::open(store).expect("it is made");
    let parsed = aftercall_intake::parse(&case("answer-lost").call).expect("it reads").conversation;
    let at = Timestamp::from_millis(1);
    let reason = Skip::Voicemail;
    for number in 0..conversations {
        let identity = RunIdentity {
            tenant: "acme".parse().expect("a name"),
            platform: parsed.platform.clone(),
            conversation: format!("c{number}"),
            revision: 0,
        };
        let accept = Accept {
            identity,
            at,
            raw: b"raw".to_vec(),
            conversation: parsed.clone(),
            first: Event { at, kind: Kind::Declined(Decline::Skipped { reason: reason.clone() }) },
            ending: Some(Ending::Skipped { reason: reason.clone() }),
            seeds: Vec::new(),
        };
        records.accept(&accept).await.expect("accepted");
    }
}
