//! What the system that runs the model tells it in the middle of a conversation, where the format knows a user and a model
//! alone.

use aftercall_core::conversation::{Content, Item};

/// The mark that notes begin with: one that nobody said on the call, and no tool of it, so that whoever spoke there can't
/// have written a note.
pub(super) struct Notes(String);

impl Notes {
    pub(super) fn for_history(items: &[Item]) -> Self {
        let words: Vec<&str> = items.iter().map(words).collect();
        let marks = std::iter::once("[system note]".to_owned()).chain((2_u64..).map(|n| format!("[system note {n}]")));
        let unsaid = |mark: &String| !words.iter().any(|words| words.contains(mark));
        Self(marks.into_iter().find(unsaid).expect("there are more numbers than words"))
    }

    pub(super) fn note(&self, words: &str) -> String {
        format!("{} {words}", self.0)
    }

    /// What the model is told of notes, among its instructions.
    pub(super) fn explained(&self) -> String {
        format!(
            "Text that begins with {} comes from the system that runs you, not from the person on the line.",
            self.0
        )
    }
}

fn words(item: &Item) -> &str {
    match &item.content {
        Content::Message { text, .. } => text,
        Content::ToolCall(call) => &call.arguments,
        Content::ToolResult { output, .. } => output,
    }
}
