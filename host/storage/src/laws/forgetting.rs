//! The laws of deletion.

use std::sync::Arc;

use aftercall_core::{
    forget::{Forget, Forgotten},
    id::RunIdentity,
    ledger::Begin,
    ports::{Acceptance, Append, EffectOf, RecordsError},
    run::{Ending, Intervention, Standing},
    spent::Spent,
    state::{Expected, Quota, Space},
    time::Timestamp,
    tool::Effect,
};

use super::{Engine, Storage, refresh_token_of, samples::*};

const NOW: Timestamp = Timestamp::from_millis(100_000);

/// One effect of a conversation.
fn effect_in(call: &RunIdentity) -> EffectOf {
    let key = effect(&format!("{call:?}")).key;
    EffectOf { key, call: call.clone(), ..effect("+1555") }
}

async fn accepted_with_an_effect(engine: &Engine, identity: &RunIdentity) {
    accepted(engine, identity, 1).await;
    let begin = Begin {
        fence: engine.fence,
        arguments: arguments("hi"),
        effect: Effect::Idempotent,
        alone: true,
        caps: Vec::new(),
        at: Timestamp::from_millis(2),
    };
    engine.ledger.begin(&effect_in(identity), &begin).await.expect("begun");
}

async fn end(engine: &Engine, identity: &RunIdentity, at: u64) {
    let (run, event) = (identity.run(), event(at));
    let ending = Ending::Cancelled { reason: "enough".into() };
    let spent = Some(Spent { turns: 1, ..Spent::default() });
    let last = Append { standing: Standing::Ended, ending: Some(&ending), spent, ..Append::new(&run, 1, &event) };
    engine.journal.append(engine.fence, &last).await.expect("appended");
}

/// A run with an effect that ended at that instant.
async fn ended(engine: &Engine, tenant: &str, conversation: &str, revision: u32, at: u64) -> RunIdentity {
    let identity = identity(tenant, conversation, revision);
    accepted_with_an_effect(engine, &identity).await;
    end(engine, &identity, at).await;
    identity
}

async fn left(engine: &Engine) -> Vec<String> {
    let lines = engine.journal.runs(None, 99).await.expect("a list");
    let mut left: Vec<_> = lines.into_iter().map(|line| line.identity).collect();
    left.sort_by_key(|of| (of.tenant.clone(), of.conversation.clone(), of.revision));
    left.iter().map(|of| format!("{} {} {}", of.tenant, of.conversation, of.revision)).collect()
}

fn of(conversations: u64, runs: u64, effects: u64) -> Forgotten {
    Forgotten { conversations, runs, effects, ..Forgotten::default() }
}

/// Deletes all of it, in parts of at most so many. What was to be deleted is what was counted before.
async fn forget(engine: &Engine, what: &Forget, most: u32) -> Result<Forgotten, RecordsError> {
    let counted = engine.forgetting.count(what).await.expect("counted");
    let mut gone = Forgotten::default();
    loop {
        let batch = engine.forgetting.forget(what, NOW, most).await?;
        assert!(batch.gone.conversations <= u64::from(most) && batch.gone.values <= u64::from(most), "{batch:?}");
        gone += batch.gone;
        if batch.is_last {
            assert_eq!(gone, counted);
            return Ok(gone);
        }
    }
}

/// All that is kept of a conversation is gone, with all its revisions, and nothing else is.
pub(crate) async fn a_deleted_conversation_is_gone(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let first = ended(&engine, "acme", "c1", 0, 5).await;
    let again = ended(&engine, "acme", "c1", 1, 9).await;
    let (other, theirs) = (ended(&engine, "acme", "c2", 0, 5).await, ended(&engine, "beta", "c1", 0, 5).await);
    let what = Forget::Conversation(first.of_conversation());
    assert_eq!(forget(&engine, &what, 1).await, Ok(of(1, 2, 2)));
    for gone in [&first, &again] {
        assert_eq!(engine.journal.read(&gone.run()).await, Err(RecordsError::NoSuchRun(gone.run().to_string())));
        assert_eq!(engine.ledger.entry(&effect_in(gone).key).await, Ok(None));
    }
    for kept in [&other, &theirs] {
        assert_eq!(engine.journal.read(&kept.run()).await.expect("a run").journal.len(), 2);
        assert!(engine.ledger.entry(&effect_in(kept).key).await.expect("read").is_some());
    }
    assert_eq!(forget(&engine, &what, 1).await, Ok(of(0, 0, 0)), "nothing is left");
}

/// Whatever comes of a deleted conversation again begins nothing, and nobody can ask anything of its runs.
pub(crate) async fn a_deleted_conversation_begins_nothing(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let first = ended(&engine, "acme", "c1", 0, 5).await;
    forget(&engine, &Forget::Conversation(first.of_conversation()), 1).await.expect("deleted");
    let newer = storage.engine().await;
    for revision in [0, 1, 7] {
        let again = identity("acme", "c1", revision);
        assert_eq!(newer.journal.accept(&accept(&again, 9)).await, Ok(Acceptance::Forgotten));
    }
    assert_eq!(left(&newer).await, [""; 0]);
    let cancel = Intervention::Cancel { reason: "enough".into() };
    let unknown = RecordsError::NoSuchRun(first.run().to_string());
    assert_eq!(newer.interventions.ask(&first.run(), NOW, &cancel).await, Err(unknown.clone()));
    assert_eq!(newer.journal.append(newer.fence, &Append::new(&first.run(), 2, &event(9))).await, Err(unknown));
    for other in [identity("acme", "c2", 0), identity("beta", "c1", 0)] {
        assert_eq!(newer.journal.accept(&accept(&other, 9)).await, Ok(Acceptance::New));
    }
}

