//! Sequences that are automations of Marketing Campaigns: which there are, and whom they fit.

use aftercall::{Context, Failure, FailureKind, Finding, Offer, Outcome, Receipt, Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::arguments::Recipient;
use crate::sendgrid::contacts::{self, Contact, Taken};
use crate::sendgrid::{Refusal, checked_or, suppressions};
use crate::settings::{Settings, listed};

/// How long an import that was taken is waited for, in milliseconds. SendGrid names no time; after it, a person is asked.
const IMPORT_LAG_MS: u64 = 15 * 60 * 1_000;
/// When to look again for a contact.
const LOOK_AGAIN_MS: u64 = 60_000;

/// A sequence, by the list whose new contacts enter it.
#[derive(Deserialize)]
pub(crate) struct Sequence {
    list_id: String,
    #[serde(rename = "for")]
    fits: String,
}

/// What `list_sequences` gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Sequences {
    sequences: Vec<Offer>,
}

impl Sequences {
    pub(crate) fn of(settings: &Settings) -> (String, Self) {
        let text = format!("the sequences are: {}", listed(&settings.sequence_names()));
        (text, Self { sequences: settings.sequences.offers(|sequence| &sequence.fits) })
    }
}

/// Puts a person on the list of a sequence.
pub(crate) async fn start(
    name: &str,
    mut contact: Contact<'_>,
    interest: Option<Text>,
    settings: &Settings,
    cx: &Context,
) -> Result<Outcome, Failure> {
    let chosen = settings.sequence(name)?;
    let looked = check_wanted(contact.email, settings, cx).await?;
    let unkept = interest.is_some() && settings.interest_field.is_none();
    contact
        .custom_fields
        .extend(settings.interest_field.clone().zip(interest.map(|interest| String::from(interest).into())));
    let answer = contacts::upsert(&chosen.list_id, &contact, cx).await?;
    let answer = checked_or(answer, cx, |failure, status, refusal: Refusal| {
        if contacts::is_without_list(status, &refusal) { chosen.without_list(name, failure) } else { failure }
    });
    let taken: Taken = answer?.json()?;
    let mut text = format!("SendGrid adds the person to the sequence {name} (import job {})", taken.job_id);
    if !looked {
        text.push_str(
            "; whether the person has unsubscribed from all email wasn't looked at, which the grant or the API key doesn't \
             allow: SendGrid sends nothing to those who have",
        );
    }
    if unkept {
        text.push_str("; the interest is not kept: the settings name no field for it");
    }
    let receipt = Receipt::new("import job", taken.job_id).with_url(contacts::list_page(&chosen.list_id));
    Ok(Outcome::new(text).with_receipt(receipt))
}

/// Refuses a person who has unsubscribed. Whether that could be looked at: where no group has to be, a grant and a key that are for
/// contacts alone do, as they did before it was.
async fn check_wanted(email: &Recipient, settings: &Settings, cx: &Context) -> Result<bool, Failure> {
    match suppressions::find(email, settings.unsubscribe_group, cx).await {
        Err(failure) if failure.kind == FailureKind::Denied && settings.unsubscribe_group.is_none() => Ok(false),
        unsubscribed_from => suppressions::refuse(email, unsubscribed_from?).map(|()| true),
    }
}

/// Whether a person is on the list of a sequence.
pub(crate) async fn find(name: &str, email: &Recipient, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
    let chosen = settings.sequence(name)?;
    let found = match contacts::find(email, &chosen.list_id, cx).await {
        // As with a grant from before there was this search.
        Err(failure) if failure.kind == FailureKind::Denied => return Ok(Finding::Unknown(None)),
        found => found?,
    };
    match found {
        Some(contact_id) => {
            let receipt = Receipt::new("contact", contact_id).with_url(contacts::list_page(&chosen.list_id));
            Finding::happened(Outcome::new(format!("the person is in the sequence {name}")).with_receipt(receipt))
        }
        None => Ok(Finding::absent(cx, IMPORT_LAG_MS, LOOK_AGAIN_MS).unless_hidden(true)),
    }
}

impl Sequence {
    /// The failure where SendGrid has no such list.
    fn without_list(&self, name: &str, failure: Failure) -> Failure {
        let Self { list_id, .. } = self;
        let words = format!("the sequence {name} can't be started, since SendGrid has no list {list_id}");
        let message = format!("{words} ({})", failure.message);
        Failure { message, ..failure }.by_settings(&["sequences"])
    }
}
