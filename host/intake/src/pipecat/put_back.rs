//! Gives the replies of a context the messages that their provider wrote, out of what its service kept for itself.
//!
//! What can't be put back is counted.

use std::collections::{BTreeSet, HashMap, VecDeque};

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque, Role},
    left_out::{LeftOut, Part},
};
use serde_json::{Value, value::RawValue};

use super::{
    Specific, is_chat,
    kept::{self, Bookmark, Kept, Seal},
};
use crate::own;

/// Puts what services kept for themselves into a history, whose items are those of the chat messages among the messages of a
/// context, in order. Says what has no place.
pub(crate) fn put_back(items: Vec<Item>, messages: &[&RawValue]) -> (Vec<Item>, Vec<LeftOut>) {
    let specific: Vec<Option<Specific<'_>>> = messages.iter().map(|message| Specific::read(message)).collect();
    let services: BTreeSet<&str> = specific.iter().flatten().map(|specific| specific.llm.as_str()).collect();
    if services.is_empty() {
        return (items, Vec::new());
    }
    let is_switched = services.len() > 1;
    let mut chat = in_groups(items).into_iter();
    let mut context = Context::default();
    for specific in &specific {
        match specific.as_ref().filter(|specific| !is_chat(specific)) {
            None => context.reply(chat.next()),
            Some(specific) => match kept::read(specific) {
                // The same may be there for each of several services.
                Kept::Message(_) if is_switched => context.others += 1,
                kept => context.take(kept),
            },
        }
    }
    context.finish()
}

/// The messages that items are of.
fn in_groups(items: Vec<Item>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for item in items {
        match groups.last_mut().filter(|_| item.continues) {
            Some(group) => group.push(item, None),
            None => groups.push(Group::of(item)),
        }
    }
    groups
}

/// The items of one message, and Gemini's seals on them.
struct Group {
    items: Vec<Item>,
    seals: Vec<Option<String>>,
}

impl Group {
    fn of(item: Item) -> Self {
        Self { items: vec![item], seals: vec![None] }
    }

    fn push(&mut self, item: Item, seal: Option<String>) {
        self.items.push(item);
        self.seals.push(seal);
    }

    fn own(&self) -> Option<&Opaque> {
        self.items.first()?.opaque.as_ref()
    }

    /// Whether it is a reply that a chat message has, with nothing but words and calls in it.
    fn is_plain_reply(&self) -> bool {
        let says_words = |own: &Opaque| own.dialect == Dialect::OpenaiChat && has_words_alone(&own.data.value());
        self.items.iter().all(|item| is_of_reply(&item.content)) && self.own().is_none_or(says_words)
    }

    fn calls_alone(&self) -> bool {
        self.items.iter().all(|item| matches!(item.content, Content::ToolCall(_)))
    }

    fn is_result(&self) -> bool {
        self.items.iter().all(|item| matches!(item.content, Content::ToolResult { .. }))
    }

    fn is_sealed(&self) -> bool {
        self.seals.iter().any(Option::is_some)
    }
}

/// Where seals may be: the group of an item, and its place in that, in order.
#[derive(Default)]
struct Open {
    calls: HashMap<String, VecDeque<(usize, usize)>>,
    words: Vec<((usize, usize), String)>,
}

impl Open {
    fn add(&mut self, at: usize, group: &Group) {
        for (item, content) in group.items.iter().map(|item| &item.content).enumerate() {
            match content {
                Content::ToolCall(call) => self.calls.entry(call.id.clone()).or_default().push_back((at, item)),
                Content::Message { text, .. } => self.words.push(((at, item), words(text))),
                Content::ToolResult { .. } => {}
            }
        }
    }

    /// The next call of an identifier, which no other seal gets.
    fn call(&mut self, id: &str) -> Option<(usize, usize)> {
        self.calls.get_mut(id)?.pop_front()
    }

    /// The next words that were quoted, in a group from that one on.
    fn words(&self, quoted: &str, from: usize) -> Option<(usize, usize)> {
        let quoted = words(quoted);
        let later = self.words.partition_point(|((at, _), _)| *at < from);
        let meant = self.words[later..].iter().find(|(_, text)| is_same_beginning(&quoted, text));
        meant.map(|(place, _)| *place)
    }
}

/// A history in the making.
#[derive(Default)]
struct Context {
    groups: Vec<Group>,
    /// Thoughts that await what they led to.
    thoughts: Option<(Dialect, Vec<Box<RawValue>>)>,
    seals: Vec<Seal>,
    /// Pieces of reasoning that have no place.
    reasoning: usize,
    /// Other messages that have none.
    others: usize,
}

