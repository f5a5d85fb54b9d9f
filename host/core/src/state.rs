//! The durable key-value space of a plugin in a tenant: `state` in the contract.

use serde::{Deserialize, Serialize};

use crate::id::{PluginName, Tenant};

/// Longest key, in bytes: protects the index.
pub const STATE_KEY_BYTES_MAX: usize = 256;

/// Longest value, in bytes: protects the host's memory.
pub const STATE_VALUE_BYTES_MAX: usize = 64 << 10;

/// Most keys that are listed at once.
pub const STATE_KEYS_LISTED_MAX: u32 = 100;

/// Whose values they are. No other plugin and no other tenant sees them; every version of the plugin does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Space {
    /// In which tenant.
    pub tenant: Tenant,
    /// Of which plugin.
    pub plugin: PluginName,
}

/// How much a space may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Keys and values together, in bytes. Protects the disk.
    pub bytes_max: u64,
    /// Keys.
    pub keys_max: u64,
}

impl Default for Quota {
    fn default() -> Self {
        Self { bytes_max: 256 << 10, keys_max: 1_000 }
    }
}

impl Quota {
    /// The lower of each.
    #[must_use]
    pub fn below(self, ceiling: Self) -> Self {
        Self { bytes_max: self.bytes_max.min(ceiling.bytes_max), keys_max: self.keys_max.min(ceiling.keys_max) }
    }

    /// Whether a space of so many keys and bytes is within it.
    pub const fn holds(&self, keys: u64, bytes: u64) -> bool {
        keys <= self.keys_max && bytes <= self.bytes_max
    }
}

/// What stands under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Another one after every write, also where the key was deleted in between.
    pub version: u64,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever there is.
    Anything,
    /// No value.
    Nothing,
    /// The value of this version.
    Version(u64),
}

impl Expected {
    /// Whether that is what there is.
    pub fn meets(self, found: Option<u64>) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => found.is_none(),
            Self::Version(version) => found == Some(version),
        }
    }
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It stands there, at this version.
    Done(u64),
    /// Something else was there than was expected.
    Stale,
    /// The space would hold more than its quota.
    Full,
}

/// Whether a text may be a key: not empty, not too long, no control characters.
pub fn is_key(text: &str) -> bool {
    !text.is_empty() && text.len() <= STATE_KEY_BYTES_MAX && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_and_plain() {
        for (key, expected) in [("a", true), ("cursor/2026 ü", true), ("", false), ("a\nb", false), ("a\0", false)] {
            assert_eq!(is_key(key), expected, "{key:?}");
        }
        assert!(is_key(&"k".repeat(STATE_KEY_BYTES_MAX)) && !is_key(&"k".repeat(STATE_KEY_BYTES_MAX + 1)));
    }

    #[test]
    fn a_write_finds_what_it_expects_or_not() {
        for (expected, found, meets) in [
            (Expected::Anything, None, true),
            (Expected::Anything, Some(3), true),
            (Expected::Nothing, None, true),
            (Expected::Nothing, Some(3), false),
            (Expected::Version(3), Some(3), true),
            (Expected::Version(3), Some(4), false),
            (Expected::Version(3), None, false),
        ] {
            assert_eq!(expected.meets(found), meets, "{expected:?} {found:?}");
        }
    }
}
