//! Gemini's `generateContent`, as Google's Gemini API speaks it.
//!
//! The format is `POST /v1beta/models/{model}:generateContent` of Google's published API, or `:streamGenerateContent`. A history that came in this
//! format goes out part by part and byte for byte, and so does each reply; what came in another form is translated. The
//! provider wants turns that alternate and a user's turn first, so neighbours become one content.

mod beyond;
mod reply;
mod request;
mod stream;

mod contents;
mod part;
mod schema;
mod settings;
mod sound;
mod thinking;

pub(crate) use beyond::beyond;
pub(crate) use reply::read;
pub(crate) use request::body;
pub(crate) use stream::Answers;

use crate::dialect::Delivery;

/// The path of a model's turns. A name with a folder in it (`tunedModels/ours`) is whole; any other is one of `models/`.
pub(crate) fn path(model: &str, delivery: Delivery) -> Vec<String> {
    let whole = if model.contains('/') { model.to_owned() } else { format!("models/{model}") };
    let method = if delivery == Delivery::Streamed { "streamGenerateContent" } else { "generateContent" };
    format!("{whole}:{method}").split('/').map(str::to_owned).collect()
}
