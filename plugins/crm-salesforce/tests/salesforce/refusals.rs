//! What Salesforce says when it refuses.

use aftercall::testing::Reply;
use aftercall::{Failure, FailureKind};
use aftercall_plugin_crm_salesforce::tools::Plugin;
use serde_json::{Value, json};

use crate::{API, CONTACT, LEAD, QUERY, example, fake, page};

fn refused(reply: Reply) -> Failure {
    let line = format!("PATCH {API}/sobjects/Lead/Aftercall_Key__c/ann_40example_2ecom");
    let fake = fake().expect(QUERY, page(&[])).expect(QUERY, page(&[])).expect(&line, reply);
    fake.call::<Plugin>("upsert_lead", json!({ "email": "ann@example.com" })).unwrap_err()
}

fn kind(name: &str) -> FailureKind {
    match name {
        "invalid-arguments" => FailureKind::InvalidArguments,
        "not-found" => FailureKind::NotFound,
        "denied" => FailureKind::Denied,
        "misconfigured" => FailureKind::Misconfigured,
        "conflict" => FailureKind::Conflict,
        "rate-limited" => FailureKind::RateLimited,
        "unavailable" => FailureKind::Unavailable,
        "outcome-unknown" => FailureKind::OutcomeUnknown,
        other => panic!("no kind is named {other}"),
    }
}

#[test]
fn each_code_has_its_kind() {
    let errors: Value = serde_json::from_str(include_str!("../fixtures/errors.json")).unwrap();
    for error in errors["errors"].as_array().unwrap() {
        let (code, message) = (error["code"].as_str().unwrap(), error["message"].as_str().unwrap());
        let status = u16::try_from(error["status"].as_u64().unwrap()).unwrap();
        let body =
            json!([{ "message": message, "errorCode": code, "fields": error.get("fields").unwrap_or(&json!([])) }]);
        let failure = refused(Reply::json(status, body));
        assert_eq!(failure.kind, kind(error["kind"].as_str().unwrap()), "{code} {status}: {}", failure.message);
        assert_eq!(failure.code.as_deref(), Some(code));
        assert!(failure.message.contains(message), "{}", failure.message);
    }
}

#[test]
fn reasons_are_told() {
    fn check(body: Value, message: &str) {
        assert_eq!(refused(Reply::json(400, body)).message, message);
    }
    let missing = json!({ "message": "Required fields are missing: [A__c]", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["A__c", "B__c"] });
    let missing_words = "Required fields are missing: [A__c] (REQUIRED_FIELD_MISSING of A__c, B__c)";
    check(json!([missing]), &format!("Salesforce refuses this: {missing_words}"));
    let rule = json!({ "message": "No leads today.", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION" });
    check(
        json!([missing, rule]),
        &format!("Salesforce refuses this: {missing_words}; No leads today. (FIELD_CUSTOM_VALIDATION_EXCEPTION)"),
    );
    let url = format!("{API}/sobjects/Lead/Aftercall_Key__c/ann_40example_2ecom");
    check(json!([]), &format!("PATCH {url} was answered with 400 Bad Request"));
    check(json!({ "message": "odd" }), &format!("PATCH {url} was answered with 400 Bad Request: odd"));
}

#[test]
fn records_that_stand_in_the_way_are_named() {
    fn check(place: &str, duplicates: Value, named: &str) {
        let mut refusal = json!({
            "message": "Use one of these records?", "errorCode": "DUPLICATES_DETECTED", "fields": [],
        });
        refusal[place] = duplicates;
        let failure = refused(Reply::json(400, json!([refusal])));
        assert_eq!(failure.kind, FailureKind::Conflict);
        let words = "Salesforce refuses this: Use one of these records? (DUPLICATES_DETECTED); nothing was done: use the \
                     record that there is";
        assert_eq!(failure.message, format!("{words}{named}"));
    }
    fn rule(records: &[(&str, &str)]) -> Value {
        let record = |(kind, id): &(&str, &str)| json!({ "record": { "attributes": { "type": kind }, "Id": id } });
        let records: Vec<Value> = records.iter().map(record).collect();
        json!({ "entityType": "Lead", "errors": [], "matchRecords": records, "size": records.len(), "success": true })
    }
    let lead = ("Lead", LEAD);
    let rules = json!({ "allowSave": false, "matchResults": [rule(&[lead]), rule(&[lead, ("Contact", CONTACT)])] });
    let named = format!(", Lead {LEAD}, Contact {CONTACT}");
    // The first is the misspelling of the REST API.
    check("duplicateResut", rules.clone(), &named);
    check("duplicateResult", rules, &named);
    let many = json!({ "matchResults": [rule(&["1", "2", "3", "4", "5", "6"].map(|id| ("Lead", id)))] });
    check("duplicateResut", many, ", Lead 1, Lead 2, Lead 3, Lead 4, Lead 5");
    for odd in [json!(null), json!({}), json!({ "matchResults": [{ "matchRecords": [{ "record": {} }] }] }), json!([1])]
    {
        check("duplicateResut", odd, "");
    }
}

#[test]
fn what_the_settings_say_wrong_is_not_told_as_an_argument() {
    fn check(code: &str, fields: &[&str], kind: FailureKind, words: &str) {
        let refusal = json!({ "message": "m", "errorCode": code, "fields": fields });
        let failure = refused(Reply::json(400, json!([refusal])));
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), Some(code));
    }
    let (picklist, of_settings) = ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", FailureKind::Misconfigured);
    check(picklist, &["LeadSource"], of_settings, "an administrator has to look at the plugin's setting `lead_source`");
    check(picklist, &["StageName"], of_settings, "`stages`");
    check(picklist, &["Status"], of_settings, "`completed_status`");
    check(picklist, &["CurrencyIsoCode"], of_settings, "`currencies`");
    check(picklist, &["Priority"], of_settings, "High, Normal and Low");
    check(picklist, &["TaskSubtype"], of_settings, "Call");
    check("REQUIRED_FIELD_MISSING", &["LeadSource"], of_settings, "`lead_source`");
    for code in ["INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"] {
        check(code, &["OwnerId"], of_settings, "`task_owner_id`");
    }
    // A lead's owner is nothing that the settings say.
    for fields in [&[][..], &["OwnerId"]] {
        check("INACTIVE_OWNER_OR_USER", fields, FailureKind::Denied, "look at the org's assignment, and");
    }
    // What a model can put right.
    check("INVALID_CROSS_REFERENCE_KEY", &["WhoId"], FailureKind::NotFound, "take ids as the tools");
    check(picklist, &["Region__c"], FailureKind::InvalidArguments, "m (");
    check("FIELD_CUSTOM_VALIDATION_EXCEPTION", &["StageName"], FailureKind::InvalidArguments, "m (");
}

