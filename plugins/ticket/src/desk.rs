//! The desk that keeps a tenant's tickets: which vendor it is, and what is the same whichever it is.

use aftercall::{Answer, Context, Failure, FailureKind, Finding, IntoOutcome, Outcome, PhoneNumber, Receipt};
use serde::Deserialize;

use crate::jira::Jira;
use crate::ticket::{Found, Opened, Priority, Report, Trace, Wanted};
use crate::zendesk::Zendesk;

/// When to look again, while a list or a search may lag.
const LOOK_AGAIN_MS: u64 = 15_000;
/// How many tickets a search brings. Protects the model's context.
pub(crate) const FOUND_TICKETS_MAX: usize = 10;
/// How many comments a page has: as many as either vendor gives.
pub(crate) const COMMENTS_PAGE_MAX: usize = 100;
/// How many pages of a ticket's comments are looked through for ours, newest first. Protects the vendor, and the call's time.
pub(crate) const COMMENT_PAGES_MAX: usize = 5;
/// The number of a ticket that is made in a rehearsal: one that no desk comes to.
pub(crate) const REHEARSED_NUMBER: &str = "9000000000000000";

/// Whoever keeps the tickets.
pub(crate) enum Desk {
    Zendesk(Zendesk),
    Jira(Jira),
}

/// The part of the settings that says whose the rest is.
#[derive(Deserialize)]
struct Chosen {
    #[serde(default)]
    vendor: Vendor,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Vendor {
    #[default]
    Zendesk,
    Jira,
}

/// How long what was made may be missing from the vendor's lists, where the settings don't say.
pub(crate) const fn index_lag_ms() -> u64 {
    60_000
}

impl Desk {
    /// The desk of this tenant's settings.
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        Ok(match cx.settings::<Chosen>()?.vendor {
            Vendor::Zendesk => Self::Zendesk(cx.settings()?),
            Vendor::Jira => Self::Jira(cx.settings()?),
        })
    }

    /// Makes a ticket; gives its id.
    pub(crate) async fn create(&self, report: &Report, cx: &Context) -> Result<String, Failure> {
        match self {
            Self::Zendesk(desk) => desk.create(report, cx).await,
            Self::Jira(desk) => desk.create(report, cx).await,
        }
    }

    /// Looks for the ticket that has our key.
    pub(crate) async fn find_created(&self, cx: &Context) -> Result<Trace, Failure> {
        match self {
            Self::Zendesk(desk) => desk.find_created(cx).await,
            Self::Jira(desk) => desk.find_created(cx).await,
        }
    }

    /// Adds a comment that only the team sees; gives its id.
    pub(crate) async fn comment(&self, ticket_id: &str, text: &str, cx: &Context) -> Result<String, Failure> {
        match self {
            Self::Zendesk(desk) => desk.comment(ticket_id, text, cx).await,
            Self::Jira(desk) => desk.comment(ticket_id, text, cx).await,
        }
    }

    /// Looks for the comment that has our key.
    pub(crate) async fn find_comment(&self, ticket_id: &str, cx: &Context) -> Result<Trace, Failure> {
        unless_gone(match self {
            Self::Zendesk(desk) => desk.find_comment(ticket_id, cx).await,
            Self::Jira(desk) => desk.find_comment(ticket_id, cx).await,
        })
    }

    /// Sets how soon a ticket has to be looked at.
    pub(crate) async fn prioritise(&self, ticket_id: &str, priority: Priority, cx: &Context) -> Result<(), Failure> {
        match self {
            Self::Zendesk(desk) => desk.prioritise(ticket_id, priority, cx).await,
            Self::Jira(desk) => desk.prioritise(ticket_id, priority, cx).await,
        }
    }

    /// Looks whether a ticket has this priority. Of another one nobody can tell: ours was never set, or somebody of the team
    /// has changed it since.
    pub(crate) async fn find_priority(
        &self,
        ticket_id: &str,
        priority: Priority,
        cx: &Context,
    ) -> Result<Trace, Failure> {
        unless_gone(match self {
            Self::Zendesk(desk) => desk.find_priority(ticket_id, priority, cx).await,
            Self::Jira(desk) => desk.find_priority(ticket_id, priority, cx).await,
        })
    }

    /// Finds open tickets.
    pub(crate) async fn search(&self, wanted: &Wanted, cx: &Context) -> Result<Found, Failure> {
        match self {
            Self::Zendesk(desk) => desk.search(wanted, cx).await,
            Self::Jira(desk) => desk.search(wanted, cx).await,
        }
    }

