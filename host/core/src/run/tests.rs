//! Every event in every state that a small universe of events can reach, and the stories that matter.

use std::collections::{HashSet, VecDeque};

use super::*;
use crate::{
    assistant::{Budgets, Jitter, PostCallSteps, Retries},
    conversation::{Dialect, Opaque, ToolCall},
    effect::EffectKey,
    id::Sha256Hex,
    json::Json,
    model::{self, Finish, ModelPin, Reply, Usage},
    time::Timestamp,
    tool::{Effect, Failure, FailureKind, Outcome, Receipt},
};

const EARLY: Timestamp = Timestamp::from_millis(0);
const LATE: Timestamp = Timestamp::from_millis(1_000_000_000);
const NO_JITTER: Jitter = Jitter::new(0);

fn pins() -> Pins {
    let tool = |name: &str, effect| PinnedTool {
        name: name.to_owned(),
        plugin: "p".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "does".to_owned(),
        schema: Json::parse(r#"{"type":"object"}"#).expect("JSON"),
        offered_schema: Json::parse(r#"{"type":"object"}"#).expect("JSON"),
        bindings: Default::default(),
        facts: Vec::new(),
        effect,
        identity: Vec::new(),
        reconcilable: true,
        replaces: Vec::new(),
    };
    Pins {
        configuration: Sha256Hex::of(b"configuration"),
        assistant: "ann".parse().expect("a name"),
        steps: PostCallSteps::of_instructions("# Post-conversation steps\nDo it.").expect("steps"),
        model: ModelPin { route: "m".into(), model: "m".into(), dialect: Dialect::OpenaiChat },
        tools: vec![tool("read", Effect::Read), tool("same", Effect::Idempotent), tool("once", Effect::Once)],
        budgets: Budgets { turns_max: 2, tool_calls_max: 3, tokens_max: 100, wall_ms_max: 10_000_000 },
        retries: Retries { attempts_max: 2, pause_ms: 1000, pause_ms_max: 1000 },
        repairs: Vec::new(),
    }
}

fn started() -> Kind {
    Kind::Started(Box::new(pins()))
}

fn replied(turn: u32, attempt: u32, tools: &[&str]) -> Kind {
    let call = |(index, name): (usize, &&str)| ToolCall {
        id: format!("c{index}"),
        name: (*name).to_owned(),
        arguments: "{}".to_owned(),
    };
    Kind::Replied {
        turn,
        attempt,
        asked_at: EARLY,
        reply: Box::new(Reply {
            text: tools.is_empty().then(|| "all done".to_owned()),
            calls: tools.iter().enumerate().map(call).collect(),
            finish: Finish::Stop,
            usage: Usage { input_tokens: 10, output_tokens: 1 },
            message: Opaque { dialect: Dialect::OpenaiChat, data: Json::parse("{}").expect("JSON") },
        }),
    }
}

fn refused(turn: u32, attempt: u32) -> Kind {
    let mut kind = replied(turn, attempt, &[]);
    if let Kind::Replied { reply, .. } = &mut kind {
        reply.finish = Finish::Refusal;
    }
    kind
}

fn ask_failed(turn: u32, attempt: u32, kind: model::FailureKind) -> Kind {
    let failure = model::Failure { kind, message: "no".into(), retry_after_ms: None };
    Kind::AskFailed { turn, attempt, failure, jitter: NO_JITTER }
}

fn attempted(turn: u32, index: u32, attempt: u32, result: AttemptResult) -> Kind {
    Kind::Attempted {
        call: CallId { turn, index },
        attempt,
        outcome: Box::new(Attempt {
            began_at: EARLY,
            key: Some(EffectKey::from_stored("ac_1".into())),
            tries: attempt,
            result,
            log: Vec::new(),
            jitter: NO_JITTER,
        }),
    }
}

fn settled(turn: u32, index: u32, round: u32, found: Found) -> Kind {
    Kind::Settled { call: CallId { turn, index }, round, found, jitter: NO_JITTER }
}

fn outcome() -> Outcome {
    let receipt = Receipt { id: "r1".into(), kind: "thing".into(), url: None };
    Outcome { text: "did it".into(), data: None, receipts: vec![receipt] }
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "did not")
}

fn results() -> Vec<AttemptResult> {
    vec![
        AttemptResult::Done(outcome()),
        AttemptResult::Conflict(outcome()),
        AttemptResult::Failed(failure(FailureKind::Denied)),
        AttemptResult::Failed(failure(FailureKind::Unavailable)),
        AttemptResult::InDoubt(failure(FailureKind::OutcomeUnknown)),
        AttemptResult::Unknowable,
    ]
}

/// Every event of the small universe: two turns, three calls, two attempts, two settling rounds.
fn universe() -> Vec<Event> {
    let mut kinds = vec![
        started(),
        Kind::Declined(Decline::Skipped { reason: "voicemail".into() }),
        Kind::CancelRequested { reason: "a person asked".into() },
        Kind::Woke { timer: Timer::Deadline },
    ];
    for turn in 1..=2 {
        for attempt in 1..=2 {
            for tools in [&[][..], &["same"], &["read", "once", "read"], &["transfer_call", "once"]] {
                kinds.push(replied(turn, attempt, tools));
            }
            kinds.push(refused(turn, attempt));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Unavailable));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Rejected));
            kinds.push(Kind::Woke { timer: Timer::Ask { turn, attempt } });
        }
        for index in 0..3 {
            let call = CallId { turn, index };
            for number in 1..=2 {
                kinds.extend(results().into_iter().map(|result| attempted(turn, index, number, result)));
                for found in [
                    Found::Happened(outcome()),
                    Found::DidNotHappen,
                    Found::NotYet { ask_again_ms: None },
                    Found::Never,
                ] {
                    kinds.push(settled(turn, index, number, found));
                }
                kinds.push(Kind::Woke { timer: Timer::Attempt { call, attempt: number } });
                kinds.push(Kind::Woke { timer: Timer::Settle { call, round: number } });
            }
        }
    }
    let at = |kind: &Kind| if matches!(kind, Kind::Woke { .. }) { LATE } else { EARLY };
    kinds.into_iter().map(|kind| Event { at: at(&kind), kind }).collect()
}

