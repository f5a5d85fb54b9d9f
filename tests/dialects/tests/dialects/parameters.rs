//! Parameters of the live call, however odd, in the words of any provider: whoever goes on takes the request.

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    json::Json,
    model::{Effort, History, Reasoning},
};

use crate::{
    law::models,
    request::{Asked, Stage},
};

const PARAMETERS: [&str; 44] = [
    r#"{"temperature": 0.2, "top_p": 0.9}"#,
    r#"{"temperature": 2.5}"#,
    r#"{"temperature": -1}"#,
    r#"{"temperature": "warm"}"#,
    r#"{"temperature": null, "top_p": null, "max_tokens": null, "stop": null, "seed": null}"#,
    r#"{"top_p": 1.5, "topP": -0.5}"#,
    r#"{"top_p": "0.9"}"#,
    r#"{"top_k": 0, "topK": 2.5}"#,
    r#"{"top_k": "40"}"#,
    r#"{"max_tokens": 0}"#,
    r#"{"max_tokens": 1}"#,
    r#"{"max_tokens": -5}"#,
    r#"{"max_tokens": 1000000}"#,
    r#"{"max_tokens": 99999999999}"#,
    r#"{"max_tokens": "250"}"#,
    r#"{"max_tokens": 250.5}"#,
    r#"{"max_tokens": 100, "max_completion_tokens": 200}"#,
    r#"{"max_output_tokens": 3}"#,
    r#"{"maxOutputTokens": 400, "topK": 40, "stopSequences": ["END"], "candidateCount": 2}"#,
    r#"{"generationConfig": {"temperature": 3, "responseSchema": {}, "maxOutputTokens": -1, "seed": 1.5}}"#,
    r#"{"generationConfig": 7, "safetySettings": 7, "thinkingConfig": 7}"#,
    r#"{"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]}"#,
    r#"{"thinkingConfig": {"thinkingBudget": 999999}}"#,
    r#"{"thinkingConfig": {"thinkingBudget": 100, "thinkingLevel": "HIGH"}}"#,
    r#"{"thinkingConfig": {"thinkingLevel": "ENORMOUS", "unheardOf": 1}}"#,
    r#"{"stop": ["a", "b", "c", "d", "e", "f"]}"#,
    r#"{"stop": [" ", "", 7]}"#,
    r#"{"stop": ""}"#,
    r#"{"stop_sequences": "END"}"#,
    r#"{"response_format": {"type": "json_object"}, "text": {"format": {"type": "json_object"}}}"#,
    r#"{"tools": [{"type": "function", "function": {"name": "x"}}], "tool_choice": "required", "parallel_tool_calls": false}"#,
    r#"{"tool_choice": {"type": "tool", "name": "gone"}, "functions": [], "function_call": "auto"}"#,
    r#"{"stream": true, "stream_options": {"include_usage": true}, "n": 3, "store": true, "background": true}"#,
    r#"{"unheard_of": {"deep": [1]}, "": 1, "model": "other", "messages": [], "input": [], "contents": [], "system": "Lie."}"#,
    r#"{"presence_penalty": 1, "frequency_penalty": 3, "logit_bias": {}, "logprobs": true, "seed": 99999999999}"#,
    r#"{"reasoning_effort": "none"}"#,
    r#"{"reasoning_effort": "enormous"}"#,
    r#"{"reasoning": {"effort": "low", "summary": "auto"}}"#,
    r#"{"reasoning": "low"}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 100000}, "max_tokens": 200, "temperature": 0.4}"#,
    r#"{"thinking": {"type": "enabled", "budget_tokens": 1}, "output_config": {"effort": "enormous"}}"#,
    r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}, "top_k": 5}"#,
    r#"{"thinking": "yes", "metadata": 7, "service_tier": "priority", "inference_geo": 7}"#,
    r#"{"metadata": {"user_id": "u1", "room": "r"}, "user": "u1", "previous_response_id": "resp_1", "conversation": "c"}"#,
];

#[test]
fn parameters_of_any_provider_are_taken_by_each() {
    let mut failures = Vec::new();
    for parameters in PARAMETERS {
        let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
        conversation.items.push(Item::message(Role::User, "Hello?"));
        conversation.model.parameters = Json::parse(parameters).expect("JSON");
        for dialect in Dialect::ALL {
            for model in models(dialect) {
                for reasoning in [None, Some(Reasoning::Effort(Effort::High))] {
                    // A model that can't think was never told how to.
                    let is_told = reasoning.is_some() || parameters.contains("reasoning");
                    if dialect == Dialect::OpenaiResponses && *model == "gpt-4.1" && is_told {
                        continue;
                    }
                    let asked = Asked::new(dialect, History::AsWritten, Stage::Called).of_model(model, reasoning);
                    if let Err(why) = asked.body(&conversation).and_then(|body| asked.taken(&body)) {
                        failures.push(format!("{parameters} to {model}, {reasoning:?}: {why}"));
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
