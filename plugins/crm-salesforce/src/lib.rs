//! Leads, contacts, opportunities, tasks and cadences in Salesforce, over its REST API.
//!
//! Salesforce takes no idempotency key, but upserts a record by a unique custom field. So each record that is made carries a
//! key in that field: a lead its email address, any other the effect's own. A call in doubt is repeated under the same key,
//! and finds what it made; where that doesn't help, the record of the key is read. Who was enrolled in a cadence is read by
//! person, cadence and time. The plugin refuses to make a lead of somebody who is a contact, to guess which of several leads
//! is meant, to touch an opportunity of another account, to convert an amount into the org's currency, and to enrol who
//! wants no emails.

mod arguments;
mod fields;
mod org;
mod refusal;

mod cadence;
mod contact;
mod lead;
mod opportunity;
mod person;
mod task;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Amount, Answer, Context, Currency, Day, Email, Failure, Finding, Outcome, PhoneNumber};

    use crate::arguments::{AccountId, ContactId, OpportunityId, PersonId};
    use crate::org::Org;
    use crate::task::{About, Priority};
    use crate::{cadence, contact, lead, opportunity, person, task};

    /// Finds contacts and leads in the CRM by email address, telephone number or both. A contact belongs to an account;
    /// a lead is somebody who isn't a contact yet.
    #[tool(effect = read, title = "Find a contact or lead")]
    async fn find_contact(
        email: Option<Email>,
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Answer<person::Found>, Failure> {
        if email.is_none() && phone.is_none() {
            return Err(Failure::invalid_arguments("give an email address, a telephone number or both"));
        }
        let org: Org = cx.settings()?;
        let found = person::find(&org, cx, email.as_ref(), phone.as_ref()).await?;
        Ok(Answer::new(found.words(), found))
    }

    /// Makes the caller a lead in the CRM, or updates the lead that has this email address. Of somebody who is a contact
    /// already, nothing is written: the answer tells their contact_id. Once for each address in a conversation, so put all
    /// of it in one call. Give only what the caller said; what is left out stays as it is.
    #[tool(effect = idempotent, identity = [email], reconcile = find_lead, title = "Make or update a lead")]
    async fn upsert_lead(
        email: Email,
        /// The caller's first name, such as Ann.
        #[schemars(length(min = 1, max = 40))]
        first_name: Option<String>,
        /// The caller's last name, such as Lee.
        #[schemars(length(min = 1, max = 80))]
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        /// The company that the caller works for.
        #[schemars(length(min = 1, max = 255))]
        company: Option<String>,
        /// What the caller is interested in, in a few sentences.
        #[schemars(length(min = 1, max = 4000))]
        interest: Option<String>,
        cx: &Context,
    ) -> Result<Answer<lead::Made>, Failure> {
        let org: Org = cx.settings()?;
        lead::upsert(&org, cx, &lead::Said { email, first_name, last_name, phone, company, interest }).await
    }

    async fn find_lead(
        email: Email,
        first_name: Option<String>,
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        company: Option<String>,
        interest: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        lead::settle(&org, cx, &lead::Said { email, first_name, last_name, phone, company, interest }).await
    }

    /// Updates a contact, by contact_id, or makes somebody new a contact of an account, by account_id and last_name. Look with
    /// find_contact first, so that nobody is made twice; of a caller without an account, use upsert_lead. Once for each
    /// contact, and for one new one on each account, in a conversation, so put all of it in one call. Give only what the
    /// caller said; what is left out stays as it is.
    #[tool(
        effect = idempotent,
        identity = [contact_id, account_id],
        reconcile = find_contact_written,
        title = "Make or update a contact"
    )]
    async fn upsert_contact(
        /// To update a contact: its id, from find_contact. Leave it out for a new one.
        contact_id: Option<ContactId>,
        /// For a new one: the id of the account that they belong to, from find_contact or find_opportunities.
        account_id: Option<AccountId>,
        email: Option<Email>,
        /// The contact's first name, such as Ann.
        #[schemars(length(min = 1, max = 40))]
        first_name: Option<String>,
        /// The contact's last name, such as Lee.
        #[schemars(length(min = 1, max = 80))]
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        /// What they do there, such as Head of Purchasing.
        #[schemars(length(min = 1, max = 128))]
        title: Option<String>,
        cx: &Context,
    ) -> Result<Answer<contact::Made>, Failure> {
        let org: Org = cx.settings()?;
        let said = contact::Said { contact_id, account_id, email, first_name, last_name, phone, title };
        contact::upsert(&org, cx, &said).await
    }

    async fn find_contact_written(
        contact_id: Option<ContactId>,
        account_id: Option<AccountId>,
        email: Option<Email>,
        first_name: Option<String>,
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        title: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        let said = contact::Said { contact_id, account_id, email, first_name, last_name, phone, title };
        contact::settle(&org, cx, &said).await
    }

    /// Finds the opportunities of an account, or those that a contact has a part in: open ones first, with stage, amount
    /// and close date.
    #[tool(effect = read, title = "Find opportunities")]
    async fn find_opportunities(
        /// The account's id, from find_contact. Give this or contact_id.
        account_id: Option<AccountId>,
        /// The contact's id, from find_contact.
        contact_id: Option<ContactId>,
        cx: &Context,
    ) -> Result<Answer<opportunity::Found>, Failure> {
        let org: Org = cx.settings()?;
        let found = opportunity::find(&org, cx, account_id.as_ref(), contact_id.as_ref()).await?;
        Ok(Answer::new(found.words(), found))
    }

    /// Updates an opportunity of an account, by opportunity_id, or makes a new one, by name, stage and close_date. Look
    /// with find_opportunities first, so that none is made twice. Once for each opportunity, and for one new one on each
    /// account, in a conversation, so put all of it in one call. What is left out stays as it is.
    #[tool(
        effect = idempotent,
        identity = [account_id, opportunity_id],
        reconcile = find_opportunity,
        title = "Make or update an opportunity"
    )]
    async fn upsert_opportunity(
        /// The id of the account that would buy, from find_contact or find_opportunities.
        account_id: AccountId,
        /// To update one of the account's: its id, from find_opportunities. Leave it out for a new one.
        opportunity_id: Option<OpportunityId>,
        /// For a new one: what it is called in the CRM, such as "Acme: 40 seats".
        #[schemars(length(min = 1, max = 120))]
        name: Option<String>,
        /// How far the sale is: one of the org's stages.
        #[choices(Org::stages)]
        stage: Option<String>,
        /// What the deal is worth in all, as it was said; never an estimate. Only with its currency: where this tool takes
        /// no currency, it takes no amount. With as many digits after the point as the currency has: 1250.00 in EUR, 1250
        /// in JPY.
        amount: Option<Amount>,
        /// The currency of the amount. Needed with it.
        #[choices(Org::currencies)]
        currency: Option<Currency>,
        /// The day by which the deal is expected to close, such as 2026-12-01.
        close_date: Option<Day>,
        /// What happens next, in one line.
        #[schemars(length(min = 1, max = 255))]
        next_step: Option<String>,
        cx: &Context,
    ) -> Result<Answer<opportunity::Made>, Failure> {
        let org: Org = cx.settings()?;
        let money = opportunity::money(&org, amount, currency)?;
        let said = opportunity::Said { account_id, opportunity_id, name, stage, money, close_date, next_step };
        opportunity::upsert(&org, cx, &said).await
    }

    async fn find_opportunity(
        account_id: AccountId,
        opportunity_id: Option<OpportunityId>,
        name: Option<String>,
        stage: Option<String>,
        amount: Option<Amount>,
        currency: Option<Currency>,
        close_date: Option<Day>,
        next_step: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        let money = opportunity::money(&org, amount, currency)?;
        let said = opportunity::Said { account_id, opportunity_id, name, stage, money, close_date, next_step };
        opportunity::settle(&org, cx, &said).await
    }

    /// Logs a summary of this call as a completed call on a contact or lead of the CRM. One for each person in a
    /// conversation, so put all of it in one call.
    #[tool(effect = idempotent, identity = [person_id], reconcile = find_call_summary, title = "Log a call summary")]
    async fn log_call_summary(
        /// The contact_id or lead_id, from find_contact or upsert_lead.
        person_id: PersonId,
        /// The opportunity that the call was about, from find_opportunities. Only with a contact.
        opportunity_id: Option<OpportunityId>,
        /// What the call was about, in one line, such as "Call: 40 seats by May".
        #[schemars(length(min = 1, max = 255))]
        subject: Option<String>,
        /// What was said and agreed, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        summary: String,
        /// What happens next, and who does it.
        #[schemars(length(min = 1, max = 2000))]
        next_step: Option<String>,
        cx: &Context,
    ) -> Result<Answer<task::Made>, Failure> {
        let org: Org = cx.settings()?;
        let about = About::of(&person_id, opportunity_id.as_ref())?;
        let description = task::description(&summary, next_step.as_deref());
        let call = about.call(&org, subject.as_deref(), &description, org.day_of_call(cx));
        call.make(&org, cx, &format!("the call is logged on {person_id}")).await
    }

    async fn find_call_summary(
        person_id: PersonId,
        subject: Option<String>,
        summary: String,
        next_step: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        let description = task::description(&summary, next_step.as_deref());
        let call = About::of(&person_id, None)?.call(&org, subject.as_deref(), &description, org.day_of_call(cx));
        call.settle(&org, cx, &format!("the call is logged on {person_id}")).await
    }

    /// Logs a note that is no summary of the call, as a completed task on a contact or lead of the CRM, on an opportunity or on
    /// both. One note for each of these in a conversation, so put all of it in one call.
    #[tool(effect = idempotent, identity = [person_id, opportunity_id], reconcile = find_note, title = "Log a note")]
    async fn log_note(
        /// The contact_id or lead_id, from find_contact or upsert_lead. Leave it out for a note on an opportunity alone.
        person_id: Option<PersonId>,
        /// The opportunity, from find_opportunities or upsert_opportunity. Not with a lead.
        opportunity_id: Option<OpportunityId>,
        /// What has to be remembered, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        text: String,
        cx: &Context,
    ) -> Result<Answer<task::Made>, Failure> {
        let org: Org = cx.settings()?;
        let about = About::either(person_id.as_ref(), opportunity_id.as_ref())?;
        let note = about.note(&org, &text, org.day_of_call(cx));
        note.make(&org, cx, &format!("the note is logged on {}", about.words())).await
    }

    async fn find_note(
        person_id: Option<PersonId>,
        opportunity_id: Option<OpportunityId>,
        text: String,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        let about = About::either(person_id.as_ref(), opportunity_id.as_ref())?;
        let note = about.note(&org, &text, org.day_of_call(cx));
        note.settle(&org, cx, &format!("the note is logged on {}", about.words())).await
    }

    /// Makes an open task for the sales team about a contact or lead, such as to send a quote or to call back. One task
    /// for each person and day in a conversation, so put all that is due on one day in one task.
    #[tool(
        effect = idempotent,
        identity = [person_id, due_date],
        reconcile = find_task,
        title = "Make a task"
    )]
    async fn create_task(
        /// The contact_id or lead_id, from find_contact or upsert_lead.
        person_id: PersonId,
        /// The day by which it is to be done, such as 2026-12-01.
        due_date: Day,
        /// What is to be done, in one line, such as "Send the quote for 40 seats".
        #[schemars(length(min = 1, max = 255))]
        subject: String,
        /// What the team needs to know for it, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        description: Option<String>,
        priority: Priority,
        /// The opportunity that it is about, from find_opportunities. Only with a contact.
        opportunity_id: Option<OpportunityId>,
        cx: &Context,
    ) -> Result<Answer<task::Made>, Failure> {
        let org: Org = cx.settings()?;
        let about = About::of(&person_id, opportunity_id.as_ref())?;
        let call = org.day_of_call(cx);
        if due_date < call {
            let words = format!("due_date {due_date} is past: the call was on {call}, give that day or a later one");
            return Err(Failure::invalid_arguments(words));
        }
        let to_do = about.to_do(&org, &subject, description.as_deref(), due_date, priority);
        to_do.make(&org, cx, &format!("the task about {person_id} is open, due {due_date}")).await
    }

    async fn find_task(
        person_id: PersonId,
        due_date: Day,
        subject: String,
        description: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        let to_do =
            About::of(&person_id, None)?.to_do(&org, &subject, description.as_deref(), due_date, Priority::Normal);
        to_do.settle(&org, cx, &format!("the task about {person_id} is made, due {due_date}")).await
    }

    /// Lists the sequences of emails and calls that a contact or lead may be enrolled in, and whom each fits.
    #[tool(effect = read, when = Org::has_cadences, title = "List sequences")]
    fn list_sequences(cx: &Context) -> Result<Answer<cadence::Offered>, Failure> {
        let org: Org = cx.settings()?;
        Ok(cadence::offered(&org))
    }

    /// Enrols a contact or lead in a sequence of emails and calls. Do it only for somebody who agreed to get them. One
    /// sequence for each person in a conversation, so choose the one that fits in one call.
    #[tool(effect = once, identity = [person_id], reconcile = find_enrolment, title = "Enrol in a sequence")]
    async fn enrol_in_sequence(
        /// The contact_id or lead_id, from find_contact or upsert_lead.
        person_id: PersonId,
        /// The sequence by its name; list_sequences tells whom each fits.
        #[choices(Org::cadence_names)]
        sequence: String,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let org: Org = cx.settings()?;
        cadence::enrol(&org, cx, &person_id, &sequence).await
    }

    async fn find_enrolment(person_id: PersonId, sequence: String, cx: &Context) -> Result<Finding, Failure> {
        let org: Org = cx.settings()?;
        cadence::settle(&org, cx, &person_id, &sequence).await
    }
}
