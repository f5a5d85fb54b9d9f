//! The laws of what tenants have used of models.

use aftercall_core::{
    cap::DAY_MS,
    ledger::Fence,
    model::Usage,
    ports::{Append, RecordsError},
    price::Amount,
    spent::{Day, Spent},
};

use super::{Engine, Storage, samples::*};

fn spent(turns: u64, each: u64) -> Spent {
    let usage = Usage { input_tokens: 100 * each, cached_tokens: 10 * each, output_tokens: each };
    Spent { turns, usage, cost: Amount::from_millionths(7 * each) }
}

/// What is counted of a tenant (none: of all) in some days: `acme 1: 2 turns …`.
async fn counted(engine: &Engine, tenant: Option<&str>, from: u64, to: u64) -> Vec<(String, u64, Spent)> {
    let tenant = tenant.map(|tenant| tenant.parse().expect("a name"));
    let days = Day::from_number(from)..=Day::from_number(to);
    let found = engine.spending.spent(tenant.as_ref(), days).await.expect("it is read");
    found.into_iter().map(|day| (day.tenant.to_string(), day.day.number(), day.spent)).collect()
}

/// What a reply used is counted with it: of its tenant, in the day in which it came.
pub(crate) async fn what_is_used_is_counted_by_tenant_and_day(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let mut places = std::collections::BTreeMap::new();
    for (tenant, conversation) in [("acme", "c1"), ("acme", "c2"), ("beta", "c1")] {
        let run = accepted(&engine, &identity(tenant, conversation, 0), 1).await;
        places.insert((tenant, conversation), (run, 1));
    }
    for (of, at, each) in [
        (("acme", "c1"), 1, Some(1)),
        (("acme", "c2"), DAY_MS - 1, Some(2)),
        (("acme", "c1"), DAY_MS - 1, None),
        (("acme", "c1"), DAY_MS, Some(4)),
        (("beta", "c1"), 3 * DAY_MS, Some(8)),
    ] {
        let (run, seq) = places.get_mut(&of).expect("it is there");
        let (event, spent) = (reply(at), each.map(|each| spent(1, each)));
        let append = Append { spent, ..Append::new(run, *seq, &event) };
        engine.journal.append(engine.fence, &append).await.expect("appended");
        *seq += 1;
    }
    let of = |tenant: &str, day, turns, each| (tenant.to_owned(), day, spent(turns, each));
    for (tenant, from, to, expected) in [
        (None, 0, u64::MAX, vec![of("acme", 0, 2, 3), of("acme", 1, 1, 4), of("beta", 3, 1, 8)]),
        (Some("acme"), 0, 9, vec![of("acme", 0, 2, 3), of("acme", 1, 1, 4)]),
        (Some("acme"), 1, 1, vec![of("acme", 1, 1, 4)]),
        (Some("beta"), 0, 2, vec![]),
        (Some("gamma"), 0, 9, vec![]),
    ] {
        assert_eq!(counted(&engine, tenant, from, to).await, expected, "{tenant:?} {from} to {to}");
    }
}

/// A reply that isn't taken is not counted, and one that is is counted once.
pub(crate) async fn what_is_not_appended_is_not_counted(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let event = reply(1);
    let append = |seq| Append { spent: Some(spent(1, 1)), ..Append::new(&run, seq, &event) };
    let taken = RecordsError::Taken { run: run.clone(), seq: 1 };
    let gap = RecordsError::Gap { run: run.clone(), seq: 9, next: 2 };
    let zombie = Fence(engine.fence.0 + 1);
    for (fence, seq, expected) in [
        (engine.fence, 1, Ok(())),
        (engine.fence, 1, Err(taken)),
        (engine.fence, 9, Err(gap)),
        (zombie, 2, Err(RecordsError::Fenced)),
    ] {
        assert_eq!(engine.journal.append(fence, &append(seq)).await, expected);
    }
    assert_eq!(counted(&engine, None, 0, 9).await, [("acme".to_owned(), 0, spent(1, 1))]);
}

/// More than can be counted is the most that can be, and no failure.
pub(crate) async fn a_sum_that_is_too_large_is_counted_as_far_as_it_goes(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let run = accepted(&engine, &identity("acme", "c1", 0), 1).await;
    let event = reply(1);
    let usage = Usage { input_tokens: u64::MAX, cached_tokens: 1, output_tokens: u64::MAX };
    let most = Spent { turns: 1, usage, cost: Amount::from_millionths(u64::MAX) };
    for seq in 1..=2 {
        let append = Append { spent: Some(most), ..Append::new(&run, seq, &event) };
        engine.journal.append(engine.fence, &append).await.expect("appended");
    }
    let counted = counted(&engine, None, 0, 0).await;
    let (_, _, Spent { turns, usage, cost }) = counted[0];
    assert_eq!((turns, usage.cached_tokens), (2, 2));
    assert!([usage.input_tokens, usage.output_tokens, cost.as_millionths()].iter().all(|sum| *sum > u64::MAX / 4));
}
