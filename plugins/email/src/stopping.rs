//! Stopping a follow-up: what is left of it is cancelled, and who wants no more is unsubscribed from all of them.

use aftercall::{Context, Email, Failure, FailureKind, Finding, Outcome, Receipt};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::arguments::Recipient;
use crate::cancellations;
use crate::kept::{self, Kept, Progress};
use crate::sendgrid::{batches, suppressions};
use crate::settings::Settings;

/// Why somebody gets no more of a follow-up.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reason {
    Answered,
    Unsubscribed,
}

impl Reason {
    /// The unsubscribe group that an address is to be on the list of, for one that wants no more.
    fn group_id(self, settings: &Settings) -> Result<Option<u64>, Failure> {
        match self {
            Self::Answered => Ok(None),
            Self::Unsubscribed => settings.group_id().map(Some),
        }
    }
}

/// A stop, as it is asked for.
pub(crate) struct Stop {
    pub(crate) email: Recipient,
    pub(crate) reason: Reason,
    /// The batch that is to be stopped, and no other. Left out: whatever runs.
    pub(crate) batch: Option<String>,
}

/// Stops the follow-up of an address. Who wants no more is unsubscribed first: that counts for longer, and what may fail with the
/// batch must not come before it.
pub(crate) async fn stop(asked: &Stop, settings: &Settings, cx: &Context) -> Result<Outcome, Failure> {
    asked.check_contact(cx)?;
    match asked.reason.group_id(settings)? {
        None => cancel(asked, cx).await,
        Some(group_id) => {
            let unsubscribed = unsubscribe(&asked.email, group_id, cx).await;
            both(unsubscribed, cancel(asked, cx).await)
        }
    }
}

async fn unsubscribe(email: &Recipient, group_id: u64, cx: &Context) -> Result<Outcome, Failure> {
    let told = |failure: Failure| {
        let is = if failure.kind == FailureKind::OutcomeUnknown { "may not be" } else { "is not" };
        let message = format!("{email} {is} unsubscribed: {}", failure.message);
        Failure { message, ..failure }
    };
    suppressions::add(email, group_id, cx).await.map_err(told)?;
    Ok(unsubscribed(email, group_id))
}

fn unsubscribed(email: &Recipient, group_id: u64) -> Outcome {
    let receipt = Receipt::new("unsubscribe group", group_id.to_string());
    Outcome::new(format!("{email} is unsubscribed from follow-ups")).with_receipt(receipt)
}

/// Cancels what is left of the follow-up of an address.
async fn cancel(asked: &Stop, cx: &Context) -> Result<Outcome, Failure> {
    let email = &asked.email;
    match kept::load(email, cx)? {
        Some((kept, version)) if kept.runs(cx) => {
            asked.check_meant(&kept)?;
            cancellations::cancel(&kept, cx).await?;
            let text = format!(
                "the rest of the follow-up {} for {email} is cancelled; an email that was due within ten minutes may still \
                 arrive",
                kept.followup
            );
            let receipt = Receipt::new("cancelled batch", &kept.batch_id);
            kept.stop(email, version, cx)?;
            Ok(Outcome::new(text).with_receipt(receipt))
        }
        Some((kept, _)) if kept.progress == Progress::Stopped && asked.means(&kept) => {
            let text = format!("the follow-up {} for {email} was stopped already", kept.followup);
            Ok(Outcome::new(text).with_receipt(Receipt::new("cancelled batch", kept.batch_id)))
        }
        _ => Ok(Outcome::new(format!("no follow-up runs for {email}"))),
    }
}

impl Stop {
    /// Who writes an email stops what they get and nobody else's, whatever it says. Other contacts are numbers, and tell nothing
    /// of addresses.
    fn check_contact(&self, cx: &Context) -> Result<(), Failure> {
        let contact = cx.fact("call.contact");
        match contact.as_ref().and_then(Value::as_str).map(str::parse::<Email>) {
            Some(Ok(contact)) if !contact.as_str().eq_ignore_ascii_case(self.email.as_str()) => {
                Err(Failure::invalid_arguments(format!(
                    "email: this is from {contact}, who can't stop what others get; give that address in small letters"
                )))
            }
            _ => Ok(()),
        }
    }

    fn means(&self, kept: &Kept) -> bool {
        self.batch.as_ref().is_none_or(|batch| *batch == kept.batch_id)
    }

    fn check_meant(&self, kept: &Kept) -> Result<(), Failure> {
        if self.means(kept) {
            return Ok(());
        }
        let (Self { email, .. }, Kept { followup, batch_id, .. }) = (self, kept);
        Err(Failure::invalid_arguments(format!(
            "batch: what runs for {email} is the follow-up {followup}, batch {batch_id}, and it runs on; give that to stop it"
        )))
    }
}

/// Both results in words. It is done if both are; a doubt about one is a doubt about the whole.
fn both(first: Result<Outcome, Failure>, second: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok(joined(first, second)),
        (Ok(done), Err(failure)) => {
            Err(Failure { message: format!("{}; but: {}", done.text, failure.message), ..failure })
        }
        (Err(failure), Ok(done)) => Err(Failure { message: format!("{}; {}", failure.message, done.text), ..failure }),
        (Err(first), Err(second)) => {
            let kind = if second.kind == FailureKind::OutcomeUnknown { second.kind } else { first.kind };
            Err(Failure { kind, message: format!("{}; and: {}", first.message, second.message), ..first })
        }
    }
}

fn joined(first: Outcome, second: Outcome) -> Outcome {
    let text = format!("{}; {}", first.text, second.text);
    let receipts = first.receipts.into_iter().chain(second.receipts);
    receipts.fold(Outcome::new(text), Outcome::with_receipt)
}

/// Whether what `stop` does is done.
pub(crate) async fn find(asked: &Stop, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
    let email = &asked.email;
    let group_id = asked.reason.group_id(settings)?;
    if let Some(group_id) = group_id
        && !suppressions::is_in_group(email, group_id, cx).await?
    {
        return Ok(Finding::DidNotHappen);
    }
    let mut over = Outcome::new(format!("no follow-up runs for {email}"));
    match kept::load(email, cx)? {
        Some((kept, version)) if kept.runs(cx) => {
            // One that isn't meant is refused when it is asked for again.
            if !asked.means(&kept) || !batches::is_cancelled(&kept.batch_id, cx).await? {
                return Ok(Finding::DidNotHappen);
            }
            over = over.with_receipt(Receipt::new("cancelled batch", &kept.batch_id));
            if let Err(unkept) = kept.stop(email, version, cx) {
                cx.warn(format!("the follow-up is stopped, and couldn't be kept as such: {}", unkept.message));
            }
        }
        Some((kept, _)) if kept.progress == Progress::Stopped && asked.means(&kept) => {
            over = over.with_receipt(Receipt::new("cancelled batch", kept.batch_id));
        }
        _ => {}
    }
    Finding::happened(match group_id {
        Some(group_id) => joined(unsubscribed(email, group_id), over),
        None => over,
    })
}
