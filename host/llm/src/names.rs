//! Names of tools and identifiers of calls that come from elsewhere, as a provider takes them.

use std::collections::{HashMap, HashSet};

use aftercall_core::{
    conversation::{Content, ToolCall},
    model::TurnRequest,
};

/// What a provider takes as a name or an identifier.
pub(crate) struct Form {
    /// Which characters.
    pub(crate) allowed: fn(char) -> bool,
    /// Which of them come first.
    pub(crate) first: fn(char) -> bool,
    /// How many characters at most.
    pub(crate) chars_max: usize,
    /// What stands in the place of nothing at all.
    pub(crate) nothing: &'static str,
}

/// Those that had to be changed, by what they were. None of them is another's, changed or not.
#[derive(Debug, Default)]
pub(crate) struct Names<'a>(HashMap<&'a str, String>);

impl<'a> Names<'a> {
    /// Changes the words that don't fit. None becomes one that is `taken`.
    pub(crate) fn new(
        words: impl Iterator<Item = &'a str> + Clone,
        taken: impl IntoIterator<Item = &'a str>,
        form: &Form,
    ) -> Self {
        let fits = |word: &&str| form.fitted(word) == **word;
        let mut taken: HashSet<String> =
            taken.into_iter().chain(words.clone().filter(fits)).map(str::to_owned).collect();
        let mut changed = HashMap::new();
        for word in words.filter(|word| !fits(word)) {
            changed.entry(word).or_insert_with(|| {
                let free = form.candidates(word).find(|candidate| !taken.contains(candidate));
                let free = free.expect("there are more numbers than words");
                taken.insert(free.clone());
                free
            });
        }
        Self(changed)
    }

    /// For the tools that a request tells of. A changed name is none of those offered.
    pub(crate) fn of_tools(request: &TurnRequest<'a>, form: &Form) -> Self {
        let calls = calls(request);
        Self::new(calls.iter().map(|call| call.name.as_str()), request.tools.iter().map(|tool| tool.name), form)
    }

    /// The word on the wire.
    pub(crate) fn of<'b>(&'b self, word: &'b str) -> &'b str {
        self.0.get(word).map_or(word, String::as_str)
    }
}

impl Form {
    fn fitted(&self, word: &str) -> String {
        let mut fitted: String = word.chars().map(|c| if (self.allowed)(c) { c } else { '_' }).collect();
        if !fitted.starts_with(self.first) && !fitted.is_empty() {
            fitted.insert(0, '_');
        }
        match fitted.chars().take(self.chars_max).collect::<String>() {
            nothing if nothing.is_empty() => self.nothing.to_owned(),
            fitted => fitted,
        }
    }

    /// Words near to it, each of which fits.
    fn candidates(&self, word: &str) -> impl Iterator<Item = String> {
        let (fitted, chars_max) = (self.fitted(word), self.chars_max);
        let whole = fitted.clone();
        let numbered = move |n: u64| {
            let tail = format!("_{n}");
            fitted.chars().take(chars_max - tail.len()).chain(tail.chars()).collect()
        };
        std::iter::once(whole).chain((2..).map(numbered))
    }
}

/// The calls that a request tells of.
pub(crate) fn calls<'a>(request: &TurnRequest<'a>) -> Vec<&'a ToolCall> {
    let live = request.conversation.items.iter().filter_map(|item| match &item.content {
        Content::ToolCall(call) => Some(call),
        Content::Message { .. } | Content::ToolResult { .. } => None,
    });
    live.chain(request.exchanges.iter().flat_map(|exchange| &exchange.reply.calls)).collect()
}

/// ASCII letters and digits, `_` and `-`.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form = Form { allowed: is_word, first: is_word, chars_max: 64, nothing: "unnamed" };
    const LETTER_FIRST: Form = Form { first: |c| c.is_ascii_alphabetic() || c == '_', ..FORM };

    fn check(form: &Form, words: &[&str], taken: &[&str], expected: &[(&str, &str)]) {
        let names = Names::new(words.iter().copied(), taken.iter().copied(), form);
        let expected: HashMap<&str, String> = expected.iter().map(|(word, new)| (*word, (*new).to_owned())).collect();
        assert_eq!(names.0, expected, "{words:?}");
    }

    #[test]
    fn what_is_changed_is_told_apart_from_all_else() {
        let (full, long, longer) = ("x".repeat(64), "x".repeat(70), "x".repeat(71));
        check(
            &FORM,
            &["find slot", "find_slot", "find-slot", "find slot", "find/slot", "9lives", "Über", ""],
            &["find_slot_2"],
            &[("find slot", "find_slot_3"), ("find/slot", "find_slot_4"), ("Über", "_ber"), ("", "unnamed")],
        );
        check(&FORM, &[&long], &[], &[(&long, &full)]);
        let numbered = [format!("{}_2", "x".repeat(62)), format!("{}_3", "x".repeat(62))];
        check(&FORM, &[&full, &long, &longer], &[], &[(&long, &numbered[0]), (&longer, &numbered[1])]);
        check(
            &LETTER_FIRST,
            &["Find Slot!", "find slot!", "find_slot_", "9lives", "-a", "a.b"],
            &["Find_Slot_", "a_b"],
            &[
                ("Find Slot!", "Find_Slot__2"),
                ("find slot!", "find_slot__2"),
                ("9lives", "_9lives"),
                ("-a", "_-a"),
                ("a.b", "a_b_2"),
            ],
        );
    }
}
