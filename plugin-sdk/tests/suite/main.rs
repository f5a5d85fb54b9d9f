//! The SDK from an author's side, on the host target.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod conversation;
mod many_arguments;
mod plugin;
mod requests;
mod settings;
mod signing;
mod state;
