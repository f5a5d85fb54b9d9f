//! A plugin that is measured, written as plugins are: its tool asks nobody.

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use std::collections::BTreeMap;

    use aftercall::{Answer, Context, Failure};
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};

    /// One thing that was ordered.
    #[derive(Deserialize, JsonSchema)]
    pub struct Line {
        /// What it is.
        item: String,
        /// How many of it.
        quantity: u32,
        /// What one costs, in cents.
        cents: u32,
    }

    /// What an order comes to.
    #[derive(Serialize, JsonSchema)]
    pub struct Total {
        cents: u64,
        by_item: BTreeMap<String, u64>,
    }

    /// Adds up what was ordered.
    #[tool(effect = read, title = "Add up an order")]
    async fn add_up(
        /// What was ordered.
        #[schemars(length(min = 1, max = 100))]
        lines: Vec<Line>,
        cx: &Context,
    ) -> Result<Answer<Total>, Failure> {
        let mut by_item = BTreeMap::new();
        for line in lines {
            let cents = u64::from(line.quantity) * u64::from(line.cents);
            *by_item.entry(line.item).or_insert(0) += cents;
        }
        let cents = by_item.values().sum();
        cx.info(format!("{} items", by_item.len()));
        Ok(Answer::new(format!("the order comes to {cents} cents"), Total { cents, by_item }))
    }
}
