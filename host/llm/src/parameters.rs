//! The parameters of the live call's model, and which of them hold after it.

use std::collections::BTreeMap;

use aftercall_core::{
    json::Json,
    model::{Failure, FailureKind},
};
use serde_json::value::RawValue;

/// The call's parameters by their names, without those in `dropped`: what a request sets itself, and what would change the
/// form of the answer.
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
    passed.retain(|name, _| !dropped.contains(&name.as_str()));
    Ok(passed)
}
