//! What a request says that is to be answered by words alone.

use aftercall_core::{
    conversation::{Conversation, Dialect},
    model::History,
};
use serde_json::{Value, json};

use crate::request::{Asked, Stage};

#[track_caller]
fn check(dialect: Dialect, member: &str, expected: &Value) {
    let conversation = Conversation::new("native".parse().expect("a name"), "c1");
    let body = |stage, with_tools: bool| {
        let mut asked = Asked::new(dialect, History::AsWritten, stage);
        asked.tools.truncate(if with_tools { 2 } else { 0 });
        asked.taken(&asked.body(&conversation).expect("a body")).expect("it is taken")
    };
    let (free, mut words_only) = (body(Stage::Objected, true), body(Stage::WordsOnly, true));
    let said = words_only.as_object_mut().expect("an object").remove(member);
    assert_eq!(said.as_ref(), Some(expected), "{dialect}");
    assert_eq!(words_only, free, "{dialect}: nothing else changes");
    assert_eq!(body(Stage::WordsOnly, false), body(Stage::Objected, false), "{dialect}: nothing can be called anyway");
}

#[test]
fn calls_are_forbidden_and_the_tools_stay_known() {
    check(Dialect::OpenaiChat, "tool_choice", &json!("none"));
    check(Dialect::OpenaiResponses, "tool_choice", &json!("none"));
    check(Dialect::Anthropic, "tool_choice", &json!({"type": "none"}));
    check(Dialect::Gemini, "toolConfig", &json!({"functionCallingConfig": {"mode": "NONE"}}));
}
