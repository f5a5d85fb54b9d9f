//! The account: what the calls asked for, against what vendors hold and what the records say.

use std::collections::BTreeMap;

use aftercall_core::{
    id::RunId,
    run::{Found, Kind, Run},
};
use aftercall_storage::Sqlite;
use serde_json::Value;
use tokio::process::Command;

use crate::{
    calls::{Call, LISTS},
    world::{PROGRAM, World},
};

/// Complaints that are shown, of many.
const COMPLAINTS_SHOWN: usize = 20;

/// What came of some calls.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Runs that ended well.
    pub(crate) ended: usize,
    /// Effects that calls asked for.
    pub(crate) wanted: usize,
    /// Those of them that vendors hold.
    pub(crate) found: usize,
    /// Those that they hold more than once.
    pub(crate) doubled: usize,
    /// Doubts that were settled by asking a vendor: it had happened.
    pub(crate) happened: usize,
    /// It had not.
    pub(crate) did_not_happen: usize,
    complaints: Vec<String>,
}

impl Account {
    /// Compares what these calls asked for with what is there.
    pub(crate) async fn of(world: &World, accepted: &BTreeMap<Call, RunId>) -> Self {
        let mut account = Self::default();
        account.compare_effects(world, accepted);
        account.compare_runs(&list_runs(world, accepted.len()).await, accepted);
        account.replay(world, accepted).await;
        account
    }

    /// Holds that nothing is missing, doubled or strange.
    pub(crate) fn expect_exact(&self, world: &World, after: &str) {
        let shown: Vec<&String> = self.complaints.iter().take(COMPLAINTS_SHOWN).collect();
        let log = world.log();
        assert!(shown.is_empty(), "after {after}, {} complaints: {shown:#?}\n{log}", self.complaints.len());
        assert_eq!((self.wanted, self.doubled), (self.found, 0), "after {after}");
    }

    fn compare_effects(&mut self, world: &World, accepted: &BTreeMap<Call, RunId>) {
        let mut held = held(world);
        for call in accepted.keys() {
            for (list, count) in world.scenario(*call).expected.counts() {
                assert_eq!(count, 1, "a call asks for one of a kind");
                self.wanted += 1;
                match held.remove(&(list.to_owned(), *call)).unwrap_or_default() {
                    0 => self.complaints.push(format!("{call:?} has nothing in {list}")),
                    times => {
                        self.found += 1;
                        self.doubled += usize::from(times > 1);
                        if times > 1 {
                            self.complaints.push(format!("{call:?} is {times} times in {list}"));
                        }
                    }
                }
            }
        }
        for ((list, call), times) in held {
            self.complaints.push(format!("nobody asked for {call:?} in {list}, {times} times"));
        }
    }

    fn compare_runs(&mut self, listed: &[Value], accepted: &BTreeMap<Call, RunId>) {
        let mut runs: BTreeMap<&str, &Value> = BTreeMap::new();
        for line in listed {
            let run = line["run"].as_str().expect("a run has an identifier");
            if runs.insert(run, line).is_some() {
                self.complaints.push(format!("{run} is listed twice"));
            }
        }
        for (call, run) in accepted {
            match runs.remove(run.as_str()) {
                Some(line) if has_ended_well(line) => self.ended += 1,
                Some(line) => self.complaints.push(format!("{call:?} ended otherwise: {line}")),
                None => self.complaints.push(format!("{call:?} was accepted, and its run {run} isn't there")),
            }
        }
        self.complaints.extend(runs.into_values().map(|line| format!("nobody knows of the run {line}")));
    }

    /// Each run's journal tells a possible story, and how its doubts were settled.
    async fn replay(&mut self, world: &World, accepted: &BTreeMap<Call, RunId>) {
        let reader = Sqlite::open_reader(world.config.store()).expect("the records can be read");
        for run in accepted.values() {
            let Ok(stored) = reader.read(run).await else { continue };
            for event in &stored.journal {
                match &event.kind {
                    Kind::Settled { found: Found::Happened(_), .. } => self.happened += 1,
                    Kind::Settled { found: Found::DidNotHappen, .. } => self.did_not_happen += 1,
                    _ => {}
                }
            }
            if let Err(illegal) = Run::replay(stored.journal) {
                self.complaints.push(format!("{run}: {illegal}"));
            }
        }
    }
}

/// Whether a line of `aftercall runs --format json` is of a run that needs nobody any more.
fn has_ended_well(line: &Value) -> bool {
    line["outcome"] == "completed"
}

/// What `aftercall runs` lists, one more than there should be.
async fn list_runs(world: &World, expected: usize) -> Vec<Value> {
    let mut command = Command::new(PROGRAM);
    command.args(["runs", "--format", "json", "--most", &(expected + 1).to_string(), "--store"]);
    let output = command.arg(world.config.store()).output().await.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it is text");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
}

/// What vendors hold: how many times, by list and call.
fn held(world: &World) -> BTreeMap<(String, Call), u64> {
    let records = serde_json::to_value(world.sandbox.state().records).expect("it serialises");
    let mut held = BTreeMap::new();
    for (list, pointer) in LISTS {
        for record in records.pointer(list).and_then(Value::as_array).expect("the vendor has such a list") {
            let text = record.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let call = Call::of(text).unwrap_or_else(|| panic!("{list} has a record without a number: {record}"));
            let times = times(record);
            if times > 0 {
                *held.entry((list.to_owned(), call)).or_default() += times;
            }
        }
    }
    held
}

/// How often an effect stands in a record. What was there before, in its first version, was changed that often.
fn times(record: &Value) -> u64 {
    let version = record.pointer("/meta/versionId").and_then(Value::as_str);
    version.map_or(1, |version| version.parse::<u64>().expect("versions are numbers") - 1)
}
