use super::*;
use crate::{
    conversation::{Dialect, Opaque, ToolCall},
    json::Json,
};

fn conversation(items: Vec<Item>) -> Conversation {
    Conversation { items, ..Conversation::new("native".parse().expect("a name"), "c1") }
}

/// One item by its shorthand: `u`, `a`, `s` a message; `a~` one cut off, `s~` the note of it; `e` an empty one; `c1` a call, `C1`
/// another tool's call; `x1` one that a
/// repair made up; `r1` a result, `R1` one of other words, `?1` one that a repair made up; `+` in front: it continues; `!`: opaque.
fn item(shorthand: &str) -> Item {
    let (continues, rest) = shorthand.strip_prefix('+').map_or((false, shorthand), |rest| (true, rest));
    let (is_opaque, rest) = rest.strip_prefix('!').map_or((false, rest), |rest| (true, rest));
    let message = |role, text: &str, interrupted| Content::Message { role, text: text.to_owned(), interrupted };
    let (kind, id) = rest.split_at(1);
    let content = match kind {
        "u" => message(Role::User, "hello", false),
        "a" => message(Role::Assistant, "hello", id == "~"),
        "s" if id == "~" => {
            let note = "[The message above was cut off: the other person did not hear it to its end.]";
            message(Role::System, note, false)
        }
        "s" => message(Role::System, "be kind", false),
        "e" => message(Role::Assistant, " ", false),
        "c" | "C" => {
            let name = if kind == "c" { "book" } else { "find" };
            Content::ToolCall(ToolCall { id: id.to_owned(), name: name.to_owned(), arguments: "{}".to_owned() })
        }
        "x" => {
            let name = "unrecorded_call".to_owned();
            Content::ToolCall(ToolCall { id: id.to_owned(), name, arguments: "{}".to_owned() })
        }
        "?" => {
            let output = "outcome unknown: the call ended before this tool answered; verify before repeating";
            Content::ToolResult { call: id.to_owned(), output: output.to_owned(), is_error: true }
        }
        _ => {
            let output = if kind == "r" { "done" } else { "done again" };
            Content::ToolResult { call: id.to_owned(), output: output.to_owned(), is_error: false }
        }
    };
    let data = Json::of(&format!("the bytes of {rest}"));
    let opaque = is_opaque.then_some(Opaque { dialect: Dialect::OpenaiChat, data });
    Item { at: None, content, opaque, continues }
}

fn items(shorthands: &str) -> Vec<Item> {
    shorthands.split_whitespace().map(item).collect()
}

fn check(before: &str, after: &str, rules: &[(Rule, usize)]) {
    let mut mended = conversation(items(before));
    let repairs = repair(&mut mended).expect("repairable");
    assert_eq!(mended.items, items(after), "{before}");
    assert_eq!(repairs.iter().map(|r| (r.rule, r.item)).collect::<Vec<_>>(), rules, "{before}");
    assert!(is_continuable(&mended.items), "{before}");
}

#[test]
fn a_sound_history_stays_as_it_is() {
    for sound in ["s u a", "a +c1 +c2 r2 r1 a", "!a +c1 !r1 u", "u !c1 r1 !c1 r1", "!e u", "s u c1 r1 c2 r2 a~"] {
        check(sound, sound, &[]);
    }
}

