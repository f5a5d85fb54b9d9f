//! `list_sequences` and `enrol_in_sequence`.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{API, AT_WORK_MS, CONTACT, FIRST_ATTEMPT_AT, LEAD, QUERY, example, merged, page, soql, url, with};

const CADENCE: &str = "77Cxx0000004CXEEA2";
const ASSIGNEE: &str = "005000000000001EAA";
const TRACKER: &str = "77T000000000001EAA";

fn settings() -> Value {
    json!({ "cadences": {
        "pilot": { "cadence_id": CADENCE, "for": "Wants to try it." },
        "big": { "cadence_id": "77C000000000002EAA", "assignee_id": ASSIGNEE, "for": "Has over 100 seats." },
    } })
}

fn settled() -> Fake {
    with(settings())
}

fn assign() -> String {
    format!("POST {API}/actions/standard/assignTargetToSalesCadence")
}

fn result(errors: Value) -> Value {
    json!([{
        "actionName": "assignTargetToSalesCadence", "errors": errors, "isSuccess": errors.is_null(), "outputValues": null,
    }])
}

fn done() -> Reply {
    Reply::json(200, result(Value::Null))
}

fn person(id: &str, changes: Value) -> Reply {
    page(&[merged(json!({ "Id": id, "HasOptedOutOfEmail": false, "IsConverted": false }), changes)])
}

fn tracker() -> Reply {
    page(&[json!({ "Id": TRACKER })])
}

fn enrolment(id: &str, sequence: &str) -> Value {
    json!({ "person_id": id, "sequence": sequence })
}

fn enrolled(id: &str, sequence: &str) -> Outcome {
    let receipt = Receipt::new(if id == LEAD { "Lead" } else { "Contact" }, id).with_url(url(id));
    Outcome::new(format!("{id} is enrolled in the sequence {sequence}")).with_receipt(receipt)
}

fn since(id: &str, cadence: &str) -> String {
    // 60 seconds before the first attempt.
    format!(
        "SELECT Id FROM ActionCadenceTracker WHERE TargetId = '{id}' AND ActionCadenceId = '{cadence}' \
         AND CreatedDate >= 2026-03-01T00:00:00Z ORDER BY CreatedDate ASC LIMIT 1"
    )
}

#[test]
fn sequences_are_listed_with_whom_they_fit() {
    let outcome = settled().call::<Plugin>("list_sequences", json!({})).unwrap();
    assert_eq!(outcome.text, "2 to choose from");
    let sequences = json!({ "sequences": [
        { "name": "big", "for": "Has over 100 seats." }, { "name": "pilot", "for": "Wants to try it." },
    ] });
    assert_eq!(serde_json::from_str::<Value>(&outcome.data.unwrap()).unwrap(), sequences);
}

#[test]
fn a_person_is_enrolled() {
    fn check(id: &str, sequence: &str, of_person: &str, input: Value) {
        let fake = settled().expect(QUERY, person(id, json!({}))).expect(QUERY, page(&[])).expect(&assign(), done());
        let outcome = fake.call::<Plugin>("enrol_in_sequence", enrolment(id, sequence)).unwrap();
        let (sent, cadence) = (fake.sent(), input["salesCadenceNameOrId"].as_str().unwrap());
        assert_eq!(soql(&sent[0]), format!("{of_person} WHERE Id = '{id}' LIMIT 2"));
        let active = format!(
            "SELECT Id FROM ActionCadenceTracker WHERE TargetId = '{id}' AND ActionCadenceId = '{cadence}' \
             AND IsTrackerActive = true ORDER BY CreatedDate ASC LIMIT 1"
        );
        assert_eq!(soql(&sent[1]), active);
        assert_eq!(sent[2].json(), json!({ "inputs": [input] }));
        assert_eq!(outcome, enrolled(id, sequence));
    }
    let of_lead = "SELECT Id, HasOptedOutOfEmail, IsConverted, ConvertedContactId FROM Lead";
    check(LEAD, "pilot", of_lead, json!({ "salesCadenceNameOrId": CADENCE, "targetId": LEAD }));
    let input = json!({ "salesCadenceNameOrId": "77C000000000002EAA", "targetId": CONTACT, "userId": ASSIGNEE });
    check(CONTACT, "big", "SELECT Id, HasOptedOutOfEmail FROM Contact", input);
}

#[test]
fn the_request_is_that_of_salesforces_example() {
    let (_, body) = example(include_str!("../fixtures/assign-to-cadence.json"));
    let id = body["inputs"][0]["targetId"].as_str().unwrap();
    let fake = settled().expect(QUERY, person(id, json!({}))).expect(QUERY, page(&[])).expect(&assign(), done());
    fake.call::<Plugin>("enrol_in_sequence", enrolment(id, "pilot")).unwrap();
    assert_eq!(fake.sent()[2].json(), body);
}

