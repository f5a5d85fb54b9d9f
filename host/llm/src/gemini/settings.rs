//! The parameters of the live call that hold after it, by the provider's names.

use std::collections::BTreeMap;

use aftercall_core::{
    json::Json,
    model::{Effort, Failure, Reasoning},
};
use serde_json::{Value, value::RawValue};

use super::{sound, thinking};
use crate::{parameters::passed_on, raw::raw};

/// What a request says of how the reply is to be made.
#[derive(Default)]
pub(super) struct Settings {
    /// `generationConfig`.
    pub(super) generation: BTreeMap<String, Box<RawValue>>,
    /// `safetySettings`, where the call had some.
    pub(super) safety: Option<Box<RawValue>>,
}

/// The settings out of the call's parameters, which are in the words of Gemini or of OpenAI, flat or in `generationConfig`.
/// What the model is to think is as `reasoning` says, where it does.
///
/// # Errors
/// The parameters are no JSON object.
pub(super) fn settings(parameters: &Json, reasoning: Option<Reasoning>, model: &str) -> Result<Settings, Failure> {
    let given = passed_on(parameters, &[])?;
    let mut settings = Settings::default();
    let nested = ["generation_config", "generationConfig"].iter().filter_map(|name| given.get(*name));
    let nested = nested.filter_map(|config| serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(config.get()).ok());
    let nested: Vec<_> = nested.flatten().collect();
    let effort = given.get("reasoning_effort").and_then(|word| effort(word));
    for (name, value) in nested.into_iter().chain(given) {
        if value.get() == "null" {
            continue;
        }
        match known(&name) {
            Some("stopSequences") => {
                drop(sequences(&value).map(|list| settings.generation.insert("stopSequences".to_owned(), list)))
            }
            Some(known) if !sound::is_taken(known, &value) => {}
            Some("safetySettings") => settings.safety = Some(value),
            Some(known) => drop(settings.generation.insert(known.to_owned(), value)),
            None => {}
        }
    }
    match reasoning {
        Some(reasoning) => settings.think(reasoning, model),
        None if !settings.generation.contains_key("thinkingConfig") => {
            let config = effort.and_then(|effort| thinking::config(Reasoning::Effort(effort), model));
            settings.generation.extend(config.map(|config| ("thinkingConfig".to_owned(), raw(&config))));
        }
        None => {}
    }
    Ok(settings)
}

impl Settings {
    fn think(&mut self, reasoning: Reasoning, model: &str) {
        self.generation.remove("thinkingConfig");
        let config = thinking::config(reasoning, model);
        self.generation.extend(config.map(|config| ("thinkingConfig".to_owned(), raw(&config))));
    }
}

/// The provider's name of a parameter. None: it has none, or the parameter would change the form of the answer, or most
/// models refuse it, as they do both penalties.
fn known(name: &str) -> Option<&'static str> {
    Some(match name {
        "temperature" => "temperature",
        "seed" => "seed",
        "top_p" | "topP" => "topP",
        "top_k" | "topK" => "topK",
        "stop" | "stop_sequences" | "stopSequences" => "stopSequences",
        "thinking_config" | "thinkingConfig" => "thinkingConfig",
        "safety_settings" | "safetySettings" => "safetySettings",
        _ => return None,
    })
}

/// OpenAI takes one text in the place of a list.
fn sequences(value: &RawValue) -> Option<Box<RawValue>> {
    match serde_json::from_str(value.get()).ok()? {
        Value::String(one) => sound::sequences(&[one.into()]).map(|list| raw(&list)),
        Value::Array(list) => sound::sequences(&list).map(|list| raw(&list)),
        _ => None,
    }
}

fn effort(word: &RawValue) -> Option<Effort> {
    Some(match serde_json::from_str::<String>(word.get()).ok()?.as_str() {
        "none" | "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" | "xhigh" => Effort::High,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use aftercall_core::model::FailureKind;
    use serde_json::json;

    use super::*;

    fn check(parameters: &str, reasoning: Option<Reasoning>, model: &str, expected: Value) {
        let settings = settings(&Json::parse(parameters).expect("JSON"), reasoning, model).expect("settings");
        let text = serde_json::to_string(&settings.generation).expect("JSON");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), expected, "{parameters}");
    }

    #[test]
    fn parameters_are_named_as_the_provider_names_them() {
        let pro = "gemini-2.5-pro";
        let high = Some(Reasoning::Effort(Effort::High));
        check("{}", None, pro, json!({}));
        check(
            r#"{"temperature":0.2,"top_p":1,"max_tokens":250,"stop":"END","seed":7,"top_k":40}"#,
            None,
            pro,
            json!({"temperature": 0.2, "topP": 1, "stopSequences": ["END"], "seed": 7, "topK": 40}),
        );
        check(
            r#"{"topP":0.9,"maxOutputTokens":9,"stopSequences":["a","b"],"thinkingConfig":{"thinkingBudget":0}}"#,
            None,
            pro,
            json!({"topP": 0.9, "stopSequences": ["a", "b"], "thinkingConfig": {"thinkingBudget": 0}}),
        );
        check(
            r#"{"generationConfig":{"temperature":0.1,"topK":3,"responseMimeType":"application/json"},"temperature":0.3}"#,
            None,
            pro,
            json!({"temperature": 0.3, "topK": 3}),
        );
        for dropped in [
            r#"{"model":"x","contents":[],"stream":true,"n":2,"candidateCount":2,"tools":[],"toolConfig":{},"presence_penalty":0.1}"#,
            r#"{"frequencyPenalty":1,"responseSchema":{},"cachedContent":"x","stop":[],"temperature":null}"#,
        ] {
            check(dropped, None, pro, json!({}));
        }
        check(r#"{"reasoning_effort":"low"}"#, None, pro, json!({"thinkingConfig": {"thinkingBudget": 4_096}}));
        check(
            r#"{"reasoning_effort":"low","thinking_config":{"thinkingLevel":"LOW"}}"#,
            high,
            pro,
            json!({"thinkingConfig": {"thinkingBudget": 32_768}}),
        );
        check(r#"{"max_tokens":250,"generationConfig":{"maxOutputTokens":9}}"#, high, "gemini-2.0-flash", json!({}));
    }

    #[test]
    fn parameters_that_are_no_object_are_refused() {
        let failure = settings(&Json::parse("[1]").expect("JSON"), None, "m").err().expect("no object");
        assert_eq!(failure.kind, FailureKind::Rejected);
    }
}
