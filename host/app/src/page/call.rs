//! The call: what was said, and what the assistant's tools did while it was on.

use aftercall_core::conversation::{Content, Conversation, Direction, Role};
use maud::{Markup, html};

use crate::story;

/// The conversation, in order. Instructions are folded away: they aren't what was said.
pub(super) fn call(conversation: &Conversation) -> Markup {
    let person = if conversation.direction == Some(Direction::Outbound) { "Called person" } else { "Caller" };
    html! {
        ol.call {
            @for item in &conversation.items { (content(&item.content, person)) }
            @if conversation.items.is_empty() { li.empty { "The record has no history." } }
        }
        @if let Some(summary) = &conversation.summary {
            details { summary { "The platform's summary, which nothing is based on" } p { (summary) } }
        }
    }
}

fn content(content: &Content, person: &str) -> Markup {
    match content {
        Content::Message { role: Role::System, text, .. } => html! {
            li.system { details { summary { "Instructions" } p { (text) } } }
        },
        Content::Message { role, text, interrupted } => {
            let (side, who) = if *role == Role::User { ("caller", person) } else { ("assistant", "Assistant") };
            html! {
                li.(side) {
                    span.who { (who) }
                    p { (text) }
                    @if *interrupted { small { "cut off here" } }
                }
            }
        }
        Content::ToolCall(called) => html! {
            li.live { span.who { "live tool" } p { code { (called.name) } " " (story::arguments_in_words(&called.arguments)) } }
        },
        Content::ToolResult { output, is_error, .. } => html! {
            li.live { span.who { @if *is_error { "it failed" } @else { "it answered" } } p { (story::clip(output)) } }
        },
    }
}
