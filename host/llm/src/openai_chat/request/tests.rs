use aftercall_core::{
    conversation::{Content, Conversation, Dialect, Item, ModelOfCall, Opaque, Role, ToolCall},
    json::Json,
    model::{Effort, Exchange, FailureKind, Finish, History, ModelPin, Reasoning, Reply, ToolAnswer, Usage},
};
use serde_json::{Value, json};

use super::*;

mod servers;

fn item(content: Content) -> Item {
    Item::plain(None, content)
}

fn said(role: Role, text: &str, interrupted: bool) -> Item {
    item(Content::Message { role, text: text.to_owned(), interrupted })
}

fn called(id: &str, name: &str) -> Item {
    let arguments = r#"{"q": 1}"#.to_owned();
    item(Content::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments }))
}

fn result(call: &str, output: &str) -> Item {
    item(Content::ToolResult { call: call.to_owned(), output: output.to_owned(), is_error: false })
}

fn opaque(text: &str) -> Opaque {
    Opaque { dialect: Dialect::OpenaiChat, data: Json::parse(text).expect("JSON") }
}

fn conversation(items: Vec<Item>, parameters: &str) -> Conversation {
    let model = ModelOfCall { name: None, parameters: Json::parse(parameters).expect("JSON") };
    Conversation { model, items, ..Conversation::new("native".parse().expect("a name"), "c1") }
}

/// The body of a request with these items, these parameters and nothing else of note.
fn body_of(items: Vec<Item>, parameters: &str) -> Result<Value, Failure> {
    let conversation = conversation(items, parameters);
    let model = ModelPin::new("gpt-4.1", Dialect::OpenaiChat);
    let request = TurnRequest {
        model: &model,
        conversation: &conversation,
        instruction: "Now.",
        tools: &[],
        exchanges: &[],
        history: History::AsWritten,
        words_only: false,
    };
    body(&request, "gpt-4.1", Delivery::Whole, Server::OpenAi)
        .map(|bytes| serde_json::from_slice(&bytes).expect("JSON"))
}

fn check_history(items: Vec<Item>, expected: Value) {
    let body = body_of(items, "{}").expect("a body");
    let mut expected = expected.as_array().expect("a list").clone();
    expected.push(json!({"role": "system", "content": "Now."}));
    assert_eq!(body, json!({"model": "gpt-4.1", "messages": expected}));
}

#[test]
fn items_become_messages() {
    let continuing = |item: Item| Item { continues: true, ..item };
    let call = |id: &str, name: &str| json!({"id": id, "type": "function", "function": {"name": name, "arguments": "{\"q\": 1}"}});
    check_history(
        vec![
            said(Role::System, "Be kind.", false),
            said(Role::User, "Hi", false),
            said(Role::Assistant, "Hello", false),
        ],
        json!([
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Hello"},
        ]),
    );
    check_history(
        vec![
            said(Role::Assistant, "One moment.", false),
            continuing(called("c1", "find_slot")),
            continuing(called("c2", "Find Slot!")),
            result("c1", "9:00"),
            result("c2", "none"),
            called("c3", ""),
            result("c3", ""),
        ],
        json!([
            {"role": "assistant", "content": "One moment.", "tool_calls": [call("c1", "find_slot"), call("c2", "Find_Slot_")]},
            {"role": "tool", "tool_call_id": "c1", "content": "9:00"},
            {"role": "tool", "tool_call_id": "c2", "content": "none"},
            {"role": "assistant", "content": null, "tool_calls": [call("c3", "unnamed")]},
            {"role": "tool", "tool_call_id": "c3", "content": ""},
        ]),
    );
    check_history(
        vec![said(Role::Assistant, "We are open from", true), said(Role::User, "When", true)],
        json!([
            {"role": "assistant", "content": "We are open from [cut off here by the other side]"},
            {"role": "user", "content": "When [cut off here by the other side]"},
        ]),
    );
}

#[test]
fn parameters_are_passed_on_but_for_those_that_are_ours() {
    let kept = r#"{"temperature": 0.20, "top_p":1, "reasoning_effort": "low"}"#;
    let dropped = r#"{"max_tokens":250,"max_completion_tokens":250,"model":"x","messages":[],"tools":[],"stream":true,"stream_options":{},"n":2,"tool_choice":"none","parallel_tool_calls":false,"functions":[],"function_call":"none"}"#;
    for (parameters, expected) in
        [("{}", json!({})), (kept, serde_json::from_str(kept).expect("JSON")), (dropped, json!({}))]
    {
        let mut body = body_of(vec![], parameters).expect("a body");
        let map = body.as_object_mut().expect("an object");
        assert_eq!(map.remove("model"), Some(json!("gpt-4.1")));
        assert_eq!(map.remove("messages"), Some(json!([{"role": "system", "content": "Now."}])));
        assert_eq!(body, expected, "{parameters}");
    }
    let failure = body_of(vec![], "[1]").expect_err("no object");
    assert_eq!(failure.kind, FailureKind::Rejected);
}

/// The whole body, byte for byte: what came in a provider's own form goes out as it came.
#[test]
fn own_bytes_and_schemas_are_untouched() {
    let own = r#"{"role":"assistant",  "tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}}], "extra_content":{"sig":"\u00e9=="}}"#;
    let answered = r#"{"tool_call_id":"a","role":"tool","content":"1.00"}"#;
    let schema = r#"{"type":"object", "properties":{"n":{"maximum":1.50}}}"#;
    let reply_bytes = r#"{"role":"assistant","content":"On it.","annotations":[],"tool_calls":[{"id":"b","type":"function","function":{"name":"send","arguments":"{ }"}}]}"#;
    let first = Item { opaque: Some(opaque(own)), ..said(Role::Assistant, "", false) };
    let second = Item { continues: true, ..called("a", "f") };
    let third = Item { opaque: Some(opaque(answered)), ..result("a", "1.00") };
    let conversation = conversation(vec![first, second, third], r#"{"temperature":0.70}"#);
    let model = ModelPin::new("pinned", Dialect::OpenaiChat);
    let schema_json = Json::parse(schema).expect("JSON");
    let reply = Reply {
        text: Some("On it.".to_owned()),
        calls: vec![ToolCall { id: "b".to_owned(), name: "send".to_owned(), arguments: "{ }".to_owned() }],
        finish: Finish::Stop,
        usage: Usage::default(),
        message: opaque(reply_bytes),
    };
    let request = TurnRequest {
        model: &model,
        conversation: &conversation,
        instruction: "Say \"done\".",
        tools: &[Offer { name: "send", description: "Sends.", schema: &schema_json }],
        exchanges: &[Exchange {
            reply: &reply,
            results: vec![ToolAnswer { text: "sent".to_owned(), is_error: true }],
            objection: Some("Not so.".to_owned()),
        }],
        history: History::AsWritten,
        words_only: false,
    };
    let body = String::from_utf8(body(&request, "wire-name", Delivery::Whole, Server::OpenAi).expect("a body"))
        .expect("UTF-8");
    let expected = [
        r#"{"messages":["#,
        own,
        ",",
        answered,
        r#",{"role":"system","content":"Say \"done\"."},"#,
        reply_bytes,
        r#",{"role":"tool","tool_call_id":"b","content":"sent"},{"role":"system","content":"Not so."}],"model":"wire-name","temperature":0.70,"#,
        r#""tools":[{"type":"function","function":{"name":"send","description":"Sends.","parameters":"#,
        schema,
        "}}]}",
    ];
    assert_eq!(body, expected.concat());
}
