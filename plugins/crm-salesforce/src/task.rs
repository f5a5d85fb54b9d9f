//! Tasks: a call that was had, and what is to be done
//! (developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm).
//!
//! A task's key is the effect's. One that is there is left as it is: people may have changed it since, and its subtype
//! can't be changed at all. Where it says something else, that is told.

use aftercall::{Answer, Context, Day, Failure, Finding};
use aftercall_salesforce::{Record, Salesforce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::arguments::{OpportunityId, PersonId};
use crate::opportunity;
use crate::org::Org;

/// The object, by its name in Salesforce.
const TASK: &str = "Task";

/// The priorities that Salesforce comes with.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
pub(crate) enum Priority {
    High,
    Normal,
    Low,
}

/// A task that is to be made.
pub(crate) struct Task<'a> {
    about: About<'a>,
    /// Of those that each org has. Left out, a field is what the org gives to a new task.
    fields: Map<String, Value>,
}

/// The task that was made.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Made {
    task_id: String,
}

/// Whom and what a task is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    person_id: Option<&'a PersonId>,
    opportunity_id: Option<&'a OpportunityId>,
}

impl<'a> About<'a> {
    /// A lead has no opportunities: Salesforce takes none beside it.
    pub(crate) fn of(person_id: &'a PersonId, opportunity_id: Option<&'a OpportunityId>) -> Result<Self, Failure> {
        if person_id.is_lead() && opportunity_id.is_some() {
            return Err(Failure::invalid_arguments("opportunity_id goes with a contact: leave it out with a lead"));
        }
        Ok(Self { person_id: Some(person_id), opportunity_id })
    }

    /// Whichever are given: an opportunity may stand alone.
    pub(crate) fn either(
        person_id: Option<&'a PersonId>,
        opportunity_id: Option<&'a OpportunityId>,
    ) -> Result<Self, Failure> {
        match (person_id, opportunity_id) {
            (None, None) => Err(Failure::invalid_arguments(
                "give the person's id, with a contact also the opportunity's, or that alone",
            )),
            (None, opportunity_id) => Ok(Self { person_id: None, opportunity_id }),
            (Some(person_id), opportunity_id) => Self::of(person_id, opportunity_id),
        }
    }

    /// What the words of an answer call it.
    pub(crate) fn words(self) -> String {
        let ids = [self.person_id.map(PersonId::as_str), self.opportunity_id.map(OpportunityId::as_str)];
        ids.into_iter().flatten().collect::<Vec<_>>().join(" and ")
    }

    /// A note that is nothing to do and no call, kept under this day.
    pub(crate) fn note(self, org: &Org, text: &str, day: Day) -> Task<'a> {
        self.task(&[
            ("Subject", Some("Note")),
            ("Description", Some(text)),
            ("ActivityDate", Some(&day.to_string())),
            ("Status", Some(&org.completed_status)),
        ])
    }

    /// A call that was had on this day.
    pub(crate) fn call(self, org: &Org, subject: Option<&str>, description: &str, day: Day) -> Task<'a> {
        self.task(&[
            ("Subject", Some(subject.unwrap_or("Call"))),
            ("Description", Some(description)),
            ("ActivityDate", Some(&day.to_string())),
            ("Status", Some(&org.completed_status)),
            ("TaskSubtype", Some("Call")),
        ])
    }

    /// What is to be done until this day.
    pub(crate) fn to_do(
        self,
        org: &Org,
        subject: &str,
        description: Option<&str>,
        due: Day,
        priority: Priority,
    ) -> Task<'a> {
        self.task(&[
            ("Subject", Some(subject)),
            ("Description", description),
            ("ActivityDate", Some(&due.to_string())),
            ("Priority", Some(priority.name())),
            ("OwnerId", org.task_owner_id.as_deref()),
        ])
    }

    fn task(self, texts: &[(&str, Option<&str>)]) -> Task<'a> {
        let about = [
            ("WhoId", self.person_id.map(PersonId::as_str)),
            ("WhatId", self.opportunity_id.map(OpportunityId::as_str)),
        ];
        let texts = about.iter().chain(texts).filter_map(|(name, text)| Some((name, (*text)?.trim())));
        Task { about: self, fields: texts.map(|(name, text)| ((*name).to_owned(), text.into())).collect() }
    }
}

impl Priority {
    const fn name(self) -> &'static str {
        match self {
            Self::High => "High",
            Self::Normal => "Normal",
            Self::Low => "Low",
        }
    }
}

/// What was said, and what comes next, as the text that it is.
pub(crate) fn description(summary: &str, next_step: Option<&str>) -> String {
    match next_step {
        Some(next_step) => format!("{}\n\nNext step: {}", summary.trim(), next_step.trim()),
        None => summary.trim().to_owned(),
    }
}

impl Task<'_> {
    /// What it says. The rest is for people to change: a day, an owner, the contact that a lead became.
    fn said(&self) -> Map<String, Value> {
        let said = ["Subject", "Description"].iter().filter_map(|name| self.fields.get_key_value(*name));
        said.map(|(name, text)| (name.clone(), text.clone())).collect()
    }

    /// Makes it, unless an attempt before this one has made it.
    pub(crate) async fn make(&self, org: &Org, cx: &Context, words: &str) -> Result<Answer<Made>, Failure> {
        let (said, salesforce) = (self.said(), org.salesforce(cx));
        if cx.doubted() {
            let names = said.keys().map(String::as_str);
            if let Some(earlier) = salesforce.with_key(TASK, cx.key(), names).await? {
                return if earlier.says(&said) {
                    Ok(answer(salesforce, words, &earlier.id))
                } else {
                    Err(differs(&earlier.id))
                };
            }
        }
        if let (Some(opportunity_id), Some(person_id)) = (self.about.opportunity_id, self.about.person_id) {
            opportunity::of_contact(org, cx, opportunity_id, person_id).await?;
        }
        let task = salesforce.upsert(TASK, cx.key(), &self.fields).await?;
        Ok(answer(salesforce, words, &task.id))
    }

    /// Whether there is the task, with what it says.
    pub(crate) async fn settle(&self, org: &Org, cx: &Context, words: &str) -> Result<Finding, Failure> {
        let (said, salesforce) = (self.said(), org.salesforce(cx));
        let found = salesforce.with_key(TASK, cx.key(), said.keys().map(String::as_str)).await;
        let trace = Record::trace(found, |task| task.says(&said))?;
        salesforce.settled(trace, |id| answer(salesforce, words, id))
    }
}

fn differs(task_id: &str) -> Failure {
    Failure::conflict(format!(
        "an earlier attempt made task_id {task_id}, which says something else now; nothing was changed, and no other \
         task is made in its place"
    ))
}

fn answer(salesforce: Salesforce<'_>, words: &str, task_id: &str) -> Answer<Made> {
    let made = Made { task_id: task_id.to_owned() };
    Answer::new(format!("{words}, task_id {task_id}"), made).with_receipt(salesforce.receipt(TASK, task_id))
}
