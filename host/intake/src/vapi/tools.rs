//! The live call's tools in a report, and the requests by which Vapi calls them.
//!
//! A tool of type `function` is called by a `tool-calls` message to its server
//! (<https://docs.vapi.ai/tools/custom-tools>), one of type `apiRequest` by a request of its own
//! (<https://docs.vapi.ai/tools/api-request/configuration>); all others Vapi carries out itself. Static parameters go
//! over the model's arguments and are not the model's to write
//! (<https://docs.vapi.ai/tools/static-variables-and-aliases/static-parameters>).
//!
//! Headers, secrets and credentials of the report are not read: what authenticates a request is in the tenant's grant.

use std::collections::BTreeMap;

use aftercall_core::live::{HttpCall, LiveTool, bounded};
use serde_json::{Map, Value, json};

use super::{liquid::Liquid, of_model};
use crate::{
    address::{self, Address},
    document::Tree,
};

/// Where a server URL is that holds for a tool without one, in Vapi's order; `serverUrl` is what it was called before.
const SERVERS: &[&str] = &[
    "/assistant/server/url",
    "/call/assistant/server/url",
    "/assistant/serverUrl",
    "/call/assistant/serverUrl",
    "/phoneNumber/server/url",
    "/call/phoneNumber/server/url",
];

/// Methods whose arguments make a JSON body.
const WITH_BODY: &[&str] = &["POST", "PUT", "PATCH"];

/// The tools by name: those without one, as `endCall` and `transferCall`, by their types.
pub(super) fn names(report: Tree<'_>) -> impl Iterator<Item = &str> {
    listed(report).filter_map(name)
}

/// What can be told of calling them after the call.
pub(super) fn defined(report: Tree<'_>) -> Vec<LiveTool> {
    bounded(listed(report).filter_map(|tool| {
        let name = name(tool)?;
        Some(read(tool, name, report).unwrap_or_else(|why| LiveTool::unusable(name, why)))
    }))
}

fn listed(report: Tree<'_>) -> impl Iterator<Item = &Value> {
    of_model(report, "tools").and_then(Value::as_array).into_iter().flatten()
}

fn name(tool: &Value) -> Option<&str> {
    ["/function/name", "/name", "/type"].iter().find_map(|place| tool.pointer(place)?.as_str())
}

fn read(tool: &Value, name: &str, report: Tree<'_>) -> Result<LiveTool, String> {
    let says = |place: &str| tool.pointer(place).is_some_and(|list| list.as_array().is_some_and(|all| !all.is_empty()));
    if says("/rejectionPlan/conditions") {
        return Err("Vapi decides by its `rejectionPlan` whether it may be called".to_owned());
    }
    if says("/encryptedPaths") {
        return Err("Vapi encrypts a part of its request (`encryptedPaths`)".to_owned());
    }
    match tool.get("type").and_then(Value::as_str) {
        Some("function") => function(tool, name, report),
        Some("apiRequest") => api_request(tool, name, report),
        Some(other) => Err(format!("Vapi itself carries out tools of the type `{other}`")),
        None => Err("the report doesn't say of which type it is".to_owned()),
    }
}

/// A tool that Vapi calls by a message to a server.
fn function(tool: &Value, name: &str, report: Tree<'_>) -> Result<LiveTool, String> {
    let own = Tree(tool).text(&["/server/url"]);
    let server = own.or_else(|| report.text(SERVERS));
    let server = server.ok_or("the report has no server URL for it, neither of the tool nor of the assistant")?;
    let Address { url, query, arguments } = address::read(&server)?;
    if !arguments.is_empty() {
        return Err("a brace in its server's address stands for nothing".to_owned());
    }
    let given = Given::of(tool, tool.pointer("/function/parameters"), report)?;
    let is_async = tool.get("async") == Some(&Value::Bool(true));
    let call = HttpCall {
        method: "POST".to_owned(),
        url,
        query,
        body: Some(message(name, &given.arguments(), report)),
        // Nobody waits for what an asynchronous one answers, so that it may be anything.
        result: (!is_async).then(|| "/results/0/result".to_owned()),
        error: Some("/results/0/error".to_owned()),
        ..HttpCall::default()
    };
    let description = tool.pointer("/function/description").and_then(Value::as_str);
    Ok(LiveTool::http(name, description, Some(&given.schema), call))
}

