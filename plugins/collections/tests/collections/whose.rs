//! Whose an account is: with the caller's number bound, no tool touches another's, or tells of it.

use aftercall::FailureKind;
use aftercall::testing::Reply;
use aftercall_plugin_collections::tools::Plugin;
use serde_json::{Value, json};

use crate::{ASSOCIATE, PATCH, READ, UPSERT, ann_with, arrangement, associated, fake, object, settings, upserted};

const TASK: &str = "POST https://api.hubapi.com/crm/v3/objects/tasks";
const CALLER: &str = "+14155550123";

/// Each tool that writes, with its arguments.
fn calls(phone: &str) -> [(&'static str, Value); 4] {
    let on_512 = |mut arguments: Value| {
        arguments["account_id"] = json!("512");
        arguments["phone"] = json!(phone);
        arguments
    };
    [
        ("update_account_status", on_512(json!({ "status": "paid" }))),
        ("record_promise_to_pay", on_512(json!({ "amount": "9.00", "currency": "GBP", "date": "2026-01-16" }))),
        ("log_payment_arrangement", on_512(arrangement(json!({})))),
        ("schedule_promise_callback", on_512(json!({ "date": "2026-01-16", "about": "9.00" }))),
    ]
}

fn account(more: Value) -> Reply {
    let mut properties = json!({ "collection_status": "promise_to_pay", "promised_payment_date": "2026-01-16" });
    properties.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ann_with(properties)
}

#[test]
fn another_number_s_account_is_as_one_that_is_not_there() {
    let gone = || Reply::json(404, crate::error("OBJECT_NOT_FOUND", "resource not found"));
    for (tool, arguments) in calls("+14155550199") {
        let told = |reply: Reply| {
            let fake = fake().settings(settings(json!({ "currency": "GBP" }))).expect(READ, reply);
            let failure = fake.call::<Plugin>(tool, arguments.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::NotFound, "{tool}");
            failure.message
        };
        let words = told(gone());
        assert_eq!(words, "no account has the id 512; find_account tells ids");
        assert_eq!(told(account(json!({}))), words, "{tool}");
        assert_eq!(told(account(json!({ "phone": "+141555501990", "mobilephone": "" }))), words, "{tool}");
        // One that was merged into another, which HubSpot gives for it.
        let other = Reply::json(200, object("600", json!({ "phone": "+14155550199" })));
        assert_eq!(told(other), words, "{tool}");
    }
}

#[test]
fn nothing_is_written_on_the_contact_that_the_account_s_was_merged_into() {
    for (tool, mut arguments) in calls(CALLER) {
        arguments.as_object_mut().unwrap().remove("phone");
        let other = Reply::json(200, object("600", json!({ "phone": CALLER, "balance_due": "420.50" })));
        let fake = fake().settings(settings(json!({ "currency": "GBP" }))).expect(READ, other);
        assert_eq!(fake.call::<Plugin>(tool, arguments).unwrap_err().kind, FailureKind::NotFound, "{tool}");
    }
}

#[test]
fn the_caller_s_own_account_is_written() {
    let written = || Reply::json(200, object("512", json!({})));
    for (tool, arguments) in calls(CALLER) {
        let fake = fake().settings(settings(json!({ "currency": "GBP" }))).expect(READ, account(json!({})));
        let fake = match tool {
            "log_payment_arrangement" => fake.expect(UPSERT, upserted()).expect(ASSOCIATE, associated()),
            "schedule_promise_callback" => fake.expect(TASK, Reply::json(201, object("31", json!({})))),
            _ => fake.expect(PATCH, written()),
        };
        fake.call::<Plugin>(tool, arguments).unwrap();
    }
}

#[test]
fn a_number_that_is_none_is_refused() {
    for (tool, arguments) in calls("415 555 0123") {
        let failure = fake().call::<Plugin>(tool, arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{tool}");
    }
}
