//! Tickets that Zendesk has: comments on them, their priority; and that one which is made has what Zendesk's page knows.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const TICKET: &str = "PUT https://northwind.zendesk.com/api/v2/tickets/35436.json";
const READ: &str = "GET https://northwind.zendesk.com/api/v2/tickets/35436.json";
const COMMENTS: &str = "GET https://northwind.zendesk.com/api/v2/tickets/35436/comments.json";
const USERS: &str = "GET https://northwind.zendesk.com/api/v2/users/search.json";
const URL: &str = "https://northwind.zendesk.com/agent/tickets/35436";
const KEY: &str = "ac_0123abcd";
const ATTEMPT_AT: u64 = 1_772_323_260_000;

fn fake() -> Fake {
    let settings = json!({ "vendor": "zendesk", "subdomain": "northwind" });
    Fake::new().settings(settings).key(KEY).attempt_at(ATTEMPT_AT).now(ATTEMPT_AT)
}

fn comment() -> Value {
    json!({ "ticket_id": "35436", "comment": " It is 11 °C now.\nThe alarm {{is}} off. " })
}

fn commented(id: u64) -> Outcome {
    let text = format!("the comment is on ticket 35436, for the team alone (comment {id})");
    Outcome::new(text).with_receipt(Receipt::new("comment", id.to_string()).with_url(URL))
}

fn priority() -> Value {
    json!({ "ticket_id": "35436", "priority": "high" })
}

fn prioritised() -> Outcome {
    let receipt = Receipt::new("ticket", "35436").with_url(URL);
    Outcome::new("the priority of ticket 35436 is high").with_receipt(receipt)
}

#[test]
fn a_new_ticket_has_what_zendesk_knows() {
    let create = Fixture::of("zendesk/create_ticket");
    let arguments = json!({
        "subject": "Cold store 2 at 9 °C", "description": "Warming.", "priority": "urgent", "mood": "calm",
        "type": "incident", "requester_phone": "+14155550123", "requester_email": "ana@example.com",
    });
    let users = json!({ "users": [{ "id": 12, "phone": "+14155550123" }] });
    let fake = fake()
        .expect(USERS, Reply::json(200, users))
        .expect("POST https://northwind.zendesk.com/api/v2/tickets.json", create.reply());
    let outcome = fake.call::<Plugin>("create_ticket", arguments).unwrap();
    assert_eq!(outcome.receipts, [Receipt::new("ticket", "35436").with_url(URL)]);
    create.check(&fake.sent()[1]);
}

#[test]
fn a_comment_is_an_internal_note_with_our_key() {
    let update = Fixture::of("zendesk/update_ticket");
    let fake = fake().expect(TICKET, update.reply());
    assert_eq!(fake.call::<Plugin>("comment_on_ticket", comment()), Ok(commented(2_127_301_163)));
    let sent = &fake.sent()[0];
    update.check(sent);
    let body = "<p>It is 11 °C now.<br>The alarm { {is}} off.</p><p>Reference: ac_0123abcd</p>";
    assert_eq!(sent.json(), json!({ "ticket": { "comment": { "html_body": body, "public": false } } }));
}

#[test]
fn a_priority_is_set() {
    let update = Fixture::of("zendesk/update_ticket");
    let fake = fake().expect(TICKET, update.reply());
    assert_eq!(fake.call::<Plugin>("set_ticket_priority", priority()), Ok(prioritised()));
    update.check(&fake.sent()[0]);
    assert_eq!(fake.sent()[0].json(), json!({ "ticket": { "priority": "high" } }));
}

