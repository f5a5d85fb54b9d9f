//! OpenAI Chat Completions, and all who speak it.
//!
//! The format is `POST /chat/completions` of OpenAI's published API. A history that came in this format goes
//! out byte for byte, and so does each reply; what came in another form is translated. Who else speaks the format takes
//! most of it: what a [`Server`] wants otherwise is in one table.

mod server;

mod beyond;
mod messages;
mod parameters;
mod reply;
mod request;
mod stream;

pub(crate) use beyond::beyond;
pub(crate) use reply::read;
pub(crate) use request::body;
pub use server::Server;
pub(crate) use stream::Chunks;
