//! What it means that Jira refuses.

use aftercall::{Failure, FailureKind};

/// A new alert that is refused for what the settings say of it: no argument can put that right.
pub(super) fn of_settings(failure: Failure) -> Failure {
    match failure.kind {
        // There are no alerts at this address, or none that the account may see.
        FailureKind::NotFound => failure.by_settings(&["cloud_id"]),
        FailureKind::InvalidArguments if failure.message.to_lowercase().contains("responder") => {
            failure.by_settings(&["responders"])
        }
        _ => failure,
    }
}