#[test]
fn refusals_of_a_change_are_told() {
    fn check(reply: fn() -> Reply, kind: FailureKind, words: &str) {
        for (tool, arguments) in [("comment_on_ticket", comment()), ("set_ticket_priority", priority())] {
            let failure = fake().expect(TICKET, reply()).call::<Plugin>(tool, arguments).unwrap_err();
            assert_eq!(failure.kind, kind, "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    let missing = || Reply::json(404, json!({ "error": "RecordNotFound", "description": "Not found" }));
    check(missing, FailureKind::NotFound, "Not found");
    let closed = || {
        let details = json!({ "status": [{ "description": "Status: closed prevents ticket update" }] });
        let body = json!({ "error": "RecordInvalid", "description": "Record validation errors", "details": details });
        Reply::json(422, body)
    };
    check(closed, FailureKind::Conflict, "closed prevents ticket update");
    let at_once = || Reply::json(409, json!({ "error": "UpdateConflict", "description": "Try again" }));
    check(at_once, FailureKind::Unavailable, "Try again");
    check(|| Reply::json(401, json!({ "error": "Couldn't authenticate you" })), FailureKind::Denied, "authenticate");
    check(|| Reply::text(429, "").with_header("retry-after", "9"), FailureKind::RateLimited, "429");
    check(|| Reply::text(503, ""), FailureKind::OutcomeUnknown, "503");
    check(Reply::cut, FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::unreachable, FailureKind::Unavailable, "can't be reached");
    check(Reply::denied, FailureKind::Denied, "the grant doesn't allow PUT");
}

#[test]
fn an_answer_that_says_nothing_of_the_comment_is_a_doubt() {
    fn check(reply: Reply) {
        let failure = fake().expect(TICKET, reply).call::<Plugin>("comment_on_ticket", comment()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::OutcomeUnknown, "{}", failure.message);
    }
    check(Reply::text(200, "{}"));
    check(Fixture::of("zendesk/update_ticket").reply_with(|body| body["audit"]["events"] = json!([])));
}

/// A page of comments, of which the last is ours or isn't.
fn page(ours: bool, more: bool) -> Reply {
    Fixture::of("zendesk/list_comments").reply_with(|body| {
        if ours {
            let text = "It is 11 °C now.\r\n\r\nReference: ac_0123abcd";
            body["comments"].as_array_mut().unwrap().push(json!({ "id": 1275, "body": text, "public": false }));
        }
        if more {
            body["next_page"] = json!("https://northwind.zendesk.com/api/v2/tickets/35436/comments.json?page=2");
        }
    })
}

#[test]
fn a_comment_in_doubt_is_looked_up() {
    fn check(pages: &[(bool, bool)], later_ms: u64, expected: &Finding) {
        let fake = pages
            .iter()
            .fold(fake().now(ATTEMPT_AT + later_ms), |fake, (ours, more)| fake.expect(COMMENTS, page(*ours, *more)));
        let finding = fake.reconcile::<Plugin>("comment_on_ticket", comment());
        assert_eq!(finding.as_ref(), Ok(expected), "{pages:?} {later_ms} ms later");
        for (sent, number) in fake.sent().iter().zip(1..) {
            let query = [("sort_order", "desc"), ("per_page", "100"), ("page", &format!("{number}"))];
            assert_eq!(sent.query(), query.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
    }
    let found = Finding::Happened(commented(1275));
    check(&[(true, false)], 0, &found);
    check(&[(false, true), (true, true)], 0, &found);
    check(&[(false, false)], 59_999, &Finding::Unknown(Some(1)));
    check(&[(false, false)], 60_000, &Finding::DidNotHappen);
    check(&[(false, true), (false, false)], 60_000, &Finding::DidNotHappen);
    check(&[(false, true); 5], 60_000, &Finding::Unknown(None));
}

#[test]
fn a_comment_whose_answer_is_lost_is_made_once() {
    let fake = fake().expect(TICKET, Reply::cut()).expect(COMMENTS, page(true, false));
    let failure = fake.call::<Plugin>("comment_on_ticket", comment()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let finding = fake.reconcile::<Plugin>("comment_on_ticket", comment());
    assert_eq!(finding, Ok(Finding::Happened(commented(1275))));
    assert_eq!(fake.sent().iter().filter(|sent| sent.line() == TICKET).count(), 1);
}

#[test]
fn a_comment_is_found_by_either_text_of_it() {
    for field in ["body", "plain_body"] {
        let comments = json!([{ "id": 1275, "html_body": "<p>…</p>", field: "Cold.\n\nReference: ac_0123abcd" }]);
        let fake = fake().expect(COMMENTS, Reply::json(200, json!({ "comments": comments, "next_page": null })));
        let finding = fake.reconcile::<Plugin>("comment_on_ticket", comment());
        assert_eq!(finding, Ok(Finding::Happened(commented(1275))), "{field}");
    }
}

#[test]
fn a_comment_without_its_text_proves_nothing() {
    fn check(later_ms: u64, expected: &Finding) {
        let comments = json!([{ "id": 1275 }, { "id": 1274, "body": "Another" }]);
        let page = Reply::json(200, json!({ "comments": comments, "next_page": null }));
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(COMMENTS, page);
        assert_eq!(fake.reconcile::<Plugin>("comment_on_ticket", comment()).as_ref(), Ok(expected));
    }
    check(0, &Finding::Unknown(Some(15_000)));
    check(60_000, &Finding::Unknown(None));
}

#[test]
fn a_priority_in_doubt_is_read_off_the_ticket() {
    fn check(now: Value, later_ms: u64, expected: &Finding) {
        let shown = json!({ "ticket": { "id": 35436, "external_id": null, "priority": now } });
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(READ, Reply::json(200, shown));
        let finding = fake.reconcile::<Plugin>("set_ticket_priority", priority());
        assert_eq!(finding.as_ref(), Ok(expected), "{now} {later_ms} ms later");
    }
    check(json!("high"), 0, &Finding::Happened(prioritised()));
    check(json!("low"), 59_999, &Finding::Unknown(Some(1)));
    // It was never set, or an agent has weighed the ticket anew since.
    check(json!("low"), 60_000, &Finding::Unknown(None));
    check(Value::Null, 60_000, &Finding::Unknown(None));
}

#[test]
fn a_priority_whose_answer_is_lost_is_set_once() {
    let shown = json!({ "ticket": { "id": 35436, "priority": "high" } });
    let fake = fake().expect(TICKET, Reply::cut()).expect(READ, Reply::json(200, shown));
    let failure = fake.call::<Plugin>("set_ticket_priority", priority()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let finding = fake.reconcile::<Plugin>("set_ticket_priority", priority());
    assert_eq!(finding, Ok(Finding::Happened(prioritised())));
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    for (line, tool, arguments) in
        [(COMMENTS, "comment_on_ticket", comment()), (READ, "set_ticket_priority", priority())]
    {
        let broken = fake().expect(line, Reply::text(502, ""));
        let failure = broken.reconcile::<Plugin>(tool, arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        // What was done to a ticket that is gone, a person alone can find out.
        let gone = fake().now(ATTEMPT_AT + 60_000).expect(line, Reply::json(404, json!({ "error": "RecordNotFound" })));
        assert_eq!(gone.reconcile::<Plugin>(tool, arguments), Ok(Finding::Unknown(None)));
    }
}
