//! Jira's search, which lags: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/>.

use aftercall::{Context, Failure};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Jira, adf, jql, refusal};
use crate::caller::Person;
use crate::desk::FOUND_TICKETS_MAX;
use crate::ticket::{Found, OpenTicket, Wanted};

/// The first results of a search.
#[derive(Deserialize)]
pub(super) struct Issues {
    pub(super) issues: Vec<Issue>,
    #[serde(rename = "nextPageToken")]
    pub(super) next_page_token: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Issue {
    pub(super) key: String,
    pub(super) fields: Fields,
}

/// An issue, as far as it is asked for.
#[derive(Deserialize)]
pub(super) struct Fields {
    #[serde(default)]
    summary: String,
    #[serde(default)]
    created: String,
    status: Option<Named>,
    pub(super) priority: Option<Named>,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    pub(super) labels: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: String,
}

impl Issue {
    /// Whether its description says that this person called it in.
    pub(super) fn is_from(&self, person: &Person) -> bool {
        person.called_in(&adf::text(&self.fields.description))
    }
}

impl Jira {
    /// The open issues that are wanted, newest first. A person is known by the line of the description in which `create` puts
    /// the caller.
    pub(crate) async fn search(&self, wanted: &Wanted, cx: &Context) -> Result<Found, Failure> {
        let mut terms = vec![format!("project = {}", jql::string(&self.project)), "statusCategory != Done".to_owned()];
        if let Some(person) = &wanted.person {
            terms.push(format!("description ~ {}", jql::phrase(person.as_str())));
        }
        if let Some(words) = &wanted.subject_words {
            terms.push(format!("summary ~ {}", jql::phrase(words)));
        }
        let jql = format!("{} ORDER BY created DESC", terms.join(" AND "));
        let fields = ["summary", "status", "priority", "created", "description"];
        let found = self.query(&jql, &fields, cx).await?;
        let more = found.next_page_token.is_some();
        // The search goes by words, wherever they stand: somebody else's ticket may speak of this person.
        let fits = |issue: &Issue| wanted.person.as_ref().is_none_or(|person| issue.is_from(person));
        let tickets = found.issues.into_iter().filter(fits).map(|issue| self.open_ticket(issue)).collect();
        Ok(Found { tickets, more })
    }

    /// The first results of a search, of which Jira wants to know the fields.
    pub(super) async fn query(&self, jql: &str, fields: &[&str], cx: &Context) -> Result<Issues, Failure> {
        let search = json!({ "jql": jql, "fields": fields, "maxResults": FOUND_TICKETS_MAX });
        let answer = cx.post(self.api("search/jql")).reads_only().json(&search).send().await?;
        refusal::told(answer).map_err(refusal::of_search)?.json()
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
