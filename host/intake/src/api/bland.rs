//! Bland's API: `GET /v1/calls`, which has no transcripts, and `GET /v1/calls/{call_id}`, which gives what the webhook has.
//! Source: Bland's pages "List Calls" and "Call Details".

use aftercall_core::time::Timestamp;
use serde_json::Value;

use super::{
    Ask, Span, earlier,
    list::{CALL_MS_MAX, Listed, Lister, Page},
    refused, with_query,
};
use crate::{
    Error, Form, bland,
    document::{self, Tree},
};

/// Before a call's identifier.
pub(super) const CALL: &str = "/v1/calls/";

/// Calls of a page: Bland gives 1,000 unasked. It may give fewer than it is asked for, so that only an empty page is the last.
const PAGE_CALLS: usize = 200;

/// The call object is the webhook's payload already.
pub(super) fn record(body: &[u8]) -> Result<Vec<u8>, Error> {
    let document = document::tree(body)?;
    if id(Tree(&document)).is_none() {
        return Err(refused(Form::Bland, "the call", &document));
    }
    match bland::is_whole(Tree(&document)) {
        Ok(()) => Ok(body.to_vec()),
        Err(Error::OtherEvent { place, event, .. }) => Err(Error::UnderWay { place, status: event }),
        Err(other) => Err(other),
    }
}

fn id(call: Tree<'_>) -> Option<String> {
    call.text(&["/call_id", "/c_id"])
}

pub(super) const LISTER: Lister = Lister { ask, read };

/// Newest first, by when they were made: nothing else that the list can be asked for tells when calls ended, so it is read until
/// calls were made too early. Calls that are made meanwhile move others to later pages, where they stand once more.
fn ask(_: Span, cursor: Option<&str>) -> Ask {
    let query = [
        ("from", cursor.unwrap_or("0").to_owned()),
        ("limit", PAGE_CALLS.to_string()),
        ("sort_by", "created_at".to_owned()),
        ("ascending", "false".to_owned()),
    ];
    Ask::get(with_query("/v1/calls", &query))
}

fn read(span: Span, cursor: Option<&str>, answer: &Value) -> Result<Page, Error> {
    let Some(calls) = answer.get("calls").and_then(Value::as_array) else {
        return Err(refused(Form::Bland, "the calls", answer));
    };
    let made = |call: &Value| Tree(call).instant(&["/created_at"]);
    let too_early = earlier(span.since, CALL_MS_MAX);
    let is_last = calls.is_empty() || calls.iter().filter_map(made).any(|made| made < too_early);
    let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let next = (!is_last).then(|| (from + calls.len()).to_string());
    Ok(Page { calls: calls.iter().filter_map(listed).collect(), next })
}

fn listed(call: &Value) -> Option<Listed> {
    let call = Tree(call);
    bland::is_whole(call).ok()?;
    Some(Listed { conversation: id(call)?, ended_at: ended_at(call), payload: None })
}

/// A listed call may not say when it began: it was made before that.
fn ended_at(call: Tree<'_>) -> Option<Timestamp> {
    bland::ended_at(call, call.instant(&["/started_at", "/created_at"]))
}
