//! Jira Cloud's REST API v3: the issues of one project, their comments, and searches by JQL. It takes no idempotency key:
//! the same issue twice is two issues. Unlike the real one, its search sees a write at once.
//! Shapes: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/>, `…/api-group-issue-comments/`,
//! `…/api-group-issue-search/`.

mod document;
mod issue;
mod jql;

use http::{Method, StatusCode};
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use crate::endpoint::{
    Class, Endpoint, Refusal, Reply, Request, has_basic, has_content_type, parameter, query, segments,
};
use crate::service::{Access, Service};
use issue::{Comment, Issue};

const FIRST_ISSUE: u64 = 10_001;
const FIRST_COMMENT: u64 = 50_001;
const COMMENTS_PAGE_MAX: usize = 100;
const RESULTS_DEFAULT: usize = 50;
const RESULTS_MAX: usize = 5_000;

#[derive(Clone)]
pub(crate) struct Jira {
    /// `EMAIL:TOKEN`
    login: String,
    project: Project,
    issues: Vec<Issue>,
    comments: u64,
}

/// What a project has. A seed may say otherwise.
#[derive(Clone, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Project {
    key: String,
    issue_types: Vec<String>,
    priorities: Vec<String>,
}

/// A refusal in Jira's error shape: messages, and reasons by field.
#[derive(Default)]
struct Refused {
    status: StatusCode,
    messages: Vec<String>,
    fields: Map<String, Value>,
}

type Answer = Result<Reply, Refused>;

impl Default for Project {
    fn default() -> Project {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Project {
            key: "SUP".to_owned(),
            issue_types: texts(&["Task", "Bug", "Incident", "Service Request"]),
            priorities: texts(&["Highest", "High", "Medium", "Low", "Lowest"]),
        }
    }
}

impl Jira {
    pub(crate) fn new(account: &str, token: &str) -> Jira {
        Jira { login: format!("{account}:{token}"), project: Project::default(), issues: Vec::new(), comments: 0 }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if !has_basic(request, &self.login) {
            let message = "Client must be authenticated to access this resource.";
            return Err(Refused::of(StatusCode::UNAUTHORIZED, message));
        }
        let segments = segments(request);
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["rest", "api", "3", rest @ ..] = path.as_slice() else {
            return Err(Refused::of(StatusCode::NOT_FOUND, "There is nothing at this address."));
        };
        match (request.method(), rest) {
            (&Method::POST, ["issue"]) => self.create(&body(request)?, now_ms),
            (&Method::GET, ["issue", key]) => {
                let at = self.position(key)?;
                Ok(Reply::json(StatusCode::OK, &self.issues[at].shown(None)))
            }
            (&Method::PUT, ["issue", key]) => self.update(key, &body(request)?, now_ms),
            (&Method::POST, ["issue", key, "comment"]) => self.comment(key, &body(request)?, now_ms),
            (&Method::GET, ["issue", key, "comment"]) => self.list_comments(key, &query(request)),
            (&Method::POST, ["search", "jql"]) => self.search(&body(request)?),
            _ => Err(Refused::of(StatusCode::NOT_FOUND, "There is nothing at this address.")),
        }
    }

    fn create(&mut self, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let id = self.issues.last().map_or(FIRST_ISSUE, |newest| newest.id + 1);
        let key = format!("{}-{}", self.project.key, self.issues.len() + 1);
        let mut issue = Issue::new(id, key, now_ms);
        let fields = fields(body)?;
        let mut refused = Refused { status: StatusCode::BAD_REQUEST, ..Refused::default() };
        for (name, why) in [("project", "project is required"), ("issuetype", "Specify an issue type")] {
            if !fields.contains_key(name) {
                refused.fields.insert(name.to_owned(), why.into());
            }
        }
        if !fields.contains_key("summary") {
            refused.fields.insert("summary".to_owned(), "You must specify a summary of the issue.".into());
        }
        self.set(&mut issue, fields, &mut refused);
        refused.check()?;
        let answer = json!({ "id": id.to_string(), "key": issue.key, "self": issue::url(id) });
        self.issues.push(issue);
        Ok(Reply::json(StatusCode::CREATED, &answer))
    }

