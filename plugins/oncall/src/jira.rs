//! Jira Service Management's side: the alerts of its operations API, which take the place of Opsgenie's.
//! <https://developer.atlassian.com/cloud/jira/service-desk-ops/rest/v2/api-group-alerts/>
//!
//! A request that is taken isn't done yet: it gets an id, under which can be seen what came of it. That is looked at, a few
//! times in a row; what isn't processed by then is in doubt, and the alert itself tells in the end.
//!
//! An alert has an alias of ours and an id of Jira's, and only the id is taken to change it. By its alias it is found while it
//! is open; later, by a search.

mod alert;
mod refusal;

use aftercall::{Context, Failure, FailureKind, Finding, Outcome, Receipt, path_segment};
use serde::Deserialize;

use self::alert::{Alert, Draft, Page, Responder};
use crate::arguments::AlertRef;
use crate::report::{Change, Report};

/// How many alerts a search brings, the most that Jira gives at once. Of one alias there are few.
const SEARCH_RESULTS_MAX: &str = "100";
/// When to look again for an alert that may not be there yet.
const LOOK_AGAIN_MS: u64 = 10_000;
/// How often it is asked in a row what came of a request. Protects Jira, and the call's time.
const PROGRESS_LOOKS_MAX: usize = 3;
/// When to look for what a request came to that Jira has taken.
const PROCESSED_MS: u64 = 2_000;

/// The settings of a tenant that has Jira Service Management.
#[derive(Deserialize)]
pub(crate) struct Site {
    cloud_id: String,
    source: String,
    responders: Vec<Responder>,
    #[serde(default)]
    tags: Vec<String>,
    subdomain: Option<String>,
    /// How long a request that was taken may be without effect.
    #[serde(default = "alert_lag_ms")]
    alert_lag_ms: u64,
}

const fn alert_lag_ms() -> u64 {
    30_000
}

/// The answer to a request that Jira has taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Taken {
    request_id: Option<String>,
}

/// What Jira tells of a request that it has taken.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Processed {
    is_success: Option<bool>,
    processed_at: Option<String>,
    status: Option<String>,
}

/// What came of a request by now.
enum Progress {
    Done,
    /// It is taken, and more isn't known.
    Waits,
    /// It failed, in Jira's words, and did nothing.
    Refused(String),
}

impl Site {
    pub(crate) async fn page(&self, report: &Report, cx: &Context) -> Result<Outcome, Failure> {
        // What an earlier attempt opened may be resolved by now, and its alias would not keep another from being opened.
        if cx.doubted() && self.find(cx.key(), cx).await?.is_some() {
            return Ok(self.paged(cx.key()));
        }
        let draft = Draft::of(report, cx.key(), &self.source, &self.responders, &self.tags);
        let answer = cx.post(self.url("")).json(&draft).send().await?;
        let taken: Taken = answer.ok().map_err(refusal::of_settings)?.json()?;
        match self.progress(taken, cx).await {
            Progress::Done => Ok(self.paged(cx.key())),
            Progress::Waits => Err(unprocessed("page")),
            Progress::Refused(status) => Err(Failure::denied(format!(
                "Jira Service Management opened no alert, so nobody is paged; a person has to look why ({status})"
            ))),
        }
    }

    pub(crate) async fn change(&self, change: Change, alert: &AlertRef, cx: &Context) -> Result<Outcome, Failure> {
        let id = match self.find(alert.as_str(), cx).await? {
            Some(found) if found.is(change) => return Ok(self.changed_already(&found, alert)),
            Some(found) => found.id,
            // A page that was rehearsed has opened no alert. The write that is captured names it by our reference.
            None if cx.dry_run() => alert.to_string(),
            None => return Err(self.missing(alert, cx)),
        };
        let verb = match change {
            Change::Acknowledge => "acknowledge",
            Change::Resolve => "close",
        };
        let answer = cx.post(self.url(&format!("/{}/{verb}", path_segment(&id)))).send().await?;
        let taken: Taken = answer.ok()?.json()?;
        match self.progress(taken, cx).await {
            Progress::Done => Ok(self.outcome(&format!("the alert is {}", change.done()), alert.as_str())),
            Progress::Waits => Err(unprocessed(change.request())),
            // Somebody may have been faster.
            Progress::Refused(status) => match self.find(alert.as_str(), cx).await {
                Ok(Some(found)) if found.is(change) => Ok(self.changed_already(&found, alert)),
                _ => Err(Failure::conflict(format!("alert {alert} can't be {} now ({status})", change.done()))),
            },
        }
    }

    /// Whether there is an alert under the effect's key.
    pub(crate) async fn find_page(&self, cx: &Context) -> Result<Finding, Failure> {
        match self.find(cx.key(), cx).await? {
            Some(_) => Finding::happened(self.paged(cx.key())),
            None => Ok(self.absent(cx)),
        }
    }

