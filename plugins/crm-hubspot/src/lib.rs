//! Contacts, deals, call notes, tasks and sequences in HubSpot, over its CRM API v3 and its Sequences API v4.
//!
//! HubSpot keeps one contact of each email address, and upserts a deal by a property with unique values that the tenant adds
//! for our key: that makes both idempotent. It takes no idempotency key for a note or a task, so each carries ours in its
//! text, and one in doubt is searched by it. An enrolment in doubt is looked up on its contact. The plugin refuses to say
//! that something wasn't made while HubSpot may not show it yet, and to touch a deal that isn't of the contact it was
//! asked for. A rehearsal makes a contact or a deal with the id 0, which later calls of it take for there.

mod settings;
mod time_of_day;

mod contacts;
mod deals;
mod notes;
mod sequences;
mod tasks;

mod hubspot;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Amount, Answer, Context, Currency, Day, Email, Failure, Finding, Money, Outcome, PhoneNumber};
    use aftercall_hubspot::RecordId;

    use crate::contacts::{self, Found, Lead, LeadStatus, Made};
    use crate::deals::{self, FoundDeals, MadeDeal, Terms};
    use crate::notes::On;
    use crate::sequences::{self, Offered};
    use crate::settings::Settings;
    use crate::tasks::{self, MadeTask, Priority, Task};
    use crate::time_of_day::TimeOfDay;

    /// Finds contacts in the CRM by email address, telephone number or both.
    #[tool(effect = read, title = "Find a contact")]
    async fn find_contact(
        email: Option<Email>,
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Answer<Found>, Failure> {
        if email.is_none() && phone.is_none() {
            return Err(Failure::invalid_arguments("give an email address, a telephone number or both"));
        }
        let found = contacts::find(email.as_ref(), phone.as_ref(), &cx.settings()?, cx).await?;
        Ok(Answer::new(found.words(), found))
    }

    /// Makes the caller a lead in the CRM, or updates the contact that has this email address. Once for each address in a
    /// conversation, so put all of it in one call. Give only what the caller said; what is left out stays as it is.
    #[tool(effect = idempotent, identity = [email], reconcile = find_lead, title = "Make or update a lead")]
    async fn upsert_lead(
        email: Email,
        /// The caller's first name, such as Ann.
        #[schemars(length(min = 1, max = 200))]
        first_name: Option<String>,
        /// The caller's last name, such as Lee.
        #[schemars(length(min = 1, max = 200))]
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        /// The company that the caller works for.
        #[schemars(length(min = 1, max = 200))]
        company: Option<String>,
        /// What the caller is interested in, in a few sentences.
        #[schemars(length(min = 1, max = 4000))]
        interest: Option<String>,
        /// How far the sale is.
        lead_status: Option<LeadStatus>,
        cx: &Context,
    ) -> Result<Answer<Made>, Failure> {
        let settings: Settings = cx.settings()?;
        let lead = Lead { first_name, last_name, phone, company, interest, status: lead_status };
        let (contact, new) = contacts::upsert(&email, lead, cx).await?;
        let text = if new { "the lead is a new contact" } else { "the contact is updated" };
        Ok(contacts::answer(text, &contact.id, &settings))
    }

    async fn find_lead(
        email: Email,
        first_name: Option<String>,
        last_name: Option<String>,
        phone: Option<PhoneNumber>,
        company: Option<String>,
        interest: Option<String>,
        lead_status: Option<LeadStatus>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let lead = Lead { first_name, last_name, phone, company, interest, status: lead_status };
        contacts::settle(&email, lead, &cx.settings()?, cx).await
    }

    /// Finds the deals of a contact, the newest first, and tells the stages that upsert_deal may put a deal in.
    #[tool(effect = read, title = "Find a contact's deals")]
    async fn find_deals(
        /// The contact's id, from find_contact or upsert_lead.
        contact_id: RecordId,
        cx: &Context,
    ) -> Result<Answer<FoundDeals>, Failure> {
        let (text, found) = deals::find(&contact_id, &cx.settings()?, cx).await?;
        Ok(Answer::new(text, found))
    }

    /// Updates a deal of a contact, or makes one. Look first with find_deals, which says so where none can be made: without
    /// `deal_id` there will be a new deal. Once for each deal, and for one new one of each contact, in a conversation, so put
    /// all of it in one call. Give only what was said; what is left out stays as it is.
    #[tool(
        effect = idempotent,
        identity = [contact_id, deal_id],
        reconcile = find_deal,
        title = "Make or update a deal"
    )]
    async fn upsert_deal(
        /// The contact's id, from find_contact or upsert_lead.
        contact_id: RecordId,
        /// The deal that is updated, from find_deals. Leave it out for a new deal.
        deal_id: Option<RecordId>,
        /// What the deal is called, such as "Acme, 40 seats". A new deal needs it.
        #[schemars(length(min = 1, max = 200))]
        name: Option<String>,
        /// The stage by its name; find_deals tells which deals are in each. A new deal needs it.
        #[choices(Settings::stage_names)]
        stage: Option<String>,
        /// What the deal is worth in all, with as many digits after the point as the currency has: 1250.00 in EUR, 1250
        /// in JPY. Leave it out if it wasn't said.
        amount: Option<Amount>,
        /// The currency of the amount, such as EUR. Leave both out if it wasn't said which dollars, say, are meant.
        currency: Option<Currency>,
        /// The day on which the deal is expected to be closed, such as 2026-12-01.
        close_date: Option<Day>,
        cx: &Context,
    ) -> Result<Answer<MadeDeal>, Failure> {
        let settings: Settings = cx.settings()?;
        let money = Money::of_both(amount, currency)?;
        let properties = Terms { name, stage, money, close_date }.properties(&settings)?;
        let (did, deal) = match deal_id {
            Some(deal_id) => ("updated", deals::update(&deal_id, &contact_id, &properties, cx).await?),
            None => ("made", deals::make(&contact_id, &properties, &settings, cx).await?),
        };
        Ok(deals::answer(did, &deal.id, &contact_id, &settings))
    }

    async fn find_deal(
        contact_id: RecordId,
        deal_id: Option<RecordId>,
        name: Option<String>,
        stage: Option<String>,
        amount: Option<Amount>,
        currency: Option<Currency>,
        close_date: Option<Day>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        let money = Money::of_both(amount, currency)?;
        let properties = Terms { name, stage, money, close_date }.properties(&settings)?;
        deals::settle(deal_id.as_ref(), &contact_id, &properties, &settings, cx).await
    }

    /// Logs a summary of this call as a note on a contact of the CRM, and on its deal if the call was about one. One
    /// note for each contact in a conversation, so put all of it in one call.
    #[tool(effect = once, identity = [contact_id], reconcile = find_call_summary, title = "Log a call summary")]
    async fn log_call_summary(
        /// The contact's id, from find_contact or upsert_lead.
        contact_id: RecordId,
        /// What was said and agreed, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        summary: String,
        /// What happens next, and who does it.
        #[schemars(length(min = 1, max = 2000))]
        next_step: Option<String>,
        /// The contact's deal that the call was about, from find_deals or upsert_deal.
        deal_id: Option<RecordId>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let on = On::contact(contact_id, deal_id);
        on.check(cx).await?;
        on.log("the call", &summary, next_step.as_deref(), &cx.settings()?, cx).await
    }

    async fn find_call_summary(
        contact_id: RecordId,
        deal_id: Option<RecordId>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        On::contact(contact_id, deal_id).find("the call", &cx.settings()?, cx).await
    }

    /// Logs a note that is no summary of the call on a contact of the CRM, on a deal or on both. One note for each of these
    /// in a conversation, so put all of it in one call.
    #[tool(effect = once, identity = [contact_id, deal_id], reconcile = find_note, title = "Log a note")]
    async fn log_note(
        /// The contact's id, from find_contact or upsert_lead. Leave it out for a note on a deal alone.
        contact_id: Option<RecordId>,
        /// The deal's id, from find_deals or upsert_deal. Leave it out for a note on a contact alone.
        deal_id: Option<RecordId>,
        /// What has to be remembered, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        text: String,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let on = On::either(contact_id, deal_id)?;
        on.check(cx).await?;
        on.log("what was noted", &text, None, &cx.settings()?, cx).await
    }

    async fn find_note(
        contact_id: Option<RecordId>,
        deal_id: Option<RecordId>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        On::either(contact_id, deal_id)?.find("what was noted", &cx.settings()?, cx).await
    }

    /// Makes a task for the team on a contact of the CRM, and on its deal if it is about one: what somebody has to do,
    /// and by when. One task for each contact and day in a conversation, however it is worded, so put all that is due on
    /// one day in one task.
    #[tool(effect = once, identity = [contact_id, due_date], reconcile = find_task, title = "Create a task")]
    async fn create_task(
        /// The contact's id, from find_contact or upsert_lead.
        contact_id: RecordId,
        /// What has to be done, in one line, such as "Send the quote for 40 seats".
        #[schemars(length(min = 1, max = 200))]
        subject: String,
        /// The day by which it has to be done, such as 2026-12-01.
        due_date: Day,
        /// The time on that day, with the offset from UTC of the place that was meant, such as 09:30-05:00. Leave it out if
        /// only a day was said.
        due_time: Option<TimeOfDay>,
        /// high: the caller waits for it; medium: it was promised; low: it would be good.
        priority: Priority,
        /// What whoever does it has to know, as plain text.
        #[schemars(length(min = 1, max = 5000))]
        body: Option<String>,
        /// The contact's deal that it is about, from find_deals or upsert_deal.
        deal_id: Option<RecordId>,
        cx: &Context,
    ) -> Result<Answer<MadeTask>, Failure> {
        if let Some(deal_id) = &deal_id {
            deals::of_contact(deal_id, &contact_id, cx).await?;
        }
        Task { subject, body, due_date, due_time, priority, contact_id, deal_id }.make(&cx.settings()?, cx).await
    }

    async fn find_task(contact_id: RecordId, cx: &Context) -> Result<Finding, Failure> {
        tasks::find(&contact_id, &cx.settings()?, cx).await
    }

    /// Lists the sequences of emails that a contact may be enrolled in, and whom each fits.
    #[tool(effect = read, when = Settings::has_sequences, title = "List sequences")]
    fn list_sequences(cx: &Context) -> Result<Answer<Offered>, Failure> {
        let settings: Settings = cx.settings()?;
        let sequences = settings.sequences();
        let text = match sequences.len() {
            0 => "there is none to choose".to_owned(),
            several => format!("{several} to choose from"),
        };
        Ok(Answer::new(text, Offered { sequences }))
    }

    /// Enrols a contact in a sequence of emails. Do it only for somebody who agreed to get them. One sequence for each
    /// contact in a conversation; a contact can be in one at a time.
    #[tool(effect = once, identity = [contact_id], reconcile = find_enrolment, title = "Enrol in a sequence")]
    async fn enrol_in_sequence(
        /// The contact's id, from find_contact or upsert_lead.
        contact_id: RecordId,
        /// The sequence by its name; list_sequences tells whom each fits.
        #[choices(Settings::sequence_names)]
        sequence: String,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        sequences::enrol(&contact_id, &sequence, &cx.settings()?, cx).await
    }

    async fn find_enrolment(contact_id: RecordId, sequence: String, cx: &Context) -> Result<Finding, Failure> {
        sequences::find(&contact_id, &sequence, &cx.settings()?, cx).await
    }
}
