//! Every event in every state that two small universes of events can reach.

use std::collections::{BTreeSet, HashSet, VecDeque};

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

/// The model and its tools: two turns, three calls, two attempts, two settling rounds.
fn work() -> Vec<Event> {
    let mut kinds = begin_and_stop();
    for turn in 1..=2 {
        for attempt in 1..=2 {
            for tools in [&[][..], &["same"], &["read", "once", "read"], &["transfer_call", "once"]] {
                kinds.push(replied(turn, attempt, tools));
            }
            kinds.push(refused(turn, attempt));
            kinds.push(claimed(turn, attempt));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Unavailable));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Rejected));
            kinds.push(Kind::Woke { timer: Timer::Ask { turn, attempt } });
        }
        for index in 0..3 {
            let call = CallId { turn, index };
            for number in 1..=2 {
                kinds.extend(results().into_iter().map(|result| attempted(turn, index, number, result)));
                kinds.extend(findings().into_iter().map(|found| settled(turn, index, number, found)));
                kinds.push(Kind::Woke { timer: Timer::Attempt { call, attempt: number } });
                kinds.push(Kind::Woke { timer: Timer::Settle { call, round: number } });
            }
        }
    }
    events(kinds)
}

/// People and hours: one reply of two writes, of which each may have to wait, and what only people can settle.
fn people() -> Vec<Event> {
    let mut kinds = begin_and_stop();
    kinds.extend([replied(1, 1, &["once", "same"]), replied(2, 1, &[]), claimed(2, 1), ask_postponed(2, 1)]);
    kinds.push(Kind::Woke { timer: Timer::Ask { turn: 2, attempt: 1 } });
    let sayings = [
        Said::Approve(ask()),
        Said::Approve(ApprovalAsk { component: Sha256Hex::of(b"another"), ..ask() }),
        Said::Refuse { reason: "no".into() },
        Said::Resolve(Resolution::Done { receipt: receipt() }),
        Said::Resolve(Resolution::Redo),
        Said::Resolve(Resolution::Drop),
    ];
    for index in 0..2 {
        let call = CallId { turn: 1, index };
        for number in 1..=2 {
            for result in [AttemptResult::Done(outcome()), AttemptResult::Unknowable] {
                kinds.push(attempted(1, index, number, result));
            }
            kinds.extend(findings().into_iter().map(|found| settled(1, index, number, found)));
        }
        kinds.extend([postponed(1, index, 1), approval_asked(1, index, 1)]);
        kinds.push(Kind::Woke { timer: Timer::Approval { call, attempt: 1 } });
        kinds.push(Kind::Woke { timer: Timer::Attempt { call, attempt: 1 } });
        kinds.extend(sayings.iter().map(|said| decided(1, index, said.clone())));
    }
    events(kinds)
}

/// Insights: whatever the model answers once its work is over, and whatever is still open then.
fn curiosity() -> Vec<Event> {
    let mut kinds = begin_and_stop();
    kinds[0] = started_curious();
    for turn in 1..=4 {
        for attempt in 1..=3 {
            kinds.extend([&[][..], &["once"], &["transfer_call"]].map(|tools| replied(turn, attempt, tools)));
            kinds.extend([claimed(turn, attempt), refused(turn, attempt), known(turn, attempt)]);
            kinds.extend([&[][..], &["once"]].map(|tools| wrong(replied(turn, attempt, tools))));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Unavailable));
            kinds.push(ask_failed(turn, attempt, model::FailureKind::Rejected));
            kinds.push(ask_postponed(turn, attempt));
            kinds.push(Kind::Woke { timer: Timer::Ask { turn, attempt } });
        }
        for result in [AttemptResult::Done(outcome()), AttemptResult::Unknowable] {
            kinds.push(attempted(turn, 0, 1, result));
        }
        kinds.extend([decided(turn, 0, Said::Resolve(Resolution::Drop)), settled(turn, 0, 1, Found::Never)]);
    }
    events(kinds)
}

fn begin_and_stop() -> Vec<Kind> {
    vec![
        started(),
        Kind::Declined(Decline::Skipped { reason: Skip::Voicemail }),
        Kind::CancelRequested { reason: "a person asked".into() },
        Kind::Woke { timer: Timer::Deadline },
    ]
}