    /// Whether an alert is changed so.
    pub(crate) async fn find_change(&self, change: Change, alert: &AlertRef, cx: &Context) -> Result<Finding, Failure> {
        match self.find(alert.as_str(), cx).await? {
            Some(found) if found.is(change) => Finding::happened(self.changed_already(&found, alert)),
            // Whoever is at work on it may have handed it back since, and then it has to wake somebody.
            Some(_) => Ok(self.absent(cx).unless_hidden(change.may_be_undone())),
            // It was there when the change was sent, and tells nothing any more.
            None => Ok(self.absent(cx).unless_hidden(true)),
        }
    }

    /// What a look means that finds nothing, since a request that was taken may be without effect for a while.
    fn absent(&self, cx: &Context) -> Finding {
        Finding::absent(cx, self.alert_lag_ms, PROCESSED_MS)
    }

    /// The alert of this alias: the open one, else the newest.
    async fn find(&self, alias: &str, cx: &Context) -> Result<Option<Alert>, Failure> {
        let answer = cx.get(self.url("/alias")).query(&[("alias", alias)]).send().await?;
        if answer.status() != 404 {
            let open: Alert = answer.ok()?.json()?;
            return Ok(Some(open).filter(|alert| alert.has(alias)));
        }
        let search = format!("alias: \"{alias}\"");
        let query =
            [("query", search.as_str()), ("size", SEARCH_RESULTS_MAX), ("sort", "createdAt"), ("order", "desc")];
        let answer = cx.get(self.url("")).query(&query).send().await?;
        let page: Page = answer.ok().map_err(refusal::of_settings)?.json()?;
        let mut of_alias: Vec<Alert> = page.values.into_iter().filter(|alert| alert.has(alias)).collect();
        let place = of_alias.iter().position(|alert| !alert.is(Change::Resolve)).unwrap_or_default();
        Ok((place < of_alias.len()).then(|| of_alias.swap_remove(place)))
    }

    /// What came of a request by now. That this can't be told is no failure of its own: the request is taken.
    async fn progress(&self, taken: Taken, cx: &Context) -> Progress {
        if cx.dry_run() {
            return Progress::Done;
        }
        let Some(id) = taken.request_id else { return Progress::Waits };
        for _ in 0..PROGRESS_LOOKS_MAX {
            match self.status(&id, cx).await {
                Ok(Processed { is_success: Some(true), .. }) => return Progress::Done,
                Ok(Processed { is_success: Some(false), processed_at: Some(_), status }) => {
                    return Progress::Refused(status.unwrap_or_else(|| format!("request {id} failed")));
                }
                Ok(_) => {}
                // It waits in Jira's queue.
                Err(failure) if failure.kind == FailureKind::NotFound => {}
                Err(failure) => {
                    cx.debug(format!("request {id} is taken, and what came of it isn't known: {}", failure.message));
                    return Progress::Waits;
                }
            }
        }
        Progress::Waits
    }

    async fn status(&self, request_id: &str, cx: &Context) -> Result<Processed, Failure> {
        let answer = cx.get(self.url(&format!("/requests/{}", path_segment(request_id)))).send().await?;
        answer.ok()?.json()
    }

    /// The failure where there is no such alert: at first it may not be there yet.
    fn missing(&self, alert: &AlertRef, cx: &Context) -> Failure {
        if cx.now().saturating_sub(cx.first_attempt_at()) < self.alert_lag_ms {
            let message = format!("alert {alert} isn't there, or not yet: it is looked for again");
            return Failure::unavailable(message).with_retry_after_ms(LOOK_AGAIN_MS);
        }
        Failure::not_found(format!("there is no alert {alert}: take the reference that page_oncall answered with"))
    }

    fn paged(&self, key: &str) -> Outcome {
        self.outcome("Jira Service Management has the alert and notifies whoever is on call", key)
    }

    fn changed_already(&self, found: &Alert, alert: &AlertRef) -> Outcome {
        let state = if found.is(Change::Resolve) { Change::Resolve } else { Change::Acknowledge };
        self.outcome(&format!("the alert is {}", state.done()), alert.as_str())
    }

    fn outcome(&self, text: &str, alias: &str) -> Outcome {
        let receipt = Receipt::new("alert", alias);
        Outcome::new(format!("{text} (alert {alias})")).with_receipt(match &self.subdomain {
            Some(subdomain) => receipt.with_url(format!("https://{subdomain}.atlassian.net/jira/ops/alerts")),
            None => receipt,
        })
    }

    /// The address of something below the site's alerts.
    fn url(&self, path: &str) -> String {
        format!("https://api.atlassian.com/jsm/ops/api/{}/v1/alerts{path}", path_segment(&self.cloud_id))
    }
}

/// The doubt about a request that Jira has taken and not processed yet.
fn unprocessed(request: &str) -> Failure {
    let message = format!("Jira Service Management has taken the {request}, and doesn't say yet what came of it");
    Failure::outcome_unknown(message).with_retry_after_ms(PROCESSED_MS)
}
