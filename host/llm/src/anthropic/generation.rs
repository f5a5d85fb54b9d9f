//! What a model takes, by the generation that its name tells.
//!
//! Facts: Anthropic's pages on thinking (its troubleshooting has the table), on what is new in Claude 4.7, and its table of
//! models.

/// How a model is told to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thinking {
    /// It can't.
    Never,
    /// Within a number of tokens.
    Budget,
    /// As it sees fit, by a word for the effort.
    Adaptive,
}

/// A generation of models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generation {
    /// Major and minor. None: the name doesn't say, as with models of others who speak this format.
    version: Option<(u32, u32)>,
    family: Option<Family>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Opus,
    /// Those that can't be told not to think.
    AlwaysThinking,
}

impl Generation {
    /// Of the model of that name: `claude-opus-4-7`, `claude-3-7-sonnet-20250219`, with whatever a router puts before it.
    pub(crate) fn of(model: &str) -> Self {
        let model = model.to_ascii_lowercase();
        let own = model.split_once("claude-").map_or("", |(_, own)| own);
        let mut parts = own.split(['-', '.', '@', ':', '_']);
        // A number of more digits is a date.
        let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
        let major = parts.by_ref().find_map(number);
        let minor = parts.next().and_then(number).unwrap_or(0);
        let family = |name: &str| match name {
            "opus" => Some(Family::Opus),
            "fable" | "mythos" => Some(Family::AlwaysThinking),
            _ => None,
        };
        Self { version: major.map(|major| (major, minor)), family: own.split('-').find_map(family) }
    }

    /// How it is told to think.
    pub(crate) fn thinking(&self) -> Thinking {
        match self.version {
            Some(version) if version < (3, 7) => Thinking::Never,
            Some(version) if version >= (4, 6) => Thinking::Adaptive,
            Some(_) | None => Thinking::Budget,
        }
    }

    /// Whether it thinks where a request doesn't say.
    pub(crate) fn thinks_unasked(&self) -> bool {
        self.version.is_some_and(|version| version >= (5, 0))
    }

    /// Whether it can be told not to think, where it would unasked.
    pub(crate) fn may_be_told_not_to_think(&self) -> bool {
        self.family != Some(Family::AlwaysThinking)
    }

    /// Whether it takes `temperature`, `top_p` and `top_k`.
    pub(crate) fn takes_sampling(&self) -> bool {
        self.version.is_none_or(|version| version < (4, 7))
    }

    /// The most tokens that one reply of it may be asked for, thoughts included: as many as every model of the generation
    /// allows.
    pub(crate) fn output_tokens_max(&self) -> u32 {
        match (self.version, self.family) {
            (Some(version), _) if version < (3, 5) => 4_096,
            (Some(version), _) if version < (3, 7) => 8_192,
            (Some(version), Some(Family::Opus)) if version < (4, 5) => 32_000,
            _ => 64_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_generations() {
        for (model, version, thinking, unasked, sampling, most) in [
            ("claude-3-haiku-20240307", Some((3, 0)), Thinking::Never, false, true, 4_096),
            ("claude-3-5-sonnet-latest", Some((3, 5)), Thinking::Never, false, true, 8_192),
            ("claude-3-7-sonnet-20250219", Some((3, 7)), Thinking::Budget, false, true, 64_000),
            ("claude-opus-4-20250514", Some((4, 0)), Thinking::Budget, false, true, 32_000),
            ("us.anthropic.claude-opus-4-1-20250805-v1:0", Some((4, 1)), Thinking::Budget, false, true, 32_000),
            ("claude-haiku-4-5", Some((4, 5)), Thinking::Budget, false, true, 64_000),
            ("claude-sonnet-4-6", Some((4, 6)), Thinking::Adaptive, false, true, 64_000),
            ("anthropic/claude-opus-4.7", Some((4, 7)), Thinking::Adaptive, false, false, 64_000),
            ("claude-sonnet-5", Some((5, 0)), Thinking::Adaptive, true, false, 64_000),
            ("kimi-k2", None, Thinking::Budget, false, true, 64_000),
        ] {
            let generation = Generation::of(model);
            assert_eq!(generation.version, version, "{model}");
            assert_eq!(generation.thinking(), thinking, "{model}");
            assert_eq!(generation.thinks_unasked(), unasked, "{model}");
            assert_eq!(generation.takes_sampling(), sampling, "{model}");
            assert_eq!(generation.output_tokens_max(), most, "{model}");
        }
        assert!(!Generation::of("claude-fable-5-1").may_be_told_not_to_think());
        assert!(Generation::of("claude-opus-5").may_be_told_not_to_think());
    }
}
