//! The same over Salesforce: what is sent, and what is made of the answers.

use aftercall::testing::{Fake, Reply, Sent};
use aftercall::{FailureKind, Finding, Receipt};
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

const ID: &str = "003RO0000035WQgYAM";
const MADE: &str = "a0BRO000000abcd2AA";
const QUERY: &str = "GET https://acme.my.salesforce.com/services/data/v62.0/query";
const PATCH: &str = "PATCH https://acme.my.salesforce.com/services/data/v62.0/sobjects/Contact/003RO0000035WQgYAM";
const ARRANGE: &str = "PATCH https://acme.my.salesforce.com/services/data/v62.0/sobjects/Payment_Arrangement__c/Aftercall_Key__c/ac_0123abcd";
const TASK: &str =
    "PATCH https://acme.my.salesforce.com/services/data/v62.0/sobjects/Task/Aftercall_Key__c/ac_0123abcd";
const FIELDS: &str =
    "Id, Name, Balance_Due__c, Collection_Status__c, Promised_Payment_Date__c, Phone, MobilePhone FROM Contact";
const THEN_MS: u64 = 1_767_225_600_000;
const AT_WORK_MS: u64 = 600_000;

fn with(mut base: Value, more: Value) -> Value {
    base.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    base
}

fn fake(more: Value) -> Fake {
    let settings = json!({ "vendor": "salesforce", "my_domain": "acme", "currency": "USD" });
    Fake::new().settings(with(settings, more)).key("ac_0123abcd")
}

fn found(records: Value) -> Reply {
    Reply::json(200, json!({ "totalSize": 1, "done": true, "records": records }))
}

fn nothing() -> Reply {
    found(json!([]))
}

fn ann(more: Value) -> Reply {
    let record = json!({
        "attributes": { "type": "Contact", "url": format!("/services/data/v62.0/sobjects/Contact/{ID}") },
        "Id": ID,
        "Name": "Ann Lee",
        "Phone": null,
        "MobilePhone": "+14155550123",
        "Balance_Due__c": 420.5,
        "Collection_Status__c": "promise_to_pay",
        "Promised_Payment_Date__c": "2026-01-16",
    });
    found(json!([with(record, more)]))
}

fn created(id: &str) -> Reply {
    Reply::json(201, json!({ "id": id, "success": true, "errors": [], "created": true }))
}

fn refused(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, json!([{ "errorCode": code, "message": message, "fields": [] }]))
}

fn soql(sent: &Sent) -> String {
    let [(name, soql)] = &sent.query()[..] else { panic!("one parameter") };
    assert_eq!(name, "q");
    soql.clone()
}

fn receipt(kind: &str, id: &str) -> Receipt {
    Receipt::new(kind, id).with_url(format!("https://acme.my.salesforce.com/{id}"))
}

/// Each tool that writes, with its arguments, the line of its write, and what it answers.
fn writes() -> [(&'static str, Value, &'static str, Reply); 4] {
    let on_ann = |more: Value| with(json!({ "account_id": ID }), more);
    let promise = on_ann(json!({ "amount": "150.00", "currency": "USD", "date": "2026-01-16" }));
    let arrangement = on_ann(json!({ "amount": "420.50", "currency": "USD", "first_payment_date": "2026-01-16" }));
    let callback = on_ann(json!({ "date": "2026-01-16", "about": "150 \"by card\"" }));
    [
        ("update_account_status", on_ann(json!({ "status": "paid" })), PATCH, Reply::text(204, "")),
        ("record_promise_to_pay", promise, PATCH, Reply::text(204, "")),
        ("log_payment_arrangement", arrangement, ARRANGE, created(MADE)),
        ("schedule_promise_callback", callback, TASK, created("00TRO000000abcdYAA")),
    ]
}

