//! The parameters of the live call's model, and which of them hold after it.
//!
//! Its limits on the length of an answer hold in no dialect: they are made for speech, and would cut the work after the
//! call short in the middle of a tool's arguments. A provider that demands a limit is given one of its dialect's.

use std::collections::BTreeMap;

use aftercall_core::{
    json::Json,
    model::{Failure, FailureKind},
};
use serde_json::value::RawValue;

/// Limits on the length of an answer, in the words of all providers whose models take calls.
const ANSWER_LIMITS: [&str; 7] = [
    "max_tokens",
    "maxTokens",
    "max_completion_tokens",
    "max_output_tokens",
    "maxOutputTokens",
    "max_new_tokens",
    "num_predict",
];

/// The call's parameters by their names, without [limits on the length of an answer](ANSWER_LIMITS) and without those in
/// `dropped`: what a request sets itself, and what would change the form of the answer.
///
/// # Errors
/// They are no JSON object.
pub(crate) fn passed_on(parameters: &Json, dropped: &[&str]) -> Result<BTreeMap<String, Box<RawValue>>, Failure> {
    let mut passed: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(parameters.as_str()).map_err(|error| Failure {
            kind: FailureKind::Rejected,
            message: format!("the call's model parameters are no JSON object: {error}"),
            retry_after_ms: None,
        })?;
    passed.retain(|name, _| !ANSWER_LIMITS.contains(&name.as_str()) && !dropped.contains(&name.as_str()));
    Ok(passed)
}
