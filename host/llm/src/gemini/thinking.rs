//! How much a model thinks, in the words of each generation of Gemini.
//!
//! Levels and budgets are those of <https://ai.google.dev/gemini-api/docs/thinking>. A word that a model doesn't have is
//! refused, so what isn't known is told the words that all of its generation have.

use aftercall_core::model::{Effort, Reasoning};
use serde_json::{Value, json};

const EFFORTS: [Effort; 4] = [Effort::Minimal, Effort::Low, Effort::Medium, Effort::High];

/// How a model is told.
enum Told {
    /// It refuses to be told.
    Never,
    /// In tokens, from the first to the second.
    Budget(u32, u32),
    /// In words.
    Levels(&'static [Effort]),
}

/// The `thinkingConfig` for a model. None: the model refuses to be told.
pub(super) fn config(reasoning: Reasoning, model: &str) -> Option<Value> {
    match told(model) {
        Told::Never => None,
        Told::Budget(least, most) => Some(json!({ "thinkingBudget": reasoning.tokens().clamp(least, most) })),
        Told::Levels(levels) => {
            let level = nearest(reasoning.effort(), levels);
            Some(json!({ "thinkingLevel": level.as_str().to_ascii_uppercase() }))
        }
    }
}

fn told(model: &str) -> Told {
    let name = model.rsplit('/').next().unwrap_or(model);
    let is = |beginnings: &[&str]| beginnings.iter().any(|beginning| name.starts_with(beginning));
    if is(&["gemini-1", "gemini-2.0", "gemini-pro", "gemma-2", "gemma-3"]) || name.contains("-image") {
        Told::Never
    } else if is(&["gemini-2.5-pro"]) {
        Told::Budget(128, 32_768)
    } else if is(&["gemini-2.5-flash-lite"]) {
        Told::Budget(512, 24_576)
    } else if is(&["gemini-2.5"]) {
        Told::Budget(1, 24_576)
    } else if is(&["gemma-4"]) {
        Told::Levels(&[Effort::Minimal, Effort::High])
    } else if is(&["gemini-3-pro"]) {
        Told::Levels(&[Effort::Low, Effort::High])
    } else if is(&["gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash", "gemini-3.6-flash"]) {
        Told::Levels(&EFFORTS)
    } else {
        Told::Levels(&[Effort::Low, Effort::Medium, Effort::High])
    }
}

/// Of two that are equally near, the one that thinks more.
fn nearest(wanted: Effort, levels: &[Effort]) -> Effort {
    let rank = |effort: Effort| EFFORTS.iter().position(|other| *other == effort).unwrap_or_default();
    let distance = |level: &Effort| rank(*level).abs_diff(rank(wanted));
    levels.iter().rev().copied().min_by_key(distance).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    #[test]
    fn each_generation_is_told_in_its_words() {
        use Effort::*;
        let tokens = |tokens| Reasoning::Tokens(NonZeroU32::new(tokens).expect("some"));
        let budget = |tokens: u32| Some(json!({ "thinkingBudget": tokens }));
        let level = |word: &str| Some(json!({ "thinkingLevel": word }));
        for (model, reasoning, expected) in [
            ("gemini-2.0-flash", Reasoning::Effort(High), None),
            ("gemini-2.5-flash-image", Reasoning::Effort(High), None),
            ("gemini-2.5-pro", Reasoning::Effort(High), budget(32_768)),
            ("gemini-2.5-pro", tokens(1), budget(128)),
            ("gemini-2.5-flash", Reasoning::Effort(High), budget(24_576)),
            ("gemini-2.5-flash", tokens(5_000), budget(5_000)),
            ("models/gemini-2.5-flash-lite-preview", tokens(100), budget(512)),
            ("gemini-3-pro-preview", Reasoning::Effort(Minimal), level("LOW")),
            ("gemini-3-pro-preview", Reasoning::Effort(Medium), level("HIGH")),
            ("gemini-3-flash-preview", Reasoning::Effort(Minimal), level("MINIMAL")),
            ("gemini-3.8-flash", Reasoning::Effort(Minimal), level("LOW")),
            ("gemini-flash-latest", tokens(10_000), level("MEDIUM")),
            ("gemma-4-31b-it", Reasoning::Effort(Low), level("MINIMAL")),
        ] {
            assert_eq!(config(reasoning, model), expected, "{model}");
        }
    }
}
