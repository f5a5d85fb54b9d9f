//! Sequences of Marketing Campaigns.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::{GLOBAL, GROUP, GROUPS, groups, in_global_list, not_in_global_list};

const PUT: &str = "PUT https://api.sendgrid.com/v3/marketing/contacts";
const SEARCH: &str = "POST https://api.sendgrid.com/v3/marketing/contacts/search/emails";
const LIST: &str = "4b1bdb60-0000-4000-8000-00000000000a";
const JOB: &str = "2387e363-4104-4225-8960-4a5758492351";

fn settings() -> Value {
    json!({
        "sequences": {
            "small-fleet": { "list_id": "4b1bdb60-0000-4000-8000-00000000000b", "for": "Fewer than ten vehicles." },
            "large-fleet": { "list_id": LIST, "for": "Ten vehicles or more." },
        },
        "interest_field": "e1_T",
    })
}

fn fake() -> Fake {
    Fake::new().settings(settings())
}

/// A fake whose person hasn't unsubscribed.
fn wanted() -> Fake {
    fake().expect(GLOBAL, not_in_global_list())
}

fn arguments() -> Value {
    json!({ "email": "ann@example.com", "sequence": "large-fleet" })
}

fn taken() -> Reply {
    Reply::json(202, json!({ "job_id": JOB }))
}

#[test]
fn the_sequences_are_told_without_a_request() {
    let outcome = fake().call::<Plugin>("list_sequences", json!({})).unwrap();
    assert_eq!(outcome.text, "the sequences are: large-fleet, small-fleet");
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let expected = json!({ "sequences": [
        { "name": "large-fleet", "for": "Ten vehicles or more." },
        { "name": "small-fleet", "for": "Fewer than ten vehicles." },
    ] });
    assert_eq!(data, expected);
    assert!(outcome.receipts.is_empty());
}

#[test]
fn a_contact_is_put_on_the_list() {
    fn check(more: Value, contact: Value) {
        let fake = wanted().expect(PUT, taken());
        let mut given = arguments();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let receipt =
            Receipt::new("import job", JOB).with_url(format!("https://mc.sendgrid.com/contacts/lists/{LIST}"));
        let text = format!("SendGrid adds the person to the sequence large-fleet (import job {JOB})");
        assert_eq!(fake.call::<Plugin>("start_sequence", given), Ok(Outcome::new(text).with_receipt(receipt)));
        let sent = &fake.sent()[1];
        assert_eq!(sent.json(), json!({ "list_ids": [LIST], "contacts": [contact] }));
        assert_eq!(sent.header("authorization"), None);
        assert!(sent.query().is_empty());
    }
    check(json!({}), json!({ "email": "ann@example.com" }));
    check(json!({ "last_name": "Lee" }), json!({ "email": "ann@example.com", "last_name": "Lee" }));
    check(
        json!({ "first_name": "Ann", "last_name": "O'Lee", "interest": "40 \"vans\" <b>by</b> May & {{more}}" }),
        json!({
            "email": "ann@example.com",
            "first_name": "Ann",
            "last_name": "O'Lee",
            "custom_fields": { "e1_T": "40 \"vans\" <b>by</b> May & {{more}}" },
        }),
    );
}

#[test]
fn an_interest_without_a_field_is_not_kept() {
    let mut without = settings();
    without.as_object_mut().unwrap().remove("interest_field");
    let fake = Fake::new().settings(without).expect(GLOBAL, not_in_global_list()).expect(PUT, taken());
    let mut given = arguments();
    given["interest"] = json!("40 vans");
    let outcome = fake.call::<Plugin>("start_sequence", given).unwrap();
    assert!(
        outcome.text.ends_with("; the interest is not kept: the settings name no field for it"),
        "{}",
        outcome.text
    );
    assert_eq!(fake.sent()[1].json()["contacts"], json!([{ "email": "ann@example.com" }]));
}

