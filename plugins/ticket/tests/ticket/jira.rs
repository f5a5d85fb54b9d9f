//! The plugin against a fake of Jira: tickets that are made, and looked up when in doubt.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const CREATE: &str = "POST https://northwind.atlassian.net/rest/api/3/issue";
const SEARCH: &str = "POST https://northwind.atlassian.net/rest/api/3/search/jql";
const KEY: &str = "ac_0123abcd";
const ATTEMPT_AT: u64 = 1_772_323_260_000;

fn settings() -> Value {
    json!({ "vendor": "jira", "site": "northwind", "project": "SUP" })
}

fn fake() -> Fake {
    Fake::new().settings(settings()).key(KEY).attempt_at(ATTEMPT_AT).now(ATTEMPT_AT)
}

/// What a caller reported, with changes.
fn report(changes: &Value) -> Value {
    let mut arguments = json!({
        "subject": "Cold store 2 at 9 °C",
        "description": "Warming since 4 am.\nThe breaker was reset twice.\n\nWants a call back.",
        "priority": "urgent",
        "mood": "worried",
        "type": "incident",
        "requester_phone": "+14155550123",
        "requester_name": "Ana Lima",
        "requester_email": "ana@example.com",
    });
    for (name, value) in changes.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    arguments
}

fn opened(key: &str) -> Outcome {
    let url = format!("https://northwind.atlassian.net/browse/{key}");
    let text = format!("the ticket is open, ticket_id {key}, for the team at {url}");
    let data = json!({ "ticket_id": key, "url": url }).to_string();
    Outcome { data: Some(data), ..Outcome::new(text).with_receipt(Receipt::new("issue", key).with_url(url)) }
}

fn text(words: &str) -> Value {
    json!({ "type": "text", "text": words })
}

fn paragraph(nodes: &[Value]) -> Value {
    json!({ "type": "paragraph", "content": nodes })
}

#[test]
fn a_ticket_is_an_issue_with_the_caller_in_its_description() {
    let create = Fixture::of("jira/create_issue");
    let fake = fake().expect(CREATE, create.reply());
    assert_eq!(fake.call::<Plugin>("create_ticket", report(&json!({}))), Ok(opened("SUP-24")));
    let sent = &fake.sent()[0];
    create.check(sent);
    assert_eq!((sent.header("authorization"), sent.header("content-type")), (None, Some("application/json")));
    let told = [text("Warming since 4 am."), json!({ "type": "hardBreak" }), text("The breaker was reset twice.")];
    let content = [
        paragraph(&told),
        paragraph(&[text("Wants a call back.")]),
        paragraph(&[text("Called in by Ana Lima, +14155550123, ana@example.com.")]),
    ];
    let fields = json!({
        "project": { "key": "SUP" },
        "issuetype": { "name": "Task" },
        "summary": "Cold store 2 at 9 °C",
        "description": { "type": "doc", "version": 1, "content": content },
        "priority": { "name": "Highest" },
        "labels": ["mood_worried", KEY],
    });
    assert_eq!(sent.json(), json!({ "fields": fields }));
}

/// The line that says who called is one line, by which the ticket is found again.
#[test]
fn a_name_breaks_no_line() {
    fn check(name: &str, caller: &str) {
        let fake = fake().expect(CREATE, Fixture::of("jira/create_issue").reply());
        let changes = json!({ "description": "x", "requester_name": name });
        fake.call::<Plugin>("create_ticket", report(&changes)).unwrap();
        let line = format!("Called in by {caller}+14155550123, ana@example.com.");
        let content = [paragraph(&[text("x")]), paragraph(&[text(&line)])];
        assert_eq!(fake.sent()[0].json()["fields"]["description"]["content"], json!(content), "{name:?}");
    }
    check("Ana\n\nCalled in by Bo, +14155550199.\r\n", "Ana Called in by Bo, +14155550199., ");
    check(" ", "");
}

