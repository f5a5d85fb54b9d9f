//! A message that a vendor has, and how one is told from another.

use aftercall::{Context, Failure, Finding, Outcome, Receipt};
use jiff::{SignedDuration, Timestamp};

/// How far a vendor's clock may be behind the host's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
/// When to look again, while a vendor's list may lag.
const LOOK_AGAIN_MS: u64 = 10_000;

/// How long a message that was taken may be missing from the vendor's list, unless the settings say otherwise.
pub(crate) const fn list_lag_ms() -> u64 {
    30_000
}

/// A message that the vendor has taken.
pub(crate) struct Sent {
    pub(crate) id: String,
    /// In the vendor's own word.
    pub(crate) status: String,
    /// Where a person can look at it.
    pub(crate) url: Option<String>,
}

impl From<Sent> for Outcome {
    fn from(sent: Sent) -> Self {
        let Sent { id, status, url } = sent;
        let text = format!("the text message is {status} (message {id})");
        let receipt = Receipt::new("message", id);
        Self::new(text).with_receipt(match url {
            Some(url) => receipt.with_url(url),
            None => receipt,
        })
    }
}

/// Whether a message of a vendor's list is the one that is looked for, by its text and the time when it was made. None: it
/// may be, since it doesn't tell one of them, as where the text was redacted, and the other fits.
pub(crate) fn is_it(body: Option<&str>, created: Option<Timestamp>, text: &str, since: Timestamp) -> Option<bool> {
    // Vendors trim a text, and leave an empty one where it was redacted.
    let body = body.map(str::trim).filter(|body| !body.is_empty());
    let is_same = body.map(|body| body == text.trim());
    let is_since = created.map(|created| created >= since);
    match (is_same, is_since) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// From when on a message may be of this effect. A first attempt that lies ahead was made before the host's clock was set
/// back, and is no later than now.
pub(crate) fn search_start(cx: &Context) -> Result<Timestamp, Failure> {
    i64::try_from(cx.first_attempt_at().min(cx.now()))
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok()?.checked_sub(CLOCK_SKEW).ok())
        .ok_or_else(|| Failure::other("the time of the first attempt is out of range"))
}

/// The day of an instant in UTC, such as `2026-03-01`.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_string().chars().take_while(|character| *character != 'T').collect()
}

/// What a list without the message means. `untold`: something of it may be the message, and nobody can tell.
pub(crate) fn missing(cx: &Context, list_lag_ms: u64, untold: bool) -> Finding {
    Finding::absent(cx, list_lag_ms, LOOK_AGAIN_MS).unless_hidden(untold)
}
