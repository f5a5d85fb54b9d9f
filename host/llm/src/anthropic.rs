//! Anthropic Messages.
//!
//! The format is `POST /v1/messages` of Anthropic's published API. Roles take turns in it, so neighbouring messages of
//! one role are put together block by block: a block that came in this format goes out byte for byte, thoughts with their
//! signatures among them.

mod beyond;
mod calls;
mod generation;
mod reply;
mod request;
mod schema;
mod settings;
mod stream;
mod transcript;
mod turns;

pub(crate) use beyond::beyond;
pub(crate) use reply::read;
pub(crate) use request::body;
pub(crate) use stream::Events;
