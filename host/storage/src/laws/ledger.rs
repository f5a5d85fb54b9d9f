//! The laws of the ledger. Its decisions are core's; what is shown here is that they are taken on what the
//! database holds, one at a time, and that what they change is kept.

use std::sync::Arc;

use aftercall_core::{
    ledger::{self, Begin, Change, Decision, Fence, Refused, Verdict},
    ports::{EffectOf, Ledger, RecordsError},
    time::Timestamp,
    tool::{Effect, Failure, FailureKind},
};

use super::{Storage, samples::*};

const FIRST: Timestamp = Timestamp::from_millis(100);

fn begin(fence: Fence, effect: Effect, text: &str, at: u64) -> Begin {
    let at = Timestamp::from_millis(at);
    Begin { fence, arguments: arguments(text), effect, alone: false, caps: Vec::new(), at }
}

fn failure() -> Failure {
    Failure::new(FailureKind::Unavailable, "no answer")
}

/// Every row of `core::ledger::begin` that a database can hold, with the entry made by the changes that lead
/// there: one without an entry is each case's own beginning, and one of a newer engine is the fence's law.
pub(crate) async fn the_ledger_decides_as_its_table_says(storage: &dyn Storage) {
    use Change::{Ended, GivenUp, SettledDone, SettledNot, SettledOtherwise, WriteLeaves};
    use Effect::{Idempotent, Once};
    let sent = || outcome("SM1");
    let in_doubt = || Ended { verdict: Verdict::InDoubt(failure()), at: FIRST };
    let fresh = |attempt| Decision::Fresh { attempt, first_attempt_at: FIRST, doubted: false };
    let doubted = || Decision::Fresh { attempt: 2, first_attempt_at: FIRST, doubted: true };
    let doubt = || Decision::InDoubt { attempt: 1, first_attempt_at: FIRST };
    let cases = [
        (vec![], false, Once, "hi", Decision::Busy),
        (vec![WriteLeaves], false, Idempotent, "hi", Decision::Busy),
        (vec![], true, Once, "hi", fresh(2)),
        (vec![], true, Idempotent, "bye", fresh(2)),
        (vec![WriteLeaves], true, Once, "hi", doubt()),
        (vec![WriteLeaves], true, Idempotent, "hi", doubted()),
        (vec![in_doubt()], false, Once, "hi", doubt()),
        (vec![in_doubt()], false, Idempotent, "hi", doubted()),
        (vec![in_doubt()], false, Idempotent, "bye", doubt()),
        (vec![Ended { verdict: Verdict::Failed(failure()), at: FIRST }], false, Once, "hi", fresh(2)),
        (
            vec![WriteLeaves, Ended { verdict: Verdict::Done(sent()), at: FIRST }],
            false,
            Once,
            "hi",
            Decision::Done(sent()),
        ),
        (vec![Ended { verdict: Verdict::Done(sent()), at: FIRST }], true, Once, "bye", Decision::Conflict(sent())),
        (vec![in_doubt(), SettledDone(sent())], false, Once, "hi", Decision::Done(sent())),
        (vec![in_doubt(), SettledOtherwise(sent())], false, Once, "hi", Decision::Conflict(sent())),
        (vec![in_doubt(), SettledNot], false, Once, "hi", fresh(2)),
        (vec![in_doubt(), GivenUp], true, Idempotent, "hi", Decision::Unknowable),
    ];
    for (number, (changes, takeover, kind, text, expected)) in cases.into_iter().enumerate() {
        let what = format!("case {number}: {changes:?}, taken over: {takeover}, {kind:?}");
        let effect = effect(&format!("+1555{number}"));
        let mut engine = storage.engine().await;
        let begun = engine.ledger.begin(&effect, &begin(engine.fence, kind, "hi", FIRST.as_millis())).await;
        assert_eq!(begun, Ok(fresh(1)), "{what}");
        for change in &changes {
            engine.ledger.change(&effect.key, engine.fence, change).await.expect("it follows");
        }
        if takeover {
            engine = storage.engine().await;
        }
        let before = engine.ledger.entry(&effect.key).await.expect("read").expect("an entry");
        let again = begin(engine.fence, kind, text, 200);
        assert_eq!(engine.ledger.begin(&effect, &again).await, Ok(expected), "{what}");
        let (_, next) = ledger::begin(Some(&before), &again, None);
        assert_eq!(engine.ledger.entry(&effect.key).await, Ok(Some(next.unwrap_or(before))), "{what}");
    }
}

/// A change that the entry doesn't allow is refused and changes nothing.
pub(crate) async fn changes_that_cannot_follow_are_refused(storage: &dyn Storage) {
    let older = storage.engine().await;
    let (open, done, none) = (effect("+1"), effect("+2"), effect("+3"));
    for effect in [&open, &done] {
        older.ledger.begin(effect, &begin(older.fence, Effect::Once, "hi", 1)).await.expect("begun");
    }
    let success = Change::Ended { verdict: Verdict::Done(outcome("SM1")), at: FIRST };
    older.ledger.change(&done.key, older.fence, &success).await.expect("changed");
    let engine = storage.engine().await;
    for (effect, change, why) in [
        (&none, Change::WriteLeaves, Refused::OutOfOrder),
        (&done, Change::WriteLeaves, Refused::OutOfOrder),
        (&done, Change::SettledNot, Refused::OutOfOrder),
        (&open, Change::WriteLeaves, Refused::Fenced),
    ] {
        let before = engine.ledger.entry(&effect.key).await;
        let found = engine.ledger.change(&effect.key, engine.fence, &change).await;
        assert_eq!(found, Err(RecordsError::Ledger { key: effect.key.clone(), why }), "{change:?}");
        assert_eq!(engine.ledger.entry(&effect.key).await, before, "{change:?}");
    }
    assert_eq!(engine.ledger.entry(&none.key).await, Ok(None));
}

async fn decisions(ledger: &Arc<dyn Ledger>, fence: Fence, effects: Vec<EffectOf>) -> Vec<Decision> {
    let tasks: Vec<_> = effects
        .into_iter()
        .map(|effect| {
            let ledger = Arc::clone(ledger);
            tokio::spawn(async move { ledger.begin(&effect, &begin(fence, Effect::Once, "hi", 1)).await })
        })
        .collect();
    let mut decisions = Vec::new();
    for task in tasks {
        decisions.push(task.await.expect("no panic").expect("decided"));
    }
    decisions
}

/// However many attempts at one effect want to begin at once, one does.
pub(crate) async fn of_concurrent_begins_one_is_fresh(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let decisions = decisions(&engine.ledger, engine.fence, vec![effect("+1555"); 100]).await;
    let fresh = decisions.iter().filter(|decision| matches!(decision, Decision::Fresh { attempt: 1, .. })).count();
    let busy = decisions.iter().filter(|decision| **decision == Decision::Busy).count();
    assert_eq!((fresh, busy), (1, 99));
}

/// Different effects don't wait for each other, nor see each other.
pub(crate) async fn different_effects_do_not_meet(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let effects: Vec<_> = (0..100).map(|number| effect(&format!("+1555{number}"))).collect();
    let decisions = decisions(&engine.ledger, engine.fence, effects).await;
    assert!(decisions.iter().all(|decision| matches!(decision, Decision::Fresh { attempt: 1, .. })), "{decisions:?}");
}
