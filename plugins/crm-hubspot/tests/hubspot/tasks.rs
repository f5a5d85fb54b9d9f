//! Tasks: made once, and found again by the key.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, IntoOutcome as _, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{ATTEMPT_AT, CONTACT_URL, deal_of, error, fake, object, settings};

const TASKS: &str = "POST https://api.hubapi.com/crm/v3/objects/tasks";
const SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/tasks/search";
const DEAL: &str = "GET https://api.hubapi.com/crm/v3/objects/0-3/77";

fn task() -> Value {
    json!({
        "contact_id": "512",
        "subject": "Send the quote",
        "due_date": "2026-03-02",
        "due_time": "09:30-05:00",
        "priority": "high",
    })
}

fn made() -> Outcome {
    let outcome = Outcome::new("the task is made on contact 512, task_id 8");
    let outcome = outcome.with_receipt(Receipt::new("task", "8").with_url(CONTACT_URL));
    Outcome { data: Some(r#"{"task_id":"8"}"#.to_owned()), ..outcome }.into_outcome().unwrap()
}

#[test]
fn a_task_is_made_on_the_contact() {
    let fake = fake().expect(TASKS, Reply::json(201, object("8", json!({}))));
    assert_eq!(fake.call::<Plugin>("create_task", task()), Ok(made()));
    let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204 });
    let expected = json!({
        "properties": {
            "hs_task_subject": "Send the quote",
            "hs_task_body": "<p>Reference: ac0123abcd (aftercall)</p>",
            "hs_task_status": "NOT_STARTED",
            "hs_task_type": "TODO",
            "hs_task_priority": "HIGH",
            "hs_timestamp": "1772461800000",
            "hubspot_owner_id": "4001",
        },
        "associations": [{ "to": { "id": "512" }, "types": [kind] }],
    });
    assert_eq!(fake.sent()[0].json(), expected);
}

#[test]
fn a_task_on_a_deal_holds_text_and_nobody_where_no_owner_is_set() {
    let mut settings = settings();
    settings.as_object_mut().unwrap().remove("task_owner_id");
    let mut arguments = task();
    arguments["deal_id"] = json!("77");
    arguments["priority"] = json!("low");
    arguments["body"] = json!("<b>40</b> seats & a pilot");
    let fake = fake()
        .settings(settings)
        .expect(DEAL, Reply::json(200, deal_of("512")))
        .expect(TASKS, Reply::json(201, object("8", json!({}))));
    fake.call::<Plugin>("create_task", arguments).unwrap();
    let sent = fake.sent()[1].json();
    let body = "<p>&lt;b&gt;40&lt;/b&gt; seats &amp; a pilot</p><p>Reference: ac0123abcd (aftercall)</p>";
    assert_eq!(sent["properties"]["hs_task_body"], body);
    assert_eq!(sent["properties"]["hs_task_priority"], "LOW");
    assert_eq!(sent["properties"].get("hubspot_owner_id"), None);
    let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 216 });
    assert_eq!(sent["associations"][1], json!({ "to": { "id": "77" }, "types": [kind] }));
}

#[test]
fn a_task_is_due_on_a_day_or_at_a_time_of_it() {
    fn check(due_date: &str, due_time: Option<&str>, expected: Result<&str, &str>) {
        let mut arguments = task();
        arguments["due_date"] = json!(due_date);
        arguments["due_time"] = json!(due_time);
        match expected {
            Ok(ms) => {
                let fake = fake().expect(TASKS, Reply::json(201, object("8", json!({}))));
                fake.call::<Plugin>("create_task", arguments).unwrap();
                assert_eq!(fake.sent()[0].json()["properties"]["hs_timestamp"], ms);
            }
            Err(words) => {
                let failure = fake().call::<Plugin>("create_task", arguments).unwrap_err();
                assert_eq!(failure.kind, FailureKind::InvalidArguments);
                assert!(failure.message.contains(words), "{}", failure.message);
            }
        }
    }
    check("2026-03-02", Some("14:30Z"), Ok("1772461800000"));
    check("2026-03-02", Some("09:30-05:00"), Ok("1772461800000"));
    check("2026-03-02", Some("20:00+05:30"), Ok("1772461800000"));
    check("2028-02-29", Some("23:59+14:00"), Ok("1835431140000"));
    // Noon in UTC.
    check("2026-03-02", None, Ok("1772452800000"));
    check("2026-03-01", None, Ok("1772366400000"));
    // The call was one minute into the first of March in UTC, so on the last of February in New York.
    check("2026-02-28", None, Ok("1772280000000"));
    check("2026-02-27", None, Err("`due_date` is in the past"));
    check("2026-03-01", Some("00:01Z"), Err("`due_date` is in the past"));
    check("1969-12-31", None, Err("within 1970"));
    for wrong in
        ["14:30", "9:30Z", "14:30:00Z", "14:30.25Z", "14:30-00:00", "24:00Z", "nine", "", "2026-03-02T14:30:00Z"]
    {
        check("2026-03-02", Some(wrong), Err("is no time of day: write hours, minutes and the offset"));
    }
    check("2026-02-30", None, Err("there is no day 2026-02-30"));
    check("2026-03-02T14:30:00Z", None, Err("is no day"));
    check("tomorrow", None, Err("is no day"));
}

#[test]
fn the_search_of_tasks_decides() {
    fn check(body: Option<&str>, later_ms: u64, expected: &Finding) {
        let tasks: Vec<Value> = body.iter().map(|body| object("8", json!({ "hs_task_body": body }))).collect();
        let page = json!({ "total": tasks.len(), "results": tasks });
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(SEARCH, Reply::json(200, page));
        let finding = fake.reconcile::<Plugin>("create_task", task()).unwrap();
        assert_eq!(finding, *expected, "{body:?} {later_ms} ms later");
        let filter = json!({ "propertyName": "hs_task_body", "operator": "CONTAINS_TOKEN", "value": "ac0123abcd" });
        assert_eq!(fake.sent()[0].json()["filterGroups"], json!([{ "filters": [filter] }]));
    }
    check(Some("<p>Reference: ac0123abcd (aftercall)</p>"), 0, &Finding::Happened(made()));
    check(Some("<p>Reference: ac0123abcdef (aftercall)</p>"), 90_000, &Finding::DidNotHappen);
    check(None, 59_999, &Finding::Unknown(Some(1)));
    check(None, 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_task_whose_answer_was_lost_is_made_once() {
    let cut = fake().expect(TASKS, Reply::cut());
    assert_eq!(cut.call::<Plugin>("create_task", task()).unwrap_err().kind, FailureKind::OutcomeUnknown);
    let there = object("8", json!({ "hs_task_body": cut.sent()[0].json()["properties"]["hs_task_body"] }));
    let search = fake().expect(SEARCH, Reply::json(200, json!({ "total": 1, "results": [there] })));
    assert_eq!(search.reconcile::<Plugin>("create_task", task()), Ok(Finding::Happened(made())));
}

#[test]
fn an_owner_that_hubspot_does_not_know_is_the_settings() {
    let detail =
        json!({ "message": "m", "code": "INVALID_OWNER", "context": { "propertyName": ["hubspot_owner_id"] } });
    let mut refusal = error("VALIDATION_ERROR", "no such owner");
    refusal["errors"] = json!([detail]);
    let fake = fake().expect(TASKS, Reply::json(400, refusal));
    let failure = fake.call::<Plugin>("create_task", task()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(failure.message.contains("an operator has to make"), "{}", failure.message);
}
