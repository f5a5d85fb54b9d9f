//! What a plugin keeps, against the fake.

use aftercall::testing::Fake;
use aftercall::{Entry, Failure, FailureKind, StateError};
use serde_json::{Value, json};

#[test]
fn what_is_put_is_there_for_the_next_call() {
    let fake = Fake::new().grants_state();
    let cx = fake.context();
    assert_eq!(cx.state().get("a"), Ok(None));
    let version = cx.state().put("a", b"\xff\0").unwrap();
    cx.state().put_json("b", &json!({ "n": 1 })).unwrap();

    let cx = fake.context();
    assert_eq!(cx.state().get("a"), Ok(Some(Entry { value: b"\xff\0".to_vec(), version })));
    assert_eq!(cx.state().get_json("b"), Ok(Some(json!({ "n": 1 }))));
    assert_eq!(cx.state().get_json::<Value>("c"), Ok(None));
    cx.state().delete("a").unwrap();
    cx.state().delete("a").unwrap();
    assert_eq!(fake.kept().into_iter().collect::<Vec<_>>(), [("b".to_owned(), br#"{"n":1}"#.to_vec())]);
}

#[test]
fn a_write_meets_the_version_that_it_read_or_fails() {
    let fake = Fake::new().keeps("a", "1");
    let cx = fake.context();
    let state = cx.state();
    let first = state.get("a").unwrap().unwrap().version;
    assert_eq!(state.put_if("a", "2", None), Err(StateError::Stale));
    assert_eq!(state.put_if("a", "2", Some(first + 1)), Err(StateError::Stale));
    let second = state.put_if("a", "2", Some(first)).unwrap();
    assert_eq!(state.put_if("a", "3", Some(first)), Err(StateError::Stale));
    state.delete("a").unwrap();
    assert_eq!(state.put_if("a", "3", Some(second)), Err(StateError::Stale));
    let third = state.put_if("a", "3", None).unwrap();
    assert!(third != first && third != second, "a version came back");
    assert_eq!(fake.kept()["a"], b"3");
}

#[test]
fn keys_come_in_order_over_all_pages() {
    let names: Vec<String> = (0..250).map(|number| format!("p/{number:03}")).collect();
    let fake = names.iter().rev().fold(Fake::new().keeps("o", "").keeps("q", ""), |fake, name| fake.keeps(name, ""));
    let cx = fake.context();
    assert_eq!(cx.state().keys("p/"), Ok(names));
    assert_eq!(cx.state().keys("").unwrap().len(), 252);
    assert_eq!(cx.state().keys("r"), Ok(Vec::new()));
    assert_eq!(cx.state().keys("\n"), Err(StateError::InvalidKey));
    assert_eq!(Fake::new().context().state().keys(""), Err(StateError::Unavailable));
}

#[test]
fn a_space_has_its_limits() {
    fn check(fake: Fake, key: &str, value: &[u8], expected: Result<(), StateError>) {
        let put = fake.context().state().put(key, value).map(drop);
        assert_eq!(put, expected, "{key:?}, {} bytes", value.len());
        assert_eq!(fake.kept().get(key).map(Vec::as_slice) == Some(value), expected.is_ok());
    }
    let two = || Fake::new().state_quota(2, 10).keeps("a", "1234");
    check(two(), "b", b"1234", Ok(()));
    check(two(), "b", b"12345", Err(StateError::Full));
    check(two(), "a", b"123456789", Ok(()));
    check(two().keeps("b", ""), "c", b"", Err(StateError::Full));
    check(two().keeps("b", ""), "a", b"", Ok(()));
    check(Fake::new().grants_state(), "a", &[0; 64 << 10], Ok(()));
    check(Fake::new().grants_state(), "a", &[0; (64 << 10) + 1], Err(StateError::Full));
    check(Fake::new().grants_state(), &"k".repeat(256), b"", Ok(()));
    for key in ["", "a\n", &"k".repeat(257)] {
        check(Fake::new().grants_state(), key, b"", Err(StateError::InvalidKey));
    }
    check(Fake::new(), "a", b"", Err(StateError::Unavailable));
}

#[test]
fn a_rehearsal_sees_what_it_wrote_and_leaves_nothing() {
    let fake = Fake::new().keeps("a", "1").keeps("b", "2").dry_run();
    let cx = fake.context();
    cx.state().put("a", "3").unwrap();
    cx.state().put("c", "4").unwrap();
    cx.state().delete("b").unwrap();
    assert_eq!(cx.state().get("a").unwrap().unwrap().value, b"3");
    assert_eq!(cx.state().keys(""), Ok(vec!["a".to_owned(), "c".to_owned()]));
    assert_eq!(fake.kept()["a"], b"1");
    assert_eq!(fake.context().state().keys(""), Ok(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn errors_become_failures_with_a_remedy() {
    fn check(error: StateError, kind: FailureKind, words: &str) {
        let failure = Failure::from(error);
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(StateError::Full, FailureKind::Other, "the tenant's grant can raise");
    check(StateError::Stale, FailureKind::Conflict, "call it again");
    check(StateError::InvalidKey, FailureKind::Other, "1 to 256 bytes");
    check(StateError::Unavailable, FailureKind::Unavailable, "no `state` in its manifest");
}

#[test]
fn what_is_not_json_says_so() {
    let fake = Fake::new().keeps("a", "{").keeps("b", "1");
    let cx = fake.context();
    for key in ["a", "b"] {
        let failure = cx.state().get_json::<String>(key).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Other);
        assert!(failure.message.contains("what the plugin kept is not as expected"), "{}", failure.message);
    }
    let no_key: std::collections::BTreeMap<[u8; 1], u8> = [([1], 1)].into();
    let failure = cx.state().put_json("a", &no_key).unwrap_err();
    assert!(failure.message.contains("is not JSON"), "{}", failure.message);
}
