//! What a model's name tells of what it takes.

use aftercall_core::model::Effort;

/// Whether a model of OpenAI's thinks before it speaks, by its name: `o3`, `gpt-5-mini`, `gpt-5.2`, `codex-mini-latest`. One
/// that doesn't refuses to be asked for its sealed thoughts ("Encrypted content is not supported with this model"), and
/// one that does refuses a temperature. Of other names nothing is known.
pub(crate) fn thinks(model: &str) -> bool {
    let name = base(model);
    let generation =
        |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    let series = |letter| name.strip_prefix(letter).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let is_later_gpt = name.strip_prefix("gpt-").and_then(generation).is_some_and(|number: u32| number >= 5);
    (is_later_gpt && !name.starts_with("gpt-5-chat")) || series('o') || name.starts_with("codex")
}

/// The word for an effort that the model has: `minimal` is known to the first of the GPT-5 models alone.
pub(crate) fn effort(model: &str, effort: Effort) -> &'static str {
    let name = base(model);
    let knows_minimal =
        name == "gpt-5" || (name.starts_with("gpt-5-") && !name.contains("pro") && !name.contains("codex"));
    match effort {
        Effort::Minimal if !knows_minimal => Effort::Low.as_str(),
        effort => effort.as_str(),
    }
}

/// What a model that thinks refuses in Chat Completions: Azure's page on reasoning models lists all but `stop`, which OpenAI's
/// reference says of some and <https://github.com/huggingface/smolagents/issues/1671> shows of others.
pub(crate) const REFUSED_BY_THINKERS: [&str; 8] =
    ["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias", "stop"];

/// Whether a model does one of two in Chat Completions: think, or call functions. It refuses functions then unless it is
/// told not to think, the latest ones even where nothing is said of it ("Function tools with reasoning_effort are not
/// supported", <https://github.com/livekit/agents/pull/5088>, <https://github.com/BerriAI/litellm/pull/34569>).
pub(crate) fn thinks_or_calls(model: &str) -> bool {
    let name = base(model).strip_prefix("gpt-").unwrap_or_default();
    let mut numbers = name.split('-').next().unwrap_or_default().split('.').map(|digits| digits.parse::<u32>().ok());
    let (major, minor) = (numbers.next().flatten().unwrap_or(0), numbers.next().flatten().unwrap_or(0));
    (major, minor) >= (5, 2) && !name.contains("chat")
}

/// The name without what routers and fine-tuning put before it.
fn base(model: &str) -> &str {
    let model = model.rsplit('/').next().unwrap_or(model);
    model.strip_prefix("ft:").unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_who_thinks() {
        for (name, expected) in [
            ("gpt-5", true),
            ("gpt-5.2-pro", true),
            ("gpt-5-mini-2025-08-07", true),
            ("gpt-10", true),
            ("openai/o3", true),
            ("ft:o4-mini-2025-04-16:acme::a1", true),
            ("codex-mini-latest", true),
            ("gpt-5-chat-latest", false),
            ("gpt-4.1", false),
            ("gpt-4o", false),
            ("ft:gpt-4o-2024-08-06:acme::a1", false),
            ("gpt-99999999999999", false),
            ("olmo-2", false),
            ("llama-3.3", false),
            ("", false),
        ] {
            assert_eq!(thinks(name), expected, "{name}");
        }
    }

    #[test]
    fn names_tell_who_thinks_or_calls() {
        for (name, expected) in [
            ("gpt-5", false),
            ("gpt-5-mini-2025-08-07", false),
            ("gpt-5.1", false),
            ("gpt-5.2", true),
            ("openai/gpt-5.4-mini", true),
            ("gpt-6-terra", true),
            ("gpt-5.2-chat-latest", false),
            ("gpt-4o", false),
            ("o3", false),
            ("", false),
        ] {
            assert_eq!(thinks_or_calls(name), expected, "{name}");
        }
    }

    #[test]
    fn the_least_effort_has_a_word_in_few_models() {
        for (name, expected) in
            [("gpt-5", "minimal"), ("gpt-5-nano", "minimal"), ("gpt-5-pro", "low"), ("gpt-5.1", "low"), ("o3", "low")]
        {
            assert_eq!(effort(name, Effort::Minimal), expected, "{name}");
        }
        assert_eq!(effort("o3", Effort::High), "high");
    }
}
