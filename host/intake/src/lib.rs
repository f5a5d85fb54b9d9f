//! One ended call, as its platform tells it, becomes a `Conversation`.
//!
//! A webhook is verified first ([`Verifier`]), on its raw bytes. One platform a file: each is a pure translation of
//! the bytes that the platform sent. It tolerates what it doesn't know, keeps a provider's own bytes where the
//! platform has them, and says the place and the remedy where it can't go on.
//!
//! What a webhook lacks, and calls whose webhook was lost, are asked for ([`Form::gather`], [`Form::list`]): this crate says
//! what to ask and reads the answers, whoever uses it sends the requests. What came of one call is put together
//! ([`Form::together`]).
//!
//! What this crate refuses: to repair a history (core does), to fetch anything itself, to believe a platform's
//! summary (it is carried for people alone), to take a phone number or a tenant from what was spoken.

mod api;
mod detect;
mod error;
mod notice;
mod secrets;
mod together;
mod verify;

pub mod bland;
pub mod elevenlabs;
pub mod native;
pub mod retell;
pub mod telnyx;
pub mod vapi;

mod address;
mod anthropic;
mod chat;
mod definition;
mod document;
mod facts;
mod gemini;
mod livekit;
mod openai;
mod openai_responses;
mod own;
mod pipecat;

use aftercall_core::conversation::Conversation;

pub use api::{Api, Ask, Gathering, Listed, Listing, Span};
pub use detect::{Form, detect};
pub use error::Error;
pub use notice::{AnalysisState, Notice};
pub use secrets::without_secrets;
pub use verify::{
    Encoding, InvalidKey, InvalidTemplate, Key, Place, Scheme, Template, Time, Unit, Unverified, Verifier,
};

/// Largest payload that is read, in bytes: protects the host's memory. An hour of talk is about 200 kB.
pub const PAYLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a payload says.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The call.
    pub conversation: Conversation,
    /// Which assistant took it, as the platform names it: for choosing ours.
    pub assistant: Option<String>,
    /// Whose call it was. Only the native form says; whether it is believed depends on who sent it.
    pub tenant: Option<String>,
}

/// Reads a payload in whichever known form it is.
///
/// # Errors
/// Says where the payload is wrong and what would be right.
pub fn parse(payload: &[u8]) -> Result<Parsed, Error> {
    detect(payload)?.parse(payload)
}

impl Form {
    /// Reads a payload that is in this form.
    ///
    /// # Errors
    /// Says where the payload is wrong and what would be right.
    pub fn parse(self, payload: &[u8]) -> Result<Parsed, Error> {
        let mut parsed = match self {
            Form::Native => native::parse(payload),
            Form::Vapi => vapi::parse(payload),
            Form::Retell => retell::parse(payload),
            Form::ElevenLabs => elevenlabs::parse(payload),
            Form::Bland => bland::parse(payload),
            Form::Telnyx => telnyx::parse(payload),
        }?;
        facts::settle(&mut parsed.conversation)?;
        Ok(parsed)
    }
}