#[test]
fn each_rule_mends_what_it_is_for() {
    use Rule::*;
    for (before, after, rules) in [
        ("+a u", "a u", &[(DetachContinuation, 0)][..]),
        ("u +a +c1 r1", "u a +c1 r1", &[(DetachContinuation, 1)]),
        ("c1 +r1 a", "c1 r1 a", &[(DetachContinuation, 1)]),
        ("c1 +!c2 r1 r2", "c1 r1 !c2 r2", &[(DetachContinuation, 1), (MoveResult, 2)]),
        ("e u e", "u", &[(DropEmptyMessage, 0), (DropEmptyMessage, 2)]),
        ("e +c1 r1", "c1 r1", &[(DropEmptyMessage, 0)]),
        ("c1 r1 u r1", "c1 r1 u", &[(DropRepeatedResult, 3)]),
        ("c1 !r1 !r1", "c1 !r1", &[(DropRepeatedResult, 2)]),
        ("u r1", "u x1 r1", &[(AdoptResult, 1)]),
        ("u !r1 a", "u x1 !r1 a", &[(AdoptResult, 1)]),
        ("c1 r1 R1", "c1 r1 xrepaired_1 Rrepaired_1", &[(AdoptResult, 2), (RenameCall, 2)]),
        ("u c1", "u c1 ?1", &[(AnswerOpenCall, 1)]),
        ("!c1 +c2 r2 u", "!c1 +c2 ?1 r2 u", &[(AnswerOpenCall, 0)]),
        ("c1 a r1 u", "c1 r1 a u", &[(MoveResult, 2)]),
        ("r1 u c1", "u c1 r1", &[(MoveResult, 0)]),
        ("c1 c2 r1 r2", "c1 r1 c2 r2", &[(MoveResult, 2)]),
        ("c1 r1 c1 r1", "c1 r1 crepaired_1 rrepaired_1", &[(RenameCall, 2)]),
        ("c1 +c1 r1 R1", "c1 +crepaired_1 r1 Rrepaired_1", &[(RenameCall, 1)]),
        ("c r", "crepaired_1 rrepaired_1", &[(RenameCall, 0)]),
        ("crepaired_1 rrepaired_1 c r", "crepaired_1 rrepaired_1 crepaired_2 rrepaired_2", &[(RenameCall, 2)]),
        ("!a~ u", "!a~ s~ u", &[(NoteInterruption, 0)]),
        ("u !a~ +c1 r1", "u !a~ +c1 r1 s~", &[(NoteInterruption, 1)]),
        ("c1 r1 u c1", "c1 r1 u crepaired_1 ?repaired_1", &[(AnswerOpenCall, 3), (RenameCall, 3)]),
    ] {
        check(before, after, rules);
    }
}

