use serde_json::json;

use super::*;
use crate::{
    binding::Bindings,
    cap::DAY_MS,
    conversation::{Content, Direction, Item, ToolCall},
    facts::Fact,
    id::Sha256Hex,
    json::Json,
    ledger::{Begin, Decision, Fence, begin},
    repair::repair,
    tool::{Effect, Receipt},
};

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn identity() -> RunIdentity {
    RunIdentity {
        tenant: "acme".parse().expect("a name"),
        platform: "vapi".parse().expect("a name"),
        conversation: "c".into(),
        revision: 0,
    }
}

fn call(items: Vec<Item>) -> Conversation {
    Conversation {
        direction: Some(Direction::Inbound),
        from: Some("+15550100".into()),
        items,
        ..Conversation::new("vapi".parse().expect("a name"), "c")
    }
}

/// A tool that books: which patient, when and where say which booking it is.
fn tool() -> PinnedTool {
    let schema = json!({
        "type": "object",
        "required": ["patient", "start", "location"],
        "additionalProperties": false,
        "properties": {
            "patient": {"type": "string"},
            "start": {"type": "string", "format": "date-time"},
            "location": {"$ref": "#/$defs/location"},
            "notes": {"type": "string"},
            "phone": {"type": "string"},
        },
        "$defs": {"location": {"enum": ["main", "north"]}},
    });
    PinnedTool {
        name: "book".into(),
        plugin: "ehr".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "books".into(),
        offered_schema: Json::from(&schema),
        schema: Json::from(&schema),
        bindings: Bindings::new(),
        facts: Vec::new(),
        effect: Effect::Once,
        identity: ["patient", "start", "location"].map(str::to_owned).to_vec(),
        reconcilable: true,
        replaces: Vec::new(),
        instance: None,
    }
}

fn bound() -> PinnedTool {
    PinnedTool { bindings: Bindings::from([("phone".to_owned(), Fact::Contact)]), ..tool() }
}

fn already(written: &Value) -> Already {
    serde_json::from_value(written.clone()).unwrap_or_else(|error| panic!("{written}: {error}"))
}

fn arguments() -> Value {
    json!({"patient": "arguments/who/id", "start": "result/slots/0", "location": "=main"})
}

fn book() -> Value {
    json!({"live": "book_slot",
        "unclear": "settle", "arguments": arguments(), "receipt": "result/booking"})
}

fn asks(arguments: &str) -> Item {
    let call = ToolCall { id: "1".into(), name: "book_slot".into(), arguments: arguments.into() };
    Item::plain(None, Content::ToolCall(call))
}

fn answers(output: &str, is_error: bool) -> Item {
    Item::plain(None, Content::ToolResult { call: "1".into(), output: output.into(), is_error })
}

/// One live call, as it comes out of the repair that each history goes through.
fn lived(arguments: &str, result: Option<(&str, bool)>) -> Conversation {
    let result = result.map(|(output, is_error)| answers(output, is_error));
    let mut call = call([asks(arguments)].into_iter().chain(result).collect());
    repair(&mut call).expect("it is repairable");
    call
}

/// What seeding tells, in a line for each live call.
fn told(map_of: &Value, tool: &PinnedTool, call: &Conversation) -> Vec<String> {
    let (seeds, unseeded) = seeds(&identity(), &[(&[already(map_of)], tool)], call, NOW);
    let state = |seed: &Seed| match &seed.entry.state {
        State::Done(outcome) => {
            format!("done {}", outcome.receipts.iter().map(|receipt| receipt.id.as_str()).collect::<String>())
        }
        State::InDoubt => "in doubt".to_owned(),
        other => format!("{other:?}"),
    };
    seeds.iter().map(state).chain(unseeded.iter().map(ToString::to_string)).collect()
}

const WHO: &str = r#"{"who": {"id": "p1"}}"#;
const BOOKED: &str = r#"{"slots": ["2026-06-01T09:00:00Z"], "booking": "b1"}"#;

