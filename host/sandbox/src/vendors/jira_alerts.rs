//! The alerts of Jira Service Management's operations API. A request is taken first and done later, and what came of it
//! can be asked; an alias adds a repeated alert to the one that is open under it. How much later, a seed says
//! (`{"lag_ms": 5000}`); without one, at once.
//! Shapes: <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-alerts/>.

mod alert;

use std::mem;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, has_basic, has_content_type, parameter, query, segments};
use crate::time::iso;
use alert::{Alert, Draft};

const SIZE_DEFAULT: usize = 20;
const SIZE_MAX: usize = 100;

#[derive(Clone)]
pub(crate) struct JiraAlerts {
    cloud: String,
    /// `EMAIL:TOKEN`
    login: String,
    alerts: Vec<Alert>,
    requests: Vec<Asked>,
    /// How long a request that was taken waits.
    lag_ms: u64,
}

/// A request that was taken.
#[derive(Clone)]
struct Asked {
    id: String,
    at_ms: u64,
    what: Option<What>,
    done: Option<Done>,
}

#[derive(Clone)]
enum What {
    Create(Draft),
    Acknowledge(String),
    Close(String),
}

/// What came of a request.
#[derive(Clone)]
struct Done {
    at_ms: u64,
    action: &'static str,
    /// The alert's id and alias, or why nothing was done.
    outcome: Result<(String, Option<String>), &'static str>,
}

/// A refusal in this API's error shape.
struct Refused {
    status: StatusCode,
    code: &'static str,
    title: String,
}

type Answer = Result<Reply, Refused>;

