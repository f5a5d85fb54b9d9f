//! Contacts and call notes in HubSpot, over its CRM API v3.
//!
//! HubSpot upserts a contact by its email address, which makes that idempotent. It takes no idempotency key
//! for a note, so the note carries ours in its text, and a note in doubt is searched by it. The plugin refuses to
//! say that a note wasn't made while HubSpot's search may lag.

mod hubspot;
mod note;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Email, Failure, Finding, Outcome, PhoneNumber};

    use crate::hubspot::{self, Contact, Found, Lead, LeadStatus, Made, Object, Page, Search, Settings, Upserted};
    use crate::note;

    /// When to search again, while it may lag.
    const SEARCH_AGAIN_MS: u64 = 15_000;

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
        let mut search = Search::of(&["email", "firstname", "lastname", "phone", "company", "lifecyclestage"]);
        if let Some(email) = &email {
            search = search.or("email", "EQ", email.as_str());
        }
        if let Some(phone) = &phone {
            search = search.or("phone", "EQ", phone.as_str()).or("mobilephone", "EQ", phone.as_str());
        }
        let url = hubspot::url("contacts/search");
        let page: Page = cx.post(url).reads_only().json(&search).send().await?.ok()?.json()?;
        let contacts: Vec<Contact> = page.results.into_iter().map(Contact::from).collect();
        let text = match &contacts[..] {
            [] => "no contact has this email address or telephone number".to_owned(),
            [only] => format!("one contact, contact_id {}", only.contact_id),
            several => format!("{} contacts", several.len()),
        };
        Ok(Answer::new(text, Found { contacts }))
    }

    /// Makes the caller a lead in the CRM, or updates the contact that has this email address. Give only what the
    /// caller said; what is left out stays as it is.
    #[tool(effect = idempotent, identity = [email], title = "Make or update a lead")]
    async fn upsert_lead(
        email: Email,
        #[schemars(length(max = 200))] first_name: Option<String>,
        #[schemars(length(max = 200))] last_name: Option<String>,
        phone: Option<PhoneNumber>,
        /// The company that the caller works for.
        #[schemars(length(max = 200))]
        company: Option<String>,
        /// What the caller is interested in, in a few sentences.
        #[schemars(length(max = 4000))]
        interest: Option<String>,
        /// How far the sale is.
        lead_status: Option<LeadStatus>,
        cx: &Context,
    ) -> Result<Answer<Made>, Failure> {
        let settings: Settings = cx.settings()?;
        let properties = Lead {
            lifecyclestage: "lead",
            firstname: first_name,
            lastname: last_name,
            phone,
            company,
            message: interest,
            hs_lead_status: lead_status,
        };
        let url = hubspot::url("contacts/batch/upsert");
        let upsert = hubspot::upsert(&email, &properties);
        let answer = cx.post(url).json(&upsert).send().await?.ok()?;
        let contact = answer.json::<Upserted>()?.only()?;
        let text = if contact.new { "the lead is a new contact" } else { "the contact is updated" };
        let receipt = settings.receipt("contact", &contact.id, &contact.id);
        let made = Made { contact_id: contact.id };
        Ok(Answer::new(format!("{text}, contact_id {}", made.contact_id), made).with_receipt(receipt))
    }

    /// Logs a summary of this call as a note on a contact of the CRM. One note for each contact in a conversation.
    #[tool(effect = once, identity = [contact_id], reconcile = find_call_summary, title = "Log a call summary")]
    async fn log_call_summary(
        /// The contact's id, from find_contact or upsert_lead.
        #[schemars(regex(pattern = r"^[0-9]{1,20}$"))]
        contact_id: String,
        /// What was said and agreed, as plain text.
        #[schemars(length(min = 1, max = 10000))]
        summary: String,
        /// What happens next, and who does it.
        #[schemars(length(max = 2000))]
        next_step: Option<String>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let settings: Settings = cx.settings()?;
        let body = note::body(&summary, next_step.as_deref(), cx.key());
        let note = hubspot::note_on_contact(&contact_id, &body, cx.first_attempt_at());
        let made: Object = cx.post(hubspot::url("notes")).json(&note).send().await?.ok()?.json()?;
        Ok(logged(&settings, &contact_id, &made.id))
    }

    async fn find_call_summary(
        contact_id: String,
        _summary: String,
        _next_step: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        let search = Search::of(&["hs_note_body"]).or("hs_note_body", "CONTAINS_TOKEN", cx.key());
        let url = hubspot::url("notes/search");
        let page: Page = cx.post(url).reads_only().json(&search).send().await?.ok()?.json()?;
        let ours = page.results.iter().find(|note| note::has_key(note.property("hs_note_body"), cx.key()));
        match ours {
            Some(note) => Finding::happened(logged(&settings, &contact_id, &note.id)),
            None if cx.now().saturating_sub(cx.attempt_at()) < settings.search_lag_ms => {
                Ok(Finding::ask_again_after(SEARCH_AGAIN_MS))
            }
            None => Ok(Finding::DidNotHappen),
        }
    }

    fn logged(settings: &Settings, contact_id: &str, note_id: &str) -> Outcome {
        let text = format!("the call is logged on contact {contact_id} as note {note_id}");
        Outcome::new(text).with_receipt(settings.receipt("note", note_id, contact_id))
    }
}
