//! One turn of a model: the ended call and the turns since go out, a reply comes back.
//!
//! [`Models`] knows the operator's routes, by the names that platforms call the models. A dialect turns a
//! request into a provider's wire format and reads what comes back, both as pure functions; the transport
//! carries the bytes.
//!
//! What this crate refuses: to repeat a request (the run machine decides that), to follow a redirect, to use
//! a proxy, to wait beyond a route's time limits, to change a byte of a history that is in the provider's own
//! form, to show a key.

mod route;

mod anthropic;
mod dialect;
mod gemini;
mod openai;
mod openai_chat;
mod openai_responses;

mod history;
mod names;
mod notes;
mod parameters;
mod raw;
mod sound;

mod answer;
mod error;
mod stream;
mod transport;

pub use answer::REPLY_BYTES_MAX;
pub use dialect::{Delivery, has_audio, left_out, lost_if_rewritten, read, read_streamed, render};
pub use openai_chat::Server;
pub use route::{Error, IDLE_MS_DEFAULT, Models, Route, TIMEOUT_MS_DEFAULT};