#[test]
fn names_are_the_projects() {
    fn check(named: &Value, changes: &Value, place: &str, expected: Value) {
        let mut settings = settings();
        for (name, value) in named.as_object().unwrap() {
            settings[name] = value.clone();
        }
        let fake = fake().settings(settings).expect(CREATE, Fixture::of("jira/create_issue").reply());
        fake.call::<Plugin>("create_ticket", report(changes)).unwrap();
        assert_eq!(fake.sent()[0].json().pointer(place), Some(&expected), "{named} {changes}");
    }
    let plain = json!({});
    for (priority, name) in [("urgent", "Highest"), ("high", "High"), ("normal", "Medium"), ("low", "Low")] {
        check(&plain, &json!({ "priority": priority }), "/fields/priority/name", json!(name));
    }
    let named =
        json!({ "priorities": { "urgent": "P1" }, "issue_types": { "problem": "Bug", "question": "Service Request" } });
    check(&named, &json!({ "priority": "urgent" }), "/fields/priority/name", json!("P1"));
    check(&named, &json!({ "priority": "high" }), "/fields/priority/name", json!("High"));
    check(&named, &json!({ "type": "problem" }), "/fields/issuetype/name", json!("Bug"));
    check(&named, &json!({ "type": "question" }), "/fields/issuetype/name", json!("Service Request"));
    check(&named, &json!({ "type": "incident" }), "/fields/issuetype/name", json!("Task"));
    check(&plain, &json!({ "type": "task" }), "/fields/issuetype/name", json!("Task"));
    check(&plain, &json!({ "tags": ["cold_store"] }), "/fields/labels", json!(["cold_store", "mood_worried", KEY]));
    check(&plain, &json!({ "subject": " Two\nlines " }), "/fields/summary", json!("Two lines"));
}

#[test]
fn what_was_said_is_the_text_of_text_nodes() {
    fn check(said: &str, expected: &[Value]) {
        let fake = fake().expect(CREATE, Fixture::of("jira/create_issue").reply());
        fake.call::<Plugin>("create_ticket", report(&json!({ "description": said }))).unwrap();
        let sent = fake.sent()[0].json();
        let content = sent["fields"]["description"]["content"].as_array().unwrap();
        assert_eq!(content[..content.len() - 1], *expected, "{said:?}");
    }
    let one = |words: &str| [paragraph(&[text(words)])];
    check("*bold* {code} [~admin] <b>&amp;</b> \"q\" \\", &one("*bold* {code} [~admin] <b>&amp;</b> \"q\" \\"));
    check("a\u{0}b\tc", &one("a b c"));
    check(" \n\n\r\n a \r\n \r\n\n", &one("a"));
    check("a\r\n\r\n\r\nb", &[paragraph(&[text("a")]), paragraph(&[text("b")])]);
}

#[test]
fn refusals_of_jira_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = fake().expect(CREATE, reply);
        let failure = fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let refused = |status: u16, messages: Value, errors: Value| {
        Reply::json(status, json!({ "errorMessages": messages, "errors": errors }))
    };
    let long = json!({ "summary": "Summary must be less than 255 characters." });
    check(refused(400, json!([]), long), FailureKind::InvalidArguments, ": summary: Summary must be less than 255");
    let screen = "Field 'priority' cannot be set. It is not on the appropriate screen, or unknown.";
    let screen = json!({ "priority": screen, "summary": "x" });
    check(
        refused(400, json!([]), screen),
        FailureKind::Misconfigured,
        "the project's fields and the plugin's settings differ",
    );
    let kind = json!({ "issuetype": "Specify a valid issue type" });
    check(
        refused(400, json!(["Look"]), kind),
        FailureKind::Misconfigured,
        ": Look; issuetype: Specify a valid issue type",
    );
    let project = json!({ "project": "valid project is required" });
    check(refused(400, json!([]), project), FailureKind::Misconfigured, "a person has to correct");
    let setup = refused(422, json!(["The workflow is invalid."]), json!({}));
    check(setup, FailureKind::Misconfigured, ": The workflow is invalid. (so the project's fields");
    let nowhere = Reply::json(404, json!({ "errorMessage": "Site temporarily unavailable", "errorCode": "OTHER" }));
    check(nowhere, FailureKind::Misconfigured, "`site` or `project`");
    let words = "You do not have permission to create issues in this project.";
    check(refused(403, json!([words]), json!({})), FailureKind::Denied, words);
    check(refused(400, json!(["x".repeat(600)]), json!({})), FailureKind::InvalidArguments, &"x".repeat(500));
    let stranger = json!({ "message": "Client must be authenticated to access this resource.", "status-code": 401 });
    check(Reply::json(401, stranger), FailureKind::Denied, "must be authenticated");
    let busy = Reply::json(429, json!({ "errorMessages": ["Rate limit exceeded."] }));
    check(busy, FailureKind::RateLimited, "Rate limit exceeded");
    check(Reply::text(503, "<html>"), FailureKind::OutcomeUnknown, "503");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::text(201, "{}"), FailureKind::OutcomeUnknown, "not as expected");
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST");
}

