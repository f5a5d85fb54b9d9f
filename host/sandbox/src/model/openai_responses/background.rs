//! Replies that are made in the background: kept, and given out when they have been asked for often enough.

use std::collections::BTreeMap;

use http::StatusCode;
use serde_json::{Value, json};

use crate::model::format::{Ask, Refused};

#[derive(Clone, Default)]
pub(crate) struct Background(BTreeMap<String, Making>);

#[derive(Clone)]
struct Making {
    reply: Value,
    /// How often it is asked for before it is there.
    polls: u32,
    cancelled: bool,
}

impl Background {
    /// Begins a reply that is there when it is asked for so many times, and gives what the provider says of it now. The
    /// number is one that no other response has.
    pub(crate) fn begin(&mut self, mut reply: Value, polls: u32, number: u32) -> Value {
        let id = format!("{}_{number}", reply["id"].as_str().unwrap_or_default());
        reply["id"] = id.as_str().into();
        let queued = unfinished(&reply, "queued");
        self.0.insert(id, Making { reply, polls, cancelled: false });
        queued
    }

    /// What the provider says of a response.
    pub(crate) fn answer(&mut self, ask: Ask<'_>) -> Result<Value, Refused> {
        let Ask { id, cancel } = ask;
        let unknown = || Refused::new(format!("Response with id '{id}' not found.")).status(StatusCode::NOT_FOUND);
        let making = self.0.get_mut(id).ok_or_else(unknown)?;
        if cancel {
            making.cancelled |= making.polls > 0;
        } else {
            making.polls = making.polls.saturating_sub(1);
        }
        Ok(match making {
            Making { cancelled: true, reply, .. } => unfinished(reply, "cancelled"),
            Making { polls: 0, reply, .. } => reply.clone(),
            Making { reply, .. } => unfinished(reply, "in_progress"),
        })
    }
}

/// What the provider says of a response that isn't made yet.
pub(super) fn unfinished(reply: &Value, status: &str) -> Value {
    let mut unfinished = reply.clone();
    unfinished["status"] = status.into();
    unfinished["output"] = json!([]);
    unfinished["incomplete_details"] = Value::Null;
    unfinished["usage"] = Value::Null;
    unfinished
}