#[test]
fn accounts_are_queried_by_what_is_given() {
    fn check(arguments: Value, settings: Value, expected: &str) {
        let fake = fake(settings).expect(QUERY, nothing());
        let outcome = fake.call::<Plugin>("find_account", arguments).unwrap();
        assert_eq!(outcome.text, "no account has what was asked for");
        assert_eq!(soql(&fake.sent()[0]), expected);
    }
    let by_phone = "(Phone LIKE '%5%5%5%0%1%2%3' OR MobilePhone LIKE '%5%5%5%0%1%2%3')";
    check(
        json!({ "phone": "+14155550123" }),
        json!({}),
        &format!("SELECT {FIELDS} WHERE {by_phone} ORDER BY Id LIMIT 100"),
    );
    check(
        json!({ "phone": "+14155550123", "email": "o'neil@example.com" }),
        json!({}),
        &format!(r"SELECT {FIELDS} WHERE {by_phone} AND Email = 'o\'neil@example.com' ORDER BY Id LIMIT 100"),
    );
    let custom = json!({
        "object": "Debt__c", "name_field": "Contact__r.Name", "phone_fields": ["Contact__r.Phone"],
        "email_field": "Contact__r.Email", "balance_field": "Owed__c", "status_field": "State__c",
        "promised_date_field": "Due__c",
    });
    check(
        json!({ "email": "ann@example.com" }),
        custom,
        "SELECT Id, Contact__r.Name, Owed__c, State__c, Due__c, Contact__r.Phone FROM Debt__c \
         WHERE Contact__r.Email = 'ann@example.com' ORDER BY Id LIMIT 100",
    );
}

#[test]
fn no_more_of_an_account_is_told_than_is_needed() {
    let fake = fake(json!({})).expect(QUERY, ann(json!({})));
    let outcome = fake.call::<Plugin>("find_account", json!({ "phone": "+14155550123" })).unwrap();
    assert_eq!(outcome.text, format!("one account, account_id {ID}"));
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let expected = json!({
        "account_id": ID, "name": "Ann Lee", "balance_due": "420.5", "currency": "USD", "status": "promise_to_pay",
        "promised_date": "2026-01-16",
    });
    assert_eq!(data, json!({ "accounts": [expected] }));
}

