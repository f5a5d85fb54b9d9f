//! Which values of parameters the provider takes, by its API reference.

use serde_json::{Value, value::RawValue};

use crate::sound::{is_number, is_text, is_whole, is_word};

/// The words for how much a model thinks.
const EFFORTS: [&str; 6] = ["none", "minimal", "low", "medium", "high", "xhigh"];

/// Most sequences that end a reply.
const STOP_SEQUENCES_MAX: usize = 4;

/// Most entries of `metadata`.
const METADATA_ENTRIES_MAX: usize = 16;

/// Whether it takes this value of a parameter. `null` is as good as absent.
pub(crate) fn is_taken(name: &str, value: &RawValue) -> bool {
    value.get() == "null"
        || match name {
            "temperature" => is_number(value, 0.0..=2.0),
            "top_p" => is_number(value, 0.0..=1.0),
            "presence_penalty" | "frequency_penalty" => is_number(value, -2.0..=2.0),
            "seed" => is_whole(value, i64::MIN..=i64::MAX),
            "store" | "logprobs" => matches!(value.get(), "true" | "false"),
            "logit_bias" => value.get().starts_with('{'),
            "stop" => serde_json::from_str(value.get()).is_ok_and(|stop| is_stop(&stop)),
            "reasoning_effort" => serde_json::from_str(value.get()).is_ok_and(|word| is_effort(&word)),
            "verbosity" => is_word(value, &["low", "medium", "high"]),
            "metadata" => serde_json::from_str(value.get()).is_ok_and(|metadata| is_metadata(&metadata)),
            "service_tier" => is_word(value, &["auto", "default", "flex", "scale", "priority"]),
            "truncation" => is_word(value, &["auto", "disabled"]),
            _ => is_text(value),
        }
}

/// Whether there is such a word for how much a model thinks.
pub(crate) fn is_effort(word: &Value) -> bool {
    word.as_str().is_some_and(|word| EFFORTS.contains(&word))
}

fn is_stop(stop: &Value) -> bool {
    let is_some = |text: &Value| text.as_str().is_some_and(|text| !text.is_empty());
    match stop {
        Value::Array(list) => (1..=STOP_SEQUENCES_MAX).contains(&list.len()) && list.iter().all(is_some),
        one => is_some(one),
    }
}

fn is_metadata(metadata: &Value) -> bool {
    metadata
        .as_object()
        .is_some_and(|entries| entries.len() <= METADATA_ENTRIES_MAX && entries.values().all(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_the_provider_refuses_are_told() {
        for (name, value, expected) in [
            ("temperature", "0.5", true),
            ("temperature", "null", true),
            ("temperature", "2.5", false),
            ("temperature", "\"warm\"", false),
            ("top_p", "1.5", false),
            ("metadata", r#"{"room":"r"}"#, true),
            ("metadata", r#"{"room":7}"#, false),
            ("metadata", "7", false),
            ("service_tier", "\"priority\"", true),
            ("service_tier", "\"standard_only\"", false),
            ("truncation", "\"auto\"", true),
            ("truncation", "true", false),
            ("user", "\"u1\"", true),
            ("user", "7", false),
            ("presence_penalty", "-2", true),
            ("frequency_penalty", "3", false),
            ("seed", "7", true),
            ("seed", "1.5", false),
            ("store", "1", false),
            ("logit_bias", "{}", true),
            ("logit_bias", "7", false),
            ("stop", "\"END\"", true),
            ("stop", "\"\"", false),
            ("stop", r#"["a","b"]"#, true),
            ("stop", r#"["a","b","c","d","e"]"#, false),
            ("stop", r#"["a",7]"#, false),
            ("reasoning_effort", "\"enormous\"", false),
            ("verbosity", "\"low\"", true),
        ] {
            let raw = RawValue::from_string(value.to_owned()).expect("JSON");
            assert_eq!(is_taken(name, &raw), expected, "{name} {value}");
        }
        assert!(is_effort(&"low".into()) && !is_effort(&"enormous".into()) && !is_effort(&7.into()));
    }
}
