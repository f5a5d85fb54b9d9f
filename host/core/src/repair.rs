//! Repair of a history before a model continues it.
//!
//! Platforms write down what they saw, not what a provider accepts: a call that the hang-up left open,
//! speech between a call and its result, a result delivered twice. Each rule mends one such thing, in the
//! order of [`Rule::ALL`]. No rule ever changes or drops a provider's own bytes (see [`Item::opaque`]), but
//! for a result that says once more what an earlier one said: whatever a rule needs, it inserts or moves.

mod groups;
mod rules;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{
    conversation::{Content, Conversation, Item, Role, ToolCall},
    limits::CONVERSATION_ITEMS_MAX,
    schema::read_arguments,
};

/// One thing that was mended.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Repair {
    /// By which rule.
    pub rule: Rule,
    /// Where, as the history stood before: the item's place, from 0.
    pub item: usize,
    /// Which tool it is about, where it is about one and its name is known.
    pub tool: Option<String>,
}

/// What can be mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// An item that continues a message which it can't belong to begins one of its own.
    DetachContinuation,
    /// A message without words was never spoken: it goes.
    DropEmptyMessage,
    /// Arguments that are no JSON object become one.
    MakeArgumentsAnObject,
    /// A result that repeats another one of the same call word for word goes.
    DropRepeatedResult,
    /// A result without a call gets one that says so.
    AdoptResult,
    /// A call without a result gets one that says so.
    AnswerOpenCall,
    /// A result that stands apart from its call moves behind it.
    MoveResult,
    /// A call whose identifier is missing or taken gets another, and its result with it.
    RenameCall,
    /// A message that was cut off, in its provider's own form, which says nothing of that, gets a note.
    NoteInterruption,
}

/// Why no model can continue a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unrepairable {
    /// There is no history.
    #[error("the conversation has no history: send its messages along with it")]
    NoItems,
    /// Nobody said or did anything.
    #[error("nobody said anything on this call, so there is nothing to continue")]
    NothingSaid,
    /// It is too long.
    #[error("the history has {items} items with its repairs, more than {CONVERSATION_ITEMS_MAX}")]
    TooLong {
        /// How many.
        items: usize,
    },
}

/// Mends a history so that [`is_continuable`] holds. A second time mends nothing.
///
/// # Errors
/// Says why it can't be mended. The conversation is then as it was.
pub fn repair(conversation: &mut Conversation) -> Result<Vec<Repair>, Unrepairable> {
    if conversation.items.is_empty() {
        return Err(Unrepairable::NoItems);
    }
    check_length(conversation.items.len())?;
    if is_sound(&conversation.items) {
        return Ok(Vec::new());
    }
    let mut groups = groups::of_items(&conversation.items);
    let mut repairs = Vec::new();
    for rule in Rule::ALL {
        let mended = rule.apply(&mut groups);
        repairs.extend(mended.into_iter().map(|(item, tool)| Repair { rule, item, tool }));
    }
    let items = groups::into_items(groups);
    check_length(items.len())?;
    if items.iter().all(|item| matches!(item.content, Content::Message { role: Role::System, .. })) {
        return Err(Unrepairable::NothingSaid);
    }
    conversation.items = items;
    Ok(repairs)
}

/// Whether a provider accepts a history as far as its shape goes: each message with tool calls is followed
/// at once by exactly one result for each of them, there is no other result, and only what a model says and
/// does in one reply shares a message.
pub fn is_continuable(items: &[Item]) -> bool {
    let mut rest = items;
    while let Some((leader, tail)) = rest.split_first() {
        let length = 1 + tail.iter().take_while(|item| item.continues).count();
        let (group, after) = rest.split_at(length);
        let replies = group.iter().all(is_of_reply) || length == 1;
        let one_form = group.iter().skip(1).all(|item| item.opaque.is_none());
        if leader.continues || !replies || !one_form || result_of(leader).is_some() {
            return false;
        }
        let mut calls: Vec<&str> = group.iter().filter_map(call_of).collect();
        let Some((results, after)) = after.split_at_checked(calls.len()) else { return false };
        for result in results {
            let Some(call) = result_of(result).filter(|_| !result.continues) else { return false };
            let Some(place) = calls.iter().position(|id| *id == call) else { return false };
            calls.swap_remove(place);
        }
        rest = after;
    }
    true
}

