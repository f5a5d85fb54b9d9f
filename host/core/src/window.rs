//! Histories that are too long for the model that goes on: what is left out, in which order, foreseen before it is asked.
//!
//! First recordings go, of which the words stay. Then the bodies of tools' results, the oldest first, and none of the last
//! turns. Instructions, and what was said, stay whole. What still doesn't fit can't be continued.

use crate::{
    conversation::{Content, Conversation, Item, Opaque, Role},
    left_out::{Because, LeftOut, Part},
};

/// Times that the person on the line spoke, counted from the end, of which everything stays.
const LAST_TURNS: usize = 4;

/// What stands in the place of a result's body.
const BODY_LEFT_OUT: &str = "[This result is left out here, since the call's history is too long.]";

/// Bytes of ASCII that a token takes at least, on average. Of other scripts a token takes a character.
const ASCII_BYTES_PER_TOKEN: u64 = 4;

/// Parts of a context window, in quarters, that a history may fill: the rest is for tools, instructions and the work itself.
const QUARTERS: u64 = 3;

/// A history that doesn't fit, whatever is left out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the history has about {tokens} tokens even without recordings and old results, more than the {tokens_max} that \
     `context_tokens` of its model leaves for it: name a model with a larger window in the assistant's `model`"
)]
pub struct TooLong {
    /// About how many tokens are left of it.
    pub tokens: u64,
    /// How many there may be.
    pub tokens_max: u64,
}

/// Leaves out what has to be, so that a history fits into a context window of so many tokens. `has_audio` tells whether a
/// provider's own message has a recording in it.
///
/// # Errors
/// It doesn't fit. Nothing was left out then.
pub fn fit(
    conversation: &mut Conversation,
    context_tokens: u64,
    has_audio: impl Fn(&Opaque) -> bool,
) -> Result<Vec<LeftOut>, TooLong> {
    let tokens_max = context_tokens.saturating_mul(QUARTERS) / 4;
    let mut items = conversation.items.clone();
    let mut tokens = tokens_of(&items);
    let mut left_out = Vec::new();
    let recordings = |item: &Item| item.opaque.as_ref().is_some_and(&has_audio);
    let last_turns = last_turns(&items);
    let bodies =
        |item: &Item| matches!(&item.content, Content::ToolResult { output, .. } if output.len() > BODY_LEFT_OUT.len());
    for (part, end, is_meant) in
        [(Part::Audio, items.len(), &recordings as &dyn Fn(&Item) -> bool), (Part::ToolOutput, last_turns, &bodies)]
    {
        let mut times = 0;
        for place in 0..end {
            if tokens <= tokens_max {
                break;
            }
            if items.get(place).is_some_and(is_meant) {
                tokens = tokens.saturating_sub(shrink(&mut items, place, part));
                times += 1;
            }
        }
        if times > 0 {
            left_out.push(LeftOut { part, times, because: Because::Window { tokens_max } });
        }
    }
    if tokens > tokens_max {
        return Err(TooLong { tokens, tokens_max });
    }
    conversation.items = items;
    Ok(left_out)
}

/// Leaves a part out of an item. Says how many tokens that saves.
fn shrink(items: &mut [Item], place: usize, part: Part) -> u64 {
    let length = group_at(items, place).len();
    let Some(group) = items.get_mut(place..place + length) else { return 0 };
    let before = tokens_of(group);
    if let Some(leader) = group.first_mut() {
        leader.opaque = None;
        if let (Part::ToolOutput, Content::ToolResult { output, .. }) = (part, &mut leader.content) {
            BODY_LEFT_OUT.clone_into(output);
        }
    }
    before.saturating_sub(tokens_of(group))
}

/// The items of the message that begins there.
fn group_at(items: &[Item], place: usize) -> &[Item] {
    let rest = items.get(place..).unwrap_or_default();
    let length = 1 + rest.iter().skip(1).take_while(|item| item.continues).count();
    rest.get(..length).unwrap_or_default()
}

/// Where the last turns begin.
fn last_turns(items: &[Item]) -> usize {
    let is_user = |item: &Item| matches!(item.content, Content::Message { role: Role::User, .. });
    let turns = items.iter().enumerate().rev().filter(|(_, item)| is_user(item)).map(|(place, _)| place);
    turns.take(LAST_TURNS).last().unwrap_or(0)
}

