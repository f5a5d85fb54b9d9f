//! What came of a run, for programs: one JSON object a run, one a line.

use aftercall_core::{id::RunId, json::Json, model::Usage, run::Run, tool::Receipt};
use serde::Serialize;

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The scenario of the demo, or the file that the call came from.
    pub scenario: String,
    /// The run.
    pub run: RunId,
    /// How it ended, or where it stands, in one word.
    pub outcome: String,
    /// Model replies.
    pub turns: usize,
    /// What they used.
    pub usage: UsageLine,
    /// Effects that came about, one for each receipt.
    pub effects: Vec<EffectLine>,
    /// Calls that were refused before anything ran.
    pub refused: Vec<RefusedLine>,
    /// What was to be known of the call, as the assistant's schema has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insights: Option<serde_json::Value>,
}

/// What a run used of its model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageLine {
    /// Tokens of requests, all of them.
    pub input_tokens: u64,
    /// Those among them that the provider has read from its cache.
    pub cached_tokens: u64,
    /// Tokens of replies.
    pub output_tokens: u64,
    /// What they cost, as a decimal. None: nobody has said what the model costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// In which currency, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

impl UsageLine {
    fn of(run: &Run) -> Self {
        let spent = run.spent();
        let Usage { input_tokens, cached_tokens, output_tokens } = spent.usage;
        let (cost, currency) = run.price().map(|price| (spent.cost.to_string(), price.currency.clone())).unzip();
        Self { input_tokens, cached_tokens, output_tokens, cost, currency: currency.flatten() }
    }
}

/// An effect that came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EffectLine {
    /// The tool.
    pub tool: String,
    /// The effect's key.
    pub key: String,
    /// The vendor's proof. None, where the tool gave none.
    pub receipt: Option<Receipt>,
    /// Attempts that it took.
    pub attempts: u32,
}

/// A call that was refused before anything ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedLine {
    /// The tool that the model named.
    pub tool: String,
    /// Why, in one word.
    pub reason: &'static str,
}

impl Report {
    /// What came of a run.
    pub fn of(scenario: &str, id: &RunId, run: &Run) -> Self {
        let effects = run.effects().into_iter().flat_map(|effect| {
            let line = |receipt: Option<Receipt>| EffectLine {
                tool: effect.tool.to_owned(),
                key: effect.key.to_string(),
                receipt,
                attempts: effect.tries,
            };
            match effect.receipts {
                [] => vec![line(None)],
                receipts => receipts.iter().cloned().map(Some).map(line).collect(),
            }
        });
        let refused = run.refused().into_iter();
        Self {
            scenario: scenario.to_owned(),
            run: id.clone(),
            outcome: run.outcome().to_owned(),
            turns: run.turns().len(),
            usage: UsageLine::of(run),
            effects: effects.collect(),
            refused: refused.map(|(tool, why)| RefusedLine { tool: tool.to_owned(), reason: why.as_str() }).collect(),
            insights: run.insights().map(Json::value),
        }
    }
}
