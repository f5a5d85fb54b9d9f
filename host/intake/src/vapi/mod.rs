//! Vapi's `end-of-call-report`, as Vapi's server URL receives it (`{"message": {…}}`), or its inside.
//!
//! Read from the shapes that Vapi sends rather than those that it documents: lists that are empty in one
//! place and full in another, times as floats, arguments as a text or an object. Telephony's own fields are
//! not read.

mod liquid;
mod tools;

use aftercall_core::{
    conversation::{Content, Conversation, Direction, Item, ModelOfCall, Role, ToolCall},
    json::Json,
};
use serde_json::{
    Map, Value,
    value::{RawValue, to_raw_value},
};

use crate::{
    Error, Parsed,
    chat::{self, Origin},
    document::{self, Tree},
};

/// The one event of Vapi that tells a whole call.
pub const END_OF_CALL: &str = "end-of-call-report";

/// The only mark of a tool that failed.
const NO_RESULT: &str = "No result returned.";

/// Reads an `end-of-call-report`.
///
/// # Errors
/// It is another event, or the call has no identifier.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    let document = document::tree(payload)?;
    let (report, place) = match document.get("message") {
        Some(inside) => (Tree(inside), "/message"),
        None => (Tree(&document), ""),
    };
    let event = report.text(&["/type"]).unwrap_or_default();
    if event != END_OF_CALL {
        return Err(Error::OtherEvent { place: format!("{place}/type"), event, wanted: END_OF_CALL });
    }
    let id = report.text(&["/call/id"]).ok_or_else(|| {
        Error::at(format!("{place}/call/id"), "the call has no identifier: send the report as Vapi delivers it")
    })?;
    let items = history(report, place)?;
    let direction = match report.text(&["/call/type"]).as_deref() {
        Some("inboundPhoneCall" | "webCall") => Some(Direction::Inbound),
        Some("outboundPhoneCall") => Some(Direction::Outbound),
        _ => None,
    };
    let customer =
        report.text(&["/customer/number", "/call/customer/number", "/customer/sipUri", "/call/customer/sipUri"]);
    let ours = report.text(&["/phoneNumber/number", "/call/phoneNumber/number", "/phoneNumber/sipUri"]);
    let (from, to) = match direction {
        Some(Direction::Outbound) => (ours, customer),
        Some(Direction::Inbound) | None => (customer, ours),
    };
    let end_reason = report.text(&["/endedReason", "/call/endedReason"]);
    let conversation = Conversation {
        platform: "vapi".parse().expect("it is a name"),
        id,
        direction,
        from,
        to,
        time_zone: None,
        started_at: report.instant(&["/startedAt", "/call/startedAt", "/artifact/startedAt"]),
        ended_at: report.instant(&["/endedAt", "/call/endedAt", "/artifact/endedAt"]),
        answered_by: end_reason.clone().filter(|reason| reason == "voicemail"),
        end_reason,
        is_test: false,
        model: model(report),
        live_tools: document::live_tools(tools::names(report), &items),
        live_definitions: tools::defined(report),
        items,
        summary: report.text(&["/analysis/summary", "/summary"]),
        variables: report.object(&["/analysis/structuredData", "/artifact/variableValues"]),
        left_out: Vec::new(),
    };
    let assistant = report.text(&["/call/assistantId", "/assistant/id", "/assistant/name", "/call/assistant/name"]);
    Ok(Parsed { conversation, assistant, tenant: None })
}

/// Something of the model's configuration.
fn of_model<'a>(report: Tree<'a>, key: &str) -> Option<&'a Value> {
    report.value(&[&format!("/assistant/model/{key}"), &format!("/call/assistant/model/{key}")])
}

