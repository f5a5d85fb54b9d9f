//! Whether what the reference plugins send is what their vendors document.
//!
//! A vendor's OpenAPI document says which requests there are. It is taken at its word, and more strictly: a field that it
//! doesn't name is nobody's. The documents are the vendors' own and no part of this repository.

pub mod check;
pub mod openapi;
pub mod sent;
mod strict;
