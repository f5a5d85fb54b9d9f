//! How the model is to answer: the live call's parameters in the provider's words, and how much it thinks.

use std::{collections::BTreeMap, num::NonZeroU32};

use aftercall_core::{
    json::Json,
    model::{Effort, Failure, Reasoning},
};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::generation::{Generation, Thinking};
use crate::{parameters::passed_on, raw::raw};

/// How many tokens an answer may have, thoughts aside. The provider wants a number, and the live call's is for speech.
const ANSWER_TOKENS: u32 = 8_192;

/// The least that the provider takes as a budget for thoughts.
const BUDGET_TOKENS_MIN: u32 = 1_024;

/// The parameters of the live call.
struct Live(BTreeMap<String, Box<RawValue>>);

/// The parameters of a request that say how to answer. Where a run of calls and results `resumes_without_thought`, a model
/// that thinks within a budget can't begin to think in the middle of it: the provider answers 400.
///
/// # Errors
/// The live call's are no JSON object.
pub(crate) fn settings(
    live: &Json,
    reasoning: Option<Reasoning>,
    generation: &Generation,
    resumes_without_thought: bool,
) -> Result<BTreeMap<String, Box<RawValue>>, Failure> {
    let live = Live(passed_on(live, &[])?);
    let asked = reasoning.or_else(|| live.reasoning());
    let most = generation.output_tokens_max();
    let (mut settings, mut room) = (BTreeMap::new(), 0);
    match (generation.thinking(), asked) {
        (Thinking::Budget, Some(asked)) if !resumes_without_thought => {
            room = asked.tokens().clamp(BUDGET_TOKENS_MIN, most / 4 * 3);
            set(&mut settings, "thinking", &json!({"type": "enabled", "budget_tokens": room}));
        }
        (Thinking::Adaptive, Some(asked)) => {
            room = asked.tokens();
            let own = live.effort().filter(|_| reasoning.is_none());
            let effort = own.unwrap_or_else(|| nearest(asked.effort()).to_owned());
            set(&mut settings, "thinking", &json!({"type": "adaptive"}));
            set(&mut settings, "output_config", &json!({"effort": effort}));
        }
        (Thinking::Adaptive, None) if live.declines_thoughts() && generation.may_be_told_not_to_think() => {
            if generation.thinks_unasked() {
                set(&mut settings, "thinking", &json!({"type": "disabled"}));
            }
        }
        (Thinking::Adaptive, None) => {
            if generation.thinks_unasked() {
                room = Effort::High.tokens();
            }
            if let Some(effort) = live.effort() {
                set(&mut settings, "output_config", &json!({"effort": effort}));
            }
        }
        (Thinking::Never | Thinking::Budget, _) => {}
    }
    set(&mut settings, "max_tokens", &ANSWER_TOKENS.saturating_add(room).min(most));
    if generation.takes_sampling() && room == 0 {
        live.sampling(&mut settings);
    }
    live.others(&mut settings);
    Ok(settings)
}

impl Live {
    fn value(&self, name: &str) -> Option<Value> {
        serde_json::from_str(self.0.get(name)?.get()).ok()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name)?.as_str().map(str::to_owned)
    }

    /// How much it thought, in this provider's words or in OpenAI's.
    fn reasoning(&self) -> Option<Reasoning> {
        if self.declines_thoughts() {
            return None;
        }
        let thinking = self.value("thinking").unwrap_or_default();
        match thinking["type"].as_str() {
            Some("enabled") => {
                let tokens = thinking["budget_tokens"].as_u64().and_then(|tokens| u32::try_from(tokens).ok());
                return tokens.and_then(NonZeroU32::new).map(Reasoning::Tokens);
            }
            Some("adaptive") => {
                let effort = self.effort().as_deref().and_then(effort);
                return Some(Reasoning::Effort(effort.unwrap_or(Effort::High)));
            }
            Some(_) | None => {}
        }
        self.text("reasoning_effort").as_deref().and_then(effort).map(Reasoning::Effort)
    }

    fn declines_thoughts(&self) -> bool {
        let thinking = self.value("thinking").unwrap_or_default();
        thinking["type"] == "disabled" || self.text("reasoning_effort").as_deref() == Some("none")
    }

    /// This provider's word for how much goes into an answer.
    fn effort(&self) -> Option<String> {
        let word = self.value("output_config")?["effort"].as_str()?.to_owned();
        effort(&word).map(|_| word)
    }

    /// Newer models take one of `temperature` and `top_p`.
    fn sampling(&self, settings: &mut BTreeMap<String, Box<RawValue>>) {
        let number = |name: &str| self.value(name).and_then(|value| value.as_f64());
        match number("temperature") {
            Some(temperature) if temperature > 1.0 => set(settings, "temperature", &1),
            Some(0.0..=1.0) => self.keep(settings, "temperature"),
            Some(_) | None => {
                if let Some(0.0..=1.0) = number("top_p") {
                    self.keep(settings, "top_p");
                }
            }
        }
        if self.value("top_k").and_then(|value| value.as_u64()).is_some_and(|choices| choices > 0) {
            self.keep(settings, "top_k");
        }
    }

    fn others(&self, settings: &mut BTreeMap<String, Box<RawValue>>) {
        let stop = match self.value("stop_sequences").or_else(|| self.value("stop")) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let stop: Vec<String> = stop.into_iter().filter(|stop| !stop.trim().is_empty()).collect();
        if !stop.is_empty() {
            set(settings, "stop_sequences", &stop);
        }
        if let Some(user) = self.value("metadata").unwrap_or_default()["user_id"].as_str() {
            set(settings, "metadata", &json!({"user_id": user}));
        }
        if let Some("auto" | "standard_only") = self.text("service_tier").as_deref() {
            self.keep(settings, "service_tier");
        }
        if self.text("inference_geo").is_some() {
            self.keep(settings, "inference_geo");
        }
    }

    fn keep(&self, settings: &mut BTreeMap<String, Box<RawValue>>, name: &str) {
        if let Some(value) = self.0.get(name) {
            settings.insert(name.to_owned(), value.clone());
        }
    }
}

/// Our word for one of the provider's, or of OpenAI's.
fn effort(word: &str) -> Option<Effort> {
    Some(match word {
        "minimal" => Effort::Minimal,
        "low" => Effort::Low,
        "medium" => Effort::Medium,
        "high" | "xhigh" | "max" => Effort::High,
        _ => return None,
    })
}

/// The provider's word for one of ours: it has none for thinking hardly at all.
fn nearest(effort: Effort) -> &'static str {
    match effort {
        Effort::Minimal => Effort::Low.as_str(),
        effort => effort.as_str(),
    }
}

fn set(settings: &mut BTreeMap<String, Box<RawValue>>, name: &str, value: &impl Serialize) {
    settings.insert(name.to_owned(), raw(value));
}

#[cfg(test)]
mod tests;
