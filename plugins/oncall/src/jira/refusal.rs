//! What Jira says when it refuses: a message, or a list of errors with titles.

use aftercall::{Failure, FailureKind, Response};
use serde::Deserialize;

/// How many characters of the titles are told. Protects the model's context.
const TITLES_CHARS_MAX: usize = 500;

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    title: Option<String>,
    code: Option<String>,
}

/// The response if its status is 2xx, else the failure with Jira's reasons.
pub(super) fn told(response: Response) -> Result<Response, Failure> {
    let body: Body = if response.status() < 400 {
        Body::default()
    } else {
        serde_json::from_str(&response.text()).unwrap_or_default()
    };
    response.ok().map_err(|failure| explained(failure, body.errors))
}

fn explained(mut failure: Failure, reasons: Vec<Reason>) -> Failure {
    let titles: Vec<&str> = reasons.iter().filter_map(|reason| reason.title.as_deref()).collect();
    if !titles.is_empty() {
        let titles: String = titles.join("; ").chars().take(TITLES_CHARS_MAX).collect();
        failure.message = format!("{}: {titles}", failure.message);
    }
    if failure.code.is_none() {
        let code = reasons.into_iter().find_map(|reason| reason.code);
        failure.code = code.map(|code| code.chars().take(TITLES_CHARS_MAX).collect());
    }
    failure
}

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
