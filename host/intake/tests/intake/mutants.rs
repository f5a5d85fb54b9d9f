//! Payloads in which things are missing, doubled, out of order or of another kind: each is refused in words, or becomes a
//! history that can be mended into one that goes on.

use std::path::Path;

use aftercall_core::repair::{is_continuable, repair};
use aftercall_core::time::Timestamp;
use aftercall_intake::{Form, Span};
use fastrand::Rng;
use serde_json::{Value, json};

/// Mutants of each payload.
const MUTANTS: u64 = 100;

/// Mutants of each answer of an API.
const ANSWERS: u64 = 20;

/// Most changes to one.
const CHANGES_MAX: usize = 8;

/// What may stand where something else is expected.
fn anything(rng: &mut Rng) -> Value {
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1e300),
        json!(1_772_633_061_250_u64),
        json!(""),
        json!("text"),
        json!("\u{0}\u{202e}é"),
        json!("2026-03-04T14:00:00Z"),
        json!([]),
        json!({}),
        json!([null, "text", {}]),
        json!({ "role": "user", "content": "text" }),
        json!({ "role": "tool", "tool_call_id": "t1", "content": 7 }),
    ];
    rng.choice(values).expect("there are some")
}

/// The places of a document, as JSON pointers (RFC 6901): each is as likely as any other to be changed.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            places(value, &format!("{place}/{}", key.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(list) => (0..).zip(list).for_each(|(index, value): (usize, _)| {
            places(value, &format!("{place}/{index}"), found);
        }),
        _ => {}
    }
}

/// Changes something, at any depth.
fn change(document: &mut Value, rng: &mut Rng) {
    let mut found = Vec::new();
    places(document, "", &mut found);
    let place = rng.choice(found).expect("at least the whole");
    match document.pointer_mut(&place).expect("it was found") {
        Value::Object(object) if !object.is_empty() => {
            let key = rng.choice(object.keys().cloned().collect::<Vec<_>>()).expect("it has some");
            match rng.bool() {
                true => drop(object.remove(&key)),
                false => drop(object.insert(key, anything(rng))),
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let (one, other) = (rng.usize(..list.len()), rng.usize(..list.len()));
            match rng.u8(..4) {
                0 => drop(list.remove(one)),
                1 => list.insert(other, list[one].clone()),
                2 => list.swap(one, other),
                _ => list.insert(other, anything(rng)),
            }
        }
        other => *other = anything(rng),
    }
}

#[test]
fn a_payload_that_is_broken_anywhere_is_read_or_refused() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let (mut read, mut refused) = (0, 0);
    for folder in std::fs::read_dir(data).expect("it is there").map(|folder| folder.expect("it can be listed")) {
        let form = Form::of_platform(&folder.file_name().to_string_lossy()).expect("folders are named by platforms");
        let files = std::fs::read_dir(folder.path()).expect("it is a folder").map(|file| file.expect("listed").path());
        for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "json")) {
            let sound: Value =
                serde_json::from_slice(&std::fs::read(&file).expect("it can be read")).expect("it is JSON");
            for seed in 0..MUTANTS {
                let (mut rng, mut mutant) = (Rng::with_seed(seed), sound.clone());
                (0..rng.usize(1..=CHANGES_MAX)).for_each(|_| change(&mut mutant, &mut rng));
                let Ok(mut parsed) = form.parse(mutant.to_string().as_bytes()) else {
                    refused += 1;
                    continue;
                };
                read += 1;
                if repair(&mut parsed.conversation).is_ok() {
                    let place = format!("{}, seed {seed}", file.display());
                    assert!(is_continuable(&parsed.conversation.items), "{place}");
                    assert_eq!(
                        repair(&mut parsed.conversation),
                        Ok(Vec::new()),
                        "{place}: a second time mends nothing"
                    );
                }
            }
        }
    }
    assert!(read > refused && refused > 0, "{read} were read and {refused} refused");
}

/// What a platform's API may answer, as far as it is made of what its webhook says.
fn answer(form: Form, webhook: &Value) -> Value {
    let or_whole = |place: &str| webhook.pointer(place).unwrap_or(webhook).clone();
    match form {
        Form::Native | Form::Bland => webhook.clone(),
        Form::Vapi => or_whole("/message"),
        Form::Retell => or_whole("/call"),
        Form::ElevenLabs => or_whole("/data"),
        Form::Telnyx => {
            json!({ "data": webhook["messages"], "conversation": { "id": "c" }, "insights": webhook["messages"] })
        }
    }
}

#[test]
fn an_answer_that_is_broken_anywhere_is_read_or_refused() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let span = Span { since: Timestamp::from_millis(0), until: Timestamp::from_millis(u64::MAX) };
    let mut put_together = 0;
    for form in Form::ALL {
        let files =
            std::fs::read_dir(data.join(form.platform())).expect("a folder").map(|file| file.expect("listed").path());
        for file in files.filter(|file| file.extension().is_some_and(|kind| kind == "json")) {
            let sound = std::fs::read(&file).expect("it can be read");
            let webhook: Value = serde_json::from_slice(&sound).expect("it is JSON");
            for seed in 0..ANSWERS {
                let (mut rng, mut mutant) = (Rng::with_seed(seed), answer(form, &webhook));
                (0..rng.usize(0..=CHANGES_MAX)).for_each(|_| change(&mut mutant, &mut rng));
                let body = mutant.to_string();
                if let Ok(payload) = form.together(&[&sound, body.as_bytes()], Some(body.as_bytes())) {
                    put_together += 1;
                    assert!(form.notice(&payload).is_ok(), "{}, seed {seed}", file.display());
                }
                let Some((mut gathering, mut listing)) = form.gather("c").zip(form.list(span)) else { continue };
                for body in [r#"{"id":"c","status":"ended","data":{"id":"c"}}"#, &body, &body] {
                    let _ = (gathering.answered(body.as_bytes()), gathering.next());
                    let _ = (listing.answered(body.as_bytes()), listing.next());
                }
            }
        }
    }
    assert!(put_together > 0);
}
