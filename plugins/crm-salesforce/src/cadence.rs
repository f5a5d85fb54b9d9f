//! Cadences: the steps of emails, calls and waiting that Sales Engagement takes people through. The assistant knows them as
//! sequences. Salesforce keeps a tracker of each person in each, which nobody but its own action makes, and which has no
//! field of ours: what is in doubt is read by person, cadence and time
//! (developer.salesforce.com/docs/atlas.en-us.api_action.meta/api_action/actions_obj_high_velocity_sales.htm,
//! developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_actioncadencetracker.htm).

use aftercall::{Answer, Context, Failure, FailureKind, Finding, Instant, Offer, Outcome};
use aftercall_salesforce::{Record, Salesforce, quoted};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::arguments::PersonId;
use crate::org::Org;

/// The action that puts a person in a cadence.
const ASSIGN: &str = "assignTargetToSalesCadence";
/// The object that says who is in which, by its name in Salesforce.
const TRACKER: &str = "ActionCadenceTracker";
/// How far Salesforce's clock may be behind ours, in milliseconds.
const CLOCK_SKEW_MS_MAX: u64 = 60_000;
const MS_PER_SECOND: u64 = 1_000;

/// A cadence that people may be enrolled in: a setting.
#[derive(Deserialize)]
pub(crate) struct Cadence {
    cadence_id: String,
    /// The user who takes the person through the steps.
    assignee_id: Option<String>,
    #[serde(rename = "for")]
    fits: String,
}

/// What `list_sequences` gives.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Offered {
    sequences: Vec<Offer>,
}

/// What the settings offer.
pub(crate) fn offered(org: &Org) -> Answer<Offered> {
    let sequences = org.cadences.offers(|cadence| &cadence.fits);
    Answer::new(format!("{} to choose from", sequences.len()), Offered { sequences })
}

/// Enrols the person in the cadence of this name, unless they are in it, or want no emails.
pub(crate) async fn enrol(org: &Org, cx: &Context, person_id: &PersonId, name: &str) -> Result<Outcome, Failure> {
    let (cadence, salesforce) = (org.cadence(name)?, org.salesforce(cx));
    if !person_id.is_rehearsed(cx) {
        may_be_enrolled(salesforce, person_id).await?;
        let active = cadence.tracker(salesforce, person_id, "IsTrackerActive = true").await?;
        if active.is_some() {
            return Err(Failure::conflict(format!("{person_id} is in {name} already; nothing was done")));
        }
    }
    let mut input = json!({ "salesCadenceNameOrId": cadence.cadence_id, "targetId": person_id });
    if let Some(assignee_id) = &cadence.assignee_id {
        input["userId"] = assignee_id.as_str().into();
    }
    salesforce.invoke(ASSIGN, input).await.map_err(refused)?;
    Ok(outcome(salesforce, person_id, name))
}

/// Whether the person was enrolled in it since the call.
pub(crate) async fn settle(org: &Org, cx: &Context, person_id: &PersonId, name: &str) -> Result<Finding, Failure> {
    let (cadence, salesforce) = (org.cadence(name)?, org.salesforce(cx));
    let began_ms = cx.first_attempt_at().saturating_sub(CLOCK_SKEW_MS_MAX);
    // SOQL takes whole seconds.
    let began = Instant::utc(began_ms / MS_PER_SECOND * MS_PER_SECOND);
    let made = cadence.tracker(salesforce, person_id, &format!("CreatedDate >= {began}")).await;
    // Whatever becomes of it there, it was made.
    let trace = Record::trace(made, |_| true)?;
    salesforce.settled(trace, |_| outcome(salesforce, person_id, name))
}

impl Cadence {
    /// The person's first enrolment in it that fits.
    async fn tracker(
        &self,
        salesforce: Salesforce<'_>,
        person_id: &PersonId,
        fits: &str,
    ) -> Result<Option<Record>, Failure> {
        let (person, cadence) = (quoted(person_id.as_str()), quoted(&self.cadence_id));
        let soql = format!(
            "SELECT Id FROM {TRACKER} WHERE TargetId = {person} AND ActionCadenceId = {cadence} AND {fits} \
             ORDER BY CreatedDate ASC"
        );
        Ok(salesforce.query(&soql, 1).await?.pop())
    }
}

/// Refuses somebody who isn't there, wants no emails, or is a contact by now.
async fn may_be_enrolled(salesforce: Salesforce<'_>, person_id: &PersonId) -> Result<(), Failure> {
    let names: &[&str] = match person_id.is_lead() {
        true => &["HasOptedOutOfEmail", "IsConverted", "ConvertedContactId"],
        false => &["HasOptedOutOfEmail"],
    };
    let person = salesforce.with_id(person_id.object(), person_id.as_str(), names.iter().copied()).await?;
    let Some(person) = person else {
        return Err(Failure::not_found(format!("there is no {person_id}; find_contact tells whom there is")));
    };
    let is = |field: &str| person.value(field).and_then(Value::as_bool) == Some(true);
    if is("IsConverted") {
        let contact_id = person.text("ConvertedContactId").unwrap_or("find_contact tells which");
        return Err(Failure::conflict(format!("{person_id} was converted to a contact: enrol that, {contact_id}")));
    }
    if is("HasOptedOutOfEmail") {
        return Err(Failure::denied(format!("{person_id} wants no emails; don't try it again")));
    }
    Ok(())
}

/// The person was found before: what the action finds wrong is of the settings.
fn refused(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::InvalidArguments | FailureKind::NotFound => failure.by_settings(&["cadences"]),
        _ => failure,
    }
}

/// The action doesn't tell the enrolment's id; it shows on the person's page.
fn outcome(salesforce: Salesforce<'_>, person_id: &PersonId, name: &str) -> Outcome {
    Outcome::new(format!("{person_id} is enrolled in the sequence {name}"))
        .with_receipt(salesforce.receipt(person_id.object(), person_id.as_str()))
}
