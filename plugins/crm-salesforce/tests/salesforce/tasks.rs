//! `log_call_summary` and `create_task`.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{API, CONTACT, KEY, LEAD, OPPORTUNITY, TASK, absent, example, fake, merged, saved, url, with};

fn line(method: &str) -> String {
    format!("{method} {API}/sobjects/Task/Aftercall_Key__c/{KEY}")
}

fn call(changes: Value) -> Value {
    merged(json!({ "person_id": CONTACT, "summary": "Wants <b>40</b> seats\nby May & asks for a quote\n" }), changes)
}

fn to_do(changes: Value) -> Value {
    let to_do =
        json!({ "person_id": CONTACT, "due_date": "2026-03-03", "subject": "Send the quote", "priority": "High" });
    merged(to_do, changes)
}

fn made(words: &str, id: &str) -> Outcome {
    let receipt = Receipt::new("Task", id).with_url(url(id));
    let data = Some(json!({ "task_id": id }).to_string());
    Outcome { data, ..Outcome::new(format!("{words}, task_id {id}")).with_receipt(receipt) }
}

fn logged(person: &str) -> Outcome {
    made(&format!("the call is logged on {person}"), TASK)
}

#[test]
fn a_call_is_a_completed_task() {
    fn check(settings: Value, changes: Value, expected: Value) {
        let fake = with(settings).expect(&line("PATCH"), saved(TASK, true));
        let arguments = call(changes);
        let person = arguments["person_id"].as_str().unwrap().to_owned();
        assert_eq!(fake.call::<Plugin>("log_call_summary", arguments), Ok(logged(&person)));
        let fields = json!({
            "WhoId": CONTACT, "Subject": "Call", "Description": "Wants <b>40</b> seats\nby May & asks for a quote",
            "ActivityDate": "2026-03-01", "Status": "Completed", "TaskSubtype": "Call",
        });
        assert_eq!(fake.sent()[0].json(), merged(fields, expected));
    }
    let none = || json!({});
    check(none(), none(), none());
    check(none(), json!({ "person_id": LEAD }), json!({ "WhoId": LEAD }));
    check(
        none(),
        json!({ "opportunity_id": OPPORTUNITY, "subject": "Call: 40 seats", "next_step": "Bo sends it", "summary": "Yes." }),
        json!({ "WhatId": OPPORTUNITY, "Subject": "Call: 40 seats", "Description": "Yes.\n\nNext step: Bo sends it" }),
    );
    // The first attempt is at one minute past midnight in UTC.
    check(json!({ "utc_offset_minutes": -1 }), none(), none());
    check(json!({ "utc_offset_minutes": -480 }), none(), json!({ "ActivityDate": "2026-02-28" }));
    check(json!({ "completed_status": "Erledigt" }), none(), json!({ "Status": "Erledigt" }));
    check(json!({ "task_owner_id": "005D0000001KyEIIA0" }), none(), none());
}

#[test]
fn a_task_is_open() {
    fn check(settings: Value, changes: Value, expected: Value) {
        let fake = with(settings).expect(&line("PATCH"), saved(TASK, true));
        let arguments = to_do(changes);
        let words = format!(
            "the task about {} is open, due {}",
            arguments["person_id"].as_str().unwrap(),
            arguments["due_date"].as_str().unwrap()
        );
        assert_eq!(fake.call::<Plugin>("create_task", arguments), Ok(made(&words, TASK)));
        let fields = json!({
            "WhoId": CONTACT, "Subject": "Send the quote", "ActivityDate": "2026-03-03", "Priority": "High",
        });
        assert_eq!(fake.sent()[0].json(), merged(fields, expected));
    }
    check(json!({}), json!({}), json!({}));
    check(json!({}), json!({ "person_id": LEAD, "priority": "Low" }), json!({ "WhoId": LEAD, "Priority": "Low" }));
    check(json!({}), json!({ "due_date": "2026-03-01" }), json!({ "ActivityDate": "2026-03-01" }));
    check(
        json!({ "task_owner_id": "005D0000001KyEIIA0" }),
        json!({ "opportunity_id": OPPORTUNITY, "description": " 40 seats " }),
        json!({ "WhatId": OPPORTUNITY, "Description": "40 seats", "OwnerId": "005D0000001KyEIIA0" }),
    );
}

#[test]
fn an_attempt_whose_answer_is_lost_makes_one_task() {
    fn check(tool: &str, arguments: &Value, expected: &Outcome) {
        for lost in [Reply::cut(), Reply::text(502, ""), Reply::text(201, "{")] {
            let first = fake().expect(&line("PATCH"), lost);
            let failure = first.call::<Plugin>(tool, arguments.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
        }
        // It was made: the next attempt finds it, and leaves it as people may have changed it.
        let second = fake().attempt(2).expect(&line("GET"), Reply::json(200, json!({ "Id": TASK })));
        assert_eq!(second.call::<Plugin>(tool, arguments.clone()).as_ref(), Ok(expected));
        // It wasn't.
        let third = fake().attempt(2).expect(&line("GET"), absent()).expect(&line("PATCH"), saved(TASK, true));
        assert_eq!(third.call::<Plugin>(tool, arguments.clone()).as_ref(), Ok(expected));
    }
    check("log_call_summary", &call(json!({})), &logged(CONTACT));
    let open = made(&format!("the task about {CONTACT} is open, due 2026-03-03"), TASK);
    check("create_task", &to_do(json!({})), &open);
}

#[test]
fn a_look_that_fails_is_no_doubt_and_no_task() {
    fn check(look: Reply, kind: FailureKind) {
        let fake = fake().attempt(2).expect(&line("GET"), look);
        let failure = fake.call::<Plugin>("log_call_summary", call(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
    }
    let field = "Provided external ID field does not exist or is not accessible: Aftercall_Key__c";
    let field = json!([{ "errorCode": "NOT_FOUND", "message": field }]);
    check(Reply::json(404, field), FailureKind::Denied);
    check(Reply::text(502, ""), FailureKind::Unavailable);
    check(Reply::unreachable(), FailureKind::Unavailable);
    check(example(include_str!("../fixtures/upsert-several.json")).0, FailureKind::Conflict);
}

#[test]
fn salesforces_own_example_of_a_record_is_read() {
    let record = example(include_str!("../fixtures/record-by-key.json")).0;
    let fake = fake().attempt(2).expect(&line("GET"), record);
    let expected = made(&format!("the call is logged on {CONTACT}"), "a00D0000008oWP8IAM");
    assert_eq!(fake.call::<Plugin>("log_call_summary", call(json!({}))), Ok(expected));
}
