//! An attempt at a tool call: schema, bindings, constraints, ledger, component, ledger.

use std::sync::Arc;

use aftercall_core::{
    binding, cap,
    effect::{Arguments, EffectKey},
    json::Json,
    ledger::{Begin, Change, Decision, Entry, Fence, Verdict, verdict},
    ports::{EffectOf, Ledger, RecordsError, WriteRecord},
    run::{Attempt, AttemptResult, CallId, PinnedTool},
    schema,
    terms::Terms,
    tool::{CapturedWrite, Failure, FailureKind, LogLevel, LogLine},
    usage::Used,
};
use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::{
    Doubt, EffectSoFar, Step,
    hold::{Gate, Hold},
};

/// What came of the wish to make an attempt.
pub(super) enum Tried {
    /// It ended.
    Ended(Attempt),
    /// It has to wait first.
    Held(Hold),
}

impl Step {
    pub(super) async fn attempt(&self, call: CallId) -> Result<Tried, RecordsError> {
        let (tool, written) = self.called(call);
        let began_at = self.clock.now();
        let attempt = |result, tries, key, told: Told| {
            let Told { log, captured, usage } = told;
            let jitter = self.ports.chance.jitter();
            Tried::Ended(Attempt { began_at, key, tries, result, log, jitter, captured, usage })
        };
        let failed = |failure| attempt(AttemptResult::Failed(failure), 0, None, Told::default());
        let arguments = match self.arguments(tool, written) {
            Ok(arguments) => arguments,
            Err(failure) => return Ok(failed(failure)),
        };
        let key = EffectKey::of(&self.subject.identity, &tool.plugin, &tool.name, &tool.identity, &arguments);
        let terms = match self.terms(tool, &arguments) {
            Ok(terms) => terms,
            Err(failure) if !tool.effect.writes() => return Ok(failed(failure)),
            Err(failure) => {
                let (result, tries) = self.refused(&key, &arguments, failure).await?;
                return Ok(attempt(result, tries, Some(key), Told::default()));
            }
        };
        // A step that was under way when the run was to end is awaited. One that is begun after that only finds out what has
        // left already.
        if self.run.is_stopping() {
            let failure = Failure::new(FailureKind::Unavailable, "the run is ending: this was not begun");
            let (result, tries) = self.refused(&key, &arguments, failure).await?;
            if matches!(result, AttemptResult::Failed(_)) {
                return Ok(attempt(result, tries, Some(key), Told::default()));
            }
        }
        match self.hold(call, tool, &terms, &key, &arguments).await? {
            Gate::Open => {}
            Gate::Closed(hold) => return Ok(Tried::Held(hold)),
            Gate::Refused(failure) => return Ok(failed(failure)),
        }
        let first = EffectSoFar {
            key: key.clone(),
            attempt: 1,
            first_attempt_at: began_at,
            attempt_at: began_at,
            doubt: Doubt::None,
            deadline: self.deadline(),
        };
        if !tool.effect.writes() {
            let (result, told) = self.read(tool, &arguments, first).await;
            return Ok(attempt(result, 1, None, told));
        }
        let (result, tries, told) = self.write(tool, &terms, &arguments, first).await?;
        Ok(attempt(result, tries, Some(key), told))
    }

