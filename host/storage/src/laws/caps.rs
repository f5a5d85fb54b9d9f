//! The laws of counted effects: that they are counted in the transaction in which an attempt begins.

use std::sync::Arc;

use aftercall_core::{
    cap::{Cap, DAY_MS, Of, Per},
    id::Sha256Hex,
    ledger::{Begin, Change, Decision, Verdict},
    ports::EffectOf,
    time::Timestamp,
    tool::{Effect, Failure, FailureKind},
};

use super::{Engine, Storage, samples::*};

const END: Timestamp = Timestamp::from_millis(100_000);

const fn cap(of: Of, per: Per, most: u32) -> Cap {
    Cap { of, per, most }
}

/// Which effect: the recipient, tenant, conversation, revision, tool and contact.
struct Which<'a> {
    to: &'a str,
    tenant: &'a str,
    conversation: &'a str,
    revision: u32,
    tool: &'a str,
    contact: &'a str,
}

const FIRST: Which<'static> =
    Which { to: "+1", tenant: "acme", conversation: "c1", revision: 0, tool: "sms/send_sms", contact: "ann" };

fn effect_of(which: &Which<'_>) -> EffectOf {
    let call = identity(which.tenant, which.conversation, which.revision);
    let key = effect(&format!("{} {} {} {}", which.to, which.tenant, which.conversation, which.tool)).key;
    EffectOf { key, call, tool: which.tool.to_owned(), contact: Sha256Hex::of(which.contact.as_bytes()) }
}

async fn begin(engine: &Engine, effect: &EffectOf, caps: &[Cap], at: u64) -> Decision {
    let begin = Begin {
        fence: engine.fence,
        arguments: arguments("hi"),
        effect: Effect::Idempotent,
        alone: true,
        caps: caps.to_vec(),
        at: Timestamp::from_millis(at),
    };
    engine.ledger.begin(effect, &begin).await.expect("decided")
}

fn is_fresh(decision: &Decision) -> bool {
    matches!(decision, Decision::Fresh { .. })
}

/// One effect is there; whether another has room depends on what the two have in common.
pub(crate) async fn effects_are_counted_where_their_cap_says(storage: &dyn Storage) {
    use Of::{Plugin, Tool};
    use Per::{ContactAndDay, Run};
    let cases = [
        (Which { to: "+2", ..FIRST }, Tool, Run, false),
        (Which { to: "+2", ..FIRST }, Plugin, Run, false),
        (Which { to: "+2", ..FIRST }, Tool, ContactAndDay, false),
        (Which { to: "+2", revision: 1, ..FIRST }, Tool, Run, true),
        (Which { to: "+2", revision: 1, ..FIRST }, Tool, ContactAndDay, false),
        (Which { conversation: "c2", ..FIRST }, Plugin, Run, true),
        (Which { conversation: "c2", ..FIRST }, Plugin, ContactAndDay, false),
        (Which { conversation: "c2", contact: "bob", ..FIRST }, Tool, ContactAndDay, true),
        (Which { to: "+2", tool: "sms/send_sms_later", ..FIRST }, Tool, Run, true),
        (Which { to: "+2", tool: "sms/send_sms_later", ..FIRST }, Plugin, Run, false),
        (Which { to: "+2", tool: "sms2/send_sms", ..FIRST }, Plugin, Run, true),
        (Which { to: "+2", tool: "sms2/send_sms", ..FIRST }, Plugin, ContactAndDay, true),
        (Which { tenant: "beta", ..FIRST }, Plugin, ContactAndDay, true),
    ];
    let engine = storage.engine().await;
    assert!(is_fresh(&begin(&engine, &effect_of(&FIRST), &[cap(Tool, Run, 1)], 1).await));
    for (number, (which, of, per, room)) in cases.into_iter().enumerate() {
        let effect = effect_of(&which);
        let before = engine.ledger.entry(&effect.key).await;
        let decision = begin(&engine, &effect, &[cap(of, per, 1)], 2).await;
        if room {
            assert!(is_fresh(&decision), "case {number}: {decision:?}");
            // It is no other case's.
            engine.ledger.change(&effect.key, engine.fence, &failed()).await.expect("it ends");
        } else {
            assert_eq!(decision, Decision::OverCap(cap(of, per, 1)), "case {number}");
            assert_eq!(engine.ledger.entry(&effect.key).await, before, "what is refused changes nothing");
        }
    }
    let second = effect_of(&Which { to: "+2", ..FIRST });
    let caps = [cap(Tool, Run, 2), cap(Plugin, ContactAndDay, 1)];
    assert_eq!(begin(&engine, &second, &caps, 2).await, Decision::OverCap(caps[1]), "each must have room");
    assert!(is_fresh(&begin(&engine, &second, &[cap(Tool, Run, 2), cap(Plugin, ContactAndDay, 2)], 2).await));
}

