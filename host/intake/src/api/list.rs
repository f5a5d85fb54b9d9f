//! Finding calls: page after page.

use std::collections::HashSet;

use aftercall_core::time::Timestamp;
use serde_json::Value;

use super::{Ask, Span, bland, elevenlabs, retell, telnyx, vapi};
use crate::{Error, Form, document, facts, without_secrets};

/// Most pages of one listing: protects the host, and the platform's limits of requests, from a list that never ends.
const PAGES_MAX: usize = 500;

/// Longest call that is looked for where a list knows beginnings alone, in milliseconds: protects the platform's limits of
/// requests. Platforms end calls after two hours, or fewer, unless told otherwise.
pub(super) const CALL_MS_MAX: u64 = 4 * 60 * 60 * 1000;

/// A call that the API knows and that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The platform's identifier of it.
    pub conversation: String,
    /// When it ended, where the list tells.
    pub ended_at: Option<Timestamp>,
    /// The whole payload for [`Form::parse`], where the list has it. None: gather it.
    pub payload: Option<Vec<u8>>,
}

impl Form {
    /// Finds the calls that ended in a span. Telnyx doesn't tell whether a call is over: there, those of which nothing was
    /// heard for a while, and the span is that much earlier, so that spans that follow each other miss none.
    /// None: this platform has no API that tells of calls.
    pub fn list(self, span: Span) -> Option<Listing> {
        let lister = match self {
            Self::Native => return None,
            Self::Telnyx => telnyx::LISTER,
            Self::Vapi => vapi::LISTER,
            Self::Retell => retell::LISTER,
            Self::ElevenLabs => elevenlabs::LISTER,
            Self::Bland => bland::LISTER,
        };
        let span = if self == Self::Telnyx { span.before(telnyx::QUIET_MS) } else { span };
        Some(Listing { lister, span, cursor: Some(None), asked: HashSet::new(), found: HashSet::new() })
    }
}

/// How a platform's list is asked for and read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lister {
    /// The request for the page at a cursor; without one, the first.
    pub(super) ask: fn(Span, Option<&str>) -> Ask,
    /// Reads a page, which was asked for at a cursor.
    pub(super) read: fn(Span, Option<&str>, &Value) -> Result<Page, Error>,
}

/// A page of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Page {
    /// The calls that are over, in the span or not.
    pub(super) calls: Vec<Listed>,
    /// Where the page after it stands. None: this was the last.
    pub(super) next: Option<String>,
}

/// Finds calls by asking, page after page.
#[derive(Debug, Clone)]
pub struct Listing {
    lister: Lister,
    span: Span,
    /// The cursor of the next page, which the first doesn't have. None: there is no next page.
    cursor: Option<Option<String>>,
    /// The cursors of the pages that were read.
    asked: HashSet<Option<String>>,
    /// The calls that were found.
    found: HashSet<String>,
}

impl Listing {
    /// What to ask next. None: all pages were read.
    pub fn next(&self) -> Option<Ask> {
        let cursor = self.cursor.as_ref()?;
        Some((self.lister.ask)(self.span, cursor.as_deref()))
    }

    /// Takes the body of the answer to [`next`](Self::next), whatever its status, and gives the calls on that page: each
    /// call once, and those alone that are over and ended in the span, as far as the list tells.
    ///
    /// # Errors
    /// The platform refuses, in its own words; the answer is no list; the list never ends.
    pub fn answered(&mut self, body: &[u8]) -> Result<Vec<Listed>, Error> {
        let Some(cursor) = self.cursor.clone() else { return Ok(Vec::new()) };
        let page = (self.lister.read)(self.span, cursor.as_deref(), &document::tree(body)?)?;
        if let Some(next) = &page.next {
            if cursor.as_ref() == Some(next) || self.asked.contains(&page.next) {
                return Err(Error::at("/", format!("the list never ends: after `{next}` comes `{next}` again")));
            }
            if self.asked.len() + 1 >= PAGES_MAX {
                return Err(Error::at(
                    "/",
                    format!("the list has more than {PAGES_MAX} pages: ask for a shorter span"),
                ));
            }
        }
        self.asked.insert(cursor);
        self.cursor = page.next.map(Some);
        let is_sought = |call: &Listed| {
            call.ended_at.is_none_or(|at| self.span.has(at)) && facts::identifier(&call.conversation).is_ok()
        };
        let mut calls: Vec<Listed> = page.calls.into_iter().filter(is_sought).collect();
        calls.retain(|call| self.found.insert(call.conversation.clone()));
        for call in &mut calls {
            call.payload = call.payload.as_deref().map(|payload| without_secrets(payload).into_owned());
        }
        Ok(calls)
    }
}

/// The cursor after a page of a list that is ordered by time and has none of its own: the time of the page's last entry,
/// where the next page begins, with the entries of that time once more. A page that isn't full and begins and ends at the
/// same time is the last.
pub(super) fn after(asked: Option<&str>, times: &[String], page_max: usize) -> Result<Option<String>, Error> {
    let Some(last) = times.last() else { return Ok(None) };
    if asked != Some(last) {
        return Ok(Some(last.clone()));
    }
    match times.len() < page_max {
        true => Ok(None),
        false => Err(Error::at("/", format!("the list never ends: more than {page_max} calls stand at `{last}`"))),
    }
}
