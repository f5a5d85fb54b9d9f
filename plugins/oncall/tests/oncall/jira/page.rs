//! Opening an alert.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Level, Outcome, Receipt};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use super::{
    NOW, by_alias, create, fake, found, not_found, outcome, paged, processed, results, search, settings, status_line,
    taken,
};
use crate::{KEY, arguments, with};

#[test]
fn an_alert_is_opened_under_the_key() {
    fn check(more_settings: Value, more: Value, changed: Value) {
        let fake = fake()
            .settings(settings(more_settings))
            .expect(&create(), taken(200))
            .expect(&status_line(), processed(true, "Alert created"));
        assert_eq!(fake.call::<Plugin>("page_oncall", with(arguments(), more)), Ok(paged()));
        let draft = json!({
            "message": "No orders since 9:00",
            "alias": KEY,
            "responders": [{ "type": "team", "id": "t-1" }],
            "entity": "checkout",
            "source": "Route Planner",
            "priority": "P1",
        });
        assert_eq!(fake.sent()[0].json(), with(draft, changed));
        assert_eq!(fake.sent()[0].header("authorization"), None);
    }
    check(json!({}), json!({}), json!({}));
    let responders = json!([{ "type": "schedule", "id": "s-1" }, { "type": "user", "id": "u-1" }]);
    check(
        json!({ "responders": responders, "tags": ["voice", "OverwriteQuietHours"], "services": ["checkout"] }),
        json!({}),
        json!({ "responders": responders, "tags": ["voice", "OverwriteQuietHours"] }),
    );
    for (severity, priority) in [("error", "P2"), ("warning", "P3"), ("info", "P5")] {
        check(json!({}), json!({ "severity": severity }), json!({ "priority": priority }));
    }
    let ticket = "https://northwind.zendesk.com/agent/tickets/31";
    check(
        json!({}),
        json!({ "ticket_url": ticket, "caller_phone": "+14155550123" }),
        json!({ "extraProperties": { "ticket_url": ticket, "caller_phone": "+14155550123" } }),
    );
    // What was said is no markup.
    check(
        json!({}),
        json!({ "summary": " a <b> & 1 < 2", "details": "<<img src=x>\n</p><!-- <?x 3<4" }),
        json!({ "message": "a < b> & 1 < 2", "description": "<< img src=x>\n< /p>< !-- < ?x 3<4" }),
    );
    // The message is short; all of it stands in the description then.
    let long = format!("{} {}", "é".repeat(128), "x".repeat(895));
    check(
        json!({}),
        json!({ "summary": long, "details": "Since 9:00" }),
        json!({ "message": format!("{}…", "é".repeat(128)), "description": format!("{long}\n\nSince 9:00") }),
    );
    check(json!({}), json!({ "summary": "x".repeat(130) }), json!({ "message": "x".repeat(130) }));
    let tags = "<a".repeat(5_000);
    let long = "y".repeat(1_024);
    let description = format!("{long}\n\n{}", "< a".repeat(5_000)).chars().take(14_999).collect::<String>();
    check(
        json!({}),
        json!({ "summary": long, "details": tags }),
        json!({ "message": format!("{}…", "y".repeat(129)), "description": format!("{}…", description.trim_end()) }),
    );
}

#[test]
fn receipts_link_to_the_alerts_of_the_site() {
    let fake =
        fake().settings(settings(json!({ "subdomain": "northwind" }))).expect(&create(), Reply::json(200, json!({})));
    let receipts = fake.call::<Plugin>("page_oncall", arguments()).unwrap().receipts;
    assert_eq!(receipts, [Receipt::new("alert", KEY).with_url("https://northwind.atlassian.net/jira/ops/alerts")]);
}

#[test]
fn what_came_of_a_request_is_looked_at_once() {
    let waits = || Ok(outcome("Jira Service Management has taken the page, and opens an alert of it"));
    let check = |status: Reply, expected: Result<Outcome, FailureKind>, logs: bool| {
        let fake = fake().expect(&create(), taken(202)).expect(&status_line(), status);
        let done = fake.call::<Plugin>("page_oncall", arguments()).map_err(|failure| failure.kind);
        assert_eq!(done, expected);
        assert_eq!(fake.logged().iter().any(|(level, _)| *level == Level::Debug), logs);
    };
    check(processed(true, "Alert created"), Ok(paged()), false);
    check(processed(false, "Alert is ignored"), Err(FailureKind::Denied), false);
    check(Reply::json(200, json!({ "isSuccess": false })), waits(), false);
    check(Reply::json(200, json!({})), waits(), false);
    check(not_found(), waits(), true);
    check(Reply::text(503, ""), waits(), true);
    check(Reply::text(200, "soon"), waits(), true);
    check(Reply::cut(), waits(), true);
    check(Reply::denied(), waits(), true);
}

#[test]
fn a_page_that_came_to_nothing_is_no_success() {
    let fake = fake().expect(&create(), taken(200)).expect(&status_line(), processed(false, "Alert is ignored"));
    let failure = fake.call::<Plugin>("page_oncall", arguments()).unwrap_err();
    assert!(failure.message.contains("nobody is paged"), "{}", failure.message);
    assert!(failure.message.contains("(Alert is ignored)"), "{}", failure.message);
}

#[test]
fn a_repeated_page_is_looked_up_first() {
    fn check(lookup: impl FnOnce(Fake) -> Fake, opens: bool) {
        // The first attempt's answer is lost after Jira has done the work.
        let first = fake().expect(&create(), Reply::cut());
        assert_eq!(first.call::<Plugin>("page_oncall", arguments()).unwrap_err().kind, FailureKind::OutcomeUnknown);
        let second = lookup(fake().attempt(2)).now(NOW + 5_000);
        let second = match opens {
            true => second.expect(&create(), taken(200)).expect(&status_line(), processed(true, "Count is 2")),
            false => second,
        };
        assert_eq!(second.call::<Plugin>("page_oncall", arguments()), Ok(paged()));
        if opens {
            let again = second.sent().into_iter().find(|sent| sent.line() == create()).unwrap();
            assert_eq!(again.text(), first.sent()[0].text());
        }
    }
    let open = || Reply::json(200, found("open", false));
    check(|fake| fake.expect(&by_alias(), open()), false);
    check(|fake| fake.expect(&by_alias(), not_found()).expect(&search(), results(&[found("closed", true)])), false);
    // Not there, or not yet: Jira adds to the alert that is open under the alias.
    check(|fake| fake.expect(&by_alias(), not_found()).expect(&search(), results(&[])), true);
}

#[test]
fn a_lookup_that_fails_pages_nobody_again() {
    let fake = fake().attempt(2).expect(&by_alias(), Reply::text(503, ""));
    assert_eq!(fake.call::<Plugin>("page_oncall", arguments()).unwrap_err().kind, FailureKind::Unavailable);
}

#[test]
fn a_rehearsal_asks_for_no_request() {
    let canned = json!({ "result": "Request will be processed" });
    let fake = fake().dry_run().expect(&create(), Reply::json(200, canned));
    let text = "Jira Service Management has taken the page, and opens an alert of it";
    assert_eq!(fake.call::<Plugin>("page_oncall", arguments()), Ok(outcome(text)));
}