/// About how many tokens items take, as they go out: rather too many than too few.
fn tokens_of(items: &[Item]) -> u64 {
    let mut tokens = 0_u64;
    let mut rest = items;
    while !rest.is_empty() {
        let group = group_at(rest, 0);
        tokens = tokens.saturating_add(match group.first().and_then(|leader| leader.opaque.as_ref()) {
            Some(own) => tokens_of_text(own.data.as_str()),
            None => group.iter().map(tokens_of_item).sum(),
        });
        rest = rest.get(group.len()..).unwrap_or_default();
    }
    tokens
}

fn tokens_of_item(item: &Item) -> u64 {
    /// What a message takes beside its words.
    const AROUND: u64 = 8;
    AROUND
        + match &item.content {
            Content::Message { text, .. } => tokens_of_text(text),
            Content::ToolCall(call) => tokens_of_text(&call.name) + tokens_of_text(&call.arguments),
            Content::ToolResult { output, .. } => tokens_of_text(output),
        }
}

fn tokens_of_text(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let others = text.chars().filter(|c| !c.is_ascii()).count();
    let [ascii, others] = [ascii, others].map(|count| u64::try_from(count).unwrap_or(u64::MAX));
    ascii.div_ceil(ASCII_BYTES_PER_TOKEN).saturating_add(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        conversation::{Dialect, ToolCall},
        json::Json,
    };

    /// One item by its shorthand: `u` what the caller said, `s` an instruction, `c` a call, `r` its result, `R` a large one,
    /// `a` a recording.
    fn item(shorthand: char) -> Item {
        let words = "x".repeat(40);
        match shorthand {
            'u' => Item::message(Role::User, words),
            's' => Item::message(Role::System, words),
            'c' => Item::plain(
                None,
                Content::ToolCall(ToolCall { id: "1".into(), name: "find".into(), arguments: "{}".into() }),
            ),
            'r' | 'R' => {
                let output = if shorthand == 'r' { words } else { "y".repeat(4_000) };
                Item::plain(None, Content::ToolResult { call: "1".into(), output, is_error: false })
            }
            _ => {
                let data = Json::of(&"z".repeat(4_000));
                let opaque = Some(Opaque { dialect: Dialect::OpenaiChat, data });
                Item { opaque, ..Item::message(Role::User, "heard") }
            }
        }
    }

    fn check(history: &str, context_tokens: u64, expected: Result<&[(Part, u32)], ()>, large: &[usize]) {
        let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
        conversation.items = history.chars().map(item).collect();
        let before = conversation.items.clone();
        let fitted = fit(&mut conversation, context_tokens, |own| own.data.as_str().contains('z'));
        let told = fitted.map(|parts| parts.iter().map(|part| (part.part, part.times)).collect::<Vec<_>>());
        assert_eq!(told.map_err(|_| ()), expected.map(<[_]>::to_vec), "{history} in {context_tokens}");
        let is_large = |(place, item): (usize, &Item)| (tokens_of(std::slice::from_ref(item)) > 500).then_some(place);
        let still: Vec<usize> = conversation.items.iter().enumerate().filter_map(is_large).collect();
        assert_eq!(still, large, "{history} in {context_tokens}");
        assert_eq!(conversation.items.len(), before.len());
        assert!(expected.is_ok() || conversation.items == before);
    }

    #[test]
    fn recordings_go_first_then_the_oldest_results_and_never_the_last_turns() {
        use Part::{Audio, ToolOutput};
        check("sucRuuuu", 10_000, Ok(&[]), &[3]);
        check("sucRuuuu", 1_000, Ok(&[(ToolOutput, 1)]), &[]);
        check("saucRuuuu", 2_000, Ok(&[(Audio, 1)]), &[4]);
        check("saucRuuuu", 1_000, Ok(&[(Audio, 1), (ToolOutput, 1)]), &[]);
        check("scRcRuuuu", 2_000, Ok(&[(ToolOutput, 1)]), &[4]);
        check("scRuuuucR", 2_000, Ok(&[(ToolOutput, 1)]), &[8]);
        check("scRuuuucR", 1_000, Err(()), &[2, 8]);
        check("uuuua", 400, Ok(&[(Audio, 1)]), &[]);
        check("cruuuuu", 90, Err(()), &[]);
    }

    #[test]
    fn other_scripts_take_a_token_a_character() {
        for (text, tokens) in [("", 0), ("abcd", 1), ("abcde", 2), ("Grüße", 1 + 2), ("予約", 2)] {
            assert_eq!(tokens_of_text(text), tokens, "{text}");
        }
    }
}
