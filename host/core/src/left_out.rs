//! What of a call's history doesn't reach the model that continues it, and why: told in the timeline, never silent.

use serde::{Deserialize, Serialize};

use crate::conversation::Dialect;

/// Some of a history that doesn't reach the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// What it is.
    pub part: Part,
    /// How often.
    pub times: u32,
    /// Why.
    pub because: Because,
}

/// A part of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What a model thought before it spoke, or its provider's seal on it.
    Reasoning,
    /// An image.
    Image,
    /// A recording.
    Audio,
    /// A file.
    File,
    /// A call of a tool that the provider runs itself, or another thing of its own.
    ProviderItem,
    /// The body of a tool's result.
    ToolOutput,
}

/// Why some of a history is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// It is in one provider's format, and the model that goes on speaks another, which has no word for it.
    Untranslatable {
        /// The format that it is in.
        from: Dialect,
        /// The format of the model that goes on.
        to: Dialect,
    },
    /// Its platform wrote it down otherwise than its provider takes it back.
    Incomplete,
    /// It is in its provider's own form alone, which the provider refused.
    Refused {
        /// That form.
        by: Dialect,
    },
    /// The history is too long for the model that goes on.
    Window {
        /// About how many tokens of it fit.
        tokens_max: u64,
    },
}

impl std::fmt::Display for LeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (one, many) = match self.part {
            Part::Reasoning => ("piece of reasoning", "pieces of reasoning"),
            Part::Image => ("image", "images"),
            Part::Audio => ("recording", "recordings"),
            Part::File => ("file", "files"),
            Part::ToolOutput => ("old result of a tool", "old results of tools"),
            Part::ProviderItem => ("item of the provider's own", "items of the provider's own"),
        };
        write!(f, "{} {}", self.times, if self.times == 1 { one } else { many })?;
        match self.because {
            Because::Window { tokens_max } => write!(f, ": no more than some {tokens_max} tokens of history fit"),
            Because::Incomplete => f.write_str(": not in the record as the provider takes it back"),
            Because::Refused { by } => write!(f, ": it was in the form of {by} alone, which refused it"),
            Because::Untranslatable { from, to } => write!(f, ": {from} has it and {to} has no word for it"),
        }
    }
}
