//! What a webhook says of a call that is over, before it is known whether all of the call is told: several events may
//! tell of one call, and some lack what was said.

use aftercall_core::conversation::Conversation;
use serde_json::Value;

use crate::{
    Error, Form, bland,
    document::{self, Tree},
    native, telnyx,
};

/// What a webhook says of a call that is over, before it is known whether all of the call is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The platform's identifier of the call, as [`Conversation::id`] will be. None: it is told by [`call`](Self::call)
    /// alone (Telnyx' insights).
    pub conversation: Option<String>,
    /// Another identifier that the events of this call share (Telnyx: the call control identifier).
    pub call: Option<String>,
    /// The event's own name: `call_ended`.
    pub event: String,
    /// Whether what was said is in it. False: it has to be fetched (Telnyx).
    pub has_history: bool,
    /// Whether the platform's analysis is in it.
    pub analysis: AnalysisState,
    /// Which assistant took the call, as the platform names it.
    pub assistant: Option<String>,
}

/// Whether an event has what the platform made of the call: a summary, variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AnalysisState {
    /// It isn't there, and never comes in an event of its own.
    Never,
    /// It isn't there, and may come in another event. Which of a customer's calls are analysed isn't told: it may not come.
    ToCome,
    /// It is there.
    Here,
}

impl Form {
    /// What a webhook in this form says of a call that is over.
    ///
    /// # Errors
    /// [`Error::OtherEvent`]: it says nothing of a call that is over. Else as [`Form::parse`], but for what Telnyx' events
    /// lack.
    pub fn notice(self, payload: &[u8]) -> Result<Notice, Error> {
        Ok(self.read(payload)?.0)
    }

    /// What a webhook says, and of a form that tells the whole call, the call.
    pub(crate) fn read(self, payload: &[u8]) -> Result<(Notice, Option<Conversation>), Error> {
        if self == Self::Telnyx {
            return Ok((telnyx::notice(payload)?, None));
        }
        let parsed = self.parse(payload)?;
        let document = document::tree(payload)?;
        let event = self.event(&document);
        let notice = Notice {
            conversation: Some(parsed.conversation.id.clone()),
            call: None,
            analysis: self.analysis(&document, &event, &parsed.conversation),
            event,
            has_history: true,
            assistant: parsed.assistant,
        };
        Ok((notice, Some(parsed.conversation)))
    }

    /// The name of an event that was parsed.
    fn event(self, document: &Value) -> String {
        let name = Tree(document).text(&["/message/type", "/type", "/event", "/body/event"]);
        match self {
            Self::Native => native::SCHEMA.to_owned(),
            Self::Bland => bland::POST_CALL.to_owned(),
            Self::Vapi | Self::Retell | Self::ElevenLabs | Self::Telnyx => name.unwrap_or_default(),
        }
    }

    /// Only Retell and Telnyx tell of their analysis in an event of its own.
    fn analysis(self, document: &Value, event: &str, call: &Conversation) -> AnalysisState {
        let has = |places: &[&str]| {
            let tree = Tree(document);
            tree.object(places).is_some() || tree.text(places).is_some()
        };
        let is_here = match self {
            Self::Native => call.summary.is_some() || call.variables.is_some(),
            Self::Vapi => has(&["/message/analysis", "/analysis", "/message/summary", "/summary"]),
            Self::Retell => {
                event == crate::retell::CALL_ANALYZED
                    || has(&[
                        "/call/call_analysis",
                        "/data/call_analysis",
                        "/body/call/call_analysis",
                        "/body/data/call_analysis",
                    ])
            }
            Self::ElevenLabs => has(&["/data/analysis"]),
            Self::Bland => has(&["/summary", "/analysis"]),
            Self::Telnyx => false,
        };
        match self {
            _ if is_here => AnalysisState::Here,
            Self::Retell | Self::Telnyx => AnalysisState::ToCome,
            Self::Native | Self::Vapi | Self::ElevenLabs | Self::Bland => AnalysisState::Never,
        }
    }
}
