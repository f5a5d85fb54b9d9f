//! What a model refuses by its generation, which its name tells: `claude-opus-4-7`, `claude-3-7-sonnet-20250219`.

/// A generation. Of other names, nothing is known and nothing refused.
pub(super) struct Generation(Option<(u32, u32)>);

impl Generation {
    pub(super) fn of(model: &str) -> Generation {
        let own = model.split_once("claude-").map_or("", |(_, own)| own);
        let mut parts = own.split(['-', '.', '@', ':']);
        let number = |part: &str| part.parse::<u32>().ok().filter(|_| part.len() <= 2);
        let major = parts.by_ref().find_map(number);
        Generation(major.map(|major| (major, parts.next().and_then(number).unwrap_or(0))))
    }

    pub(super) fn thinks(&self) -> bool {
        self.0.is_none_or(|version| version >= (3, 7))
    }

    pub(super) fn takes_a_budget(&self) -> bool {
        self.thinks() && self.0.is_none_or(|version| version < (4, 7))
    }

    pub(super) fn thinks_adaptively(&self) -> bool {
        self.0.is_none_or(|version| version >= (4, 6))
    }

    pub(super) fn takes_sampling(&self) -> bool {
        self.0.is_none_or(|version| version < (4, 7))
    }

    pub(super) fn takes_temperature_beside_top_p(&self) -> bool {
        self.0.is_none_or(|version| version < (4, 1))
    }

    pub(super) fn output_tokens_max(&self) -> u64 {
        match self.0 {
            Some(version) if version < (3, 5) => 4_096,
            Some(version) if version < (3, 7) => 8_192,
            Some(version) if version < (4, 6) => 64_000,
            Some(_) | None => 128_000,
        }
    }
}
