//! The plugin against fakes of both vendors: what it sends, and what it makes of the answers. Those of one alone stand in files
//! of their own; here are those of HubSpot.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod arrangements;
mod callbacks;
mod doubt;
mod promises;
mod salesforce;
mod whose;

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

const SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/contacts/search";
const READ: &str = "GET https://api.hubapi.com/crm/v3/objects/contacts/512";
const PATCH: &str = "PATCH https://api.hubapi.com/crm/v3/objects/contacts/512";
const UPSERT: &str = "POST https://api.hubapi.com/crm/v3/objects/0-3/batch/upsert";
const ASSOCIATE: &str = "PUT https://api.hubapi.com/crm/v4/objects/deals/9/associations/default/contacts/512";
const READ_PROPERTIES: &str =
    "firstname,lastname,phone,mobilephone,balance_due,collection_status,promised_payment_date";
const CONTACT_URL: &str = "https://app.hubspot.com/contacts/77/record/0-1/512";
const DEAL_URL: &str = "https://app.hubspot.com/contacts/77/record/0-3/9";

fn settings(more: Value) -> Value {
    let mut settings = json!({ "portal_id": "77", "pipeline": "81", "stage": "8101" });
    settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    settings
}

fn fake() -> Fake {
    Fake::new().settings(settings(json!({}))).key("ac_0123abcd")
}

fn object(id: &str, properties: Value) -> Value {
    json!({
        "id": id,
        "properties": properties,
        "createdAt": "2026-03-01T00:01:00Z",
        "updatedAt": "2026-03-01T00:01:00Z",
        "archived": false,
    })
}

fn ann() -> Reply {
    ann_with(json!({}))
}

/// Ann Lee's account, who owes 420.50 and can be reached at +14155550123.
fn ann_with(more: Value) -> Reply {
    let mut properties =
        json!({ "firstname": "Ann", "lastname": "Lee", "mobilephone": "+14155550123", "balance_due": "420.50" });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Reply::json(200, object("512", properties))
}

/// What HubSpot answers to a batch.
fn batch(results: &[Value]) -> Value {
    json!({
        "status": "COMPLETE",
        "results": results,
        "startedAt": "2026-03-01T00:01:00Z",
        "completedAt": "2026-03-01T00:01:00Z",
    })
}

fn upserted() -> Reply {
    let mut deal = object("9", json!({}));
    deal["new"] = json!(true);
    Reply::json(200, batch(&[deal]))
}

/// What HubSpot refuses a request with.
fn error(category: &str, message: &str) -> Value {
    json!({
        "status": "error",
        "category": category,
        "message": message,
        "correlationId": "aeb5f871-7f07-4993-9211-075dc63e7cbf",
    })
}

fn associated() -> Reply {
    let spec = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3 });
    let result = json!({ "from": { "id": "9" }, "to": { "id": "512" }, "associationSpec": spec });
    Reply::json(200, batch(&[result]))
}

fn arrangement(more: Value) -> Value {
    let mut arguments =
        json!({ "account_id": "512", "amount": "150.00", "currency": "GBP", "first_payment_date": "2026-12-01" });
    arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    arguments
}

/// What HubSpot says of a property that it doesn't know.
const UNKNOWN_PROPERTY: &str =
    r#"Property values were not valid: [{"isValid":false,"error":"PROPERTY_DOESNT_EXIST","name":"x"}]"#;

/// What HubSpot says of a property's value.
fn not_valid(name: &str, code: &str) -> String {
    let fault = json!([{ "isValid": false, "message": "99 isn't right", "error": code, "name": name }]);
    format!("Property values were not valid: {fault}")
}

/// A batch of one that HubSpot refuses.
fn refused_in_part(category: &str, message: &str) -> Value {
    let mut answer = batch(&[]);
    answer["numErrors"] = json!(1);
    let error = json!({ "status": "error", "category": category, "message": message, "context": {}, "links": {}, "errors": [] });
    answer["errors"] = json!([error]);
    answer
}