#[test]
fn a_name_may_be_that_of_another_record() {
    let record = json!([{ "Id": MADE, "Contact__r": { "Name": "Ann Lee" }, "Phone": "+14155550123" }]);
    let fake = fake(json!({ "name_field": "Contact__r.Name" })).expect(QUERY, found(record));
    let outcome = fake.call::<Plugin>("find_account", json!({ "phone": "+14155550123" })).unwrap();
    assert_eq!(outcome.data.unwrap(), format!(r#"{{"accounts":[{{"account_id":"{MADE}","name":"Ann Lee"}}]}}"#));
}

#[test]
fn what_is_written_is_fields_of_the_tenant() {
    fn check(tool: &str, body: Value, words: &str, receipt: Receipt) {
        let (_, arguments, line, reply) = writes().into_iter().find(|(name, ..)| *name == tool).unwrap();
        let fake = fake(json!({ "task_owner_id": "005RO000000abcdYAA" }));
        let fake = fake.expect(QUERY, ann(json!({}))).expect(line, reply);
        let outcome = fake.call::<Plugin>(tool, arguments).unwrap();
        assert_eq!(fake.sent().last().unwrap().json(), body);
        assert_eq!(outcome.text, words);
        assert_eq!(outcome.receipts, [receipt]);
        assert_eq!(soql(&fake.sent()[0]), format!("SELECT {FIELDS} WHERE Id = '{ID}' LIMIT 2"));
    }
    check(
        "update_account_status",
        json!({ "Collection_Status__c": "paid" }),
        &format!("account {ID} has the status paid"),
        receipt("Contact", ID),
    );
    check(
        "record_promise_to_pay",
        json!({
            "Collection_Status__c": "promise_to_pay",
            "Promised_Payment_Date__c": "2026-01-16",
            "Promised_Payment_Amount__c": 150.0,
        }),
        &format!("the promise to pay 150.00 USD by 2026-01-16 is recorded on account {ID}"),
        receipt("Contact", ID),
    );
    check(
        "log_payment_arrangement",
        json!({
            "Account__c": ID,
            "Amount__c": 420.5,
            "First_Payment_Date__c": "2026-01-16",
            "Terms__c": "First payment on 2026-01-16.",
        }),
        &format!("the arrangement of 420.50 USD is logged on account {ID}, arrangement_id {MADE}"),
        receipt("Payment_Arrangement__c", MADE),
    );
    check(
        "schedule_promise_callback",
        json!({
            "WhoId": ID,
            "Subject": "Call back about the payment promised for 2026-01-16",
            "Description": "150 \"by card\"",
            "ActivityDate": "2026-01-16",
            "OwnerId": "005RO000000abcdYAA",
        }),
        &format!("a callback on account {ID} is due on 2026-01-16, task_id 00TRO000000abcdYAA"),
        receipt("Task", "00TRO000000abcdYAA"),
    );
}

#[test]
fn a_status_erases_what_is_of_another_promise_and_nothing_else() {
    fn check(more: Value, promised_before: Value, written: Value) {
        let account = ann(json!({ "Promised_Payment_Date__c": promised_before }));
        let fake = fake(json!({})).expect(QUERY, account).expect(PATCH, Reply::text(204, ""));
        let arguments = with(json!({ "account_id": ID, "phone": "+14155550123", "reason": " " }), more);
        fake.call::<Plugin>("update_account_status", arguments).unwrap();
        assert_eq!(fake.sent()[1].json(), written);
    }
    let promise = json!({ "status": "promise_to_pay", "promised_date": "2026-01-16" });
    let same = json!({ "Collection_Status__c": "promise_to_pay", "Promised_Payment_Date__c": "2026-01-16" });
    let other = with(same.clone(), json!({ "Promised_Payment_Amount__c": null }));
    check(promise.clone(), json!("2026-01-16"), same);
    check(promise.clone(), json!("2026-01-09"), other.clone());
    check(promise, Value::Null, other);
    check(json!({ "status": "disputed" }), json!("2026-01-09"), json!({ "Collection_Status__c": "disputed" }));
}

#[test]
fn a_callback_about_what_is_no_person_is_about_a_matter() {
    let promised = json!({ "Collection_Status__c": "promise_to_pay", "Promised_Payment_Date__c": "2026-01-16" });
    let account = found(json!([with(promised, json!({ "Id": MADE }))]));
    let fake = fake(json!({ "object": "Debt__c" })).expect(QUERY, account).expect(TASK, created("00TRO000000abcdYAA"));
    let arguments = json!({ "account_id": MADE, "date": "2026-01-16", "about": "150" });
    fake.call::<Plugin>("schedule_promise_callback", arguments).unwrap();
    let task = fake.sent()[1].json();
    assert_eq!((&task["WhatId"], &task["WhoId"]), (&json!(MADE), &Value::Null));
}

#[test]
fn another_number_s_account_is_as_one_that_is_not_there() {
    for (tool, arguments, ..) in writes() {
        let told = |reply: Reply, phone: &str| {
            let failure = fake(json!({}))
                .expect(QUERY, reply)
                .call::<Plugin>(tool, with(arguments.clone(), json!({ "phone": phone })))
                .unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotFound, "{tool}");
            failure.message
        };
        let words = format!("no account has the id {ID}; find_account tells ids");
        assert_eq!(told(nothing(), "+14155550123"), words);
        assert_eq!(told(ann(json!({})), "+14155550199"), words);
        // Salesforce finds it under other capitals too.
        assert_eq!(told(ann(json!({ "Id": "003RO0000035WQGYAM" })), "+14155550123"), words);
    }
}

#[test]
fn other_currencies_are_refused() {
    for (tool, arguments, ..) in writes().into_iter().filter(|(_, arguments, ..)| arguments["currency"] == "USD") {
        let arguments = with(arguments, json!({ "currency": "GBP" }));
        let failure = fake(json!({})).call::<Plugin>(tool, arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains("the accounts are in USD"), "{}", failure.message);
    }
}

#[test]
fn refusals_are_told_with_whose_they_are() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        let fake = fake(json!({})).expect(QUERY, ann(json!({}))).expect(PATCH, reply);
        let arguments = json!({ "account_id": ID, "status": "paid" });
        let failure = fake.call::<Plugin>("update_account_status", arguments).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), code);
    }
    fn check_code(status: u16, code: &str, kind: FailureKind, words: &str) {
        check(refused(status, code, "Salesforce's own words"), kind, words, Some(code));
        check(refused(status, code, "Salesforce's own words"), kind, "Salesforce's own words", Some(code));
    }
    use FailureKind as Kind;
    check_code(400, "INVALID_FIELD", Kind::Misconfigured, "the plugin's settings");
    check_code(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Kind::Misconfigured, "the field's picklist");
    check_code(403, "INSUFFICIENT_ACCESS_OR_READONLY", Kind::Denied, "an administrator");
    check_code(401, "INVALID_SESSION_ID", Kind::Unavailable, "a new session");
    check_code(403, "REQUEST_LIMIT_EXCEEDED", Kind::RateLimited, "API requests");
    check_code(400, "UNABLE_TO_LOCK_ROW", Kind::Unavailable, "at this moment");
    check_code(400, "ENTITY_IS_LOCKED", Kind::Conflict, "is locked");
    check_code(400, "DUPLICATES_DETECTED", Kind::Conflict, "use the record that there is");
    check_code(404, "NOT_FOUND", Kind::NotFound, "take ids as the tools");
    check_code(404, "ENTITY_IS_DELETED", Kind::NotFound, "it was deleted");
    check_code(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Kind::InvalidArguments, "");
    let no_key = "Provided external ID field does not exist or is not accessible: Aftercall_Key__c";
    check(refused(404, "NOT_FOUND", no_key), Kind::Misconfigured, "the key field", Some("NOT_FOUND"));
    check(Reply::json(300, json!(["/services/data/v62.0/sobjects/Contact/1"])), Kind::Conflict, "several", None);
    check(Reply::text(503, ""), Kind::OutcomeUnknown, "503", None);
    check(Reply::cut(), Kind::OutcomeUnknown, "no whole answer", None);
    check(Reply::denied(), Kind::Denied, "the grant doesn't allow", None);
}

