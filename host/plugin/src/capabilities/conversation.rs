//! `aftercall:tool/conversation`: what was said on the call, at the level that was consented to.
//!
//! The assistant's instructions are not among it: nobody said them.

use std::sync::Arc;

use aftercall_core::{
    conversation::{Content, Conversation, Item, Role},
    manifest::ConversationLevel,
};
use wasmtime::component::{HasSelf, Linker};

use super::State;
use crate::{
    bindings::aftercall::tool::conversation::{self, Error, Item as Said},
    grant::Capability,
    text::clip,
};

/// Most items that are given at once.
const ITEMS_MAX: usize = 100;

/// Most text that is given at once, in bytes; one item alone is cut to it. Protects the host's memory.
const TEXT_BYTES_MAX: usize = 256 << 10;

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    conversation::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// A conversation, as one call sees it.
pub(crate) struct View {
    conversation: Arc<Conversation>,
    level: Capability<ConversationLevel>,
}

impl View {
    pub(crate) fn new(conversation: Arc<Conversation>, level: Capability<ConversationLevel>) -> Self {
        Self { conversation, level }
    }

    fn at(&self, wanted: ConversationLevel) -> Result<&Conversation, String> {
        let (who, place) = match self.level {
            Capability::Given(level) if level >= wanted => return Ok(&self.conversation),
            Capability::NotAsked => ("its author must add", "plugin.toml"),
            Capability::Given(_) | Capability::NotGranted => ("add", "the tenant's grant of the plugin"),
        };
        Err(format!("{who} `conversation = \"{wanted}\"` to {place}"))
    }
}

impl State {
    fn conversation(&mut self, wanted: ConversationLevel) -> wasmtime::Result<Result<&Conversation, Error>> {
        self.use_fallible("conversation")?;
        let Some(view) = &self.conversation else { return Ok(Err(Error::Unavailable)) };
        Ok(view.at(wanted).map_err(|remedy| {
            self.log.host_line(&format!("the tool asked for what it may not see of the conversation: {remedy}"));
            Error::NotGranted
        }))
    }
}

impl conversation::Host for State {
    fn items(&mut self, after: Option<String>) -> wasmtime::Result<Result<Vec<Said>, Error>> {
        Ok(self.conversation(ConversationLevel::Transcript)?.map(|conversation| page(conversation, after.as_deref())))
    }

    fn summary(&mut self) -> wasmtime::Result<Result<Option<String>, Error>> {
        let summary =
            |conversation: &Conversation| conversation.summary.as_deref().map(|text| clip(text, TEXT_BYTES_MAX));
        Ok(self.conversation(ConversationLevel::Summary)?.map(summary))
    }

    fn variables(&mut self) -> wasmtime::Result<Result<String, Error>> {
        let variables = |conversation: &Conversation| {
            let variables = conversation.variables.as_ref().filter(|json| json.as_str().len() <= TEXT_BYTES_MAX);
            variables.map_or_else(|| "{}".to_owned(), |json| json.as_str().to_owned())
        };
        Ok(self.conversation(ConversationLevel::Summary)?.map(variables))
    }
}

/// What follows the cursor, which is an item's id; after an unknown one there is nothing.
fn page(conversation: &Conversation, after: Option<&str>) -> Vec<Said> {
    let first = match after.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(index)) => index.saturating_add(1),
        Some(Err(_)) => return Vec::new(),
    };
    let mut page = Vec::new();
    let mut bytes = 0_usize;
    for (index, item) in conversation.items.iter().enumerate().skip(first) {
        let Some(said) = said(index, item) else { continue };
        bytes = bytes.saturating_add(said.text.len());
        if page.len() == ITEMS_MAX || (bytes > TEXT_BYTES_MAX && !page.is_empty()) {
            break;
        }
        page.push(said);
    }
    page
}

fn said(index: usize, item: &Item) -> Option<Said> {
    let (role, text, interrupted) = match &item.content {
        Content::Message { role: Role::System, .. } => return None,
        Content::Message { role: Role::User, text, interrupted } => ("caller", text.clone(), *interrupted),
        Content::Message { role: Role::Assistant, text, interrupted } => ("assistant", text.clone(), *interrupted),
        Content::ToolCall(call) => ("tool-call", format!("{} {}", call.name, call.arguments), false),
        Content::ToolResult { output, .. } => ("tool-result", output.clone(), false),
    };
    Some(Said {
        id: index.to_string(),
        role: role.to_owned(),
        at: item.at.map(|at| at.as_millis()),
        text: clip(&text, TEXT_BYTES_MAX),
        interrupted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversation(items: Vec<Item>) -> Conversation {
        Conversation { items, ..Conversation::new("native".parse().expect("a name"), "c") }
    }

    #[test]
    fn pages_follow_one_another_without_the_instructions() {
        let message = |number: usize| Item::message(Role::User, number.to_string());
        let items: Vec<Item> =
            [Item::message(Role::System, "be kind")].into_iter().chain((1..=250).map(message)).collect();
        let conversation = conversation(items);
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = page(&conversation, after.as_deref());
            assert!(page.len() <= ITEMS_MAX);
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            all.extend(page.into_iter().map(|said| said.text));
        }
        assert_eq!(all, (1..=250).map(|number| number.to_string()).collect::<Vec<_>>());
        for cursor in ["x", "", "-1", "99999999999999999999"] {
            assert_eq!(page(&conversation, Some(cursor)).len(), 0, "{cursor}");
        }
    }

    #[test]
    fn a_page_is_no_longer_than_its_limit_and_never_stuck() {
        let long = || Item::message(Role::Assistant, "x".repeat(TEXT_BYTES_MAX - 1));
        let over = Item::message(Role::User, "y".repeat(2 * TEXT_BYTES_MAX));
        let conversation = conversation(vec![long(), long(), over]);
        for (after, id) in [(None, "0"), (Some("0"), "1"), (Some("1"), "2")] {
            let page = page(&conversation, after);
            assert_eq!(page.iter().map(|said| said.id.as_str()).collect::<Vec<_>>(), [id]);
            assert!(page[0].text.len() <= TEXT_BYTES_MAX);
        }
    }

    #[test]
    fn a_level_shows_itself_and_those_below() {
        use ConversationLevel::{Summary, Transcript};
        for (level, wanted, expected) in [
            (Capability::Given(Transcript), Transcript, Ok(())),
            (Capability::Given(Transcript), Summary, Ok(())),
            (Capability::Given(Summary), Summary, Ok(())),
            (Capability::Given(Summary), Transcript, Err("add `conversation = \"transcript\"` to the tenant's grant")),
            (Capability::NotGranted, Summary, Err("add `conversation = \"summary\"` to the tenant's grant")),
            (Capability::NotAsked, Summary, Err("its author must add `conversation = \"summary\"` to plugin.toml")),
        ] {
            let view = View::new(Arc::new(conversation(Vec::new())), level);
            match (view.at(wanted), expected) {
                (Ok(_), Ok(())) => {}
                (Err(remedy), Err(words)) => assert!(remedy.contains(words), "{remedy}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }
}