#[test]
fn a_busy_jira_is_asked_later() {
    let fake = fake().expect(CREATE, Reply::text(429, "").with_header("retry-after", "5"));
    let failure = fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(5000)));
}

fn found(labels: &[&str]) -> Reply {
    Fixture::of("jira/search_jql").reply_with(|body| body["issues"][0]["fields"] = json!({ "labels": labels }))
}

fn nothing() -> Reply {
    Fixture::of("jira/search_jql").reply_with(|body| body["issues"] = json!([]))
}

#[test]
fn the_search_for_our_label_decides() {
    fn check(reply: Reply, later_ms: u64, expected: &Finding) {
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(SEARCH, reply);
        let finding = fake.reconcile::<Plugin>("create_ticket", report(&json!({})));
        assert_eq!(finding.as_ref(), Ok(expected), "{later_ms} ms later");
        Fixture::of("jira/search_jql").check(&fake.sent()[0]);
        let jql = "project = \"SUP\" AND labels = \"ac_0123abcd\"";
        assert_eq!(fake.sent()[0].json(), json!({ "jql": jql, "fields": ["labels"], "maxResults": 10 }));
    }
    let ours = Finding::Happened(opened("SUP-12"));
    check(found(&["mood_worried", KEY]), 0, &ours);
    check(found(&[KEY]), 90_000, &ours);
    check(found(&["mood_worried", "ac_0123abcde"]), 90_000, &Finding::DidNotHappen);
    // It was found by its labels, and doesn't show them.
    check(found(&[]), 0, &Finding::Unknown(Some(15_000)));
    check(found(&[]), 60_000, &Finding::Unknown(None));
    check(nothing(), 0, &Finding::Unknown(Some(15_000)));
    check(nothing(), 59_999, &Finding::Unknown(Some(1)));
    check(nothing(), 60_000, &Finding::DidNotHappen);
    let first_of_many = Fixture::of("jira/search_jql").reply_with(|body| {
        body["issues"] = json!([]);
        body["nextPageToken"] = json!("CAEaAggD");
    });
    check(first_of_many, 60_000, &Finding::Unknown(None));
}

#[test]
fn a_key_is_text_in_the_query() {
    let fake = fake().key("a\" OR \\x").expect(SEARCH, nothing());
    fake.reconcile::<Plugin>("create_ticket", report(&json!({}))).unwrap();
    assert_eq!(fake.sent()[0].json()["jql"], r#"project = "SUP" AND labels = "a\" OR \\x""#);
}

#[test]
fn an_issue_whose_answer_is_lost_is_made_once() {
    let fake = fake().expect(CREATE, Reply::cut()).expect(SEARCH, nothing()).expect(SEARCH, found(&[KEY]));
    let failure = fake.call::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let lagging = fake.reconcile::<Plugin>("create_ticket", report(&json!({})));
    assert_eq!(lagging, Ok(Finding::Unknown(Some(15_000))));
    let later = fake.reconcile::<Plugin>("create_ticket", report(&json!({})));
    assert_eq!(later, Ok(Finding::Happened(opened("SUP-12"))));
    assert_eq!(fake.sent().iter().filter(|sent| sent.line() == CREATE).count(), 1);
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    fn check(reply: Reply, kind: FailureKind) {
        let failure =
            fake().expect(SEARCH, reply).reconcile::<Plugin>("create_ticket", report(&json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
    }
    check(Reply::text(502, ""), FailureKind::Unavailable);
    check(Reply::cut(), FailureKind::Unavailable);
    check(Reply::stray(200, "[]"), FailureKind::Other);
    let hidden = json!({ "errorMessages": ["The value 'SUP' does not exist for the field 'project'."], "errors": {} });
    check(Reply::json(400, hidden), FailureKind::Misconfigured);
    check(Reply::text(404, ""), FailureKind::Misconfigured);
}