    /// An attempt at an effect, as far as the ledger lets it begin. Gives attempts at the effect so far, too.
    async fn write(
        &self,
        tool: &PinnedTool,
        terms: &Terms,
        arguments: &Map<String, Value>,
        first: EffectSoFar,
    ) -> Result<(AttemptResult, u32, Told), RecordsError> {
        let key = first.key.clone();
        // Whoever isn't alone doesn't even ask: it could be heard before the one that is.
        let Some(_turn) = self.trying.enter(&key) else {
            return Ok((nothing_begins(Decision::Busy, tool), self.tries(&key).await?, Told::default()));
        };
        match self.begin(tool, &key, arguments, terms).await? {
            Decision::Fresh { attempt, first_attempt_at, doubted } => {
                let doubt = if doubted { Doubt::Earlier } else { Doubt::None };
                let so_far = EffectSoFar { attempt, first_attempt_at, doubt, ..first };
                let (result, told) = self.carry_out(tool, arguments, so_far).await?;
                Ok((result, attempt, told))
            }
            Decision::InDoubt { attempt, .. } => {
                let words = "an earlier attempt may have done this: no answer to it was recorded";
                let failure = Failure::new(FailureKind::OutcomeUnknown, words);
                Ok((AttemptResult::Unsettled(failure), attempt, Told::default()))
            }
            Decision::Fenced => Err(RecordsError::Fenced),
            decided => {
                let entry = self.ports.ledger.entry(&key).await?;
                let is_unknowable = decided == Decision::Unknowable;
                let about = entry.as_ref().filter(|_| is_unknowable).and_then(|entry| of_what(entry, arguments));
                let told = Told { log: about.into_iter().collect(), ..Told::default() };
                Ok((nothing_begins(decided, tool), entry.map_or(0, |entry| entry.attempts), told))
            }
        }
    }

    async fn read(
        &self,
        tool: &PinnedTool,
        arguments: &Map<String, Value>,
        so_far: EffectSoFar,
    ) -> (AttemptResult, Told) {
        let invocation = self.invocation(tool, Json::of(arguments), so_far);
        let end = self.ports.tools.call(&invocation, Arc::new(NoWrites)).await;
        let result = match end.result {
            Ok(outcome) => AttemptResult::Done(outcome),
            Err(failure) => AttemptResult::Failed(failure),
        };
        (result, Told { log: end.log, captured: end.captured, usage: end.usage })
    }

    /// What the tool gets: what the model wrote, if it passes the schema that it was offered, and what the
    /// grant binds.
    pub(super) fn arguments(&self, tool: &PinnedTool, written: &str) -> Result<Map<String, Value>, Failure> {
        let invalid = |words: String| Failure::new(FailureKind::InvalidArguments, words);
        let not_runnable = |words: String| Failure::new(FailureKind::NotRunnable, words);
        let arguments = schema::read_arguments(written).map_err(invalid)?;
        if let Some(bound) = tool.bindings.keys().find(|bound| arguments.contains_key(*bound)) {
            return Err(invalid(format!("`{bound}` is filled in by the host: leave it out")));
        }
        let offered = self.schemas.get(&tool.offered_schema).map_err(|error| not_runnable(error.to_string()))?;
        let document = Value::Object(arguments);
        let complaints = offered.complaints(&document);
        if !complaints.is_empty() {
            return Err(invalid(format!("the arguments don't fit the schema: {}", complaints.join("; "))));
        }
        let Value::Object(arguments) = document else { unreachable!("made of an object above") };
        let filled = binding::fill(arguments, &tool.bindings, &self.subject.conversation)
            .map_err(|error| not_runnable(error.to_string()))?;
        let whole = self.schemas.get(&tool.schema).map_err(|error| not_runnable(error.to_string()))?;
        match whole.complaints(&Value::Object(filled.clone())).as_slice() {
            [] => Ok(filled),
            complaints => Err(not_runnable(format!(
                "with the bound arguments filled in, they don't fit the schema: {}",
                complaints.join("; ")
            ))),
        }
    }

    async fn begin(
        &self,
        tool: &PinnedTool,
        key: &EffectKey,
        arguments: &Map<String, Value>,
        terms: &Terms,
    ) -> Result<Decision, RecordsError> {
        let effect = EffectOf {
            key: key.clone(),
            call: self.subject.identity.clone(),
            tool: format!("{}/{}", tool.plugin, tool.name),
            contact: cap::contact(&self.subject.identity, &self.subject.conversation),
        };
        let begin = Begin {
            fence: self.fence,
            arguments: Arguments::of(arguments),
            effect: tool.effect,
            alone: true,
            caps: terms.caps().to_vec(),
            at: self.clock.now(),
        };
        self.ports.ledger.begin(&effect, &begin).await
    }

