//! PagerDuty's side: its events, its answers.
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use aftercall::{Context, Failure, FailureKind, Outcome, PhoneNumber, Receipt, Text};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::arguments::AlertRef;
use crate::report::{Change, Report, Severity};

const ENQUEUE_URL: &str = "https://events.pagerduty.com/v2/enqueue";
/// When to try again after a 429 that doesn't say. PagerDuty counts the events of the last minute, and recommends half of
/// one: <https://github.com/PagerDuty/developer-docs/blob/main/docs/events-API-v2/05-Rate-Limits.md>.
const THROTTLED_MS: u64 = 30_000;

/// The settings of a tenant that has PagerDuty.
#[derive(Deserialize)]
pub(crate) struct Account {
    source: String,
    client: Option<String>,
    subdomain: Option<String>,
}

/// An event that opens an alert, adds to the one that is open, or changes it. The host adds the integration key.
#[derive(Serialize)]
struct Event<'a> {
    event_action: &'static str,
    dedup_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link<'a>; 1]>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: &'a str,
    source: &'a str,
    severity: Severity,
    /// The service. By it alerts of several callers about one outage can be grouped.
    component: &'a str,
    custom_details: Details<'a>,
}

/// What is shown under the summary, and in chats and emails, where links are not.
#[derive(Serialize)]
struct Details<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller_phone: Option<&'a PhoneNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_url: Option<&'a str>,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'static str,
}

impl Account {
    pub(crate) async fn page(&self, report: &Report, cx: &Context) -> Result<Outcome, Failure> {
        let alert = cx.key();
        send(&self.trigger(report, alert), cx).await?;
        let text = format!("PagerDuty has the alert and notifies whoever is on call (alert {alert})");
        Ok(Outcome::new(text).with_receipt(self.receipt(alert)))
    }

    /// PagerDuty drops an event about an alert that is resolved or unknown, and says nothing of it.
    pub(crate) async fn change(&self, change: Change, alert: &AlertRef, cx: &Context) -> Result<Outcome, Failure> {
        let event_action = match change {
            Change::Acknowledge => "acknowledge",
            Change::Resolve => "resolve",
        };
        let dedup_key = alert.as_str();
        send(&Event { event_action, dedup_key, client: None, payload: None, links: None }, cx).await?;
        let text = format!("PagerDuty has taken the {} (alert {alert})", change.request());
        Ok(Outcome::new(text).with_receipt(self.receipt(dedup_key)))
    }

    /// The event that pages.
    fn trigger<'a>(&'a self, report: &'a Report, key: &'a str) -> Event<'a> {
        let ticket_url = report.ticket_url.as_deref();
        Event {
            event_action: "trigger",
            dedup_key: key,
            client: self.client.as_deref(),
            payload: Some(Payload {
                summary: report.summary.as_str(),
                source: &self.source,
                severity: report.severity,
                component: &report.service,
                custom_details: Details {
                    details: report.details.as_ref().map(Text::as_str),
                    caller_phone: report.caller_phone.as_ref(),
                    ticket_url,
                },
            }),
            links: ticket_url.map(|href| [Link { href, text: "Ticket" }]),
        }
    }

    fn receipt(&self, alert: &str) -> Receipt {
        let receipt = Receipt::new("alert", alert);
        match &self.subdomain {
            Some(subdomain) => receipt.with_url(format!("https://{subdomain}.pagerduty.com/alerts")),
            None => receipt,
        }
    }
}

/// Sends an event. PagerDuty answers when it has taken one, and doesn't say what comes of it.
async fn send(event: &Event<'_>, cx: &Context) -> Result<(), Failure> {
    let answer = cx.post(ENQUEUE_URL).json(event).send().await?.ok().map_err(told)?;
    answer.json::<IgnoredAny>().map(|_| ())
}

/// A refusal of the integration key is a 400 like any other, but no argument can put it right. And a 429 may have no
/// `Retry-After`.
fn told(failure: Failure) -> Failure {
    let of_key = ["routing_key", "routing key"].iter().any(|words| failure.message.to_lowercase().contains(words));
    match failure.kind {
        FailureKind::InvalidArguments if of_key => {
            let advice = "PagerDuty refuses the integration key; a person has to correct it";
            let message = format!("{advice} ({})", failure.message);
            Failure { kind: FailureKind::Denied, message, ..failure }
        }
        FailureKind::RateLimited => {
            Failure { retry_after_ms: failure.retry_after_ms.or(Some(THROTTLED_MS)), ..failure }
        }
        _ => failure,
    }
}
