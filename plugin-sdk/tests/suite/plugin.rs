//! A plugin as the macro makes it: what it lists, how it dispatches.

use aftercall::testing::Fake;
use aftercall::{Effect, FailureKind, Finding, Outcome, Plugin as _, Receipt};
use serde_json::{Value, json};

#[aftercall::plugin]
mod tools {
    use aftercall::{Answer, Context, Email, Failure, Finding, Outcome, PhoneNumber, Receipt};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    pub(crate) enum Mood {
        Calm,
        Angry,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Place {
        street: String,
        number: Option<u32>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Sum {
        total: i64,
    }

    /// Texts somebody.
    ///
    /// Not more than once.
    #[tool(effect = once, identity = [to], reconcile = find_text, title = "Text")]
    async fn text(
        /// Who gets it.
        to: PhoneNumber,
        #[schemars(length(max = 5))] body: String,
        cx: &Context,
    ) -> Result<Receipt, Failure> {
        Ok(Receipt::new("message", format!("{to}/{body}/{}", cx.key())))
    }

    async fn find_text(cx: &Context, body: String, to: PhoneNumber) -> Result<Finding, Failure> {
        Finding::happened(Receipt::new("message", format!("{to}/{body}/{}", cx.attempt())))
    }

    /// Notes whatever is known.
    #[tool(effect = idempotent, reconcile = find_note)]
    fn note(
        email: Option<Email>,
        mood: Option<Mood>,
        /// Where it was.
        place: Option<Place>,
        count: Option<u8>,
    ) -> Result<Outcome, Failure> {
        let email = email.map(String::from).unwrap_or_default();
        let place = place.map(|place| format!("{} {}", place.street, place.number.unwrap_or_default()));
        let mood = match mood {
            Some(Mood::Calm) => "calm",
            Some(Mood::Angry) => "angry",
            None => "",
        };
        Ok(Outcome::new(format!("{email}|{mood}|{}|{}", place.unwrap_or_default(), count.unwrap_or_default())))
    }

    fn find_note(_count: Option<u8>) -> Result<Finding, Failure> {
        Ok(Finding::DidNotHappen)
    }

    /// Adds.
    #[tool(effect = read)]
    fn add(a: i64, r#b: i64) -> Result<Answer<Sum>, Failure> {
        Ok(Answer::new("added", Sum { total: a + b }))
    }

    /// Says hello.
    #[tool(effect = read)]
    async fn hello() -> Result<String, Failure> {
        Err(Failure::other("speechless").with_code("S1").with_details(&serde_json::json!({ "sore": true })))
    }
}

fn schema(tool: &str) -> Value {
    let tools = tools::Plugin::list_tools("{}").unwrap();
    let tool = tools.into_iter().find(|each| each.name == tool).unwrap();
    serde_json::from_str(&tool.input_schema).unwrap()
}

#[test]
fn tools_are_listed_in_their_order() {
    let tools = tools::Plugin::list_tools("{}").unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["text", "note", "add", "hello"]);
    let effects: Vec<Effect> = tools.iter().map(|tool| tool.effect).collect();
    assert_eq!(effects, [Effect::Once, Effect::Idempotent, Effect::Read, Effect::Read]);

    let [text, note, add, _] = &tools[..] else { panic!("four tools") };
    assert_eq!(text.title.as_deref(), Some("Text"));
    assert_eq!(text.description, "Texts somebody.\n\nNot more than once.");
    assert_eq!(text.identity, ["to"]);
    assert!(text.reconcilable);
    assert_eq!(text.output_schema, None);
    assert_eq!(note.title, None);
    assert!(note.identity.is_empty());
    assert!(note.reconcilable && !add.reconcilable);
    let output: Value = serde_json::from_str(add.output_schema.as_deref().unwrap()).unwrap();
    let total = json!({ "total": { "type": "integer" } });
    assert_eq!(output, json!({ "type": "object", "properties": total, "required": ["total"] }));
}

#[test]
fn schemas_hold_what_a_model_uses() {
    fn check(tool: &str, expected: Value) {
        assert_eq!(schema(tool), expected, "{tool}");
    }
    check(
        "text",
        json!({
            "type": "object",
            "properties": {
                "to": { "type": "string", "pattern": r"^\+[1-9]\d{1,14}$", "description": "Who gets it." },
                "body": { "type": "string", "maxLength": 5 },
            },
            "required": ["to", "body"],
            "additionalProperties": false,
        }),
    );
    check(
        "note",
        json!({
            "type": "object",
            "properties": {
                "email": { "type": "string", "format": "email", "description": "An email address, such as ann@example.com." },
                "mood": { "type": "string", "enum": ["calm", "angry"] },
                "place": {
                    "description": "Where it was.",
                    "type": "object",
                    "properties": {
                        "street": { "type": "string" },
                        "number": { "type": "integer", "minimum": 0 },
                    },
                    "required": ["street"],
                    "additionalProperties": false,
                },
                "count": { "type": "integer", "minimum": 0, "maximum": 255 },
            },
            "additionalProperties": false,
        }),
    );
    check("hello", json!({ "type": "object", "properties": {}, "additionalProperties": false }));
}

#[test]
fn calls_reach_their_tool() {
    fn check(tool: &str, arguments: Value, expected: Outcome) {
        assert_eq!(Fake::new().call::<tools::Plugin>(tool, arguments), Ok(expected), "{tool}");
    }
    let message = Receipt::new("message", "+4930123456/hi/key1");
    let texted = Outcome::new("done: message +4930123456/hi/key1").with_receipt(message);
    check("text", json!({ "to": "+4930123456", "body": "hi" }), texted);
    check("note", json!({}), Outcome::new("|||0"));
    let place = json!({ "street": "Elm", "number": 4 });
    check(
        "note",
        json!({ "email": "ann@example.com", "mood": "angry", "place": place, "count": 7 }),
        Outcome::new("ann@example.com|angry|Elm 4|7"),
    );
    let added = Outcome { data: Some(r#"{"total":3}"#.to_owned()), ..Outcome::new("added") };
    check("add", json!({ "a": 1, "b": 2 }), added);
}

#[test]
fn bad_calls_fail_with_words_for_the_model() {
    fn check(tool: &str, arguments: Value, kind: FailureKind, words: &str) {
        let failure = Fake::new().call::<tools::Plugin>(tool, arguments).unwrap_err();
        assert_eq!(failure.kind, kind, "{tool}");
        assert!(failure.message.contains(words), "{} has not {words}", failure.message);
    }
    let invalid = FailureKind::InvalidArguments;
    check(
        "text",
        json!({ "to": "0301234", "body": "hi" }),
        invalid,
        "don't fit: `to`: \"0301234\" is not a telephone number",
    );
    check("text", json!({ "to": "+4930123456" }), invalid, "missing field `body`");
    check("add", json!({ "a": 1, "b": 2, "c": 3 }), invalid, "unknown field `c`");
    check("note", json!({ "email": "ann" }), invalid, "not an email address");
    check("hello", json!({}), FailureKind::Other, "speechless");
    check("goodbye", json!({}), FailureKind::Other, "no tool \"goodbye\"");
}

#[test]
fn a_failure_carries_code_and_details() {
    let failure = Fake::new().call::<tools::Plugin>("hello", json!({})).unwrap_err();
    assert_eq!(failure.code.as_deref(), Some("S1"));
    assert_eq!(failure.details.as_deref(), Some(r#"{"sore":true}"#));
}

#[test]
fn reconcile_reaches_the_function_that_was_named() {
    let arguments = json!({ "to": "+4930123456", "body": "hi" });
    let finding = Fake::new().attempt(2).reconcile::<tools::Plugin>("text", arguments);
    let Ok(Finding::Happened(outcome)) = finding else { panic!("{finding:?}") };
    assert_eq!(outcome.receipts, [Receipt::new("message", "+4930123456/hi/2")]);

    assert_eq!(Fake::new().reconcile::<tools::Plugin>("note", json!({ "count": 1 })), Ok(Finding::DidNotHappen));
    let failure = Fake::new().reconcile::<tools::Plugin>("note", json!({ "mood": 1 })).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
    let failure = Fake::new().reconcile::<tools::Plugin>("add", json!({})).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
}
