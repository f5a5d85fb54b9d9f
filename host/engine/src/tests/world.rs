//! A world in memory whose every step is a place where the engine can die.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map},
    future::pending,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use aftercall_core::{
    assistant::Jitter,
    cap::Of,
    conversation::{Dialect, Opaque, ToolCall},
    effect::EffectKey,
    id::{PluginName, RunId, Tenant},
    json::Json,
    ledger::{self, Begin, Change, Decision, Entry, Fence},
    model::{self, Finish, Reply, TurnRequest, Usage},
    ports::{
        Accept, Acceptance, Append, Asked, Chance, Clock, DayBudgets, EffectOf, Grants, InterventionNumber, Journal,
        Ledger, Model, RecordsError, RunLine, StoredRun, Tools, Unfinished, WriteRecord,
    },
    run::{Event, Intervention, Run, Standing},
    spent::{Day, UsedUp},
    terms::Terms,
    time::Timestamp,
    tool::{AttemptEnd, Effect, Failure, FailureKind, Finding, Invocation, Outcome, Receipt, WriteAnswer},
};
use async_trait::async_trait;
use tokio::sync::Notify;

use crate::Observer;

/// One line of the model: the tools that it calls, each with its `n` behind it unless that is 1.
pub(super) type Line = &'static [&'static str];

pub(super) struct World {
    lines: Vec<Line>,
    die_at: Option<usize>,
    died: Notify,
    began: tokio::time::Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    points: usize,
    fence: u64,
    runs: BTreeMap<RunId, StoredRun>,
    standings: BTreeMap<RunId, Standing>,
    /// What was asked of which runs.
    asked: Vec<(RunId, Asked)>,
    asked_ever: u64,
    /// What the model says when it closes.
    account: Option<String>,
    ledger: BTreeMap<EffectKey, Entry>,
    /// The tool of each effect.
    effects: BTreeMap<EffectKey, String>,
    /// What the tenant's grant says of a tool. Nothing: it may be used as it is.
    terms: BTreeMap<String, Option<Terms>>,
    /// What it says of the tool once an effect is in doubt.
    narrower: BTreeMap<String, Option<Terms>>,
    /// What the vendors have done: the tool and the key of each effect.
    vendors: Vec<(String, EffectKey)>,
    /// Those that aren't what was asked for.
    otherwise: BTreeSet<EffectKey>,
    /// How each next attempt of a tool goes wrong.
    faults: BTreeMap<String, Vec<Fault>>,
    asks: usize,
    /// The day of which the tenant has used up all.
    used_up: Option<Day>,
    reconciled: usize,
    /// What was asked about: the arguments, and since when nothing of it left.
    in_question: Vec<(String, Timestamp)>,
    slow: Slow,
    /// How far the clock was set back.
    set_back_ms: u64,
}

/// What takes its time, in milliseconds.
#[derive(Default)]
pub(super) struct Slow {
    /// Each next question to the ledger whether an attempt may begin, on its way there.
    pub(super) begins_ms: VecDeque<u64>,
    /// A tool, before it writes.
    pub(super) works_ms: u64,
    /// Each next answer of a vendor that was asked about a doubt, on its way back.
    pub(super) answers_ms: VecDeque<u64>,
}

/// What goes wrong in an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fault {
    /// The vendor answers 429: certain, and worth another attempt.
    Busy,
    /// The vendor does the work and its answer is lost.
    AnswerLost,
    /// The same, and what the vendor has in the end isn't what was asked for.
    DoneOtherwise,
    /// The request is lost before the vendor sees it.
    RequestLost,
}

impl World {
    pub(super) fn new(lines: &[Line], die_at: Option<usize>) -> Arc<Self> {
        Arc::new(Self {
            lines: lines.to_vec(),
            die_at,
            died: Notify::new(),
            began: tokio::time::Instant::now(),
            state: Mutex::default(),
        })
    }

    pub(super) fn fault(&self, tool: &str, faults: &[Fault]) {
        self.state().faults.insert(tool.to_owned(), faults.to_vec());
    }

    pub(super) fn slow(&self, slow: Slow) {
        self.state().slow = slow;
    }

    /// Sets the clock back, to when the world began at most.
    pub(super) fn set_back(&self, ms: u64) {
        self.state().set_back_ms = ms;
    }

    /// Changes what the tenant's grant says of a tool. None: it isn't granted any more.
    pub(super) fn set_terms(&self, tool: &str, terms: Option<Terms>) {
        self.state().terms.insert(tool.to_owned(), terms);
    }