#[test]
fn what_a_live_call_says_decides() {
    let by_status = |status: &str| {
        let mut map = book();
        map["arguments"]["start"] = json!("=2026-06-01T09:00:00Z");
        map["succeeded"] = json!({"result/status": status, "result/code": 1});
        map
    };
    let always = by_status("booked");
    let person = {
        let mut map = always.clone();
        map["unclear"] = json!("person");
        map
    };
    let asked_for = |what: &str| {
        let mut map = book();
        map["succeeded"] = json!({"arguments/do": what});
        map
    };
    let nothing = "it would stand at `result/slots/0`, and the live tool didn't answer";
    for (map, arguments, result, expected) in [
        // What a result says by itself.
        (book(), WHO, Some((BOOKED, false)), "done b1"),
        (book(), WHO, Some((r#"{"slots": ["2026-06-01T09:00:00Z"], "error": "", "ok": true}"#, false)), "done "),
        (book(), WHO, Some((r#"{"slots": ["2026-06-01T09:00:00Z"], "booking": 7}"#, false)), "done 7"),
        (book(), WHO, Some((BOOKED, true)), "in doubt"),
        (book(), WHO, Some((r#"{"error": "taken"}"#, false)), "that it was not done"),
        (book(), WHO, Some((r#"{"error": {"code": 1}}"#, true)), "that it was not done"),
        (book(), WHO, Some((r#"{"ok": false}"#, false)), "that it was not done"),
        (book(), WHO, Some((r#"{"success": false}"#, false)), "that it was not done"),
        // What the map says of it.
        (always.clone(), WHO, Some((r#"{"status": "booked", "code": 1.0}"#, false)), "done "),
        (always.clone(), WHO, Some((r#"{"status": "booked", "code": 1, "error": "none"}"#, true)), "done "),
        (always.clone(), WHO, Some((r#"{"status": "taken", "code": 1}"#, false)), "that it was not done"),
        (always.clone(), WHO, Some((r#"{"status": "taken"}"#, false)), "that it was not done"),
        (always.clone(), WHO, Some((r#"{"status": "booked"}"#, false)), "in doubt"),
        (always.clone(), WHO, Some(("booked!", false)), "in doubt"),
        (always.clone(), WHO, Some(("", false)), "in doubt"),
        (always.clone(), WHO, None, "in doubt"),
        (person.clone(), WHO, None, "Unknowable"),
        (person, WHO, Some((r#"{"status": "booked", "code": 1}"#, false)), "done "),
        (asked_for("book"), r#"{"who": {"id": "p1"}, "do": "book"}"#, Some((BOOKED, false)), "done "),
        (asked_for("book"), r#"{"who": {"id": "p1"}, "do": "cancel"}"#, None, "that it was not done"),
        // What can't be told apart.
        (book(), WHO, None, nothing),
        (book(), WHO, Some(("Booked for nine.", false)), "the live call has nothing at `result/slots/0`"),
        (book(), "{}", Some((BOOKED, false)), "`patient` says which effect it is, but the live call has nothing at"),
        (book(), "[1]", Some((BOOKED, false)), "the live call has nothing at `arguments/who/id`"),
        (book(), r#"{"who": {"id": 5}}"#, Some((BOOKED, false)), "5 is not of type \"string\""),
        (book(), r#"{"who": {"id": null}}"#, Some((BOOKED, false)), "null is not of type \"string\""),
        (book(), WHO, Some((r#"{"slots": ["2026-06-01T09:00"]}"#, false)), "is not a \"date-time\""),
        (json!({"live": "book_slot", "arguments": {}}), WHO, Some((BOOKED, false)), "the map doesn't name it"),
    ] {
        let told = told(&map, &tool(), &lived(arguments, result));
        assert!(matches!(told.as_slice(), [one] if one.contains(expected)), "{map} {result:?}: {told:?}");
    }
}

#[test]
fn what_is_not_mapped_or_cannot_be_tried_seeds_nothing() {
    let call = lived(WHO, Some((BOOKED, false)));
    let other = json!({"live": "book", "arguments": arguments()});
    assert_eq!(told(&other, &tool(), &call), [] as [&str; 0]);
    assert_eq!(told(&book(), &PinnedTool { effect: Effect::Read, ..tool() }, &call), [] as [&str; 0]);
    let nobody = Conversation { from: None, ..call };
    let told = told(&book(), &bound(), &nobody);
    assert!(matches!(told.as_slice(), [one] if one.contains("`phone` is bound to call.contact")), "{told:?}");
}

/// The one thing that all depends on: the key is the one that an attempt after the call computes.
#[test]
fn a_seed_has_the_key_of_a_later_attempt() {
    let all = PinnedTool { identity: Vec::new(), ..bound() };
    let contact = PinnedTool { identity: vec!["patient".into(), "phone".into()], ..bound() };
    let written = json!({"location": "main", "start": "2026-06-01T09:00:00Z", "patient": "Zoë 🦷"});
    for tool in [tool(), bound(), all, contact] {
        let call = lived(r#"{"who": {"id": "Zo\u00eb 🦷"}}"#, Some((BOOKED, false)));
        let (seeds, unseeded) = seeds(&identity(), &[(&[already(&book())], &tool)], &call, NOW);
        assert_eq!(unseeded, []);
        let written = written.as_object().cloned().expect("an object");
        let attempted = binding::fill(written, &tool.bindings, &call).expect("the call has a contact");
        let key = EffectKey::of(&identity(), &tool.plugin, &tool.name, &tool.identity, &attempted);
        assert_eq!(seeds.iter().map(|seed| &seed.key).collect::<Vec<_>>(), [&key], "{:?}", tool.identity);
    }
}

#[test]
fn the_ledger_answers_a_later_attempt() {
    let with = |arguments: Value| {
        let mut map = book();
        map["arguments"].as_object_mut().expect("an object").extend(arguments.as_object().cloned().expect("an object"));
        map
    };
    let noted = || with(json!({"notes": "arguments/notes"}));
    let (plain, open) = (Some((BOOKED, false)), Some((BOOKED, true)));
    let idempotent = PinnedTool { effect: Effect::Idempotent, ..tool() };
    for (map, tool, result, notes, expected) in [
        (book(), tool(), plain, None, "done"),
        (book(), tool(), plain, Some("other"), "done"),
        (book(), bound(), plain, Some("other"), "done"),
        (noted(), tool(), plain, Some("same"), "done"),
        (noted(), bound(), plain, Some("same"), "done"),
        (noted(), tool(), plain, Some("other"), "conflict"),
        (noted(), tool(), plain, None, "conflict"),
        (book(), tool(), open, None, "in doubt"),
        (book(), idempotent.clone(), open, None, "doubted"),
        (noted(), idempotent, open, Some("other"), "in doubt"),
    ] {
        let call = lived(r#"{"who": {"id": "p1"}, "notes": "same"}"#, result);
        let (seeds, _) = seeds(&identity(), &[(&[already(&map)], &tool)], &call, NOW);
        let seed = seeds.first().expect("there is one");
        let mut arguments = json!({"patient": "p1", "start": "2026-06-01T09:00:00Z", "location": "main"});
        if let Some(notes) = notes {
            arguments["notes"] = notes.into();
        }
        let arguments = arguments.as_object().cloned().expect("an object");
        let arguments = binding::fill(arguments, &tool.bindings, &call).expect("the call has a contact");
        let arguments = Arguments::of(&arguments);
        let asked = Begin { fence: Fence(1), arguments, effect: tool.effect, alone: true, caps: Vec::new(), at: NOW };
        let decided = match begin(Some(&seed.entry), &asked, None).0 {
            Decision::Done(outcome) => {
                assert_eq!(
                    outcome.text,
                    format!("done on the live call already, by `book_slot`. It answered: {BOOKED}")
                );
                assert_eq!(outcome.receipts, [Receipt { id: "b1".into(), kind: "book_slot".into(), url: None }]);
                "done"
            }
            Decision::Conflict(_) => "conflict",
            Decision::InDoubt { attempt: 1, .. } => "in doubt",
            Decision::Fresh { attempt: 2, doubted: true, .. } => "doubted",
            other => panic!("{other:?}"),
        };
        assert_eq!(decided, expected, "{map} {notes:?}");
    }
}

/// Live calls by their patient, in the order in which they were made: done, in doubt, or failed.
fn lived_many(calls: &[(&str, &str)]) -> Conversation {
    let items = calls.iter().enumerate().flat_map(|(number, (patient, end))| {
        let id = format!("call {number}");
        let call = ToolCall {
            id: id.clone(),
            name: "book_slot".into(),
            arguments: json!({"who": {"id": patient}}).to_string(),
        };
        let output = if *end == "failed" { r#"{"ok": false}"# } else { BOOKED };
        let result = Content::ToolResult { call: id, output: output.into(), is_error: *end == "in doubt" };
        [Content::ToolCall(call), result].map(|content| Item::plain(None, content))
    });
    call(items.collect())
}

#[test]
fn the_same_effect_gives_one_seed() {
    let failed = "that it was not done";
    for (calls, expected) in [
        (&[("p1", "done"), ("p1", "done")][..], &["done"][..]),
        (&[("p1", "done"), ("p2", "done")], &["done", "done"]),
        (&[("p1", "in doubt"), ("p1", "done")], &["done"]),
        (&[("p1", "done"), ("p1", "in doubt")], &["done"]),
        (&[("p1", "in doubt"), ("p1", "in doubt")], &["in doubt"]),
        (&[("p1", "failed"), ("p1", "done")], &["done", failed]),
        (&[("p1", "in doubt"), ("p1", "failed")], &["in doubt", failed]),
    ] {
        let told = told(&book(), &tool(), &lived_many(calls));
        let fits = told.iter().zip(expected).all(|(told, expected)| told.contains(expected));
        assert!(fits && told.len() == expected.len(), "{calls:?}: {told:?}");
    }
}

#[test]
fn one_live_tool_does_what_several_do_and_several_do_what_one_does() {
    let text = PinnedTool { name: "text".into(), ..tool() };
    let other = Already { live: "other".into(), ..already(&book()) };
    let maps = [other, already(&book())];
    let (seeds, unseeded) =
        seeds(&identity(), &[(&maps, &tool()), (&maps, &text)], &lived(WHO, Some((BOOKED, false))), NOW);
    assert_eq!(unseeded, []);
    assert_eq!(seeds.iter().map(|seed| seed.tool.as_str()).collect::<Vec<_>>(), ["book", "text"]);
}

#[test]
fn a_doubt_is_looked_for_around_the_live_call() {
    let day_ago = NOW.as_millis() - DAY_MS;
    let at = |millis: u64| Some(Timestamp::from_millis(millis));
    let late = NOW.as_millis() + 1;
    for (made, started, ended, expected) in [
        (at(5), at(1), at(9), (5, 5)),
        (None, at(1), at(9), (1, 9)),
        (None, None, None, (day_ago, NOW.as_millis())),
        (at(late), None, None, (NOW.as_millis(), NOW.as_millis())),
    ] {
        let mut call = Conversation { started_at: started, ended_at: ended, ..lived(WHO, Some((BOOKED, true))) };
        call.items[0].at = made;
        let (seeds, _) = seeds(&identity(), &[(&[already(&book())], &tool())], &call, NOW);
        let times = seeds.iter().map(|Seed { entry, .. }| (entry.first_attempt_at, entry.last_attempt_at));
        let times: Vec<_> = times.map(|(first, last)| (first.as_millis(), last.as_millis())).collect();
        assert_eq!(times, [expected], "{made:?} {started:?} {ended:?}");
    }
}

/// A doubt is asked about with what the live call was given, as far as the tool could have been given that.
#[test]
fn a_doubt_keeps_what_can_be_asked_about() {
    let without_location = {
        let mut tool = tool();
        tool.identity.retain(|name| name != "location");
        let mut map = book();
        map["arguments"].as_object_mut().expect("an object").remove("location");
        (map, tool)
    };
    let asked = json!({"patient": "p1", "start": "2026-06-01T09:00:00Z", "location": "main"});
    for ((map, tool), is_error, expected) in
        [((book(), tool()), true, Some(asked)), ((book(), tool()), false, None), (without_location, true, None)]
    {
        let (seeds, unseeded) =
            seeds(&identity(), &[(&[already(&map)], &tool)], &lived(WHO, Some((BOOKED, is_error))), NOW);
        let [seed] = seeds.as_slice() else { panic!("{unseeded:?}") };
        assert_eq!(seed.entry.in_question.as_ref().map(Json::value), expected, "{map}");
    }
}

#[test]
fn what_is_huge_is_cut_and_what_is_broken_is_told() {
    let huge = "é🦷".repeat(200_000);
    let booked = json!({"slots": ["2026-06-01T09:00:00Z"], "booking": huge, "more": huge}).to_string();
    let (found, _) = seeds(&identity(), &[(&[already(&book())], &tool())], &lived(WHO, Some((&booked, false))), NOW);
    let [Seed { entry: Entry { state: State::Done(outcome), .. }, .. }] = found.as_slice() else { panic!("{found:?}") };
    assert!(outcome.text.ends_with('…') && outcome.text.chars().count() < RESULT_CHARS_MAX + 100);
    assert_eq!(outcome.receipts, [], "a part of an identifier is none");

    let wrong = json!({"slots": [huge]}).to_string();
    let deep = "[".repeat(100_000);
    let over = format!(r#"{{"who": {{"id": "{huge}"}}}}"#);
    for (arguments, output, words) in [
        (WHO, wrong.as_str(), "the tool doesn't take what it is"),
        (WHO, deep.as_str(), "nothing at `result/slots/0`"),
        (over.as_str(), BOOKED, "the arguments have"),
        ("\u{0}{", BOOKED, "not JSON"),
        (r#"{"who": {"id": 9007199254740993}}"#, BOOKED, "not exact"),
    ] {
        let call = call(vec![asks(arguments), answers(output, false)]);
        let told = told(&book(), &tool(), &call);
        let fits = |one: &String| one.contains(words) && one.chars().count() < WORDS_CHARS_MAX + 200;
        assert!(matches!(told.as_slice(), [one] if fits(one)), "{words}: {told:?}");
    }
}

#[test]
fn a_long_call_is_read_once() {
    let patients: Vec<String> = (0..9_000).map(|number| format!("p{number}")).collect();
    let calls: Vec<(&str, &str)> = patients.iter().map(|patient| (patient.as_str(), "done")).collect();
    assert_eq!(told(&book(), &tool(), &lived_many(&calls)).len(), calls.len());
}

#[test]
fn a_map_is_checked_against_its_tool() {
    let given = |argument: &str, source: Value| {
        let mut arguments = arguments();
        arguments[argument] = source;
        json!({"live": "book_slot", "arguments": arguments})
    };
    let read = PinnedTool { effect: Effect::Read, ..tool() };
    let all = PinnedTool { identity: Vec::new(), ..tool() };
    let contact = PinnedTool { identity: vec!["phone".into()], ..bound() };
    let nothing = json!({"live": "book_slot", "arguments": {}});
    for (map, tool, expected) in [
        (book(), tool(), &[][..]),
        (given("notes", json!("arguments/notes")), tool(), &[]),
        (nothing.clone(), contact, &[]),
        (book(), read, &["`book` only reads"]),
        (given("note", json!("=hi")), tool(), &["no argument `note`; it has: location, notes, patient, phone, start"]),
        (given("phone", json!("arguments/phone")), bound(), &["`phone` is bound to call.contact"]),
        (given("location", json!("=south")), tool(), &["`location` can't be that"]),
        (given("patient", json!(5)), tool(), &["`patient` can't be that: at /patient: 5 is not of type"]),
        (nothing.clone(), tool(), &["`patient` says which effect", "in a call of `book_slot`", "`location` says"]),
        (nothing, all, &["`patient` says which effect", "`start` says", "`location` says"]),
    ] {
        let said: Vec<String> = check(&already(&map), &tool).iter().map(ToString::to_string).collect();
        let fits = said.iter().zip(expected).all(|(said, expected)| said.contains(expected));
        assert!(fits && said.len() == expected.len(), "{map}: {said:?}");
    }
}

#[test]
fn a_map_is_read_as_it_is_written() {
    let source = |text: &str| json!({"live": "l", "arguments": {"a": text}});
    for (written, expected) in [
        (source("arguments/a~1b/~0/0"), Ok(())),
        (source("result"), Ok(())),
        (source("=arguments"), Ok(())),
        (source("="), Ok(())),
        (json!({"live": "l", "arguments": {"a": [1, {"b": true}]}, "unclear": "person"}), Ok(())),
        (json!({"live": "l", "arguments": {}, "succeeded": {"result/a": "b"}, "receipt": "result"}), Ok(())),
        (source("patient"), Err("`patient` is no place in a live call: write `arguments/NAME`")),
        (source("results/a"), Err("no place")),
        (source("/result"), Err("no place")),
        (source("result/~2"), Err("no place")),
        (source("result/~"), Err("no place")),
        (json!({"live": "l", "arguments": {}, "receipt": "=b"}), Err("no place")),
        (json!({"live": "l", "arguments": {}, "succeeded": {"status": 1}}), Err("no place")),
        (json!({"live": "l", "arguments": {}, "sucess": {}}), Err("unknown field")),
    ] {
        match (serde_json::from_value::<Already>(written.clone()), expected) {
            (Ok(map), Ok(())) => {
                let again = serde_json::to_value(&map).expect("serialises");
                assert_eq!(serde_json::from_value::<Already>(again).expect("reads back"), map, "{written}");
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, _) => panic!("{written}: {got:?}"),
        }
    }
}

#[test]
fn what_is_told_reads_well_and_is_stored() {
    let call = lived_many(&[("p1", "in doubt"), ("p2", "done"), ("p3", "failed")]);
    let (seeds, unseeded) = seeds(&identity(), &[(&[already(&book())], &tool())], &call, NOW);
    let seeded: Vec<Seeded> = seeds.iter().map(Seeded::from).collect();
    let lines: Vec<String> =
        seeded.iter().map(ToString::to_string).chain(unseeded.iter().map(ToString::to_string)).collect();
    assert_eq!(
        lines,
        [
            "item 0 (`book_slot`): it may have done what `book` does",
            "item 2 (`book_slot`): it did what `book` does",
            "item 4 (`book_slot`): it doesn't count as what `book` does: the live call says that it was not done",
        ]
    );
    let stored = serde_json::to_string(&(&seeded, &unseeded)).expect("serialises");
    let read: (Vec<Seeded>, Vec<Unseeded>) = serde_json::from_str(&stored).expect("reads back");
    assert_eq!(read, (seeded, unseeded));
}
