//! Jira Cloud, over its REST API v3: its addresses, issues and comments.
//! Shapes: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>, `…/api-group-issue-comments/` and
//! `…/api-group-issue-search/`.
//!
//! Jira takes no idempotency key. An issue carries ours as a label, which its search finds, and a comment in its text.

mod adf;
mod jql;
mod refusal;

use aftercall::{Context, Failure, FailureKind};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::desk::{COMMENT_PAGES_MAX, COMMENTS_PAGE_MAX, FOUND_TICKETS_MAX, index_lag_ms, is_number};
use crate::ticket::{Found, OpenTicket, Priority, Report, TicketType, Trace, Wanted, comment_text, reference};

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

/// What was made, whatever it is.
#[derive(Deserialize)]
struct MadeIssue {
    key: String,
}

#[derive(Deserialize)]
struct MadeComment {
    id: String,
}

/// The first results of a search.
#[derive(Deserialize)]
struct Issues {
    issues: Vec<Issue>,
    #[serde(rename = "nextPageToken")]
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    key: String,
    fields: Fields,
}

/// An issue, as far as it is asked for.
#[derive(Deserialize)]
struct Fields {
    #[serde(default)]
    summary: String,
    #[serde(default)]
    created: String,
    status: Option<Named>,
    priority: Option<Named>,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    labels: Vec<String>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
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
        let summary = report.subject.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = json!({
            "project": { "key": self.project },
            "issuetype": { "name": self.issue_types.of(report.r#type) },
            "summary": summary,
            "description": adf::document(&report.text()),
            "priority": { "name": self.priorities.of(report.priority) },
            "labels": labels,
        });
        let answer = cx.post(self.api("issue")).json(&json!({ "fields": fields })).send().await?;
        let made: MadeIssue = refusal::told(answer)?.json()?;
        Ok(made.key)
    }

    pub(crate) async fn find_created(&self, cx: &Context) -> Result<Trace, Failure> {
        // Of a project that the credential may not browse, this is refused and doesn't find nothing.
        let jql = format!("project = {} AND labels = {}", jql::string(&self.project), jql::string(cx.key()));
        let found = self.query(&jql, &["labels"], cx).await?;
        let ours = found.issues.into_iter().find(|issue| issue.fields.labels.iter().any(|label| label == cx.key()));
        Ok(ours.map_or(Trace::Absent, |issue| Trace::Found(issue.key)))
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
        for _ in 0..COMMENT_PAGES_MAX {
            let start = seen.to_string();
            let query = [("orderBy", "-created"), ("maxResults", &page_size), ("startAt", &start)];
            let list = cx.get(self.comments(ticket_id)).query(&query);
            let page: Comments = refusal::told(list.send().await?)?.json()?;
            if let Some(comment) = page.comments.iter().find(|comment| adf::mentions(&comment.body, &ours)) {
                return Ok(Trace::Found(comment.id.clone()));
            }
            seen += page.comments.len();
            if page.comments.is_empty() || seen >= page.total {
                return Ok(Trace::Absent);
            }
        }
        Ok(Trace::TooMuch)
    }

    pub(crate) async fn prioritise(&self, ticket_id: &str, priority: Priority, cx: &Context) -> Result<(), Failure> {
        let fields = json!({ "priority": { "name": self.priorities.of(priority) } });
        let change = cx.put(self.api(&format!("issue/{ticket_id}"))).json(&json!({ "fields": fields }));
        refusal::told(change.send().await?)?;
        Ok(())
    }

    /// The open issues that are wanted, newest first. A person is known by what the description says: that's where
    /// `create` puts the caller.
    pub(crate) async fn search(&self, wanted: &Wanted, cx: &Context) -> Result<Found, Failure> {
        let email = wanted.email.as_ref().map(|email| email.as_str());
        let phone = wanted.phone.as_ref().map(|phone| phone.as_str());
        let person: Vec<&str> = email.into_iter().chain(phone).collect();
        let mut terms = vec![format!("project = {}", jql::string(&self.project)), "statusCategory != Done".to_owned()];
        if !person.is_empty() {
            let either: Vec<String> =
                person.iter().map(|text| format!("description ~ {}", jql::phrase(text))).collect();
            terms.push(format!("({})", either.join(" OR ")));
        }
        if let Some(words) = &wanted.subject_words {
            terms.push(format!("summary ~ {}", jql::phrase(words)));
        }
        let jql = format!("{} ORDER BY created DESC", terms.join(" AND "));
        let fields = ["summary", "status", "priority", "created", "description"];
        let found = self.query(&jql, &fields, cx).await?;
        let more = found.next_page_token.is_some();
        // The search goes by words, and may take a like address for this one.
        let fits = |issue: &Issue| {
            person.is_empty() || person.iter().any(|text| adf::mentions(&issue.fields.description, text))
        };
        let tickets = found.issues.into_iter().filter(fits).map(|issue| self.open_ticket(issue)).collect();
        Ok(Found { tickets, more })
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

    /// The first results of a search, of which Jira wants to know the fields.
    async fn query(&self, jql: &str, fields: &[&str], cx: &Context) -> Result<Issues, Failure> {
        let search = json!({ "jql": jql, "fields": fields, "maxResults": FOUND_TICKETS_MAX });
        let answer = cx.post(self.api("search/jql")).reads_only().json(&search).send().await?;
        // The query is of our making: no other argument mends it.
        let own = |failure: Failure| match failure.kind {
            FailureKind::InvalidArguments => Failure { kind: FailureKind::Other, ..failure },
            _ => failure,
        };
        refusal::told(answer).map_err(own)?.json()
    }

    /// The address of a part of the API.
    fn api(&self, path: &str) -> String {
        format!("https://{}.atlassian.net/rest/api/3/{path}", self.site)
    }

    fn comments(&self, ticket_id: &str) -> String {
        self.api(&format!("issue/{ticket_id}/comment"))
    }

    fn open_ticket(&self, issue: Issue) -> OpenTicket {
        let Issue { key, fields } = issue;
        OpenTicket {
            url: self.url(&key),
            ticket_id: key,
            subject: fields.summary,
            status: fields.status.map(|status| status.name).unwrap_or_default(),
            priority: fields.priority.map(|priority| priority.name),
            created_at: fields.created,
        }
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
