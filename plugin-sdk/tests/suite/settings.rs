//! Tools that depend on the tenant's settings.

use aftercall::Plugin as _;
use aftercall::testing::Fake;
use serde_json::{Value, json};

#[aftercall::plugin]
mod tools {
    use aftercall::{Context, Failure};

    use super::tenant::{self, Settings};

    /// Posts.
    #[tool(effect = read)]
    async fn post(
        /// Where to.
        #[choices(tenant::channels)]
        channel: String,
        #[choices(Settings::tags)] tag: Option<String>,
        #[choices(tenant::channels)]
        #[schemars(length(max = 3))]
        also: Vec<String>,
        cx: &Context,
    ) -> Result<String, Failure> {
        let settings: Settings = cx.settings()?;
        Ok(format!("{channel}/{tag:?}/{also:?} of {}", tenant::channels(&settings).len()))
    }

    /// Calls.
    #[tool(effect = read, when = tenant::calls)]
    fn call() -> Result<String, Failure> {
        Ok("called".to_owned())
    }

    /// Is always there.
    #[tool(effect = read)]
    fn stay() -> Result<String, Failure> {
        Ok("here".to_owned())
    }
}

mod tenant {
    use serde::Deserialize;

    #[derive(Deserialize)]
    pub(crate) struct Settings {
        channels: Vec<String>,
        #[serde(default)]
        tags: Vec<String>,
        #[serde(default)]
        calls: bool,
    }

    impl Settings {
        pub(crate) fn tags(&self) -> Vec<String> {
            self.tags.clone()
        }
    }

    pub(crate) fn channels(settings: &Settings) -> Vec<String> {
        settings.channels.clone()
    }

    pub(crate) fn calls(settings: &Settings) -> bool {
        settings.calls
    }
}

#[test]
fn tools_are_there_with_their_settings() {
    fn check(settings: Value, expected: Result<&[&str], &str>) {
        let listed = tools::Plugin::list_tools(&settings.to_string());
        let names = listed.map(|tools| tools.into_iter().map(|tool| tool.name).collect::<Vec<_>>());
        match (&names, expected) {
            (Ok(names), Ok(expected)) => assert_eq!(names, expected, "{settings}"),
            (Err(words), Err(expected)) => assert!(words.contains(expected), "{words}"),
            _ => panic!("{settings}: {names:?}"),
        }
    }
    check(json!({ "channels": ["desk"] }), Ok(&["post", "stay"]));
    check(json!({ "channels": ["desk"], "calls": true }), Ok(&["post", "call", "stay"]));
    check(json!({ "channels": [], "calls": true }), Ok(&["call", "stay"]));
    check(json!({}), Err("the plugin's settings don't fit: missing field `channels`"));
    let of = |why| format!("the argument `channel` of `post` can't have its choices: {why}");
    check(json!({ "channels": ["desk", ""] }), Err(&of("one of the settings' names is empty")));
    check(json!({ "channels": [" "] }), Err(&of("one of the settings' names is empty")));
    check(json!({ "channels": ["desk", "sales", "desk"] }), Err(&of("the settings have the name \"desk\" twice")));
    check(json!({ "channels": ["desk"], "tags": ["", "a"] }), Err("the argument `tag` of `post`"));
}

#[test]
fn a_model_sees_what_there_is_to_choose_from() {
    fn check(settings: Value, tag: Option<Value>) {
        let tools = tools::Plugin::list_tools(&settings.to_string()).unwrap();
        let schema: Value = serde_json::from_str(&tools[0].input_schema).unwrap();
        let properties = &schema["properties"];
        let channel = json!({ "type": "string", "enum": ["desk", "sales"], "description": "Where to." });
        assert_eq!(properties["channel"], channel);
        let one = json!({ "type": "string", "enum": ["desk", "sales"] });
        assert_eq!(properties["also"], json!({ "type": "array", "items": one, "maxItems": 3 }));
        assert_eq!(properties.get("tag"), tag.as_ref());
        assert_eq!(schema["required"], json!(["channel", "also"]));
    }
    let tag = json!({ "type": "string", "enum": ["new"] });
    check(json!({ "channels": ["desk", "sales"], "tags": ["new"] }), Some(tag));
    check(json!({ "channels": ["desk", "sales"] }), None);
}

/// Choices of what can't have them.
mod mistaken {
    use aftercall::Plugin as _;
    use aftercall::testing::Fake;
    use serde_json::json;

    #[aftercall::plugin]
    mod renamed {
        /// Posts.
        #[tool(effect = read)]
        fn post(
            #[choices(super::super::tenant::channels)]
            #[schemars(rename = "to")]
            channel: String,
        ) -> Result<String, aftercall::Failure> {
            Ok(channel)
        }
    }

    #[aftercall::plugin]
    mod number {
        /// Posts.
        #[tool(effect = read)]
        fn post(#[choices(super::super::tenant::channels)] channel: Option<u8>) -> Result<String, aftercall::Failure> {
            Ok(format!("{channel:?}"))
        }
    }

    #[test]
    fn a_choice_that_there_can_t_be_is_no_tool_hidden() {
        let settings = json!({ "channels": ["desk"] }).to_string();
        let of = "the argument `channel` of `post` can't have its choices: ";
        assert_eq!(
            renamed::Plugin::list_tools(&settings).unwrap_err(),
            format!("{of}its schema has another name, so take off what renames it")
        );
        assert_eq!(
            number::Plugin::list_tools(&settings).unwrap_err(),
            format!("{of}it is no text, nor a list of texts")
        );
        // They are called as they are written.
        assert!(Fake::new().call::<renamed::Plugin>("post", json!({ "channel": "desk" })).is_ok());
        assert!(Fake::new().call::<number::Plugin>("post", json!({ "channel": 7 })).is_ok());
    }
}

#[test]
fn calls_reach_them() {
    let fake = Fake::new().settings(json!({ "channels": ["desk"] }));
    let outcome = fake.call::<tools::Plugin>("post", json!({ "channel": "desk", "also": [] })).unwrap();
    assert_eq!(outcome.text, "desk/None/[] of 1");
}
