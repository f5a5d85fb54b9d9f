//! What a team works with: tasks and notes on deals, deals by the batch, sequences.

use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world_with};
use crate::Service;

const TOKEN: &str = "sandbox-hubspot-token";
const ENROLLMENTS: &str = "/automation/v4/sequences/enrollments";

async fn portal() -> World {
    world_with(idle(), |config| {
        let seed = json!({
            "properties": { "deals": ["aftercall_key"] },
            "sequences": ["77"],
            "contacts": [{ "email": "ann@example.com" }, { "firstname": "Ben" }],
        });
        config.seeds.insert(Service::Hubspot, seed);
    })
    .await
}

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    answer(with_json(world.post(Service::Hubspot, path).bearer_auth(TOKEN), body)).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Hubspot, path).bearer_auth(TOKEN)).await
}

fn on(id: &str, number: u32) -> Value {
    let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number });
    json!({ "to": { "id": id }, "types": [kind] })
}

async fn deal(world: &World, key: &str, stage: &str) -> String {
    let properties = json!({ "dealname": "Acme", "pipeline": "default", "dealstage": stage });
    let input = json!({ "idProperty": "aftercall_key", "id": key, "properties": properties });
    let (_, made) = post(world, "/crm/v3/objects/0-3/batch/upsert", &json!({ "inputs": [input] })).await;
    made["results"][0]["id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn a_task_is_on_a_contact_and_a_deal() {
    let world = portal().await;
    let deal = deal(&world, "k1", "qualifiedtobuy").await;
    let properties = json!({
        "hs_task_subject": "Send the quote", "hs_task_body": "<p>Reference: ac1 (aftercall)</p>", "hs_task_status": "NOT_STARTED",
        "hs_task_type": "TODO", "hs_task_priority": "HIGH", "hs_timestamp": "1796135400000",
    });
    let task = json!({ "properties": properties, "associations": [on("70001", 204), on(&deal, 216)] });
    let (status, made) = post(&world, "/crm/v3/objects/tasks", &task).await;
    assert_eq!(status, 201, "{made}");
    let kept = &world.sandbox.records(Service::Hubspot)["tasks"][0];
    assert_eq!((&kept["contacts"], &kept["deals"]), (&json!(["70001"]), &json!([deal])));
    let filter = json!({ "propertyName": "hs_task_body", "operator": "CONTAINS_TOKEN", "value": "ac1" });
    let search = json!({ "filterGroups": [{ "filters": [filter] }], "properties": ["hs_task_body"] });
    assert_eq!(post(&world, "/crm/v3/objects/tasks/search", &search).await.1["total"], 1);

    let check = async |changes: Value, associations: Value| {
        let mut properties = properties.clone();
        for (name, value) in changes.as_object().expect("changes") {
            properties[name] = value.clone();
        }
        let body = json!({ "properties": properties, "associations": associations });
        assert_eq!(post(&world, "/crm/v3/objects/tasks", &body).await.0, 400, "{body}");
    };
    check(json!({ "hs_task_priority": "URGENT" }), json!([])).await;
    check(json!({ "hs_task_status": "OPEN" }), json!([])).await;
    check(json!({ "hs_timestamp": "tomorrow" }), json!([])).await;
    check(json!({}), json!([on("70001", 202)])).await;
    check(json!({}), json!([on("79999", 204)])).await;
    let without = json!({ "properties": { "hs_task_subject": "s" } });
    let (_, refusal) = post(&world, "/crm/v3/objects/tasks", &without).await;
    assert_eq!(refusal["errors"][0]["code"], "REQUIRED_FIELDS_MISSING");
}

#[tokio::test]
async fn deals_are_read_by_the_batch() {
    let world = portal().await;
    let (open, won) = (deal(&world, "k1", "qualifiedtobuy").await, deal(&world, "k2", "closedwon").await);
    let read = async |ids: &[&str]| {
        let inputs: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
        post(&world, "/crm/v3/objects/0-3/batch/read", &json!({ "inputs": inputs, "properties": ["hs_is_closed"] }))
            .await
    };
    let (status, both) = read(&[&open, &won]).await;
    let closed = |at: usize| both["results"][at]["properties"]["hs_is_closed"].as_str();
    assert_eq!((status, closed(0), closed(1)), (200, Some("false"), Some("true")));
    let (status, one) = read(&[&open, "79999"]).await;
    assert_eq!((status, &one["errors"][0]["category"]), (207, &json!("OBJECT_NOT_FOUND")));
    assert_eq!(one["results"].as_array().map(Vec::len), Some(1));
    assert_eq!(read(&[]).await.0, 400);
}

#[tokio::test]
async fn a_contact_is_in_one_sequence() {
    let world = portal().await;
    let enrol = async |contact: &str, sequence: &str, query: &str| {
        let body = json!({ "contactId": contact, "sequenceId": sequence, "senderEmail": "sales@northwind.example" });
        post(&world, &format!("{ENROLLMENTS}{query}"), &body).await
    };
    assert_eq!(get(&world, &format!("{ENROLLMENTS}/contact/70001")).await.0, 404);
    let (status, enrolled) = enrol("70001", "77", "?userId=5").await;
    assert_eq!((status, &enrolled["toEmail"]), (200, &json!("ann@example.com")));
    // Who reads it is shown more of it than who enrols.
    let (status, read) = get(&world, &format!("{ENROLLMENTS}/contact/70001")).await;
    let same = ["id", "toEmail", "enrolledAt", "updatedAt"].iter().all(|field| read[field] == enrolled[field]);
    assert!(status == 200 && same, "{enrolled} {read}");
    let whose = [&read["sequenceId"], &read["enrolledBy"], &read["enrolledByEmail"]];
    assert_eq!(whose, ["77", "5", "sales@northwind.example"]);
    let check = |given: (u16, Value), status: u16, words: &str| {
        assert!(given.0 == status && given.1["message"].as_str().is_some_and(|it| it.contains(words)), "{given:?}");
    };
    check(enrol("70001", "77", "?userId=5").await, 400, "ALREADY_ENROLLED");
    check(enrol("70002", "77", "?userId=5").await, 400, "no email address");
    check(enrol("70001", "78", "?userId=5").await, 404, "sequence");
    check(enrol("79999", "77", "?userId=5").await, 404, "not found");
    check(enrol("70001", "77", "").await, 400, "userId");
    let enrollments = &world.sandbox.records(Service::Hubspot)["enrollments"];
    assert_eq!(enrollments.as_array().map(Vec::len), Some(1));
}
