//! Batches that are cancelled, of which SendGrid has at most ten at one time. Where it takes no more, those make room that are
//! over: SendGrid throws the emails of a cancelled batch away when they are due, and after that its cancellation can be deleted,
//! and lets nothing go out.

use aftercall::{Context, Failure, FailureKind, StateError};
use serde::{Deserialize, Serialize};

use crate::kept::{self, Kept, VERSION};
use crate::sendgrid::batches::{self, Answer};

/// How long after its last email was due a batch is over, in milliseconds: enough for what SendGrid is late with.
const OVER_AFTER_MS: u64 = 60 * 60 * 1_000;
/// What keys begin with. The batch's id follows.
const PREFIX: &str = "cancelled/";
/// Most cancellations that are looked at to make room: as many as SendGrid has. Keeps a call within its requests, and its
/// operations on the state.
const LOOKED_AT_MAX: usize = 10;

/// A batch that was cancelled, or was about to be.
#[derive(Serialize, Deserialize)]
struct Cancellation {
    /// Of the form in which it is stored: [`VERSION`].
    version: u32,
    /// When the last of its emails was due.
    last_at_ms: u64,
}

/// Cancels what of a follow-up hasn't gone out, and makes room for that among those that are over.
pub(crate) async fn cancel(kept: &Kept, cx: &Context) -> Result<(), Failure> {
    let Kept { batch_id, last_at_ms, .. } = kept;
    // Before, so that none is forgotten. To delete a cancellation that isn't there does nothing.
    if let Err(unkept) = remember(batch_id, *last_at_ms, cx) {
        cx.warn(format!(
            "the cancellation of batch {batch_id} will have to be deleted by a person: {}",
            unkept.message
        ));
    }
    if matches!(batches::cancel(batch_id, cx).await?, Answer::Cancelled) {
        return Ok(());
    }
    forget_over(cx).await.map_err(|failure| {
        let message = format!("batch {batch_id} isn't cancelled, and no other made room for it: {}", failure.message);
        Failure { message, ..failure }
    })?;
    match batches::cancel(batch_id, cx).await? {
        Answer::Cancelled => Ok(()),
        Answer::Full(failure) => {
            cx.state().delete(&key(batch_id))?;
            let message = format!(
                "batch {batch_id} isn't cancelled: SendGrid has ten batches that are cancelled or paused, the most that it \
                 takes, and none of them is over; a person has to see that this one stops ({})",
                failure.message
            );
            Err(Failure { kind: FailureKind::Denied, message, ..failure })
        }
    }
}

fn key(batch_id: &str) -> String {
    format!("{PREFIX}{batch_id}")
}

fn remember(batch_id: &str, last_at_ms: u64, cx: &Context) -> Result<(), Failure> {
    let key = key(batch_id);
    let stored = serde_json::to_vec(&Cancellation { version: VERSION, last_at_ms })
        .map_err(|error| Failure::other(format!("it can't be kept: {error}")))?;
    match cx.state().put(&key, &stored) {
        Err(StateError::Full) => {
            kept::make_room(cx)?;
            Ok(cx.state().put(&key, &stored).map(drop)?)
        }
        saved => Ok(saved.map(drop)?),
    }
}

/// Deletes the cancellations of batches that are over.
async fn forget_over(cx: &Context) -> Result<(), Failure> {
    for key in cx.state().keys(PREFIX)?.iter().take(LOOKED_AT_MAX) {
        let Some(entry) = cx.state().get(key)? else { continue };
        let is_over = entry.json::<Cancellation>().is_ok_and(|cancellation| {
            cancellation.version == VERSION && cancellation.last_at_ms.saturating_add(OVER_AFTER_MS) < cx.now()
        });
        if let Some(batch_id) = key.strip_prefix(PREFIX)
            && is_over
        {
            batches::uncancel(batch_id, cx).await?;
            cx.state().delete(key)?;
        }
    }
    Ok(())
}
