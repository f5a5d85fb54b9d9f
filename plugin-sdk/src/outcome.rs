//! What came of a call: receipts, words for the model, typed data.

use schemars::{JsonSchema, Schema};
use serde::Serialize;

use crate::schema;
use crate::{Context, Failure, Finding, Outcome, Receipt};

/// An outcome whose data has a type, from which the tool's output schema is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    text: String,
    data: T,
    receipts: Vec<Receipt>,
}

/// What a tool may return: anything that is `Into<Outcome>` ([`Receipt`], [`Outcome`], `String`), or an [`Answer`].
pub trait IntoOutcome {
    /// The outcome, as the host gets it.
    ///
    /// # Errors
    /// Where the data can't be written as JSON.
    fn into_outcome(self) -> Result<Outcome, Failure>;

    /// The schema of the outcome's data, where it has any.
    fn output_schema() -> Option<Schema>;
}

impl Receipt {
    /// The vendor's proof of an effect: what it made or changed, in its own words, and its identifier of it.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: kind.into(), url: None }
    }

    /// Where a person can look at it.
    pub fn with_url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }
}

impl Outcome {
    /// An outcome in words, for the model.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), data: None, receipts: Vec::new() }
    }

    /// Adds the proof of an effect.
    pub fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.receipts.push(receipt);
        self
    }
}

impl From<Receipt> for Outcome {
    fn from(receipt: Receipt) -> Self {
        Self::new(format!("done: {} {}", receipt.kind, receipt.id)).with_receipt(receipt)
    }
}

impl From<String> for Outcome {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<T: Serialize> Answer<T> {
    /// Data, and the same in words for the model.
    pub fn new(text: impl Into<String>, data: T) -> Self {
        Self { text: text.into(), data, receipts: Vec::new() }
    }

    /// Adds the proof of an effect.
    pub fn with_receipt(mut self, receipt: Receipt) -> Self {
        self.receipts.push(receipt);
        self
    }
}

impl<T: Into<Outcome>> IntoOutcome for T {
    fn into_outcome(self) -> Result<Outcome, Failure> {
        Ok(self.into())
    }

    fn output_schema() -> Option<Schema> {
        None
    }
}

impl<T: Serialize + JsonSchema> IntoOutcome for Answer<T> {
    fn into_outcome(self) -> Result<Outcome, Failure> {
        let data = serde_json::to_string(&self.data)
            .map_err(|error| Failure::other(format!("the data of the answer is not JSON: {error}")))?;
        Ok(Outcome { text: self.text, data: Some(data), receipts: self.receipts })
    }

    fn output_schema() -> Option<Schema> {
        Some(schema::output::<T>())
    }
}

impl Finding {
    /// The effect happened, with this outcome.
    ///
    /// # Errors
    /// As [`IntoOutcome::into_outcome`].
    pub fn happened(outcome: impl IntoOutcome) -> Result<Self, Failure> {
        outcome.into_outcome().map(Self::Happened)
    }

    /// There is an effect with this key, and it isn't what the arguments ask for: the outcome tells what is there.
    ///
    /// # Errors
    /// As [`IntoOutcome::into_outcome`].
    pub fn happened_otherwise(outcome: impl IntoOutcome) -> Result<Self, Failure> {
        outcome.into_outcome().map(Self::HappenedOtherwise)
    }

    /// The effect isn't to be found where it would be: it didn't happen, unless the vendor may not show it yet, which takes
    /// it up to `lag_ms` after the attempt in doubt. Until then the host asks again after `again_ms`, and not later than the
    /// lag's end. A search counts as sent when the plugin was called, however long its answer took: what an answer of after
    /// the lag's end doesn't show may have been missing before it.
    ///
    /// ```
    /// # use aftercall::{Finding, testing::Fake};
    /// # let fake = Fake::new().attempt_at(0).now(50_000);
    /// # let cx = &fake.context();
    /// // 50 seconds after the attempt.
    /// assert_eq!(Finding::absent(cx, 90_000, 15_000), Finding::ask_again_after(15_000));
    /// assert_eq!(Finding::absent(cx, 60_000, 15_000), Finding::ask_again_after(10_000));
    /// assert_eq!(Finding::absent(cx, 30_000, 15_000), Finding::DidNotHappen);
    /// // The search was answered after 20 more.
    /// let _fake = fake.now(70_000);
    /// assert_eq!(Finding::absent(cx, 60_000, 15_000), Finding::ask_again_after(10_000));
    /// ```
    pub fn absent(cx: &Context, lag_ms: u64, again_ms: u64) -> Self {
        let quiet_since = cx.quiet_since().unwrap_or_else(|| cx.attempt_at());
        let age_ms = cx.called_at.saturating_sub(quiet_since);
        match lag_ms.saturating_sub(age_ms) {
            0 => Self::DidNotHappen,
            left_ms => Self::ask_again_after(again_ms.min(left_ms)),
        }
    }

    /// This finding, if the effect can't be hidden from the look: behind a page that wasn't read, in something that doesn't tell
    /// its key, or under what somebody may have changed since. Where it may be, nobody will ever tell that it didn't happen.
    ///
    /// ```
    /// # use aftercall::{Finding, testing::Fake};
    /// # let cx = &Fake::new().context();
    /// assert_eq!(Finding::absent(cx, 0, 0).unless_hidden(true), Finding::Unknown(None));
    /// assert_eq!(Finding::absent(cx, 0, 0).unless_hidden(false), Finding::DidNotHappen);
    /// assert_eq!(Finding::absent(cx, 60_000, 9_000).unless_hidden(true), Finding::ask_again_after(9_000));
    /// ```
    pub fn unless_hidden(self, may_be: bool) -> Self {
        match self {
            Self::DidNotHappen if may_be => Self::Unknown(None),
            finding => finding,
        }
    }

    /// Not to be told yet: ask again after this many milliseconds.
    pub fn ask_again_after(wait_ms: u64) -> Self {
        Self::Unknown(Some(wait_ms))
    }
}