/// The message with one tool call, in all forms that servers read it in: Vapi's reference has the call as OpenAI does
/// (`function`), its guides have name and arguments beside the identifier.
fn message(name: &str, arguments: &Value, report: Tree<'_>) -> Value {
    let call = json!({
        "id": { "$": "key" },
        "type": "function",
        "name": name,
        "arguments": arguments,
        "function": { "name": name, "arguments": arguments },
    });
    let of_call = |places: &[&str]| report.text(places);
    let customer = of_call(&["/customer/number", "/call/customer/number"]).map(|number| json!({ "number": number }));
    let ours = of_call(&["/phoneNumber/number", "/call/phoneNumber/number"]).map(|number| json!({ "number": number }));
    let mut message = json!({
        "type": "tool-calls",
        "toolCallList": [call],
        "toolCalls": [call],
        "toolWithToolCallList": [{ "type": "function", "name": name, "function": { "name": name }, "toolCall": call }],
        "call": { "id": of_call(&["/call/id"]), "type": of_call(&["/call/type"]) },
    });
    if let Some(customer) = customer {
        message["call"]["customer"] = customer.clone();
        message["customer"] = customer;
    }
    if let Some(ours) = ours {
        message["phoneNumber"] = ours;
    }
    json!({ "message": message })
}

/// A tool that is a request of its own.
fn api_request(tool: &Value, name: &str, report: Tree<'_>) -> Result<LiveTool, String> {
    let text = |key: &str| tool.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let method = text("method").ok_or("the report doesn't say its method")?.to_ascii_uppercase();
    let given = Given::of(tool, tool.get("body"), report)?;
    let address = text("url").ok_or("the report doesn't say its address")?;
    let liquid = Liquid(report);
    let Address { url, query, arguments } = address::read(&liquid.address(address, given.properties())?)?;
    if let Some(unknown) = arguments.iter().find(|name| !given.names().any(|known| known == *name)) {
        return Err(format!("`{{{unknown}}}` in its address stands for none of its arguments"));
    }
    let has_body = WITH_BODY.contains(&method.as_str());
    let placed = |argument: &String| arguments.contains(argument);
    if let Some(argument) = given.names().find(|argument| !has_body && !placed(argument)) {
        return Err(format!("the report doesn't say where a {method} has its argument `{argument}`"));
    }
    let body = has_body.then(|| given.arguments());
    let call = HttpCall { method, url, query, body, ..HttpCall::default() };
    Ok(LiveTool::http(name, text("description"), Some(&given.schema), call))
}

/// What a tool is given: by the model, and by the tool's own configuration.
struct Given {
    /// Of what the model writes.
    schema: Value,
    /// What goes over it.
    fixed: BTreeMap<String, Value>,
}

impl Given {
    fn of(tool: &Value, schema: Option<&Value>, report: Tree<'_>) -> Result<Self, String> {
        let usual = json!({ "type": "object", "properties": {} });
        let mut schema = schema.filter(|schema| !schema.is_null()).cloned().unwrap_or(usual);
        let liquid = Liquid(report);
        let mut fixed = BTreeMap::new();
        let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let with_values = properties.filter_map(|(name, property)| Some((name.as_str(), property.get("value")?)));
        let parameters = tool.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let parameters = parameters.filter_map(|one| Some((one.get("key")?.as_str()?, one.get("value")?)));
        for (name, value) in with_values.chain(parameters) {
            fixed.insert(name.to_owned(), liquid.value(value).map_err(|why| format!("`{name}` is fixed: {why}"))?);
        }
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            properties.retain(|name, _| !fixed.contains_key(name));
        }
        if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
            required.retain(|name| name.as_str().is_none_or(|name| !fixed.contains_key(name)));
        }
        Ok(Self { schema, fixed })
    }

    /// What the model may write.
    fn properties(&self) -> Option<&Map<String, Value>> {
        self.schema.get("properties").and_then(Value::as_object)
    }

    /// All that the tool is given.
    fn names(&self) -> impl Iterator<Item = &String> {
        self.properties().into_iter().flatten().map(|(name, _)| name).chain(self.fixed.keys())
    }

    /// All of it: a template.
    fn arguments(&self) -> Value {
        if self.fixed.is_empty() {
            return json!({ "$": "arguments" });
        }
        let written = self.properties().into_iter().flatten();
        let written = written.map(|(name, _)| (name.clone(), json!({ "$": format!("arguments.{name}") })));
        Value::Object(written.chain(self.fixed.clone()).collect())
    }
}