    /// Changes it in the moment in which an effect of the tool has come into doubt.
    pub(super) fn narrow_when_in_doubt(&self, tool: &str, terms: Option<Terms>) {
        self.state().narrower.insert(tool.to_owned(), terms);
    }

    /// A new engine takes the records over.
    pub(super) fn next_fence(&self) -> Fence {
        let mut state = self.state();
        state.fence += 1;
        Fence(state.fence)
    }

    pub(super) async fn died(&self) {
        self.died.notified().await;
    }

    pub(super) fn reached(&self) -> bool {
        self.die_at.is_some_and(|at| self.state().points > at)
    }

    pub(super) fn vendors(&self) -> Vec<String> {
        self.state().vendors.iter().map(|(tool, _)| tool.clone()).collect()
    }

    pub(super) fn asks(&self) -> usize {
        self.state().asks
    }

    /// The questions that the tool was asked about its effects.
    pub(super) fn in_question(&self) -> Vec<(String, Timestamp)> {
        self.state().in_question.clone()
    }

    /// The vendor has done this, whoever asked for it.
    pub(super) fn do_at_vendor(&self, tool: &str, key: EffectKey) {
        self.state().vendors.push((tool.to_owned(), key));
    }

    /// Nobody knows any more what the newest attempt was given, as in records of before that was kept.
    pub(super) fn lose_arguments(&self, key: &EffectKey) {
        self.state().ledger.get_mut(key).expect("it was begun").in_question = None;
    }

    /// The tenant has used up all that it may use today.
    pub(super) fn use_up_the_day(&self) {
        self.state().used_up = Some(Day::of(self.now()));
    }

    /// A place where the engine can die: it goes no further than the chosen one, once.
    async fn point(&self) {
        let reached = {
            let mut state = self.state();
            state.points += 1;
            Some(state.points - 1)
        };
        if reached == self.die_at {
            self.died.notify_one();
            pending::<()>().await;
        }
    }

    /// Somebody asks something of a run.
    pub(super) fn ask(&self, run: &RunId, what: Intervention) {
        self.ask_at(self.now(), run, what);
    }

    /// The same, at some time before.
    pub(super) fn ask_at(&self, at: Timestamp, run: &RunId, what: Intervention) {
        let mut state = self.state();
        state.asked_ever += 1;
        let number = InterventionNumber(state.asked_ever);
        state.asked.push((run.clone(), Asked { number, at, what }));
    }

    /// The records know nothing of where runs stand, as those of an older version.
    pub(super) fn forget_standings(&self) {
        self.state().standings.clear();
    }

    /// What has been asked and not been done.
    pub(super) fn open_questions(&self) -> usize {
        self.state().asked.len()
    }

    /// What the model says when it closes.
    pub(super) fn set_account(&self, account: &str) {
        self.state().account = Some(account.to_owned());
    }

    /// The runs that aren't left to a person, each with its instant.
    fn unfinished(&self) -> Vec<(Timestamp, Unfinished)> {
        let state = self.state();
        let unfinished = |(run, stored): (&RunId, &StoredRun)| {
            let standing = state.standings.get(run).copied().unwrap_or(Standing::Working);
            Some((standing.wake_at()?, Unfinished { run: run.clone(), tenant: stored.identity.tenant.clone() }))
        };
        state.runs.iter().filter_map(unfinished).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the lock")
    }
}

#[async_trait]
impl Journal for World {
    async fn accept(&self, accept: &Accept) -> Result<Acceptance, RecordsError> {
        let mut state = self.state();
        let btree_map::Entry::Vacant(free) = state.runs.entry(accept.identity.run()) else {
            return Ok(Acceptance::Known);
        };
        free.insert(StoredRun {
            identity: accept.identity.clone(),
            accepted_at: accept.at,
            conversation: accept.conversation.clone(),
            journal: vec![accept.first.clone()],
        });
        Ok(Acceptance::New)
    }

    async fn read(&self, run: &RunId) -> Result<StoredRun, RecordsError> {
        self.state().runs.get(run).cloned().ok_or_else(|| RecordsError::NoSuchRun(run.to_string()))
    }

    async fn append(&self, fence: Fence, append: &Append<'_>) -> Result<(), RecordsError> {
        self.point().await;
        {
            let mut state = self.state();
            assert_eq!(fence.0, state.fence, "a dead engine appends nothing");
            let run = state.runs.get_mut(append.run).expect("the run was accepted");
            assert_eq!(u64::try_from(run.journal.len()), Ok(append.seq), "events come in order");
            run.journal.push(append.event.clone());
            state.standings.insert(append.run.clone(), append.standing);
            state.asked.retain(|(_, asked)| Some(asked.number) != append.does);
        }
        self.point().await;
        Ok(())
    }

