//! Fields of records, as they are written.

use serde_json::{Map, Value};

/// The fields that have a text. A blank one says nothing, and would take away what is there.
pub(crate) fn texts(texts: &[(&str, Option<&str>)]) -> Map<String, Value> {
    let said = texts.iter().filter_map(|(name, text)| Some((*name, (*text)?.trim())));
    said.filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text.into())).collect()
}