/// Whether an event is an answer to a command.
fn answers(event: &Kind, command: &Command) -> bool {
    match (event, command) {
        (
            Kind::Replied { turn, attempt, .. } | Kind::AskFailed { turn, attempt, .. },
            Command::Ask { turn: asked, attempt: number },
        ) => turn == asked && attempt == number,
        (Kind::Attempted { call, attempt, .. }, Command::Attempt { call: asked, attempt: number }) => {
            call == asked && attempt == number
        }
        (Kind::Settled { call, round, .. }, Command::Settle { call: asked, round: number, .. }) => {
            call == asked && round == number
        }
        (Kind::Woke { timer }, Command::Wait { timer: set, .. }) => timer == set,
        _ => false,
    }
}

/// Turns beyond the universe's would go on for ever: their states are checked, not gone on from.
fn within_universe(run: &Run) -> bool {
    let rounds = |command: &Command| {
        !matches!(command, Command::Settle { round, .. } if *round > 2)
            && !matches!(command, Command::Wait { timer: Timer::Settle { round, .. }, .. } if *round > 2)
    };
    run.next().iter().all(rounds)
}

fn check_state(run: &Run) {
    let commands = run.next();
    assert_eq!(commands, run.next(), "next must not change anything");
    let ids: HashSet<CommandId> = commands.iter().map(Command::id).collect();
    assert_eq!(ids.len(), commands.len(), "ids must be unique: {commands:?}");
    let under_way = run.pins().is_some() && run.ending().is_none();
    assert_eq!(under_way, !commands.is_empty(), "{run:?}");

    let of_calls: Vec<CallId> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Attempt { call, .. } | Command::Settle { call, .. } => Some(*call),
            _ => None,
        })
        .collect();
    let writes = of_calls.iter().filter(|id| run.call(**id).expect("it is there").1.effect.writes()).count();
    assert!(writes == 0 || of_calls.len() == 1, "a write runs alone: {commands:?}");
    for id in &of_calls {
        let (turn, call, tool) = run.call(*id).expect("a command names a call that is there");
        assert!(tool.is_some() && call.end().is_none());
        let before = &turn.calls[..usize::try_from(id.index).expect("small")];
        let barrier = |earlier: &&Call| earlier.end().is_none() && (earlier.effect.writes() || call.effect.writes());
        assert_eq!(before.iter().find(barrier), None, "{id} began before a barrier fell");
    }

    if let Some(ending) = run.ending() {
        let unknowable = run.calls().any(|(_, call)| call.end() == Some(&CallEnd::Unknowable));
        assert_eq!(unknowable, matches!(ending, Ending::NeedsAttention { .. }), "{ending:?}");
        assert!(run.calls().all(|(_, call)| call.end().is_some()), "nothing may be left open: {run:?}");
    }
}

