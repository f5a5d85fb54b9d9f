//! Every recorded call goes on in every dialect.

use std::{collections::BTreeSet, fs, path::Path};

use aftercall_core::{
    conversation::{Conversation, Dialect},
    left_out::{Because, LeftOut, Part},
    model::History,
    repair::repair,
};
use serde_json::Value;

use crate::{
    request::{Asked, Stage},
    whole,
};

/// The platforms, by the folders of their recordings.
const PLATFORMS: [&str; 9] =
    ["native", "telnyx", "vapi", "retell", "elevenlabs", "bland", "livekit", "pipecat", "openai"];

/// The recording that refers to what a provider keeps, which no played one does. The run takes such a refusal for what it is
/// and goes on with the history rewritten.
const KEPT_ELSEWHERE: (&str, Dialect) = ("openai/responses", Dialect::OpenaiResponses);

/// Platforms that keep what a provider wrote in a form of theirs, of which its own is made again.
const RESTORED: [(&str, Dialect); 5] = [
    ("retell", Dialect::Gemini),
    ("livekit", Dialect::Gemini),
    ("pipecat", Dialect::Gemini),
    ("pipecat", Dialect::Anthropic),
    ("pipecat", Dialect::OpenaiResponses),
];

/// The recordings that can go on, by name.
fn recorded() -> Vec<(String, Conversation)> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../host/intake/tests/data");
    let mut recorded = Vec::new();
    for platform in PLATFORMS {
        let files = fs::read_dir(data.join(platform)).expect("each platform has recordings");
        for file in files.map(|file| file.expect("a file").path()) {
            if file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let name = format!("{platform}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
            let mut conversation =
                aftercall_intake::parse(&fs::read(&file).expect("a recording")).expect(&name).conversation;
            if repair(&mut conversation).is_ok() {
                recorded.push((name, conversation));
            }
        }
    }
    recorded
}

#[test]
fn every_recorded_call_goes_on_in_every_dialect() {
    let recorded = recorded();
    let (mut failures, mut covered) = (Vec::new(), BTreeSet::new());
    for (name, conversation) in &recorded {
        for dialect in Dialect::ALL {
            for history in [History::AsWritten, History::Rewritten] {
                if (name.as_str(), dialect, history) == (KEPT_ELSEWHERE.0, KEPT_ELSEWHERE.1, History::AsWritten) {
                    continue;
                }
                for stage in Stage::ALL {
                    if let Err(why) = whole::check(&Asked::new(dialect, history, stage), conversation) {
                        failures.push(format!("{name} in {dialect}, {history:?}, {stage:?}: {why}"));
                    }
                }
            }
            covered.insert((name.split('/').next().unwrap_or_default(), dialect));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for platform in PLATFORMS {
        assert!(Dialect::ALL.iter().all(|dialect| covered.contains(&(platform, *dialect))), "{platform} has no case");
    }
    for dialect in Dialect::ALL {
        let own = |(_, conversation): &&(String, Conversation)| {
            conversation.items.iter().filter_map(|item| item.opaque.as_ref()).any(|own| own.dialect == dialect)
        };
        assert!(recorded.iter().any(|case| own(&case)), "no recording is in {dialect}'s own bytes");
        let kept = RESTORED.iter().filter(|(_, restored)| *restored == dialect);
        for (platform, _) in kept {
            let is_of = |(name, _): &&(String, Conversation)| name.starts_with(platform);
            assert!(recorded.iter().filter(is_of).any(|case| own(&case)), "nothing of {platform} is {dialect}'s own");
        }
    }
}

/// What has no word in another format is told to be left out, or to be lost if its own provider refuses it, and nothing
/// else is.
#[test]
fn what_is_left_out_is_told() {
    for (name, conversation) in recorded() {
        for to in Dialect::ALL {
            let (mut foreign, mut own) = (BTreeSet::new(), BTreeSet::new());
            for opaque in conversation.items.iter().filter_map(|item| item.opaque.as_ref()) {
                let mut kinds = BTreeSet::new();
                beyond(&opaque.data.value(), &mut kinds);
                let expected = if opaque.dialect == to { &mut own } else { &mut foreign };
                expected.extend(kinds.into_iter().map(|part| (opaque.dialect, part)));
            }
            let told = aftercall_llm::left_out(&conversation, to);
            // What the record hasn't whole reaches no model.
            let (told_of_all, told) = told.split_at(conversation.left_out.len());
            assert_eq!(told_of_all, conversation.left_out, "{name} in {to}");
            let lost = aftercall_llm::lost_if_rewritten(&conversation, to);
            let part = |left: &LeftOut| match left.because {
                Because::Untranslatable { from, to: named } if named == to && left.times > 0 => (from, left.part),
                Because::Refused { by } if by == to && left.times > 0 => (by, left.part),
                _ => panic!("{name} in {to}: {left}"),
            };
            let told = (told.iter().map(part).collect(), lost.iter().map(part).collect());
            assert_eq!(told, (foreign, own), "{name} in {to}");
        }
    }
}

/// What stands anywhere in a message that other providers have no word for.
fn beyond(value: &Value, found: &mut BTreeSet<Part>) {
    let mut see = |part| {
        found.insert(part);
    };
    match value["type"].as_str().unwrap_or_default() {
        "reasoning" | "thinking" | "redacted_thinking" => see(Part::Reasoning),
        "image" | "image_url" | "input_image" => see(Part::Image),
        "input_audio" => see(Part::Audio),
        "document" | "file" | "input_file" => see(Part::File),
        "web_search_call" => see(Part::ProviderItem),
        _ => {}
    }
    if value["thought"] == true || value["thoughtSignature"].is_string() || value["thought_signature"].is_string() {
        see(Part::Reasoning);
    }
    let is_media = |name: &str| value.get(name).and_then(|media| media["mimeType"].as_str());
    match is_media("inlineData").or_else(|| is_media("fileData")).map(|mime| mime.split('/').next().unwrap_or_default())
    {
        Some("image") => see(Part::Image),
        Some("audio") => see(Part::Audio),
        Some(_) => see(Part::File),
        None => {}
    }
    match value {
        Value::Array(list) => list.iter().for_each(|inner| beyond(inner, found)),
        Value::Object(fields) => fields.values().for_each(|inner| beyond(inner, found)),
        _ => {}
    }
}
