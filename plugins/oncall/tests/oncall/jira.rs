//! Jira Service Management, which takes a request before it has done it, and can be asked.

mod change;
mod page;
mod published;
mod refusals;

use aftercall::testing::{Fake, Reply};
use aftercall::{Outcome, Receipt};
use serde_json::{Value, json};

use crate::{KEY, with};

const ALERTS: &str = "https://api.atlassian.com/jsm/ops/api/0a1b2c3d-0000-4000-8000-00000000000f/v1/alerts";
const NOW: u64 = 1_772_323_260_000;

pub(super) fn fake() -> Fake {
    Fake::new().settings(settings(json!({}))).key(KEY).first_attempt_at(NOW).attempt_at(NOW).now(NOW)
}

fn settings(more: Value) -> Value {
    let site = json!({
        "vendor": "jira-service-management",
        "source": "Route Planner",
        "cloud_id": "0a1b2c3d-0000-4000-8000-00000000000f",
        "responders": [{ "type": "team", "id": "t-1" }],
    });
    with(site, more)
}

pub(super) fn create() -> String {
    format!("POST {ALERTS}")
}

pub(super) fn by_alias() -> String {
    format!("GET {ALERTS}/alias")
}

pub(super) fn search() -> String {
    format!("GET {ALERTS}")
}

/// The line that changes the alert.
fn change(verb: &str) -> String {
    format!("POST {ALERTS}/a1-1704/{verb}")
}

fn status_line() -> String {
    format!("GET {ALERTS}/requests/r-1")
}

fn taken(status: u16) -> Reply {
    Reply::json(status, json!({ "result": "Request will be processed", "requestId": "r-1", "took": 0.2 }))
}

fn processed(is_success: bool, status: &str) -> Reply {
    let at = "2026-03-01T00:01:01.000Z";
    let body = json!({ "action": "Any", "processedAt": at, "isSuccess": is_success, "status": status, "alias": KEY });
    Reply::json(200, body)
}

pub(super) fn not_found() -> Reply {
    Reply::json(404, json!({ "errors": [{ "title": "Alert not found", "code": "NOT_FOUND" }] }))
}

fn found(status: &str, acknowledged: bool) -> Value {
    json!({ "id": "a1-1704", "alias": KEY, "status": status, "acknowledged": acknowledged, "tinyId": "7" })
}

pub(super) fn results(alerts: &[Value]) -> Reply {
    Reply::json(200, json!({ "values": alerts, "count": alerts.len(), "links": {} }))
}

pub(super) fn outcome(text: &str) -> Outcome {
    Outcome::new(format!("{text} (alert {KEY})")).with_receipt(Receipt::new("alert", KEY))
}

pub(super) fn paged() -> Outcome {
    outcome("Jira Service Management has the alert and notifies whoever is on call")
}