/// The history: Vapi's own list where it has anything, else its rendering in OpenAI's format, which may lack
/// tool calls; and the assistant's instructions in front, where neither has any.
fn history(report: Tree<'_>, place: &str) -> Result<Vec<Item>, Error> {
    let own = report.list(&["/artifact/messages", "/messages"]);
    let mut items = match own {
        [] => {
            let rendered = report.list(&["/artifact/messagesOpenAIFormatted", "/messagesOpenAIFormatted"]);
            let raw: Result<Vec<_>, _> = rendered.iter().map(to_raw_value).collect();
            let raw = raw.expect("a tree serialises");
            let raw: Vec<&RawValue> = raw.iter().map(|message| &**message).collect();
            chat::items(&raw, &format!("{place}/artifact/messagesOpenAIFormatted"), Origin::Platform)?
        }
        own => own.iter().flat_map(items_of).collect(),
    };
    document::name_calls(&mut items, own.iter().filter_map(named));
    let is_instruction = |item: &Item| matches!(item.content, Content::Message { role: Role::System, .. });
    if !items.iter().any(is_instruction) {
        let configured = of_model(report, "messages").and_then(Value::as_array).into_iter().flatten();
        let instructions = configured.filter(|message| message.get("role").is_some_and(|role| role == "system"));
        items.splice(0..0, instructions.flat_map(items_of).collect::<Vec<_>>());
    }
    Ok(items)
}

/// What a result says of its call, which may have come without a name: its identifier, and the name.
fn named(result: &Value) -> Option<(&str, &str)> {
    Some((result.get("toolCallId")?.as_str()?, result.get("name")?.as_str()?))
}

/// The items of one message, by its shape and its role. A message of no known kind (a key press, a status) is
/// no part of what was said.
fn items_of(message: &Value) -> Vec<Item> {
    let at = message.get("time").and_then(document::instant_of);
    let text = message.get("message").filter(|text| text.is_string()).or_else(|| message.get("content"));
    let text = document::text_of(text, "");
    let said = |role| Content::Message { role, text: text.clone(), interrupted: false };
    let calls = message.get("toolCalls").and_then(Value::as_array);
    let contents = match (message.get("role").and_then(Value::as_str), calls, message.get("toolCallId")) {
        (_, Some(calls), _) => {
            let words = (!text.is_empty()).then(|| said(Role::Assistant));
            words.into_iter().chain(calls.iter().map(call)).collect()
        }
        (_, None, Some(answered)) => vec![result(message, answered)],
        (Some("system"), ..) => vec![said(Role::System)],
        (Some("user"), ..) => vec![said(Role::User)],
        (Some("bot" | "assistant"), ..) => vec![said(Role::Assistant)],
        _ => vec![],
    };
    let items = contents.into_iter().enumerate();
    items.map(|(index, content)| Item { continues: index > 0, ..Item::plain(at, content) }).collect()
}

fn call(made: &Value) -> Content {
    let text = |places: [&str; 2]| places.iter().find_map(|place| made.pointer(place)?.as_str()).unwrap_or_default();
    let arguments = ["/function/arguments", "/function/parameters", "/arguments", "/parameters"];
    let arguments = arguments.iter().find_map(|place| made.pointer(place).filter(|value| !value.is_null()));
    Content::ToolCall(ToolCall {
        id: text(["/id", "/toolCallId"]).to_owned(),
        name: text(["/function/name", "/name"]).to_owned(),
        arguments: document::text_of(arguments, "{}"),
    })
}

fn result(message: &Value, answered: &Value) -> Content {
    let output = document::text_of(message.get("result"), "");
    let is_error = output.trim() == NO_RESULT;
    Content::ToolResult { call: document::text_of(Some(answered), ""), output, is_error }
}

/// The model and its parameters, by OpenAI's names. OpenAI's newer models refuse `max_tokens`, and all of
/// them take `max_completion_tokens`; others may know only the former.
fn model(report: Tree<'_>) -> ModelOfCall {
    let text = |key| of_model(report, key).and_then(Value::as_str);
    let is_openai = matches!(text("provider"), Some("openai" | "azure-openai"));
    let tokens = if is_openai { "max_completion_tokens" } else { "max_tokens" };
    let names = [
        ("temperature", "temperature"),
        ("topP", "top_p"),
        ("maxTokens", tokens),
        ("reasoningEffort", "reasoning_effort"),
    ];
    let given = names.iter().filter_map(|(theirs, ours)| Some(((*ours).to_owned(), of_model(report, theirs)?.clone())));
    let parameters: Map<String, Value> = given.collect();
    ModelOfCall { name: text("model").map(str::to_owned), parameters: Json::of(&parameters) }
}