impl JiraAlerts {
    pub(crate) fn new(cloud: String, account: &str, token: &str) -> JiraAlerts {
        let login = format!("{account}:{token}");
        JiraAlerts { cloud, login, alerts: Vec::new(), requests: Vec::new(), lag_ms: 0 }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Answer {
        if !has_basic(request, &self.login) {
            return Err(Refused::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Unauthorized"));
        }
        let segments = segments(request);
        let path: Vec<&str> = segments.iter().map(String::as_str).collect();
        let ["jsm", "ops", "api", cloud, "v1", "alerts", rest @ ..] = path.as_slice() else {
            return Err(Refused::not_found("Resource"));
        };
        if *cloud != self.cloud {
            return Err(Refused::not_found("Site"));
        }
        match (request.method(), rest) {
            (&Method::POST, []) => {
                let draft = Draft::read(&body(request)?).map_err(|title| Refused::invalid(&title))?;
                Ok(self.take(What::Create(draft), now_ms))
            }
            (&Method::POST, [id, "acknowledge"]) => {
                self.known(id)?;
                Ok(self.take(What::Acknowledge((*id).to_owned()), now_ms))
            }
            (&Method::POST, [id, "close"]) => {
                self.known(id)?;
                Ok(self.take(What::Close((*id).to_owned()), now_ms))
            }
            (&Method::GET, ["alias"]) => {
                let query = query(request);
                let open = |alert: &&Alert| !alert.closed && alert.draft.alias.as_deref() == parameter(&query, "alias");
                let found = self.alerts.iter().find(open).ok_or_else(|| Refused::not_found("Alert"))?;
                Ok(Reply::json(StatusCode::OK, &found.shown()))
            }
            (&Method::GET, ["requests", id]) => {
                let asked = self.requests.iter().find(|asked| asked.id == *id);
                Ok(Reply::json(StatusCode::OK, &asked.ok_or_else(|| Refused::not_found("Request"))?.shown()))
            }
            (&Method::GET, []) => self.search(&query(request)),
            (&Method::GET, [id]) => Ok(Reply::json(StatusCode::OK, &self.known(id)?.shown())),
            _ => Err(Refused::not_found("Resource")),
        }
    }

    fn known(&self, id: &str) -> Result<&Alert, Refused> {
        self.alerts.iter().find(|alert| alert.id == id).ok_or_else(|| Refused::not_found("Alert"))
    }

    fn take(&mut self, what: What, now_ms: u64) -> Reply {
        let id = format!("5e000000-0000-4000-8000-{:012x}", self.requests.len() + 1);
        let answer = json!({ "result": "Request will be processed", "requestId": id, "took": 0.1 });
        self.requests.push(Asked { id, at_ms: now_ms, what: Some(what), done: None });
        Reply::json(StatusCode::ACCEPTED, &answer)
    }

    /// Does what has waited long enough.
    fn settle(&mut self, now_ms: u64) {
        let mut requests = mem::take(&mut self.requests);
        for asked in &mut requests {
            let due_ms = asked.at_ms.saturating_add(self.lag_ms);
            if due_ms <= now_ms
                && let Some(what) = asked.what.take()
            {
                asked.done = Some(self.process(what, due_ms));
            }
        }
        self.requests = requests;
    }

    fn process(&mut self, what: What, at_ms: u64) -> Done {
        let (action, outcome) = match what {
            What::Create(draft) => ("Create", Ok(self.create(draft, at_ms))),
            What::Acknowledge(id) => {
                ("Acknowledge", self.change(&id, "Alert is already acknowledged", |alert| &mut alert.acknowledged))
            }
            What::Close(id) => ("Close", self.change(&id, "Alert is already closed", |alert| &mut alert.closed)),
        };
        Done { at_ms, action, outcome }
    }

    fn create(&mut self, draft: Draft, at_ms: u64) -> (String, Option<String>) {
        let same = |alert: &&mut Alert| !alert.closed && draft.alias.is_some() && alert.draft.alias == draft.alias;
        if let Some(alert) = self.alerts.iter_mut().find(same) {
            alert.count += 1;
            return (alert.id.clone(), draft.alias);
        }
        let number = self.alerts.len() + 1;
        let id = format!("a1000000-0000-4000-8000-{number:012x}-{at_ms}");
        let alias = draft.alias.clone();
        self.alerts.push(Alert::new(id.clone(), number, draft, at_ms));
        (id, alias)
    }

    fn change(
        &mut self,
        id: &str,
        already: &'static str,
        flag: impl Fn(&mut Alert) -> &mut bool,
    ) -> Result<(String, Option<String>), &'static str> {
        let alert = self.alerts.iter_mut().find(|alert| alert.id == id).ok_or("Alert not found")?;
        if alert.closed {
            return Err("Alert is already closed");
        }
        if mem::replace(flag(alert), true) {
            return Err(already);
        }
        Ok((alert.id.clone(), alert.draft.alias.clone()))
    }

    /// `query=alias: "…"`, newest first.
    fn search(&self, query: &[(String, String)]) -> Answer {
        let wanted = parameter(query, "query").unwrap_or_default();
        let alias = wanted.strip_prefix("alias:").map(|alias| alias.trim().trim_matches('"'));
        let Some(alias) = alias else { return Err(Refused::not_played("a search but by alias")) };
        let size = match parameter(query, "size") {
            None => SIZE_DEFAULT,
            Some(size) => size
                .parse::<usize>()
                .ok()
                .filter(|size| (1..=SIZE_MAX).contains(size))
                .ok_or_else(|| Refused::invalid(&format!("size must be from 1 to {SIZE_MAX}")))?,
        };
        if !matches!(parameter(query, "sort"), None | Some("createdAt")) || parameter(query, "order") == Some("asc") {
            return Err(Refused::not_played("this order"));
        }
        let fitting = self.alerts.iter().rev().filter(|alert| alert.draft.alias.as_deref() == Some(alias));
        let values: Vec<Value> = fitting.take(size).map(Alert::shown).collect();
        Ok(Reply::json(StatusCode::OK, &json!({ "count": values.len(), "values": values, "links": {} })))
    }
}

impl Asked {
    fn shown(&self) -> Value {
        let Some(Done { at_ms, action, outcome }) = &self.done else {
            return json!({ "isSuccess": false, "status": "Request is being processed" });
        };
        let (alert_id, alias) = match outcome {
            Ok((id, alias)) => (Some(id), alias.as_ref()),
            Err(_) => (None, None),
        };
        let status = match outcome {
            Ok(_) => format!("{action} alert"),
            Err(why) => (*why).to_owned(),
        };
        json!({
            "action": action,
            "processedAt": iso(*at_ms),
            "isSuccess": outcome.is_ok(),
            "status": status,
            "alertId": alert_id,
            "alias": alias,
        })
    }
}

impl Endpoint for JiraAlerts {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.settle(now_ms);
        let reply = self.route(request, now_ms).unwrap_or_else(Refused::into_reply);
        self.settle(now_ms);
        reply
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let (code, title) = match refusal {
            Refusal::TooLarge => ("REQUEST_TOO_LARGE", "The request body is too large"),
            Refusal::TooMany => ("TOO_MANY_REQUESTS", "You are making too many requests"),
            Refusal::Internal => ("INTERNAL_SERVER_ERROR", "Internal server error"),
        };
        Refused::new(refusal.status(), code, title).into_reply()
    }

    fn records(&self) -> Value {
        json!({ "alerts": self.alerts.iter().map(Alert::shown).collect::<Vec<_>>() })
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        self.lag_ms = seed["lag_ms"].as_u64().ok_or("lag_ms must be a number of milliseconds")?;
        Ok(())
    }
}

impl Refused {
    fn new(status: StatusCode, code: &'static str, title: &str) -> Refused {
        Refused { status, code, title: title.to_owned() }
    }

    fn invalid(title: &str) -> Refused {
        Refused::new(StatusCode::UNPROCESSABLE_ENTITY, "INVALID_REQUEST", title)
    }

    fn not_found(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("{what} not found"))
    }

    /// The real one would do it.
    fn not_played(what: &str) -> Refused {
        Refused::new(StatusCode::NOT_IMPLEMENTED, "NOT_PLAYED", &format!("the sandbox does not play {what}"))
    }

    fn into_reply(self) -> Reply {
        let body = json!({ "errors": [{ "title": self.title, "code": self.code }] });
        Reply::json(self.status, &body).noted(self.title)
    }
}

fn body(request: &Request) -> Result<Map<String, Value>, Refused> {
    let json = has_content_type(request, "application/json");
    let body = json.then(|| serde_json::from_slice(request.body()).ok()).flatten();
    body.ok_or_else(|| Refused::new(StatusCode::BAD_REQUEST, "INVALID_REQUEST", "Request body is not processable"))
}
