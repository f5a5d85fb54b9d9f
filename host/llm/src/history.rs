//! A conversation's history as provider messages, for the dialects to render.

use aftercall_core::{
    conversation::{Content, Dialect, Item, Opaque},
    model::History,
};
use serde_json::value::RawValue;

/// The items of one provider message: the first, and those that continue it. Never empty.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Group<'a>(&'a [Item]);

/// The messages of a history, in order.
pub(crate) fn groups(items: &[Item]) -> impl Iterator<Item = Group<'_>> {
    items.chunk_by(|_, next| next.continues).map(Group)
}

impl<'a> Group<'a> {
    /// Its first item.
    pub(crate) fn leader(self) -> &'a Item {
        self.0.first().expect("a group is never empty")
    }

    /// What its items say and do, in order.
    pub(crate) fn contents(self) -> impl Iterator<Item = &'a Content> {
        self.0.iter().map(|item| &item.content)
    }

    /// The provider's own bytes, where they are in that dialect and are to go out as they are.
    pub(crate) fn own(self, dialect: Dialect, history: History) -> Option<&'a RawValue> {
        self.leader().opaque.as_ref().filter(|_| history == History::AsWritten).and_then(|opaque| own(opaque, dialect))
    }
}

/// A provider's own bytes, where they are in that dialect.
pub(crate) fn own(opaque: &Opaque, dialect: Dialect) -> Option<&RawValue> {
    (opaque.dialect == dialect).then(|| opaque.data.raw())
}

/// What was said, with a mark where the other side cut it off.
pub(crate) fn spoken(text: &str, interrupted: bool) -> String {
    if interrupted { format!("{text} [cut off here by the other side]") } else { text.to_owned() }
}
