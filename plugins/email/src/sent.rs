//! An email that SendGrid has, and what is made of one in doubt.

use aftercall::{Context, Failure, FailureKind, Finding, Outcome, Receipt};

use crate::arguments::Recipient;
use crate::sendgrid::mail::{Content, KEY_ARGUMENT, Mail};
use crate::sendgrid::{activity, suppressions};
use crate::settings::Settings;

/// When to look again, while the activity may lag. SendGrid lets six looks a minute pass, of the whole account.
const LOOK_AGAIN_MS: u64 = 60_000;

/// Sends an email at once, unless its owner wants none at all.
pub(crate) async fn send(
    to: &Recipient,
    content: Content<'_>,
    settings: &Settings,
    cx: &Context,
) -> Result<Outcome, Failure> {
    let sender = settings.sender()?;
    suppressions::check(to, None, cx).await?;
    let sent = format!("SendGrid has the email to {to} and sends it");
    Ok(match (Mail { sender, to, content, timing: None }).send(cx).await? {
        Some(id) => Outcome::new(format!("{sent} (message {id})")).with_receipt(Receipt::new("email", id)),
        None => Outcome::new(format!("{sent} (without an id; it carries {KEY_ARGUMENT} {})", cx.key()))
            .with_receipt(Receipt::new(KEY_ARGUMENT, cx.key())),
    })
}

/// Whether an email was sent, as far as the account can tell: without the activity, only a person can.
pub(crate) async fn find(to: &Recipient, cx: &Context) -> Result<Finding, Failure> {
    let settings = Settings::of(cx)?;
    if !settings.activity {
        return Ok(Finding::Unknown(None));
    }
    let found = match activity::find(cx).await {
        // The account hasn't bought it, or the key or the grant isn't for it: that won't change by asking again.
        Err(failure) if failure.kind == FailureKind::Denied => {
            cx.warn(format!("the activity can't be looked at: {}", failure.message));
            return Ok(Finding::Unknown(None));
        }
        found => found?,
    };
    match found {
        Some(message) => {
            let text = format!("SendGrid has the email to {to}: {} (message {})", message.status, message.msg_id);
            Finding::happened(Outcome::new(text).with_receipt(Receipt::new("email", message.msg_id)))
        }
        None => Ok(Finding::absent(cx, settings.activity_lag_ms, LOOK_AGAIN_MS)),
    }
}
