//! Opening an alert.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Level, Outcome, Receipt};
use aftercall_plugin_oncall::tools::Plugin;
use serde_json::{Value, json};

use super::{
    NOW, by_alias, create, fake, found, not_found, paged, processed, results, search, settings, status_line, taken,
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
    let fake = fake()
        .settings(settings(json!({ "subdomain": "northwind" })))
        .expect(&create(), taken(202))
        .expect(&status_line(), processed(true, "Alert created"));
    let receipts = fake.call::<Plugin>("page_oncall", arguments()).unwrap().receipts;
    assert_eq!(receipts, [Receipt::new("alert", KEY).with_url("https://northwind.atlassian.net/jira/ops/alerts")]);
}

#[test]
fn what_came_of_a_request_is_looked_at_a_few_times() {
    let check = |looks: Vec<Reply>, expected: Result<Outcome, FailureKind>, logs: bool| {
        let fake = fake().expect(&create(), taken(202));
        let fake = looks.into_iter().fold(fake, |fake, status| fake.expect(&status_line(), status));
        let done = fake.call::<Plugin>("page_oncall", arguments()).map_err(|failure| failure.kind);
        assert_eq!(done, expected);
        assert_eq!(fake.logged().iter().any(|(level, _)| *level == Level::Debug), logs);
    };
    let waits = || Err(FailureKind::OutcomeUnknown);
    let nothing = || Reply::json(200, json!({}));
    check(vec![processed(true, "Alert created")], Ok(paged()), false);
    check(vec![processed(false, "Alert is ignored")], Err(FailureKind::Denied), false);
    check(vec![not_found(), processed(true, "Alert created")], Ok(paged()), false);
    check(vec![not_found(), nothing(), processed(true, "Alert created")], Ok(paged()), false);
    check(vec![Reply::json(200, json!({ "isSuccess": false })), nothing(), nothing()], waits(), false);
    check(vec![not_found(), not_found(), not_found()], waits(), false);
    check(vec![Reply::text(503, "")], waits(), true);
    check(vec![Reply::stray(200, "soon")], waits(), true);
    check(vec![Reply::cut()], waits(), true);
    check(vec![Reply::denied()], waits(), true);
}

#[test]
fn a_page_that_was_only_taken_is_in_doubt() {
    fn check(reply: Reply) {
        let failure = fake().expect(&create(), reply).call::<Plugin>("page_oncall", arguments()).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::OutcomeUnknown, Some(2_000)));
        assert!(failure.message.contains("has taken the page"), "{}", failure.message);
    }
    check(Reply::json(202, json!({ "result": "Request will be processed" })));
    check(Reply::json(200, json!({})));
}

#[test]
fn a_page_in_doubt_is_found_by_its_alias() {
    fn check(open: bool, alerts: &[Value], later_ms: u64, expected: &Finding) {
        let fake = fake().now(NOW + later_ms);
        let fake = match open {
            true => fake.expect(&by_alias(), Reply::json(200, found("open", false))),
            false => fake.expect(&by_alias(), not_found()).expect(&search(), results(alerts)),
        };
        let finding = fake.reconcile::<Plugin>("page_oncall", arguments());
        assert_eq!(finding.as_ref(), Ok(expected), "{later_ms} ms later");
    }
    let happened = Finding::Happened(paged());
    check(true, &[], 0, &happened);
    check(false, &[found("closed", true)], 90_000, &happened);
    check(false, &[], 0, &Finding::Unknown(Some(2_000)));
    check(false, &[], 29_999, &Finding::Unknown(Some(1)));
    check(false, &[], 30_000, &Finding::DidNotHappen);
}

#[test]
fn a_page_that_is_processed_late_pages_once() {
    let first = fake().expect(&create(), taken(202));
    let first = (0..3).fold(first, |fake, _| fake.expect(&status_line(), not_found()));
    assert_eq!(first.call::<Plugin>("page_oncall", arguments()).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let second =
        fake().attempt(2).doubted().now(NOW + 2_000).expect(&by_alias(), Reply::json(200, found("open", false)));
    assert_eq!(second.call::<Plugin>("page_oncall", arguments()), Ok(paged()));
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
        let second = lookup(fake().attempt(2).doubted()).now(NOW + 5_000);
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
    let fake = fake().attempt(2).doubted().expect(&by_alias(), Reply::text(503, ""));
    assert_eq!(fake.call::<Plugin>("page_oncall", arguments()).unwrap_err().kind, FailureKind::Unavailable);
}
