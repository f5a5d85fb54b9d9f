//! OpenAI Responses.
//!
//! The format is `POST /responses` of OpenAI's published API, used without the provider's memory: each request carries the
//! whole history, and what a model thought comes back in a sealed form that only the provider can read, to be sent
//! along the next time. Each item goes out byte for byte as it came; what came in another form is translated, without
//! identifiers, since the provider looks up what has one.

mod background;
mod beyond;
mod items;
mod parameters;
mod reply;
mod request;
mod stream;

pub(crate) use background::{Ask, finished};
pub(crate) use beyond::beyond;
pub(crate) use reply::read;
pub(crate) use request::body;
pub(crate) use stream::Events;
