//! What OpenAI's two formats share: what its models take, by name, which values of parameters and which
//! schemas of tools.

pub(crate) mod model;
pub(crate) mod schema;
pub(crate) mod sound;