#[test]
fn a_wrong_setting_among_several_reasons_decides() {
    let missing = json!({ "message": "m", "errorCode": "REQUIRED_FIELD_MISSING", "fields": ["Region__c"] });
    let source = json!({
        "message": "bad value", "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "fields": ["LeadSource"],
    });
    let failure = refused(Reply::json(400, json!([missing, source])));
    assert_eq!(failure.kind, FailureKind::Misconfigured);
    assert!(failure.message.contains("m (REQUIRED_FIELD_MISSING of Region__c); bad value"), "{}", failure.message);
}

#[test]
fn a_key_that_several_records_have_is_a_conflict() {
    let failure = refused(example(include_str!("../fixtures/upsert-several.json")).0);
    assert_eq!(failure.kind, FailureKind::Conflict);
    let words =
        format!("several records have this key, {LEAD}, 00Q000000000000EAA, and nothing was done: an administrator");
    assert!(failure.message.starts_with(&words), "{}", failure.message);
    assert!(refused(Reply::text(300, "")).message.starts_with("several records have this key, and nothing"));
}

#[test]
fn what_says_nothing_is_a_doubt() {
    fn check(reply: Reply, expected: FailureKind) {
        assert_eq!(refused(reply).kind, expected);
    }
    check(Reply::text(502, "<html>"), FailureKind::OutcomeUnknown);
    check(Reply::cut(), FailureKind::OutcomeUnknown);
    check(Reply::stray(200, "<html>"), FailureKind::OutcomeUnknown);
    check(Reply::unreachable(), FailureKind::Unavailable);
    check(Reply::denied(), FailureKind::Denied);
}

#[test]
fn a_wait_is_handed_on() {
    let body = json!([{ "message": "ConcurrentRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED" }]);
    let failure = refused(Reply::json(403, body).with_header("retry-after", "30"));
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(30_000)));
}

#[test]
fn a_read_that_fails_is_no_doubt() {
    fn check(reply: Reply, expected: FailureKind) {
        let fake = fake().expect(QUERY, reply);
        let failure = fake.call::<Plugin>("find_contact", json!({ "email": "ann@example.com" })).unwrap_err();
        assert_eq!(failure.kind, expected, "{}", failure.message);
    }
    let error = |code: &str| json!([{ "message": "m", "errorCode": code }]);
    // What was said is a literal in a query.
    check(Reply::json(400, error("MALFORMED_QUERY")), FailureKind::Misconfigured);
    check(Reply::json(500, error("QUERY_TIMEOUT")), FailureKind::Unavailable);
    check(Reply::json(400, error("QUERY_TIMEOUT")), FailureKind::Unavailable);
    check(Reply::json(400, error("INVALID_TYPE")), FailureKind::Misconfigured);
    check(Reply::json(200, json!({})), FailureKind::Other);
    check(Reply::cut(), FailureKind::Unavailable);
}
