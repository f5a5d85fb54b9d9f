//! The laws of the journal.

use std::sync::Arc;

use aftercall_core::{
    ledger::{Begin, Change, Fence},
    ports::{Acceptance, Append, RecordsError, RunLine, StoredRun},
    run::{Ending, Standing},
    time::Timestamp,
    tool::Effect,
};

use super::{Storage, samples::*};

/// A webhook that is delivered twice is one run, and each part of the identity tells runs apart.
pub(crate) async fn a_conversation_is_accepted_once(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let first = identity("acme", "c1", 0);
    for (case, expected) in [
        (first.clone(), Acceptance::New),
        (first.clone(), Acceptance::Known),
        (identity("acme", "c1", 1), Acceptance::New),
        (identity("acme", "c2", 0), Acceptance::New),
        (identity("other", "c1", 0), Acceptance::New),
        (identity("acme", "c1", 1), Acceptance::Known),
    ] {
        let found = engine.journal.accept(&accept(&case, 1)).await.expect("accepted or known");
        assert_eq!(found, expected, "{case:?}");
    }
    let before = engine.journal.read(&first.run()).await.expect("a run");
    let mut again = accept(&first, 99);
    again.conversation.items.clear();
    (again.first, again.ending) = (declined(99).0, Some(declined(99).1));
    assert_eq!(engine.journal.accept(&again).await, Ok(Acceptance::Known));
    assert_eq!(engine.journal.read(&first.run()).await, Ok(before));
    assert!(unfinished(&engine).await.contains(&first.run()));
}

/// However many deliveries of one conversation come at once, one of them begins the run.
pub(crate) async fn concurrent_deliveries_make_one_run(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let deliveries: Vec<_> = (0..40)
        .map(|at| {
            let journal = Arc::clone(&engine.journal);
            tokio::spawn(async move { journal.accept(&accept(&identity("acme", "c1", 0), at)).await })
        })
        .collect();
    let mut new = 0;
    for delivery in deliveries {
        new += u32::from(delivery.await.expect("no panic") == Ok(Acceptance::New));
    }
    assert_eq!(new, 1);
    let stored = engine.journal.read(&identity("acme", "c1", 0).run()).await.expect("a run");
    assert_eq!(stored.journal.len(), 1);
    assert_eq!(stored.journal[0].at, stored.accepted_at, "all of it must be of one delivery");
}

/// Nothing is lost or changed on the way: neither instants, nor text, nor a provider's bytes.
pub(crate) async fn what_is_stored_comes_back(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let identity = identity("acme", "c'\u{0}\u{1F44B}; --", u32::MAX);
    let accept = accept(&identity, 1_750_000_000_000);
    let run = accepted(&engine, &identity, 1_750_000_000_000).await;
    let mut journal = vec![accept.first.clone()];
    for seq in 1..=30 {
        let event = if seq % 2 == 0 { event(seq) } else { reply(seq) };
        engine.journal.append(engine.fence, &Append::new(&run, seq, &event)).await.expect("appended");
        journal.push(event);
    }
    let expected = StoredRun { identity, accepted_at: accept.at, conversation: accept.conversation, journal };
    assert_eq!(engine.journal.read(&run).await, Ok(expected));
}

/// An event goes to the next place; the journal is never changed, never has a gap, and belongs to a run.
pub(crate) async fn a_journal_takes_its_next_place_alone(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let nobody = identity("acme", "nobody", 0).run();
    let taken = |seq| Err(RecordsError::Taken { run: run.clone(), seq });
    let gap = |seq, next| Err(RecordsError::Gap { run: run.clone(), seq, next });
    for (of, seq, expected) in [
        (&run, 0, taken(0)),
        (&run, 2, gap(2, 1)),
        (&run, u64::MAX, gap(u64::MAX, 1)),
        (&run, 1, Ok(())),
        (&run, 1, taken(1)),
        (&run, 3, gap(3, 2)),
        (&run, 2, Ok(())),
        (&run, 0, taken(0)),
        (&nobody, 0, Err(RecordsError::NoSuchRun(nobody.to_string()))),
    ] {
        let found = engine.journal.append(engine.fence, &Append::new(of, seq, &event(10 + seq % 10))).await;
        assert_eq!(found, expected, "place {seq} of {of}");
    }
    let stored = engine.journal.read(&run).await.expect("a run");
    assert_eq!(stored.journal, [event(1), event(11), event(12)]);
    assert_eq!(engine.journal.read(&nobody).await, Err(RecordsError::NoSuchRun(nobody.to_string())));
}

