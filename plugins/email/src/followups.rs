//! Follow-ups: a few timed emails of one batch, which is cancelled as a whole.
//!
//! SendGrid takes no idempotency key, but what it hasn't sent yet can be taken back. So a follow-up is scheduled whole or not
//! at all: where a part of it fails, its batch is cancelled. Where an attempt broke off before that, a person is asked, and told
//! to begin anew, the next attempt cancels first what there is of it. What is kept in the state says how far each came.

use aftercall::{Context, Failure, FailureKind, Finding, Outcome, Receipt};
use serde::Deserialize;

use crate::arguments::Recipient;
use crate::cancellations;
use crate::kept::{self, KEPT_MS, Kept, Progress};
use crate::sendgrid::mail::{Mail, Timing};
use crate::sendgrid::{batches, suppressions};
use crate::settings::Settings;
use crate::templates::{Given, Template, Values};

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A follow-up, as the settings have it.
#[derive(Deserialize)]
pub(crate) struct Followup {
    #[serde(rename = "for")]
    pub(crate) fits: String,
    steps: Vec<Step>,
}

/// One email of it.
#[derive(Deserialize)]
struct Step {
    /// At least one, so that it can be cancelled; at most 71, since SendGrid takes no email for later than 72 hours.
    after_hours: u64,
    template: String,
}

impl Followup {
    pub(crate) fn after_hours(&self) -> impl Iterator<Item = u64> {
        self.steps.iter().map(|step| step.after_hours)
    }

    /// What all of its emails together have variables for.
    pub(crate) fn variables(&self, settings: &Settings) -> Result<Values, Failure> {
        let mut variables = Values::default();
        for step in &self.steps {
            variables.extend(&step.template(settings)?.variables);
        }
        Ok(variables)
    }
}

impl Step {
    fn template<'a>(&self, settings: &'a Settings) -> Result<&'a Template, Failure> {
        settings.templates.get(&self.template).ok_or_else(|| {
            let why = format!("a follow-up has a template {:?}, which isn't among `templates`", self.template);
            Failure::of_settings(&["followups", "templates"], why)
        })
    }
}

/// Schedules a follow-up.
pub(crate) async fn start(
    name: &str,
    email: &Recipient,
    given: Option<Vec<Given>>,
    settings: &Settings,
    cx: &Context,
) -> Result<Outcome, Failure> {
    let followup = settings.followup(name)?;
    let values = Values::read(given, &followup.variables(settings)?)?;
    let (sender, group_id) = (settings.sender()?, settings.group_id()?);
    suppressions::check(email, Some(group_id), cx).await?;
    let known = kept::load(email, cx)?;
    if let Some((known, _)) = &known {
        make_way(known, email, cx).await?;
    }
    let batch_id = batches::create(cx).await?;
    let now_ms = cx.now();
    let at_ms = |hours: u64| now_ms.saturating_add(hours.saturating_mul(HOUR_MS));
    let mut kept = Kept {
        version: kept::VERSION,
        key: cx.key().to_owned(),
        followup: name.to_owned(),
        batch_id,
        emails: followup.steps.len(),
        made_at_ms: now_ms,
        first_at_ms: at_ms(followup.after_hours().min().unwrap_or_default()),
        last_at_ms: at_ms(followup.after_hours().max().unwrap_or_default()),
        progress: Progress::Begun,
    };
    let version = kept.save(email, known.map(|(_, version)| version), cx)?;
    for (place, step) in followup.steps.iter().enumerate() {
        let content = step.template(settings)?.filled(&values);
        let send_at_s = at_ms(step.after_hours) / 1_000;
        let timing = Some(Timing { send_at_s, batch_id: &kept.batch_id, group_id });
        let mail = Mail { sender, to: email, content, timing };
        if let Err(failure) = mail.send(cx).await {
            return Err(withdraw(kept, place > 0, version, failure, email, cx).await);
        }
    }
    kept.progress = Progress::Scheduled;
    match kept.save(email, Some(version), cx) {
        Err(failure) if failure.kind == FailureKind::Conflict => Err(Failure::conflict(format!(
            "the follow-up {name} was stopped while it was scheduled; none of it goes out"
        ))),
        Err(failure) => {
            cx.warn(format!("the follow-up is scheduled, and couldn't be kept as such: {}", failure.message));
            Ok(scheduled(&kept))
        }
        Ok(_) => Ok(scheduled(&kept)),
    }
}

