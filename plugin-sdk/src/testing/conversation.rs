//! The ended conversation, in a test.

use serde_json::{Map, Value};

use crate::{ConversationError, Said};

/// The host's own limit, so that a test crosses pages where a plugin does.
const ITEMS_MAX: usize = 100;

/// How much of the conversation the grant shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shown {
    /// Nothing.
    #[default]
    Nothing,
    /// The summary and the variables.
    Summary,
    /// What was said, too.
    Transcript,
}

#[derive(Debug, Default)]
pub(super) struct Call {
    pub(super) shown: Shown,
    pub(super) summary: Option<String>,
    pub(super) variables: Map<String, Value>,
    pub(super) items: Vec<Said>,
}

impl Call {
    /// Shows at least this much.
    pub(super) fn show(&mut self, shown: Shown) {
        self.shown = self.shown.max(shown);
    }

    pub(super) fn say(&mut self, role: &str, text: &str) {
        let id = self.items.len().to_string();
        self.items.push(Said { id, role: role.to_owned(), at: None, text: text.to_owned(), interrupted: false });
    }

    /// A page of the transcript; after a cursor that no item has there is nothing.
    pub(super) fn page(&self, after: Option<&str>) -> Result<Vec<Said>, ConversationError> {
        self.check(Shown::Transcript)?;
        let first = match after {
            None => Some(0),
            Some(after) => self.items.iter().position(|item| item.id == after).map(|index| index + 1),
        };
        let rest = first.map_or(&[][..], |first| &self.items[first..]);
        Ok(rest.iter().take(ITEMS_MAX).cloned().collect())
    }

    pub(super) fn check(&self, wanted: Shown) -> Result<(), ConversationError> {
        if self.shown < wanted { Err(ConversationError::NotGranted) } else { Ok(()) }
    }
}