/// What has ended stays as it ended.
pub(crate) async fn an_ended_run_is_closed(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let ending = Ending::Cancelled { reason: "enough".into() };
    let cancel = event(2);
    let last = Append { standing: Standing::Ended, ending: Some(&ending), ..Append::new(&run, 1, &cancel) };
    engine.journal.append(engine.fence, &last).await.expect("appended");

    let mut skipped = accept(&identity("acme", "c2", 0), 2);
    (skipped.first, skipped.ending) = (declined(2).0, Some(declined(2).1));
    assert_eq!(engine.journal.accept(&skipped).await, Ok(Acceptance::New));

    for (run, next) in [(run, 2), (skipped.identity.run(), 1)] {
        let before = engine.journal.read(&run).await.expect("a run");
        for (seq, expected) in [
            (next, RecordsError::Ended(run.clone())),
            (next + 1, RecordsError::Ended(run.clone())),
            (next - 1, RecordsError::Taken { run: run.clone(), seq: next - 1 }),
        ] {
            let found = engine.journal.append(engine.fence, &Append::new(&run, seq, &event(9))).await;
            assert_eq!(found, Err(expected), "place {seq} of {run}");
        }
        assert_eq!(engine.journal.read(&run).await, Ok(before));
    }
    assert_eq!(unfinished(&engine).await, []);
}

