//! What was said on the call, and what the platform made of it.

use serde::de::DeserializeOwned;

use crate::transport::Host as _;
use crate::{Context, ConversationError, Failure, Said};

/// What was said on the call, at the level that the manifest asks for and the tenant's grant gives:
/// `conversation = "summary"` or `conversation = "transcript"`.
impl Context {
    /// What was said, and what the assistant's tools did, in order; without the assistant's instructions. A `role` is
    /// `caller`, `assistant`, `tool-call` or `tool-result`. It can be long: what a tool needs a word of for the
    /// model, the model has already.
    ///
    /// ```
    /// # use aftercall::{Context, ConversationError};
    /// # use aftercall::testing::Fake;
    /// fn words_of_the_caller(cx: &Context) -> Result<usize, ConversationError> {
    ///     let transcript = cx.transcript()?;
    ///     let said = transcript.iter().filter(|item| item.role == "caller");
    ///     Ok(said.map(|item| item.text.split_whitespace().count()).sum())
    /// }
    /// # let fake = Fake::new().said("assistant", "How can I help?").said("caller", "Cancel it.");
    /// # assert_eq!(words_of_the_caller(&fake.context()), Ok(2));
    /// ```
    ///
    /// # Errors
    /// `not-granted`, where the level is below `transcript`; `unavailable`.
    pub fn transcript(&self) -> Result<Vec<Said>, ConversationError> {
        let mut transcript: Vec<Said> = Vec::new();
        loop {
            let page = self.host().items(transcript.last().map(|item| item.id.as_str()))?;
            if page.is_empty() {
                return Ok(transcript);
            }
            transcript.extend(page);
        }
    }

    /// The voice platform's own summary of the call, where it made one.
    ///
    /// # Errors
    /// `not-granted`, where the level is below `summary`; `unavailable`.
    pub fn summary(&self) -> Result<Option<String>, ConversationError> {
        self.host().summary()
    }

    /// The variables that the voice platform extracted from the call: an object, empty where there are none. What it
    /// extracts is set in the platform's assistant, so a variable may be missing or of another type; a type with
    /// `#[serde(default)]` or [`serde_json::Value`] fits always.
    ///
    /// ```
    /// # use aftercall::{Context, Failure};
    /// # use aftercall::testing::Fake;
    /// #[derive(serde::Deserialize)]
    /// struct Variables {
    ///     order: Option<String>,
    /// }
    ///
    /// fn order(cx: &Context) -> Result<Option<String>, Failure> {
    ///     Ok(cx.variables::<Variables>()?.order)
    /// }
    /// # let fake = Fake::new().variables(serde_json::json!({ "order": "A-1" }));
    /// # assert_eq!(order(&fake.context()), Ok(Some("A-1".to_owned())));
    /// ```
    ///
    /// # Errors
    /// `denied`, where the level is below `summary`; `unavailable`; `other`, where they don't fit `T`.
    pub fn variables<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        let variables = self.host().variables()?;
        serde_json::from_str(&variables)
            .map_err(|error| Failure::other(format!("the variables of the call are not as expected: {error}")))
    }
}

impl From<ConversationError> for Failure {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::NotGranted => Failure::denied(
                "the plugin may not see this of the conversation; its manifest and the tenant's grant would have to \
                 say `conversation = \"summary\"`, or `\"transcript\"` for what was said",
            ),
            ConversationError::Unavailable => Failure::unavailable("the conversation can't be reached"),
        }
    }
}