impl Context {
    fn take(&mut self, kept: Kept) {
        match kept {
            Kept::Thoughts(dialect, more) => match &mut self.thoughts {
                Some((of, thoughts)) if *of == dialect => thoughts.extend(more),
                _ => {
                    self.lose_thoughts();
                    self.thoughts = Some((dialect, more));
                }
            },
            Kept::Seal(seal) => self.seals.push(seal),
            Kept::Message(items) => {
                self.lose_thoughts();
                self.groups.extend(in_groups(items));
            }
            Kept::Lost(Part::Reasoning) => self.reasoning += 1,
            Kept::Lost(_) => self.others += 1,
        }
    }

    /// Adds what a chat message is.
    fn reply(&mut self, group: Option<Group>) {
        let Some(mut group) = group else { return };
        if let Some((dialect, thoughts)) = self.thoughts.take() {
            let reply = || group.items.iter().map(|item| &item.content);
            let own = match dialect {
                _ if !group.is_plain_reply() => None,
                Dialect::Anthropic => own::anthropic(&thoughts, reply()),
                Dialect::OpenaiResponses => own::responses(&thoughts, reply()),
                Dialect::OpenaiChat | Dialect::Gemini => None,
            };
            match own.zip(group.items.first_mut()) {
                Some((own, leader)) => leader.opaque = Some(own),
                None => self.reasoning += thoughts.len(),
            }
        }
        self.groups.push(group);
    }

    fn lose_thoughts(&mut self) {
        self.reasoning += self.thoughts.take().map_or(0, |(_, thoughts)| thoughts.len());
    }

    fn finish(mut self) -> (Vec<Item>, Vec<LeftOut>) {
        self.lose_thoughts();
        self.place_seals();
        self.gather_calls();
        let (items, seals): (Vec<_>, Vec<_>) = self.groups.into_iter().map(|group| (group.items, group.seals)).unzip();
        let (mut items, seals) = (items.concat(), seals.concat());
        let unsealed = own::seal(&mut items, &seals);
        let mut left_out = own::left_out(Part::Reasoning, self.reasoning + unsealed);
        left_out.extend(own::left_out(Part::ProviderItem, self.others));
        (items, left_out)
    }

    /// Finds for each seal what it is on. Seals on words are in the words' order.
    fn place_seals(&mut self) {
        let mut open = Open::default();
        // What a group is has to be read: once, not for each seal.
        let replies =
            self.groups.iter().enumerate().filter(|(_, group)| !self.seals.is_empty() && group.is_plain_reply());
        replies.for_each(|(at, group)| open.add(at, group));
        let mut from = 0;
        for Seal { signature, bookmark } in std::mem::take(&mut self.seals) {
            let place = match &bookmark {
                Bookmark::FunctionCall(id) => open.call(id),
                Bookmark::Text(quoted) => open.words(quoted, from),
            };
            match place.and_then(|(at, item)| Some((at, self.groups.get_mut(at)?.seals.get_mut(item)?))) {
                Some((at, seal)) => {
                    from = from.max(at + 1);
                    *seal = Some(signature);
                }
                None => self.reasoning += 1,
            }
        }
    }

    /// Makes one reply of the calls that Gemini made in one: it seals the first of them, and the context has each in a message
    /// of its own, with its result behind it.
    fn gather_calls(&mut self) {
        let mut gathered: Vec<Group> = Vec::new();
        let mut open: Option<usize> = None;
        for group in std::mem::take(&mut self.groups) {
            let is_call = group.calls_alone() && group.is_plain_reply();
            if is_call && group.is_sealed() {
                open = Some(gathered.len());
            } else if !group.is_result() && !is_call {
                open = None;
            }
            let first = open.filter(|_| is_call && !group.is_sealed()).and_then(|at| gathered.get_mut(at));
            match first {
                Some(first) => {
                    // The message of the first alone isn't theirs.
                    first.items.iter_mut().for_each(|item| item.opaque = None);
                    for item in group.items {
                        first.push(Item { opaque: None, continues: true, ..item }, None);
                    }
                }
                None => gathered.push(group),
            }
        }
        self.groups = gathered;
    }
}

/// Whether a chat message has nothing that isn't in its items.
fn has_words_alone(message: &Value) -> bool {
    let is_text = |part: &Value| part["text"].is_string();
    let content = &message["content"];
    message["audio"].is_null() && content.as_array().is_none_or(|parts| parts.iter().all(is_text))
}

fn is_of_reply(content: &Content) -> bool {
    matches!(content, Content::Message { role: Role::Assistant, .. } | Content::ToolCall(_))
}

