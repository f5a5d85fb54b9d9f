//! A ticket that a caller speaks of, where the tenant binds the tools to the caller's number: nobody else's is touched, and
//! none is told of.

use aftercall::FailureKind;
use aftercall::testing::{Fake, Reply};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const PHONE: &str = "+14155550123";
const TOOLS: [(&str, &str, &str); 2] =
    [("comment_on_ticket", "comment", "It is 11 °C now."), ("set_ticket_priority", "priority", "high")];

/// The answers of a vendor to what is read of a ticket: each with its request.
type Reads = Vec<(&'static str, Reply)>;

/// Calls both tools for a ticket of whom these reads tell, and then, where it is the caller's, with these writes.
fn check(settings: &Value, ticket_id: &str, reads: impl Fn() -> Reads, writes: Option<[(&'static str, Reply); 2]>) {
    let mut writes = writes.map(IntoIterator::into_iter);
    for (tool, name, value) in TOOLS {
        let fake = Fake::new().settings(settings.clone()).key("ac_0123abcd");
        let fake = reads().into_iter().fold(fake, |fake, (line, reply)| fake.expect(line, reply));
        let write = writes.as_mut().and_then(Iterator::next);
        let is_theirs = write.is_some();
        let fake = write.into_iter().fold(fake, |fake, (line, reply)| fake.expect(line, reply));
        let called = fake.call::<Plugin>(tool, json!({ "ticket_id": ticket_id, "phone": PHONE, name: value }));
        match called {
            Ok(_) => assert!(is_theirs, "{tool}"),
            Err(failure) => {
                assert!(!is_theirs && failure.kind == FailureKind::NotFound, "{tool}: {}", failure.message);
                // One of somebody else is told as one that isn't there.
                let words = format!(
                    "{PHONE} has no ticket {ticket_id}, and nothing was changed; find_tickets tells which there are"
                );
                assert_eq!(failure.message, words);
            }
        }
    }
}

#[test]
fn a_ticket_of_zendesks_is_its_requesters() {
    const TICKET: &str = "GET https://northwind.zendesk.com/api/v2/tickets/35436.json";
    const USER: &str = "GET https://northwind.zendesk.com/api/v2/users/12.json";
    const CHANGE: &str = "PUT https://northwind.zendesk.com/api/v2/tickets/35436.json";
    fn ticket() -> (&'static str, Reply) {
        (TICKET, Reply::json(200, json!({ "ticket": { "id": 35436, "requester_id": 12 } })))
    }
    fn with(phone: Value) -> Reads {
        vec![ticket(), (USER, Reply::json(200, json!({ "user": { "id": 12, "phone": phone } })))]
    }
    let settings = json!({ "subdomain": "northwind" });
    let changes = || Some([0, 1].map(|_| (CHANGE, Fixture::of("zendesk/update_ticket").reply())));
    check(&settings, "35436", || with(json!(PHONE)), changes());
    check(&settings, "35436", || with(json!("+1 (415) 555-0123")), changes());
    check(&settings, "35436", || with(json!("+14155550124")), None);
    check(&settings, "35436", || with(json!("(415) 555-0123")), None);
    check(&settings, "35436", || with(Value::Null), None);
    let national = json!({ "subdomain": "northwind", "country_code": "1" });
    check(&national, "35436", || with(json!("(415) 555-0123")), changes());
    let missing = || Reply::json(404, json!({ "error": "RecordNotFound", "description": "Not found" }));
    check(&settings, "35436", || vec![(TICKET, missing())], None);
    check(&settings, "35436", || vec![ticket(), (USER, missing())], None);
    check(&settings, "35436", || vec![(TICKET, Reply::json(200, json!({ "ticket": { "id": 35436 } })))], None);
}

#[test]
fn an_issue_of_jiras_is_of_whoever_called_it_in() {
    const ISSUE: &str = "GET https://northwind.atlassian.net/rest/api/3/issue/SUP-12";
    fn with(lines: &[&str]) -> Reads {
        let paragraph = |line: &&str| json!({ "type": "paragraph", "content": [{ "type": "text", "text": line }] });
        let paragraphs: Vec<Value> = lines.iter().map(paragraph).collect();
        let description = json!({ "type": "doc", "version": 1, "content": paragraphs });
        vec![(ISSUE, Reply::json(200, json!({ "key": "SUP-12", "fields": { "description": description } })))]
    }
    let settings = json!({ "vendor": "jira", "site": "northwind", "project": "SUP" });
    let changes = [
        (
            "POST https://northwind.atlassian.net/rest/api/3/issue/SUP-12/comment",
            Fixture::of("jira/add_comment").reply(),
        ),
        ("PUT https://northwind.atlassian.net/rest/api/3/issue/SUP-12", Fixture::of("jira/edit_issue").reply()),
    ];
    check(&settings, "SUP-12", || with(&["It warms.", "Called in by Ana, +14155550123."]), Some(changes));
    check(&settings, "SUP-12", || with(&["Call +14155550123.", "Called in by Bob, +14155550199."]), None);
    check(&settings, "SUP-12", || with(&["+14155550123"]), None);
    check(&settings, "SUP-12", || vec![(ISSUE, Reply::json(200, json!({ "key": "SUP-12", "fields": {} })))], None);
    let missing = || Reply::json(404, json!({ "errorMessages": ["Issue does not exist"], "errors": {} }));
    check(&settings, "SUP-12", || vec![(ISSUE, missing())], None);
}

#[test]
fn nothing_is_written_while_nobody_can_tell_whose_it_is() {
    let zendesk = json!({ "subdomain": "northwind" });
    let jira = json!({ "vendor": "jira", "site": "northwind", "project": "SUP" });
    for (settings, id, line) in [
        (zendesk, "35436", "GET https://northwind.zendesk.com/api/v2/tickets/35436.json"),
        (jira, "SUP-12", "GET https://northwind.atlassian.net/rest/api/3/issue/SUP-12"),
    ] {
        for (tool, name, value) in TOOLS {
            for (reply, kind) in [
                (Reply::text(503, ""), FailureKind::Unavailable),
                (Reply::denied(), FailureKind::Denied),
                (Reply::stray(200, "<p>"), FailureKind::Other),
            ] {
                let fake = Fake::new().settings(settings.clone()).expect(line, reply);
                let arguments = json!({ "ticket_id": id, "phone": PHONE, name: value });
                assert_eq!(fake.call::<Plugin>(tool, arguments).unwrap_err().kind, kind, "{tool}");
            }
        }
    }
}
