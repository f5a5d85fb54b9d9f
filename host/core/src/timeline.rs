//! What happened after a call, as people read it: a fold over the journal, without layout.

use serde::Serialize;

use crate::{
    binding::Bindings,
    conversation::ToolCall,
    id::RunIdentity,
    insights::Answer,
    left_out::LeftOut,
    model,
    model::Usage,
    ports::StoredRun,
    run::{
        ApprovalAsk, AttemptResult, CallEnd, CallId, Decline, Ending, Event, Found, IllegalHistory, Kind, Pins, Run,
        Said, Standing, Timer, Turn,
    },
    time::Timestamp,
    tool::{CapturedWrite, LogLine},
    usage::Used,
};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened, as a person would tell it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// The call had ended and its record arrived.
    Accepted {
        /// Whose call, by which platform's name.
        identity: RunIdentity,
        /// How many items its history has.
        items: usize,
    },
    /// The work began on this footing.
    Began(Box<Pins>),
    /// There was no work.
    Declined(Decline),
    /// The model replied.
    Replied {
        /// Which turn, from 1.
        turn: u32,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// Its words.
        text: Option<String>,
        /// What it cost.
        usage: Usage,
        /// How many tools it called.
        calls: usize,
    },
    /// The work was over, and the model was asked for insights and answered.
    Insights {
        /// Which turn, from 1.
        turn: u32,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// What it cost.
        usage: Usage,
        /// What was to be known of the call: an object of the assistant's schema. None: the answer doesn't fit it.
        found: Option<serde_json::Value>,
        /// What is wrong with the answer.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        wrong: Vec<String>,
        /// Whether it is asked once more.
        again: bool,
    },
    /// What was to be known of the call is not known: the model was not asked, or could not answer.
    NoInsights,
    /// The model did not reply.
    AskFailed {
        /// Which turn, from 1.
        turn: u32,
        /// Why not.
        failure: model::Failure,
        /// When it is asked again, if it is.
        again_at: Option<Timestamp>,
    },
    /// The model is asked later.
    AskPostponed {
        /// Which turn, from 1.
        turn: u32,
        /// Until when.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// Its provider refused the history as it was written, so that the model is asked again with all of it translated.
    Rewritten {
        /// What has no translation.
        lost: Vec<LeftOut>,
    },
    /// A call was refused before anything ran.
    Refused {
        /// As the model made it.
        call: ToolCall,
        /// What the model was told.
        words: String,
    },
    /// An attempt at a call ended.
    Tried {
        /// As the model made it.
        call: ToolCall,
        /// Arguments that the host filled in, and with what.
        #[serde(skip_serializing_if = "Bindings::is_empty")]
        bound: Bindings,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// Attempts at the effect so far; 0: none began.
        tries: u32,
        /// What came of it.
        result: AttemptResult,
        /// The component's lines.
        log: Vec<LogLine>,
        /// In a rehearsal: the writes that would have been sent.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        captured: Vec<CapturedWrite>,
        /// How near it came to each of its limits. Empty: nothing ran.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        usage: Vec<Used>,
        /// When it is tried again, if it is.
        again_at: Option<Timestamp>,
    },
    /// A call waits for a time at which its tool may act.
    Postponed {
        /// As the model made it.
        call: ToolCall,
        /// Until when.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// A person is asked whether a call may be made.
    ApprovalAsked {
        /// As the model made it.
        call: ToolCall,
        /// Its place.
        place: CallId,
        /// What is to be approved.
        ask: ApprovalAsk,
    },
    /// A person said something about a call.
    Decided {
        /// As the model made it.
        call: ToolCall,
        /// Who.
        by: String,
        /// What.
        said: Said,
    },
    /// Nobody approved a call in time.
    ApprovalExpired {
        /// As the model made it.
        call: ToolCall,
    },
    /// The model was told that its account claims what no tool call did.
    Nudged {
        /// The tools whose action it claims.
        tools: Vec<String>,
    },
    /// An effect in doubt was asked about.
    Settled {
        /// As the model made it.
        call: ToolCall,
        /// What was found.
        found: Found,
        /// When it is asked again, if it is.
        again_at: Option<Timestamp>,
    },
    /// Somebody asked for the run to end.
    CancelRequested {
        /// Why, in their words.
        reason: String,
    },
    /// The run's wall time was over.
    DeadlineReached,
    /// The work is over, but for effects that only a person can settle.
    NeedsAttention {
        /// Their calls, each with its place, as the model made them.
        calls: Vec<(CallId, ToolCall)>,
    },
    /// It ended.
    Ended(Ending),
}

/// Tells a run from its beginning, and gives it as it stands.
///
/// # Errors
/// The journal tells no possible story.
pub fn tell(stored: &StoredRun) -> Result<(Vec<Moment>, Run), IllegalHistory> {
    let accepted = What::Accepted { identity: stored.identity.clone(), items: stored.conversation.items.len() };
    let mut moments = vec![Moment { at: stored.accepted_at, what: accepted }];
    let mut run = Run::default();
    for event in &stored.journal {
        run.apply(event.clone())?;
        moments.extend(after(event, &run));
    }
    Ok((moments, run))
}

/// What one event adds to the story, told with the run as it stands after it.
pub fn after(event: &Event, run: &Run) -> Vec<Moment> {
    let mut told = match &event.kind {
        Kind::Started(pins) => vec![What::Began(pins.clone())],
        Kind::Declined(decline) => vec![What::Declined(decline.clone())],
        Kind::Replied { turn, asked_at, .. } => {
            let replied = run.turns().last().map(|newest| replied(newest, *turn, event.at.ms_since(*asked_at), run));
            replied.into_iter().chain(refused(run)).chain(nudged(run, *turn)).collect()
        }
        Kind::AskFailed { turn, attempt, failure, .. } => {
            let timer = Timer::Ask { turn: *turn, attempt: attempt + 1 };
            let failed = What::AskFailed { turn: *turn, failure: failure.clone(), again_at: set_for(run, timer) };
            let goes_on = run.ending().is_none() && run.attending().is_none();
            let is_rewritten = failure.kind == model::FailureKind::Rejected && goes_on;
            let lost = || run.pins().map(|pins| pins.lost_if_rewritten.clone()).unwrap_or_default();
            [failed].into_iter().chain(is_rewritten.then(|| What::Rewritten { lost: lost() })).collect()
        }
        Kind::AskPostponed { turn, until, why, .. } => {
            vec![What::AskPostponed { turn: *turn, until: *until, why: why.clone() }]
        }
        Kind::Attempted { call, attempt, outcome } => {
            let timer = Timer::Attempt { call: *call, attempt: attempt + 1 };
            let tool = run.call(*call).and_then(|(_, _, tool)| tool);
            let tried = |asked: ToolCall| What::Tried {
                call: asked,
                bound: tool.map(|tool| tool.bindings.clone()).unwrap_or_default(),
                took_ms: event.at.ms_since(outcome.began_at),
                tries: outcome.tries,
                result: outcome.result.clone(),
                log: outcome.log.clone(),
                captured: outcome.captured.clone(),
                usage: outcome.usage.clone(),
                again_at: set_for(run, timer),
            };
            run.asked(*call).cloned().map(tried).into_iter().collect()
        }
        Kind::Postponed { call, until, why, .. } => {
            let postponed = |asked| What::Postponed { call: asked, until: *until, why: why.clone() };
            run.asked(*call).cloned().map(postponed).into_iter().collect()
        }
        Kind::ApprovalAsked { call: place, ask, .. } => {
            let question = |call| What::ApprovalAsked { call, place: *place, ask: (**ask).clone() };
            run.asked(*place).cloned().map(question).into_iter().collect()
        }
        Kind::Decided { call, by, said } => {
            let decided = |asked| What::Decided { call: asked, by: by.clone(), said: (**said).clone() };
            run.asked(*call).cloned().map(decided).into_iter().collect()
        }
        Kind::Settled { call, round, found, .. } => {
            let timer = Timer::Settle { call: *call, round: round + 1 };
            let settled = |asked| What::Settled { call: asked, found: found.clone(), again_at: set_for(run, timer) };
            run.asked(*call).cloned().map(settled).into_iter().collect()
        }
        Kind::Woke { timer: Timer::Deadline } => vec![What::DeadlineReached],
        Kind::Woke { timer: Timer::Approval { call, .. } } => {
            run.asked(*call).cloned().map(|call| What::ApprovalExpired { call }).into_iter().collect()
        }
        Kind::Woke { .. } => Vec::new(),
        Kind::CancelRequested { reason } => vec![What::CancelRequested { reason: reason.clone() }],
    };
    if run.standing() == Standing::NeedsAttention {
        let calls = run.unknowable().into_iter().filter_map(|id| Some((id, run.asked(id)?.clone())));
        told.push(What::NeedsAttention { calls: calls.collect() });
    }
    if let Some(ending) = run.ending() {
        let are_missing = run.pins().is_some_and(|pins| pins.insights.is_some()) && run.insights().is_none();
        told.extend(are_missing.then_some(What::NoInsights));
        told.push(What::Ended(ending.clone()));
    }
    told.into_iter().map(|what| Moment { at: event.at, what }).collect()
}

/// The newest turn, which is a reply or an answer about insights.
fn replied(newest: &Turn, turn: u32, took_ms: u64, run: &Run) -> What {
    let Turn { reply, insights, .. } = newest;
    let usage = reply.usage;
    let (found, wrong) = match insights {
        None => {
            return What::Replied { turn, took_ms, text: reply.text.clone(), usage, calls: reply.calls.len() };
        }
        Some(Answer::Fits(object)) => (Some(object.value()), Vec::new()),
        Some(Answer::Wrong(wrong)) => (None, wrong.clone()),
    };
    What::Insights { turn, took_ms, usage, found, wrong, again: run.is_asking_for_insights() }
}

fn refused(run: &Run) -> Vec<What> {
    let (Some(turn), Some(pins)) = (run.turns().last(), run.pins()) else { return Vec::new() };
    let pairs = turn.reply.calls.iter().zip(&turn.calls);
    pairs
        .filter_map(|(asked, call)| match call.end() {
            Some(CallEnd::Refused(refusal)) => {
                Some(What::Refused { call: asked.clone(), words: refusal.words(&asked.name, &pins.tools) })
            }
            _ => None,
        })
        .collect()
}

fn nudged(run: &Run, turn: u32) -> Option<What> {
    let closing = run.turns().last().filter(|_| run.nudged_after() == Some(turn))?;
    Some(What::Nudged { tools: closing.unfounded.clone() })
}

fn set_for(run: &Run, timer: Timer) -> Option<Timestamp> {
    run.next().into_iter().find_map(|command| match command {
        crate::run::Command::Wait { timer: set, until } if set == timer => Some(until),
        _ => None,
    })
}