    async fn due(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Unfinished>, RecordsError> {
        Ok(self.unfinished().into_iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, run)| run).collect())
    }

    async fn next_due(&self, from: Timestamp) -> Result<Option<Timestamp>, RecordsError> {
        Ok(self.unfinished().into_iter().map(|(at, _)| at).filter(|at| *at >= from).min())
    }

    async fn stand(&self, _: Fence, run: &RunId, standing: Standing) -> Result<(), RecordsError> {
        self.state().standings.insert(run.clone(), standing);
        Ok(())
    }

    async fn asked_of(&self) -> Result<Vec<Unfinished>, RecordsError> {
        Ok(Vec::new())
    }

    async fn asked(&self, run: &RunId) -> Result<Vec<Asked>, RecordsError> {
        let state = self.state();
        Ok(state.asked.iter().filter(|(of, _)| of == run).map(|(_, asked)| asked.clone()).collect())
    }

    async fn decline(&self, _: Fence, number: InterventionNumber) -> Result<(), RecordsError> {
        self.state().asked.retain(|(_, asked)| asked.number != number);
        Ok(())
    }

    async fn runs(&self, _: Option<&Tenant>, _: u32) -> Result<Vec<RunLine>, RecordsError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Ledger for World {
    async fn begin(&self, effect: &EffectOf, begin: &Begin) -> Result<Decision, RecordsError> {
        let ms = self.state().slow.begins_ms.pop_front();
        pause(ms.unwrap_or_default()).await;
        self.point().await;
        let decision = {
            let mut state = self.state();
            let counts = |key: &&EffectKey| **key != effect.key && state.ledger[*key].counts();
            // All effects of a world are of one run, on one contact, and within a day.
            let used_up = begin.caps.iter().find(|cap| {
                let of_tool = |tool: &&String| cap.of == Of::Plugin || **tool == effect.tool;
                let known = state.effects.iter().filter(|(key, tool)| counts(key) && of_tool(tool)).count();
                u32::try_from(known).is_ok_and(|known| known >= cap.most)
            });
            let (decision, entry) = ledger::begin(state.ledger.get(&effect.key), begin, used_up.copied());
            if let Some(entry) = entry {
                state.effects.insert(effect.key.clone(), effect.tool.clone());
                state.ledger.insert(effect.key.clone(), entry);
            }
            decision
        };
        self.point().await;
        Ok(decision)
    }

    async fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, RecordsError> {
        Ok(self.state().ledger.get(key).cloned())
    }

    async fn change(&self, key: &EffectKey, fence: Fence, change: &Change) -> Result<(), RecordsError> {
        self.point().await;
        {
            let mut state = self.state();
            let entry = state.ledger.get_mut(key).expect("only what began changes");
            *entry =
                ledger::change(entry, fence, change).map_err(|why| RecordsError::Ledger { key: key.clone(), why })?;
        }
        self.point().await;
        Ok(())
    }
}

impl Grants for World {
    fn terms(&self, _: &Tenant, _: &PluginName, tool: &str) -> Option<Arc<Terms>> {
        self.state().terms.get(tool).cloned().unwrap_or_else(|| Some(Terms::default())).map(Arc::new)
    }
}

#[async_trait]
impl DayBudgets for World {
    async fn used_up(&self, _: &Tenant, now: Timestamp) -> Result<Option<UsedUp>, RecordsError> {
        let is_used_up = self.state().used_up == Some(Day::of(now));
        Ok(is_used_up.then_some(UsedUp::Tokens { used: 1, most: 1 }))
    }
}

