//! Twilio's side: its account, its messages, its times.

use aftercall::{Failure, Outcome, PhoneNumber, Receipt, path_segment};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

/// How far Twilio's clock may be behind the host's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(2);
/// What Twilio puts before each message of a trial account.
const TRIAL_PREFIX: &str = "Sent from your Twilio trial account - ";

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Account {
    account_sid: String,
    pub(crate) from: PhoneNumber,
    /// How long a message that was taken may be missing from the list.
    #[serde(default = "list_lag_ms")]
    pub(crate) list_lag_ms: u64,
}

const fn list_lag_ms() -> u64 {
    30_000
}

/// A message, as far as it is read.
#[derive(Deserialize)]
pub(crate) struct Message {
    sid: String,
    status: String,
    body: Option<String>,
    /// RFC 2822, in GMT, to the second.
    date_created: Option<String>,
}

/// The newest messages of a list.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Message>,
    pub(crate) next_page_uri: Option<String>,
}

impl Account {
    pub(crate) fn messages_url(&self) -> String {
        let sid = path_segment(&self.account_sid);
        format!("https://api.twilio.com/2010-04-01/Accounts/{sid}/Messages.json")
    }

    /// The outcome of a message that Twilio has.
    pub(crate) fn sent(&self, message: Message) -> Outcome {
        let Message { sid, status, .. } = message;
        let text = format!("the text message is {status} (message {sid})");
        let url = format!("https://www.twilio.com/console/sms/logs/{}/{sid}", self.account_sid);
        Outcome::new(text).with_receipt(Receipt::new("message", sid).with_url(url))
    }
}

impl Message {
    /// Whether it has this text and was made since then.
    pub(crate) fn is(&self, text: &str, since: Timestamp) -> bool {
        let body = self.body.as_deref().unwrap_or_default();
        let body = body.strip_prefix(TRIAL_PREFIX).unwrap_or(body);
        body.trim() == text.trim() && self.created().is_some_and(|created| created >= since)
    }

    fn created(&self) -> Option<Timestamp> {
        let zoned = rfc2822::parse(self.date_created.as_deref()?).ok()?;
        Some(zoned.timestamp())
    }
}

/// From when on a message may be of an effect that was first tried then (milliseconds since 1970). A first attempt that lies
/// ahead was made before the host's clock was set back, and is no later than now.
pub(crate) fn search_start(first_attempt_at: u64, now: u64) -> Result<Timestamp, Failure> {
    i64::try_from(first_attempt_at.min(now))
        .ok()
        .and_then(|at_ms| Timestamp::from_millisecond(at_ms).ok()?.checked_sub(CLOCK_SKEW).ok())
        .ok_or_else(|| Failure::other("the time of the first attempt is out of range"))
}
