use http::Method;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world_with};
use crate::{Fault, Point, Service};

const TOKEN: &str = "00D000000000001!sandbox-salesforce-token";
pub(super) const KEY: &str = "Aftercall_Key__c";
const ACCOUNT: &str = "001D000000IqhSLIAZ";
const CONTACT: &str = "003RO0000035WQgYAM";
const OUT: &str = "003RO0000035WQhYAM";
const CADENCE: &str = "77C000000000001EAA";
const DRAFT: &str = "77C000000000002EAA";
const OPEN: &str = "006xx0000001AbcAAE";
const WON: &str = "006xx0000001AbdAAE";

async fn org() -> World {
    world_with(idle(), |config| {
        let seed = json!({
            "Account": [{ "Id": ACCOUNT, "Name": "Acme" }],
            "Contact": [{ "Id": CONTACT, "LastName": "O'Neil", "Email": "Ann@example.com", "Phone": "(415) 555-0123", "AccountId": ACCOUNT }],
            "Opportunity": [
                { "Id": WON, "Name": "Old", "AccountId": ACCOUNT, "StageName": "Closed Won", "CloseDate": "2026-01-01" },
                { "Id": OPEN, "Name": "New", "AccountId": ACCOUNT, "StageName": "Qualification", "CloseDate": "2026-12-01" },
            ],
            "OpportunityContactRole": [{ "OpportunityId": OPEN, "ContactId": CONTACT }],
        });
        config.seeds.insert(Service::Salesforce, seed);
    })
    .await
}

pub(super) async fn send(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let url = format!("{}/services/data/v62.0/{path}", world.sandbox.service_url(Service::Salesforce));
    let request = with_json(world.client.request(method, url).bearer_auth(TOKEN), body);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).unwrap_or_default())
}

pub(super) async fn query(world: &World, soql: &str) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", soql).finish();
    send(world, "GET", &format!("query?{query}"), &Value::Null).await
}

#[tokio::test]
async fn a_record_is_upserted_by_its_key() {
    let world = org().await;
    let path = format!("sobjects/Lead/{KEY}/ann_40example_2ecom");
    assert_eq!(send(&world, "GET", &path, &Value::Null).await.0, 404);
    let lead = json!({ "LastName": "Lee", "Company": "Acme", "Email": "ann@example.com" });
    let (status, made) = send(&world, "PATCH", &path, &lead).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)));
    // After the seed's five. The last three say that `Q` is a capital.
    assert_eq!(made["id"], "00Q000000000006EAA");
    let (status, again) = send(&world, "PATCH", &path, &json!({ "FirstName": "Ann" })).await;
    assert_eq!((status, &again["created"], &again["id"]), (200, &json!(false), &made["id"]));
    let (_, read) = send(&world, "GET", &format!("{path}?fields=Id"), &Value::Null).await;
    assert_eq!(read["Id"], made["id"]);
    let id = made["id"].as_str().expect("an id");
    let update = json!({ "Phone": "+14155550123" });
    assert_eq!(send(&world, "PATCH", &format!("sobjects/Lead/{id}"), &update).await, (204, Value::Null));
    let leads = &world.sandbox.records(Service::Salesforce)["Lead"];
    assert_eq!(leads.as_array().map(Vec::len), Some(1));
    assert_eq!((&leads[0]["FirstName"], &leads[0]["Phone"]), (&json!("Ann"), &json!("+14155550123")));
}