#[test]
fn tools_say_which_effect_they_have() {
    let tools = Plugin::list_tools(r#"{"currency":"GBP"}"#).unwrap();
    let said: Vec<(&str, Effect, Vec<&str>)> = tools
        .iter()
        .map(|tool| (tool.name.as_str(), tool.effect, tool.identity.iter().map(String::as_str).collect()))
        .collect();
    let expected = [
        ("find_account", Effect::Read, vec![]),
        ("update_account_status", Effect::Idempotent, vec!["account_id"]),
        ("record_promise_to_pay", Effect::Idempotent, vec!["account_id"]),
        ("log_payment_arrangement", Effect::Idempotent, vec!["account_id"]),
        ("schedule_promise_callback", Effect::Once, vec!["account_id"]),
    ];
    assert_eq!(said, expected);
    for tool in &tools {
        assert_eq!(tool.reconcilable, tool.effect != Effect::Read, "{}", tool.name);
        let schema: Value = serde_json::from_str(&tool.input_schema).unwrap();
        assert_eq!(schema["additionalProperties"], false, "{}", tool.name);
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
    }
    let schema = |at: usize| serde_json::from_str::<Value>(&tools[at].input_schema).unwrap();
    let (status, promise, arrangement, callback) = (schema(1), schema(2), schema(3), schema(4));
    assert_eq!(status["required"], json!(["account_id", "status"]));
    assert_eq!(status["properties"]["promised_date"]["pattern"], r"^\d{4}-\d{2}-\d{2}$");
    assert_eq!(promise["required"], json!(["account_id", "amount", "currency", "date"]));
    assert_eq!(promise["properties"]["currency"]["enum"], json!(["GBP"]));
    assert_eq!(callback["required"], json!(["account_id", "date", "about"]));
    assert_eq!(arrangement["required"], json!(["account_id", "amount", "currency", "first_payment_date"]));
    let instalments = &arrangement["properties"]["instalments"];
    assert_eq!((&instalments["minimum"], &instalments["maximum"]), (&json!(1), &json!(60)));
    assert_eq!(arrangement["properties"]["method"]["enum"], json!(["card", "bank_transfer", "cheque", "cash"]));
}

#[test]
fn nothing_is_promised_in_an_unknown_currency() {
    let tools = Plugin::list_tools("{}").unwrap();
    assert!(tools.iter().all(|tool| tool.name != "record_promise_to_pay"));
    assert_eq!(tools.len(), 4);
}

#[test]
fn accounts_are_searched_by_what_is_given() {
    fn check(arguments: Value, groups: &[&[(&str, &str)]]) {
        let fake = fake()
            .settings(settings(json!({ "balance_property": "owed" })))
            .expect(SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
        let outcome = fake.call::<Plugin>("find_account", arguments).unwrap();
        assert_eq!(outcome.data.as_deref(), Some(r#"{"accounts":[]}"#));
        assert_eq!(outcome.text, "no account has what was asked for");
        let filter = |(name, value): &(&str, &str)| json!({ "propertyName": name, "operator": "EQ", "value": value });
        let groups = groups.iter().map(|group| json!({ "filters": group.iter().map(filter).collect::<Vec<_>>() }));
        let expected = json!({
            "filterGroups": groups.collect::<Vec<_>>(),
            "properties": [
                "firstname", "lastname", "phone", "mobilephone", "owed", "collection_status", "promised_payment_date",
            ],
            "sorts": [],
            "limit": 100,
            "after": "0",
        });
        assert_eq!(fake.sent()[0].json(), expected);
    }
    let (email, phone) = ("ann@example.com", "+14155550123");
    // HubSpot searches numbers without their country.
    let by_email = ("email", email);
    let by_phone = ("hs_searchable_calculated_phone_number", "4155550123");
    let by_mobile = ("hs_searchable_calculated_mobile_number", "4155550123");
    check(json!({ "email": email }), &[&[by_email]]);
    check(json!({ "phone": phone }), &[&[by_phone], &[by_mobile]]);
    check(json!({ "email": email, "phone": phone }), &[&[by_phone, by_email], &[by_mobile, by_email]]);
}

#[test]
fn a_search_for_nobody_is_refused() {
    let failure = fake().call::<Plugin>("find_account", json!({})).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[test]
fn accounts_are_told_without_what_is_empty() {
    let properties = json!({
        "firstname": "Ann",
        "lastname": null,
        "phone": "+14155550123",
        "mobilephone": "",
        "balance_due": "420.50",
        "collection_status": "promise_to_pay",
        "promised_payment_date": "2026-12-01",
    });
    let bare = object("513", json!({ "mobilephone": "+14155550123" }));
    // HubSpot's search may be wider than what was asked for.
    let others = [object("514", json!({ "phone": "+494155550123" })), object("515", json!({}))];
    // It may be a number in any country.
    let doubtful = object("516", json!({ "phone": "(415) 555-0123" }));
    let page = json!({ "total": 5, "results": [object("512", properties), bare, others[0], others[1], doubtful] });
    let fake = fake().settings(settings(json!({ "currency": "GBP" }))).expect(SEARCH, Reply::json(200, page));
    let outcome = fake.call::<Plugin>("find_account", json!({ "phone": "+14155550123" })).unwrap();
    assert_eq!(outcome.text, "2 accounts");
    let first = json!({
        "account_id": "512",
        "name": "Ann",
        "balance_due": "420.50",
        "currency": "GBP",
        "status": "promise_to_pay",
        "promised_date": "2026-12-01",
    });
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    assert_eq!(data, json!({ "accounts": [first, { "account_id": "513" }] }));
    assert!(outcome.receipts.is_empty());
}

#[test]
fn a_status_is_set_on_the_contact() {
    fn check(arguments: Value, properties: Value, words: &str) {
        let fake = fake().expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
        let outcome = fake.call::<Plugin>("update_account_status", arguments).unwrap();
        assert_eq!(fake.sent()[1].json(), json!({ "properties": properties }));
        assert_eq!(outcome.text, words);
        assert_eq!(outcome.receipts, [Receipt::new("contact", "512").with_url(CONTACT_URL)]);
    }
    for status in ["disputed", "hardship", "refused", "paid", "wrong_person"] {
        check(
            json!({ "account_id": "512", "status": status }),
            json!({ "collection_status": status }),
            &format!("account 512 has the status {status}"),
        );
    }
    let reason = "Paid on the 3rd; \"never\" got a bill";
    check(
        json!({ "account_id": "512", "status": "disputed", "reason": reason }),
        json!({ "collection_status": "disputed", "collection_status_reason": reason }),
        "account 512 has the status disputed",
    );
    // A blank text would erase what is there.
    check(
        json!({ "account_id": "512", "status": "disputed", "reason": " \n" }),
        json!({ "collection_status": "disputed" }),
        "account 512 has the status disputed",
    );
    check(
        json!({ "account_id": "512", "status": "promise_to_pay", "promised_date": "2026-01-16" }),
        json!({ "collection_status": "promise_to_pay", "promised_payment_date": "2026-01-16" }),
        "account 512 has the status promise_to_pay, for 2026-01-16",
    );
}

#[test]
fn properties_have_the_tenants_names() {
    let names = json!({ "status_property": "state", "promised_date_property": "due", "reason_property": "why" });
    let fake =
        fake().settings(settings(names)).expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
    let arguments =
        json!({ "account_id": "512", "status": "promise_to_pay", "promised_date": "2026-01-16", "reason": "r" });
    fake.call::<Plugin>("update_account_status", arguments).unwrap();
    let properties = json!({ "state": "promise_to_pay", "due": "2026-01-16", "why": "r" });
    assert_eq!(fake.sent()[1].json(), json!({ "properties": properties }));
}

#[test]
fn a_status_that_makes_no_sense_is_refused() {
    fn check(status: &str, promised_date: Option<&str>, words: &str) {
        let mut arguments = json!({ "account_id": "512", "status": status });
        if let Some(date) = promised_date {
            arguments["promised_date"] = json!(date);
        }
        let failure = fake().call::<Plugin>("update_account_status", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check("promise_to_pay", None, "needs promised_date");
    check("promise_to_pay", Some("2026-02-30"), "there is no day 2026-02-30");
    check("promise_to_pay", Some("2025-12-31"), "`promised_date` 2025-12-31 is past");
    check("promise_to_pay", Some("2026-02-01"), "`promised_date` 2026-02-01 is too far ahead");
    check("refused", Some("2026-12-01"), "promise_to_pay alone");
    check("bankrupt", None, "bankrupt");
}

#[test]
fn a_limit_of_hubspots_says_when_to_ask_again() {
    fn check(policy: Option<&str>, expected: (Option<u64>, Option<&str>)) {
        let mut body = error("RATE_LIMITS", "slow down");
        if let Some(policy) = policy {
            body["policyName"] = policy.into();
        }
        let fake = fake().expect(READ, ann()).expect(PATCH, Reply::json(429, body));
        let arguments = json!({ "account_id": "512", "status": "paid" });
        let failure = fake.call::<Plugin>("update_account_status", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!((failure.retry_after_ms, failure.code.as_deref()), expected);
    }
    check(Some("SECONDLY"), (Some(1_000), Some("SECONDLY")));
    check(Some("TEN_SECONDLY_ROLLING"), (Some(10_000), Some("TEN_SECONDLY_ROLLING")));
    check(Some("DAILY"), (Some(3_600_000), Some("DAILY")));
    check(None, (None, Some("RATE_LIMITS")));
}

#[test]
fn a_status_that_fails_says_why() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake().expect(READ, ann()).expect(PATCH, reply);
        let arguments = json!({ "account_id": "512", "status": "paid" });
        let failure = fake.call::<Plugin>("update_account_status", arguments).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    let gone = error("OBJECT_NOT_FOUND", "resource not found");
    check(Reply::json(404, gone), FailureKind::NotFound, "resource not found", Some("OBJECT_NOT_FOUND"));
    let invalid = Some("VALIDATION_ERROR");
    let unknown = error("VALIDATION_ERROR", UNKNOWN_PROPERTY);
    check(Reply::json(400, unknown), FailureKind::Misconfigured, "an operator has to make", invalid);
    for (name, code, kind) in [
        ("collection_status", "INVALID_OPTION", FailureKind::Misconfigured),
        ("collection_status_reason", "INVALID_OPTION", FailureKind::Misconfigured),
        ("promised_payment_date", "INVALID_DATE", FailureKind::Misconfigured),
        ("collection_status_reason", "INVALID_STRING", FailureKind::InvalidArguments),
    ] {
        let refused = error("VALIDATION_ERROR", &not_valid(name, code));
        check(Reply::json(400, refused), kind, "99 isn't right", invalid);
        // The same in the errors beside the message.
        let mut refused = error("VALIDATION_ERROR", "no");
        refused["errors"] =
            json!([{ "message": "99 isn't right", "code": code, "context": { "propertyName": [name] } }]);
        check(Reply::json(400, refused), kind, "no", invalid);
    }
    check(
        Reply::json(403, error("MISSING_SCOPES", "a scope is missing")),
        FailureKind::Denied,
        "a scope",
        Some("MISSING_SCOPES"),
    );
    check(Reply::json(423, error("LOCKED", "it is locked")), FailureKind::RateLimited, "it is locked", Some("LOCKED"));
    check(Reply::stray(477, ""), FailureKind::RateLimited, "477", None);
    check(Reply::stray(502, ""), FailureKind::OutcomeUnknown, "502", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::stray(200, "{}"), FailureKind::OutcomeUnknown, "not as expected", None);
}

#[test]
fn an_id_is_digits() {
    for other in [
        "../deals",
        "1?x",
        "",
        "Ann",
        "0512",
        "000000000000000512",
        "123456789012345678901",
        "\u{661}",
        "003RO0000035WQg",
        // With another capital, of another record.
        "003RO0000035wQgYAM",
        "' OR Id != '12345",
    ] {
        let change = json!({ "account_id": other, "status": "paid" });
        let failure = fake().call::<Plugin>("update_account_status", change).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains("digits, such as 512"), "{}", failure.message);
    }
}

#[test]
fn receipts_have_no_link_without_a_portal() {
    let settings = json!({ "pipeline": "81", "stage": "8101" });
    let fake = fake().settings(settings).expect(READ, ann()).expect(PATCH, Reply::json(200, object("512", json!({}))));
    let outcome =
        fake.call::<Plugin>("update_account_status", json!({ "account_id": "512", "status": "paid" })).unwrap();
    assert_eq!(outcome.receipts, [Receipt::new("contact", "512")]);
}
