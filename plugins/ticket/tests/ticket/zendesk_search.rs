//! The search for open tickets that Zendesk has.

use aftercall::FailureKind;
use aftercall::testing::{Fake, Reply};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

use crate::fixture::Fixture;

const SEARCH: &str = "GET https://northwind.zendesk.com/api/v2/search.json";
const USERS: &str = "GET https://northwind.zendesk.com/api/v2/users/search.json";
const URL: &str = "https://northwind.zendesk.com/agent/tickets/35436";

fn fake() -> Fake {
    Fake::new().settings(json!({ "vendor": "zendesk", "subdomain": "northwind" }))
}

fn hits(ids: &[u64], more: bool) -> Reply {
    Fixture::of("zendesk/search").reply_with(|body| {
        let hit = body["results"][0].clone();
        let hits = ids.iter().map(|id| {
            let mut hit = hit.clone();
            hit["id"] = json!(id);
            hit["created_at"] = json!(format!("2026-03-01T00:00:{id:02}Z"));
            hit
        });
        body["results"] = hits.collect();
        body["next_page"] = if more { json!("https://northwind.zendesk.com/next") } else { Value::Null };
    })
}

#[test]
fn open_tickets_are_found() {
    let fake = fake().expect(SEARCH, Fixture::of("zendesk/search").reply());
    let outcome = fake.call::<Plugin>("find_tickets", json!({ "email": "ana@example.com" })).unwrap();
    assert_eq!(outcome.text, "one open ticket, ticket_id 35436");
    let ticket = json!({
        "ticket_id": "35436", "subject": "The alarm is silent", "status": "open", "priority": "high",
        "created_at": "2026-03-01T00:01:00Z", "url": URL,
    });
    let data: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
    assert_eq!(data, json!({ "tickets": [ticket], "more": false }));
    let sent = fake.sent()[0].query();
    let rest = [("sort_by", "created_at"), ("sort_order", "desc"), ("per_page", "10")];
    assert_eq!(sent[1..], rest.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn what_is_looked_for_is_text_in_the_query() {
    fn check(arguments: Value, expected: &str) {
        let fake = fake().expect(SEARCH, hits(&[], false));
        let outcome = fake.call::<Plugin>("find_tickets", arguments).unwrap();
        assert_eq!(outcome.text, "no open ticket was found");
        assert_eq!(fake.sent()[0].query()[0], ("query".to_owned(), expected.to_owned()));
    }
    let email = |words: &str| json!({ "email": "ana@example.com", "subject_words": words });
    check(json!({ "email": "ana+1@example.com" }), "type:ticket status<solved requester:ana+1@example.com");
    check(email("cold store"), "type:ticket status<solved subject:\"cold store\" requester:ana@example.com");
    check(json!({ "subject_words": "alarm" }), "type:ticket status<solved subject:\"alarm\"");
    check(
        json!({ "subject_words": " a\" status:closed \\\"\nb* " }),
        "type:ticket status<solved subject:\"a status:closed b*\"",
    );
}

#[test]
fn a_person_is_found_by_number_through_the_profiles() {
    fn check(email: bool, users: &[u64], searches: &[(&str, &[u64], bool)], expected: &str) {
        let users: Vec<Value> = users.iter().map(|id| json!({ "id": id, "phone": "+1 415 555 0123" })).collect();
        let fake = fake().expect(USERS, Reply::json(200, json!({ "users": users })));
        let fake = searches.iter().fold(fake, |fake, (_, ids, more)| fake.expect(SEARCH, hits(ids, *more)));
        let mut arguments = json!({ "phone": "+14155550123" });
        if email {
            arguments["email"] = json!("ana@example.com");
        }
        assert_eq!(fake.call::<Plugin>("find_tickets", arguments).unwrap().text, expected);
        for (sent, (requester, ..)) in fake.sent()[1..].iter().zip(searches) {
            assert_eq!(sent.query()[0].1, format!("type:ticket status<solved requester:{requester}"));
        }
    }
    check(false, &[], &[], "no open ticket was found");
    check(false, &[7], &[("7", &[3], false)], "one open ticket, ticket_id 3");
    let two = [("7", &[9, 3][..], false), ("8", &[5, 3], false)];
    check(false, &[7, 8], &two, "3 open tickets, newest first: ticket_id 9, 5, 3");
    // An address that was spoken shows nobody else's tickets.
    let alone = "; the number alone says whose they are, and the email address was not looked for";
    check(true, &[7], &[("7", &[3], false)], &format!("one open ticket, ticket_id 3{alone}"));
    check(true, &[], &[], &format!("no open ticket was found{alone}"));
    let many = [("1", &[3][..], false), ("2", &[], false), ("3", &[], false)];
    check(false, &[1, 2, 3, 4], &many, "one open ticket, ticket_id 3; there are more, so say more exactly which");
    let ten = [("7", &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1][..], true)];
    let words = "10 open tickets, newest first: ticket_id 10, 9, 8, 7, 6, 5, 4, 3, 2, 1; there are more, so say more \
                 exactly which";
    check(false, &[7], &ten, words);
    let full = [("6", &[11][..], false), ("7", &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], false)];
    let words = "10 open tickets, newest first: ticket_id 11, 10, 9, 8, 7, 6, 5, 4, 3, 2; there are more, so say more \
                 exactly which";
    check(false, &[6, 7], &full, words);
}

#[test]
fn nobody_elses_tickets_are_shown_for_a_number_like_theirs() {
    fn check(country_code: Option<&str>, stored: &str, found: bool) {
        let settings = json!({ "subdomain": "northwind", "country_code": country_code });
        let users = json!({ "users": [{ "id": 7, "phone": stored }] });
        let fake = Fake::new().settings(settings).expect(USERS, Reply::json(200, users));
        let fake = if found { fake.expect(SEARCH, hits(&[3], false)) } else { fake };
        let outcome = fake.call::<Plugin>("find_tickets", json!({ "phone": "+4312345678" })).unwrap();
        let expected = if found { "one open ticket, ticket_id 3" } else { "no open ticket was found" };
        assert_eq!(outcome.text, expected, "{stored} of {country_code:?}");
        assert_eq!(fake.sent()[0].query()[0].1, "role:end-user phone:*2345678");
    }
    check(None, "+43 1 2345678", true);
    check(Some("43"), "01 2345678", true);
    check(Some("1"), "(431) 234-5678", false);
    check(None, "(431) 234-5678", false);
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
    check(Reply::json(403, json!({ "error": "Forbidden" })), FailureKind::Denied);
    check(Reply::text(404, ""), FailureKind::Misconfigured);
    check(Reply::text(429, "").with_header("retry-after", "3"), FailureKind::RateLimited);
}
