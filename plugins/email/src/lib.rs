//! Follow-up email sequences in SendGrid, over its Marketing Campaigns API v3.
//!
//! A sequence is a SendGrid automation that a contact enters when it is added to a list. SendGrid upserts a
//! contact by its email address, and a list holds a contact once, so starting a sequence again under the same
//! key starts nothing. The plugin adds people to the lists that its settings name, and to no other; what is sent,
//! and to whom no more, is the automation's business and SendGrid's.

mod sendgrid;
mod sequences;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Email, Failure, Outcome, Receipt};

    use crate::sendgrid::{self, Contact, Taken};
    use crate::sequences::{Offered, Settings};

    /// Lists the follow-up email sequences that can be started, and whom each fits. Use it before `start_sequence`.
    #[tool(effect = read, title = "List email sequences")]
    async fn list_sequences(cx: &Context) -> Result<Answer<Offered>, Failure> {
        let settings: Settings = cx.settings()?;
        let text = format!("the sequences are: {}", settings.names());
        Ok(Answer::new(text, settings.offered()))
    }

    /// Starts a follow-up email sequence for the person who called, of those that `list_sequences` gives: the one that
    /// fits what they said they are interested in. Use it where they agreed to get email. One sequence for each
    /// person in a conversation.
    #[tool(effect = idempotent, identity = [email], title = "Start an email sequence")]
    async fn start_sequence(
        /// Where the emails go, as the person gave or confirmed it.
        email: Email,
        /// The sequence's name, from list_sequences.
        #[schemars(regex(pattern = r"^[a-z0-9-]{1,64}$"))]
        sequence: String,
        /// The person's first name, as the emails will address them.
        #[schemars(length(min = 1, max = 50), regex(pattern = r"^[^<>{}/:@]+$"))]
        first_name: Option<String>,
        /// The person's last name.
        #[schemars(length(min = 1, max = 50), regex(pattern = r"^[^<>{}/:@]+$"))]
        last_name: Option<String>,
        /// What the person is interested in, in a sentence.
        #[schemars(length(min = 1, max = 500))]
        interest: Option<String>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let settings: Settings = cx.settings()?;
        let chosen = settings.sequence(&sequence)?;
        let unkept = interest.is_some() && settings.interest_field.is_none();
        let custom_fields = settings.interest_field.clone().zip(interest).into_iter().collect();
        let contact = Contact { email: &email, first_name, last_name, custom_fields };
        let answer = cx.put(sendgrid::CONTACTS_URL).json(&sendgrid::upsert(&chosen.list_id, &contact)).send().await?;
        let list_is_missing = sendgrid::is_without_list(&answer);
        let taken: Taken = match answer.ok() {
            Err(failure) if list_is_missing => return Err(chosen.without_list(&sequence, failure)),
            answer => answer?.json()?,
        };
        let mut text = format!("SendGrid adds the person to the sequence {sequence} (import job {})", taken.job_id);
        if unkept {
            text.push_str("; the interest is not kept: the settings name no field for it");
        }
        let receipt = Receipt::new("import job", taken.job_id).with_url(sendgrid::list_page(&chosen.list_id));
        Ok(Outcome::new(text).with_receipt(receipt))
    }
}
