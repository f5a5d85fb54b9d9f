//! What a platform's record keeps of a provider's own beside the words and calls becomes the provider's own messages.

use aftercall_core::conversation::Dialect;
use aftercall_intake::parse;

/// The messages in that format, in order.
fn check(payload: &str, dialect: Dialect, expected: &[&str]) {
    let items = parse(payload.as_bytes()).expect("a record").conversation.items;
    let own = items.iter().filter_map(|item| item.opaque.as_ref()).filter(|own| own.dialect == dialect);
    let own: Vec<&str> = own.map(|own| own.data.as_str()).collect();
    assert_eq!(own, expected);
}

/// The text in quotes behind a name, the nth of them in a payload.
fn nth<'a>(payload: &'a str, name: &str, nth: usize) -> &'a str {
    let start = format!(r#""{name}": ""#);
    let text = payload.split(&start).nth(nth + 1).expect("the payload has it");
    text.split('"').next().expect("a text ends")
}

#[test]
fn seals_of_geminis_stand_on_what_they_seal() {
    let payload = include_str!("../data/retell/gemini.json");
    let seal = nth(payload, "thought_signature", 0);
    check(
        payload,
        Dialect::Gemini,
        &[&format!(
            r#"{{"role":"model","parts":[{{"functionCall":{{"id":"t1","name":"find_slots","args":{{"day":"2026-03-10","n":1.0}}}},"thoughtSignature":"{seal}"}},{{"functionCall":{{"id":"t2","name":"note_address","args":{{}}}}}}]}}"#
        )],
    );

    let payload = include_str!("../data/livekit/gemini.json");
    let [first, words, last] = [0, 1, 3].map(|index| nth(payload, "thought_signature", index));
    check(
        payload,
        Dialect::Gemini,
        &[
            &format!(
                r#"{{"role":"model","parts":[{{"text":"Let me look at both."}},{{"functionCall":{{"id":"function_call_w1","name":"find_slots","args":{{"week": "next", "n": 1.0}}}},"thoughtSignature":"{first}"}},{{"functionCall":{{"id":"function_call_w2","name":"find_slots","args":{{"week": "after next"}}}}}}]}}"#
            ),
            &format!(r#"{{"role":"model","parts":[{{"text":"Ten is free.","thoughtSignature":"{words}"}}]}}"#),
            &format!(
                r#"{{"role":"model","parts":[{{"functionCall":{{"id":"function_call_c","name":"book_slot","args":{{"slot": "10:00"}}}},"thoughtSignature":"{last}"}}]}}"#
            ),
        ],
    );

    let payload = include_str!("../data/livekit/odd.json");
    let calls = r#"{"functionCall":{"id":"c1","name":"find_order","args":{"number":7}}},{"functionCall":{"id":"c2","name":"find_order","args":{"number": 8}},"thoughtSignature":"c2ln"}"#;
    check(payload, Dialect::Gemini, &[&format!(r#"{{"role":"model","parts":[{calls}]}}"#)]);

    let payload = include_str!("../data/pipecat/gemini.json");
    let [call, words] = [0, 1].map(|index| nth(payload, "signature", index));
    check(
        payload,
        Dialect::Gemini,
        &[
            &format!(
                r#"{{"role":"model","parts":[{{"functionCall":{{"id":"c1","name":"stock","args":{{"item": "winter tyres", "n": 4.0}}}},"thoughtSignature":"{call}"}},{{"functionCall":{{"id":"c2","name":"find_slots","args":{{"day": "Monday"}}}}}}]}}"#
            ),
            &format!(
                r#"{{"role":"model","parts":[{{"text":"Yes,  four.\nMonday at eight?","thoughtSignature":"{words}"}}]}}"#
            ),
            r#"{"role": "user", "parts": [{"text": "The picture that they sent:"}, {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]}"#,
            r#"{"role":"model","parts":[{"text":"Booked, Monday at","thoughtSignature":"c2VhbGVk"}]}"#,
        ],
    );
}

#[test]
fn thoughts_of_anthropics_stand_in_front_of_what_they_led_to() {
    let payload = include_str!("../data/pipecat/anthropic.json");
    let [first, second] = [0, 1].map(|index| nth(payload, "signature", index));
    check(
        payload,
        Dialect::Anthropic,
        &[
            &format!(
                r#"{{"role":"assistant","content":[{{"type":"thinking","thinking":"They want a slot. I look first.","signature":"{first}"}},{{"type":"text","text":"Let me look."}}]}}"#
            ),
            &format!(
                r#"{{"role":"assistant","content":[{{"type":"thinking","thinking":"","signature":"{second}"}},{{"type": "redacted_thinking", "data": "c2VjcmV0"}},{{"type":"tool_use","id":"toolu_02","name":"hold_slot","input":{{"slot": "08:00"}}}}]}}"#
            ),
            r#"{"role": "user", "content": [{"type": "text", "text": "Yes, book it."}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}]}"#,
        ],
    );
}

#[test]
fn reasoning_of_openais_stands_in_front_of_what_it_led_to() {
    let payload = include_str!("../data/pipecat/responses.json");
    let [first, second] = [0, 1].map(|index| nth(payload, "encrypted_content", index));
    check(
        payload,
        Dialect::OpenaiResponses,
        &[
            &format!(
                r#"[{{"type": "reasoning", "id": "rs_thought_runZ_0", "summary": [{{"type": "summary_text", "text": "Looking first."}}], "encrypted_content": "{first}"}},{{"type":"function_call","call_id":"call_a","name":"find_slots","arguments":"{{\"day\": \"Monday\"}}"}}]"#
            ),
            &format!(
                r#"[{{"type": "reasoning", "id": "rs_thought_runZ_1", "summary": [], "encrypted_content": "{second}"}},{{"type":"message","role":"assistant","content":"Eight is free."}}]"#
            ),
            r#"[{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Book it."}, {"type": "input_image", "image_url": "https://example.com/tyre.png"}]}]"#,
        ],
    );
}
