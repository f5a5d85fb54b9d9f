//! Tickets that Jira has: comments on them, their priority, the search for them.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const ISSUE: &str = "PUT https://northwind.atlassian.net/rest/api/3/issue/SUP-12";
const READ: &str = "GET https://northwind.atlassian.net/rest/api/3/issue/SUP-12";
const COMMENT: &str = "POST https://northwind.atlassian.net/rest/api/3/issue/SUP-12/comment";
const COMMENTS: &str = "GET https://northwind.atlassian.net/rest/api/3/issue/SUP-12/comment";
const SEARCH: &str = "POST https://northwind.atlassian.net/rest/api/3/search/jql";
const URL: &str = "https://northwind.atlassian.net/browse/SUP-12";
const KEY: &str = "ac_0123abcd";
const ATTEMPT_AT: u64 = 1_772_323_260_000;

fn fake() -> Fake {
    let settings = json!({ "vendor": "jira", "site": "northwind", "project": "SUP", "priorities": { "high": "P2" } });
    Fake::new().settings(settings).key(KEY).attempt_at(ATTEMPT_AT).now(ATTEMPT_AT)
}

fn comment() -> Value {
    json!({ "ticket_id": "SUP-12", "comment": " It is 11 °C now. " })
}

fn commented(id: &str) -> Outcome {
    let text = format!("the comment is on ticket SUP-12, for the team alone (comment {id})");
    Outcome::new(text).with_receipt(Receipt::new("comment", id).with_url(URL))
}

fn priority() -> Value {
    json!({ "ticket_id": "SUP-12", "priority": "high" })
}

fn document(paragraphs: &[&str]) -> Value {
    let paragraph = |words: &&str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": words }] });
    json!({ "type": "doc", "version": 1, "content": paragraphs.iter().map(paragraph).collect::<Vec<_>>() })
}

fn prioritised() -> Outcome {
    let receipt = Receipt::new("issue", "SUP-12").with_url(URL);
    Outcome::new("the priority of ticket SUP-12 is high").with_receipt(receipt)
}

#[test]
fn a_comment_is_internal_and_has_our_key() {
    let add = Fixture::of("jira/add_comment");
    let fake = fake().expect(COMMENT, add.reply());
    assert_eq!(fake.call::<Plugin>("comment_on_ticket", comment()), Ok(commented("10030")));
    let sent = &fake.sent()[0];
    add.check(sent);
    let internal = json!([{ "key": "sd.public.comment", "value": { "internal": true } }]);
    let body = document(&["It is 11 °C now.", "Reference: ac_0123abcd"]);
    assert_eq!(sent.json(), json!({ "body": body, "properties": internal }));
}

#[test]
fn a_priority_is_set_by_the_projects_name() {
    let edit = Fixture::of("jira/edit_issue");
    let fake = fake().expect(ISSUE, edit.reply());
    assert_eq!(fake.call::<Plugin>("set_ticket_priority", priority()), Ok(prioritised()));
    edit.check(&fake.sent()[0]);
    assert_eq!(fake.sent()[0].json(), json!({ "fields": { "priority": { "name": "P2" } } }));
}

