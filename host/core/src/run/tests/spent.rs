//! What a run has used of its model, and turns that wait for another day.

use super::*;
use crate::{
    price::{Amount, Price},
    spent::Spent,
};

fn at(at: Timestamp, kinds: impl IntoIterator<Item = Kind>) -> Vec<Event> {
    kinds.into_iter().map(|kind| Event { at, kind }).collect()
}

/// A run whose model costs so much for a million tokens in, and so much for a million out.
fn started_at(input: u64, output: u64) -> Kind {
    let mut pins = pins();
    let [input, output] = [input, output].map(Amount::from_millionths);
    pins.model.price = Some(Price { input, cached_input: None, output, currency: None });
    Kind::Started(Box::new(pins))
}

#[test]
fn what_turns_use_is_summed_up() {
    let mut run = Run::default();
    let turns = [
        started_at(2_500_000, 10_000_000),
        replied(1, 1, &["read"]),
        attempted(1, 0, 1, AttemptResult::Done(outcome())),
        replied(2, 1, &[]),
    ];
    let mut told = Spent::default();
    for event in at(EARLY, turns) {
        run.apply(event.clone()).expect("it fits");
        let tells = matches!(event.kind, Kind::Replied { .. });
        let spent = run.spent_in(&event);
        assert_eq!(spent.is_some(), tells);
        told = told.plus(spent.unwrap_or_default());
        assert_eq!(run.spent(), told, "events tell of all that was used, and once");
    }
    let usage = Usage { input_tokens: 20, cached_tokens: 0, output_tokens: 2 };
    assert_eq!(told, Spent { turns: 2, usage, cost: Amount::from_millionths(70) });
    let unpriced = Run::replay(at(EARLY, [started(), replied(1, 1, &[])])).expect("it fits").spent();
    assert_eq!((unpriced.turns, unpriced.cost), (1, Amount::default()));
}

/// It is the same attempt later, and what it waits is not of the run's wall time.
#[test]
fn a_turn_can_be_put_off_time_and_again() {
    let (timer, ask) = (Timer::Ask { turn: 1, attempt: 1 }, Command::Ask { turn: 1, attempt: 1 });
    let mut run = Run::replay(at(EARLY, [started()])).expect("it fits");
    let mut deadline = run.deadline().expect("it has begun");
    for day in 0..3 {
        let (from, until) = (Timestamp::from_millis(day * 500_000), Timestamp::from_millis((day + 1) * 500_000));
        let why = "the day is used up".to_owned();
        let put_off = Kind::AskPostponed { turn: 1, attempt: 1, until, why };
        run.apply(Event { at: from, kind: put_off }).expect("it fits");
        deadline = deadline.plus_ms(500_000);
        let waits = [Command::Wait { timer, until }, Command::Wait { timer: Timer::Deadline, until: deadline }];
        assert_eq!((run.next(), run.standing()), (waits.to_vec(), Standing::Sleeping { until }));
        run.apply(Event { at: until, kind: Kind::Woke { timer } }).expect("it fits");
        assert_eq!(run.next().first(), Some(&ask));
    }
    let stopped = Kind::CancelRequested { reason: "enough".into() };
    let run = Run::replay(at(EARLY, [started(), ask_postponed(1, 1), stopped])).expect("it fits");
    assert_eq!(run.outcome(), "cancelled");
}
