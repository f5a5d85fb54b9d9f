//! `log_call_summary` and `create_task`.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{
    ACCOUNT, API, AT_WORK_MS, CONTACT, FIRST_ATTEMPT_AT, KEY, LEAD, OPPORTUNITY, QUERY, TASK, fake, merged, page,
    query_by_key, saved, several, soql, url, with,
};

fn upsert() -> String {
    format!("PATCH {API}/sobjects/Task/Aftercall_Key__c/{KEY}")
}

fn call(changes: Value) -> Value {
    merged(json!({ "person_id": CONTACT, "summary": "Wants <b>40</b> seats\nby May & asks for a quote\n" }), changes)
}

fn to_do(changes: Value) -> Value {
    let to_do =
        json!({ "person_id": CONTACT, "due_date": "2026-03-03", "subject": "Send the quote", "priority": "High" });
    merged(to_do, changes)
}

/// The contact's part in the opportunity, where one is named, is looked at first.
fn looked_at(fake: Fake, arguments: &Value) -> Fake {
    if arguments.get("opportunity_id").is_none() {
        return fake;
    }
    let roles = json!({ "records": [{ "Id": "00K000000000000EAA" }] });
    fake.expect(QUERY, page(&[json!({ "Id": OPPORTUNITY, "OpportunityContactRoles": roles })]))
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
fn a_note_is_on_a_person_on_an_opportunity_or_on_both() {
    fn check(on: Value, expected: Value, words: &str) {
        let arguments = merged(json!({ "text": " Prefers mornings\n" }), on.clone());
        let fake = if on.get("person_id").is_some() { looked_at(fake(), &arguments) } else { fake() };
        let fake = fake.expect(&upsert(), saved(TASK, true));
        let words = format!("the note is logged on {words}");
        assert_eq!(fake.call::<Plugin>("log_note", arguments), Ok(made(&words, TASK)));
        let fields = json!({
            "Subject": "Note", "Description": "Prefers mornings", "ActivityDate": "2026-03-01", "Status": "Completed",
        });
        assert_eq!(fake.sent().last().unwrap().json(), merged(fields, expected));
    }
    check(json!({ "person_id": LEAD }), json!({ "WhoId": LEAD }), LEAD);
    check(json!({ "opportunity_id": OPPORTUNITY }), json!({ "WhatId": OPPORTUNITY }), OPPORTUNITY);
    check(
        json!({ "person_id": CONTACT, "opportunity_id": OPPORTUNITY }),
        json!({ "WhoId": CONTACT, "WhatId": OPPORTUNITY }),
        &format!("{CONTACT} and {OPPORTUNITY}"),
    );
}

#[test]
fn a_note_on_nothing_is_refused() {
    let failure = fake().call::<Plugin>("log_note", json!({ "text": "Prefers mornings" })).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[test]
fn a_call_is_a_completed_task() {
    fn check(settings: Value, changes: Value, expected: Value) {
        let arguments = call(changes);
        let fake = looked_at(with(settings), &arguments).expect(&upsert(), saved(TASK, true));
        let person = arguments["person_id"].as_str().unwrap().to_owned();
        assert_eq!(fake.call::<Plugin>("log_call_summary", arguments), Ok(logged(&person)));
        let fields = json!({
            "WhoId": CONTACT, "Subject": "Call", "Description": "Wants <b>40</b> seats\nby May & asks for a quote",
            "ActivityDate": "2026-03-01", "Status": "Completed", "TaskSubtype": "Call",
        });
        assert_eq!(fake.sent().last().unwrap().json(), merged(fields, expected));
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
        let arguments = to_do(changes);
        let fake = looked_at(with(settings), &arguments).expect(&upsert(), saved(TASK, true));
        let words = format!(
            "the task about {} is open, due {}",
            arguments["person_id"].as_str().unwrap(),
            arguments["due_date"].as_str().unwrap()
        );
        assert_eq!(fake.call::<Plugin>("create_task", arguments), Ok(made(&words, TASK)));
        let fields = json!({
            "WhoId": CONTACT, "Subject": "Send the quote", "ActivityDate": "2026-03-03", "Priority": "High",
        });
        assert_eq!(fake.sent().last().unwrap().json(), merged(fields, expected));
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

/// The task that an attempt has made, as Salesforce tells it.
fn told(sent: &Value, changes: Value) -> Value {
    let mut task = json!({ "Id": TASK, "Subject": sent["Subject"] });
    if let Some(text) = sent["Description"].as_str() {
        task["Description"] = json!(text.replace('\n', "\r\n"));
    }
    merged(task, changes)
}

#[test]
fn an_attempt_whose_answer_is_lost_makes_one_task() {
    fn check(tool: &str, arguments: &Value, expected: &Outcome) {
        let mut made = Value::Null;
        for lost in [Reply::cut(), Reply::text(502, ""), Reply::stray(201, "{")] {
            let first = fake().expect(&upsert(), lost);
            let failure = first.call::<Plugin>(tool, arguments.clone()).unwrap_err();
            assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
            made = first.sent()[0].json();
        }
        // It was made: the next attempt finds it, and leaves it as people may have changed it.
        let there = told(&made, json!({ "ActivityDate": "2027-01-01", "Status": "Deferred" }));
        let second = fake().attempt(2).doubted().expect(QUERY, page(&[there]));
        assert_eq!(second.call::<Plugin>(tool, arguments.clone()).as_ref(), Ok(expected));
        // It wasn't.
        let third = fake().attempt(2).doubted().expect(QUERY, page(&[])).expect(&upsert(), saved(TASK, true));
        assert_eq!(third.call::<Plugin>(tool, arguments.clone()).as_ref(), Ok(expected));
        assert_eq!(third.sent()[1].json(), made);
    }
    check("log_call_summary", &call(json!({})), &logged(CONTACT));
    let open = made(&format!("the task about {CONTACT} is open, due 2026-03-03"), TASK);
    check("create_task", &to_do(json!({})), &open);
}

#[test]
fn an_earlier_task_that_says_something_else_is_told() {
    fn check(changes: Value) {
        let there = merged(json!({ "Id": TASK, "Subject": "Call", "Description": "Yes." }), changes);
        let fake = fake().attempt(2).doubted().expect(QUERY, page(&[there]));
        let failure = fake.call::<Plugin>("log_call_summary", call(json!({ "summary": "Yes." }))).unwrap_err();
        assert_eq!(soql(&fake.sent()[0]), query_by_key("Id, Description, Subject", "Task", KEY));
        assert_eq!(failure.kind, FailureKind::Conflict);
        let words =
            format!("an earlier attempt made task_id {TASK}, which says something else now; nothing was changed");
        assert!(failure.message.contains(&words), "{}", failure.message);
    }
    check(json!({ "Subject": "Call: 40 seats" }));
    check(json!({ "Description": "No." }));
    check(json!({ "Description": null }));
}

#[test]
fn a_task_in_doubt_is_looked_for_by_its_key() {
    fn check(tool: &str, arguments: Value, look: Reply, later_ms: u64, expected: &Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(QUERY, look);
        assert_eq!(fake.reconcile::<Plugin>(tool, arguments).as_ref(), Ok(expected), "{later_ms} ms later");
    }
    fn check_call(look: Reply, later_ms: u64, expected: &Finding) {
        check("log_call_summary", call(json!({ "summary": "Yes." })), look, later_ms, expected);
    }
    fn there(description: &str) -> Reply {
        page(&[json!({ "Id": TASK, "Subject": "Call", "Description": description })])
    }
    check_call(there("Yes."), 0, &Finding::Happened(logged(CONTACT)));
    check_call(there("No."), 0, &Finding::Unknown(Some(60_000)));
    let text =
        format!("Task {TASK} was made for this, and isn't as it was asked for: nothing else is made in its place");
    check_call(there("No."), AT_WORK_MS, &Finding::HappenedOtherwise(Outcome { text, ..logged(CONTACT) }));
    check_call(page(&[]), AT_WORK_MS - 1, &Finding::Unknown(Some(1)));
    check_call(page(&[]), AT_WORK_MS, &Finding::DidNotHappen);
    check_call(several(), 0, &Finding::Unknown(None));
    let task = page(&[json!({ "Id": TASK, "Subject": "Send the quote" })]);
    let words = format!("the task about {CONTACT} is made, due 2026-03-03");
    check("create_task", to_do(json!({})), task, 0, &Finding::Happened(made(&words, TASK)));
}

#[test]
fn an_opportunity_in_which_the_contact_has_no_part_gets_no_task() {
    fn check(opportunity: Option<Value>, contact: Option<Value>, is_its: bool) {
        let arguments = call(json!({ "opportunity_id": OPPORTUNITY }));
        let mut fake = fake().expect(QUERY, page(opportunity.as_slice()));
        if let Some(contact) = contact {
            fake = fake.expect(QUERY, page(&[contact]));
        }
        if is_its {
            fake = fake.expect(&upsert(), saved(TASK, true));
        }
        let outcome = fake.call::<Plugin>("log_call_summary", arguments);
        let roles = format!(
            "SELECT Id, AccountId, (SELECT Id FROM OpportunityContactRoles WHERE ContactId = '{CONTACT}') \
             FROM Opportunity WHERE Id = '{OPPORTUNITY}' LIMIT 1"
        );
        assert_eq!(soql(&fake.sent()[0]), roles);
        match outcome {
            Ok(outcome) => assert!(is_its, "{}", outcome.text),
            Err(failure) => {
                assert_eq!((failure.kind, is_its), (FailureKind::NotFound, false), "{}", failure.message);
                let words = format!("contact {CONTACT} has no part in opportunity {OPPORTUNITY}");
                assert!(failure.message.contains(&words), "{}", failure.message);
            }
        }
    }
    let opportunity = |account: Value, roles: Value| {
        Some(json!({ "Id": OPPORTUNITY, "AccountId": account, "OpportunityContactRoles": roles }))
    };
    let contact = |account: Value| Some(json!({ "Id": CONTACT, "AccountId": account }));
    let role = json!({ "totalSize": 1, "done": true, "records": [{ "Id": "00K000000000000EAA" }] });
    check(opportunity(json!(null), role), None, true);
    check(opportunity(json!(ACCOUNT), json!(null)), contact(json!(ACCOUNT)), true);
    check(opportunity(json!(ACCOUNT), json!(null)), contact(json!("001900000010PvHAAU")), false);
    check(opportunity(json!(null), json!(null)), contact(json!(null)), false);
    check(None, None, false);
}

#[test]
fn what_a_rehearsal_made_can_be_gone_on_with() {
    for object in ["003000000000000AAA", "00Q000000000000EAA", "006000000000000AAA", "00T000000000000EAA"] {
        assert!(include_str!("../../plugin.toml").contains(&format!(r#""id":"{object}""#)), "{object}");
    }
    let fake = fake().dry_run().expect(&upsert(), saved(TASK, true));
    fake.call::<Plugin>("log_call_summary", call(json!({ "person_id": "00Q000000000000EAA" }))).unwrap();
    let fake = crate::fake().dry_run().expect(&upsert(), saved(TASK, true));
    fake.call::<Plugin>("log_call_summary", call(json!({ "opportunity_id": "006000000000000AAA" }))).unwrap();
    let fake = crate::fake().dry_run().expect(&upsert(), saved(TASK, true));
    let of_who_is_new = json!({ "person_id": "003000000000000AAA", "opportunity_id": OPPORTUNITY });
    fake.call::<Plugin>("log_call_summary", call(of_who_is_new)).unwrap();
}

#[test]
fn a_look_that_fails_is_no_doubt_and_no_task() {
    fn check(look: Reply, kind: FailureKind) {
        let fake = fake().attempt(2).doubted().expect(QUERY, look);
        let failure = fake.call::<Plugin>("log_call_summary", call(json!({}))).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
    }
    let refused = |status, code: &str| Reply::json(status, json!([{ "errorCode": code, "message": "m" }]));
    check(refused(400, "INVALID_FIELD"), FailureKind::Misconfigured);
    check(refused(400, "INVALID_TYPE"), FailureKind::Misconfigured);
    // It isn't Salesforce's word for a task that isn't there.
    check(refused(404, "URL_NOT_RESET"), FailureKind::NotFound);
    check(Reply::text(404, "<html>"), FailureKind::NotFound);
    check(Reply::text(502, ""), FailureKind::Unavailable);
    check(Reply::unreachable(), FailureKind::Unavailable);
    check(several(), FailureKind::Conflict);
}
