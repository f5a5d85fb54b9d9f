//! Atlassian's own examples: its page of the alerts shows them, and `fixtures/jira` has them from the document behind it, with what is
//! prose in them cut short. It has none of a refusal by one of these operations, and none of a priority, of which there is the default.

use aftercall::FailureKind;
use aftercall::testing::{Reply, Sent};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use super::{ALERTS, NOW, by_alias, create, fake, not_found, outcome, paged, search, settings};
use crate::{KEY, alert, arguments, with};

/// Of the published alert.
const ID: &str = "e0caa0ce-d52f-4500-81b9-d592d06970b6";
/// Where the published answer to a request says that it can be asked for.
const REQUEST: &str = "d383c6e9-b1e7-4b59-9c35-72f1a2187777";

/// The example of an operation.
struct Example(Value);

impl Example {
    fn of(operation: &str) -> Self {
        let path = format!("{}/tests/fixtures/jira/{operation}.json", env!("CARGO_MANIFEST_DIR"));
        Self(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    fn reply(&self) -> Reply {
        self.reply_with(|_| ())
    }

    /// The answer with changes.
    fn reply_with(&self, change: impl FnOnce(&mut Value)) -> Reply {
        let mut body = self.0["answer"]["body"].clone();
        change(&mut body);
        Reply::json(u16::try_from(self.0["answer"]["status"].as_u64().unwrap()).unwrap(), body)
    }

    /// Whether a request has nothing but what the example has, of the same kinds.
    fn check(&self, sent: &Sent) {
        fits(&sent.json(), &self.0["request"], "");
    }
}

fn fits(sent: &Value, known: &Value, place: &str) {
    match (sent, known) {
        // The names of these are one's own.
        (Value::Object(sent), Value::Object(known)) if place == "/extraProperties" => {
            assert!(sent.values().all(Value::is_string) && known.values().any(Value::is_string), "{sent:?}");
        }
        (Value::Object(sent), Value::Object(known)) => {
            for (name, value) in sent {
                let place = format!("{place}/{name}");
                fits(value, known.get(name).unwrap_or_else(|| panic!("{place} is in no example")), &place);
            }
        }
        (Value::Array(sent), Value::Array(known)) => {
            sent.iter().for_each(|value| fits(value, &known[0], &format!("{place}/0")));
        }
        (sent, known) => {
            assert_eq!(std::mem::discriminant(sent), std::mem::discriminant(known), "{place}: {sent} beside {known}");
        }
    }
}

/// The line that asks what came of the request.
fn status_line() -> String {
    format!("GET {ALERTS}/requests/{REQUEST}")
}

/// The published alert under our alias.
fn under_our_alias(more: &Value) -> Reply {
    Example::of("get_alert_by_alias").reply_with(|alert| {
        *alert = with(with(alert.take(), json!({ "alias": KEY })), more.clone());
    })
}

#[test]
fn an_alert_is_asked_for_in_the_published_form() {
    let create_alert = Example::of("create_alert");
    let fake = fake()
        .settings(settings(json!({ "tags": ["OverwriteQuietHours"] })))
        .expect(&create(), create_alert.reply())
        .expect(&status_line(), Example::of("get_request_status").reply());
    let more = json!({
        "details": "Since 9:00",
        "ticket_url": "https://northwind.zendesk.com/agent/tickets/31",
        "caller_phone": "+14155550123",
    });
    assert_eq!(fake.call::<Plugin>("page_oncall", with(arguments(), more)), Ok(paged()));
    let sent = &fake.sent()[0];
    create_alert.check(sent);
    // It leaves out whom the alert is shown to beside the responders, its note, and the actions that can be taken.
    let names: Vec<String> = sent.json().as_object().unwrap().keys().cloned().collect();
    let expected =
        ["alias", "description", "entity", "extraProperties", "message", "priority", "responders", "source", "tags"];
    assert_eq!(names, expected);
}

#[test]
fn the_published_alert_is_closed() {
    for tool in ["acknowledge_page", "resolve_page"] {
        let there = fake().expect(&by_alias(), under_our_alias(&json!({})));
        assert_eq!(there.call::<Plugin>(tool, alert()), Ok(outcome("the alert is resolved")));
        let listed = Example::of("list_alerts").reply_with(|page| page["values"][0]["alias"] = json!(KEY));
        let found = fake().expect(&by_alias(), not_found()).expect(&search(), listed);
        assert_eq!(found.call::<Plugin>(tool, alert()), Ok(outcome("the alert is resolved")));
    }
}

#[test]
fn the_published_alert_is_none_of_ours() {
    let there = fake().now(NOW + 60_000).expect(&by_alias(), Example::of("get_alert_by_alias").reply());
    assert_eq!(there.call::<Plugin>("resolve_page", alert()).unwrap_err().kind, FailureKind::NotFound);
    let listed = Example::of("list_alerts").reply();
    let found = fake().now(NOW + 60_000).expect(&by_alias(), not_found()).expect(&search(), listed);
    assert_eq!(found.call::<Plugin>("resolve_page", alert()).unwrap_err().kind, FailureKind::NotFound);
}

#[test]
fn the_published_alert_is_changed_where_it_is_open() {
    fn check(tool: &str, verb: &str, text: &str) {
        let change = Example::of(&format!("{verb}_alert"));
        let fake = fake()
            .expect(&by_alias(), under_our_alias(&json!({ "status": "open", "acknowledged": false })))
            .expect(&format!("POST {ALERTS}/{ID}/{verb}"), change.reply())
            .expect(&status_line(), Example::of("get_request_status").reply());
        assert_eq!(fake.call::<Plugin>(tool, alert()), Ok(outcome(text)));
        // Neither of these operations has a body.
        assert!(change.0.get("request").is_none() && fake.sent()[1].text().is_empty());
    }
    check("acknowledge_page", "acknowledge", "the alert is acknowledged");
    check("resolve_page", "close", "the alert is resolved");
}