    /// Refuses what can't be the id of one of this desk's tickets: it becomes a part of an address.
    pub(crate) fn check_id(&self, ticket_id: &str) -> Result<(), Failure> {
        let (is_one, example) = match self {
            Self::Zendesk(_) => (is_number(ticket_id), "a number such as 35436".to_owned()),
            Self::Jira(desk) => (desk.is_key(ticket_id), format!("a key such as {}-12", desk.project)),
        };
        if is_one {
            return Ok(());
        }
        Err(Failure::invalid_arguments(format!(
            "{ticket_id:?} is not the id of a ticket here: ticket_id is {example}, from create_ticket or find_tickets"
        )))
    }

    /// Refuses a ticket that isn't of whoever has this number, where one is given. It is as one that isn't there, so that
    /// nobody learns of it.
    pub(crate) async fn check_caller(
        &self,
        ticket_id: &str,
        phone: Option<&PhoneNumber>,
        cx: &Context,
    ) -> Result<(), Failure> {
        let Some(phone) = phone else { return Ok(()) };
        if cx.dry_run() && ticket_id.rsplit('-').next() == Some(REHEARSED_NUMBER) {
            return Ok(());
        }
        let is_theirs = match self {
            Self::Zendesk(desk) => desk.is_from(ticket_id, phone, cx).await,
            Self::Jira(desk) => desk.is_from(ticket_id, phone, cx).await,
        };
        match is_theirs {
            Err(failure) if failure.kind != FailureKind::NotFound => Err(failure),
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(Failure::not_found(format!(
                "{phone} has no ticket {ticket_id}, and nothing was changed; find_tickets tells which there are"
            ))),
        }
    }

    /// The answer about a ticket that was made.
    pub(crate) fn opened(&self, ticket_id: String) -> Answer<Opened> {
        let url = self.url(&ticket_id);
        let receipt = self.receipt(&ticket_id);
        let text = format!("the ticket is open, ticket_id {ticket_id}, for the team at {url}");
        Answer::new(text, Opened { ticket_id, url }).with_receipt(receipt)
    }

    /// The answer about a comment that was made.
    pub(crate) fn commented(&self, ticket_id: &str, comment_id: &str) -> Outcome {
        let text = format!("the comment is on ticket {ticket_id}, for the team alone (comment {comment_id})");
        Outcome::new(text).with_receipt(Receipt::new("comment", comment_id).with_url(self.url(ticket_id)))
    }

    /// The answer about a priority that was set.
    pub(crate) fn prioritised(&self, ticket_id: &str, priority: Priority) -> Outcome {
        let text = format!("the priority of ticket {ticket_id} is {}", priority.as_str());
        Outcome::new(text).with_receipt(self.receipt(ticket_id))
    }

    /// The proof of a ticket, in the vendor's word for it.
    fn receipt(&self, ticket_id: &str) -> Receipt {
        let kind = match self {
            Self::Zendesk(_) => "ticket",
            Self::Jira(_) => "issue",
        };
        Receipt::new(kind, ticket_id).with_url(self.url(ticket_id))
    }

    /// What is known of an effect in doubt, after a look for it.
    pub(crate) fn finding<T: IntoOutcome>(
        &self,
        trace: Trace,
        answer: impl FnOnce(String) -> T,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let lag_ms = match self {
            Self::Zendesk(desk) => desk.index_lag_ms,
            Self::Jira(desk) => desk.index_lag_ms,
        };
        let absent = Finding::absent(cx, lag_ms, LOOK_AGAIN_MS);
        match trace {
            Trace::Found(id) => Finding::happened(answer(id)),
            Trace::Untold => Ok(absent.unless_hidden(true)),
            Trace::Absent => Ok(absent),
        }
    }

    /// Where the support team sees a ticket.
    fn url(&self, ticket_id: &str) -> String {
        match self {
            Self::Zendesk(desk) => desk.url(ticket_id),
            Self::Jira(desk) => desk.url(ticket_id),
        }
    }
}

/// A ticket that is gone tells nothing of what was done to it, now or later.
fn unless_gone(trace: Result<Trace, Failure>) -> Result<Trace, Failure> {
    match trace {
        Err(failure) if failure.kind == FailureKind::NotFound => Ok(Trace::Untold),
        trace => trace,
    }
}

/// Whether it is a number above 0 in its only spelling.
pub(crate) fn is_number(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u64>().is_ok()
}
