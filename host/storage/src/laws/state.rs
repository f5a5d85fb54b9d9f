//! The laws of what plugins keep.

use std::sync::Arc;

use aftercall_core::{
    ledger::Fence,
    ports::{PluginState, RecordsError},
    state::{Expected, Put, Quota, Space, Value},
};

use super::Storage;

fn space(tenant: &str, plugin: &str) -> Space {
    Space { tenant: tenant.parse().expect("a name"), plugin: plugin.parse().expect("a name") }
}

/// Any space.
pub(crate) fn a_space() -> Space {
    space("acme", "crm")
}

async fn put(state: &Arc<dyn PluginState>, space: &Space, key: &str, value: &str, expected: Expected) -> Put {
    state.put(space, key, value.as_bytes(), expected, Quota::default()).await.expect("written")
}

/// A write is found again, by its own tenant and plugin alone, and after a restart.
pub(crate) async fn plugins_keep_what_they_write(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let ours = space("acme", "crm");
    let Put::Done(version) = put(&engine.state, &ours, "cursor", "1", Expected::Anything).await else {
        panic!("it is written")
    };
    for other in [space("acme", "sms"), space("other", "crm")] {
        assert_eq!(engine.state.get(&other, "cursor").await, Ok(None));
        assert_eq!(engine.state.keys(&other, "", None, 10).await, Ok(vec![]));
    }
    let engine = storage.engine().await;
    let found = engine.state.get(&ours, "cursor").await;
    assert_eq!(found, Ok(Some(Value { bytes: b"1".to_vec(), version })));
    engine.state.delete(&ours, "cursor").await.expect("deleted");
    engine.state.delete(&ours, "cursor").await.expect("deleting nothing is no error");
    assert_eq!(engine.state.get(&ours, "cursor").await, Ok(None));
}

/// A write that expects something else than there is changes nothing; no version comes back.
pub(crate) async fn a_stale_write_changes_nothing(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let (state, ours) = (&engine.state, space("acme", "crm"));
    let Put::Done(first) = put(state, &ours, "k", "1", Expected::Nothing).await else { panic!("there was nothing") };
    assert_eq!(put(state, &ours, "k", "2", Expected::Nothing).await, Put::Stale);
    let Put::Done(second) = put(state, &ours, "k", "2", Expected::Version(first)).await else { panic!("it was there") };
    assert_eq!(put(state, &ours, "k", "3", Expected::Version(first)).await, Put::Stale);
    state.delete(&ours, "k").await.expect("deleted");
    assert_eq!(put(state, &ours, "k", "3", Expected::Version(second)).await, Put::Stale);
    let Put::Done(third) = put(state, &ours, "k", "3", Expected::Nothing).await else { panic!("there was nothing") };
    assert!(first < second && second < third, "{first} {second} {third}");
}

/// Of concurrent writes that expect the same version, one is done.
pub(crate) async fn of_concurrent_stale_writes_one_is_done(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let state = Arc::clone(&engine.state);
            tokio::spawn(async move {
                put(&state, &space("acme", "crm"), "k", &number.to_string(), Expected::Nothing).await
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += usize::from(matches!(task.await.expect("no panic"), Put::Done(_)));
    }
    assert_eq!(done, 1);
}

/// A space never holds more than its quota; what is replaced makes room.
pub(crate) async fn a_full_space_takes_no_more(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let ours = space("acme", "crm");
    let quota = Quota { bytes_max: 10, keys_max: 2 };
    for (key, value, expected) in [
        ("a", "1234", true),
        ("b", "12345", false),
        ("b", "1234", true),
        ("c", "", false),
        ("a", "1234", true),
        ("a", "12345", false),
        ("ü", "", false),
    ] {
        let put = engine.state.put(&ours, key, value.as_bytes(), Expected::Anything, quota).await.expect("asked");
        assert_eq!(matches!(put, Put::Done(_)), expected, "{key}={value}: {put:?}");
    }
    engine.state.delete(&ours, "a").await.expect("deleted");
    let put = engine.state.put(&ours, "c", b"", Expected::Anything, quota).await.expect("asked");
    assert!(matches!(put, Put::Done(_)), "{put:?}");
}

/// Keys come in order, after the cursor, with the prefix as it is: nothing in it is a pattern.
pub(crate) async fn keys_are_listed_in_order(storage: &dyn Storage) {
    let engine = storage.engine().await;
    let ours = space("acme", "crm");
    for key in ["a/2", "a/1", "a/10", "b", "a%", "A/1", "a/ü", "a/\u{10ffff}"] {
        put(&engine.state, &ours, key, "", Expected::Anything).await;
    }
    for (prefix, after, most, expected) in [
        ("a/", None, 10, &["a/1", "a/10", "a/2", "a/ü", "a/\u{10ffff}"][..]),
        ("a/", Some("a/10"), 2, &["a/2", "a/ü"]),
        ("a%", None, 10, &["a%"]),
        ("", None, 2, &["A/1", "a%"]),
        ("a/", Some("z"), 10, &[]),
        ("c", None, 10, &[]),
    ] {
        let found = engine.state.keys(&ours, prefix, after, most).await.expect("listed");
        assert_eq!(found, expected, "{prefix} after {after:?}");
    }
}

/// An engine that another one has replaced writes nothing any more.
pub(crate) async fn an_older_engine_keeps_nothing(storage: &dyn Storage) {
    let older = storage.engine().await;
    let ours = space("acme", "crm");
    let newer = storage.engine().await;
    assert_ne!(older.fence, Fence(0));
    let put = older.state.put(&ours, "k", b"1", Expected::Anything, Quota::default()).await;
    assert_eq!(put, Err(RecordsError::Fenced));
    assert_eq!(older.state.delete(&ours, "k").await, Err(RecordsError::Fenced));
    assert_eq!(newer.state.get(&ours, "k").await, Ok(None));
}