fn check_step(run: &Run, event: &Event) -> Option<Run> {
    let mut after = run.clone();
    match after.apply(event.clone()) {
        Err(_) => {
            assert_eq!(&after, run, "a refused event must change nothing: {event:?}");
            None
        }
        Ok(()) => {
            assert!(run.ending().is_none(), "nothing follows the end: {event:?}");
            match &event.kind {
                Kind::Started(_) | Kind::Declined(_) => assert_eq!(run, &Run::default()),
                Kind::CancelRequested { .. } | Kind::Woke { timer: Timer::Deadline } => {
                    let intents = |run: &Run| -> HashSet<Command> {
                        let commands = run.next().into_iter();
                        commands.filter(|c| matches!(c, Command::Ask { .. } | Command::Attempt { .. })).collect()
                    };
                    assert!(intents(&after).is_subset(&intents(run)), "no new intents after a stop");
                    assert!(!after.next().iter().any(|c| matches!(c, Command::Ask { .. })), "the model isn't asked");
                }
                answer => {
                    assert!(run.next().iter().any(|command| answers(answer, command)), "{answer:?} answers nothing");
                }
            }
            Some(after)
        }
    }
}

#[test]
fn every_event_in_every_state_is_applied_or_illegal() {
    let universe = universe();
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([Run::default()]);
    let mut endings = HashSet::new();
    let mut illegal = 0_usize;
    while let Some(run) = queue.pop_front() {
        check_state(&run);
        endings.extend(run.ending().map(Ending::as_str));
        if !within_universe(&run) {
            continue;
        }
        let mut unanswered: Vec<Command> = run.next();
        for event in &universe {
            match check_step(&run, event) {
                None => illegal += 1,
                Some(after) => {
                    unanswered.retain(|command| !answers(&event.kind, command));
                    if seen.insert(format!("{after:?}")) {
                        queue.push_back(after);
                    }
                }
            }
        }
        assert_eq!(unanswered, [], "every command can be answered: {run:?}");
    }
    let mut endings: Vec<&str> = endings.into_iter().collect();
    endings.sort_unstable();
    assert_eq!(
        endings,
        [
            "budget-exhausted",
            "cancelled",
            "cannot-continue",
            "completed",
            "failed",
            "needs-attention",
            "refused",
            "skipped"
        ]
    );
    assert!(seen.len() > 1000 && illegal > 100_000, "{} states, {illegal} refusals", seen.len());
}

/// Applies events that must all fit, each a second after the other.
fn play(kinds: impl IntoIterator<Item = Kind>) -> Run {
    let mut run = Run::default();
    for (second, kind) in (0_u64..).zip(kinds) {
        let at = if matches!(kind, Kind::Woke { .. }) { LATE } else { Timestamp::from_millis(second * 1000) };
        run.apply(Event { at, kind }).expect("the story fits");
    }
    run
}

fn commands(run: &Run) -> Vec<String> {
    let intents =
        run.next().into_iter().filter(|command| !matches!(command, Command::Wait { timer: Timer::Deadline, .. }));
    intents.map(|command| command.id().to_string()).collect()
}