#[async_trait]
impl Model for World {
    async fn turn(&self, request: &TurnRequest<'_>) -> Result<Reply, model::Failure> {
        self.point().await;
        self.state().asks += 1;
        let (line, account) = (self.lines[request.exchanges.len()], self.state().account.clone());
        let call = |(index, line): (usize, &&str)| {
            let (name, n) = line.split_once(' ').unwrap_or((line, "1"));
            ToolCall { id: format!("c{index}"), name: name.to_owned(), arguments: format!(r#"{{"n":{n}}}"#) }
        };
        let reply = Reply {
            text: account.filter(|_| line.is_empty()),
            calls: line.iter().enumerate().map(call).collect(),
            finish: Finish::Stop,
            usage: Usage::default(),
            message: Opaque { dialect: Dialect::OpenaiChat, data: Json::parse("{}").expect("JSON") },
        };
        self.point().await;
        Ok(reply)
    }
}

#[async_trait]
impl Tools for World {
    async fn call(&self, invocation: &Invocation, door: Arc<dyn WriteRecord>) -> AttemptEnd {
        self.point().await;
        if invocation.context.deadline <= self.now() {
            return AttemptEnd::of(Err(Failure::new(FailureKind::Unavailable, "its time was over")), &[]);
        }
        let fault = {
            let mut state = self.state();
            let faults = state.faults.entry(invocation.tool.clone()).or_default();
            if faults.is_empty() { None } else { Some(faults.remove(0)) }
        };
        let end = AttemptEnd::of;
        let failed = |kind| Err(Failure::new(kind, "it went wrong"));
        if !invocation.effect.writes() {
            return end(Ok(outcome(&invocation.tool)), &[]);
        }
        let ms = self.state().slow.works_ms;
        pause(ms).await;
        if let Err(error) = door.write_leaves().await {
            return end(Err(Failure::new(FailureKind::NotRunnable, error.to_string())), &[]);
        }
        match fault {
            Some(Fault::Busy) => return end(failed(FailureKind::RateLimited), &[WriteAnswer::Refused]),
            Some(Fault::RequestLost) => return end(failed(FailureKind::Unavailable), &[WriteAnswer::Silent]),
            Some(Fault::AnswerLost | Fault::DoneOtherwise) | None => {}
        }
        self.point().await;
        {
            let mut state = self.state();
            let effect = (invocation.tool.clone(), invocation.context.key.clone());
            let repeated = invocation.effect == Effect::Idempotent && state.vendors.contains(&effect);
            if !repeated {
                state.vendors.push(effect);
            }
        }
        self.point().await;
        if fault == Some(Fault::DoneOtherwise) {
            self.state().otherwise.insert(invocation.context.key.clone());
        }
        match fault {
            Some(Fault::AnswerLost | Fault::DoneOtherwise) => {
                let narrower = self.state().narrower.remove(&invocation.tool);
                if let Some(terms) = narrower {
                    self.set_terms(&invocation.tool, terms);
                }
                end(failed(FailureKind::Unavailable), &[WriteAnswer::Silent])
            }
            _ => end(Ok(outcome(&invocation.tool)), &[WriteAnswer::Accepted]),
        }
    }

    async fn reconcile(&self, invocation: &Invocation) -> Result<Finding, Failure> {
        self.point().await;
        if invocation.context.deadline <= self.now() {
            return Err(Failure::new(FailureKind::Unavailable, "the deadline had passed"));
        }
        let (finding, ms) = {
            let mut state = self.state();
            state.reconciled += 1;
            let quiet_since = invocation.context.quiet_since.expect("it is asked about a doubt");
            let asked = (invocation.arguments.as_str().to_owned(), quiet_since);
            state.in_question.push(asked);
            let effect = (invocation.tool.clone(), invocation.context.key.clone());
            let finding = match (state.vendors.contains(&effect), state.reconciled % 2) {
                // A search index that lags: the first answer is never the last word.
                (_, 1) => Finding::Unknown { ask_again_ms: Some(10) },
                (true, _) if state.otherwise.contains(&invocation.context.key) => {
                    Finding::HappenedOtherwise(outcome(&invocation.tool))
                }
                (true, _) => Finding::Happened(outcome(&invocation.tool)),
                (false, _) => Finding::DidNotHappen,
            };
            (finding, state.slow.answers_ms.pop_front())
        };
        pause(ms.unwrap_or_default()).await;
        Ok(finding)
    }
}

async fn pause(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}

pub(super) fn outcome(tool: &str) -> Outcome {
    let receipt = Receipt { id: format!("receipt of {tool}"), kind: "thing".into(), url: None };
    Outcome { text: "done".into(), data: None, receipts: vec![receipt] }
}

/// A clock that goes with tokio's, which tests pause.
impl Clock for World {
    fn now(&self) -> Timestamp {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).expect("a test is short");
        Timestamp::from_millis(elapsed.saturating_sub(self.state().set_back_ms))
    }
}

impl Chance for World {
    fn jitter(&self) -> Jitter {
        Jitter::new(500)
    }
}

impl Observer for World {
    fn happened(&self, _: &RunId, _: &Event, _: &Run) {}
}
