use super::*;

fn tokens(tokens: u32) -> Option<Reasoning> {
    NonZeroU32::new(tokens).map(Reasoning::Tokens)
}

fn check(model: &str, live: &str, reasoning: Option<Reasoning>, expected: Value) {
    let live = Json::parse(live).expect("JSON");
    let settings = settings(&live, reasoning, &Generation::of(model), false).expect("settings");
    assert_eq!(serde_json::to_value(settings).expect("JSON"), expected, "{model} {}", live.as_str());
}

#[test]
fn parameters_are_passed_on_in_the_providers_words() {
    let model = "claude-haiku-4-5";
    for (live, expected) in [
        ("{}", json!({"max_tokens": 8192})),
        (r#"{"temperature": 0.20, "max_tokens": 250}"#, json!({"max_tokens": 8192, "temperature": 0.20})),
        (
            r#"{"temperature": 1.4, "top_p": 0.9, "top_k": 5}"#,
            json!({"max_tokens": 8192, "temperature": 1, "top_k": 5}),
        ),
        (r#"{"top_p": 0.9, "max_completion_tokens": 900000}"#, json!({"max_tokens": 8192, "top_p": 0.9})),
        (r#"{"temperature": -1, "top_p": "x", "top_k": 0, "max_tokens": -5}"#, json!({"max_tokens": 8192})),
        (r#"{"stop": "END"}"#, json!({"max_tokens": 8192, "stop_sequences": ["END"]})),
        (r#"{"stop": [" ", "a", 7]}"#, json!({"max_tokens": 8192, "stop_sequences": ["a"]})),
        (r#"{"stop_sequences": [], "n": 2, "stream": true, "seed": 1, "user": "u"}"#, json!({"max_tokens": 8192})),
        (
            r#"{"metadata": {"user_id": "u1", "x": 1}, "service_tier": "auto", "inference_geo": "eu"}"#,
            json!({"max_tokens": 8192, "metadata": {"user_id": "u1"}, "service_tier": "auto", "inference_geo": "eu"}),
        ),
        (r#"{"service_tier": "flex", "tool_choice": {"type": "any"}}"#, json!({"max_tokens": 8192})),
    ] {
        check(model, live, None, expected);
    }
    let failure = settings(&Json::parse("[1]").expect("JSON"), None, &Generation::of(model), false);
    assert!(failure.is_err());
}

#[test]
fn each_generation_is_told_to_think_in_its_own_words() {
    let low = Some(Reasoning::Effort(Effort::Low));
    let minimal = Some(Reasoning::Effort(Effort::Minimal));
    let enabled = |budget: u32| json!({"type": "enabled", "budget_tokens": budget});
    let adaptive = json!({"type": "adaptive"});
    let warm = r#"{"temperature": 0.5, "top_k": 4}"#;
    for (model, live, reasoning, expected) in [
        ("claude-3-5-haiku-latest", warm, low, json!({"max_tokens": 8192, "temperature": 0.5, "top_k": 4})),
        ("claude-haiku-4-5", warm, low, json!({"max_tokens": 12288, "thinking": enabled(4096)})),
        ("claude-haiku-4-5", "{}", tokens(7), json!({"max_tokens": 9216, "thinking": enabled(1024)})),
        ("claude-opus-4-1", "{}", tokens(u32::MAX), json!({"max_tokens": 32000, "thinking": enabled(24000)})),
        ("kimi-k2", r#"{"max_tokens": 100}"#, low, json!({"max_tokens": 12288, "thinking": enabled(4096)})),
        (
            "claude-haiku-4-5",
            r#"{"thinking": {"type": "enabled", "budget_tokens": 2048}, "max_tokens": 3000}"#,
            None,
            json!({"max_tokens": 10240, "thinking": enabled(2048)}),
        ),
        (
            "claude-haiku-4-5",
            r#"{"reasoning_effort": "low"}"#,
            None,
            json!({"max_tokens": 12288, "thinking": enabled(4096)}),
        ),
        ("claude-haiku-4-5", r#"{"thinking": {"type": "disabled"}}"#, None, json!({"max_tokens": 8192})),
        (
            "claude-sonnet-4-6",
            warm,
            minimal,
            json!({"max_tokens": 9216, "thinking": adaptive, "output_config": {"effort": "low"}}),
        ),
        (
            "claude-opus-4-7",
            r#"{"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh", "format": {}}}"#,
            None,
            json!({"max_tokens": 40960, "thinking": adaptive, "output_config": {"effort": "xhigh"}}),
        ),
        ("claude-opus-4-7", warm, None, json!({"max_tokens": 8192})),
        ("claude-sonnet-5", warm, None, json!({"max_tokens": 40960})),
        (
            "claude-sonnet-5",
            r#"{"reasoning_effort": "none"}"#,
            None,
            json!({"max_tokens": 8192, "thinking": {"type": "disabled"}}),
        ),
        ("claude-fable-5", r#"{"thinking": {"type": "disabled"}}"#, None, json!({"max_tokens": 40960})),
        (
            "claude-opus-5",
            r#"{"output_config": {"effort": "medium"}}"#,
            None,
            json!({"max_tokens": 40960, "output_config": {"effort": "medium"}}),
        ),
    ] {
        check(model, live, reasoning, expected);
    }
}

#[test]
fn no_budget_begins_in_the_middle() {
    let live = Json::parse("{}").expect("JSON");
    for (model, thinks) in [("claude-haiku-4-5", false), ("claude-opus-4-6", true)] {
        let settings = settings(&live, tokens(2048), &Generation::of(model), true).expect("settings");
        assert_eq!(settings.contains_key("thinking"), thinks, "{model}");
    }
}