/// The tool calls of a history, by their places, each with the result that answers it. None: no tool answered,
/// and what a repair put in the place of an answer is none.
pub fn answers(items: &[Item]) -> Vec<(usize, &ToolCall, Option<&Item>)> {
    let groups = groups::of_items(items);
    let place = |group: usize, at: usize| Some(groups.get(group)?.0.get(at)?.place);
    let answered: HashMap<usize, usize> = groups::pair(&groups)
        .into_iter()
        .filter_map(|(result, answers)| match answers {
            groups::Answers::Call((group, at)) => Some((place(group, at)?, place(result, 0)?)),
            groups::Answers::Again(_) | groups::Answers::Nothing => None,
        })
        .collect();
    let answer = |call: usize| items.get(*answered.get(&call)?).filter(|result| !rules::is_made_up(result));
    let calls = items.iter().enumerate().filter_map(|(place, item)| match &item.content {
        Content::ToolCall(call) => Some((place, call, answer(place))),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    });
    calls.collect()
}

impl Rule {
    /// All of them, in the order in which they are applied: what a later one needs, an earlier one provides.
    pub const ALL: [Rule; 9] = [
        Rule::DetachContinuation,
        Rule::DropEmptyMessage,
        Rule::MakeArgumentsAnObject,
        Rule::DropRepeatedResult,
        Rule::AdoptResult,
        Rule::AnswerOpenCall,
        Rule::MoveResult,
        Rule::RenameCall,
        Rule::NoteInterruption,
    ];

    /// What was done, in words for the timeline.
    pub const fn done(self) -> &'static str {
        match self {
            Self::DetachContinuation => "set apart from a message that it can't belong to",
            Self::DropEmptyMessage => "dropped: a message without words",
            Self::MakeArgumentsAnObject => "its arguments made a JSON object",
            Self::DropRepeatedResult => "dropped: it repeats an earlier result",
            Self::AdoptResult => "given a call, since the record has none for this result",
            Self::AnswerOpenCall => "answered as outcome unknown, since the call ended before the tool did",
            Self::MoveResult => "moved behind the call that it answers",
            Self::RenameCall => "given an identifier of its own",
            Self::NoteInterruption => "noted as cut off",
        }
    }

    fn apply(self, groups: &mut Vec<groups::Group>) -> Vec<rules::Mended> {
        match self {
            Self::DetachContinuation => rules::detach_continuations(groups),
            Self::DropEmptyMessage => rules::drop_empty_messages(groups),
            Self::MakeArgumentsAnObject => rules::make_arguments_objects(groups),
            Self::DropRepeatedResult => rules::drop_repeated_results(groups),
            Self::AdoptResult => rules::adopt_results(groups),
            Self::AnswerOpenCall => rules::answer_open_calls(groups),
            Self::MoveResult => rules::move_results(groups),
            Self::RenameCall => rules::rename_calls(groups),
            Self::NoteInterruption => rules::note_interruptions(groups),
        }
    }
}

impl std::fmt::Display for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "item {}", self.item)?;
        if let Some(tool) = &self.tool {
            write!(f, " (`{tool}`)")?;
        }
        write!(f, ": {}", self.rule.done())
    }
}

/// Whether no rule would mend anything, told without taking the history apart, since most are sound and some have
/// megabytes. Of one that is sound it may say no.
fn is_sound(items: &[Item]) -> bool {
    let mut ids = HashSet::new();
    let mut is_said = false;
    for item in items {
        let is_plain = match &item.content {
            Content::Message { role, text, interrupted } => {
                is_said |= *role != Role::System;
                !text.trim().is_empty() && !(*interrupted && (item.continues || item.opaque.is_some()))
            }
            Content::ToolCall(ToolCall { id, arguments, .. }) => {
                is_said = true;
                let is_its_own = !id.is_empty() && ids.insert(id.as_str());
                is_its_own && !arguments.trim().is_empty() && read_arguments(arguments).is_ok()
            }
            Content::ToolResult { .. } => true,
        };
        if !is_plain {
            return false;
        }
    }
    is_said && is_continuable(items)
}

fn check_length(items: usize) -> Result<(), Unrepairable> {
    if items > CONVERSATION_ITEMS_MAX { Err(Unrepairable::TooLong { items }) } else { Ok(()) }
}

/// Whether an item can be part of a model's reply.
fn is_of_reply(item: &Item) -> bool {
    matches!(item.content, Content::Message { role: Role::Assistant, .. } | Content::ToolCall(_))
}

fn call_of(item: &Item) -> Option<&str> {
    match &item.content {
        Content::ToolCall(call) => Some(&call.id),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    }
}

fn result_of(item: &Item) -> Option<&str> {
    match &item.content {
        Content::ToolResult { call, .. } => Some(call),
        Content::Message { .. } | Content::ToolCall(_) => None,
    }
}

#[cfg(test)]
mod tests;
