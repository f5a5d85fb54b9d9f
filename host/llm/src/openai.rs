//! What OpenAI's two formats share: what its models take, by name, and which schemas of tools.

pub(crate) mod model;
pub(crate) mod schema;
