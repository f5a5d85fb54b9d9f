//! What a look for an effect in doubt has shown, and what that says of it.

use crate::{Context, Failure, FailureKind, Finding, IntoOutcome, Outcome};

/// What a look for the record that an effect would leave has shown. [`settles`](Trace::settles) makes a finding of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trace {
    /// The record is there as it was asked for, with this id.
    AsAsked(String),
    /// The record is there with this id, by the effect's own key, and says something else.
    Otherwise(String),
    /// Nothing is there.
    Absent,
    /// What is there, or isn't, tells nothing: others may have changed or deleted it since, or there is more than the vendor
    /// tells.
    Unclear,
    /// Nobody lets us look, now or later.
    Hidden,
}

impl Trace {
    /// Of the record with the effect's own key: its id, and whether it is as it was asked for. A look that is refused, and will
    /// be next time, shows nothing.
    ///
    /// # Errors
    /// Any other failure of the look: the host asks again.
    pub fn of(found: Result<Option<(String, bool)>, Failure>) -> Result<Self, Failure> {
        match found {
            Ok(Some((id, true))) => Ok(Self::AsAsked(id)),
            Ok(Some((id, false))) => Ok(Self::Otherwise(id)),
            Ok(None) => Ok(Self::Absent),
            Err(Failure { kind, .. }) if Self::is_refusal(kind) => Ok(Self::Hidden),
            Err(failure) => Err(failure),
        }
    }

    /// The grant or a setting doesn't let us look, several records have the key, or the record's address can't be sent.
    fn is_refusal(kind: FailureKind) -> bool {
        use FailureKind::{Conflict, Denied, InvalidArguments, Misconfigured};
        matches!(kind, Denied | Conflict | InvalidArguments | Misconfigured)
    }

    /// The same of a record whose key others write under too, such as an email address: one that says something else may
    /// never have been ours.
    #[must_use]
    pub fn of_shared(self) -> Self {
        if matches!(self, Self::Otherwise(_)) { Self::Unclear } else { self }
    }

    /// The same of a record that was there before: unless it is as it was asked for, it tells nothing, and neither does that
    /// it isn't there.
    #[must_use]
    pub fn of_changed(self) -> Self {
        if self == Self::Absent { Self::Unclear } else { self.of_shared() }
    }

    /// Whether the record is there, whatever it says.
    pub fn is_there(&self) -> bool {
        matches!(self, Self::AsAsked(_) | Self::Otherwise(_))
    }

    /// What it says of the effect, `outcome` of the record's id being what would have been answered. Until `lag_ms` after the
    /// attempt in doubt the vendor may not show it yet: the host asks again, after `again_ms` at most. Of a record that says
    /// something else by then, the model is told that it is there.
    ///
    /// ```
    /// # use aftercall::{Finding, Outcome, Trace, testing::Fake};
    /// # let fake = Fake::new().attempt_at(0).now(60_000);
    /// # let cx = &fake.context();
    /// // 60 seconds after the attempt.
    /// let finding = |trace: Trace, lag_ms| trace.settles(cx, lag_ms, 15_000, |id| Outcome::new(format!("task {id}")));
    /// let there = Trace::AsAsked("7".to_owned());
    /// assert_eq!(finding(there, 90_000), Finding::happened(Outcome::new("task 7")));
    /// assert_eq!(finding(Trace::Absent, 90_000), Ok(Finding::ask_again_after(15_000)));
    /// assert_eq!(finding(Trace::Absent, 60_000), Ok(Finding::DidNotHappen));
    /// assert_eq!(finding(Trace::Unclear, 60_000), Ok(Finding::Unknown(None)));
    /// let other = finding(Trace::Otherwise("7".to_owned()), 60_000);
    /// assert!(matches!(other, Ok(Finding::HappenedOtherwise(outcome)) if outcome.text.starts_with("record 7 was made for this")));
    /// ```
    ///
    /// # Errors
    /// As [`IntoOutcome::into_outcome`].
    pub fn settles<O: IntoOutcome>(
        self,
        cx: &Context,
        lag_ms: u64,
        again_ms: u64,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        match &self {
            Self::AsAsked(id) => return Finding::happened(outcome(id)),
            Self::Hidden => return Ok(Finding::Unknown(None)),
            Self::Absent | Self::Otherwise(_) | Self::Unclear => {}
        }
        match (Finding::absent(cx, lag_ms, again_ms), self) {
            (Finding::DidNotHappen, Self::Otherwise(id)) => {
                let outcome = outcome(&id).into_outcome()?;
                let what = outcome.receipts.first().map_or("record", |receipt| &receipt.kind);
                let text = format!(
                    "{what} {id} was made for this, and isn't as it was asked for: nothing else is made in its place"
                );
                Finding::happened_otherwise(Outcome { text, ..outcome })
            }
            (Finding::DidNotHappen, Self::Unclear) => Ok(Finding::Unknown(None)),
            (finding, _) => Ok(finding),
        }
    }
}