/// A text's words, with one space between two.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether words are those that were quoted: of what was cut off, the context has the beginning, and of what came in pieces,
/// the bookmark.
fn is_same_beginning(quoted: &str, text: &str) -> bool {
    !quoted.is_empty() && !text.is_empty() && (quoted.starts_with(text) || text.starts_with(quoted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::chat::{self, Origin};

    /// `u` is the caller's words, `w` the assistant's, `a` and `b` calls, `d` a call without an object of arguments, `ra` a
    /// result; `Sa` Gemini's seal on a call, `Sw` on the words, `?w` one that is none; `T` a thought of Anthropic's, `R` one of
    /// OpenAI's, `M` and `N` messages of theirs. In what is expected, an item is what its message is (`+`: it continues
    /// another), in the format of `c`hat, `g`emini, `a`nthropic or `r`esponses; behind it is how much has no place.
    #[test]
    fn replies_get_back_what_their_provider_wrote() {
        for (context, expected, lost) in [
            ("u w", "uc wc", 0),
            ("u Sa a ra w", "uc ag rac wc", 0),
            ("u a ra Sa w", "uc ag rac wc", 0),
            ("Sa a ra b rb w", "ag +b rac rbc wc", 0),
            ("Sa a b ra rb", "ag +b rac rbc", 0),
            ("Sa a ra Sb b rb", "ag rac bg rbc", 0),
            ("Sa a ra w b rb", "ag rac wc bc rbc", 0),
            ("Sa a ra u b rb", "ag rac uc bc rbc", 0),
            ("a ra b rb", "ac rac bc rbc", 0),
            ("Sa a ra d rd", "a +d rac rdc", 1),
            ("Sd d rd", "dc rdc", 1),
            ("Sw w u w", "wg uc wc", 0),
            ("w Sw u Sw w", "wg uc wg", 0),
            ("Sw u", "uc", 1),
            ("a ra a ra Sa Sa Sa", "ag rac ag rac", 1),
            ("w u a ra Sa Sw", "wc uc ag rac", 1),
            ("w u a ra Sw Sa", "wg uc ag rac", 0),
            ("w w Sw Sw Sw", "wg wg", 1),
            ("Sb a ra", "ac rac", 1),
            ("?w w", "wc", 1),
            ("T w", "wa", 0),
            ("T T a ra", "aa rac", 0),
            ("T u w", "uc wc", 1),
            ("T d", "dc", 1),
            ("w T", "wc", 1),
            ("R a ra R w", "ar rac wr", 0),
            ("R T w", "wa", 1),
            ("T M w", "Ma wc", 1),
            ("u M w N", "uc wc", 2),
            ("u M w Sw", "uc wg", 1),
        ] {
            let raw = |word| serde_json::value::to_raw_value(&message(word)).expect("JSON");
            let messages: Vec<_> = context.split(' ').map(raw).collect();
            let messages: Vec<&RawValue> = messages.iter().map(|message| &**message).collect();
            let items = chat::items(&messages, "", Origin::Provider).expect("messages");
            let (items, left_out) = put_back(items, &messages);
            let told: Vec<String> = items.iter().map(shown).collect();
            let times: u32 = left_out.iter().map(|left_out| left_out.times).sum();
            assert_eq!((told.join(" ").as_str(), times), (expected, lost), "{context}");
        }
    }

    fn shown(item: &Item) -> String {
        let what = match &item.content {
            Content::Message { text, .. } => text.clone(),
            Content::ToolCall(call) => call.id.clone(),
            Content::ToolResult { call, .. } => format!("r{call}"),
        };
        let own = item.opaque.as_ref().map_or("", |own| match own.dialect {
            Dialect::OpenaiChat => "c",
            Dialect::OpenaiResponses => "r",
            Dialect::Anthropic => "a",
            Dialect::Gemini => "g",
        });
        format!("{}{what}{own}", if item.continues { "+" } else { "" })
    }

    fn message(word: &str) -> Value {
        let of = |llm: &str, message: Value| json!({ "llm": llm, "message": message });
        let seal = |signature: &str, bookmark: Value| {
            of("google", json!({ "type": "thought_signature", "signature": signature, "bookmark": bookmark }))
        };
        match word {
            "u" => json!({ "role": "user", "content": "u" }),
            "w" => json!({ "role": "assistant", "content": "w" }),
            "a" | "b" | "d" => {
                let arguments = if word == "d" { "[]" } else { "{}" };
                let function = json!({ "name": "f", "arguments": arguments });
                json!({ "role": "assistant", "tool_calls": [{ "id": word, "type": "function", "function": function }] })
            }
            "Sw" => seal("c2ln", json!({ "text": " w and more" })),
            "?w" => seal("b'\\x01'", json!({ "text": "w" })),
            "T" => of("anthropic", json!({ "type": "thought", "text": "", "signature": "c2ln" })),
            "M" => of("anthropic", json!({ "role": "user", "content": "M" })),
            "N" => of("openai_responses", json!({ "role": "user", "content": "N" })),
            "R" => of(
                "openai_responses",
                json!({ "type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "c2ln" }),
            ),
            other => match other.split_at(1) {
                ("S", id) => seal("c2ln", json!({ "function_call": id })),
                (_, id) => json!({ "role": "tool", "tool_call_id": id, "content": "done" }),
            },
        }
    }
}