fn findings() -> [Found; 5] {
    [
        Found::Happened(outcome()),
        Found::Otherwise(outcome()),
        Found::DidNotHappen,
        Found::NotYet { ask_again_ms: None },
        Found::Never,
    ]
}

fn events(kinds: Vec<Kind>) -> Vec<Event> {
    let at = |kind: &Kind| if matches!(kind, Kind::Woke { .. }) { LATE } else { EARLY };
    kinds.into_iter().map(|kind| Event { at: at(&kind), kind }).collect()
}

/// Whether an event is an answer to a command.
fn answers(event: &Kind, command: &Command) -> bool {
    match (event, command) {
        (
            Kind::Replied { turn, attempt, .. }
            | Kind::AskFailed { turn, attempt, .. }
            | Kind::AskPostponed { turn, attempt, .. },
            Command::Ask { turn: asked, attempt: number },
        ) => turn == asked && attempt == number,
        (
            Kind::Attempted { call, attempt, .. }
            | Kind::Postponed { call, attempt, .. }
            | Kind::ApprovalAsked { call, attempt, .. },
            Command::Attempt { call: asked, attempt: number },
        ) => call == asked && attempt == number,
        (Kind::Settled { call, round, .. }, Command::Settle { call: asked, round: number, .. }) => {
            call == asked && round == number
        }
        (Kind::Woke { timer }, Command::Wait { timer: set, .. }) => timer == set,
        _ => false,
    }
}

/// What is beyond the universe would go on for ever: such states are checked, not gone on from.
fn within_universe(run: &Run) -> bool {
    let within = |command: &Command| match command {
        Command::Settle { round: number, .. }
        | Command::Attempt { attempt: number, .. }
        | Command::Wait {
            timer: Timer::Settle { round: number, .. } | Timer::Attempt { attempt: number, .. }, ..
        } => *number <= 2,
        _ => true,
    };
    let overtaken = |call: &Call| call.as_open().and_then(|open| open.late);
    run.next().iter().all(within)
        && run.calls().all(|(_, call)| overtaken(call) < Some(2))
        && run.deadline() < Some(Timestamp::from_millis(11_500_000))
}

/// What two states that go on differently differ in. What lies behind an effect matters only where it is still open.
fn state(run: &Run) -> String {
    let Run { phase, stop, calls_made, nudged_after, turns, closed, .. } = run;
    let tokens = run.spent().usage.total();
    let answers: Vec<_> = turns.iter().map(|turn| &turn.insights).collect();
    let call = |call: &Call| {
        let resolvable = call.end() == Some(&CallEnd::Unknowable);
        format!("{:?}{:?}", call.status, resolvable.then_some((call.attempts, call.rounds)))
    };
    let calls: Vec<String> = turns.iter().flat_map(|turn| turn.calls.iter().map(call)).collect();
    format!(
        "{calls:?} {phase:?} {stop:?} {calls_made} {tokens} {nudged_after:?} {} {:?} {closed:?} {answers:?}",
        turns.len(),
        run.deadline()
    )
}

fn check_state(run: &Run) {
    let commands = run.next();
    assert_eq!(commands, run.next(), "next must not change anything");
    let ids: HashSet<CommandId> = commands.iter().map(Command::id).collect();
    assert_eq!(ids.len(), commands.len(), "ids must be unique: {commands:?}");
    let under_way = run.pins().is_some() && run.ending().is_none();
    let for_a_person = run.standing() == Standing::NeedsAttention;
    assert_eq!(under_way && !for_a_person, !commands.is_empty(), "{run:?}");
    assert_eq!(run.standing() == Standing::Ended, run.ending().is_some());

    let of_calls: Vec<CallId> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Attempt { call, .. } | Command::Settle { call, .. } => Some(*call),
            _ => None,
        })
        .collect();
    for id in &of_calls {
        let (_, call, tool) = run.call(*id).expect("a command names a call that is there");
        assert!(tool.is_some() && call.end().is_none());
    }
    if run.attending().is_none() {
        check_order(run, &of_calls);
    } else {
        let attempts = commands.iter().filter(|command| matches!(command, Command::Attempt { .. })).count();
        assert!(attempts <= 1, "what people want tried again is tried one after another: {commands:?}");
    }

    let closed_calls = run.turns().iter().filter(|turn| turn.insights.is_some()).flat_map(|turn| &turn.calls);
    assert!(closed_calls.into_iter().all(|call| call.end() == Some(&CallEnd::Refused(Refusal::WorkIsOver))));
    if let Some(ending) = run.ending() {
        assert!(!run.is_asking_for_insights(), "{ending:?}");
        assert_eq!(run.unknowable(), [], "{ending:?}");
        let abandoned = run.calls().any(|(_, call)| call.end() == Some(&CallEnd::Abandoned));
        assert!(!abandoned || !matches!(ending, Ending::Completed { .. }), "what a person left open is no success");
        assert!(run.calls().all(|(_, call)| call.end().is_some()), "nothing may be left open: {run:?}");
    }
}

