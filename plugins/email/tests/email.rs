//! The plugin against a fake of SendGrid: what it sends, and what it makes of the answers.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Outcome, Plugin as _, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

const PUT: &str = "PUT https://api.sendgrid.com/v3/marketing/contacts";
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

fn arguments() -> Value {
    json!({ "email": "ann@example.com", "sequence": "large-fleet" })
}

fn taken() -> Reply {
    Reply::json(202, json!({ "job_id": JOB }))
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools("{}").unwrap();
    let [list, start] = &tools[..] else { panic!("two tools") };
    assert_eq!((list.name.as_str(), list.effect), ("list_sequences", Effect::Read));
    assert_eq!((start.name.as_str(), start.effect), ("start_sequence", Effect::Idempotent));
    assert_eq!(start.identity, ["email"]);
    assert!(!start.reconcilable);
    let schema: Value = serde_json::from_str(&start.input_schema).unwrap();
    assert_eq!(schema["required"], json!(["email", "sequence"]));
    assert_eq!(schema["additionalProperties"], false);
    let property = |name: &str, keyword: &str| schema["properties"][name][keyword].clone();
    assert_eq!(property("email", "format"), "email");
    assert_eq!(property("sequence", "pattern"), "^[a-z0-9-]{1,64}$");
    assert_eq!(property("first_name", "maxLength"), 50);
    assert_eq!(property("last_name", "pattern"), "^[^<>{}/:@]+$");
    assert_eq!(property("interest", "maxLength"), 500);
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
        let fake = fake().expect(PUT, taken());
        let mut given = arguments();
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let receipt =
            Receipt::new("import job", JOB).with_url(format!("https://mc.sendgrid.com/contacts/lists/{LIST}"));
        let text = format!("SendGrid adds the person to the sequence large-fleet (import job {JOB})");
        assert_eq!(fake.call::<Plugin>("start_sequence", given), Ok(Outcome::new(text).with_receipt(receipt)));
        let sent = &fake.sent()[0];
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
    let fake = Fake::new().settings(without).expect(PUT, taken());
    let mut given = arguments();
    given["interest"] = json!("40 vans");
    let outcome = fake.call::<Plugin>("start_sequence", given).unwrap();
    assert!(
        outcome.text.ends_with("; the interest is not kept: the settings name no field for it"),
        "{}",
        outcome.text
    );
    assert_eq!(fake.sent()[0].json()["contacts"], json!([{ "email": "ann@example.com" }]));
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
    check(json!({ "sequence": "large-fleet" }), "email");
    check(json!({ "email": "ann@example.com" }), "sequence");
}

#[test]
fn refusals_of_sendgrid_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = fake().expect(PUT, reply);
        let failure = fake.call::<Plugin>("start_sequence", arguments()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let errors = |field: Value, message: &str| json!({ "errors": [{ "field": field, "message": message }] });
    let bad_email = errors(json!("contacts[0].email"), "email is not valid");
    check(Reply::json(400, bad_email), FailureKind::InvalidArguments, "email is not valid");
    let missing = format!("the sequence large-fleet can't be started: SendGrid has no list {LIST}");
    check(Reply::json(404, errors(json!("list_ids"), "not found")), FailureKind::NotFound, &missing);
    check(Reply::text(404, ""), FailureKind::NotFound, &missing);
    check(Reply::json(400, errors(json!("list_ids[0]"), "invalid list id")), FailureKind::NotFound, "invalid list id");
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
        let fake = fake().attempt(attempt).expect(PUT, taken());
        fake.call::<Plugin>("start_sequence", arguments()).unwrap();
        fake.sent()[0].text().to_owned()
    });
    assert_eq!(first, second);
}
