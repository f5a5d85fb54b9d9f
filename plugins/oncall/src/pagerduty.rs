//! PagerDuty's side: its events, its answers.
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>

use aftercall::{Failure, FailureKind, Outcome, PhoneNumber, Receipt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) const ENQUEUE_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// The plugin's settings.
#[derive(Deserialize)]
pub(crate) struct Settings {
    source: String,
    client: Option<String>,
    /// Those that can be paged for; absent, any.
    services: Option<Vec<String>>,
    subdomain: Option<String>,
}

/// How bad it is, in PagerDuty's words.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Critical,
    Error,
    Warning,
    Info,
}

/// What the model has to say of a problem.
pub(crate) struct Report {
    pub(crate) service: String,
    pub(crate) summary: String,
    pub(crate) severity: Severity,
    pub(crate) details: Option<String>,
    pub(crate) ticket_url: Option<String>,
    pub(crate) caller_phone: Option<PhoneNumber>,
}

/// An event that opens an alert, or adds to the one that is open. The host adds the integration key.
#[derive(Serialize)]
pub(crate) struct Event<'a> {
    event_action: &'static str,
    dedup_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    payload: Payload<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<[Link<'a>; 1]>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: &'a str,
    source: &'a str,
    severity: Severity,
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

/// The answer to an event that PagerDuty has taken.
#[derive(Deserialize)]
pub(crate) struct Taken {
    dedup_key: Option<String>,
}

/// The event that pages.
pub(crate) fn trigger<'a>(settings: &'a Settings, report: &'a Report, key: &'a str) -> Event<'a> {
    let ticket_url = report.ticket_url.as_deref();
    Event {
        event_action: "trigger",
        dedup_key: key,
        client: settings.client.as_deref(),
        payload: Payload {
            summary: &report.summary,
            source: &settings.source,
            severity: report.severity,
            component: &report.service,
            custom_details: Details {
                details: report.details.as_deref(),
                caller_phone: report.caller_phone.as_ref(),
                ticket_url,
            },
        },
        links: ticket_url.map(|href| [Link { href, text: "Ticket" }]),
    }
}

/// A refusal of the integration key is a 400 like any other, but no argument can put it right.
pub(crate) fn blame(failure: Failure) -> Failure {
    let of_key = ["routing_key", "routing key"].iter().any(|words| failure.message.to_lowercase().contains(words));
    if failure.kind != FailureKind::InvalidArguments || !of_key {
        return failure;
    }
    let message = format!("PagerDuty refuses the integration key; a person has to correct it ({})", failure.message);
    Failure { kind: FailureKind::Denied, message, ..failure }
}

impl Settings {
    /// Refuses a service that can't be paged for.
    pub(crate) fn check_service(&self, service: &str) -> Result<(), Failure> {
        match &self.services {
            Some(services) if !services.iter().any(|known| known == service) => Err(Failure::invalid_arguments(
                format!("there is no service {service:?}; there are: {}", services.join(", ")),
            )),
            _ => Ok(()),
        }
    }

    /// The outcome of an event that PagerDuty has.
    pub(crate) fn paged(&self, taken: Taken, key: &str) -> Outcome {
        let alert = taken.dedup_key.unwrap_or_else(|| key.to_owned());
        let text = format!("PagerDuty has the alert and notifies whoever is on call (alert {alert})");
        let receipt = Receipt::new("alert", alert);
        Outcome::new(text).with_receipt(match &self.subdomain {
            Some(subdomain) => receipt.with_url(format!("https://{subdomain}.pagerduty.com/alerts")),
            None => receipt,
        })
    }
}
