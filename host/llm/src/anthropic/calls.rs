//! Names and identifiers of calls from elsewhere, as the provider takes them.
//!
//! It takes ASCII letters, digits, `_` and `-` in both, names of at most 128 characters, and no identifier twice.

use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::{json, value::RawValue};

use crate::{
    names::{Form, is_word},
    raw::raw,
};

/// What a tool may be called.
pub(crate) const NAME: Form = Form { allowed: is_word, first: is_word, chars_max: 128, nothing: "unnamed" };

/// The arguments of a call, which the provider wants to be an object, byte for byte where they are one.
pub(crate) fn input(arguments: &str) -> Box<RawValue> {
    let written = match arguments.trim() {
        "" => "{}",
        arguments => arguments,
    };
    let is_object = |written: &RawValue| written.get().starts_with('{');
    let input = RawValue::from_string(written.to_owned()).ok().filter(|written| is_object(written));
    input.unwrap_or_else(|| raw(&json!({"as_written": arguments})))
}

/// The identifiers of calls, in the order of the conversation.
#[derive(Debug, Default)]
pub(crate) struct Ids<'a> {
    taken: HashSet<String>,
    /// What calls that await a result are called now, by what they were called.
    open: HashMap<&'a str, VecDeque<String>>,
}

impl<'a> Ids<'a> {
    /// Leaves to the provider's own bytes the identifiers that they have.
    pub(crate) fn reserving(own: impl Iterator<Item = &'a str>) -> Self {
        Self { taken: own.map(str::to_owned).collect(), open: HashMap::new() }
    }

    /// Notes a call in the provider's own bytes.
    pub(crate) fn own_call(&mut self, id: &'a str) {
        self.open.entry(id).or_default().push_back(id.to_owned());
    }

    /// What a call is called.
    pub(crate) fn call(&mut self, id: &'a str) -> String {
        let wanted = well_formed(id);
        let numbered = (2_u64..).map(|n| format!("{wanted}_{n}"));
        let mut ids = std::iter::once(wanted.clone()).chain(numbered);
        let given = ids.find(|id| !self.taken.contains(id)).expect("there are more numbers than calls");
        self.taken.insert(given.clone());
        self.open.entry(id).or_default().push_back(given.clone());
        given
    }

    /// What the call is called that a result answers.
    pub(crate) fn result(&mut self, call: &str) -> String {
        let open = self.open.get_mut(call).and_then(VecDeque::pop_front);
        open.unwrap_or_else(|| well_formed(call))
    }
}

fn well_formed(id: &str) -> String {
    let allowed = |c: char| if is_word(c) { c } else { '_' };
    match id.chars().map(allowed).collect::<String>() {
        empty if empty.is_empty() => "call".to_owned(),
        id => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_objects() {
        for (arguments, expected) in [
            (r#" {"x": 1.0} "#, r#"{"x": 1.0}"#),
            ("", "{}"),
            ("[1]", r#"{"as_written":"[1]"}"#),
            ("{broken", r#"{"as_written":"{broken"}"#),
        ] {
            assert_eq!(input(arguments).get(), expected);
        }
    }

    #[test]
    fn identifiers_are_told_apart() {
        let mut ids = Ids::reserving(["toolu_1"].into_iter());
        assert_eq!(ids.call("call 1"), "call_1");
        assert_eq!(ids.call("call 1"), "call_1_2");
        assert_eq!(ids.result("call 1"), "call_1");
        assert_eq!(ids.result("call 1"), "call_1_2");
        assert_eq!(ids.call("toolu_1"), "toolu_1_2");
        assert_eq!(ids.result("toolu_1"), "toolu_1_2");
        ids.own_call("toolu_1");
        assert_eq!(ids.result("toolu_1"), "toolu_1");
        assert_eq!(ids.call(""), "call");
        assert_eq!(ids.result("un known"), "un_known");
    }
}
