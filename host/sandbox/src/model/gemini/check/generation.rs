//! `generationConfig`.

use serde_json::Value;

use super::{Object, Refused, field, invalid, known, list, object, text, wrong};

const FIELDS: &[&str] = &[
    "candidateCount",
    "enableEnhancedCivicAnswers",
    "frequencyPenalty",
    "imageConfig",
    "logprobs",
    "maxOutputTokens",
    "mediaResolution",
    "presencePenalty",
    "responseJsonSchema",
    "responseLogprobs",
    "responseMimeType",
    "responseModalities",
    "responseSchema",
    "seed",
    "speechConfig",
    "stopSequences",
    "temperature",
    "thinkingConfig",
    "topK",
    "topP",
];

/// Most sequences that end a reply.
const STOP_SEQUENCES_MAX: usize = 5;

/// Most tokens that any model thinks.
const THINKING_TOKENS_MAX: i64 = 32_768;

pub(super) fn check(config: &Object) -> Result<(), Refused> {
    let at = "generation_config";
    known(at, config, FIELDS)?;
    for (name, least, most) in [("temperature", 0.0, 2.0), ("topP", 0.0, 1.0)] {
        let Some(value) = field(config, name) else { continue };
        let at = format!("{at}.{}", super::snake(name));
        let number = value.as_f64().ok_or_else(|| invalid(&at, "TYPE_FLOAT", value))?;
        if !(least..=most).contains(&number) {
            return Err(wrong(&at, &format!("{} must be in the range [{least:.1}, {most:.1}].", super::snake(name))));
        }
    }
    for (name, least, most) in [
        ("topK", 1, i32::MAX),
        ("maxOutputTokens", 1, i32::MAX),
        ("candidateCount", 1, 8),
        ("seed", i32::MIN, i32::MAX),
    ] {
        let Some(value) = field(config, name) else { continue };
        let at = format!("{at}.{}", super::snake(name));
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        let number = number.ok_or_else(|| invalid(&at, "TYPE_INT32", value))?;
        if !(least..=most).contains(&number) {
            return Err(wrong(&at, &format!("{} must be at least {least} and at most {most}.", super::snake(name))));
        }
    }
    if ["presencePenalty", "frequencyPenalty"].iter().any(|name| field(config, name).is_some()) {
        return Err(Refused::new("Penalty is not enabled for this model"));
    }
    let stops = list(&format!("{at}.stop_sequences"), field(config, "stopSequences"))?;
    if stops.len() > STOP_SEQUENCES_MAX {
        return Err(wrong(&format!("{at}.stop_sequences"), &format!("at most {STOP_SEQUENCES_MAX} are allowed.")));
    }
    if let Some(other) = stops.iter().find(|stop| !stop.is_string()) {
        return Err(invalid(&format!("{at}.stop_sequences"), "TYPE_STRING", other));
    }
    field(config, "thinkingConfig").map_or(Ok(()), thinking)
}

fn thinking(config: &Value) -> Result<(), Refused> {
    let at = "generation_config.thinking_config";
    let config = object(at, config)?;
    known(at, config, &["includeThoughts", "thinkingBudget", "thinkingLevel"])?;
    let level = text(&format!("{at}.thinking_level"), field(config, "thinkingLevel"))?.to_ascii_uppercase();
    if !["", "MINIMAL", "LOW", "MEDIUM", "HIGH"].contains(&level.as_str()) {
        let kind = "type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingConfig.ThinkingLevel";
        return Err(invalid(&format!("{at}.thinking_level"), kind, &level.into()));
    }
    let Some(budget) = field(config, "thinkingBudget") else { return Ok(()) };
    if !level.is_empty() {
        let message = "Unable to submit request because thinking_budget and thinking_level are not supported together.";
        return Err(Refused::new(message));
    }
    let tokens = budget.as_i64().ok_or_else(|| invalid(&format!("{at}.thinking_budget"), "TYPE_INT32", budget))?;
    if !(-1..=THINKING_TOKENS_MAX).contains(&tokens) {
        return Err(Refused::new(format!("The thinking budget ({tokens}) is invalid.")));
    }
    Ok(())
}
