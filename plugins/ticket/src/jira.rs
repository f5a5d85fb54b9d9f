//! Jira Cloud, over its REST API v3: its addresses, issues and comments.
//! Shapes: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>, `…/api-group-issue-comments/`.
//!
//! Jira takes no idempotency key. An issue carries ours as a label, which its search finds, and a comment in its text.

mod adf;
mod jql;
mod refusal;
mod search;

use aftercall::{Context, Failure, PhoneNumber};
use serde::Deserialize;
use serde_json::{Value, json};

use self::search::Issue;
use crate::caller::Person;
use crate::desk::{COMMENT_PAGES_MAX, COMMENTS_PAGE_MAX, REHEARSED_NUMBER, index_lag_ms, is_number};
use crate::ticket::{Priority, Report, TicketType, Trace, comment_text, reference};

/// The project, as the settings have it.
#[derive(Deserialize)]
pub(crate) struct Jira {
    site: String,
    pub(crate) project: String,
    #[serde(default)]
    issue_types: IssueTypes,
    #[serde(default)]
    priorities: Priorities,
    /// How long an issue or comment that was made may be missing from search and list.
    #[serde(default = "index_lag_ms")]
    pub(crate) index_lag_ms: u64,
}

/// The project's names of what kind of matter an issue is about.
#[derive(Deserialize)]
#[serde(default)]
struct IssueTypes {
    problem: String,
    incident: String,
    question: String,
    task: String,
}

/// The project's names of how soon an issue has to be looked at.
#[derive(Deserialize)]
#[serde(default)]
struct Priorities {
    urgent: String,
    high: String,
    normal: String,
    low: String,
}

/// The answer to a request for an issue.
#[derive(Deserialize)]
struct MadeIssue {
    key: String,
}

/// The answer to a request for a comment.
#[derive(Deserialize)]
struct MadeComment {
    id: String,
}

/// A page of an issue's comments.
#[derive(Deserialize)]
struct Comments {
    comments: Vec<Comment>,
    total: usize,
}

#[derive(Deserialize)]
struct Comment {
    id: String,
    #[serde(default)]
    body: Value,
}