fn failed() -> Change {
    Change::Ended { verdict: Verdict::Failed(Failure::new(FailureKind::Unavailable, "no answer")), at: END }
}

/// An effect counts from its beginning: while it is open, in doubt, done or unknowable. Its own repetition does not count
/// again, and finds room although there is none.
pub(crate) async fn an_effect_counts_until_it_failed_for_certain(storage: &dyn Storage) {
    use Change::{Ended, GivenUp, SettledNot};
    let in_doubt = || Ended { verdict: Verdict::InDoubt(Failure::new(FailureKind::Unavailable, "no answer")), at: END };
    let done = || Ended { verdict: Verdict::Done(outcome("SM1")), at: END };
    let cases = [
        (vec![], true),
        (vec![Change::WriteLeaves], true),
        (vec![done()], true),
        (vec![in_doubt()], true),
        (vec![in_doubt(), GivenUp], true),
        (vec![in_doubt(), SettledNot], false),
        (vec![failed()], false),
    ];
    let one = [cap(Of::Tool, Per::ContactAndDay, 1)];
    for (number, (changes, counts)) in cases.into_iter().enumerate() {
        let contact = format!("contact {number}");
        let conversation = format!("c{number}");
        let which = Which { conversation: &conversation, contact: &contact, ..FIRST };
        let (first, second) = (effect_of(&which), effect_of(&Which { to: "+2", ..which }));
        let engine = storage.engine().await;
        assert!(is_fresh(&begin(&engine, &first, &one, 1).await));
        for change in &changes {
            engine.ledger.change(&first.key, engine.fence, change).await.expect("it follows");
        }
        let again = begin(&engine, &first, &one, 2).await;
        assert!(!matches!(again, Decision::OverCap(_)), "{changes:?}: {again:?}");
        if !counts {
            // The repetition began, and counts now.
            engine.ledger.change(&first.key, engine.fence, &failed()).await.expect("it ends");
        }
        let decision = begin(&engine, &second, &one, 3).await;
        assert_eq!(is_fresh(&decision), !counts, "{changes:?}: {decision:?}");
        if !counts {
            let refused = begin(&engine, &first, &one, 4).await;
            assert_eq!(refused, Decision::OverCap(one[0]), "what failed has no place to come back to");
        }
    }
}

/// An effect counts on its contact for 24 hours from its newest attempt on, and in its run for ever.
pub(crate) async fn a_day_is_any_24_hours(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let effect = |to| effect_of(&Which { to, ..FIRST });
    let (day, run) = ([cap(Of::Tool, Per::ContactAndDay, 1)], [cap(Of::Tool, Per::Run, 1)]);
    assert!(is_fresh(&begin(&engine, &effect("+1"), &day, 1_000).await));
    assert!(is_fresh(&begin(&engine, &effect("+1"), &day, 5_000).await), "a repetition");
    assert_eq!(begin(&engine, &effect("+2"), &day, 4_999 + DAY_MS).await, Decision::OverCap(day[0]));
    assert_eq!(begin(&engine, &effect("+2"), &run, 5_000 + DAY_MS).await, Decision::OverCap(run[0]));
    assert!(is_fresh(&begin(&engine, &effect("+2"), &day, 5_000 + DAY_MS).await));
}

/// However many effects want to begin at once, of different runs on one contact, no more do than the cap allows.
pub(crate) async fn of_concurrent_begins_no_more_than_the_cap_are_fresh(storage: &dyn Storage) {
    let engine = Arc::new(storage.engine().await);
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let conversation = format!("c{number}");
                let effect = effect_of(&Which { conversation: &conversation, ..FIRST });
                begin(&engine, &effect, &[cap(Of::Plugin, Per::ContactAndDay, 3)], 1).await
            })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        fresh += usize::from(is_fresh(&task.await.expect("no panic")));
    }
    assert_eq!(fresh, 3);
}
