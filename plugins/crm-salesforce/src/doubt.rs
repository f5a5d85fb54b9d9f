//! After a doubt: whether a record says what was asked. It is read from the database itself, which doesn't lag; but a
//! request whose answer was lost may still be at work.

use aftercall::{Context, Failure, FailureKind, Finding, IntoOutcome};

use crate::rest::Record;

/// How long a request may be at work, in milliseconds: Salesforce ends a transaction then
/// (developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm).
const AT_WORK_MS_MAX: u64 = 600_000;
/// When to look again before that, in milliseconds.
const LOOK_AGAIN_MS: u64 = 60_000;

/// A look for the record of an effect.
pub(crate) struct Look {
    pub(crate) found: Result<Option<Record>, Failure>,
    /// Whether it was there before: then that it isn't tells nothing.
    pub(crate) was_there: bool,
}

impl Look {
    /// What it tells, `is_it` where the record says what was asked.
    pub(crate) fn settles<O: IntoOutcome>(
        self,
        cx: &Context,
        is_it: impl FnOnce(&Record) -> bool,
        outcome: impl FnOnce(&str) -> O,
    ) -> Result<Finding, Failure> {
        let found = match self.found {
            Ok(found) => found,
            // Several have the key, or nobody lets us look, now or later.
            Err(failure) if matches!(failure.kind, FailureKind::Conflict | FailureKind::Denied) => {
                return Ok(Finding::Unknown(None));
            }
            Err(failure) => return Err(failure),
        };
        // People may have changed or deleted it since.
        let tells_nothing = self.was_there || found.is_some();
        match found {
            Some(record) if is_it(&record) => Finding::happened(outcome(&record.id)),
            _ => Ok(match Finding::absent(cx, AT_WORK_MS_MAX, LOOK_AGAIN_MS) {
                Finding::DidNotHappen if tells_nothing => Finding::Unknown(None),
                finding => finding,
            }),
        }
    }
}
