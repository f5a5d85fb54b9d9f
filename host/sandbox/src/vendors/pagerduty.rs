//! PagerDuty's Events API v2. A trigger whose `dedup_key` has an open alert adds to that alert and pages nobody again; once it
//! is resolved, the same key opens another. The integration key comes in the body, or in a header as the vendor's own
//! client sends it. Unlike the real one, an event is processed at once.
//! Shapes: PagerDuty's OpenAPI document for the Events API v2, and
//! <https://developer.pagerduty.com/docs/events-api-v2/trigger-events/> for the limits.

mod event;

use http::header::HeaderName;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::endpoint::{Endpoint, Refusal, Reply, Request, header};
use crate::time::iso;
use event::{Action, Event, Payload};

const ENQUEUE_PATH: &str = "/v2/enqueue";
const ROUTING_KEY_CHARS: usize = 32;
const EVENT_BYTES_MAX: usize = 512 << 10;
const ROUTING_KEY_HEADER: HeaderName = HeaderName::from_static("x-routing-key");

#[derive(Clone)]
pub(crate) struct Pagerduty {
    routing_key: String,
    alerts: Vec<Alert>,
}

#[derive(Clone)]
struct Alert {
    dedup_key: String,
    status: Status,
    /// Of the trigger that opened it.
    payload: Payload,
    events: u32,
    created_ms: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Triggered,
    Acknowledged,
    Resolved,
}

/// A refusal in PagerDuty's error shape.
struct Refused {
    code: StatusCode,
    status: &'static str,
    message: &'static str,
    errors: Vec<String>,
}

impl Pagerduty {
    pub(crate) fn new(routing_key: String) -> Pagerduty {
        Pagerduty { routing_key, alerts: Vec::new() }
    }

    fn route(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, ENQUEUE_PATH) => self.enqueue(request, now_ms),
            (&Method::POST, "/v2/change/enqueue") => {
                Err(Refused::plain(StatusCode::NOT_IMPLEMENTED, "not played", "The sandbox does not play changes"))
            }
            (_, ENQUEUE_PATH) => {
                Err(Refused::plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed", "Events are sent with POST"))
            }
            _ => Err(Refused::plain(StatusCode::NOT_FOUND, "not found", "Not Found")),
        }
    }

    fn enqueue(&mut self, request: &Request, now_ms: u64) -> Result<Reply, Refused> {
        if request.body().len() > EVENT_BYTES_MAX {
            return Err(Refused::too_large());
        }
        let body: Map<String, Value> = serde_json::from_slice(request.body()).map_err(|_| Refused::unreadable())?;
        let mut errors = Vec::new();
        errors.extend(self.key_complaint(body.get("routing_key"), header(request, ROUTING_KEY_HEADER)));
        let event = Event::read(&body, &mut errors);
        let event = event.filter(|_| errors.is_empty()).ok_or_else(|| Refused::invalid(errors))?;
        let dedup_key = self.take(event, now_ms);
        let answer = json!({ "status": "success", "message": "Event processed", "dedup_key": dedup_key });
        Ok(Reply::json(StatusCode::ACCEPTED, &answer))
    }

    /// What is wrong with the integration key. It never says what it would have to be.
    fn key_complaint(&self, in_body: Option<&Value>, in_header: Option<&str>) -> Option<String> {
        let key = match in_body {
            Some(key) => key.as_str(),
            None => in_header,
        };
        match key {
            None | Some("") => Some("'routing_key' is missing or blank".to_owned()),
            Some(key) if key.chars().count() != ROUTING_KEY_CHARS => {
                Some(format!("Length of 'routing_key' is incorrect (should be {ROUTING_KEY_CHARS} characters)"))
            }
            Some(key) => (key != self.routing_key).then(|| "Invalid routing key".to_owned()),
        }
    }

    /// Does what the event says, and gives its alert's key. An event about an alert that isn't open is taken and changes
    /// nothing.
    fn take(&mut self, event: Event, now_ms: u64) -> String {
        let dedup_key = event.dedup_key.unwrap_or_else(|| format!("{:032x}", self.alerts.len() + 1));
        let is_open = |alert: &&mut Alert| alert.dedup_key == dedup_key && alert.status != Status::Resolved;
        match (self.alerts.iter_mut().find(is_open), event.action) {
            (Some(alert), action) => {
                alert.events += 1;
                match action {
                    Action::Trigger(_) => {}
                    Action::Acknowledge => alert.status = Status::Acknowledged,
                    Action::Resolve => alert.status = Status::Resolved,
                }
            }
            (None, Action::Trigger(payload)) => self.alerts.push(Alert {
                dedup_key: dedup_key.clone(),
                status: Status::Triggered,
                payload,
                events: 1,
                created_ms: now_ms,
            }),
            (None, _) => {}
        }
        dedup_key
    }
}

impl Endpoint for Pagerduty {
    fn answer(&mut self, request: &Request, now_ms: u64) -> Reply {
        self.route(request, now_ms).unwrap_or_else(Refused::into_reply)
    }

    fn refuse(&mut self, refusal: Refusal) -> Reply {
        let refused = match refusal {
            Refusal::TooLarge => Refused::too_large(),
            Refusal::TooMany => Refused::plain(
                refusal.status(),
                "throttle exceeded",
                "Requests for this service are arriving too quickly. Please retry later.",
            ),
            Refusal::Internal => {
                Refused::plain(refusal.status(), "internal server error", "The event could not be processed")
            }
        };
        refused.into_reply()
    }

    fn records(&self) -> Value {
        json!({ "alerts": self.alerts.iter().map(Alert::record).collect::<Vec<_>>() })
    }
}

impl Alert {
    fn record(&self) -> Value {
        let Payload { summary, severity, source, component, custom_details, links, client } = &self.payload;
        json!({
            "dedup_key": self.dedup_key,
            "status": self.status.as_str(),
            "severity": severity,
            "summary": summary,
            "source": source,
            "component": component,
            "client": client,
            "custom_details": custom_details,
            "links": links,
            "events": self.events,
            "created_at": iso(self.created_ms),
        })
    }
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Status::Triggered => "triggered",
            Status::Acknowledged => "acknowledged",
            Status::Resolved => "resolved",
        }
    }
}

impl Refused {
    fn plain(code: StatusCode, status: &'static str, message: &'static str) -> Refused {
        Refused { code, status, message, errors: Vec::new() }
    }

    fn invalid(errors: Vec<String>) -> Refused {
        Refused { errors, ..Refused::plain(StatusCode::BAD_REQUEST, "invalid event", "Event object is invalid") }
    }

    fn unreadable() -> Refused {
        let (status, message) = ("Unrecognized object", "Event object format is unrecognized");
        Refused {
            errors: vec!["JSON parse error".to_owned()],
            ..Refused::plain(StatusCode::BAD_REQUEST, status, message)
        }
    }

    fn too_large() -> Refused {
        Refused::plain(StatusCode::PAYLOAD_TOO_LARGE, "invalid event", "Event size exceeds the limit of 512 KB")
    }

    fn into_reply(self) -> Reply {
        let mut body = json!({ "status": self.status, "message": self.message });
        let note = if self.errors.is_empty() { self.message.to_owned() } else { self.errors.join("; ") };
        if !self.errors.is_empty() {
            body["errors"] = self.errors.into();
        }
        Reply::json(self.code, &body).noted(note)
    }
}
