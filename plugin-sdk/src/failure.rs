//! Failures, by kind. What the host does next depends on the kind, and on whether a write has left.

use std::fmt::Display;

use serde_json::Value;

use crate::{Failure, FailureKind};

impl Failure {
    /// A failure with words for the model: what was wrong, and what would be right.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, retry_after_ms: None, details: None }
    }

    /// The model can correct its arguments.
    pub fn invalid_arguments(message: impl Into<String>) -> Self {
        Self::new(FailureKind::InvalidArguments, message)
    }

    /// What the arguments name isn't there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(FailureKind::NotFound, message)
    }

    /// The vendor, or the grant, says no.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Denied, message)
    }

    /// The vendor's state is at odds with the request.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Conflict, message)
    }

    /// What the tenant set for this plugin can't work, such as a list that the vendor doesn't have: words for whoever set it.
    pub fn misconfigured(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Misconfigured, message)
    }

    /// Too many requests, and nothing was done. The host repeats the call later.
    pub fn rate_limited(message: impl Into<String>) -> Self {
        Self::new(FailureKind::RateLimited, message)
    }

    /// The vendor doesn't answer, and nothing was done. The host repeats the call later.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }

    /// The effect may have happened.
    pub fn outcome_unknown(message: impl Into<String>) -> Self {
        Self::new(FailureKind::OutcomeUnknown, message)
    }

    /// Fits nothing else. The host doesn't repeat the call.
    pub fn other(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Other, message)
    }

    /// The tenant's settings of these names can't work, or one of them: `misconfigured`, with words that say so. Without a name, it
    /// is any of the settings.
    ///
    /// ```
    /// # use aftercall::Failure;
    /// let failure = Failure::of_settings(&["site"], "there is no site `acme`");
    /// let words = "no argument helps: a person has to correct `site` in the plugin's settings";
    /// assert_eq!(failure.message, format!("there is no site `acme`; {words}"));
    /// ```
    pub fn of_settings(names: &[&str], why: impl Display) -> Self {
        Self::misconfigured(why.to_string()).by_settings(names)
    }

    /// This refusal of the vendor's, where it is about something that is made of the tenant's settings of these names:
    /// `misconfigured` as by [`of_settings`](Failure::of_settings), with the vendor's words, code and details.
    pub fn by_settings(self, names: &[&str]) -> Self {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let which = if names.is_empty() { String::new() } else { format!("{} in ", names.join(" or ")) };
        let words = format!("no argument helps: a person has to correct {which}the plugin's settings");
        Self { kind: FailureKind::Misconfigured, message: format!("{}; {words}", self.message), ..self }
    }

    /// There is nothing of the name that an argument gives, and these are the names that there are.
    ///
    /// ```
    /// # use aftercall::Failure;
    /// let failure = Failure::no_such("channel", "desks", ["desk", "sales"]);
    /// assert_eq!(failure.message, "there is no `channel` \"desks\"; there are: desk, sales");
    /// ```
    pub fn no_such<T: AsRef<str>>(argument: &str, given: &str, known: impl IntoIterator<Item = T>) -> Self {
        let known: Vec<T> = known.into_iter().collect();
        let known: Vec<&str> = known.iter().map(AsRef::as_ref).collect();
        Self::invalid_arguments(match &known[..] {
            [] => format!("there is no `{argument}` {given:?}, nor any other: leave it out if it may be"),
            known => format!("there is no `{argument}` {given:?}; there are: {}", known.join(", ")),
        })
    }

    /// The failure of a call to a tool that the plugin doesn't have, or that can't be reconciled.
    pub fn unknown_tool(name: &str) -> Self {
        Self::other(format!("the plugin has no tool {name:?} that could do this"))
    }

    /// This failure of a later step, where an earlier one has written: the effect may have happened, whatever this one is.
    /// Says what was done; code, details and waiting time stay.
    ///
    /// ```
    /// # use aftercall::{Failure, FailureKind};
    /// let refused = Failure::not_found("there is no contact 7");
    /// let failure = refused.after_write("deal 5 is made, but may not be on the contact yet");
    /// assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    /// assert_eq!(failure.message, "deal 5 is made, but may not be on the contact yet: there is no contact 7");
    /// ```
    pub fn after_write(self, done: impl Display) -> Self {
        let message = format!("{done}: {}", self.message);
        Self { kind: FailureKind::OutcomeUnknown, message, ..self }
    }

    /// Adds the vendor's own code, for people.
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Adds after how many milliseconds the call may be repeated.
    pub fn with_retry_after_ms(mut self, wait_ms: u64) -> Self {
        self.retry_after_ms = Some(wait_ms);
        self
    }

    /// Adds whatever else the model or a person can use.
    pub fn with_details(mut self, details: &Value) -> Self {
        self.details = Some(details.to_string());
        self
    }
}
