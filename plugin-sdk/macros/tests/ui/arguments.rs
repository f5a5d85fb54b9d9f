//! Parameters that a schema couldn't express.

#[aftercall_sdk_macros::plugin]
mod tools {
    type Context = ();
    type Failure = ();
    type Receipt = ();

    /// Takes what it can't.
    #[tool(effect = once)]
    async fn take<T>(
        &self,
        name: &str,
        (a, b): (String, String),
        any: impl ToString,
        #[serde(default)] count: u32,
        #[choices("red", "blue")] colour: String,
        one: &Context,
        other: &Context,
    ) -> Result<Receipt, Failure> {
        Ok(())
    }
}

fn main() {}