#[test]
fn arguments_become_objects_where_the_bytes_are_ours() {
    for (arguments, expected) in [
        ("", "{}"),
        (" ", "{}"),
        (r#"{"a": 1}"#, r#"{"a": 1}"#),
        ("[1]", r#"{"as_written":"[1]"}"#),
        (r#"{"a":"#, r#"{"as_written":"{\"a\":"}"#),
    ] {
        for (shorthand, expected) in [("c1", expected), ("!c1", arguments)] {
            let mut mended = conversation(items(&format!("{shorthand} r1")));
            let arguments_of = |items: &mut [Item]| match &mut items[0].content {
                Content::ToolCall(call) => std::mem::replace(&mut call.arguments, arguments.to_owned()),
                other => panic!("{other:?} instead of a call"),
            };
            arguments_of(&mut mended.items);
            repair(&mut mended).expect("repairable");
            assert_eq!(arguments_of(&mut mended.items), expected, "{shorthand} {arguments}");
        }
    }
}

#[test]
fn what_cannot_be_mended_is_left_as_it_was() {
    let many = "c1 ".repeat(CONVERSATION_ITEMS_MAX / 2 + 1);
    for (before, expected) in [
        ("", Unrepairable::NoItems),
        ("s s", Unrepairable::NothingSaid),
        ("s e", Unrepairable::NothingSaid),
        (&many, Unrepairable::TooLong { items: CONVERSATION_ITEMS_MAX + 2 }),
        (&"u ".repeat(CONVERSATION_ITEMS_MAX + 1), Unrepairable::TooLong { items: CONVERSATION_ITEMS_MAX + 1 }),
    ] {
        let mut broken = conversation(items(before));
        assert_eq!(repair(&mut broken), Err(expected));
        assert_eq!(broken.items, items(before));
    }
}

#[test]
fn a_repair_reads_well() {
    let mut mended = conversation(items("C1 u C2 r1"));
    let repairs = repair(&mut mended).expect("repairable");
    let words: Vec<String> = repairs.iter().map(Repair::to_string).collect();
    assert_eq!(
        words,
        [
            "item 2 (`find`): answered as outcome unknown, since the call ended before the tool did",
            "item 3 (`find`): moved behind the call that it answers",
        ]
    );
}

/// All short sequences over an alphabet that has each trouble: what comes out is continuable, comes out the
/// same a second time, and has lost neither words nor a provider's bytes.
#[test]
fn every_short_history_is_mended() {
    for (longest, alphabet) in [(4, "u e !a~ c1 +c1 +C2 !c1 r1 R1 +r2 !r1"), (5, "u c1 +c1 !c1 r1 R1")] {
        let alphabet = items(alphabet);
        for length in 1..=longest {
            for number in 0..alphabet.len().pow(length) {
                let digits = (0..length).map(|digit| number / alphabet.len().pow(digit) % alphabet.len());
                check_laws(&digits.map(|digit| alphabet[digit].clone()).collect::<Vec<_>>());
            }
        }
    }
}

fn check_laws(before: &[Item]) {
    let mut once = conversation(before.to_vec());
    if is_sound(before) {
        let mut groups = groups::of_items(before);
        assert!(Rule::ALL.into_iter().all(|rule| rule.apply(&mut groups).is_empty()), "{before:?} is not sound");
    }
    match repair(&mut once) {
        Err(why) => assert_eq!(why, Unrepairable::NothingSaid, "{before:?}"),
        Ok(repairs) => {
            assert!(is_continuable(&once.items), "{before:?} gave {:?}", once.items);
            assert_eq!(repairs.is_empty(), before == once.items, "{before:?}");
            assert!(repairs.is_empty() || !is_continuable(before) || !is_tidy(before), "{before:?} {repairs:?}");
            let mut twice = once.clone();
            assert_eq!(repair(&mut twice), Ok(Vec::new()), "{before:?}");
            assert_eq!(once.items, twice.items);
        }
    }
    for item in before.iter().filter(|item| !matches!(&item.content, Content::Message { text, .. } if text == " ")) {
        let is_result = result_of(item).is_some();
        let survives = |kept: &Item| (is_result || kept.opaque == item.opaque) && words(kept) == words(item);
        assert!(once.items.iter().any(survives), "{item:?} of {before:?} is lost");
    }
}

/// Whether a continuable history has nothing that the other rules would touch.
fn is_tidy(items: &[Item]) -> bool {
    let ids: Vec<&str> = items.iter().filter_map(call_of).collect();
    let distinct: std::collections::HashSet<&&str> = ids.iter().collect();
    let blank = |item: &Item| matches!(&item.content, Content::Message { text, .. } if text == " ");
    let cut_off = |item: &Item| matches!(item.content, Content::Message { interrupted: true, .. });
    distinct.len() == ids.len() && !items.iter().any(|item| blank(item) || cut_off(item))
}

fn words(item: &Item) -> &str {
    match &item.content {
        Content::Message { text, .. } => text,
        Content::ToolCall(call) => &call.name,
        Content::ToolResult { output, .. } => output,
    }
}

#[test]
fn a_call_is_read_with_what_answered_it() {
    for (history, expected) in [
        ("c1 r1", "0>1"),
        ("c1 u", "0>-"),
        ("c1 u r1", "0>1"),
        ("!c1 +c2 r2 u r1", "0>3 1>2"),
        ("c1 r1 c1 R1", "0>1 2>3"),
        ("r1 u", "0>1"),
    ] {
        let mut mended = conversation(items(history));
        repair(&mut mended).expect("repairable");
        let place = |result: &Item| mended.items.iter().position(|item| std::ptr::eq(item, result));
        let pairs = answers(&mended.items).into_iter().map(|(call, _, result)| match result.and_then(place) {
            Some(result) => format!("{call}>{result}"),
            None => format!("{call}>-"),
        });
        assert_eq!(pairs.collect::<Vec<_>>().join(" "), expected, "{history}");
    }
}
