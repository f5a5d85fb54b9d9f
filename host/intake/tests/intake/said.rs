//! No words are lost: what a recorded payload has somebody on the line say, wherever it does, an item says too.

use std::path::Path;

use aftercall_core::conversation::{Content, Item};
use aftercall_intake::Form;
use serde_json::Value;

/// The names under which platforms have the person on the line, and the assistant.
const SPEAKERS: [&str; 6] = ["user", "assistant", "agent", "bot", "model", "customer"];

/// The fields that hold what they say.
const WORDS: [&str; 5] = ["content", "message", "text", "parts", "transcript"];

/// Why words are in no item that stand in another history of the same call.
const WORSE: &str = "the call has a better history";

/// Why words are in no item that were never spoken.
const CUT_OFF: &str = "the other side spoke before they were heard";

/// Words that no item has: the payload's name, the words, and why.
const EXCEPTIONS: [(&str, &str, &str); 7] = [
    ("livekit/odd", "not read", WORSE),
    ("native/provider-messages", "not read", WORSE),
    ("retell/booking", "not read", WORSE),
    ("retell/booking", "not read either", WORSE),
    ("retell/booking", "Ich hätte um neun Uhr, oder um halb elf, oder am Mittwoch.", CUT_OFF),
    ("retell/odd", "Never heard.", CUT_OFF),
    ("retell/odd", "かしこまりました。", CUT_OFF),
];

#[test]
fn what_somebody_says_is_in_some_item() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let (mut lost, mut checked) = (Vec::new(), 0);
    for folder in std::fs::read_dir(data).expect("it is there").map(|folder| folder.expect("it can be listed")) {
        let platform = folder.file_name().to_string_lossy().into_owned();
        let form = Form::of_platform(&platform).expect("folders are named by platforms");
        let files = std::fs::read_dir(folder.path()).expect("it is a folder").map(|file| file.expect("listed").path());
        for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "json")) {
            let name = format!("{platform}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
            let payload = std::fs::read(&file).expect("it can be read");
            let items = form.parse(&payload).expect(&name).conversation.items;
            let told: String = items.iter().map(words).collect();
            let mut said = Vec::new();
            collect(&serde_json::from_slice(&payload).expect("it is JSON"), &mut said);
            checked += said.len();
            let is_lost = |text: &String| !told.contains(&compact(text));
            lost.extend(said.into_iter().filter(is_lost).map(|text| (name.clone(), text)));
        }
    }
    let is_expected = |(name, text): &&(String, String)| {
        EXCEPTIONS.iter().any(|(payload, words, _)| payload == name && words == text)
    };
    let unexpected: Vec<_> = lost.iter().filter(|lost| !is_expected(lost)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for (payload, words, why) in EXCEPTIONS {
        let is_there = lost.iter().any(|(name, text)| name == payload && text == words);
        assert!(is_there, "{payload} doesn't lose {words:?} any more ({why})");
    }
    assert!(checked > 100, "only {checked} texts were found");
}

fn words(item: &Item) -> String {
    match &item.content {
        Content::Message { text, .. } => compact(text),
        Content::ToolCall(_) | Content::ToolResult { .. } => String::new(),
    }
}

/// Texts may be joined by one thing or another.
fn compact(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// All that somebody on the line says, anywhere in a document.
fn collect(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, said)),
        Value::Object(fields) => {
            let is_speaker = |name: &&str| SPEAKERS.contains(name);
            let speaker = ["role", "user"].iter().find_map(|key| fields.get(*key)?.as_str().filter(is_speaker));
            for (name, value) in fields {
                match speaker {
                    Some(_) if WORDS.contains(&name.as_str()) => texts(value, said),
                    _ => collect(value, said),
                }
            }
        }
        _ => {}
    }
}

/// The texts of a message: one, or those of its parts that aren't a call, a result or a thought.
fn texts(value: &Value, said: &mut Vec<String>) {
    match value {
        Value::String(text) => said.push(text.clone()),
        Value::Array(parts) => parts.iter().for_each(|part| texts(part, said)),
        Value::Object(part) if part.get("thought").is_none() => {
            part.get("text").or_else(|| part.get("transcript")).into_iter().for_each(|text| texts(text, said));
        }
        _ => {}
    }
}
