//! Support tickets in Zendesk, over its Ticketing API v2.
//!
//! Zendesk honours an idempotency key for two hours, and the host puts one on the request. A run may be taken up
//! again after that, so the ticket also carries our key as its `external_id`, and a ticket in doubt is looked up by
//! it. The plugin refuses to say that a ticket wasn't made while Zendesk's list may lag.
//!
//! The requester is the person who called. Zendesk makes a requester of an email address by itself; one who gave
//! none is found by telephone number, or made with the number as its external id, before the ticket is.

mod caller;
mod refusal;
mod zendesk;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Email, Failure, Finding, PhoneNumber};

    use crate::caller::Caller;
    use crate::refusal;
    use crate::zendesk::{Comment, Draft, Made, Mood, NewTicket, Opened, Page, Priority, Settings, TicketType};

    /// When to look again, while the list may lag.
    const LOOK_AGAIN_MS: u64 = 15_000;

    /// Opens a ticket for the support team about what the caller reported. The team sees it, the caller doesn't. One
    /// ticket for each person in a conversation, so put all of it in one. Returns the ticket's id and its address, for
    /// whoever is told of it.
    #[tool(effect = once, identity = [requester_phone], reconcile = find_ticket, title = "Open a support ticket")]
    async fn create_ticket(
        /// The matter in one line, such as "Cold store 2 at 9 °C, alarm silent".
        #[schemars(length(min = 1, max = 150))]
        subject: String,
        /// What the caller reported, as plain text: what happens, since when, whom and what it affects, what was tried,
        /// and what the caller was promised. Only what was said; leave out what nobody knows.
        #[schemars(length(min = 1, max = 10000))]
        description: String,
        /// How soon it has to be looked at. Weigh how badly the caller is affected, and then how the caller sounded:
        /// urgent: work stands still, or people, goods or data are in danger; high: an important part fails and
        /// nothing gets round it, or a caller with a lesser matter is angry or calls again about it; normal: a fault
        /// that can be lived with for now; low: a question or a wish. Distress raises it by one step, calm never
        /// lowers it.
        priority: Priority,
        /// How the caller sounded at the end of the call.
        mood: Mood,
        /// problem: a fault that several may have; incident: one occurrence of a fault; question: nothing is broken;
        /// task: something was promised and is to be done.
        r#type: TicketType,
        /// The telephone number that the caller can be reached at, in E.164.
        requester_phone: PhoneNumber,
        /// The caller's name as it was said, such as "Ana Lima". Leave it out if the caller gave none.
        #[schemars(length(min = 1, max = 200))]
        requester_name: Option<String>,
        /// The caller's email address, if the caller gave it and confirmed it.
        requester_email: Option<Email>,
        /// Words for sorting, in small letters without spaces, such as cold_store. The mood is tagged already.
        #[schemars(length(max = 10), inner(regex(pattern = r"^[a-z0-9_-]{1,60}$")))]
        tags: Option<Vec<String>>,
        cx: &Context,
    ) -> Result<Answer<Opened>, Failure> {
        let settings: Settings = cx.settings()?;
        let caller = Caller { name: requester_name, email: requester_email, phone: requester_phone };
        let requester = caller.requester(&settings, cx).await?;
        let mut tags = tags.unwrap_or_default();
        tags.push(mood.tag().to_owned());
        let ticket = NewTicket {
            external_id: cx.key(),
            subject: &subject,
            comment: Comment::internal(&description, &caller),
            requester,
            priority,
            r#type,
            tags,
            brand_id: settings.brand_id,
            group_id: settings.group_id,
        };
        let answer = cx.post(settings.api("tickets.json")).json(&Draft { ticket }).send().await?;
        let made: Made = refusal::told(answer)?.json()?;
        Ok(settings.opened(made.ticket.id))
    }

    #[expect(clippy::too_many_arguments, reason = "those of the tool")]
    async fn find_ticket(
        _subject: String,
        _description: String,
        _priority: Priority,
        _mood: Mood,
        _type: TicketType,
        _requester_phone: PhoneNumber,
        _requester_name: Option<String>,
        _requester_email: Option<Email>,
        _tags: Option<Vec<String>>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let settings: Settings = cx.settings()?;
        let query = [("external_id", cx.key())];
        let page: Page = refusal::told(cx.get(settings.api("tickets.json")).query(&query).send().await?)?.json()?;
        match page.tickets.into_iter().find(|ticket| ticket.external_id.as_deref() == Some(cx.key())) {
            Some(ticket) => Finding::happened(settings.opened(ticket.id)),
            None if cx.now().saturating_sub(cx.attempt_at()) < settings.index_lag_ms => {
                Ok(Finding::ask_again_after(LOOK_AGAIN_MS))
            }
            None => Ok(Finding::DidNotHappen),
        }
    }
}
