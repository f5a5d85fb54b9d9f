//! Retell's API: `POST /v3/list-calls`, whose calls have no transcripts, and `GET /v2/get-call/{call_id}`, which gives the call
//! object of the webhooks.
//! Source: Retell's SDK (`resources/call`).

use aftercall_core::json::Json;
use http::Method;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    Ask, Span,
    list::{Listed, Lister, Page},
    refused,
};
use crate::{
    Error, Form,
    document::{self, Tree},
    retell::{CALL_ANALYZED, CALL_ENDED},
};

/// Before a call's identifier.
pub(super) const CALL: &str = "/v2/get-call/";

/// Calls of a page: Retell allows 1,000.
const PAGE_CALLS: u32 = 100;

/// A call object as the event that would have told it.
pub(super) fn record(body: &[u8]) -> Result<Vec<u8>, Error> {
    #[derive(Serialize)]
    struct Record<'a> {
        event: &'static str,
        call: &'a RawValue,
    }
    let document = document::tree(body)?;
    let call = Tree(&document);
    if call.text(&["/call_id"]).is_none() {
        return Err(refused(Form::Retell, "the call", &document));
    }
    if let Some(status) = under_way(call) {
        return Err(Error::UnderWay { place: "/call_status".to_owned(), status });
    }
    let event = if call.object(&["/call_analysis"]).is_some() { CALL_ANALYZED } else { CALL_ENDED };
    let call = serde_json::from_slice(body).map_err(|error| Error::NotJson { why: error.to_string() })?;
    Ok(serde_json::to_vec(&Record { event, call }).expect("raw JSON serialises"))
}

/// The status of a call that isn't over.
fn under_way(call: Tree<'_>) -> Option<String> {
    call.text(&["/call_status"]).filter(|status| matches!(status.as_str(), "registered" | "ongoing"))
}

pub(super) const LISTER: Lister = Lister { ask, read };

/// Sorted by their beginning, the oldest first: calls that begin meanwhile move none to another page.
fn ask(span: Span, cursor: Option<&str>) -> Ask {
    let bounds = [span.since.as_millis(), span.until.as_millis()];
    let mut body = json!({
        "filter_criteria": { "end_timestamp": { "type": "range", "op": "bt", "value": bounds } },
        "sort_order": "ascending",
        "limit": PAGE_CALLS,
    });
    if let Some(cursor) = cursor {
        body["pagination_key"] = json!(cursor);
    }
    Ask { method: Method::POST, path: "/v3/list-calls".to_owned(), body: Some(Json::from(&body)) }
}

fn read(_: Span, _: Option<&str>, answer: &Value) -> Result<Page, Error> {
    let tree = Tree(answer);
    // A page without calls may lack the list, but not the word on whether there are more.
    if answer.get("items").is_none_or(|items| !items.is_array()) && answer.get("has_more").is_none() {
        return Err(refused(Form::Retell, "the calls", answer));
    }
    let next = tree.text(&["/pagination_key"]).filter(|_| tree.says_yes(&["/has_more"]));
    if next.is_none() && tree.says_yes(&["/has_more"]) {
        return Err(Error::at("/pagination_key", "there are more calls, and nothing says where: ask again"));
    }
    let call = |call: &Value| {
        let call = Tree(call);
        let ended_at = call.instant(&["/end_timestamp"]);
        let conversation = call.text(&["/call_id"]).filter(|_| under_way(call).is_none())?;
        Some(Listed { conversation, ended_at, payload: None })
    };
    Ok(Page { calls: tree.list(&["/items"]).iter().filter_map(call).collect(), next })
}
