//! Support tickets in Zendesk or Jira, whichever the tenant's settings name.
//!
//! A ticket and a comment carry the effect's key at the vendor, and are looked up by it when in doubt. The plugin refuses
//! to say that one wasn't made while the vendor's lists and searches may lag. Setting a priority is repeated, since it is
//! the same priority then, and in doubt the ticket is read.
//!
//! Who a caller is, their telephone number says, which the host knows from the call. An email address that was spoken is
//! told to the team, and selects nobody's record beside a number. A tenant binds each tool to the caller's number, and a
//! ticket of somebody else is as one that isn't there, whatever number of a ticket was spoken.
//!
//! The tools know no vendor. `desk` has what is the same whichever it is; `zendesk` and `jira` have what isn't.

mod caller;
mod desk;
mod ticket;

mod jira;
mod zendesk;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Email, Failure, Finding, Outcome, PhoneNumber, Text};

    use crate::caller::{Caller, Person};
    use crate::desk::Desk;
    use crate::ticket::{Found, Mood, Opened, Priority, Report, TicketType, Wanted};

    /// Opens a ticket for the support team about what the caller reported. The team sees it, the caller doesn't. One
    /// ticket for each person in a conversation, so put all of it in one. Returns the ticket's id and its address, for
    /// whoever is told of it.
    #[tool(effect = once, identity = [requester_phone], reconcile = find_ticket, title = "Open a support ticket")]
    async fn create_ticket(
        /// The matter in one line, such as "Cold store 2 at 9 °C, alarm silent".
        #[schemars(length(max = 150))]
        subject: Text,
        /// What the caller reported, as plain text: what happens, since when, whom and what it affects, what was tried,
        /// and what the caller was promised. Only what was said; leave out what nobody knows.
        #[schemars(length(max = 10000))]
        description: Text,
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
        /// The telephone number that the caller can be reached at, in E.164, such as +14155550123.
        requester_phone: PhoneNumber,
        /// The caller's name as it was said, such as "Ana Lima". Leave it out if the caller gave none.
        #[schemars(length(min = 1, max = 200))]
        requester_name: Option<String>,
        /// The caller's email address, such as ann@example.com, if the caller gave it and confirmed it: for the team to read.
        requester_email: Option<Email>,
        /// Words for sorting, in small letters without spaces, such as cold_store. The mood is tagged already.
        #[schemars(length(max = 10), inner(regex(pattern = r"^[a-z0-9_-]{1,60}$")))]
        tags: Option<Vec<String>>,
        cx: &Context,
    ) -> Result<Answer<Opened>, Failure> {
        let desk = Desk::of(cx)?;
        let mut tags = tags.unwrap_or_default();
        tags.push(mood.tag().to_owned());
        let caller = Caller { name: requester_name, email: requester_email, phone: requester_phone };
        let report = Report { subject, description, caller, priority, r#type, tags };
        let ticket_id = desk.create(&report, cx).await?;
        Ok(desk.opened(ticket_id))
    }

    async fn find_ticket(cx: &Context) -> Result<Finding, Failure> {
        let desk = Desk::of(cx)?;
        let trace = desk.find_created(cx).await?;
        desk.finding(trace, |ticket_id| desk.opened(ticket_id), cx)
    }

    /// Adds what this call brought to a ticket that is open already, for the support team. The team sees it, the caller
    /// doesn't. One comment for each ticket in a conversation, so put all of it in one.
    #[tool(effect = once, identity = [ticket_id], reconcile = find_comment, title = "Comment on a ticket")]
    async fn comment_on_ticket(
        /// The ticket's id, from find_tickets or create_ticket, such as 35436 or SUP-12.
        #[schemars(regex(pattern = r"^([1-9][0-9]{0,18}|[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,18})$"))]
        ticket_id: String,
        /// What the caller added, as plain text: what is new, what was tried, what the caller was promised. Only what was
        /// said.
        #[schemars(length(max = 10000))]
        comment: Text,
        /// The caller's telephone number, in E.164, such as +14155550123. With it, the ticket has to be one of theirs.
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let desk = Desk::of(cx)?;
        desk.check_id(&ticket_id)?;
        desk.check_caller(&ticket_id, phone.as_ref(), cx).await?;
        let comment_id = desk.comment(&ticket_id, comment.as_str(), cx).await?;
        Ok(desk.commented(&ticket_id, &comment_id))
    }

    async fn find_comment(ticket_id: String, cx: &Context) -> Result<Finding, Failure> {
        let desk = Desk::of(cx)?;
        desk.check_id(&ticket_id)?;
        let trace = desk.find_comment(&ticket_id, cx).await?;
        desk.finding(trace, |comment_id| desk.commented(&ticket_id, &comment_id), cx)
    }

    /// Sets how soon a ticket has to be looked at, where this call has changed that. Once for each ticket in a
    /// conversation, so weigh the whole call first.
    #[tool(effect = idempotent, identity = [ticket_id], reconcile = find_priority, title = "Set a ticket's priority")]
    async fn set_ticket_priority(
        /// The ticket's id, from find_tickets, such as 35436 or SUP-12.
        #[schemars(regex(pattern = r"^([1-9][0-9]{0,18}|[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,18})$"))]
        ticket_id: String,
        /// urgent: work stands still, or people, goods or data are in danger; high: an important part fails and nothing
        /// gets round it; normal: a fault that can be lived with for now; low: a question or a wish.
        priority: Priority,
        /// The caller's telephone number, in E.164, such as +14155550123. With it, the ticket has to be one of theirs.
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let desk = Desk::of(cx)?;
        desk.check_id(&ticket_id)?;
        desk.check_caller(&ticket_id, phone.as_ref(), cx).await?;
        desk.prioritise(&ticket_id, priority, cx).await?;
        Ok(desk.prioritised(&ticket_id, priority))
    }

    async fn find_priority(ticket_id: String, priority: Priority, cx: &Context) -> Result<Finding, Failure> {
        let desk = Desk::of(cx)?;
        desk.check_id(&ticket_id)?;
        let trace = desk.find_priority(&ticket_id, priority, cx).await?;
        desk.finding(trace, |ticket_id| desk.prioritised(&ticket_id, priority), cx)
    }

    /// Finds open tickets of a person, by telephone number or email address, or by words of their subject; the newest ten
    /// at most. Look before you open a ticket for a caller who may have called about the same matter. One made a few
    /// minutes ago may be missing.
    #[tool(effect = read, title = "Find open tickets")]
    async fn find_tickets(
        /// The person's email address, such as ann@example.com. With a number it isn't looked for: the number says who it is.
        email: Option<Email>,
        /// The person's telephone number, in E.164, such as +14155550123.
        phone: Option<PhoneNumber>,
        /// One to three words that stand side by side in the subject, such as "cold store". With a person, only that
        /// person's tickets are searched.
        #[schemars(length(min = 1, max = 100))]
        subject_words: Option<String>,
        cx: &Context,
    ) -> Result<Answer<Found>, Failure> {
        let desk = Desk::of(cx)?;
        if subject_words.as_ref().is_some_and(|words| !words.contains(char::is_alphanumeric)) {
            return Err(Failure::invalid_arguments("subject_words: there is no word in it; give one, such as alarm"));
        }
        if email.is_none() && phone.is_none() && subject_words.is_none() {
            return Err(Failure::invalid_arguments(
                "give whose tickets or which: an email address, a telephone number such as +14155550123, or words of the \
                 subject",
            ));
        }
        let by_number_alone = phone.is_some() && email.is_some();
        let found = desk.search(&Wanted { person: Person::of(phone, email), subject_words }, cx).await?;
        let mut text = found.text();
        if by_number_alone {
            text.push_str("; the number alone says whose they are, and the email address was not looked for");
        }
        Ok(Answer::new(text, found))
    }
}
