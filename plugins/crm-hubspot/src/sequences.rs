//! Sequences: emails and tasks that follow one another. A contact is in one at a time.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/legacy/automation/sequences/enroll-contact> and
//! `…/get-enrollment` beside it.

use aftercall::{Context, Failure, FailureKind, Finding, Instant, Offer, Outcome, Trace};
use aftercall_hubspot::{RecordId, of_the_settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::hubspot::{hubspot, settled};
use crate::settings::Settings;

const ENROLLMENTS: &str = "https://api.hubapi.com/automation/v4/sequences/enrollments";
/// How far HubSpot's clock may be behind ours, in milliseconds.
const CLOCK_SKEW_MS_MAX: u64 = 60_000;
/// Why HubSpot doesn't email a contact that mustn't be
/// (<https://knowledge.hubspot.com/sequences/sequences-error-contact-cant-be-enrolled-in-this-sequence>).
const UNWANTED: [&str; 3] = ["UNSUBSCRIBED", "BLOCKED_", "PREVIOUSLY_MARKED_AS_SPAM"];
/// Why HubSpot doesn't email an address that doesn't take it, by the same page.
const UNDELIVERABLE: [&str; 2] = ["BOUNCED", "OTHER_SEND_REJECTED"];
/// HubSpot's word for a contact that is in a sequence, by the same page.
const ALREADY_ENROLLED: &str = "ALREADY_ENROLLED";
/// What of an enrolment the settings say.
const OF_THE_SETTINGS: [&str; 3] = ["sequenceId", "senderEmail", "userId"];

/// What `list_sequences` gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Offered {
    pub(crate) sequences: Vec<Offer>,
}

/// The answer to an enrolment.
#[derive(Deserialize)]
struct Enrolled {
    id: String,
}

/// A contact's newest enrolment.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolment {
    id: String,
    sequence_id: String,
    enrolled_at: String,
}

/// Enrols the contact in the sequence of this name.
pub(crate) async fn enrol(
    contact_id: &RecordId,
    name: &str,
    settings: &Settings,
    cx: &Context,
) -> Result<Outcome, Failure> {
    let (sequence, sender) = settings.sequence(name)?;
    let request = cx.post(ENROLLMENTS).query(&[("userId", &sender.user_id)]).json(&json!({
        "contactId": contact_id,
        "senderEmail": sender.email,
        "sequenceId": sequence.sequence_id,
    }));
    let response = request.send().await?;
    let said = response.text().into_owned();
    let answer = hubspot(cx).told(response).map_err(|failure| refused(failure, &said))?;
    let enrolled: Enrolled = answer.json()?;
    Ok(outcome(contact_id, name, settings, &enrolled.id))
}

/// Whether the contact was enrolled in it, by its newest enrolment.
pub(crate) async fn find(
    contact_id: &RecordId,
    name: &str,
    settings: &Settings,
    cx: &Context,
) -> Result<Finding, Failure> {
    let (sequence, _) = settings.sequence(name)?;
    let trace = newest(contact_id, cx).await?.map_or(Trace::Absent, |newest| newest.trace(&sequence.sequence_id, cx));
    settled(trace, settings, cx, |id| outcome(contact_id, name, settings, id))
}

impl Enrolment {
    /// What it says of an enrolment in this sequence by the effect.
    fn trace(self, sequence_id: &str, cx: &Context) -> Trace {
        let Ok(enrolled_at) = self.enrolled_at.parse::<Instant>() else { return Trace::Hidden };
        let began = cx.first_attempt_at().saturating_sub(CLOCK_SKEW_MS_MAX);
        match (enrolled_at.as_ms() >= began, self.sequence_id == sequence_id) {
            (true, true) => Trace::AsAsked(self.id),
            // Enrolled in another since: whether ours was before that, and ended, nobody tells.
            (true, false) => Trace::Hidden,
            (false, _) => Trace::Absent,
        }
    }
}

async fn newest(contact_id: &RecordId, cx: &Context) -> Result<Option<Enrolment>, Failure> {
    match hubspot(cx).send(cx.get(format!("{ENROLLMENTS}/contact/{contact_id}"))).await {
        // What HubSpot answers of a contact that never was enrolled is not documented.
        Ok(answer) if matches!(answer.text().trim(), "" | "{}" | "null") => Ok(None),
        Ok(answer) => answer.json().map(Some),
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// A refusal in words, by what HubSpot says. What it documents no word for stays what its status makes of it.
fn refused(failure: Failure, said: &str) -> Failure {
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let is_refused = matches!(
        failure.kind,
        FailureKind::InvalidArguments | FailureKind::Denied | FailureKind::Conflict | FailureKind::NotFound
    );
    let (kind, words) = match () {
        () if !is_refused => return failure,
        () if says(&[ALREADY_ENROLLED]) => {
            (FailureKind::Conflict, "the contact is in a sequence already, and can be in one at a time")
        }
        () if says(&UNWANTED) => (FailureKind::Denied, "HubSpot doesn't email this contact; don't try it again"),
        () if says(&UNDELIVERABLE) => {
            (FailureKind::Conflict, "emails to the contact's address don't arrive: a person has to look at it")
        }
        () if says(&OF_THE_SETTINGS) => return of_the_settings(failure),
        () => return failure,
    };
    Failure { kind, message: format!("{words}: {}", failure.message), ..failure }
}

fn outcome(contact_id: &RecordId, name: &str, settings: &Settings, id: &str) -> Outcome {
    let receipt = settings.receipt_on_contact("sequence-enrollment", id, contact_id.as_str());
    Outcome::new(format!("contact {contact_id} is enrolled in the sequence {name}")).with_receipt(receipt)
}
