//! A module without a tool.

#[aftercall_sdk_macros::plugin(name = "sms")]
mod tools {
    pub async fn text(to: String) {}
}

fn main() {}
