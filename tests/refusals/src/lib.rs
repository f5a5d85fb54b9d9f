//! What the reference plugins make of their vendors' refusals: each request of each tool is answered with each error that its
//! vendor documents, and the failure's kind, its words, its code and its waiting time are those of the data.
//!
//! The data has a file for each vendor (`vendors/*.toml`): the errors that its pages list, and the kind of failure that each
//! has to be, with a reason where that isn't what the SDK makes of such a status. What a tool makes otherwise of an error,
//! since it knows more or goes on, is an exception there with its reason. The calls are those of `aftercall-twice`, and
//! of the tools that read those of `reads.toml`.
//!
//! Vendors' OpenAPI documents are no part of this repository. Where there are some, each error answer of an operation that
//! a tool asks for must have its row, and the document's own examples are played too (`documents`).

pub mod calls;
pub mod documents;
pub mod expected;
pub mod kind;
pub mod play;
pub mod vendor;