#[test]
fn stories_have_their_commands() {
    use AttemptResult::{Done, Failed, InDoubt};
    let three = || vec![started(), replied(1, 1, &["read", "once", "read"])];
    let with = |more: Vec<Kind>| play(three().into_iter().chain(more));
    let doubt = || InDoubt(failure(FailureKind::Unavailable));
    let cases: Vec<(Run, &[&str])> = vec![
        (play([started()]), &["1/ask/1"]),
        (play([started(), ask_failed(1, 1, model::FailureKind::RateLimited)]), &["wait/1/ask/2"]),
        (play([started(), replied(1, 1, &["read", "read", "once"])]), &["1/call/0/attempt/1", "1/call/1/attempt/1"]),
        (with(vec![]), &["1/call/0/attempt/1"]),
        (with(vec![attempted(1, 0, 1, Done(outcome()))]), &["1/call/1/attempt/1"]),
        (with(vec![attempted(1, 0, 1, Failed(failure(FailureKind::Unavailable)))]), &["wait/1/call/0/attempt/2"]),
        (with(vec![attempted(1, 0, 1, Done(outcome())), attempted(1, 1, 1, doubt())]), &["1/call/1/settle/1"]),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::NotYet { ask_again_ms: Some(5) }),
            ]),
            &["wait/1/call/1/settle/2"],
        ),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::DidNotHappen),
            ]),
            &["1/call/1/attempt/2"],
        ),
        (
            with(vec![
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, doubt()),
                settled(1, 1, 1, Found::Happened(outcome())),
            ]),
            &["1/call/2/attempt/1"],
        ),
        (play([started(), replied(1, 1, &["same"]), attempted(1, 0, 1, doubt())]), &["wait/1/call/0/attempt/2"]),
        (play([started(), replied(1, 1, &["transfer_call"])]), &["2/ask/1"]),
        (with(vec![Kind::CancelRequested { reason: "stop".into() }]), &["1/call/0/attempt/1"]),
    ];
    for (run, expected) in cases {
        assert_eq!(commands(&run), expected, "{run:#?}");
    }
}

#[test]
fn runs_end_in_their_own_words() {
    use AttemptResult::{Done, Failed, Known, Unknowable};
    let once = || vec![started(), replied(1, 1, &["once"])];
    let with = |more: Vec<Kind>| play(once().into_iter().chain(more)).ending().cloned();
    let completed = Some(Ending::Completed { account: Some("all done".into()) });
    let denied = failure(FailureKind::Denied);
    let failed = Why::Tool { tool: "once".into(), failure: denied.clone() };
    let budget = |budget| Some(Ending::BudgetExhausted { budget });
    let unavailable = || ask_failed(1, 1, model::FailureKind::Nonsense);
    let cases = vec![
        (with(vec![attempted(1, 0, 1, Done(outcome())), replied(2, 1, &[])]), completed.clone()),
        (with(vec![attempted(1, 0, 1, Known(outcome())), replied(2, 1, &[])]), completed.clone()),
        (
            with(vec![attempted(1, 0, 1, Failed(denied.clone())), replied(2, 1, &[])]),
            Some(Ending::Failed { why: failed }),
        ),
        (
            with(vec![
                attempted(1, 0, 1, Failed(denied)),
                replied(2, 1, &["once"]),
                attempted(2, 0, 1, Done(outcome())),
            ]),
            budget(Budget::Turns),
        ),
        (
            with(vec![attempted(1, 0, 1, Unknowable), replied(2, 1, &[])]),
            Some(Ending::NeedsAttention { tools: vec!["once".into()] }),
        ),
        (
            with(vec![Kind::CancelRequested { reason: "enough".into() }, attempted(1, 0, 1, Done(outcome()))]),
            Some(Ending::Cancelled { reason: "enough".into() }),
        ),
        (
            with(vec![Kind::Woke { timer: Timer::Deadline }, attempted(1, 0, 1, Done(outcome()))]),
            budget(Budget::WallTime),
        ),
        (
            play([
                started(),
                replied(1, 1, &["read", "read", "read", "read"]),
                attempted(1, 0, 1, Done(outcome())),
                attempted(1, 1, 1, Done(outcome())),
                attempted(1, 2, 1, Done(outcome())),
            ])
            .ending()
            .cloned(),
            budget(Budget::ToolCalls),
        ),
        (
            play([
                started(),
                unavailable(),
                Kind::Woke { timer: Timer::Ask { turn: 1, attempt: 2 } },
                ask_failed(1, 2, model::FailureKind::Nonsense),
            ])
            .ending()
            .cloned(),
            Some(Ending::Failed {
                why: Why::Model(model::Failure {
                    kind: model::FailureKind::Nonsense,
                    message: "no".into(),
                    retry_after_ms: None,
                }),
            }),
        ),
    ];
    for (index, (got, expected)) in cases.into_iter().enumerate() {
        assert_eq!(got, expected, "case {index}");
    }
}