/// Sees to it that nothing runs for the address that a new follow-up would add to.
async fn make_way(known: &Kept, email: &Recipient, cx: &Context) -> Result<(), Failure> {
    let name = &known.followup;
    if known.key != cx.key() {
        return if known.runs(cx) {
            let hours = known.last_at_ms.saturating_sub(cx.now()).div_ceil(HOUR_MS);
            Err(Failure::conflict(format!(
                "the follow-up {name} runs for {email} already, for another {hours} hours at most; if the person would \
                 rather have this one, stop it first with stop_emails"
            )))
        } else {
            Ok(())
        };
    }
    match known.progress {
        Progress::Withdrawn => Ok(()),
        Progress::Begun if can_be_cancelled(known, cx) => cancellations::cancel(known, cx).await,
        Progress::Begun => Err(Failure::conflict(format!(
            "an earlier attempt scheduled a part of the follow-up {name}, too long ago to take it back: a person has to \
             look at it"
        ))),
        Progress::Scheduled => Err(Failure::conflict(format!("the follow-up {name} is scheduled for {email} already"))),
        Progress::Stopped => Err(Failure::conflict(format!("the follow-up {name} for {email} was stopped"))),
    }
}

/// Takes back what was scheduled of a follow-up before it failed. What is left is the failure: certain, if nothing goes out.
async fn withdraw(
    mut kept: Kept,
    some_scheduled: bool,
    version: u64,
    failure: Failure,
    email: &Recipient,
    cx: &Context,
) -> Failure {
    let is_unknown = failure.kind == FailureKind::OutcomeUnknown;
    if (some_scheduled || is_unknown)
        && let Err(refusal) = cancellations::cancel(&kept, cx).await
    {
        let message =
            format!("{}; what of it was scheduled couldn't be taken back: {}", failure.message, refusal.message);
        return Failure { kind: FailureKind::OutcomeUnknown, message, ..failure };
    }
    kept.progress = Progress::Withdrawn;
    if let Err(unkept) = kept.save(email, Some(version), cx) {
        cx.warn(format!("the follow-up is withdrawn, and couldn't be kept as such: {}", unkept.message));
    }
    let kind = if is_unknown { FailureKind::Unavailable } else { failure.kind };
    Failure { kind, message: format!("{}; nothing of the follow-up goes out", failure.message), ..failure }
}

/// Whether a follow-up was scheduled.
pub(crate) async fn find(email: &Recipient, cx: &Context) -> Result<Finding, Failure> {
    let known = kept::load(email, cx)?;
    let ours = known.as_ref().map(|(kept, _)| kept).filter(|kept| kept.key == cx.key());
    let Some(kept) = ours else {
        // It is kept before the first email, and is forgotten after a week, or for another one that came after it: both since it
        // can have been made at the earliest.
        let since_ms = cx.first_attempt_at();
        let is_replaced = known.is_some_and(|(other, _)| other.made_at_ms >= since_ms);
        let is_forgotten = cx.now().saturating_sub(since_ms) >= KEPT_MS;
        return Ok(if is_replaced || is_forgotten { Finding::Unknown(None) } else { Finding::DidNotHappen });
    };
    match kept.progress {
        Progress::Scheduled | Progress::Stopped => Finding::happened(scheduled(kept)),
        Progress::Withdrawn => Ok(Finding::DidNotHappen),
        Progress::Begun if batches::is_cancelled(&kept.batch_id, cx).await? => Ok(Finding::DidNotHappen),
        // A part of it may be scheduled. Told to begin anew, it is cancelled first.
        Progress::Begun => Ok(Finding::Unknown(None)),
    }
}

fn can_be_cancelled(kept: &Kept, cx: &Context) -> bool {
    cx.now().saturating_add(batches::CANCELLED_BEFORE_MS) < kept.first_at_ms
}

fn scheduled(kept: &Kept) -> Outcome {
    let Kept { followup, batch_id, emails, progress, .. } = kept;
    let text = match progress {
        Progress::Stopped => {
            format!("the follow-up {followup} was scheduled, and has been stopped since (batch {batch_id})")
        }
        _ => {
            format!("the follow-up {followup} is scheduled: emails {emails}, batch {batch_id}, which stop_emails takes")
        }
    };
    Outcome::new(text).with_receipt(Receipt::new("scheduled batch", batch_id))
}
