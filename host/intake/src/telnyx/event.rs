//! What Telnyx sends on its own: events, none of which has what was said.

use aftercall_core::{json::Json, time::Timestamp};
use serde_json::Value;

use crate::{
    Error,
    document::{self, Tree},
};

/// The event after a call, which names the conversation whose messages are then fetched.
pub const ENDED: &str = "call.conversation.ended";

/// The event with what Telnyx made of a call, at a call control application's address.
pub const INSIGHTS: &str = "call.conversation_insights.generated";

/// The same at an insight group's own address.
pub const INSIGHT_GROUP: &str = "conversation_insight_result";

/// An event of a call that is over.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The call is over: its messages can be fetched.
    Ended {
        /// Whose messages: `GET /v2/ai/conversations/{conversation}/messages`.
        conversation: String,
        /// The call control identifier, which the events of one call share.
        call: Option<String>,
        /// Which assistant took it.
        assistant: Option<String>,
        /// When.
        at: Option<Timestamp>,
    },
    /// What Telnyx made of the call. It may come before or after [`Event::Ended`].
    Insights {
        /// Of which conversation, where it is told: Telnyx' published type has only `call`.
        conversation: Option<String>,
        /// The call control identifier.
        call: Option<String>,
        /// Which assistant took it.
        assistant: Option<String>,
        /// What was made of it.
        results: Vec<Insight>,
    },
}

/// One thing that Telnyx made of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Insight {
    /// By which of the customer's insights.
    pub id: Option<String>,
    /// A text, or an object by the insight's own schema.
    pub result: Json,
}

/// Reads the body of a webhook.
///
/// # Errors
/// It is another event, or doesn't name its conversation.
pub fn event(payload: &[u8]) -> Result<Event, Error> {
    read(&document::tree(payload)?, "")
}

/// Reads an event that stands at `place` of the payload.
pub(super) fn read(document: &Value, place: &str) -> Result<Event, Error> {
    let (event, place) = inside(document, place);
    let kind = event.text(&["/event_type"]).unwrap_or_default();
    let of_call = |key: &str| event.text(&[&format!("/payload/{key}"), &format!("/payload/metadata/{key}")]);
    let [conversation, call, assistant] = ["conversation_id", "call_control_id", "assistant_id"].map(of_call);
    match kind.as_str() {
        ENDED => Ok(Event::Ended {
            conversation: conversation.ok_or_else(|| {
                let why = "the event doesn't name its conversation: send it as Telnyx delivers it";
                Error::at(format!("{place}/payload/conversation_id"), why)
            })?,
            call,
            assistant,
            at: event.instant(&["/occurred_at", "/created_at"]),
        }),
        INSIGHTS | INSIGHT_GROUP => {
            let results = event.list(&["/payload/results"]).iter().filter_map(insight).collect();
            Ok(Event::Insights { conversation, call, assistant, results })
        }
        _ => Err(Error::OtherEvent { place: format!("{place}/event_type"), event: kind, wanted: ENDED }),
    }
}

/// What an envelope holds, and where: some relays send it bare, and so do insight groups.
pub(super) fn inside<'a>(document: &'a Value, place: &str) -> (Tree<'a>, String) {
    match document.get("data") {
        Some(inside) => (Tree(inside), format!("{place}/data")),
        None => (Tree(document), place.to_owned()),
    }
}

/// One of an event's results.
pub(super) fn insight(made: &Value) -> Option<Insight> {
    let result = made.get("result").filter(|result| !result.is_null())?;
    Some(Insight { id: Tree(made).text(&["/insight_id"]), result: Json::from(result) })
}
