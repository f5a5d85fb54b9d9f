//! Batches of timed emails, by which they are cancelled.
//! <https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends>

use aftercall::{Context, Failure, FailureKind, path_segment};
use serde::Deserialize;
use serde_json::json;

use super::{checked, url};

const NEW_BATCH_PATH: &str = "/v3/mail/batch";
const CANCELLATIONS_PATH: &str = "/v3/user/scheduled_sends";

/// How long before an email goes out it can still be cancelled, with five minutes for clocks and for what is on its way:
/// SendGrid says ten minutes.
pub(crate) const CANCELLED_BEFORE_MS: u64 = 15 * 60 * 1_000;

#[derive(Deserialize)]
struct Batch {
    batch_id: String,
}

#[derive(Deserialize)]
struct Cancellation {
    batch_id: String,
    status: String,
}

/// An id for a new batch. Until an email has it, it changes nothing.
pub(crate) async fn create(cx: &Context) -> Result<String, Failure> {
    let answer = cx.post(url(NEW_BATCH_PATH, cx)?).reads_only().send().await?;
    Ok(checked(answer, cx)?.json::<Batch>()?.batch_id)
}

/// What SendGrid says of a cancellation.
pub(crate) enum Answer {
    Cancelled,
    /// It has as many batches that are cancelled or paused as it takes, which is ten.
    Full(Failure),
}

/// Cancels what of a batch hasn't gone out. Again, it is cancelled all the same.
pub(crate) async fn cancel(batch_id: &str, cx: &Context) -> Result<Answer, Failure> {
    let request = json!({ "batch_id": batch_id, "status": "cancel" });
    let answer = cx.post(url(CANCELLATIONS_PATH, cx)?).json(&request).send().await?;
    match checked(answer, cx) {
        // So SendGrid answers for a batch that is cancelled already, and where too many are.
        Err(failure) if failure.kind == FailureKind::InvalidArguments => {
            Ok(if is_cancelled(batch_id, cx).await? { Answer::Cancelled } else { Answer::Full(failure) })
        }
        answer => answer.map(|_| Answer::Cancelled),
    }
}

/// Deletes the cancellation of a batch: what of it hasn't been due yet goes out after all. Where there is none, that is well.
pub(crate) async fn uncancel(batch_id: &str, cx: &Context) -> Result<(), Failure> {
    let answer = cx.delete(cancellation_url(batch_id, cx)?).send().await?;
    if answer.status() == 404 {
        return Ok(());
    }
    checked(answer, cx).map(drop)
}

/// Whether a batch is cancelled.
pub(crate) async fn is_cancelled(batch_id: &str, cx: &Context) -> Result<bool, Failure> {
    let answer = cx.get(cancellation_url(batch_id, cx)?).send().await?;
    if answer.status() == 404 {
        return Ok(false);
    }
    let known: Vec<Cancellation> = checked(answer, cx)?.json()?;
    Ok(known.iter().any(|known| known.batch_id == batch_id && known.status == "cancel"))
}

fn cancellation_url(batch_id: &str, cx: &Context) -> Result<String, Failure> {
    url(&format!("{CANCELLATIONS_PATH}/{}", path_segment(batch_id)), cx)
}
