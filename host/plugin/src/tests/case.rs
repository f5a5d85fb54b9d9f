//! One line of a theme's table, and what is looked at for each.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use aftercall_core::{
    ports::Tools as _,
    tool::{Failure, FailureKind, Finding, LogLine, WriteAnswer},
    usage::Limit,
};
use futures::FutureExt as _;
use serde_json::{Value, json};

use super::world::{World, grant, host, look_at, packed, plugin, reroutes, tenant};
use crate::{
    Grant, InUse, Limits,
    testing::{Events, Records, Vendor, http},
};

/// How much longer than its limits a call may take, on a machine that has other things to do.
const SLACK: Duration = Duration::from_millis(1_500);

/// What a guest is asked for, within which limits, and how that has to end.
pub(super) struct Case {
    pub(super) guest: &'static str,
    ask: Ask,
    limits: Limits,
    arguments: Value,
    rehearsed: bool,
    expected: Expected,
    writes: Vec<WriteAnswer>,
    /// Where it can't be told what is answered in time: how many leave at most.
    writes_max: Option<usize>,
    log: Option<&'static str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ask {
    Install,
    ListTools,
    Call,
    Reconcile,
}

/// How it ends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expected {
    /// The file is refused, with these words.
    Refused(&'static str),
    /// Tools are described: so many.
    Described(usize),
    /// They are not, with these words.
    Undescribed(&'static str),
    /// The call succeeds with a text of so many bytes.
    Returned(usize),
    /// The call succeeds with that text.
    Done(&'static str),
    /// It reaches that limit.
    Stopped(Limit),
    /// The component traps, or breaks the contract, in these words.
    Trapped(&'static str),
    /// It fails by its own word, or by the door's.
    Failed(FailureKind, &'static str),
    /// It is found that.
    Found(Finding),
}

/// The host takes the guest in.
pub(super) fn install(guest: &'static str, expected: Expected) -> Case {
    Case::new(guest, Ask::Install, expected)
}

/// It describes its tools.
pub(super) fn list_tools(guest: &'static str, expected: Expected) -> Case {
    Case::new(guest, Ask::ListTools, expected)
}

/// Its tool is called.
pub(super) fn call(guest: &'static str, expected: Expected) -> Case {
    Case::new(guest, Ask::Call, expected)
}

/// It is asked what became of a call.
pub(super) fn reconcile(guest: &'static str, expected: Expected) -> Case {
    Case::new(guest, Ask::Reconcile, expected)
}

impl Case {
    fn new(guest: &'static str, ask: Ask, expected: Expected) -> Self {
        let limits = Limits { wall_ms_max: 5_000, ..Limits::default() };
        let arguments = json!("vendor.test");
        Self {
            guest,
            ask,
            limits,
            arguments,
            rehearsed: false,
            expected,
            writes: Vec::new(),
            writes_max: None,
            log: None,
        }
    }

    pub(super) fn within(mut self, lower: impl FnOnce(&mut Limits)) -> Self {
        lower(&mut self.limits);
        self
    }

    pub(super) fn with(mut self, arguments: Value) -> Self {
        self.arguments = arguments;
        self
    }

    /// The call is rehearsed.
    pub(super) fn in_a_rehearsal(mut self) -> Self {
        self.rehearsed = true;
        self
    }

    /// What the vendor answered to what left. By default nothing leaves.
    pub(super) fn writing(mut self, writes: &[WriteAnswer]) -> Self {
        self.writes = writes.to_vec();
        self
    }

    /// So many leave at most, and whether they are answered is a matter of time.
    pub(super) fn writing_at_most(mut self, writes: usize) -> Self {
        self.writes_max = Some(writes);
        self
    }

    /// Words that have to be in the log.
    pub(super) fn logging(mut self, words: &'static str) -> Self {
        self.log = Some(words);
        self
    }

    /// How long it may take at most.
    fn longest(&self) -> Duration {
        let waits = matches!(self.expected, Expected::Stopped(Limit::WallTime));
        Duration::from_millis(if waits { self.limits.wall_ms_max } else { self.limits.cpu_ms_max }) + SLACK
    }
}

/// Runs a table against a vendor that accepts whatever it is sent.
pub(super) async fn check_all(cases: Vec<Case>) {
    let mut failed = Vec::new();
    for case in cases {
        // Each has its own: what one call sent may arrive when the next one has begun.
        let vendor = Vendor::answering(http("201 Created", &[], "made")).await;
        // All lines of a table are looked at, whichever fails.
        if AssertUnwindSafe(check(&vendor, &case)).catch_unwind().await.is_err() {
            failed.push(case.guest);
        }
    }
    assert_eq!(failed, [""; 0]);
}

/// Runs one line of a table against a vendor.
pub(super) async fn check(vendor: &Vendor, case: &Case) {
    let guest = case.guest;
    let component = packed(guest);
    let host = host(Limits::default(), reroutes(vendor));
    vendor.requests.clear();
    if let (Ask::Install, Expected::Refused(words)) = (case.ask, &case.expected) {
        let error = look_at(&host, &component).await.expect_err(guest);
        assert_eq!(host.in_use(), InUse::default(), "{guest}");
        return assert_says(guest, &error.to_string(), words);
    }
    let installed = host.install(&component).expect(guest);
    host.grant(tenant(), &Grant { limits: case.limits, ..grant(&installed) }).expect("grants");
    let world = World { host, installed };
    // Compiled beforehand: that takes as long as it takes.
    world.host.ready(&world.installed.digest, &plugin()).expect("installed").code().await.expect(guest);
    let begun = Instant::now();
    let (got, writes, log) = run(&world, case).await;
    let took = begun.elapsed();

    assert!(took <= case.longest(), "{guest}: took {took:?}");
    assert_eq!(world.host.in_use(), InUse::default(), "{guest}: all that it used is given back");
    match case.writes_max {
        Some(max) => assert!((1..=max).contains(&writes.len()), "{guest}: {writes:?}"),
        None => assert_eq!(writes, case.writes, "{guest}: what left"),
    }
    let arrived = vendor.requests.all();
    let arrived = arrived.iter().filter(|request| request.starts_with("POST")).count();
    let answered = writes.iter().filter(|answer| **answer != WriteAnswer::Silent).count();
    assert!((answered..=writes.len()).contains(&arrived), "{guest}: {arrived} arrived, and {writes:?} is known");
    if let Some(words) = case.log {
        assert!(log.iter().any(|line| line.message.contains(words)), "{guest}: {words} is missing in {:?}", log.last());
    }
    match (&got, &case.expected) {
        (Got::Tools(Ok(n)), Expected::Described(expected)) => assert_eq!(n, expected, "{guest}"),
        (Got::Tools(Err(error)), Expected::Undescribed(words)) => assert_says(guest, error, words),
        (Got::Text(Ok(text)), Expected::Done(expected)) => assert_eq!(text, expected, "{guest}"),
        (Got::Text(Ok(text)), Expected::Returned(bytes)) => assert_eq!(text.len(), *bytes, "{guest}"),
        (Got::Finding(Ok(finding)), Expected::Found(expected)) => assert_eq!(finding, expected, "{guest}"),
        (Got::Text(Err(failure)) | Got::Finding(Err(failure)), expected) => assert_fails(guest, failure, expected),
        _ => panic!("{guest}: {got:?} instead of {:?}", case.expected),
    }
}

#[derive(Debug)]
enum Got {
    Tools(Result<usize, String>),
    Text(Result<String, Failure>),
    Finding(Result<Finding, Failure>),
}

async fn run(world: &World, case: &Case) -> (Got, Vec<WriteAnswer>, Vec<LogLine>) {
    let mut invocation = world.invocation(&case.arguments);
    invocation.context.dry_run = case.rehearsed;
    match case.ask {
        Ask::Install => panic!("{}: it installs, instead of {:?}", case.guest, case.expected),
        Ask::ListTools => {
            let tools = world.host.list_tools(&tenant(), &plugin()).await;
            let got = tools.map(|tools| tools.len()).map_err(|error| error.to_string());
            (Got::Tools(got), Vec::new(), Vec::new())
        }
        Ask::Call => {
            let end = world.host.call(&invocation, Records::working(&Events::default())).await;
            (Got::Text(end.result.map(|outcome| outcome.text)), end.writes, end.log)
        }
        Ask::Reconcile => (Got::Finding(world.host.reconcile(&invocation).await), Vec::new(), Vec::new()),
    }
}

fn assert_fails(guest: &str, failure: &Failure, expected: &Expected) {
    let (kind, words) = match *expected {
        Expected::Stopped(limit) => (FailureKind::LimitReached(limit), limit.setting()),
        Expected::Trapped(words) => (FailureKind::Trapped, words),
        Expected::Failed(kind, words) => (kind, words),
        _ => panic!("{guest}: {failure:?} instead of {expected:?}"),
    };
    assert_eq!(failure.kind, kind, "{guest}: {}", failure.message);
    assert_says(guest, &failure.message, words);
}

/// That a message has those words, and is one that can be shown.
fn assert_says(guest: &str, message: &str, words: &str) {
    assert!(message.contains(words), "{guest}: `{words}` is missing in `{message}`");
    assert!(message.len() <= crate::limits::MESSAGE_BYTES_MAX + 200, "{guest}: {} bytes", message.len());
    assert!(!message.contains(char::is_control), "{guest}: {message:?}");
}