    fn update(&mut self, key: &str, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let at = self.position(key)?;
        let mut issue = self.issues[at].clone();
        let mut refused = Refused { status: StatusCode::BAD_REQUEST, ..Refused::default() };
        self.set(&mut issue, fields(body)?, &mut refused);
        refused.check()?;
        issue.updated_ms = now_ms;
        self.issues[at] = issue;
        Ok(Reply { body: Default::default(), ..Reply::json(StatusCode::NO_CONTENT, &Value::Null) })
    }

    /// Sets fields of an issue, each as far as Jira takes it.
    fn set(&self, issue: &mut Issue, fields: &Map<String, Value>, refused: &mut Refused) {
        for (name, value) in fields {
            let set = match name.as_str() {
                "project" if value["key"] == self.project.key.as_str() => Ok(()),
                "project" => Err("valid project is required".to_owned()),
                "issuetype" => issue::named(value, &self.project.issue_types, "issue type").map(|it| issue.kind = it),
                "priority" => issue::named(value, &self.project.priorities, "priority").map(|it| issue.priority = it),
                "summary" => issue.set_summary(value),
                "description" => document::check(value).map(|()| issue.description = value.clone()),
                "labels" => issue.set_labels(value),
                other => {
                    Err(format!("Field '{other}' cannot be set. It is not on the appropriate screen, or unknown."))
                }
            };
            if let Err(why) = set {
                refused.fields.insert(name.clone(), why.into());
            }
        }
    }

    fn comment(&mut self, key: &str, body: &Map<String, Value>, now_ms: u64) -> Answer {
        let at = self.position(key)?;
        let document = body.get("body").unwrap_or(&Value::Null);
        if let Err(why) = document::check(document) {
            let fields = Map::from_iter([("comment".to_owned(), Value::from(why))]);
            return Err(Refused { status: StatusCode::BAD_REQUEST, fields, ..Refused::default() });
        }
        let properties = body.get("properties").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let internal =
            |property: &Value| property["key"] == "sd.public.comment" && property["value"]["internal"] == true;
        let comment = Comment {
            id: FIRST_COMMENT + self.comments,
            body: document.clone(),
            public: !properties.iter().any(internal),
            created_ms: now_ms,
        };
        self.comments += 1;
        let answer = comment.shown();
        self.issues[at].comments.push(comment);
        Ok(Reply::json(StatusCode::CREATED, &answer))
    }

