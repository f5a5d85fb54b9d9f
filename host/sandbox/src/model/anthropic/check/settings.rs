//! The parameters that say how the model is to answer.

use serde_json::Value;

use super::{Fields, Refused, at, known, missing, model::Generation, object, string};

const BUDGET_TOKENS_MIN: u64 = 1_024;

/// Whether a body has the model think within a number of tokens.
pub(super) fn thinks_within_a_budget(fields: &Fields) -> bool {
    fields.get("thinking").is_some_and(|thinking| thinking["type"] == "enabled")
}

pub(super) fn check(fields: &Fields, generation: &Generation) -> Result<(), Refused> {
    let max_tokens = whole("max_tokens", fields.get("max_tokens").ok_or_else(|| missing("max_tokens"))?, 1)?;
    let most = generation.output_tokens_max();
    if max_tokens > most {
        let model = fields.get("model").and_then(Value::as_str).unwrap_or_default();
        let words = format!("{max_tokens} > {most}, which is the maximum allowed number of output tokens for {model}");
        return Err(at("max_tokens", &words));
    }
    match fields.get("stream") {
        None | Some(Value::Bool(_)) => {}
        Some(_) => return Err(at("stream", "Input should be a valid boolean")),
    }
    if let Some(sequences) = fields.get("stop_sequences") {
        for sequence in sequences.as_array().ok_or_else(|| at("stop_sequences", "Input should be a valid list"))? {
            if string("stop_sequences", Some(sequence))?.trim().is_empty() {
                return Err(at("stop_sequences", "each stop sequence must contain non-whitespace"));
            }
        }
    }
    if let Some(metadata) = fields.get("metadata") {
        known(object("metadata", metadata)?, "metadata.", &["user_id"])?;
    }
    if let Some(tier) = fields.get("service_tier")
        && !["auto", "standard_only"].contains(&string("service_tier", Some(tier))?)
    {
        return Err(at("service_tier", "Input should be 'auto' or 'standard_only'"));
    }
    effort(fields)?;
    let thinks = thinking(fields, generation, max_tokens)?;
    sampling(fields, generation, thinks)
}

fn effort(fields: &Fields) -> Result<(), Refused> {
    let Some(config) = fields.get("output_config") else { return Ok(()) };
    let config = object("output_config", config)?;
    known(config, "output_config.", &["effort", "format"])?;
    let Some(effort) = config.get("effort") else { return Ok(()) };
    match string("output_config.effort", Some(effort))? {
        "low" | "medium" | "high" | "xhigh" | "max" => Ok(()),
        _ => Err(at("output_config.effort", "Input should be 'low', 'medium', 'high', 'xhigh' or 'max'")),
    }
}

/// Whether the model thinks.
fn thinking(fields: &Fields, generation: &Generation, max_tokens: u64) -> Result<bool, Refused> {
    let Some(thinking) = fields.get("thinking") else { return Ok(false) };
    let thinking = object("thinking", thinking)?;
    let unsupported = |kind: &str| {
        Refused::new(format!(
            "\"thinking.type.{kind}\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior."
        ))
    };
    match string("thinking.type", thinking.get("type"))? {
        "enabled" => {
            known(thinking, "thinking.enabled.", &["type", "budget_tokens", "display"])?;
            let place = "thinking.enabled.budget_tokens";
            let budget = thinking.get("budget_tokens").ok_or_else(|| missing(place))?;
            let budget = whole(place, budget, BUDGET_TOKENS_MIN)?;
            if !generation.takes_a_budget() {
                return Err(unsupported("enabled"));
            }
            if budget >= max_tokens {
                return Err(Refused::new("`max_tokens` must be greater than `thinking.budget_tokens`."));
            }
            match fields.get("tool_choice").and_then(|choice| choice["type"].as_str()) {
                Some("any" | "tool") => {
                    Err(Refused::new("Thinking may not be enabled when tool_choice forces tool use."))
                }
                Some(_) | None => Ok(true),
            }
        }
        "adaptive" if !generation.thinks_adaptively() => {
            Err(Refused::new("adaptive thinking is not supported on this model"))
        }
        "adaptive" => known(thinking, "thinking.adaptive.", &["type", "display"]).map(|()| true),
        "disabled" => known(thinking, "thinking.disabled.", &["type"]).map(|()| false),
        other => Err(at("thinking", &expected_tags(other, "'adaptive', 'disabled', 'enabled'"))),
    }
}

fn sampling(fields: &Fields, generation: &Generation, thinks: bool) -> Result<(), Refused> {
    for name in ["temperature", "top_p", "top_k"] {
        let Some(value) = fields.get(name) else { continue };
        let number = value.as_f64().ok_or_else(|| at(name, "Input should be a valid number"))?;
        if number < 0.0 {
            return Err(at(name, "Input should be greater than or equal to 0"));
        }
        if name != "top_k" && number > 1.0 {
            return Err(at(name, "range: 0..1"));
        }
        if !generation.takes_sampling() {
            return Err(Refused::new(format!("`{name}` is deprecated for this model.")));
        }
        let message = match name {
            "temperature" if number < 1.0 => "`temperature` may only be set to 1 when thinking is enabled.",
            "top_p" if number < 0.95 => {
                "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled."
            }
            "top_k" => "`top_k` must be unset when thinking is enabled.",
            _ => continue,
        };
        if thinks {
            return Err(Refused::new(message));
        }
    }
    if fields.contains_key("temperature")
        && fields.contains_key("top_p")
        && !generation.takes_temperature_beside_top_p()
    {
        let message = "`temperature` and `top_p` cannot both be specified for this model. Please use only one.";
        return Err(Refused::new(message));
    }
    Ok(())
}

pub(super) fn expected_tags(found: &str, expected: &str) -> String {
    format!("Input tag '{found}' found using 'type' does not match any of the expected tags: {expected}")
}

/// A whole number that is at least so much.
fn whole(place: &str, value: &Value, least: u64) -> Result<u64, Refused> {
    if value.as_i64().is_none() && value.as_u64().is_none() {
        return Err(at(place, "Input should be a valid integer"));
    }
    let number = value.as_u64().filter(|number| *number >= least);
    number.ok_or_else(|| at(place, &format!("Input should be greater than or equal to {least}")))
}
