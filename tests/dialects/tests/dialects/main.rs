//! A call from any platform goes on in any dialect, with nothing lost.

mod parts;
mod replies;
mod request;
mod whole;

mod broken;
mod rng;

mod corpus;
mod law;
mod parameters;
mod schemas;

use aftercall_core::conversation::Dialect;

/// Dialects that still pass on parameters and schemas as they are, of which their provider refuses some.
const REQUESTS_DUE: &[Dialect] = &[Dialect::OpenaiChat];

/// Dialects that still call two tools by one name, where both names have to be changed.
const NAMES_DUE: &[Dialect] = &[Dialect::OpenaiChat, Dialect::Anthropic];