#[test]
fn what_an_upsert_does_not_find_is_of_the_settings() {
    fn check(status: u16, code: &str, kind: FailureKind, words: &str) {
        for (tool, arguments, line, _) in writes().into_iter().skip(2) {
            let fake = fake(json!({})).expect(QUERY, ann(json!({}))).expect(line, refused(status, code, "no"));
            let failure = fake.call::<Plugin>(tool, arguments).unwrap_err();
            assert_eq!((failure.kind, failure.code.as_deref()), (kind, Some(code)), "{tool}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    check(404, "NOT_FOUND", FailureKind::Misconfigured, "the plugin's settings");
    check(400, "INVALID_CROSS_REFERENCE_KEY", FailureKind::Misconfigured, "the plugin's settings");
    check(404, "ENTITY_IS_DELETED", FailureKind::NotFound, "it was deleted");
    check(400, "INVALID_FIELD", FailureKind::Misconfigured, "the plugin's settings");
}

#[test]
fn an_upsert_that_updated_says_its_id_or_is_looked_up() {
    let (tool, arguments, line, _) = writes().into_iter().nth(2).unwrap();
    let call = |fake: Fake| (fake.call::<Plugin>(tool, arguments.clone()), fake);
    let read = || fake(json!({})).attempt(2).expect(QUERY, ann(json!({})));
    let updated = Reply::json(200, json!({ "id": MADE, "success": true, "errors": [], "created": false }));
    let (outcome, _) = call(read().expect(line, updated));
    assert_eq!(outcome.unwrap().receipts, [receipt("Payment_Arrangement__c", MADE)]);

    let empty = || read().expect(line, Reply::text(204, ""));
    let (outcome, fake) = call(empty().expect(QUERY, found(json!([{ "Id": MADE }]))));
    assert_eq!(outcome.unwrap().receipts, [receipt("Payment_Arrangement__c", MADE)]);
    let by_key = "SELECT Id FROM Payment_Arrangement__c WHERE Aftercall_Key__c = 'ac_0123abcd' LIMIT 2";
    assert_eq!(soql(&fake.sent()[2]), by_key);
    for reply in [nothing(), Reply::cut(), Reply::text(403, "")] {
        let (outcome, _) = call(empty().expect(QUERY, reply));
        assert_eq!(outcome.unwrap_err().kind, FailureKind::OutcomeUnknown);
    }
    let (outcome, _) = call(read().expect(line, Reply::stray(201, "")));
    assert_eq!(outcome.unwrap_err().kind, FailureKind::OutcomeUnknown);
}

/// What Salesforce holds after each write.
fn kept() -> [Value; 4] {
    [
        json!({ "Id": ID, "Collection_Status__c": "paid" }),
        json!({
            "Id": ID,
            "Collection_Status__c": "promise_to_pay",
            "Promised_Payment_Date__c": "2026-01-16",
            "Promised_Payment_Amount__c": 150.0,
        }),
        json!({ "Id": MADE, "Account__c": ID, "Amount__c": 420.5 }),
        json!({ "Id": "00TRO000000abcdYAA" }),
    ]
}

#[test]
fn effects_in_doubt_are_read() {
    for ((tool, arguments, ..), kept) in writes().into_iter().zip(kept()) {
        let ask = |reply: Reply, later_ms: u64| {
            let fake = fake(json!({})).attempt_at(THEN_MS).now(THEN_MS + later_ms).expect(QUERY, reply);
            fake.reconcile::<Plugin>(tool, arguments.clone())
        };
        let Ok(Finding::Happened(outcome)) = ask(found(json!([kept.clone()])), 0) else { panic!("{tool}") };
        assert_eq!(outcome.receipts[0].id, kept["Id"].as_str().unwrap());
        assert_eq!(ask(nothing(), 0), Ok(Finding::ask_again_after(60_000)), "{tool}");
        assert_eq!(ask(nothing(), AT_WORK_MS - 1), Ok(Finding::ask_again_after(1)), "{tool}");
        // An account was there before: that it isn't says nothing of what was written on it.
        let absent = if kept["Id"] == ID { Finding::Unknown(None) } else { Finding::DidNotHappen };
        assert_eq!(ask(nothing(), AT_WORK_MS), Ok(absent), "{tool}");
        assert_eq!(ask(Reply::text(503, ""), 0).unwrap_err().kind, FailureKind::Unavailable, "{tool}");
        assert_eq!(ask(refused(400, "INVALID_FIELD", "no"), 0), Ok(Finding::Unknown(None)), "{tool}");
    }
    // What says something else isn't it, and others may have changed it since.
    for ((tool, arguments, ..), other) in writes().into_iter().zip([
        json!({ "Id": ID, "Collection_Status__c": "disputed" }),
        json!({ "Id": ID, "Collection_Status__c": "promise_to_pay", "Promised_Payment_Date__c": "2026-01-16" }),
        json!({ "Id": MADE, "Account__c": "003RO0000035WQhYAM", "Amount__c": 420.5 }),
    ]) {
        let ask = |later_ms: u64| {
            let fake = fake(json!({})).attempt_at(THEN_MS).now(THEN_MS + later_ms);
            fake.expect(QUERY, found(json!([other]))).reconcile::<Plugin>(tool, arguments.clone())
        };
        assert_eq!(ask(0), Ok(Finding::ask_again_after(60_000)), "{tool}");
        match ask(AT_WORK_MS) {
            // By its own key it is known that it was made.
            Ok(Finding::HappenedOtherwise(outcome)) => {
                assert_eq!(outcome.receipts, [receipt("Payment_Arrangement__c", MADE)])
            }
            finding => assert_eq!((finding, &other["Id"]), (Ok(Finding::Unknown(None)), &json!(ID)), "{tool}"),
        }
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_repeated_and_is_one() {
    for (tool, arguments, line, reply) in writes() {
        let attempt = |number: u32, reply: Reply| {
            let mut fake = fake(json!({})).attempt(number);
            if number > 1 {
                fake = fake.doubted();
            }
            for _ in 0..1 + u32::from(number > 1 && tool == "record_promise_to_pay") {
                fake = fake.expect(QUERY, ann(json!({})));
            }
            fake.expect(line, reply)
        };
        let first = attempt(1, Reply::cut());
        assert_eq!(first.call::<Plugin>(tool, arguments.clone()).unwrap_err().kind, FailureKind::OutcomeUnknown);
        let second = attempt(2, reply);
        second.call::<Plugin>(tool, arguments).unwrap();
        let written = |fake: &Fake| fake.sent().last().map(|sent| (sent.line(), sent.text().to_owned()));
        assert_eq!(written(&first), written(&second), "{tool}");
    }
}
