//! Errors that are told in a body or in an event, where no status tells what kind they are.

use serde_json::Value;

/// The status that goes with an error, as its number or its words tell. None: they don't.
///
/// The numbers are those of Google, of routers and vLLM, the words those of OpenAI
/// (<https://platform.openai.com/docs/guides/error-codes>), of those who write as it does, and of Anthropic
/// (<https://docs.anthropic.com/en/api/errors>).
pub(crate) fn status(error: &Value) -> Option<u16> {
    let number = |name: &str| match error.get(name)? {
        Value::String(text) => text.parse().ok(),
        number => number.as_u64().and_then(|number| u16::try_from(number).ok()),
    };
    let numbers = ["code", "status_code", "status"].into_iter().filter_map(number);
    let word = |name: &str| of_word(error.get(name)?.as_str()?);
    numbers.into_iter().find(|status| (400..600).contains(status)).or_else(|| word("code")).or_else(|| word("type"))
}

fn of_word(word: &str) -> Option<u16> {
    Some(match word {
        "invalid_request_error" | "invalid_prompt" | "context_length_exceeded" | "BadRequestError" => 400,
        "invalid_api_key" | "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" | "model_not_found" => 404,
        "request_too_large" => 413,
        "rate_limit_exceeded" | "rate_limit_error" | "insufficient_quota" => 429,
        "server_error" | "api_error" | "internal_error" | "internal_server_error" | "InternalServerError" => 500,
        "timeout" | "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_before_words() {
        for (error, expected) in [
            (json!({"code": 502, "type": "rate_limit_error"}), Some(502)),
            (json!({"code": "429"}), Some(429)),
            (json!({"code": null, "status_code": 400}), Some(400)),
            (json!({"code": "rate_limit_exceeded", "type": "tokens"}), Some(429)),
            (json!({"code": "tool_use_failed", "type": "invalid_request_error"}), Some(400)),
            (json!({"code": 7, "type": "server_error"}), Some(500)),
            (json!({"type": "billing_error"}), Some(402)),
            (json!({"type": "request_too_large"}), Some(413)),
            (json!({"code": 503, "status": "UNAVAILABLE"}), Some(503)),
            (json!({"code": 600, "status": "UNKNOWN"}), None),
            (json!({"code": "odd", "type": "odder"}), None),
            (json!("words"), None),
        ] {
            assert_eq!(status(&error), expected, "{error}");
        }
    }
}
