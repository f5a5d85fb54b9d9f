//! An org's own fields and objects.

use serde_json::{Value, json};

use super::salesforce::{KEY, query, send};
use super::{World, idle, world_with};
use crate::{Config, Sandbox, Service};

const CONTACT: &str = "003RO0000035WQgYAM";
const ACCOUNT: &str = "001D000000IqhSLIAZ";
const OWED: &str = "Owed__c";

fn declared() -> Value {
    json!({
        "Contact": {
            "Owed__c": "number",
            "State__c": { "picklist": ["open", "paid"] },
            "Why__c": "text-area",
            "Due__c": "date",
        },
        "Plan__c": { "For__c": { "lookup": "Contact" }, "Note__c": "text" },
    })
}

async fn org() -> World {
    world_with(idle(), |config| {
        let contact = json!({
            "Id": CONTACT, "FirstName": "Ann", "LastName": "Lee", "Phone": "+14155550123", "Owed__c": 420.5,
        });
        let seed = json!({
            "custom": declared(),
            "Account": [{ "Id": ACCOUNT, "Name": "Acme" }],
            "Contact": [contact],
        });
        config.seeds.insert(Service::Salesforce, seed);
    })
    .await
}

#[tokio::test]
async fn a_declared_field_is_written_and_found() {
    let world = org().await;
    let change = json!({ "State__c": "paid", "Why__c": "by card", "Due__c": "2026-12-01", "Owed__c": null });
    assert_eq!(send(&world, "PATCH", &format!("sobjects/Contact/{CONTACT}"), &change).await, (204, Value::Null));
    let check = async |condition: &str, expected: usize| {
        let fields = "Id, Name, Owed__c, State__c, Why__c, Due__c, Phone";
        let soql = format!("SELECT {fields} FROM Contact WHERE {condition} ORDER BY Id LIMIT 10");
        let (status, found) = query(&world, &soql).await;
        assert_eq!((status, &found["totalSize"]), (200, &json!(expected)), "{condition}: {found}");
        found["records"][0].clone()
    };
    let found = check(&format!("Id = '{CONTACT}'"), 1).await;
    let told = ["Name", "Owed__c", "State__c", "Why__c", "Due__c"].map(|field| &found[field]);
    assert_eq!(told, [&json!("Ann Lee"), &Value::Null, &json!("paid"), &json!("by card"), &json!("2026-12-01")]);
    check("State__c = 'PAID' AND (Phone = '+14155550123' OR MobilePhone = '+14155550123')", 1).await;
    check("State__c = 'open'", 0).await;
    check("Name = 'ann lee'", 1).await;
}

#[tokio::test]
async fn a_declared_object_is_upserted_by_the_key() {
    let world = org().await;
    let path = format!("sobjects/Plan__c/{KEY}/ac_1");
    let (status, made) = send(&world, "PATCH", &path, &json!({ "For__c": CONTACT, "Note__c": "a" })).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)), "{made}");
    let (status, again) = send(&world, "PATCH", &path, &json!({ "For__c": CONTACT, "Note__c": "b" })).await;
    assert_eq!((status, &again["created"], &again["id"]), (200, &json!(false), &made["id"]));
    let soql = format!("SELECT Id, For__c FROM Plan__c WHERE {KEY} = 'ac_1' ORDER BY Id LIMIT 1");
    let (_, found) = query(&world, &soql).await;
    assert_eq!((&found["records"][0]["Id"], &found["records"][0]["For__c"]), (&made["id"], &json!(CONTACT)));
    let plans = &world.sandbox.records(Service::Salesforce)["Plan__c"];
    assert_eq!((plans.as_array().map(Vec::len), &plans[0]["Note__c"]), (Some(1), &json!("b")));
    let task = json!({ "WhatId": made["id"], "Subject": "Call back", "ActivityDate": "2026-12-01" });
    assert_eq!(send(&world, "PATCH", &format!("sobjects/Task/{KEY}/ac_2"), &task).await.0, 201);
}

