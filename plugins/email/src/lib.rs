//! Email to the people who called, over SendGrid's API v3: one at once, a few in time, or a sequence of Marketing Campaigns.
//!
//! The settings say whom email comes from, and which templates, follow-ups and sequences there are. The plugin refuses to
//! write to somebody who has unsubscribed, which SendGrid would drop without a word.
//!
//! - An email in doubt is looked up in SendGrid's activity by the key that it carries, where the account has bought that; else
//!   only a person can tell.
//! - A follow-up is a batch of timed emails, which is cancelled as a whole: by `stop_emails`, or where a part of it fails.
//! - A sequence is a SendGrid automation that a contact enters when it is added to a list. SendGrid upserts a contact by its
//!   email address, and a list holds a contact once, so starting a sequence again under the same key starts nothing.
//!
//! `sendgrid` has the requests; beside it stands what the tenant and the model say.

mod arguments;
mod cancellations;
mod followups;
mod kept;
mod sent;
mod sequences;
mod settings;
mod stopping;
mod templates;
mod text;

mod sendgrid;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Failure, Finding, Outcome, Text};
    use serde_json::Map;

    use crate::arguments::{Name, Recipient};
    use crate::followups;
    use crate::sendgrid::contacts::Contact;
    use crate::sendgrid::mail::Content;
    use crate::sequences::{self, Sequences};
    use crate::settings::Settings;
    use crate::stopping::{self, Reason, Stop};
    use crate::templates::{Given, Templates, Values};
    use crate::{sent, text};

    /// Sends an email in your own words to the person who called: what they asked to get in writing. One for each recipient in
    /// a conversation, so put all of it in one. Where a template fits, use send_template.
    #[tool(effect = once, identity = [to], reconcile = find_email, title = "Send an email", when = Settings::can_send)]
    async fn send_email(
        /// Where the email goes, as the person gave or confirmed it, in small letters, such as ann@example.com.
        to: Recipient,
        /// What the email is about, in one line of a few words.
        #[schemars(length(max = 998))]
        subject: Text,
        /// The whole message as plain text with line breaks, without placeholders or markup.
        #[schemars(length(max = 20000))]
        text: Text,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let (subject, text) = (subject.as_str(), text.as_str());
        text::check_subject(subject)?;
        text::check_text(text)?;
        sent::send(&to, Content::Text { subject, text }, &Settings::of(cx)?, cx).await
    }

    async fn find_email(to: Recipient, cx: &Context) -> Result<Finding, Failure> {
        sent::find(&to, cx).await
    }

    /// Lists the email templates that send_template can send, and the follow-ups that start_followup can start: when each fits,
    /// and what has to be filled in. Use it before either of them.
    #[tool(effect = read, title = "List email templates and follow-ups", when = Settings::has_templates)]
    async fn list_templates(cx: &Context) -> Result<Answer<Templates>, Failure> {
        let (text, templates) = Templates::of(&Settings::of(cx)?)?;
        Ok(Answer::new(text, templates))
    }

    /// Sends one of the emails that list_templates gives to the person who called. Each template once for each recipient in a
    /// conversation.
    #[tool(effect = once, identity = [to, template], reconcile = find_email, title = "Send a template email")]
    async fn send_template(
        /// Where the email goes, as the person gave or confirmed it, in small letters, such as ann@example.com.
        to: Recipient,
        /// The template's name, from list_templates.
        #[choices(Settings::template_names)]
        template: String,
        /// A value for each variable that list_templates gives for the template. Left out where it has none.
        #[schemars(length(max = 20))]
        variables: Option<Vec<Given>>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let settings = Settings::of(cx)?;
        let template = settings.template(&template)?;
        let values = Values::read(variables, &template.variables)?;
        sent::send(&to, template.filled(&values), &settings, cx).await
    }

    /// Schedules one of the follow-ups that list_templates gives for the person who called: a few emails within three days. Use
    /// it where they agreed to get email. One for each person in a conversation.
    #[tool(effect = once, identity = [email], reconcile = find_followup, title = "Start follow-up emails")]
    async fn start_followup(
        /// Where the emails go, as the person gave or confirmed it, in small letters, such as ann@example.com.
        email: Recipient,
        /// The follow-up's name, from list_templates.
        #[choices(Settings::followup_names)]
        followup: String,
        /// A value for each variable that list_templates gives for the follow-up. Left out where it has none.
        #[schemars(length(max = 100))]
        variables: Option<Vec<Given>>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        followups::start(&followup, &email, variables, &Settings::of(cx)?, cx).await
    }

    async fn find_followup(email: Recipient, cx: &Context) -> Result<Finding, Failure> {
        followups::find(&email, cx).await
    }

    /// Stops the follow-up emails that are scheduled for a person, also those of an earlier conversation. Use it when the person
    /// has answered them, by this call or otherwise, or wants no more of them.
    #[tool(
        effect = idempotent,
        identity = [email, reason, batch],
        reconcile = find_stopped,
        title = "Stop follow-up emails",
        when = Settings::has_followups
    )]
    async fn stop_emails(
        /// Where the emails would go, in small letters.
        email: Recipient,
        /// answered: the person has reacted, and the matter goes on in another way; unsubscribed: the person asked for no more
        /// such emails, now and later.
        reason: Reason,
        /// Only to stop a follow-up that was started in this conversation: its batch, as start_followup gave it.
        #[schemars(length(min = 1, max = 200))]
        batch: Option<String>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        stopping::stop(&Stop { email, reason, batch }, &Settings::of(cx)?, cx).await
    }

    async fn find_stopped(
        email: Recipient,
        reason: Reason,
        batch: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        stopping::find(&Stop { email, reason, batch }, &Settings::of(cx)?, cx).await
    }

    /// Lists the follow-up email sequences that can be started, and whom each fits. Use it before `start_sequence`.
    #[tool(effect = read, title = "List email sequences", when = Settings::has_sequences)]
    async fn list_sequences(cx: &Context) -> Result<Answer<Sequences>, Failure> {
        let (text, sequences) = Sequences::of(&Settings::of(cx)?);
        Ok(Answer::new(text, sequences))
    }

    /// Starts a follow-up email sequence for the person who called, of those that `list_sequences` gives: the one that
    /// fits what they said they are interested in. Use it where they agreed to get email. One sequence for each
    /// person in a conversation.
    #[tool(effect = idempotent, identity = [email], reconcile = find_sequence, title = "Start an email sequence")]
    async fn start_sequence(
        /// Where the emails go, as the person gave or confirmed it, in small letters, such as ann@example.com.
        email: Recipient,
        /// The sequence's name, from list_sequences.
        #[choices(Settings::sequence_names)]
        sequence: String,
        /// The person's first name, as the emails will address them; a space stands after a dot.
        first_name: Option<Name>,
        /// The person's last name; a space stands after a dot.
        last_name: Option<Name>,
        /// What the person is interested in, in a sentence.
        #[schemars(length(max = 500))]
        interest: Option<Text>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let contact = Contact { email: &email, first_name, last_name, custom_fields: Map::new() };
        sequences::start(&sequence, contact, interest, &Settings::of(cx)?, cx).await
    }

    async fn find_sequence(email: Recipient, sequence: String, cx: &Context) -> Result<Finding, Failure> {
        sequences::find(&sequence, &email, &Settings::of(cx)?, cx).await
    }
}
