//! Which values of parameters the provider takes, by its API reference
//! (<https://ai.google.dev/api/generate-content#generationconfig>).

use serde_json::{Value, json, value::RawValue};

use crate::sound::{is_number, is_whole};

/// Most tokens that any model thinks, by <https://ai.google.dev/gemini-api/docs/thinking>.
const THINKING_TOKENS_MAX: i64 = 32_768;

/// Most sequences that end a reply.
const STOP_SEQUENCES_MAX: usize = 5;

/// Whether it takes this value of a parameter, which is named as it names it.
pub(super) fn is_taken(name: &str, value: &RawValue) -> bool {
    match name {
        "temperature" => is_number(value, 0.0..=2.0),
        "topP" => is_number(value, 0.0..=1.0),
        "topK" => is_whole(value, 1..=i32::MAX.into()),
        "seed" => is_whole(value, i32::MIN.into()..=i32::MAX.into()),
        "safetySettings" => value.get().starts_with('['),
        "thinkingConfig" => serde_json::from_str(value.get()).is_ok_and(|config| is_of_thinking(&config)),
        _ => true,
    }
}

/// The sequences that it takes out of a list.
pub(super) fn sequences(list: &[Value]) -> Option<Value> {
    let texts = list.iter().filter(|text| text.as_str().is_some_and(|text| !text.is_empty()));
    let texts: Vec<&Value> = texts.take(STOP_SEQUENCES_MAX).collect();
    (!texts.is_empty()).then(|| json!(texts))
}

/// Whether a model is told to think in words that there are, and in words or in tokens, not in both.
fn is_of_thinking(config: &Value) -> bool {
    let Some(fields) = config.as_object() else { return false };
    let (mut levels, mut budgets) = (0, 0);
    let fits = fields.iter().all(|(name, value)| match name.as_str() {
        "includeThoughts" | "include_thoughts" => value.is_boolean(),
        "thinkingLevel" | "thinking_level" => {
            levels += 1;
            let word = value.as_str().unwrap_or_default().to_ascii_uppercase();
            ["MINIMAL", "LOW", "MEDIUM", "HIGH"].contains(&word.as_str())
        }
        "thinkingBudget" | "thinking_budget" => {
            budgets += 1;
            value.as_i64().is_some_and(|tokens| (-1..=THINKING_TOKENS_MAX).contains(&tokens))
        }
        _ => false,
    });
    fits && levels + budgets <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_the_provider_refuses_are_told() {
        for (name, value, expected) in [
            ("temperature", "2", true),
            ("temperature", "2.5", false),
            ("temperature", "\"warm\"", false),
            ("topP", "-0.5", false),
            ("topK", "2.5", false),
            ("topK", "40", true),
            ("seed", "-7", true),
            ("seed", "99999999999", false),
            ("safetySettings", "7", false),
            ("thinkingConfig", r#"{"thinkingBudget":-1,"includeThoughts":true}"#, true),
            ("thinkingConfig", r#"{"thinking_level":"low"}"#, true),
            ("thinkingConfig", r#"{"thinkingBudget":999999}"#, false),
            ("thinkingConfig", r#"{"thinkingBudget":9,"thinkingLevel":"LOW"}"#, false),
            ("thinkingConfig", r#"{"unheardOf":1}"#, false),
            ("thinkingConfig", "7", false),
        ] {
            let raw = RawValue::from_string(value.to_owned()).expect("JSON");
            assert_eq!(is_taken(name, &raw), expected, "{name} {value}");
        }
        let list = json!([" ", "", 7, "b", "c", "d", "e", "f"]);
        assert_eq!(sequences(list.as_array().expect("a list")), Some(json!([" ", "b", "c", "d", "e"])));
        assert_eq!(sequences(&[json!(7)]), None);
    }
}
