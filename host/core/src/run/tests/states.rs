//! Every event in every state that a small universe of events can reach.

use std::collections::{HashSet, VecDeque};

use super::*;
use crate::gate::Skip;

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
        Kind::Declined(Decline::Skipped { reason: Skip::Voicemail }),
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