#[test]
fn nobody_is_enrolled_who_should_not_be() {
    fn check(id: &str, replies: Vec<Reply>, kind: FailureKind, words: &str) {
        let fake = replies.into_iter().fold(settled(), |fake, reply| fake.expect(QUERY, reply));
        let failure = fake.call::<Plugin>("enrol_in_sequence", enrolment(id, "pilot")).unwrap_err();
        assert_eq!((failure.kind, failure.message), (kind, words.to_owned()));
    }
    let gone = format!("there is no {LEAD}; find_contact tells whom there is");
    check(LEAD, vec![page(&[])], FailureKind::NotFound, &gone);
    let opted_out = person(CONTACT, json!({ "HasOptedOutOfEmail": true }));
    check(CONTACT, vec![opted_out], FailureKind::Denied, &format!("{CONTACT} wants no emails; don't try it again"));
    let converted = |contact: Value| person(LEAD, json!({ "IsConverted": true, "ConvertedContactId": contact }));
    let words = format!("{LEAD} was converted to a contact: enrol that,");
    check(LEAD, vec![converted(json!(CONTACT))], FailureKind::Conflict, &format!("{words} {CONTACT}"));
    check(LEAD, vec![converted(json!(null))], FailureKind::Conflict, &format!("{words} find_contact tells which"));
    let already = format!("{LEAD} is in pilot already; nothing was done");
    check(LEAD, vec![person(LEAD, json!({})), tracker()], FailureKind::Conflict, &already);
}

#[test]
fn an_action_that_fails_says_so_under_any_status() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = settled().expect(QUERY, person(LEAD, json!({}))).expect(QUERY, page(&[])).expect(&assign(), reply);
        let failure = fake.call::<Plugin>("enrol_in_sequence", enrolment(LEAD, "pilot")).unwrap_err();
        assert_eq!((failure.kind, failure.message.as_str()), (kind, words));
    }
    let errors = |code: &str, message: &str| result(json!([{ "statusCode": code, "message": message, "fields": [] }]));
    let refusal = errors("INVALID_API_INPUT", "The cadence isn't active.");
    let of_settings = "no argument helps: a person has to correct `cadences` in the plugin's settings";
    let words = format!("Salesforce refuses this: The cadence isn't active. (INVALID_API_INPUT); {of_settings}");
    check(Reply::json(400, refusal.clone()), FailureKind::Misconfigured, &words);
    check(Reply::json(200, refusal), FailureKind::Misconfigured, &words);
    let gone = errors("INVALID_CROSS_REFERENCE_KEY", "no such cadence");
    let words = format!(
        "Salesforce refuses this: no such cadence (INVALID_CROSS_REFERENCE_KEY); take ids as the tools that find records \
         tell them; {of_settings}"
    );
    check(Reply::json(400, gone), FailureKind::Misconfigured, &words);
    let hidden = errors("INSUFFICIENT_ACCESS_OR_READONLY", "No access.");
    let words = "Salesforce refuses this: No access. (INSUFFICIENT_ACCESS_OR_READONLY); an administrator of the org has to look";
    check(Reply::json(400, hidden), FailureKind::Denied, words);
    let broken = errors("UNKNOWN_EXCEPTION", "Oops.");
    let words = "Salesforce refuses this: Oops. (UNKNOWN_EXCEPTION); Salesforce failed in the middle of it";
    check(Reply::json(400, broken), FailureKind::OutcomeUnknown, words);
    let words = format!("Salesforce's action failed; {of_settings}");
    check(Reply::json(200, result(json!([]))), FailureKind::Misconfigured, &words);
    let odd = "Salesforce doesn't say what came of the action";
    check(Reply::json(200, json!([])), FailureKind::OutcomeUnknown, odd);
}

#[test]
fn a_doubt_is_settled_by_the_tracker() {
    fn check(reply: Reply, waited_ms: u64, expected: Finding) {
        let fake = settled().now(FIRST_ATTEMPT_AT + waited_ms).expect(QUERY, reply);
        let finding = fake.reconcile::<Plugin>("enrol_in_sequence", enrolment(LEAD, "pilot")).unwrap();
        assert_eq!(soql(&fake.sent()[0]), since(LEAD, CADENCE));
        assert_eq!(finding, expected);
    }
    check(tracker(), 0, Finding::Happened(enrolled(LEAD, "pilot")));
    check(page(&[]), AT_WORK_MS - 1, Finding::ask_again_after(1));
    check(page(&[]), AT_WORK_MS, Finding::DidNotHappen);
    let hidden = Reply::json(400, json!([{ "errorCode": "INVALID_TYPE", "message": "no such object" }]));
    check(hidden, AT_WORK_MS, Finding::Unknown(None));
}

#[test]
fn a_rehearsal_enrols_whom_it_made() {
    let made = "00Q000000000000EAA";
    let fake = settled().dry_run().expect(&assign(), done());
    let outcome = fake.call::<Plugin>("enrol_in_sequence", enrolment(made, "pilot")).unwrap();
    assert_eq!(outcome.text, format!("{made} is enrolled in the sequence pilot"));
}