    fn list_comments(&self, key: &str, query: &[(String, String)]) -> Answer {
        let issue = &self.issues[self.position(key)?];
        let number = |name: &str, default: usize| match parameter(query, name) {
            None => Ok(default),
            Some(text) => text.parse::<usize>().map_err(|_| Refused::bad(&format!("{name} must be a number"))),
        };
        let start = number("startAt", 0)?;
        let size = number("maxResults", COMMENTS_PAGE_MAX)?.clamp(1, COMMENTS_PAGE_MAX);
        let mut comments: Vec<&Comment> = issue.comments.iter().collect();
        match parameter(query, "orderBy") {
            None | Some("created" | "+created") => {}
            Some("-created") => comments.reverse(),
            Some(other) => return Err(Refused::bad(&format!("The orderBy value {other} is not valid"))),
        }
        let shown: Vec<Value> = comments.iter().skip(start).take(size).map(|comment| comment.shown()).collect();
        let answer = json!({ "startAt": start, "maxResults": size, "total": comments.len(), "comments": shown });
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    fn search(&self, body: &Map<String, Value>) -> Answer {
        let jql = body.get("jql").and_then(Value::as_str).unwrap_or_default();
        let parsed = jql::parse(jql).map_err(|why| match why {
            jql::Error::Syntax(why) => Refused::bad(&format!("Error in the JQL Query: {why}")),
            jql::Error::NotPlayed(what) => Refused::not_played(&what),
        })?;
        if let Some(project) = parsed.projects().find(|project| *project != self.project.key) {
            return Err(Refused::bad(&format!("The value '{project}' does not exist for the field 'project'.")));
        }
        let names: Vec<String> = match body.get("fields") {
            None => Vec::new(),
            Some(fields) => {
                serde_json::from_value(fields.clone()).map_err(|_| Refused::bad("fields must be a list of strings"))?
            }
        };
        let size = match body.get("maxResults") {
            None => RESULTS_DEFAULT,
            Some(size) => size
                .as_u64()
                .and_then(|size| usize::try_from(size).ok())
                .ok_or_else(|| Refused::bad("maxResults must be a number"))?
                .clamp(1, RESULTS_MAX),
        };
        let start = match body.get("nextPageToken").and_then(Value::as_str) {
            None => 0,
            Some(token) => token.parse().map_err(|_| Refused::bad("The provided next page token is invalid"))?,
        };
        let mut fitting: Vec<&Issue> =
            self.issues.iter().filter(|issue| parsed.fits(issue, &self.project.key)).collect();
        if parsed.newest_first {
            fitting.reverse();
        }
        let issues: Vec<Value> = fitting.iter().skip(start).take(size).map(|issue| issue.shown(Some(&names))).collect();
        let next = start.saturating_add(size);
        let mut answer = json!({ "issues": issues, "isLast": next >= fitting.len() });
        if next < fitting.len() {
            answer["nextPageToken"] = next.to_string().into();
        }
        Ok(Reply::json(StatusCode::OK, &answer))
    }

    /// Where the issue is that a path names, by its key or its id.
    fn position(&self, key: &str) -> Result<usize, Refused> {
        let found = self.issues.iter().position(|issue| issue.key == key || issue.id.to_string() == key);
        let message = "Issue does not exist or you do not have permission to see it.";
        found.ok_or_else(|| Refused::of(StatusCode::NOT_FOUND, message))
    }
}

impl Endpoint for Jira {
    fn classify(&self, request: &Request) -> Class {
        let reads = request.method() == Method::GET || request.uri().path().ends_with("/search/jql");
        Class { access: if reads { Access::Read } else { Access::Write }, turn: None }
    }

    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let message = match refusal {
            Refusal::TooLarge => "The request body is too large.",
            Refusal::TooMany => "Rate limit exceeded.",
            Refusal::Internal => "Internal server error",
        };
        Refused::of(refusal.status(), message).into_reply()
    }

    fn records(&self) -> Value {
        let comments = |issue: &Issue| {
            let record = |comment: &Comment| {
                let mut record = comment.shown();
                record["issue"] = issue.key.as_str().into();
                record
            };
            issue.comments.iter().map(record).collect::<Vec<_>>()
        };
        json!({
            "issues": self.issues.iter().map(|issue| issue.shown(None)).collect::<Vec<_>>(),
            "comments": self.issues.iter().flat_map(comments).collect::<Vec<_>>(),
        })
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        self.project = Project::deserialize(seed).map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl Refused {
    fn of(status: StatusCode, message: &str) -> Refused {
        Refused { status, messages: vec![message.to_owned()], fields: Map::new() }
    }

    fn bad(message: &str) -> Refused {
        Refused::of(StatusCode::BAD_REQUEST, message)
    }

    /// The real Jira would do it.
    fn not_played(what: &str) -> Refused {
        Refused::of(StatusCode::NOT_IMPLEMENTED, &format!("the sandbox does not play {what}"))
    }

    /// Refuses where a field has a reason.
    fn check(self) -> Result<(), Refused> {
        if self.fields.is_empty() { Ok(()) } else { Err(self) }
    }

    fn into_reply(self) -> Reply {
        let body = json!({ "errorMessages": self.messages, "errors": self.fields });
        let note = body.to_string();
        Reply::json(self.status, &body).noted(note)
    }
}

/// The site's address.
fn site() -> String {
    format!("https://{}", Service::Jira.host())
}

fn fields(body: &Map<String, Value>) -> Result<&Map<String, Value>, Refused> {
    body.get("fields").and_then(Value::as_object).ok_or_else(|| Refused::bad("fields must be an object"))
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    if !has_content_type(request, "application/json") {
        return Err(Refused::of(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type must be application/json"));
    }
    serde_json::from_slice(request.body()).map_err(|_| Refused::bad("Invalid request payload."))
}
