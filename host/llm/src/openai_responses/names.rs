//! Names and identifiers of the live call's tool calls, as the provider takes them.

use std::collections::{HashMap, HashSet};

use aftercall_core::{
    conversation::{Content, ToolCall},
    model::TurnRequest,
};

use crate::history::tool_name;

/// Longest name of a function, in characters.
const FUNCTION_CHARS_MAX: usize = 64;

/// Longest identifier of a call, in characters: the provider refuses a longer one ("string too long").
const CALL_CHARS_MAX: usize = 64;

/// Those that had to be changed, by what they were.
#[derive(Default)]
pub(super) struct Names<'a> {
    tools: HashMap<&'a str, String>,
    calls: HashMap<&'a str, String>,
}

impl<'a> Names<'a> {
    /// Changes what the provider doesn't take, so that it is still told apart from all else: from the tools offered too.
    pub(super) fn of(request: &TurnRequest<'a>) -> Self {
        let live = request.conversation.items.iter().filter_map(|item| match &item.content {
            Content::ToolCall(call) => Some(call),
            Content::Message { .. } | Content::ToolResult { .. } => None,
        });
        let since = request.exchanges.iter().flat_map(|exchange| &exchange.reply.calls);
        let calls: Vec<&'a ToolCall> = live.chain(since).collect();
        let offered = request.tools.iter().map(|tool| tool.name);
        let tools = changed(calls.iter().map(|call| call.name.as_str()), offered, |name| {
            tool_name(name, &['-'], FUNCTION_CHARS_MAX)
        });
        let ids = changed(calls.iter().map(|call| call.id.as_str()), [], |id| match id {
            "" => "call".to_owned(),
            id => id.chars().take(CALL_CHARS_MAX).collect(),
        });
        Self { tools, calls: ids }
    }

    /// A tool's name on the wire.
    pub(super) fn tool<'b>(&'b self, name: &'b str) -> &'b str {
        self.tools.get(name).map_or(name, String::as_str)
    }

    /// A call's identifier on the wire.
    pub(super) fn call<'b>(&'b self, id: &'b str) -> &'b str {
        self.calls.get(id).map_or(id, String::as_str)
    }
}

/// For each word that `fitting` changes, one that nobody else has.
fn changed<'a>(
    words: impl Iterator<Item = &'a str> + Clone,
    taken: impl IntoIterator<Item = &'a str>,
    fitting: impl Fn(&str) -> String,
) -> HashMap<&'a str, String> {
    let fits = |word: &&str| fitting(word) == **word;
    let mut taken: HashSet<String> = taken.into_iter().chain(words.clone().filter(fits)).map(str::to_owned).collect();
    let mut changed = HashMap::new();
    for word in words.filter(|word| !fits(word)) {
        changed.entry(word).or_insert_with(|| {
            let fitted = fitting(word);
            let mut free = fitted.clone();
            let mut number = 2;
            while !taken.insert(free.clone()) {
                let tail = format!("_{number}");
                free = fitted.chars().take(FUNCTION_CHARS_MAX - tail.len()).chain(tail.chars()).collect();
                number += 1;
            }
            free
        });
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_is_told_apart_from_all_else() {
        let long = "x".repeat(70);
        let words = ["find slot", "find_slot", "find-slot", "find slot", "find/slot", long.as_str(), ""];
        let changed = changed(words.into_iter(), ["find_slot_2"], |name| tool_name(name, &['-'], FUNCTION_CHARS_MAX));
        let expected = [
            ("find slot", "find_slot_3".to_owned()),
            ("find/slot", "find_slot_4".to_owned()),
            (long.as_str(), "x".repeat(64)),
            ("", "unnamed".to_owned()),
        ];
        assert_eq!(changed, HashMap::from(expected));
    }

    #[test]
    fn a_number_makes_no_word_too_long() {
        let (long, longer) = ("x".repeat(64), "x".repeat(65));
        let changed = changed([long.as_str(), longer.as_str()].into_iter(), [], |id| id.chars().take(64).collect());
        assert_eq!(changed, HashMap::from([(longer.as_str(), format!("{}_2", "x".repeat(62)))]));
    }
}