#[test]
fn a_doubt_lasts_until_it_is_settled() {
    use AttemptResult::{Done, Failed, InDoubt};
    let call = CallId { turn: 1, index: 0 };
    let doubt = || attempted(1, 0, 1, InDoubt(failure(FailureKind::Unavailable)));
    let again = || Kind::Woke { timer: Timer::Attempt { call, attempt: 2 } };
    let second = || attempted(1, 0, 2, Failed(failure(FailureKind::Denied)));
    let first = || vec![started(), replied(1, 1, &["same"]), doubt()];
    let with = |more: Vec<Kind>| play(first().into_iter().chain(more));
    let cancel = || Kind::CancelRequested { reason: "enough".into() };
    for (run, expected) in [
        (with(vec![again(), second()]), "1/call/0/settle/1"),
        (with(vec![cancel()]), "1/call/0/settle/1"),
        (with(vec![again(), cancel(), second()]), "1/call/0/settle/1"),
        (with(vec![again(), second(), settled(1, 0, 1, Found::DidNotHappen)]), "2/ask/1"),
        (with(vec![again(), attempted(1, 0, 2, Done(outcome()))]), "2/ask/1"),
    ] {
        assert_eq!(commands(&run), [expected], "{run:#?}");
    }
}

#[test]
fn what_was_not_made_up_for_is_not_completed() {
    use AttemptResult::{Done, Failed};
    let of_key = |turn, index, key: Option<&str>, result| {
        let mut kind = attempted(turn, index, 1, result);
        if let Kind::Attempted { outcome, .. } = &mut kind {
            outcome.key = key.map(|key| EffectKey::from_stored(key.into()));
        }
        kind
    };
    let denied = || Failed(failure(FailureKind::Denied));
    let wrong = || Failed(failure(FailureKind::InvalidArguments));
    let (x, y) = (Some("ac_x"), Some("ac_y"));
    for (calls, first, second, expected) in [
        (["once", "once"], (x, denied()), (x, Done(outcome())), "completed"),
        (["once", "once"], (x, denied()), (y, Done(outcome())), "failed"),
        (["once", "once"], (None, wrong()), (y, Done(outcome())), "completed"),
        (["once", "once"], (x, wrong()), (y, Done(outcome())), "completed"),
        (["once", "same"], (x, denied()), (y, Done(outcome())), "failed"),
        (["once", "same"], (None, wrong()), (y, Done(outcome())), "failed"),
        (["read", "same"], (None, denied()), (y, Done(outcome())), "completed"),
    ] {
        let run = play([
            started(),
            replied(1, 1, &calls),
            of_key(1, 0, first.0, first.1),
            of_key(1, 1, second.0, second.1),
            replied(2, 1, &[]),
        ]);
        assert_eq!(run.ending().map(Ending::as_str), Some(expected), "{calls:?}");
    }
}

#[test]
fn replay_gives_the_same_run() {
    let story = || {
        let kinds = [started(), replied(1, 1, &["same"]), attempted(1, 0, 1, AttemptResult::Done(outcome()))];
        kinds.into_iter().map(|kind| Event { at: EARLY, kind })
    };
    let stored: Vec<String> = story().map(|event| serde_json::to_string(&event).expect("serialises")).collect();
    let read = stored.iter().map(|text| serde_json::from_str(text).expect("reads back"));
    let run = Run::replay(story()).expect("fits");
    assert_eq!(Run::replay(read).expect("fits"), run);
    let effects = run.effects();
    assert_eq!(effects.len(), 1);
    assert_eq!((effects[0].tool, effects[0].receipts[0].id.as_str()), ("same", "r1"));
}

#[test]
fn the_model_is_told_what_came_of_its_calls() {
    let run = play([
        started(),
        replied(1, 1, &["transfer_call", "same", "once"]),
        attempted(1, 1, 1, AttemptResult::Conflict(outcome())),
        attempted(1, 2, 1, AttemptResult::Failed(failure(FailureKind::NotFound))),
    ]);
    let exchanges = run.exchanges();
    let results: Vec<serde_json::Value> =
        exchanges[0].results.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    assert_eq!(results[0]["error"]["kind"], "refused");
    let words = results[0]["error"]["message"].as_str().expect("words");
    assert!(words.contains("has ended") && words.contains("read, same, once"), "{words}");
    assert_eq!(results[1]["error"]["kind"], "conflict");
    assert_eq!(results[1]["recorded"]["receipts"][0]["id"], "r1");
    assert_eq!(results[2]["error"], serde_json::json!({"kind": "not-found", "message": "did not"}));
    assert_eq!(run.refused(), [("transfer_call", &Refusal::Telephony)]);
}
