//! Events: what one may hold, and all that is wrong with one in PagerDuty's words.

use serde_json::{Map, Value};

const SUMMARY_CHARS_MAX: usize = 1024;
const DEDUP_KEY_CHARS_MAX: usize = 255;
const SEVERITIES: &[&str] = &["critical", "warning", "error", "info"];

pub(super) struct Event {
    pub(super) action: Action,
    pub(super) dedup_key: Option<String>,
}

pub(super) enum Action {
    Trigger(Payload),
    Acknowledge,
    Resolve,
}

/// What a trigger says of a problem.
#[derive(Clone)]
pub(super) struct Payload {
    pub(super) summary: String,
    pub(super) severity: String,
    pub(super) source: String,
    pub(super) component: Option<String>,
    pub(super) client: Option<String>,
    pub(super) custom_details: Map<String, Value>,
    pub(super) links: Vec<Value>,
}

/// The fields of an object, and where it stands in the event.
struct Fields<'a> {
    object: &'a Map<String, Value>,
    place: &'static str,
}

impl Event {
    /// Reads it. What is wrong is added to the errors; where something is, the event is not to be used.
    pub(super) fn read(body: &Map<String, Value>, errors: &mut Vec<String>) -> Option<Event> {
        let fields = Fields { object: body, place: "" };
        let dedup_key = fields.text("dedup_key", DEDUP_KEY_CHARS_MAX, errors);
        let action = match fields.required("event_action", usize::MAX, errors)?.as_str() {
            "trigger" => Action::Trigger(Payload::read(&fields, errors)?),
            "acknowledge" => Action::Acknowledge,
            "resolve" => Action::Resolve,
            _ => {
                errors.push(
                    fields.invalid("event_action", "one of the following: 'trigger', 'acknowledge' or 'resolve'"),
                );
                return None;
            }
        };
        if dedup_key.is_none() && !matches!(action, Action::Trigger(_)) {
            errors.push(fields.missing("dedup_key"));
        }
        Some(Event { action, dedup_key })
    }
}

impl Payload {
    fn read(event: &Fields<'_>, errors: &mut Vec<String>) -> Option<Payload> {
        let payload = match event.object.get("payload") {
            None | Some(Value::Null) => {
                errors.push(event.missing("payload"));
                return None;
            }
            Some(payload) => payload.as_object(),
        };
        let Some(object) = payload else {
            errors.push(event.invalid("payload", "an object"));
            return None;
        };
        let fields = Fields { object, place: "payload." };
        let summary = fields.required("summary", SUMMARY_CHARS_MAX, errors);
        let source = fields.required("source", usize::MAX, errors);
        let severity = fields.required("severity", usize::MAX, errors);
        if severity.as_ref().is_some_and(|severity| !SEVERITIES.contains(&severity.as_str())) {
            errors.push(fields.invalid("severity", "one of the following: 'critical', 'warning', 'error' or 'info'"));
        }
        let timestamp = fields.text("timestamp", usize::MAX, errors);
        if timestamp.is_some_and(|timestamp| timestamp.parse::<jiff::Timestamp>().is_err()) {
            errors.push(fields.invalid("timestamp", "an instant in ISO 8601"));
        }
        let component = fields.text("component", usize::MAX, errors);
        let client = event.text("client", usize::MAX, errors);
        let custom_details = fields.custom_details(errors);
        let links = event.links(errors);
        for name in ["group", "class"] {
            fields.text(name, usize::MAX, errors);
        }
        Some(Payload {
            summary: summary?,
            severity: severity?,
            source: source?,
            component,
            client,
            custom_details,
            links,
        })
    }
}

impl Fields<'_> {
    /// A text, where it is there; a blank one isn't.
    fn text(&self, name: &str, chars_max: usize, errors: &mut Vec<String>) -> Option<String> {
        let value = self.object.get(name).filter(|value| !value.is_null())?;
        let Some(text) = value.as_str() else {
            errors.push(self.invalid(name, "a string"));
            return None;
        };
        if text.chars().count() > chars_max {
            let place = self.place;
            errors.push(format!("Length of '{place}{name}' is incorrect (should be at most {chars_max} characters)"));
        }
        Some(text.to_owned()).filter(|text| !text.trim().is_empty())
    }

    fn required(&self, name: &str, chars_max: usize, errors: &mut Vec<String>) -> Option<String> {
        let before = errors.len();
        let text = self.text(name, chars_max, errors);
        if text.is_none() && errors.len() == before {
            errors.push(self.missing(name));
        }
        text
    }

    fn custom_details(&self, errors: &mut Vec<String>) -> Map<String, Value> {
        match self.object.get("custom_details") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(details)) => details.clone(),
            Some(_) => {
                errors.push(self.invalid("custom_details", "an object"));
                Map::new()
            }
        }
    }

    fn links(&self, errors: &mut Vec<String>) -> Vec<Value> {
        let links = match self.object.get("links") {
            None | Some(Value::Null) => return Vec::new(),
            Some(links) => links.as_array(),
        };
        let sound = |link: &Value| {
            let text = &link["text"];
            link["href"].as_str().is_some_and(|href| url::Url::parse(href).is_ok())
                && (text.is_null() || text.is_string())
        };
        match links.filter(|links| links.iter().all(sound)) {
            Some(links) => links.clone(),
            None => {
                errors.push(self.invalid("links", "an array of objects, each with the URL 'href'"));
                Vec::new()
            }
        }
    }

    fn missing(&self, name: &str) -> String {
        format!("'{}{name}' is missing or blank", self.place)
    }

    fn invalid(&self, name: &str, wanted: &str) -> String {
        format!("'{}{name}' is invalid (must be {wanted})", self.place)
    }
}
