//! After a doubt: whether a record says what was asked. It is read from the database itself, which doesn't lag; but a
//! request whose answer was lost may still be at work.

use aftercall::{Context, Failure, FailureKind, Finding, IntoOutcome};
use serde_json::{Map, Value};

use crate::rest::Record;

/// How long a request may be at work, in milliseconds: Salesforce ends a transaction then
/// (developer.salesforce.com/docs/atlas.en-us.apexcode.meta/apexcode/apex_gov_limits.htm).
const AT_WORK_MS_MAX: u64 = 600_000;
/// When to look again before that, in milliseconds.
const LOOK_AGAIN_MS: u64 = 60_000;

/// What a look for the record of an effect tells of it.
pub(crate) fn settled<O: IntoOutcome>(
    cx: &Context,
    looked: Result<Option<Record>, Failure>,
    asked: &Map<String, Value>,
    outcome: impl FnOnce(&str) -> O,
) -> Result<Finding, Failure> {
    match looked {
        Ok(Some(record)) if record.says(asked) => Finding::happened(outcome(&record.id)),
        Ok(found) => Ok(match Finding::absent(cx, AT_WORK_MS_MAX, LOOK_AGAIN_MS) {
            // People may have changed it since.
            Finding::DidNotHappen if found.is_some() => Finding::Unknown(None),
            finding => finding,
        }),
        // Several have the key, or nobody lets us look, now or later.
        Err(failure) if matches!(failure.kind, FailureKind::Conflict | FailureKind::Denied) => {
            Ok(Finding::Unknown(None))
        }
        Err(failure) => Err(failure),
    }
}
