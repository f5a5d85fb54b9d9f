//! The laws of runs that wait: for an instant, for a person, for what the live call did.

use aftercall_core::{
    ledger::{Begin, Decision, Entry, State},
    ports::{Append, Asked, InterventionNumber, RecordsError},
    run::{CallId, Ending, Intervention, Resolution, Said, Standing},
    seed::Seed,
    time::Timestamp,
    tool::Effect,
};

use super::{Engine, Storage, samples::*};

const NOW: Timestamp = Timestamp::from_millis(1_000);

/// Runs whose instant lies between two, in their order.
async fn due(engine: &Engine, from: u64, to: u64) -> Vec<String> {
    let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
    let due = engine.journal.due(from, to).await.expect("a list");
    let mut conversations = Vec::new();
    for unfinished in due {
        conversations.push(engine.journal.read(&unfinished.run).await.expect("a run").identity.conversation);
    }
    conversations
}

/// A run is due when its newest event said so; one that waits for a person, or has ended, never is.
pub(crate) async fn runs_are_due_when_their_instant_comes(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let until = Timestamp::from_millis;
    let ending = Ending::Cancelled { reason: "enough".into() };
    let at_night = Standing::Sleeping { until: until(5_000) };
    for (conversation, standing) in [
        ("c1", Standing::Working),
        ("c2", at_night),
        ("c3", Standing::AwaitsApproval { until: until(4_000) }),
        ("c4", Standing::NeedsAttention),
        ("c5", Standing::Ended),
        ("c6", Standing::Sleeping { until: until(u64::MAX) }),
    ] {
        let run = accepted(&engine, &identity("acme", conversation, 0), 1).await;
        let ending = (standing == Standing::Ended).then_some(&ending);
        let event = event(2);
        let append = Append { standing, ending, ..Append::new(&run, 1, &event) };
        engine.journal.append(engine.fence, &append).await.expect("appended");
    }
    for (from, to, expected) in [
        (0, 0, &["c1"][..]),
        (0, 4_000, &["c1", "c3"]),
        (1, 5_000, &["c3", "c2"]),
        (4_001, 4_999, &[]),
        (1, u64::MAX, &["c3", "c2", "c6"]),
    ] {
        assert_eq!(due(&engine, from, to).await, expected, "from {from} to {to}");
    }
    let next = engine.journal.next_due(until(1)).await.expect("an instant");
    assert_eq!(next, Some(until(4_000)));
    let run = identity("acme", "c2", 0).run();
    engine.journal.append(engine.fence, &Append::new(&run, 2, &event(3))).await.expect("appended");
    assert_eq!(due(&engine, 0, 0).await, ["c1", "c2"], "it is under way again");
    let words: Vec<String> =
        engine.journal.runs(None, 9).await.expect("a list").into_iter().map(|line| line.standing).collect();
    assert_eq!(words, ["sleeping", "ended", "needs-attention", "awaits-approval", "under-way", "under-way"]);
}

/// What people ask for stays until an event does it, or it is declined; nothing is asked of a run that is over.
pub(crate) async fn what_people_ask_for_is_kept_until_it_is_done(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let other = accepted(&engine, &identity("acme", "c2", 0), 1).await;
    let call = CallId { turn: 1, index: 0 };
    let said = Said::Resolve(Resolution::Redo);
    let resolve = Intervention::Decide { call, by: "dana".into(), said };
    let cancel = Intervention::Cancel { reason: "enough".into() };
    let asked = |number, what: &Intervention| Asked { number: InterventionNumber(number), at: NOW, what: what.clone() };
    for what in [&resolve, &cancel] {
        engine.interventions.ask(&run, NOW, what).await.expect("asked");
    }
    assert_eq!(engine.journal.asked(&run).await, Ok(vec![asked(1, &resolve), asked(2, &cancel)]));
    assert_eq!(engine.journal.asked(&other).await, Ok(vec![]));
    let of: Vec<_> = engine.journal.asked_of().await.expect("a list").into_iter().map(|of| of.run).collect();
    assert_eq!(of, std::slice::from_ref(&run));

    let event = event(2);
    let does = Some(InterventionNumber(1));
    engine.journal.append(engine.fence, &Append { does, ..Append::new(&run, 1, &event) }).await.expect("appended");
    assert_eq!(engine.journal.asked(&run).await, Ok(vec![asked(2, &cancel)]));
    let newer = storage.engine().await;
    let declined = engine.journal.decline(engine.fence, InterventionNumber(2)).await;
    assert_eq!(declined, Err(RecordsError::Fenced));
    newer.journal.decline(newer.fence, InterventionNumber(2)).await.expect("declined");
    assert_eq!(newer.journal.asked_of().await, Ok(vec![]));

    let ending = Ending::Cancelled { reason: "enough".into() };
    let last = Append { standing: Standing::Ended, ending: Some(&ending), ..Append::new(&run, 2, &event) };
    newer.journal.append(newer.fence, &last).await.expect("appended");
    let nobody = identity("acme", "nobody", 0).run();
    assert_eq!(newer.interventions.ask(&run, NOW, &cancel).await, Err(RecordsError::Ended(run)));
    let unknown = RecordsError::NoSuchRun(nobody.to_string());
    assert_eq!(newer.interventions.ask(&nobody, NOW, &cancel).await, Err(unknown));

    // By a clock that was set back: it was asked after all that has happened to the run.
    newer.interventions.ask(&other, Timestamp::from_millis(0), &cancel).await.expect("asked");
    let newest = newer.journal.read(&other).await.expect("it is there").journal.last().map(|event| event.at);
    let asked_at: Vec<_> = newer.journal.asked(&other).await.expect("read").into_iter().map(|asked| asked.at).collect();
    assert_eq!((asked_at.first().copied(), asked_at.len()), (newest, 1));
}

/// What the live call did is in the ledger once the conversation is accepted, unless the ledger knew better.
pub(crate) async fn what_the_live_call_did_is_known(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let effect = effect("+15550101");
    let seed = |id: &str| Seed {
        plugin: "sms".parse().expect("a name"),
        tool: "send_sms".into(),
        key: effect.key.clone(),
        entry: Entry {
            arguments: None,
            attempts: 1,
            first_attempt_at: NOW,
            last_attempt_at: NOW,
            last_attempt_ended_at: None,
            in_question: None,
            state: State::Done(outcome(id)),
        },
        live: "text_caller".into(),
        item: 3,
    };
    for (revision, id) in [(0, "first"), (1, "second")] {
        let mut accept = accept(&identity("acme", "c1", revision), 1);
        accept.seeds = vec![seed(id)];
        engine.journal.accept(&accept).await.expect("accepted");
    }
    let (arguments, caps) = (arguments("hello"), Vec::new());
    let begin = Begin { fence: engine.fence, arguments, effect: Effect::Once, alone: true, caps, at: NOW };
    assert_eq!(engine.ledger.begin(&effect, &begin).await, Ok(Decision::Done(outcome("first"))));
}