/// One place, one event, however many want it.
pub(crate) async fn of_concurrent_appends_one_wins(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let appends: Vec<_> = (0..40)
        .map(|at| {
            let (journal, run, fence) = (Arc::clone(&engine.journal), run.clone(), engine.fence);
            tokio::spawn(async move { journal.append(fence, &Append::new(&run, 1, &event(at))).await })
        })
        .collect();
    let mut winners = Vec::new();
    for (at, task) in (0..).zip(appends) {
        match task.await.expect("no panic") {
            Ok(()) => winners.push(event(at)),
            Err(error) => assert_eq!(error, RecordsError::Taken { run: run.clone(), seq: 1 }),
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(engine.journal.read(&run).await.expect("a run").journal[1..], winners);
}

/// Runs under way come in the order in which they were accepted, to be taken up in that order; lists for people newest
/// first.
pub(crate) async fn runs_are_listed(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let late = accepted(&engine, &identity("acme", "late", 0), 30).await;
    let early = accepted(&engine, &identity("acme", "early", 0), 10).await;
    let other = accepted(&engine, &identity("other", "c", 0), 20).await;
    let same_instant = accepted(&engine, &identity("other", "same instant", 0), 20).await;
    let mut ended = accept(&identity("acme", "ended", 0), 15);
    (ended.first, ended.ending) = (declined(15).0, Some(declined(15).1));
    assert_eq!(engine.journal.accept(&ended).await, Ok(Acceptance::New));
    let ended = ended.identity.run();

    let accepted = [&late, &early, &other, &same_instant].map(Clone::clone);
    assert_eq!(unfinished(&engine).await, accepted);

    let (acme, nobody) = ("acme".parse().expect("a name"), "nobody".parse().expect("a name"));
    for (tenant, most, expected) in [
        (None, u32::MAX, vec![&late, &same_instant, &other, &ended, &early]),
        (None, 2, vec![&late, &same_instant]),
        (None, 0, vec![]),
        (Some(&acme), 10, vec![&late, &ended, &early]),
        (Some(&acme), 1, vec![&late]),
        (Some(&nobody), 10, vec![]),
    ] {
        let found = engine.journal.runs(tenant, most).await.expect("a list");
        assert_eq!(found.iter().map(|line| &line.run).collect::<Vec<_>>(), expected, "{tenant:?} {most}");
    }
    let lines = engine.journal.runs(Some(&acme), 2).await.expect("a list");
    let line = |conversation, at, ending: Option<&str>| RunLine {
        run: identity("acme", conversation, 0).run(),
        identity: identity("acme", conversation, 0),
        accepted_at: Timestamp::from_millis(at),
        standing: if ending.is_some() { Standing::Ended } else { Standing::Working }.as_str().to_owned(),
        ending: ending.map(str::to_owned),
    };
    assert_eq!(lines, [line("late", 30, None), line("ended", 15, Some("skipped"))]);
}

/// The next engine finds all that was acknowledged to the one before.
pub(crate) async fn records_outlive_their_engine(storage: &dyn Storage) {
    let first = storage.engine().await;
    let run = accepted(&first, &identity("acme", "c1", 0), 1).await;
    first.journal.append(first.fence, &Append::new(&run, 1, &reply(2))).await.expect("appended");
    let effect = effect("+1555");
    let begin = Begin {
        fence: first.fence,
        arguments: arguments("hi"),
        effect: Effect::Once,
        alone: false,
        caps: Vec::new(),
        at: Timestamp::from_millis(3),
    };
    first.ledger.begin(&effect, &begin).await.expect("begun");
    first.ledger.change(&effect.key, first.fence, &Change::WriteLeaves).await.expect("changed");
    let stored = first.journal.read(&run).await;
    let entry = first.ledger.entry(&effect.key).await;
    drop(first);

    let second = storage.engine().await;
    assert_eq!(second.journal.read(&run).await, stored);
    assert_eq!(second.ledger.entry(&effect.key).await, entry);
    assert_eq!(unfinished(&second).await, std::slice::from_ref(&run));
    assert_eq!(second.journal.append(second.fence, &Append::new(&run, 2, &event(4))).await, Ok(()));
}

/// Whoever holds an older fence writes nothing any more, on whichever handle; reading harms nobody.
pub(crate) async fn an_older_engine_is_fenced(storage: &dyn Storage) {
    let zombie = storage.engine().await;
    let run = accepted(&zombie, &identity("acme", "c1", 0), 1).await;
    let effect = effect("+1555");
    let begin = |fence| Begin {
        fence,
        arguments: arguments("hi"),
        effect: Effect::Idempotent,
        alone: false,
        caps: Vec::new(),
        at: Timestamp::from_millis(1),
    };
    zombie.ledger.begin(&effect, &begin(zombie.fence)).await.expect("begun");

    let newer = storage.engine().await;
    assert!(newer.fence > zombie.fence);
    let before = (newer.journal.read(&run).await, newer.ledger.entry(&effect.key).await);
    let never_given = Fence(newer.fence.0 + 1);
    for (engine, fence) in [(&zombie, zombie.fence), (&newer, zombie.fence), (&newer, never_given)] {
        let appended = engine.journal.append(fence, &Append::new(&run, 1, &event(2))).await;
        assert_eq!(appended, Err(RecordsError::Fenced), "append, {fence:?}");
        let begun = engine.ledger.begin(&effect, &begin(fence)).await;
        assert_eq!(begun, Err(RecordsError::Fenced), "begin, {fence:?}");
        let changed = engine.ledger.change(&effect.key, fence, &Change::WriteLeaves).await;
        assert_eq!(changed, Err(RecordsError::Fenced), "change, {fence:?}");
    }
    // It would promise to process what it can't.
    let accepted = zombie.journal.accept(&accept(&identity("acme", "c2", 0), 2)).await;
    assert_eq!(accepted, Err(RecordsError::Fenced));
    assert_eq!((zombie.journal.read(&run).await, zombie.ledger.entry(&effect.key).await), before);
    assert_eq!(unfinished(&newer).await, std::slice::from_ref(&run));

    assert_eq!(newer.journal.append(newer.fence, &Append::new(&run, 1, &event(3))).await, Ok(()));
}