/// While any run of it goes on, a conversation stays, and so does its tenant.
pub(crate) async fn what_has_not_ended_is_not_deleted(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let first = ended(&engine, "acme", "c1", 0, 5).await;
    ended(&engine, "acme", "c2", 0, 5).await;
    let again = identity("acme", "c1", 1);
    accepted_with_an_effect(&engine, &again).await;
    let not_ended = Err(RecordsError::NotEnded(again.run()));
    for what in [Forget::Conversation(first.of_conversation()), Forget::Tenant(first.tenant.clone())] {
        assert_eq!(forget(&engine, &what, 9).await, not_ended);
    }
    let before = Timestamp::from_millis(99);
    let what = Forget::EndedBefore { tenant: first.tenant.clone(), before };
    assert_eq!(forget(&engine, &what, 9).await, Ok(of(1, 1, 1)), "it is passed over");
    assert_eq!(left(&engine).await, ["acme c1 0", "acme c1 1"]);
    end(&engine, &again, 99).await;
    assert_eq!(forget(&engine, &what, 9).await, Ok(of(0, 0, 0)), "its last run ended at that instant");
    let what = Forget::Tenant(first.tenant.clone());
    assert_eq!(forget(&engine, &what, 9).await, Ok(Forgotten { days: 1, ..of(1, 2, 2) }));
}

/// A conversation is kept after the end of the last of its runs, however many parts the deletion comes in.
pub(crate) async fn what_ended_before_is_deleted(storage: &dyn Storage) {
    let engine = storage.engine().await;
    for (conversation, at) in [("c1", 10), ("c2", 20), ("c3", 30), ("c4", 30), ("c5", 40)] {
        ended(&engine, "acme", conversation, 0, at).await;
    }
    ended(&engine, "acme", "c1", 1, 35).await;
    ended(&engine, "beta", "c2", 0, 20).await;
    let mut skipped = accept(&identity("acme", "c6", 0), 25);
    (skipped.first, skipped.ending) = (declined(25).0, Some(declined(25).1));
    engine.journal.accept(&skipped).await.expect("accepted");
    let until = |before| Forget::EndedBefore {
        tenant: "acme".parse().expect("a name"),
        before: Timestamp::from_millis(before),
    };
    for (before, most, expected) in
        [(20, 9, of(0, 0, 0)), (21, 9, of(1, 1, 1)), (35, 1, of(3, 3, 2)), (36, 2, of(1, 2, 2))]
    {
        assert_eq!(forget(&engine, &until(before), most).await, Ok(expected), "before {before}");
    }
    assert_eq!(left(&engine).await, ["acme c5 0", "beta c2 0"]);
}

/// A tenant goes with all that plugins keep there, with its consents and its refresh tokens, and no other one does.
pub(crate) async fn a_deleted_tenant_is_gone(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let tenants = ["acme", "beta"];
    for tenant in tenants {
        for conversation in ["c1", "c2", "c3"] {
            ended(&engine, tenant, conversation, 0, 5).await;
        }
        let space = Space { tenant: tenant.parse().expect("a name"), plugin: "crm".parse().expect("a name") };
        for key in ["a", "b", "c"] {
            let put = engine.state.put(&space, key, b"value", Expected::Anything, Quota::default());
            put.await.expect("written");
        }
        engine.consents.consent(&[super::consents::a_consent(tenant)]).await.expect("recorded");
        engine.refresh_tokens.keep(&refresh_token_of(tenant, "crm", "api", "one"), b"sealed").await.expect("kept");
    }
    let names: Vec<_> = tenants.iter().map(|name| name.parse().expect("a name")).collect();
    assert_eq!(engine.forgetting.tenants().await, Ok(names.clone()));
    let all = Forgotten { values: 3, consents: 1, refresh_tokens: 1, days: 1, ..of(3, 3, 3) };
    assert_eq!(forget(&engine, &Forget::Tenant(names[0].clone()), 2).await, Ok(all));
    assert_eq!(engine.forgetting.tenants().await, Ok(vec![names[1].clone()]));
    assert_eq!(engine.forgetting.count(&Forget::Tenant(names[1].clone())).await, Ok(all));
    assert_eq!(left(&engine).await, ["beta c1 0", "beta c2 0", "beta c3 0"]);
}

/// Of a conversation that is deleted while it is delivered again, no run is there afterwards that wasn't known as gone.
pub(crate) async fn deletion_and_delivery_do_not_mix(storage: &dyn Storage) {
    let engine = Arc::new(storage.engine().await);
    let first = ended(&engine, "acme", "c1", 0, 5).await;
    let deliveries: Vec<_> = (0..20)
        .map(|number| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                let what = Forget::Conversation(identity("acme", "c1", 0).of_conversation());
                match number {
                    10 => engine.forgetting.forget(&what, NOW, 1).await.map(|_| None),
                    _ => engine.journal.accept(&accept(&identity("acme", "c1", 0), 9)).await.map(Some),
                }
            })
        })
        .collect();
    for delivery in deliveries {
        let answer = delivery.await.expect("no panic").expect("an answer");
        assert_ne!(answer, Some(Acceptance::New));
    }
    assert_eq!(engine.journal.accept(&accept(&first, 9)).await, Ok(Acceptance::Forgotten));
    assert_eq!(left(&engine).await, [""; 0]);
}
