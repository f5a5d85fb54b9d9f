use aftercall_core::{
    conversation::{self, Conversation, Item as CoreItem, ModelOfCall, Opaque},
    json::Json,
    model::{Effort, FailureKind, Finish, History, ModelPin, Reasoning, Reply, ToolAnswer, Usage},
};
use serde_json::{Value, json};

use super::*;

fn item(content: Content) -> CoreItem {
    CoreItem::plain(None, content)
}

fn said(role: Role, text: &str, interrupted: bool) -> CoreItem {
    item(Content::Message { role, text: text.to_owned(), interrupted })
}

fn sent() -> ToolAnswer {
    ToolAnswer { text: "sent".to_owned(), is_error: false }
}

fn made(id: &str, name: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: r#"{"q": 1}"#.to_owned() }
}

fn called(id: &str, name: &str) -> CoreItem {
    item(Content::ToolCall(made(id, name)))
}

fn result(call: &str, output: &str) -> CoreItem {
    item(Content::ToolResult { call: call.to_owned(), output: output.to_owned(), is_error: false })
}

fn continuing(item: CoreItem) -> CoreItem {
    CoreItem { continues: true, ..item }
}

fn own_bytes(dialect: conversation::Dialect, text: &str) -> Opaque {
    Opaque { dialect, data: Json::parse(text).expect("JSON") }
}

fn with_bytes(item: CoreItem, text: &str) -> CoreItem {
    CoreItem { opaque: Some(own_bytes(Dialect::OpenaiResponses, text)), ..item }
}

fn reply(text: &str, calls: &[ToolCall], message: Opaque) -> Reply {
    let text = (!text.is_empty()).then(|| text.to_owned());
    Reply { text, calls: calls.to_vec(), finish: Finish::Stop, usage: Usage::default(), message }
}

/// A request, of which most is of no note.
struct Asked<'a> {
    items: Vec<CoreItem>,
    parameters: &'a str,
    reasoning: Option<Reasoning>,
    model: &'a str,
    history: History,
    tools: &'a [Offer<'a>],
    exchanges: &'a [Exchange<'a>],
}

impl Default for Asked<'_> {
    fn default() -> Self {
        let (tools, exchanges) = (&[][..], &[][..]);
        let (parameters, model, history) = ("{}", "gpt-4.1", History::AsWritten);
        Self { items: Vec::new(), parameters, reasoning: None, model, history, tools, exchanges }
    }
}

impl Asked<'_> {
    fn bytes(self, delivery: Delivery) -> Result<String, Failure> {
        let model = ModelOfCall { name: None, parameters: Json::parse(self.parameters).expect("JSON") };
        let conversation =
            Conversation { model, items: self.items, ..Conversation::new("native".parse().expect("a name"), "c1") };
        let dialect = Dialect::OpenaiResponses;
        let pin = ModelPin { reasoning: self.reasoning, ..ModelPin::new("pinned", dialect) };
        let request = TurnRequest {
            model: &pin,
            conversation: &conversation,
            instruction: "Now.",
            tools: self.tools,
            exchanges: self.exchanges,
            history: self.history,
            words_only: false,
        };
        let body = body(&request, self.model, delivery);
        body.map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
    }

    fn body(self) -> Value {
        serde_json::from_str(&self.bytes(Delivery::Whole).expect("a body")).expect("JSON")
    }

    /// What goes out before the instruction, and after it.
    fn input(self) -> (Vec<Value>, Vec<Value>) {
        let mut input = self.body()["input"].as_array().expect("a list").clone();
        let now = input.iter().position(|item| item["content"] == "Now.").expect("the instruction");
        let after = input.split_off(now);
        assert_eq!(after[0], json!({"type": "message", "role": "developer", "content": "Now."}));
        (input, after[1..].to_vec())
    }
}

