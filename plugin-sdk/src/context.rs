//! One attempt at one tool call, as the tool sees it.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::aftercall::tool::types;
use crate::transport::{Host as _, Outside};
use crate::{Failure, Level};

/// One attempt at one tool call: what is known of it, the way out to the vendor
/// ([`get`](Context::get), [`post`](Context::post)…), and what the grant gives beside it: what the plugin keeps
/// ([`state`](Context::state)), what was said ([`transcript`](Context::transcript), [`summary`](Context::summary),
/// [`variables`](Context::variables)), and signatures ([`hmac`](Context::hmac), [`jwt`](Context::jwt)). Instants are
/// milliseconds since 1970-01-01T00:00:00Z.
pub struct Context {
    attempt: types::Context,
    host: Rc<Outside>,
    /// When the call of the plugin began, before anything that it sends.
    pub(crate) called_at: u64,
}

impl Context {
    pub(crate) fn new(attempt: types::Context, host: Rc<Outside>) -> Self {
        let called_at = host.now();
        Self { attempt, host, called_at }
    }

    pub(crate) fn host(&self) -> &Outside {
        &self.host
    }

    /// The ended conversation, as an opaque name.
    pub fn conversation(&self) -> &str {
        &self.attempt.conversation
    }

    /// The run that asks, as an opaque name.
    pub fn run(&self) -> &str {
        &self.attempt.run
    }

    /// The idempotency key of this effect: the same on every attempt, after any crash, and in `reconcile`.
    pub fn key(&self) -> &str {
        &self.attempt.idempotency_key
    }

    /// Which attempt this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt.attempt
    }

    /// When this effect was first tried, in milliseconds: where a search by time begins.
    pub fn first_attempt_at(&self) -> u64 {
        self.attempt.first_attempt_at
    }

    /// When this attempt began, in milliseconds; in `reconcile`, the one in doubt.
    pub fn attempt_at(&self) -> u64 {
        self.attempt.attempt_at
    }

    /// Whether an earlier attempt may have made the effect happen: it pays to look before it is tried again. Always so in
    /// `reconcile`.
    pub fn doubted(&self) -> bool {
        self.attempt.doubted
    }

    /// In `reconcile`: since when nothing of the attempt in doubt can have left, in milliseconds: its end, as far as that is
    /// known. A search that finds nothing is to be believed once the vendor's index has had its time since then, which
    /// [`Finding::absent`](crate::Finding::absent) counts.
    pub fn quiet_since(&self) -> Option<u64> {
        self.attempt.quiet_since
    }

    /// When the host ends this call, in milliseconds.
    pub fn deadline(&self) -> u64 {
        self.attempt.deadline
    }

    /// The time now, in milliseconds.
    pub fn now(&self) -> u64 {
        self.host.now()
    }

    /// Whether this is a rehearsal, in which nothing written leaves the host.
    pub fn dry_run(&self) -> bool {
        self.attempt.dry_run
    }

    /// A fact of the call, such as `call.contact`. `None` where the manifest doesn't ask for it or the tenant doesn't grant
    /// it; null where it is granted, and this call has none: what stands on a fact must not be left out for that.
    pub fn fact(&self, name: &str) -> Option<Value> {
        let fact = self.attempt.facts.iter().find(|fact| fact.name == name)?;
        serde_json::from_str(&fact.value).ok()
    }

    /// The plugin's settings in this tenant.
    ///
    /// # Errors
    /// `misconfigured`, where they don't fit `T`, which knows more of them than the manifest's schema.
    pub fn settings<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.host.settings())
            .map_err(|error| Failure::misconfigured(format!("the plugin's settings don't fit: {error}")))
    }

    /// Writes a line for the timeline that is shown only on demand.
    pub fn debug(&self, message: impl AsRef<str>) {
        self.host.log(Level::Debug, message.as_ref());
    }

    /// Writes a line for the timeline.
    pub fn info(&self, message: impl AsRef<str>) {
        self.host.log(Level::Info, message.as_ref());
    }

    /// Writes a line for the timeline about something that a person may want to look at.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.host.log(Level::Warn, message.as_ref());
    }

    /// Writes a line for the timeline about something that a person has to look at.
    pub fn error(&self, message: impl AsRef<str>) {
        self.host.log(Level::Error, message.as_ref());
    }
}
