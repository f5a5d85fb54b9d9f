//! Names of the live call's tools, as the provider takes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::history::tool_name;

/// Longest name of a function, in characters: the provider's own words in refusing a longer one say 64.
const NAME_CHARS_MAX: usize = 64;

/// New names for those that the provider doesn't take: no two tools share one, and none takes that of an offered tool or of
/// one whose name is taken as it is.
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// For the tools that a history names, beside those that are `offered`.
    pub(super) fn new<'a>(
        named: impl IntoIterator<Item = &'a str>,
        offered: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (sound, unsound): (BTreeSet<&str>, BTreeSet<&str>) = named.into_iter().partition(|name| is_taken(name));
        let mut used: BTreeSet<String> = sound.into_iter().chain(offered).map(str::to_owned).collect();
        let renamed = unsound.into_iter().map(|name| {
            let new = candidates(name).find(|new| !used.contains(new)).expect("there are more numbers than names");
            used.insert(new.clone());
            (name.to_owned(), new)
        });
        Self(renamed.collect())
    }

    /// The name on the wire.
    pub(super) fn of(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }
}

/// Letters, digits, `_` and `-`, of which a letter or `_` is first: of what the API reference allows for functions that are
/// declared and for calls of them, what both share.
fn is_taken(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && tool_name(name, &['-'], NAME_CHARS_MAX) == name
}

/// Names near to it, each of which the provider takes.
fn candidates(name: &str) -> impl Iterator<Item = String> {
    let led =
        if name.starts_with(|c: char| c.is_ascii_digit() || c == '-') { format!("_{name}") } else { name.to_owned() };
    let numbered = {
        let led = led.clone();
        move |n: u64| {
            let suffix = format!("_{n}");
            tool_name(&led, &['-'], NAME_CHARS_MAX - suffix.len()) + &suffix
        }
    };
    std::iter::once(tool_name(&led, &['-'], NAME_CHARS_MAX)).chain((2..).map(numbered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_names_are_nobody_elses() {
        let long = "x".repeat(70);
        let named = ["find_slot", "Find Slot!", "find slot!", "find_slot_", "9lives", "", &long, "a.b"];
        let names = Names::new(named, ["Find_Slot_", "a_b", "send"]);
        for (name, expected) in [
            ("find_slot", "find_slot"),
            ("find_slot_", "find_slot_"),
            ("Find Slot!", "Find_Slot__2"),
            ("find slot!", "find_slot__2"),
            ("9lives", "_9lives"),
            ("", "unnamed"),
            (&long, &long[..64]),
            ("a.b", "a_b_2"),
        ] {
            assert_eq!(names.of(name), expected, "{name}");
        }
    }
}
