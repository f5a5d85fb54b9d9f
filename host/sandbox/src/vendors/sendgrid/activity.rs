//! The Email Activity API, which an account has to have bought. A query here is conditions joined by `AND`, each in
//! parentheses or not: `(unique_args['key']="value") AND (to_email="ann@example.com")`.
//! <https://www.twilio.com/docs/sendgrid/api-reference/email-activity/filter-all-messages>

use http::StatusCode;
use serde_json::{Value, json};

use super::outbox::{Fate, Message, Outbox};
use super::refused::{Answer, Refused};
use super::seed::Account;
use crate::endpoint::{Reply, parameter};
use crate::time::iso;

const LIMIT_MAX: usize = 1_000;

/// What a message must be.
enum Condition {
    /// A custom argument, by its name.
    Argument(String, String),
    To(String),
    Id(String),
    Status(String),
}

/// Finds messages that have gone out, or would have, the newest first.
pub(super) fn find(query: &[(String, String)], account: &Account, outbox: &Outbox, now_ms: u64) -> Answer<Reply> {
    if !account.email_activity {
        return Err(Refused::plain(StatusCode::FORBIDDEN, "the account has not bought email activity"));
    }
    let limit = parameter(query, "limit").and_then(|limit| limit.parse::<usize>().ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    let limit = limit.ok_or_else(|| Refused::bad("limit", &format!("limit must be 1 to {LIMIT_MAX}")))?;
    let sought = parameter(query, "query").unwrap_or_default();
    let conditions = sought.split(" AND ").map(Condition::parse).collect::<Option<Vec<_>>>();
    let conditions =
        conditions.ok_or_else(|| Refused::bad("query", &format!("invalid query, or one not played: {sought}")))?;
    let is_due = |message: &&Message| message.fate != Fate::Stopped && message.at_s <= now_ms / 1_000;
    let fits = |message: &&Message| conditions.iter().all(|condition| condition.holds(message));
    let found = outbox.messages().iter().rev().filter(is_due).filter(fits).take(limit);
    Ok(Reply::json(StatusCode::OK, &json!({ "messages": found.map(shown).collect::<Vec<_>>() })))
}

impl Condition {
    fn parse(text: &str) -> Option<Condition> {
        let text = text.trim();
        let text = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).unwrap_or(text);
        let (name, value) = text.split_once('=')?;
        let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
        if value.contains('"') {
            return None;
        }
        let value = value.to_owned();
        Some(match name.trim() {
            "to_email" => Condition::To(value),
            "msg_id" => Condition::Id(value),
            "status" => Condition::Status(value),
            name => {
                let argument = name.strip_prefix("unique_args['")?.strip_suffix("']")?;
                Condition::Argument(argument.to_owned(), value)
            }
        })
    }

    fn holds(&self, message: &Message) -> bool {
        match self {
            Condition::Argument(name, value) => message.elements["custom_args"][name.as_str()] == **value,
            Condition::To(email) => message.to.eq_ignore_ascii_case(email),
            Condition::Id(id) => message.id == *id,
            Condition::Status(wanted) => status(message) == wanted,
        }
    }
}

fn status(message: &Message) -> &'static str {
    if message.fate == Fate::Goes { "delivered" } else { "not_delivered" }
}

fn shown(message: &Message) -> Value {
    json!({
        "msg_id": message.id,
        "from_email": message.elements["from"],
        "to_email": message.to,
        "subject": message.elements.get("subject"),
        "status": status(message),
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": iso(message.at_s.saturating_mul(1_000)),
    })
}