#[test]
fn arguments_that_don_t_fit_send_nothing() {
    fn check(arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>("start_sequence", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let known = "there are: large-fleet, small-fleet";
    check(json!({ "email": "ann@example.com", "sequence": "medium-fleet" }), known);
    check(json!({ "email": "ann@example.com", "sequence": "" }), known);
    check(json!({ "email": "ann@example.com", "sequence": "Large-Fleet" }), known);
    check(json!({ "email": "ann at example.com", "sequence": "large-fleet" }), "not an email address");
    let named = |name: &str| json!({ "email": "ann@example.com", "sequence": "large-fleet", "first_name": name });
    check(named("evil.com"), "put a space after a dot, as in Dr. Lee");
    check(named("<b>"), "give the name alone");
    check(json!({ "sequence": "large-fleet" }), "email");
    check(json!({ "email": "ann@example.com" }), "sequence");
}

#[test]
fn refusals_of_sendgrid_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = wanted().expect(PUT, reply);
        let failure = fake.call::<Plugin>("start_sequence", arguments()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let errors = |field: Value, message: &str| json!({ "errors": [{ "field": field, "message": message }] });
    let bad_email = errors(json!("contacts[0].email"), "email is not valid");
    check(Reply::json(400, bad_email), FailureKind::InvalidArguments, "email is not valid");
    let missing = format!("the sequence large-fleet can't be started, since SendGrid has no list {LIST}");
    check(Reply::json(404, errors(json!("list_ids"), "not found")), FailureKind::Misconfigured, &missing);
    check(Reply::text(404, ""), FailureKind::Misconfigured, &missing);
    check(
        Reply::json(400, errors(json!("list_ids[0]"), "invalid list id")),
        FailureKind::Misconfigured,
        "invalid list id",
    );
    check(Reply::text(400, "<p>"), FailureKind::InvalidArguments, "400");
    let key = errors(Value::Null, "authorization required");
    check(Reply::json(401, key), FailureKind::Denied, "authorization required");
    check(Reply::json(403, errors(Value::Null, "access forbidden")), FailureKind::Denied, "access forbidden");
    check(Reply::json(413, errors(Value::Null, "too large")), FailureKind::Other, "too large");
    check(Reply::json(429, errors(Value::Null, "too many requests")), FailureKind::RateLimited, "too many");
    check(Reply::text(503, "oops"), FailureKind::OutcomeUnknown, "503");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::text(202, "{}"), FailureKind::OutcomeUnknown, "not as expected");
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow PUT");
}

#[test]
fn a_repeated_attempt_sends_the_same() {
    let [first, second] = [1, 2].map(|attempt| {
        let fake = wanted().attempt(attempt).expect(PUT, taken());
        fake.call::<Plugin>("start_sequence", arguments()).unwrap();
        fake.sent()[1].text().to_owned()
    });
    assert_eq!(first, second);
}

#[test]
fn nobody_who_has_unsubscribed_is_put_on_a_list() {
    let mut with_group = settings();
    with_group["unsubscribe_group"] = json!(GROUP);
    fn check(fake: Fake, words: &str) {
        let failure = fake.call::<Plugin>("start_sequence", arguments()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Denied);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let fake = || Fake::new().settings(with_group.clone());
    check(fake().expect(GLOBAL, in_global_list()), "unsubscribed from all email");
    let of_group = fake().expect(GLOBAL, not_in_global_list()).expect(GROUPS, groups(true));
    check(of_group, "unsubscribed from follow-up emails");
    let of_none = fake().expect(GLOBAL, not_in_global_list()).expect(GROUPS, groups(false));
    assert!(of_none.expect(PUT, taken()).call::<Plugin>("start_sequence", arguments()).is_ok());
}

#[test]
fn who_wants_nothing_at_all_is_always_asked_after() {
    let words = "ann@example.com has unsubscribed from all email of this sender: nothing was sent";
    let failure = fake().expect(GLOBAL, in_global_list()).call::<Plugin>("start_sequence", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Denied);
    assert!(failure.message.contains(words), "{}", failure.message);
    let absent = fake().expect(GLOBAL, Reply::text(404, "")).expect(PUT, taken());
    let outcome = absent.call::<Plugin>("start_sequence", arguments()).unwrap();
    assert!(!outcome.text.contains("unsubscribed"), "{}", outcome.text);

    // A grant or a key for contacts alone does, where no group has to be looked at; and the answer says so.
    let no_scope = || Reply::json(403, json!({ "errors": [{ "message": "access forbidden" }] }));
    for reply in [Reply::denied(), no_scope()] {
        let outcome = fake().expect(GLOBAL, reply).expect(PUT, taken()).call::<Plugin>("start_sequence", arguments());
        let text = outcome.unwrap().text;
        assert!(text.contains("; whether the person has unsubscribed from all email wasn't looked at"), "{text}");
    }
    let mut with_group = settings();
    with_group["unsubscribe_group"] = json!(GROUP);
    for (settings, reply, kind) in [
        (with_group, no_scope(), FailureKind::Denied),
        (settings(), Reply::text(503, ""), FailureKind::Unavailable),
        (settings(), Reply::stray(200, "<p>"), FailureKind::Other),
    ] {
        let failure =
            Fake::new().settings(settings).expect(GLOBAL, reply).call::<Plugin>("start_sequence", arguments());
        assert_eq!(failure.unwrap_err().kind, kind);
    }
}

#[test]
fn a_contact_in_doubt_is_looked_up() {
    fn check(reply: Reply, later_ms: u64, expected: Finding) {
        let now = 1_772_323_260_000;
        let fake = fake().attempt_at(now).now(now + later_ms).expect(SEARCH, reply);
        assert_eq!(fake.reconcile::<Plugin>("start_sequence", arguments()), Ok(expected), "{later_ms} ms later");
        assert_eq!(fake.sent()[0].json(), json!({ "emails": ["ann@example.com"] }));
    }
    let on = |lists: Value| {
        let at = "2026-03-01T00:01:00Z";
        let contact = json!({
            "id": "C-1",
            "email": "ann@example.com",
            "list_ids": lists,
            "segment_ids": [],
            "created_at": at,
            "updated_at": at,
        });
        Reply::json(200, json!({ "result": { "ann@example.com": { "contact": contact } } }))
    };
    let receipt = Receipt::new("contact", "C-1").with_url(format!("https://mc.sendgrid.com/contacts/lists/{LIST}"));
    let found = || Outcome::new("the person is in the sequence large-fleet").with_receipt(receipt.clone());
    let not_found = || Reply::json(404, json!({ "errors": [{ "message": "not found" }] }));
    check(on(json!([LIST])), 1, Finding::Happened(found()));
    check(on(json!(["another", LIST])), 86_400_000, Finding::Happened(found()));
    check(on(json!([LIST.to_uppercase()])), 1, Finding::Happened(found()));
    check(Reply::denied(), 0, Finding::Unknown(None));
    check(on(json!([])), 899_999, Finding::Unknown(Some(1)));
    check(not_found(), 0, Finding::Unknown(Some(60_000)));
    // An import has no time by which it is surely done.
    check(not_found(), 900_000, Finding::Unknown(None));
    check(on(json!(["another"])), 900_000, Finding::Unknown(None));
    let none = json!({ "result": { "ann@example.com": { "error": "contact not found" } } });
    check(Reply::json(200, none), 900_000, Finding::Unknown(None));
}
