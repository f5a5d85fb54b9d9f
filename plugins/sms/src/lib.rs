//! Text messages over Twilio or Telnyx, whichever the tenant's settings name.
//!
//! A message in doubt is looked up before it is sent again: by recipient, sender, time and text. The plugin refuses to
//! say that a message wasn't sent while the vendor's list may lag, while there is more of the list than it looks at, and,
//! of Telnyx, once a mistake would no longer be caught by the idempotency key. Twilio takes no such key.

mod delivery;
mod message;
mod refusal;
mod telnyx;
mod twilio;
mod vendor;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Failure, Finding, Outcome, PhoneNumber, Text};

    use crate::delivery::Report;
    use crate::vendor::Vendor;

    /// Sends a text message (SMS). Use it for what the caller agreed to get by text: a confirmation, an address,
    /// a link. One message for each recipient in a conversation, so put all of it in one text.
    #[tool(effect = once, identity = [to], reconcile = find_sms, title = "Send a text message")]
    async fn send_sms(
        to: PhoneNumber,
        /// The whole message as plain text, without placeholders. Short is better: 160 characters are one SMS.
        #[schemars(length(max = 1600))]
        text: Text,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let sent = Vendor::chosen(cx)?.send(&to, text.as_str(), cx).await?;
        Ok(sent.into())
    }

    async fn find_sms(to: PhoneNumber, text: Text, cx: &Context) -> Result<Finding, Failure> {
        Vendor::chosen(cx)?.find(&to, text.as_str(), cx).await
    }

    /// Tells whether a text message arrived: queued, sent, delivered, or failed and why. Delivery takes seconds to minutes,
    /// so a message that was sent just now is rarely delivered yet: ask once, and don't wait for it.
    #[tool(effect = read, title = "Look up a text message")]
    async fn sms_status(
        /// The message's id, as send_sms gave it.
        #[schemars(regex(pattern = r"^[A-Za-z0-9-]{1,64}$"))]
        message_id: String,
        cx: &Context,
    ) -> Result<Answer<Report>, Failure> {
        let report = Vendor::chosen(cx)?.status(&message_id, cx).await?;
        Ok(Answer::new(report.to_string(), report))
    }
}
