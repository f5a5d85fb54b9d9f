//! What a plugin sees of the call, against the fake.

use aftercall::testing::{Fake, Shown};
use aftercall::{ConversationError, Failure, FailureKind};
use serde_json::{Value, json};

fn full() -> Fake {
    Fake::new().summary("an order").variables(json!({ "order": "A-1" })).said("caller", "hello")
}

#[test]
fn a_level_shows_itself_and_those_below() {
    fn check(shown: Shown, sees_summary: bool, sees_transcript: bool) {
        let fake = full().shows(shown);
        let cx = fake.context();
        assert_eq!(cx.summary().is_ok(), sees_summary, "{shown:?}");
        assert_eq!(cx.variables::<Value>().is_ok(), sees_summary, "{shown:?}");
        assert_eq!(cx.transcript().is_ok(), sees_transcript, "{shown:?}");
    }
    check(Shown::Nothing, false, false);
    check(Shown::Summary, true, false);
    check(Shown::Transcript, true, true);

    assert_eq!(Fake::new().context().summary(), Err(ConversationError::NotGranted));
    assert_eq!(Fake::new().summary("s").context().transcript(), Err(ConversationError::NotGranted));
    assert_eq!(Fake::new().shows(Shown::Transcript).context().transcript(), Ok(Vec::new()));
}

#[test]
fn the_summary_and_the_variables_are_the_platform_s() {
    let fake = full();
    let cx = fake.context();
    assert_eq!(cx.summary(), Ok(Some("an order".to_owned())));
    assert_eq!(cx.variables(), Ok(json!({ "order": "A-1" })));
    assert_eq!(cx.variables::<Vec<u8>>().unwrap_err().kind, FailureKind::Other);

    let none = Fake::new().shows(Shown::Summary);
    assert_eq!(none.context().summary(), Ok(None));
    assert_eq!(none.context().variables(), Ok(json!({})));
}

#[test]
fn the_transcript_is_whole_over_all_pages() {
    for count in [0, 1, 99, 100, 101, 250] {
        let texts: Vec<String> = (0..count).map(|number| number.to_string()).collect();
        let fake = texts.iter().fold(Fake::new().shows(Shown::Transcript), |fake, text| fake.said("caller", text));
        let said: Vec<String> = fake.context().transcript().unwrap().into_iter().map(|item| item.text).collect();
        assert_eq!(said, texts);
    }
}

#[test]
fn errors_become_failures_with_a_remedy() {
    let failure = Failure::from(ConversationError::NotGranted);
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.message.contains(r#"`conversation = "summary"`"#), "{}", failure.message);
    assert_eq!(Failure::from(ConversationError::Unavailable).kind, FailureKind::Unavailable);
    assert_eq!(Fake::new().context().variables::<Value>().unwrap_err().kind, FailureKind::Denied);
}
