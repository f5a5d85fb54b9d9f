//! What became of a message, in words for the model.

use std::fmt;

use aftercall::Failure;
use schemars::JsonSchema;
use serde::Serialize;

use crate::refusal::Why;

/// How many characters of a vendor's reason are told. Protects the model's context.
const REASON_CHARS_MAX: usize = 500;

/// What `sms_status` tells.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    message_id: String,
    status: Delivery,
    /// The status in the vendor's own word.
    vendor_status: String,
    /// Why the message failed, as far as the vendor says.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How far a message came.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Delivery {
    /// The vendor has it, and hasn't sent it yet.
    Queued,
    /// The carrier has it, and hasn't confirmed that it arrived.
    Sent,
    /// It arrived.
    Delivered,
    /// It didn't arrive, and won't.
    Failed,
    /// The vendor says something else.
    Unknown,
}

/// What a vendor says of a failure: its code, and its words where it has any.
#[derive(Default)]
pub(crate) struct Blame {
    pub(crate) code: Option<String>,
    pub(crate) words: Option<String>,
    pub(crate) why: Option<Why>,
}

impl Report {
    /// The report on a message.
    pub(crate) fn new(message_id: &str, status: Delivery, vendor_status: &str) -> Self {
        Self { message_id: message_id.to_owned(), status, vendor_status: vendor_status.to_owned(), reason: None }
    }

    /// Adds the reason, where the message failed.
    pub(crate) fn because(mut self, blame: Blame) -> Self {
        if matches!(self.status, Delivery::Failed) {
            self.reason = blame.reason();
        }
        self
    }
}

impl Blame {
    fn reason(self) -> Option<String> {
        let said = match (self.words, self.code) {
            (Some(words), Some(code)) => Some(format!("{words} (code {code})")),
            (None, Some(code)) => Some(format!("the vendor's code {code}")),
            (words, None) => words,
        };
        let said = said.map(|said| said.chars().take(REASON_CHARS_MAX).collect::<String>());
        match (said, self.why) {
            (Some(said), Some(why)) => Some(format!("{said}; {}", why.words())),
            (said, None) => said,
            (None, Some(why)) => Some(why.words().to_owned()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message_id, status, vendor_status, reason } = self;
        match status {
            Delivery::Queued => write!(out, "message {message_id} is queued, and not sent yet"),
            Delivery::Sent => write!(out, "message {message_id} is sent; the carrier hasn't confirmed that it arrived"),
            Delivery::Delivered => write!(out, "message {message_id} was delivered"),
            Delivery::Failed => {
                let reason = reason.as_deref().unwrap_or("the vendor gives no reason");
                write!(out, "message {message_id} did not arrive, the vendor says {vendor_status}: {reason}")
            }
            Delivery::Unknown => write!(out, "the vendor says of message {message_id}: {vendor_status}"),
        }
    }
}

/// The failure of an id that isn't in the vendor's form.
pub(crate) fn no_id(message_id: &str, form: &str) -> Failure {
    Failure::invalid_arguments(format!(
        "`message_id` is {message_id:?}, which is no message id of the vendor's; give the id that send_sms gave, {form}"
    ))
}

/// The failure of an id of a message that somebody sent to us.
pub(crate) fn came_in(message_id: &str) -> Failure {
    Failure::not_found(format!("message {message_id} came in and was not sent; give the id that send_sms gave"))
}