impl Jira {
    pub(crate) async fn create(&self, report: &Report, cx: &Context) -> Result<String, Failure> {
        let mut labels = report.tags.clone();
        labels.push(cx.key().to_owned());
        // A summary is one line.
        let summary = report.subject.as_str().split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = json!({
            "project": { "key": self.project },
            "issuetype": { "name": self.issue_types.of(report.r#type) },
            "summary": summary,
            "description": adf::document(&report.text()),
            "priority": { "name": self.priorities.of(report.priority) },
            "labels": labels,
        });
        let answer = cx.post(self.api("issue")).json(&json!({ "fields": fields })).send().await?;
        let made: MadeIssue = refusal::told(answer).map_err(refusal::of_project)?.json()?;
        // The manifest's canned answer knows no project: its issue becomes one of this project, as the other tools want it.
        Ok(if cx.dry_run() { format!("{}-{REHEARSED_NUMBER}", self.project) } else { made.key })
    }

    pub(crate) async fn find_created(&self, cx: &Context) -> Result<Trace, Failure> {
        // Of a project that the credential may not browse, this is refused and doesn't find nothing.
        let jql = format!("project = {} AND labels = {}", jql::string(&self.project), jql::string(cx.key()));
        let found = self.query(&jql, &["labels"], cx).await?;
        let is_ours = |issue: &&Issue| issue.fields.labels.iter().any(|label| label == cx.key());
        // One that is found by a label that it doesn't show may be ours.
        let is_untold = found.issues.iter().any(|issue| issue.fields.labels.is_empty());
        Ok(match found.issues.iter().find(is_ours) {
            Some(issue) => Trace::Found(issue.key.clone()),
            None if is_untold || found.next_page_token.is_some() => Trace::Untold,
            None => Trace::Absent,
        })
    }

    pub(crate) async fn comment(&self, ticket_id: &str, text: &str, cx: &Context) -> Result<String, Failure> {
        // In a service project a comment is for the customer too, unless this says otherwise.
        let internal = json!({ "key": "sd.public.comment", "value": { "internal": true } });
        let body = adf::document(&comment_text(text, cx.key()));
        let comment = json!({ "body": body, "properties": [internal] });
        let answer = cx.post(self.comments(ticket_id)).json(&comment).send().await?;
        let made: MadeComment = refusal::told(answer)?.json()?;
        Ok(made.id)
    }

    pub(crate) async fn find_comment(&self, ticket_id: &str, cx: &Context) -> Result<Trace, Failure> {
        let ours = reference(cx.key());
        let page_size = COMMENTS_PAGE_MAX.to_string();
        let mut seen = 0;
        let mut missed = Trace::Absent;
        for _ in 0..COMMENT_PAGES_MAX {
            let start = seen.to_string();
            let query = [("orderBy", "-created"), ("maxResults", &page_size), ("startAt", &start)];
            let list = cx.get(self.comments(ticket_id)).query(&query);
            let page: Comments = refusal::told(list.send().await?)?.json()?;
            if let Some(comment) = page.comments.iter().find(|comment| comment.has(&ours)) {
                return Ok(Trace::Found(comment.id.clone()));
            }
            // One without a body may be any comment.
            if page.comments.iter().any(|comment| comment.body.is_null()) {
                missed = Trace::Untold;
            }
            seen += page.comments.len();
            if page.comments.is_empty() || seen >= page.total {
                return Ok(missed);
            }
        }
        Ok(Trace::Untold)
    }

    pub(crate) async fn prioritise(&self, ticket_id: &str, priority: Priority, cx: &Context) -> Result<(), Failure> {
        let fields = json!({ "priority": { "name": self.priorities.of(priority) } });
        let change = cx.put(self.issue(ticket_id)).json(&json!({ "fields": fields }));
        refusal::told(change.send().await?)?;
        Ok(())
    }

    pub(crate) async fn find_priority(
        &self,
        ticket_id: &str,
        priority: Priority,
        cx: &Context,
    ) -> Result<Trace, Failure> {
        let look = cx.get(self.issue(ticket_id)).query(&[("fields", "priority")]);
        let issue: Issue = refusal::told(look.send().await?)?.json()?;
        let wanted = self.priorities.of(priority).to_lowercase();
        let is_set = issue.fields.priority.is_some_and(|priority| priority.name.to_lowercase() == wanted);
        Ok(if is_set { Trace::Found(ticket_id.to_owned()) } else { Trace::Untold })
    }

    /// Whether whoever has this number called an issue in.
    pub(crate) async fn is_from(&self, ticket_id: &str, phone: &PhoneNumber, cx: &Context) -> Result<bool, Failure> {
        let look = cx.get(self.issue(ticket_id)).query(&[("fields", "description")]);
        let issue: Issue = refusal::told(look.send().await?)?.json()?;
        Ok(issue.is_from(&Person::Phone(phone.clone())))
    }

    /// Whether it is the key of an issue of the project.
    pub(crate) fn is_key(&self, text: &str) -> bool {
        let number = text.strip_prefix(&self.project).and_then(|rest| rest.strip_prefix('-'));
        number.is_some_and(is_number)
    }

    /// Where the team sees an issue.
    pub(crate) fn url(&self, key: &str) -> String {
        format!("https://{}.atlassian.net/browse/{key}", self.site)
    }

    /// The address of a part of the API.
    fn api(&self, path: &str) -> String {
        format!("https://{}.atlassian.net/rest/api/3/{path}", self.site)
    }

    fn issue(&self, ticket_id: &str) -> String {
        self.api(&format!("issue/{ticket_id}"))
    }

    fn comments(&self, ticket_id: &str) -> String {
        self.api(&format!("issue/{ticket_id}/comment"))
    }
}

impl Comment {
    /// Whether this line stands in it.
    fn has(&self, line: &str) -> bool {
        adf::text(&self.body).lines().any(|own| own.trim() == line)
    }
}

impl IssueTypes {
    fn of(&self, r#type: TicketType) -> &str {
        match r#type {
            TicketType::Problem => &self.problem,
            TicketType::Incident => &self.incident,
            TicketType::Question => &self.question,
            TicketType::Task => &self.task,
        }
    }
}

impl Default for IssueTypes {
    /// The one type that each template of a project has.
    fn default() -> Self {
        let task = || "Task".to_owned();
        Self { problem: task(), incident: task(), question: task(), task: task() }
    }
}

impl Priorities {
    fn of(&self, priority: Priority) -> &str {
        match priority {
            Priority::Urgent => &self.urgent,
            Priority::High => &self.high,
            Priority::Normal => &self.normal,
            Priority::Low => &self.low,
        }
    }
}

impl Default for Priorities {
    /// The names that Jira comes with.
    fn default() -> Self {
        let [urgent, high, normal, low] = ["Highest", "High", "Medium", "Low"].map(str::to_owned);
        Self { urgent, high, normal, low }
    }
}
