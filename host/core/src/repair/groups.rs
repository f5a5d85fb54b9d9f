//! A history as provider messages, and which result answers which call.

use std::collections::HashMap;

use super::{call_of, result_of};
use crate::conversation::{Content, Item, ToolCall};

/// One provider message: its first item, and those that continue it. Never empty.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group(pub(super) Vec<Placed>);

/// An item, and where it stood before any repair. One that a repair inserts stands where its cause did.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub(super) place: usize,
    pub(super) item: Item,
}

/// A call's group, and its place in the group.
pub(super) type CallAt = (usize, usize);

/// What a result answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// This call, and it is the only result that does.
    Call(CallAt),
    /// A call that the result in this group answers already.
    Again(usize),
    /// No call at all.
    Nothing,
}

impl Group {
    /// An item that stands alone.
    pub(super) fn alone(place: usize, item: Item) -> Self {
        Self(vec![Placed { place, item }])
    }

    /// Where its first item stood.
    pub(super) fn place(&self) -> usize {
        self.leader().place
    }

    /// Its first item.
    pub(super) fn leader(&self) -> &Placed {
        self.0.first().expect("a group is never empty")
    }

    /// Whether it goes to the model in its provider's own bytes.
    pub(super) fn is_opaque(&self) -> bool {
        self.leader().item.opaque.is_some()
    }

    /// The call that it answers, if it is a result. A result is alone in its group.
    pub(super) fn answered(&self) -> Option<&str> {
        result_of(&self.leader().item)
    }

    /// Its tool calls.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&Placed, &ToolCall)> {
        self.0.iter().filter_map(|placed| match &placed.item.content {
            Content::ToolCall(call) => Some((placed, call)),
            Content::Message { .. } | Content::ToolResult { .. } => None,
        })
    }
}

/// Takes a history apart, by what its items say of themselves.
pub(super) fn of_items(items: &[Item]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (place, item) in items.iter().cloned().enumerate() {
        match groups.last_mut() {
            Some(group) if item.continues => group.0.push(Placed { place, item }),
            _ => groups.push(Group::alone(place, item)),
        }
    }
    groups
}

/// Puts a history together again.
pub(super) fn into_items(groups: Vec<Group>) -> Vec<Item> {
    groups.into_iter().flat_map(|group| group.0).map(|placed| placed.item).collect()
}

/// For each group that is a result: what it answers.
///
/// Identifiers may repeat. A result answers the latest message before it that has an open call of that
/// identifier, and there the first such call; else, if no call of that identifier comes before it, the
/// first open one after it.
pub(super) fn pair(groups: &[Group]) -> HashMap<usize, Answers> {
    let mut open: HashMap<&str, Vec<CallAt>> = HashMap::new();
    let mut answered: HashMap<&str, usize> = HashMap::new();
    let mut pairs = HashMap::new();
    let mut early = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let calls = group.0.iter().enumerate().filter_map(|(at, placed)| Some((at, call_of(&placed.item)?)));
        for (at, id) in calls.collect::<Vec<_>>().into_iter().rev() {
            open.entry(id).or_default().push((index, at));
        }
        let Some(id) = group.answered() else { continue };
        if let Some(call) = open.get_mut(id).and_then(Vec::pop) {
            pairs.insert(index, Answers::Call(call));
            answered.insert(id, index);
        } else if let Some(first) = answered.get(id) {
            pairs.insert(index, Answers::Again(*first));
        } else {
            early.push((index, id));
        }
    }
    for (index, id) in early {
        let calls = open.entry(id).or_default();
        let first = calls.iter().enumerate().min_by_key(|(_, call)| **call).map(|(at, _)| at);
        let answers = match (first, answered.get(id)) {
            (Some(at), _) => {
                answered.entry(id).or_insert(index);
                Answers::Call(calls.remove(at))
            }
            (None, Some(result)) => Answers::Again(*result),
            (None, None) => Answers::Nothing,
        };
        pairs.insert(index, answers);
    }
    pairs
}
