//! The macro on what isn't a module with its content.

#[aftercall_sdk_macros::plugin]
mod tools;

#[aftercall_sdk_macros::plugin]
fn text() {}

fn main() {}
