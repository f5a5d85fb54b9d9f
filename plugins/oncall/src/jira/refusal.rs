//! What it means that Jira refuses.

use aftercall::{Failure, FailureKind};

/// A new alert that is refused for what the settings say of it: no argument can put that right.
pub(super) fn of_settings(failure: Failure) -> Failure {
    let advice = match failure.kind {
        FailureKind::NotFound => "Jira has no alerts at this `cloud_id`, or none that the account may see",
        FailureKind::InvalidArguments if failure.message.to_lowercase().contains("responder") => {
            "Jira refuses the `responders`"
        }
        _ => return failure,
    };
    let message = format!("{advice}; a person has to correct the settings ({})", failure.message);
    Failure { kind: FailureKind::Denied, message, ..failure }
}
