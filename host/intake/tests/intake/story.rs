//! A payload's translation in lines that a person can check.

use aftercall_core::{
    conversation::{Content, Item},
    json::Json,
    live::{LiveCall, LiveTool},
    time::Timestamp,
};
use aftercall_intake::Parsed;

pub(crate) fn of(parsed: &Parsed) -> Vec<String> {
    let conversation = &parsed.conversation;
    let head = [
        ("platform", Some(conversation.platform.to_string())),
        ("id", Some(conversation.id.clone())),
        ("tenant", parsed.tenant.clone()),
        ("assistant", parsed.assistant.clone()),
        ("direction", conversation.direction.map(|direction| format!("{direction:?}"))),
        ("from", conversation.from.clone()),
        ("to", conversation.to.clone()),
        ("contact", conversation.contact().map(str::to_owned)),
        ("time zone", conversation.time_zone.clone()),
        ("started", conversation.started_at.map(millis)),
        ("ended", conversation.ended_at.map(millis)),
        ("end reason", conversation.end_reason.clone()),
        ("answered by", conversation.answered_by.clone()),
        ("test", conversation.is_test.then(|| "yes".to_owned())),
        ("model", conversation.model.name.clone()),
        ("parameters", Some(conversation.model.parameters.as_str().to_owned())),
        ("live tools", Some(conversation.live_tools.join(" "))),
        ("summary", conversation.summary.clone()),
        ("variables", conversation.variables.as_ref().map(|json| json.as_str().to_owned())),
    ];
    let head = head.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    let left_out = conversation.left_out.iter().map(|left_out| format!("left out: {left_out}"));
    let defined = conversation.live_definitions.iter().flat_map(definition);
    head.chain(defined).chain(conversation.items.iter().map(line)).chain(left_out).collect()
}

fn definition(tool: &LiveTool) -> Vec<String> {
    let LiveTool { name, description, parameters, call } = tool;
    match call {
        LiveCall::Unusable(why) => vec![format!("can't be called again: {name}: {why}")],
        LiveCall::Http(call) => vec![
            format!("can be called again: {name}: {description}"),
            format!("  takes {}", parameters.as_str()),
            format!("  by {}", Json::of(call).as_str()),
        ],
    }
}

fn line(item: &Item) -> String {
    let content = match &item.content {
        Content::Message { role, text, interrupted } => {
            let role = format!("{role:?}").to_lowercase();
            format!("{role} says{}: {text}", if *interrupted { " (cut off)" } else { "" })
        }
        Content::ToolCall(call) => format!("calls {} [{}] {}", call.name, call.id, call.arguments),
        Content::ToolResult { call, output, is_error } => {
            format!("result [{call}]{}: {output}", if *is_error { " failed" } else { "" })
        }
    };
    let lead = if item.continues { "  + " } else { "  - " };
    let form = if item.opaque.is_some() { "(own bytes) " } else { "" };
    let at = item.at.map(|at| format!("{} ", millis(at))).unwrap_or_default();
    format!("{lead}{at}{form}{content}").trim_end().to_owned()
}

fn millis(at: Timestamp) -> String {
    at.as_millis().to_string()
}