#[tokio::test]
async fn what_salesforce_refuses_of_them() {
    let world = org().await;
    let write = async |path: &str, body: Value, status: u16, code: &str| {
        let (given, refusal) = send(&world, "PATCH", &format!("sobjects/{path}"), &body).await;
        assert_eq!((given, &refusal[0]["errorCode"]), (status, &json!(code)), "{path} {body}: {refusal}");
    };
    let contact = format!("Contact/{CONTACT}");
    let picklist = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
    write(&contact, json!({ "State__c": "lost" }), 400, picklist).await;
    write(&contact, json!({ "Owed__c": "much" }), 400, "JSON_PARSER_ERROR").await;
    write(&contact, json!({ "Due__c": "2026-13-01" }), 400, "JSON_PARSER_ERROR").await;
    write(&contact, json!({ "Why__c": "x".repeat(32_001) }), 400, "STRING_TOO_LONG").await;
    write(&contact, json!({ "Other__c": "x" }), 400, "INVALID_FIELD").await;
    write("Contact/003RO0000035WQgYAX", json!({ "State__c": "paid" }), 404, "NOT_FOUND").await;
    write("Other__c/Aftercall_Key__c/k", json!({}), 404, "NOT_FOUND").await;
    write("Plan__c/Other__c/k", json!({}), 404, "NOT_FOUND").await;
    let plan = format!("Plan__c/{KEY}/k");
    write(&plan, json!({ "For__c": ACCOUNT }), 400, "FIELD_INTEGRITY_EXCEPTION").await;
    write(&plan, json!({ "For__c": "512" }), 400, "MALFORMED_ID").await;
    write(&plan, json!({ "For__c": "003RO0000035WQgYAX" }), 400, "INVALID_CROSS_REFERENCE_KEY").await;
    let task = format!("Task/{KEY}/k");
    write(&task, json!({ "WhoId": ACCOUNT }), 400, "MALFORMED_ID").await;
    write(&task, json!({ "WhatId": CONTACT }), 400, "MALFORMED_ID").await;
    let read = async |soql: &str, code: &str| {
        let (given, refusal) = query(&world, soql).await;
        assert_eq!((given, &refusal[0]["errorCode"]), (400, &json!(code)), "{soql}: {refusal}");
    };
    read("SELECT Id FROM Contact WHERE Why__c = 'x'", "INVALID_FIELD").await;
    read("SELECT Id FROM Contact WHERE Due__c = '2026-12-01'", "INVALID_FIELD").await;
    read("SELECT Id FROM Contact WHERE Owed__c = '1'", "INVALID_FIELD").await;
    read("SELECT Id FROM Contact WHERE Id = '512' ORDER BY Id", "INVALID_QUERY_FILTER_OPERATOR").await;
    read("SELECT Id FROM Contact ORDER BY Other__c", "INVALID_FIELD").await;
    read("SELECT Id, State__c FROM Plan__c", "INVALID_FIELD").await;
    read("SELECT Id FROM Other__c", "INVALID_TYPE").await;
    assert_eq!(world.sandbox.records(Service::Salesforce)["Contact"][0][OWED], 420.5);
}

#[tokio::test]
async fn only_what_can_be_is_declared() {
    let check = async |seed: Value, expected: &str| {
        let mut config = Config::new(idle(), || 0);
        config.seeds.insert(Service::Salesforce, seed.clone());
        let refused = Sandbox::start(config).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(refused.contains(expected), "{seed}: {refused}");
    };
    check(json!({ "custom": { "Plan": { "Note__c": "text" } } }), "no object Plan").await;
    check(json!({ "custom": { "contact": { "Note__c": "text" } } }), "no object contact").await;
    check(json!({ "custom": { "Contact": { "Note": "text" } } }), "Contact.Note").await;
    check(json!({ "custom": { "Contact": { "Aftercall_Key__c": "text" } } }), "key field").await;
    check(json!({ "custom": { "Contact": { "Of__c": { "lookup": "Plan__c" } } } }), "no object Plan__c").await;
    check(json!({ "custom": { "Contact": { "Of__c": "colour" } } }), "colour").await;
    check(json!({ "Plan__c": [] }), "no object Plan__c").await;
    check(json!({ "Contact": [{ "LastName": "Lee", "Owed__c": 1 }] }), OWED).await;
}
