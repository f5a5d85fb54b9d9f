//! What a payload says of the call itself is shown in lists and kept in indices: it is short, and text of one line.
//! And a call has no more items than can be continued.

use aftercall_core::{conversation::Conversation, limits::CONVERSATION_ITEMS_MAX};

use crate::Error;

/// Longest fact of a call, in bytes: an identifier, an address, the reason for its end. Protects lists and indices.
const FACT_BYTES_MAX: usize = 256;

/// Makes what is said in free words a line, and refuses a call whose facts are none, or that nobody could continue.
pub(crate) fn settle(call: &mut Conversation) -> Result<(), Error> {
    for words in [&mut call.end_reason, &mut call.answered_by].into_iter().flatten() {
        *words = line(words);
    }
    if call.items.len() > CONVERSATION_ITEMS_MAX {
        let items = call.items.len();
        let why = format!("the call has {items} messages, tool calls and results, more than {CONVERSATION_ITEMS_MAX}");
        return Err(Error::at("/", why));
    }
    check(call)
}

/// Refuses what is no identifier of a call.
pub(crate) fn identifier(value: &str) -> Result<(), Error> {
    fact("identifier", value)
}

fn check(call: &Conversation) -> Result<(), Error> {
    let facts = [
        ("identifier", Some(&call.id)),
        ("caller", call.from.as_ref()),
        ("called address", call.to.as_ref()),
        ("time zone", call.time_zone.as_ref()),
        ("model's name", call.model.name.as_ref()),
    ];
    facts.into_iter().try_for_each(|(what, value)| fact(what, value.map(String::as_str).unwrap_or_default()))
}

fn fact(what: &str, value: &str) -> Result<(), Error> {
    if value.len() > FACT_BYTES_MAX || value.chars().any(char::is_control) {
        let why = format!("the call's {what} must be one line of at most {FACT_BYTES_MAX} bytes");
        return Err(Error::at("/", why));
    }
    Ok(())
}

/// A fact of what a platform says in free words: one line, cut where it gets too long.
fn line(words: &str) -> String {
    const MORE: &str = "…";
    let lines = words.split(char::is_control).map(str::trim).filter(|line| !line.is_empty());
    let line = lines.collect::<Vec<_>>().join(" ");
    if line.len() <= FACT_BYTES_MAX {
        return line;
    }
    let fits = |(at, char): &(usize, char)| at + char.len_utf8() + MORE.len() <= FACT_BYTES_MAX;
    let cut: String = line.char_indices().take_while(fits).map(|(_, char)| char).collect();
    cut + MORE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_short_and_of_one_line() {
        let long = "x".repeat(FACT_BYTES_MAX + 1);
        for (id, from, expected) in [
            ("c1", Some("+15550100"), Ok(())),
            ("c1", None, Ok(())),
            (&long[1..], Some(&long[1..]), Ok(())),
            (&long, None, Err("the call's identifier")),
            ("c\u{1b}[2J", None, Err("the call's identifier")),
            ("c1", Some("+1\n+2"), Err("the call's caller")),
        ] {
            let mut call = Conversation::new("native".parse().expect("a name"), id);
            call.from = from.map(str::to_owned);
            match (check(&call), expected) {
                (Ok(()), Ok(())) => {}
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (got, expected) => panic!("{got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn free_words_become_a_fact() {
        let long = "ü".repeat(FACT_BYTES_MAX);
        let cut = "ü".repeat(126) + "…";
        for (words, expected) in [
            ("Call ended by remote party", "Call ended by remote party"),
            (" two\nlines\u{1b} ", "two lines"),
            (&long[..FACT_BYTES_MAX], &long[..FACT_BYTES_MAX]),
            (&long, &cut),
        ] {
            assert_eq!(line(words), expected);
        }
    }
}