fn assistant(text: &str) -> Value {
    json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

fn message(role: &str, text: &str) -> Value {
    json!({"type": "message", "role": role, "content": text})
}

fn call(id: &str, name: &str) -> Value {
    json!({"type": "function_call", "call_id": id, "name": name, "arguments": "{\"q\": 1}"})
}

fn output(id: &str, text: &str) -> Value {
    json!({"type": "function_call_output", "call_id": id, "output": text})
}

fn check_history(items: Vec<CoreItem>, history: History, expected: Value) {
    let (before, _) = Asked { items, history, ..Asked::default() }.input();
    assert_eq!(Value::from(before), expected);
}

#[test]
fn items_are_translated() {
    let long = "c".repeat(70);
    check_history(
        vec![
            said(Role::System, "Be kind.", false),
            said(Role::User, "When", true),
            said(Role::Assistant, "We are open", true),
            said(Role::Assistant, "One moment.", false),
            continuing(called("c1", "find_slot")),
            continuing(called(&long, "Find Slot!")),
            result("c1", "9:00"),
            result(&long, ""),
            said(Role::System, "A note.", false),
        ],
        History::AsWritten,
        json!([
            message("developer", "Be kind."),
            message("user", "When [cut off here by the other side]"),
            assistant("We are open [cut off here by the other side]"),
            assistant("One moment."),
            call("c1", "find_slot"),
            call(&long[..64], "Find_Slot_"),
            output("c1", "9:00"),
            output(&long[..64], ""),
            message("developer", "A note."),
        ]),
    );
}

#[test]
fn own_items_go_out_one_by_one_or_are_written_anew() {
    let thought = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gA"});
    let wrote = json!({"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}", "status": "completed"});
    let noted = json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "k", "name": "note", "input": "x"});
    let list = json!([thought, wrote, noted]).to_string();
    let items = || {
        vec![
            with_bytes(said(Role::User, "Hi", false), r#"[{"role":"user","content":"Hi"}]"#),
            with_bytes(called("a", "f"), &list),
            continuing(called("k", "note")),
            result("a", "1"),
            result("k", "2"),
            CoreItem {
                opaque: Some(own_bytes(Dialect::OpenaiChat, r#"{"role":"assistant","content":"Bye"}"#)),
                ..said(Role::Assistant, "Bye", false)
            },
            with_bytes(said(Role::User, "7", false), "7"),
        ]
    };
    let custom = json!({"type": "custom_tool_call_output", "call_id": "k", "output": "2"});
    let user = json!({"role": "user", "content": "Hi"});
    check_history(
        items(),
        History::AsWritten,
        json!([user, thought, wrote, noted, output("a", "1"), custom, assistant("Bye"), message("user", "7")]),
    );
    check_history(
        items(),
        History::Rewritten,
        json!([
            message("user", "Hi"),
            call("a", "f"),
            call("k", "note"),
            output("a", "1"),
            output("k", "2"),
            assistant("Bye"),
            message("user", "7"),
        ]),
    );
}

#[test]
fn an_answer_is_in_the_form_of_its_call() {
    let answer = r#"[{"type":"custom_tool_call_output","call_id":"k","output":"2"}]"#;
    let items = vec![called("k", "note"), with_bytes(result("k", "2"), answer)];
    check_history(items, History::AsWritten, json!([call("k", "note"), output("k", "2")]));
}

#[test]
fn turns_since_go_out_with_their_results() {
    let sealed = r#"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gA"},{"type":"function_call","id":"fc_1","call_id":"a","name":"f","arguments":"{\"q\": 1}"}]"#;
    let bare = sealed.replace(r#","encrypted_content":"gA""#, "");
    let chat = own_bytes(Dialect::OpenaiChat, "{}");
    let own = |text: &str| own_bytes(Dialect::OpenaiResponses, text);
    let replies = [
        (reply("", &[made("a", "f")], own(sealed)), sealed.to_owned()),
        (reply("So.", &[made("a", "f")], own(&bare)), json!([assistant("So."), call("a", "f")]).to_string()),
        (reply("So.", &[made("a", "f")], chat), json!([assistant("So."), call("a", "f")]).to_string()),
        (
            reply("", &[], own(r#"[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gA"}]"#)),
            "[]".to_owned(),
        ),
    ];
    for (reply, expected) in replies {
        let results = reply.calls.iter().map(|_| sent()).collect();
        let exchange = Exchange { reply: &reply, results, objection: Some("Not so.".to_owned()) };
        let (_, after) = Asked { exchanges: &[exchange], ..Asked::default() }.input();
        let mut expected: Vec<Value> = serde_json::from_str(&expected).expect("JSON");
        expected.extend(reply.calls.iter().map(|call| output(&call.id, "sent")));
        expected.push(message("developer", "Not so."));
        assert_eq!(after, expected);
    }
}

#[test]
fn parameters_are_put_in_this_formats_words() {
    let thinking = json!(["reasoning.encrypted_content"]);
    let pinned = |effort| Some(Reasoning::Effort(effort));
    for (model, reasoning, parameters, expected) in [
        ("gpt-4.1", None, "{}", json!({})),
        (
            "gpt-4.1",
            None,
            r#"{"temperature": 0.2, "top_p": 1, "max_tokens": 250, "user": "u", "seed": 1, "stop": ["x"], "response_format": {}, "include": [], "store": true, "previous_response_id": "r", "n": 2, "stream": true, "tool_choice": "none"}"#,
            json!({"temperature": 0.2, "top_p": 1, "user": "u"}),
        ),
        ("gpt-4.1", None, r#"{"max_completion_tokens": 1}"#, json!({})),
        ("gpt-4.1", None, r#"{"max_tokens": "many", "max_output_tokens": null}"#, json!({})),
        (
            "gpt-4.1",
            None,
            r#"{"text": {"format": {"type": "json_object"}, "verbosity": "low"}}"#,
            json!({"text": {"verbosity": "low"}}),
        ),
        (
            "gpt-5",
            None,
            r#"{"temperature": 0.2, "verbosity": "high"}"#,
            json!({"include": thinking, "text": {"verbosity": "high"}}),
        ),
        (
            "gpt-5.2",
            None,
            r#"{"temperature": 0.2, "reasoning_effort": "none"}"#,
            json!({"temperature": 0.2, "reasoning": {"effort": "none"}}),
        ),
        (
            "gpt-5.2",
            pinned(Effort::Minimal),
            r#"{"top_p": 0.2, "reasoning_effort": "none", "reasoning": {"summary": "auto"}}"#,
            json!({"include": thinking, "reasoning": {"effort": "low", "summary": "auto"}}),
        ),
        ("deployment", pinned(Effort::High), "{}", json!({"include": thinking, "reasoning": {"effort": "high"}})),
        ("deployment", None, r#"{"temperature": 0.2}"#, json!({"temperature": 0.2})),
    ] {
        let mut body = Asked { model, reasoning, parameters, ..Asked::default() }.body();
        let map = body.as_object_mut().expect("an object");
        assert_eq!(map.remove("model"), Some(json!(model)));
        assert_eq!(map.remove("store"), Some(json!(false)));
        assert_eq!(map.remove("input"), Some(json!([message("developer", "Now.")])));
        assert_eq!(body, expected, "{model} {parameters}");
    }
    let failure = Asked { parameters: "[1]", ..Asked::default() }.bytes(Delivery::Whole).expect_err("no object");
    assert_eq!(failure.kind, FailureKind::Rejected);
}

/// The whole body, byte for byte.
#[test]
fn own_bytes_and_schemas_are_untouched() {
    let first = r#"{"id":"rs_1",  "type":"reasoning","summary":[],"encrypted_content":"\u0067A"}"#;
    let second = r#"{"type":"function_call", "id":"fc_1","call_id":"a","name":"f","arguments":"{\"x\":1.0}"}"#;
    let answered = r#"{"call_id":"a","type":"function_call_output","output":"1.00"}"#;
    let schema = Json::parse(r#"{"type":"object", "properties":{"n":{"maximum":1.50}}}"#).expect("JSON");
    let since = r#"{"type":"function_call","call_id":"b","name":"send","arguments":"{ }"}"#;
    let call = ToolCall { id: "b".to_owned(), name: "send".to_owned(), arguments: "{ }".to_owned() };
    let reply = reply("", &[call], own_bytes(Dialect::OpenaiResponses, &format!("[ {since} ]")));
    let tools = [Offer { name: "send", description: "Sends.", schema: &schema }];
    let exchanges = [Exchange { reply: &reply, results: vec![sent()], objection: None }];
    let asked = || Asked {
        items: vec![
            with_bytes(called("a", "f"), &format!("[{first} , {second}]")),
            with_bytes(result("a", "1.00"), &format!("[{answered}]")),
        ],
        parameters: r#"{"temperature":0.70}"#,
        tools: &tools,
        exchanges: &exchanges,
        ..Asked::default()
    };
    let expected = |head: &str, store: &str| {
        let input = [
            first,
            second,
            answered,
            r#"{"type":"message","role":"developer","content":"Now."}"#,
            since,
            r#"{"type":"function_call_output","call_id":"b","output":"sent"}"#,
        ];
        let tools = format!(
            r#"[{{"type":"function","name":"send","description":"Sends.","parameters":{},"strict":false}}]"#,
            schema.as_str()
        );
        format!(
            r#"{{{head}"input":[{}],"model":"gpt-4.1","store":{store},"temperature":0.70,"tools":{tools}}}"#,
            input.join(",")
        )
    };
    assert_eq!(asked().bytes(Delivery::Whole), Ok(expected("", "false")));
    assert_eq!(asked().bytes(Delivery::Streamed), Ok(expected("", r#"false,"stream":true"#)));
    assert_eq!(asked().bytes(Delivery::Background), Ok(expected(r#""background":true,"#, "true")));
}
