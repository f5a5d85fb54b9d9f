//! Batches of timed emails, by which they are cancelled.
//! <https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends>

use aftercall::{Context, Failure, FailureKind, path_segment};
use serde::Deserialize;
use serde_json::json;

use super::checked;

const NEW_BATCH_URL: &str = "https://api.sendgrid.com/v3/mail/batch";
const CANCELLATIONS_URL: &str = "https://api.sendgrid.com/v3/user/scheduled_sends";

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
    let answer = cx.post(NEW_BATCH_URL).reads_only().send().await?;
    Ok(checked(answer, cx)?.json::<Batch>()?.batch_id)
}

/// Cancels what of a batch hasn't gone out. Again, it is cancelled all the same.
pub(crate) async fn cancel(batch_id: &str, cx: &Context) -> Result<(), Failure> {
    let request = json!({ "batch_id": batch_id, "status": "cancel" });
    let answer = cx.post(CANCELLATIONS_URL).json(&request).send().await?;
    match checked(answer, cx) {
        // So SendGrid answers for a batch that is cancelled already, and where too many are.
        Err(failure) if failure.kind == FailureKind::InvalidArguments => {
            if is_cancelled(batch_id, cx).await? {
                return Ok(());
            }
            let words = "a person has to cancel the batch at SendGrid, which has at most ten that are cancelled or paused \
                         at once";
            let message = format!("batch {batch_id} isn't cancelled: {words} ({})", failure.message);
            Err(Failure { kind: FailureKind::Denied, message, ..failure })
        }
        answer => answer.map(drop),
    }
}

/// Whether a batch is cancelled.
pub(crate) async fn is_cancelled(batch_id: &str, cx: &Context) -> Result<bool, Failure> {
    let answer = cx.get(format!("{CANCELLATIONS_URL}/{}", path_segment(batch_id))).send().await?;
    if answer.status() == 404 {
        return Ok(false);
    }
    let known: Vec<Cancellation> = checked(answer, cx)?.json()?;
    Ok(known.iter().any(|known| known.batch_id == batch_id && known.status == "cancel"))
}
