//! What came of one call, put together into one payload.

use crate::{AnalysisState, Error, Form, telnyx};

impl Form {
    /// One payload that [`Form::parse`] reads, out of all events about one call (oldest first, as they came) and the record
    /// gathered from the platform's API, if any.
    ///
    /// Where one event tells the whole call, the richest is taken as it is: one with a history before one without, one with
    /// the platform's analysis before one without, the later of equals; the gathered record counts as the last. Events that
    /// say nothing of the whole call are passed over, as long as there is one that does. Telnyx' events and record become
    /// `{"event": …, "insights": […], "messages": […]}`.
    ///
    /// # Errors
    /// Nothing there tells of the whole call, or two of them tell of different calls.
    pub fn together(self, events: &[&[u8]], gathered: Option<&[u8]>) -> Result<Vec<u8>, Error> {
        if self == Self::Telnyx {
            return telnyx::together(events, gathered);
        }
        let mut richest: Option<(Worth, String, &[u8])> = None;
        let mut refused = None;
        for payload in events.iter().copied().chain(gathered) {
            let (notice, call) = match self.read(payload) {
                Ok((notice, Some(call))) => (notice, call),
                Ok((_, None)) => continue,
                Err(error) => {
                    refused = Some(error);
                    continue;
                }
            };
            if let Some((_, other, _)) = richest.as_ref().filter(|(_, other, _)| *other != call.id) {
                return Err(two_calls(other, &call.id));
            }
            let worth =
                Worth { has_items: !call.items.is_empty(), is_analysed: notice.analysis == AnalysisState::Here };
            if richest.as_ref().is_none_or(|(best, ..)| worth >= *best) {
                richest = Some((worth, call.id, payload));
            }
        }
        match richest {
            Some((.., payload)) => Ok(payload.to_vec()),
            None => Err(refused.unwrap_or_else(nothing)),
        }
    }
}

/// What an event is worth: the fields in the order in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Worth {
    has_items: bool,
    is_analysed: bool,
}

pub(crate) fn two_calls(one: &str, other: &str) -> Error {
    Error::at("/", format!("these tell of two calls, `{one}` and `{other}`: put together what tells of one"))
}

pub(crate) fn nothing() -> Error {
    Error::at("/", "nothing tells of the call: give an event, or the record gathered from the platform's API")
}
