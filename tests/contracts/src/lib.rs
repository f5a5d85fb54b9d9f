//! Whether what the reference plugins send is what their vendors document, and whether the answers that their tests play are such
//! as the vendors give.
//!
//! A vendor's OpenAPI document says which requests there are. It is taken at its word, and more strictly: a field that it
//! doesn't name is nobody's. In an answer such a field is the vendor's own business. The documents are the vendors' own and no
//! part of this repository; where they are wrong, an erratum says so. An operation that no document has is listed with the
//! page on which its vendor describes it, and with the parameters and fields that the page has.

pub mod answer;
pub mod check;
pub mod documents;
pub mod errata;
mod fields;
pub mod openapi;
pub mod pages;
pub mod sent;
mod strict;
