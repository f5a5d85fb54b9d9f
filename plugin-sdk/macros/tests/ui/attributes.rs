//! What `#[tool(…)]` says: several mistakes at once, each at its place.

#[aftercall_sdk_macros::plugin]
mod tools {
    type Context = ();
    type Failure = ();
    type Finding = ();
    type Receipt = ();

    /// Has no effect.
    #[tool]
    async fn no_effect(to: String) -> Result<Receipt, Failure> {
        Ok(())
    }

    #[tool(effect = onse)]
    async fn unknown_effect(to: String) -> Result<Receipt, Failure> {
        Ok(())
    }

    /// Names what isn't there.
    #[tool(effect = once, identity = [too], reconcile = find_txt, titel = "Text")]
    async fn text(to: String, body: String, cx: &Context) -> Result<Receipt, Failure> {
        Ok(())
    }

    async fn find_text(to: String, body: String, cx: &Context) -> Result<Finding, Failure> {
        Ok(())
    }

    #[tool(effect = once, reconcile = find_text, effect = once)]
    async fn text_again(to: String, body: Option<String>, cx: &Context) -> Result<Receipt, Failure> {
        Ok(())
    }

    /// Did nothing that could be found.
    #[tool(effect = read, reconcile = find_text, identity = to, title = title, when = "open")]
    async fn repeat(to: String) -> Result<Receipt, Failure> {
        Ok(())
    }
}

fn main() {}