#[test]
fn refusals_of_a_change_are_told() {
    fn check(reply: fn() -> Reply, kind: FailureKind, words: &str) {
        for (line, tool, arguments) in
            [(COMMENT, "comment_on_ticket", comment()), (ISSUE, "set_ticket_priority", priority())]
        {
            let failure = fake().expect(line, reply()).call::<Plugin>(tool, arguments).unwrap_err();
            assert_eq!(failure.kind, kind, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    let missing = || {
        let words = "Issue does not exist or you do not have permission to see it.";
        Reply::json(404, json!({ "errorMessages": [words], "errors": {} }))
    };
    check(missing, FailureKind::NotFound, ": Issue does not exist");
    let priority = || {
        let why = "The priority selected is invalid.";
        Reply::json(400, json!({ "errorMessages": [], "errors": { "priority": why } }))
    };
    check(priority, FailureKind::Misconfigured, ": priority: The priority selected is invalid.");
    let comment =
        || Reply::json(400, json!({ "errorMessages": [], "errors": { "comment": "Comment body is invalid" } }));
    check(comment, FailureKind::InvalidArguments, ": comment: Comment body is invalid");
    let full = || Reply::json(413, json!({ "errorMessages": ["The issue has 5000 comments."], "errors": {} }));
    check(full, FailureKind::Conflict, ": The issue has 5000 comments.");
    check(|| Reply::text(429, "").with_header("retry-after", "9"), FailureKind::RateLimited, "429");
    check(|| Reply::text(500, ""), FailureKind::OutcomeUnknown, "500");
    check(Reply::cut, FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::unreachable, FailureKind::Unavailable, "can't be reached");
    check(Reply::denied, FailureKind::Denied, "the grant doesn't allow");
}

/// A page of comments out of so many, of which the last is ours or isn't.
fn page(ours: bool, total: usize) -> Reply {
    Fixture::of("jira/get_comments").reply_with(|body| {
        if ours {
            let comment = json!({ "id": "10032", "body": document(&["It is 11 °C now.", "Reference: ac_0123abcd"]) });
            body["comments"].as_array_mut().unwrap().push(comment);
        }
        body["total"] = json!(total);
    })
}

#[test]
fn a_comment_in_doubt_is_looked_up() {
    fn check(pages: &[(bool, usize)], later_ms: u64, expected: &Finding) {
        let fake = pages
            .iter()
            .fold(fake().now(ATTEMPT_AT + later_ms), |fake, (ours, total)| fake.expect(COMMENTS, page(*ours, *total)));
        let finding = fake.reconcile::<Plugin>("comment_on_ticket", comment());
        assert_eq!(finding.as_ref(), Ok(expected), "{pages:?} {later_ms} ms later");
        for (sent, start) in fake.sent().iter().zip(0..) {
            let query = [("orderBy", "-created"), ("maxResults", "100"), ("startAt", &format!("{start}"))];
            assert_eq!(sent.query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
    }
    let found = Finding::Happened(commented("10032"));
    check(&[(true, 2)], 0, &found);
    check(&[(false, 3), (true, 3)], 0, &found);
    check(&[(false, 1)], 59_999, &Finding::Unknown(Some(1)));
    check(&[(false, 1)], 60_000, &Finding::DidNotHappen);
    check(&[(false, 2), (false, 2)], 60_000, &Finding::DidNotHappen);
    check(&[(false, 900); 5], 60_000, &Finding::Unknown(None));
}

#[test]
fn a_comment_whose_answer_is_lost_is_made_once() {
    let fake = fake().expect(COMMENT, Reply::cut()).expect(COMMENTS, page(true, 2));
    let failure = fake.call::<Plugin>("comment_on_ticket", comment()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let finding = fake.reconcile::<Plugin>("comment_on_ticket", comment());
    assert_eq!(finding, Ok(Finding::Happened(commented("10032"))));
    assert_eq!(fake.sent().iter().filter(|sent| sent.line() == COMMENT).count(), 1);
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    for (line, tool, arguments) in
        [(COMMENTS, "comment_on_ticket", comment()), (READ, "set_ticket_priority", priority())]
    {
        let broken = fake().expect(line, Reply::text(502, ""));
        let failure = broken.reconcile::<Plugin>(tool, arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        // What was done to an issue that is gone, a person alone can find out.
        let gone = fake()
            .now(ATTEMPT_AT + 60_000)
            .expect(line, Reply::json(404, json!({ "errorMessages": ["Issue does not exist"] })));
        assert_eq!(gone.reconcile::<Plugin>(tool, arguments), Ok(Finding::Unknown(None)));
    }
}

#[test]
fn a_comment_without_its_text_proves_nothing() {
    let page = json!({ "comments": [{ "id": "10032" }], "total": 1 });
    let fake = fake().now(ATTEMPT_AT + 60_000).expect(COMMENTS, Reply::json(200, page));
    assert_eq!(fake.reconcile::<Plugin>("comment_on_ticket", comment()), Ok(Finding::Unknown(None)));
}

#[test]
fn a_priority_in_doubt_is_read_off_the_issue() {
    fn check(now: Value, later_ms: u64, expected: &Finding) {
        let shown = json!({ "key": "SUP-12", "fields": { "priority": now } });
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(READ, Reply::json(200, shown));
        let finding = fake.reconcile::<Plugin>("set_ticket_priority", priority());
        assert_eq!(finding.as_ref(), Ok(expected), "{now} {later_ms} ms later");
        assert_eq!(fake.sent()[0].query(), [("fields".to_owned(), "priority".to_owned())]);
    }
    let named = |name: &str| json!({ "id": "2", "name": name });
    check(named("P2"), 0, &Finding::Happened(prioritised()));
    check(named("p2"), 90_000, &Finding::Happened(prioritised()));
    check(named("High"), 59_999, &Finding::Unknown(Some(1)));
    // It was never set, or somebody of the team has weighed the issue anew since.
    check(named("High"), 60_000, &Finding::Unknown(None));
    check(Value::Null, 60_000, &Finding::Unknown(None));
}

#[test]
fn a_priority_whose_answer_is_lost_is_set_once() {
    let shown = json!({ "key": "SUP-12", "fields": { "priority": { "name": "P2" } } });
    let fake = fake().expect(ISSUE, Reply::cut()).expect(READ, Reply::json(200, shown));
    let failure = fake.call::<Plugin>("set_ticket_priority", priority()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let finding = fake.reconcile::<Plugin>("set_ticket_priority", priority());
    assert_eq!(finding, Ok(Finding::Happened(prioritised())));
}

#[test]
fn open_issues_are_found() {
    let search = Fixture::of("jira/search_jql");
    let fake = fake().expect(SEARCH, search.reply());
    let outcome = fake.call::<Plugin>("find_tickets", json!({ "email": "Ana@example.com" })).unwrap();
    assert_eq!(outcome.text, "one open ticket, ticket_id SUP-12");
    let ticket = json!({
        "ticket_id": "SUP-12", "subject": "The alarm is silent", "status": "In Progress", "priority": "High",
        "created_at": "2026-03-01T00:01:00.000+0000", "url": URL,
    });
    let data: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
    assert_eq!(data, json!({ "tickets": [ticket], "more": false }));
    let sent = &fake.sent()[0];
    search.check(sent);
    assert_eq!(sent.json()["fields"], json!(["summary", "status", "priority", "created", "description"]));
    assert_eq!(sent.json()["maxResults"], 10);
}

#[test]
fn what_is_looked_for_is_text_in_the_query() {
    fn check(arguments: Value, expected: &str) {
        let nothing = Fixture::of("jira/search_jql").reply_with(|body| body["issues"] = json!([]));
        let fake = fake().expect(SEARCH, nothing);
        let outcome = fake.call::<Plugin>("find_tickets", arguments).unwrap();
        assert!(outcome.text.starts_with("no open ticket was found"), "{}", outcome.text);
        let jql = format!("project = \"SUP\" AND statusCategory != Done AND {expected} ORDER BY created DESC");
        assert_eq!(fake.sent()[0].json()["jql"], jql);
    }
    check(json!({ "phone": "+14155550123" }), r#"description ~ "\"+14155550123\"""#);
    check(
        json!({ "phone": "+14155550123", "email": "ana@example.com", "subject_words": "cold  store" }),
        r#"description ~ "\"+14155550123\"" AND summary ~ "\"cold store\"""#,
    );
    check(json!({ "subject_words": "alarm* OR x~" }), r#"summary ~ "\"alarm* OR x~\"""#);
    check(json!({ "subject_words": "a\" OR \\b" }), r#"summary ~ "\"a\\\" OR \\\\b\"""#);
    check(json!({ "email": "\"a\\\"b\"@example.com" }), r#"description ~ "\"\\\"a\\\\\\\"b\\\"@example.com\"""#);
}

#[test]
fn whose_a_ticket_is_its_last_line_says() {
    fn check(description: Value, arguments: Value, expected: usize) {
        let reply = Fixture::of("jira/search_jql")
            .reply_with(|body| body["issues"][0]["fields"]["description"] = description.clone());
        let outcome = fake().expect(SEARCH, reply).call::<Plugin>("find_tickets", arguments).unwrap();
        let data: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
        assert_eq!(data["tickets"].as_array().unwrap().len(), expected, "{description}");
    }
    let email = || json!({ "email": "ann@example.com" });
    let phone = || json!({ "phone": "+1415555012" });
    let called = |caller: &str| document(&["It warms.", &format!("Called in by {caller}.")]);
    check(called("+1415555012, ann@example.com"), email(), 1);
    check(called("Ann, +1415555012, ANN@Example.com"), email(), 1);
    check(called("+1415555012, joann@example.com"), email(), 0);
    check(called("+1415555012, ann@example.com.br"), email(), 0);
    check(called("ann@example.com, +1415555012"), email(), 0);
    check(called("+1415555012"), phone(), 1);
    check(called("Ann, of \"Cold, Ltd.\", +1415555012, ann@example.com"), phone(), 1);
    check(called("+14155550123"), phone(), 0);
    // Somebody else's ticket that speaks of the number, or of whoever has it.
    check(called("Bob, +1415555012, +14155550199"), phone(), 0);
    check(document(&["Call +1415555012!", "Called in by +14155550199."]), phone(), 0);
    check(document(&["Called in by +1415555012.", "Called in by +14155550199."]), phone(), 0);
    check(document(&["+1415555012", "ann@example.com"]), phone(), 0);
    check(document(&["+1415555012", "ann@example.com"]), email(), 0);
    check(Value::Null, email(), 0);
    // The team has written below our line.
    check(document(&["It warms.", "Called in by +1415555012.", "Seen by Jo."]), phone(), 1);
    check(Value::Null, json!({ "subject_words": "alarm" }), 1);
    // An address that was spoken shows nobody else's tickets: the number says who it is.
    let both = || json!({ "phone": "+1415555012", "email": "ann@example.com" });
    check(called("+14155550199, ann@example.com"), both(), 0);
    check(called("+1415555012, bob@example.com"), both(), 1);
}

/// As Jira has it once a person has edited it there.
#[test]
fn a_line_in_several_texts_is_one() {
    let link = json!({ "type": "link", "attrs": { "href": "mailto:ann@example.com" } });
    let line = json!([
        { "type": "text", "text": "It warms." },
        { "type": "hardBreak" },
        { "type": "text", "text": "Called in by Ann, +1415555012, " },
        { "type": "text", "text": "ann@example.com", "marks": [link] },
        { "type": "text", "text": "." },
    ]);
    let edited = json!({ "type": "doc", "version": 1, "content": [{ "type": "paragraph", "content": line }] });
    for arguments in [json!({ "phone": "+1415555012" }), json!({ "email": "ann@example.com" })] {
        let reply = Fixture::of("jira/search_jql")
            .reply_with(|body| body["issues"][0]["fields"]["description"] = edited.clone());
        let outcome = fake().expect(SEARCH, reply).call::<Plugin>("find_tickets", arguments).unwrap();
        assert_eq!(outcome.text, "one open ticket, ticket_id SUP-12");
    }
}

#[test]
fn there_may_be_more_than_are_shown() {
    let reply = Fixture::of("jira/search_jql").reply_with(|body| body["nextPageToken"] = json!("CAEaAggD"));
    let fake = fake().expect(SEARCH, reply);
    let outcome = fake.call::<Plugin>("find_tickets", json!({ "subject_words": "alarm" })).unwrap();
    assert_eq!(outcome.text, "one open ticket, ticket_id SUP-12; there are more, so say more exactly which");
}

#[test]
fn a_search_that_fails_is_told() {
    fn check(reply: Reply, kind: FailureKind) {
        let fake = fake().expect(SEARCH, reply);
        let failure = fake.call::<Plugin>("find_tickets", json!({ "subject_words": "alarm" })).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
    }
    check(Reply::text(503, ""), FailureKind::Unavailable);
    check(Reply::cut(), FailureKind::Unavailable);
    check(Reply::text(200, "{}"), FailureKind::Other);
    let hidden = json!({ "errorMessages": ["The value 'SUP' does not exist for the field 'project'."] });
    check(Reply::json(400, hidden), FailureKind::Misconfigured);
    check(Reply::text(404, ""), FailureKind::Misconfigured);
    check(Reply::json(401, json!({ "message": "Client must be authenticated" })), FailureKind::Denied);
    check(Reply::text(429, "").with_header("retry-after", "3"), FailureKind::RateLimited);
}
