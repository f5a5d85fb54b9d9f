//! The plugin against fakes of its vendors: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod jira;
mod pagerduty;
mod tools;

use serde_json::{Value, json};

const KEY: &str = "ac_0123456789abcdef0123456789abcdef";

/// Of `page_oncall`.
fn arguments() -> Value {
    json!({ "service": "checkout", "summary": "No orders since 9:00", "severity": "critical" })
}

/// Of the other tools.
fn alert() -> Value {
    json!({ "alert": KEY })
}

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}
