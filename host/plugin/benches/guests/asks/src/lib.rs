//! A plugin that is measured, written as plugins are: its tool asks a vendor.

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Context, Failure, Outcome};

    /// Asks the vendor for something.
    #[tool(effect = read, title = "Ask the vendor")]
    async fn ask(
        /// Where it is.
        #[schemars(length(min = 1, max = 200))]
        path: String,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let answer = cx.get(format!("http://vendor.test/{path}")).send().await?;
        Ok(Outcome::new(answer.ok()?.text()))
    }
}