#[tokio::test]
async fn queries_find_records() {
    let world = org().await;
    let check = async |soql: &str, expected: &[&str]| {
        let (status, found) = query(&world, soql).await;
        let ids: Vec<&str> =
            found["records"].as_array().into_iter().flatten().filter_map(|it| it["Id"].as_str()).collect();
        assert_eq!((status, ids.as_slice()), (200, expected), "{soql}: {found}");
        found
    };
    let found = check("SELECT Id, Account.Name FROM Contact WHERE Email = 'ann@EXAMPLE.com' LIMIT 5", &[CONTACT]).await;
    assert_eq!(found["records"][0]["Account"]["Name"], "Acme");
    check(r"SELECT Id FROM Contact WHERE LastName = 'O\'Neil'", &[CONTACT]).await;
    check("SELECT Id FROM Contact WHERE Email = 'x' OR Phone LIKE '%5%5%5%0%1%2%3'", &[CONTACT]).await;
    check("SELECT Id FROM Contact WHERE Phone LIKE '%5%5%5%0%1%2%4'", &[]).await;
    let order = "ORDER BY IsClosed ASC, CloseDate DESC";
    check(&format!("SELECT Id FROM Opportunity WHERE AccountId = '{ACCOUNT}' {order}"), &[OPEN, WON]).await;
    check(&format!("SELECT Id FROM Opportunity WHERE AccountId = '{ACCOUNT}' {order} LIMIT 1"), &[OPEN]).await;
    let roles = format!("SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = '{CONTACT}'");
    check(&format!("SELECT Id FROM Opportunity WHERE Id IN ({roles})"), &[OPEN]).await;
    let with_roles =
        format!("SELECT Id, (SELECT Id FROM OpportunityContactRoles WHERE ContactId = '{CONTACT}') FROM Opportunity");
    let found = check(&with_roles, &[OPEN, WON]).await;
    let roles = |at: usize| &found["records"][at]["OpportunityContactRoles"];
    assert_eq!((&roles(0)["totalSize"], roles(1)), (&json!(1), &Value::Null));
    let found =
        check(&format!("SELECT Id, HasOpportunityLineItem FROM Opportunity WHERE Id = '{OPEN}'"), &[OPEN]).await;
    assert_eq!(found["records"][0]["HasOpportunityLineItem"], false);
    let lead = "SELECT Id, ConvertedContactId FROM Lead WHERE IsConverted = false AND (Email = 'a' OR Email = 'b') \
                ORDER BY Aftercall_Key__c DESC NULLS LAST, LastModifiedDate DESC";
    check(lead, &[]).await;
    for (soql, status, code) in [
        ("SELECT Id FROM Contact WHERE Colour = 'x'", 400, "INVALID_FIELD"),
        ("SELECT Id FROM Robot", 400, "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE Email = 'x' OR Email = 'y' AND Email = 'z'", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'x", 400, "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Email = 'x' x", 400, "MALFORMED_QUERY"),
        ("", 400, "MALFORMED_QUERY"),
    ] {
        let (given, refusal) = query(&world, soql).await;
        assert_eq!((given, &refusal[0]["errorCode"]), (status, &json!(code)), "{soql}: {refusal}");
    }
}

#[tokio::test]
async fn what_salesforce_refuses() {
    let world = org().await;
    let check = async |path: &str, body: Value, status: u16, code: &str| {
        let (given, refusal) = send(&world, "PATCH", &format!("sobjects/{path}"), &body).await;
        assert_eq!((given, &refusal[0]["errorCode"]), (status, &json!(code)), "{path} {body}: {refusal}");
    };
    let lead = format!("Lead/{KEY}/k");
    check(&lead, json!({ "LastName": "Lee" }), 400, "REQUIRED_FIELD_MISSING").await;
    check(&lead, json!({ "LastName": "L", "Company": "C", "Colour": "red" }), 400, "INVALID_FIELD").await;
    check(&lead, json!({ "LastName": "L", "Company": "C", "Email": "a@b" }), 400, "INVALID_EMAIL_ADDRESS").await;
    check(&lead, json!({ "LastName": "x".repeat(81), "Company": "C" }), 400, "STRING_TOO_LONG").await;
    check("Lead/Other__c/k", json!({}), 404, "NOT_FOUND").await;
    check("Robot/x", json!({}), 404, "NOT_FOUND").await;
    let task = format!("Task/{KEY}/k");
    check(&task, json!({ "WhoId": "003RO0000035WQgYAX" }), 400, "INVALID_CROSS_REFERENCE_KEY").await;
    check(&task, json!({ "ActivityDate": "tomorrow" }), 400, "JSON_PARSER_ERROR").await;
    assert_eq!(send(&world, "PATCH", &format!("sobjects/{task}"), &json!({ "TaskSubtype": "Call" })).await.0, 201);
    check(&task, json!({ "TaskSubtype": "Call" }), 400, "INVALID_FIELD_FOR_INSERT_UPDATE").await;
    world.sandbox.fault(Point::any(Service::Salesforce), Fault::RateLimit { retry_after_seconds: 1 }, 1);
    check(&lead, json!({}), 403, "REQUEST_LIMIT_EXCEEDED").await;
    let path = "/services/data/v62.0/query?q=x";
    let (status, refusal) = answer(world.get(Service::Salesforce, path).bearer_auth("other")).await;
    assert_eq!((status, &refusal[0]["errorCode"]), (401, &json!("INVALID_SESSION_ID")));
}

#[tokio::test]
async fn a_person_is_put_in_a_cadence_once() {
    let world = world_with(idle(), |config| {
        let seed = json!({
            "Contact": [{ "Id": CONTACT, "LastName": "Lee" }, { "Id": OUT, "LastName": "Fox", "HasOptedOutOfEmail": true }],
            "ActionCadence": [{ "Id": CADENCE, "Name": "Pilot", "State": "Active" }, { "Id": DRAFT, "Name": "New", "State": "Draft" }],
        });
        config.seeds.insert(Service::Salesforce, seed);
    })
    .await;
    let assign = async |cadence: &str, target: &str, status: u16, why: &str| {
        let body = json!({ "inputs": [{ "salesCadenceNameOrId": cadence, "targetId": target }] });
        let (given, results) = send(&world, "POST", "actions/standard/assignTargetToSalesCadence", &body).await;
        let message = results[0]["errors"][0]["message"].as_str().unwrap_or_default();
        assert_eq!((given, message), (status, why), "{results}");
        assert_eq!(results[0]["isSuccess"], status == 200);
    };
    assign("Pilot", CONTACT, 200, "").await;
    assign(CADENCE, CONTACT, 400, "The target is in this cadence already.").await;
    assign(CADENCE, "003RO0000035WQiYAM", 400, "The target isn't there.").await;
    assign("New", CONTACT, 400, "The cadence isn't there or isn't active.").await;
    for (body, code) in
        [(json!({ "inputs": {} }), "JSON_PARSER_ERROR"), (json!({ "inputs": [], "x": 1 }), "JSON_PARSER_ERROR")]
    {
        let (status, refusal) = send(&world, "POST", "actions/standard/assignTargetToSalesCadence", &body).await;
        assert_eq!((status, &refusal[0]["errorCode"]), (400, &json!(code)));
    }
    let found = async |fits: &str| {
        let soql = format!("SELECT Id, State FROM ActionCadenceTracker WHERE TargetId = '{CONTACT}' AND {fits}");
        let (status, found) = query(&world, &soql).await;
        assert_eq!(status, 200, "{found}");
        found["totalSize"].clone()
    };
    assert_eq!(found("IsTrackerActive = true AND CreatedDate >= 1970-01-01T00:00:00Z").await, 1);
    assert_eq!(found("CreatedDate >= 2999-01-01T00:00:00Z").await, 0);
    let opted = "SELECT Id FROM Contact WHERE HasOptedOutOfEmail = true";
    assert_eq!(query(&world, opted).await.1["records"][0]["Id"], OUT);
    for soql in ["SELECT Id FROM Contact WHERE CreatedDate >= 'x'", "SELECT Id FROM Contact WHERE CreatedDate >= 2026"]
    {
        let (status, refusal) = query(&world, soql).await;
        assert_eq!((status, &refusal[0]["errorCode"]), (400, &json!("MALFORMED_QUERY")), "{soql}");
    }
    let path = format!("sobjects/ActionCadenceTracker/{KEY}/k");
    let (status, refusal) = send(&world, "PATCH", &path, &json!({ "TargetId": CONTACT })).await;
    assert_eq!((status, &refusal[0]["errorCode"]), (400, &json!("INVALID_TYPE_FOR_OPERATION")));
}