    async fn tries(&self, key: &EffectKey) -> Result<u32, RecordsError> {
        Ok(self.ports.ledger.entry(key).await?.map_or(0, |entry| entry.attempts))
    }

    async fn carry_out(
        &self,
        tool: &PinnedTool,
        arguments: &Map<String, Value>,
        so_far: EffectSoFar,
    ) -> Result<(AttemptResult, Told), RecordsError> {
        let (key, doubted) = (so_far.key.clone(), matches!(so_far.doubt, Doubt::Earlier));
        let invocation = self.invocation(tool, Json::of(arguments), so_far);
        let record = FirstWrite {
            ledger: Arc::clone(&self.ports.ledger),
            key: key.clone(),
            fence: self.fence,
            recorded: OnceCell::new(),
        };
        let mut end = self.ports.tools.call(&invocation, Arc::new(record)).await;
        let told = Told {
            log: std::mem::take(&mut end.log),
            captured: std::mem::take(&mut end.captured),
            usage: std::mem::take(&mut end.usage),
        };
        let verdict = verdict(end, doubted);
        let ended = Change::Ended { verdict: verdict.clone(), at: self.clock.now() };
        self.ports.ledger.change(&key, self.fence, &ended).await?;
        let result = match verdict {
            Verdict::Done(outcome) => AttemptResult::Done(outcome),
            Verdict::Failed(failure) => AttemptResult::Failed(failure),
            Verdict::InDoubt(failure) => AttemptResult::InDoubt(failure),
        };
        Ok((result, told))
    }
}

/// What comes of an attempt that the ledger doesn't let begin.
fn nothing_begins(decided: Decision, tool: &PinnedTool) -> AttemptResult {
    match decided {
        Decision::Done(outcome) => AttemptResult::Known(outcome),
        Decision::Conflict(outcome) => AttemptResult::Conflict(outcome),
        Decision::OverCap(cap) => {
            AttemptResult::Failed(Failure::new(FailureKind::Denied, cap.used_up(&tool.plugin, &tool.name)))
        }
        Decision::Busy => {
            let words = "another run of this conversation is doing the same at this moment";
            AttemptResult::Failed(Failure::new(FailureKind::Unavailable, words))
        }
        Decision::Unknowable => AttemptResult::Unknowable,
        Decision::Fresh { .. } | Decision::InDoubt { .. } | Decision::Fenced => unreachable!("told by the caller"),
    }
}

/// For whoever has to find out whether an effect happened: what it was asked for with, where that isn't what is asked now.
fn of_what(entry: &Entry, arguments: &Map<String, Value>) -> Option<LogLine> {
    if entry.is_asked_for_by(&Arguments::of(arguments)) {
        return None;
    }
    let given = entry.in_question.as_ref().map_or("arguments that nobody kept", Json::as_str);
    Some(LogLine { level: LogLevel::Warn, message: format!("what may have happened was asked for with {given}") })
}

/// What an attempt has to tell, whatever came of it.
#[derive(Default)]
struct Told {
    log: Vec<LogLine>,
    captured: Vec<CapturedWrite>,
    usage: Vec<Used>,
}

/// Records the first write of an attempt, once.
struct FirstWrite {
    ledger: Arc<dyn Ledger>,
    key: EffectKey,
    fence: Fence,
    recorded: OnceCell<()>,
}

#[async_trait]
impl WriteRecord for FirstWrite {
    async fn write_leaves(&self) -> Result<(), RecordsError> {
        let record = || self.ledger.change(&self.key, self.fence, &Change::WriteLeaves);
        self.recorded.get_or_try_init(record).await.copied()
    }
}

/// A read tool has no entry in the ledger that a write could be recorded in.
struct NoWrites;

#[async_trait]
impl WriteRecord for NoWrites {
    async fn write_leaves(&self) -> Result<(), RecordsError> {
        Err(RecordsError::Unavailable("a read tool has no effect to record".to_owned()))
    }
}
