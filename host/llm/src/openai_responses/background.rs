//! Waiting for a reply that is made in the background.
//!
//! The provider answers at once with the response's identifier, and is then asked for it until it is final
//! (`GET /responses/{id}`, as its guide to background mode has it). A model may think for minutes: no connection needs to
//! last that long, and one that breaks loses nothing.

use std::time::Duration;

use aftercall_core::model::{Failure, FailureKind};
use serde::Deserialize;
use tokio::time::{Instant, sleep, sleep_until};

use super::reply::unavailable;
use crate::answer::Answer;

/// How long the first pause is, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// How long the provider may take to call a response off: nobody waits for its words any more.
const CANCEL: Duration = Duration::from_secs(10);

/// What is asked about a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// Its identifier.
    pub(crate) id: String,
    /// Whether it is called off, and not looked at.
    pub(crate) cancel: bool,
    /// How long the answer may take.
    pub(crate) within: Duration,
}

#[derive(Deserialize)]
struct State {
    #[serde(default)]
    id: String,
    #[serde(default)]
    status: Option<String>,
}

/// The final answer, after the one that began the response: as `ask` gets it, until then. After that the response is
/// called off.
pub(crate) async fn finished<F>(first: Answer, until: Instant, ask: impl Fn(Ask) -> F) -> Result<Answer, Failure>
where
    F: Future<Output = Result<Answer, Failure>>,
{
    let Some(id) = unfinished(&first)? else { return Ok(first) };
    let (mut pause, longest) = PAUSE;
    let mut patience = pause;
    loop {
        if Instant::now() + patience >= until {
            sleep_until(until).await;
            return called_off(&first, id, ask).await;
        }
        sleep(patience).await;
        pause = (pause * 3 / 2).min(longest);
        patience = pause;
        let within = until.saturating_duration_since(Instant::now());
        let looked = ask(Ask { id: id.clone(), cancel: false, within }).await;
        match looked.and_then(|answer| Ok((unfinished(&answer)?, answer))) {
            Ok((None, answer)) => return Ok(answer),
            Err(Failure { kind: FailureKind::Rejected, message, .. }) => {
                // What was taken is refused to be shown, so it is gone. Asked anew, the provider begins anew.
                return Err(unavailable(format!("the provider has lost the reply that it was making: {message}")));
            }
            Ok((Some(_), _)) => {}
            Err(failure) if may_pass(failure.kind) => {
                patience = pause.max(Duration::from_millis(failure.retry_after_ms.unwrap_or(0)));
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Calls a response off. One that became final just now is taken.
async fn called_off<F>(first: &Answer, id: String, ask: impl Fn(Ask) -> F) -> Result<Answer, Failure>
where
    F: Future<Output = Result<Answer, Failure>>,
{
    if let Ok(answer) = ask(Ask { id, cancel: true, within: CANCEL }).await
        && let Ok(State { status: Some(status), .. }) = serde_json::from_slice(&answer.body)
        && matches!(status.as_str(), "completed" | "incomplete" | "failed")
    {
        return Ok(answer);
    }
    let route = &first.route;
    Err(unavailable(format!("the reply was not made within the limit of model route `{route}`, and was called off")))
}

/// Whether the next look may come to more. Nonsense won't change: it is what the provider keeps.
fn may_pass(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::RateLimited | FailureKind::Unavailable)
}

/// The identifier of a response that isn't final yet.
fn unfinished(answer: &Answer) -> Result<Option<String>, Failure> {
    answer.check_status()?;
    let state: State = serde_json::from_slice(&answer.body).map_err(|error| answer.nonsense(&error.to_string()))?;
    if !matches!(state.status.as_deref(), Some("queued" | "in_progress")) {
        return Ok(None);
    }
    let is_plain = |id: &str| id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match state.id {
        id if !id.is_empty() && is_plain(&id) => Ok(Some(id)),
        _ => Err(answer.nonsense("it is still being made, and has no identifier to ask for it by")),
    }
}

#[cfg(test)]
mod tests;