/// A write runs alone, and nothing that has to wait for a call overtakes it, unless that waits for a time or a person.
fn check_order(run: &Run, of_calls: &[CallId]) {
    let writes = of_calls.iter().filter(|id| run.call(**id).expect("it is there").1.effect.writes()).count();
    assert!(writes == 0 || of_calls.len() == 1, "a write runs alone: {of_calls:?}");
    for id in of_calls {
        let (turn, call, _) = run.call(*id).expect("it is there");
        let late = |call: &Call| call.as_open().is_some_and(|open| open.late.is_some() || open.is_set_aside());
        let before = &turn.calls[..usize::try_from(id.index).expect("small")];
        let barrier = |earlier: &&Call| {
            earlier.end().is_none() && !late(earlier) && (earlier.effect.writes() || call.effect.writes())
        };
        assert_eq!(before.iter().find(barrier), None, "{id} began before a barrier fell");
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
                // Nothing that may be in flight is called off by what a person says.
                Kind::Decided { .. } => {
                    let named = after.next();
                    let kept = |command: &Command| matches!(command, Command::Wait { .. }) || named.contains(command);
                    assert!(run.next().iter().all(kept), "{event:?} calls off {:?}", run.next());
                }
                answer => {
                    assert!(run.next().iter().any(|command| answers(answer, command)), "{answer:?} answers nothing");
                }
            }
            Some(after)
        }
    }
}

/// Applies every event in every state that the events can reach, and gives the endings, the states and the refusals.
fn explore(universe: &[Event], answered: bool) -> (Vec<&'static str>, usize, usize) {
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([Run::default()]);
    let mut endings = BTreeSet::new();
    let mut illegal = 0_usize;
    while let Some(run) = queue.pop_front() {
        check_state(&run);
        endings.extend(run.ending().map(Ending::as_str));
        if !within_universe(&run) {
            continue;
        }
        let mut unanswered: Vec<Command> = run.next();
        for event in universe {
            match check_step(&run, event) {
                None => illegal += 1,
                Some(after) => {
                    unanswered.retain(|command| !answers(&event.kind, command));
                    if seen.insert(state(&after)) {
                        queue.push_back(after);
                    }
                }
            }
        }
        assert!(!answered || unanswered.is_empty(), "{unanswered:?} can't be answered: {run:?}");
    }
    (endings.into_iter().collect(), seen.len(), illegal)
}

#[test]
fn every_event_of_the_work_is_applied_or_illegal_in_every_state() {
    let (endings, states, illegal) = explore(&work(), true);
    let failed = ["budget-exhausted", "cancelled", "cannot-continue", "completed", "failed"];
    assert_eq!(endings, [&failed[..], &["refused", "skipped", "unproven"]].concat());
    assert!(states > 1000 && illegal > 100_000, "{states} states, {illegal} refusals");
}

#[test]
fn every_word_of_a_person_is_applied_or_illegal_in_every_state() {
    let (endings, states, illegal) = explore(&people(), false);
    assert_eq!(endings, ["budget-exhausted", "cancelled", "completed", "failed", "skipped", "unproven"]);
    assert!(states > 1000 && illegal > 10_000, "{states} states, {illegal} refusals");
}

#[test]
fn every_answer_about_insights_is_applied_or_illegal_in_every_state() {
    let (endings, states, illegal) = explore(&curiosity(), false);
    let failed = ["budget-exhausted", "cancelled", "cannot-continue", "completed", "failed"];
    assert_eq!(endings, [&failed[..], &["refused", "skipped", "unproven"]].concat());
    assert!(states > 500 && illegal > 10_000, "{states} states, {illegal} refusals");
}
