use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world, world_with};
use crate::Service;

const TOKEN: &str = "Bearer sandbox-hubspot-token";

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    let request = world.post(Service::Hubspot, &format!("/crm/v3/objects/{path}")).header("authorization", TOKEN);
    answer(with_json(request, body)).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Hubspot, &format!("/crm/v3/objects/{path}")).header("authorization", TOKEN)).await
}

fn upsert_of(email: &str, properties: Value) -> Value {
    json!({"inputs": [{"idProperty": "email", "id": email, "properties": properties}]})
}

fn note_on(contact: &str, properties: Value) -> Value {
    let kind = json!({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202});
    json!({"properties": properties, "associations": [{"to": {"id": contact}, "types": [kind]}]})
}

#[tokio::test]
async fn a_contact_is_upserted_by_its_email() {
    let world = world(idle()).await;
    let (status, first) =
        post(&world, "contacts/batch/upsert", &upsert_of("Ana@Example.com", json!({"firstname": "Ana"}))).await;
    assert_eq!((status, &first["status"]), (200, &json!("COMPLETE")));
    let created = &first["results"][0];
    assert_eq!(
        created,
        &json!({
            "id": "70001",
            "new": true,
            "archived": false,
            "createdAt": "2026-03-01T12:00:00.000Z",
            "updatedAt": "2026-03-01T12:00:00.000Z",
            "properties": {
                "email": "ana@example.com",
                "firstname": "Ana",
                "hs_object_id": "70001",
                "createdate": "2026-03-01T12:00:00.000Z",
                "lastmodifieddate": "2026-03-01T12:00:00.000Z",
            },
        })
    );
    world.advance(1_500);
    let (_, again) =
        post(&world, "contacts/batch/upsert", &upsert_of("ana@example.com", json!({"phone": "+14155550123"}))).await;
    let updated = &again["results"][0];
    assert_eq!((&updated["id"], &updated["new"]), (&json!("70001"), &json!(false)));
    assert_eq!(updated["properties"]["firstname"], "Ana");
    assert_eq!(updated["updatedAt"], "2026-03-01T12:00:01.500Z");
    assert_eq!(world.sandbox.records(Service::Hubspot)["contacts"].as_array().map(Vec::len), Some(1));

    let (status, conflict) = post(&world, "contacts", &json!({"properties": {"email": "ANA@example.com"}})).await;
    assert_eq!((status, &conflict["category"]), (409, &json!("CONFLICT")));
    assert_eq!(conflict["message"], "Contact already exists. Existing ID: 70001");

    let (status, read) = get(&world, "contacts/70001?properties=phone,company").await;
    assert_eq!(status, 200);
    assert_eq!(read["properties"]["phone"], "+14155550123");
    assert_eq!(read["properties"]["company"], Value::Null);
    assert_eq!(get(&world, "contacts/Ana%40example.com?idProperty=email").await.1["id"], "70001");
}

#[tokio::test]
async fn a_note_is_found_on_its_contact() {
    let world = world(idle()).await;
    post(&world, "contacts", &json!({"properties": {"email": "ana@example.com"}})).await;
    let properties =
        json!({"hs_timestamp": "2026-03-01T12:00:00Z", "hs_note_body": "<p>Wants 40 pallets. ref:k7f3-a1</p>"});
    let (status, note) = post(&world, "notes", &note_on("70001", properties)).await;
    assert_eq!((status, &note["id"]), (201, &json!("70002")));
    assert_eq!(note["properties"]["hs_createdate"], "2026-03-01T12:00:00.000Z");
    let (_, read) = get(&world, "notes/70002?properties=hs_note_body&associations=contacts").await;
    assert_eq!(read["associations"]["contacts"]["results"], json!([{"id": "70001", "type": "note_to_contact"}]));
    let (_, contact) = get(&world, "contacts/70001?associations=notes").await;
    assert_eq!(contact["associations"]["notes"]["results"], json!([{"id": "70002", "type": "contact_to_note"}]));
    assert_eq!(world.sandbox.records(Service::Hubspot)["notes"][0]["contacts"], json!(["70001"]));

    let check = async |filters: Value, expected: u64| {
        let body = json!({"filterGroups": [{"filters": filters}], "properties": ["hs_note_body"], "sorts": [], "after": "0", "limit": 5});
        let (status, found) = post(&world, "notes/search", &body).await;
        assert_eq!((status, &found["total"]), (200, &json!(expected)), "{filters}");
        assert_eq!(found["results"].as_array().map(Vec::len), usize::try_from(expected).ok(), "{filters}");
    };
    let filter = |property: &str, operator: &str, value: &str| json!({"propertyName": property, "operator": operator, "value": value});
    let body = |value: &str| filter("hs_note_body", "CONTAINS_TOKEN", value);
    check(json!([body("k7f3-a1")]), 1).await;
    check(json!([body("PALLETS")]), 1).await;
    check(json!([body("pall*")]), 1).await;
    check(json!([body("*lets")]), 1).await;
    check(json!([body("*alle*")]), 1).await;
    check(json!([body("pall")]), 0).await;
    check(json!([body("pallets barges")]), 0).await;
    check(json!([filter("associations.contact", "EQ", "70001")]), 1).await;
    check(json!([filter("associations.contact", "EQ", "70001"), body("barges")]), 0).await;
    check(json!([filter("associations.contact", "EQ", "7")]), 0).await;
    check(json!([filter("hs_object_id", "EQ", "70002")]), 1).await;
}

#[tokio::test]
async fn a_search_pages() {
    let world = world(idle()).await;
    for index in 0..12 {
        post(&world, "contacts", &json!({"properties": {"email": format!("c{index}@example.com")}})).await;
    }
    let (_, first) = post(&world, "contacts/search", &json!({})).await;
    assert_eq!((&first["total"], first["results"].as_array().map(Vec::len)), (&json!(12), Some(10)));
    assert_eq!(first["paging"]["next"]["after"], "10");
    let (_, rest) = post(&world, "contacts/search", &json!({"after": "10"})).await;
    assert_eq!(rest["results"][1]["properties"]["email"], "c11@example.com");
    assert_eq!(rest["paging"], Value::Null);
}

#[tokio::test]
async fn custom_properties_are_the_accounts_own() {
    let world = world_with(idle(), |config| config.hubspot_properties = ["fleet_size".to_owned()].into()).await;
    let (status, _) = post(&world, "contacts", &json!({"properties": {"fleet_size": "40"}})).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn what_hubspot_refuses() {
    let world = world(idle()).await;
    let check = async |path: &str, body: Value, status: u16, category: &str, part: &str| {
        let (given, answer) = post(&world, path, &body).await;
        assert_eq!((given, &answer["category"]), (status, &json!(category)), "{path} {body}: {answer}");
        assert_eq!(answer["status"], "error");
        assert!(answer["correlationId"].as_str().is_some_and(|id| id.len() == 36));
        assert!(answer["message"].as_str().is_some_and(|message| message.contains(part)), "{path} {body}: {answer}");
    };
    let contact = async |properties: Value, part: &str| {
        check("contacts", json!({"properties": properties}), 400, "VALIDATION_ERROR", part).await;
    };
    for email in ["ana", "@b.c", "a@b", "a@b.", "a b@c.d", "a@b@c.d"] {
        contact(json!({"email": email}), "INVALID_EMAIL").await;
    }
    contact(json!({"shoe_size": "43"}), "PROPERTY_DOESNT_EXIST").await;
    contact(json!({"hs_object_id": "1"}), "READ_ONLY_VALUE").await;
    contact(json!({"lifecyclestage": "Lead"}), "INVALID_OPTION").await;
    contact(json!({"hs_lead_status": "HOT"}), "INVALID_OPTION").await;
    contact(json!({"numemployees": 4}), "properties.numemployees must be a string").await;
    contact(json!("x"), "properties is required").await;
    let timed = |more: Value| {
        let mut properties = json!({"hs_timestamp": "1772366400000"});
        properties.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        properties
    };
    let invalid = "VALIDATION_ERROR";
    check("notes", json!({"properties": {"hs_note_body": "x"}}), 400, invalid, "required properties were not set")
        .await;
    check("notes", json!({"properties": {"hs_timestamp": "noon"}}), 400, invalid, "INVALID_DATE").await;
    check(
        "notes",
        json!({"properties": timed(json!({"hs_note_body": "x".repeat(65_537)}))}),
        400,
        invalid,
        "INVALID_STRING",
    )
    .await;
    check("notes", note_on("9", timed(json!({}))), 400, invalid, "No CONTACT with ID 9 exists").await;
    let mut wrong_type = note_on("9", timed(json!({})));
    wrong_type["associations"][0]["types"][0]["associationTypeId"] = json!(1);
    check("notes", wrong_type, 400, invalid, "association types are invalid").await;
    let upsert = "contacts/batch/upsert";
    check(upsert, json!({}), 400, invalid, "inputs is required").await;
    check(upsert, json!({"inputs": []}), 400, invalid, "1 to 100 inputs").await;
    check(upsert, json!({"inputs": [{"id": "a@b.c", "properties": {}}]}), 400, invalid, "unique property").await;
    check(upsert, upsert_of("nobody", json!({})), 400, invalid, "INVALID_EMAIL").await;
    check(upsert, upsert_of("a@b.c", json!({"email": "d@e.f"})), 501, "NOT_PLAYED", "changes the email").await;
    let twin = upsert_of("a@b.c", json!({}))["inputs"][0].clone();
    check(upsert, json!({"inputs": [twin, twin]}), 400, invalid, "Duplicate IDs").await;
    let search = |filter: Value| json!({"filterGroups": [{"filters": [filter]}]});
    check("contacts/search", json!({"limit": 201}), 400, invalid, "limit must be from 1 to 200").await;
    check("contacts/search", json!({"after": "soon"}), 400, invalid, "not a cursor").await;
    check("contacts/search", json!({"filterGroups": [{"filters": []}]}), 400, invalid, "1 to 6 filters").await;
    check(
        "contacts/search",
        search(json!({"propertyName": "email", "operator": "EQ"})),
        400,
        invalid,
        "value is required",
    )
    .await;
    check(
        "contacts/search",
        search(json!({"propertyName": "email", "operator": "GT", "value": "a"})),
        501,
        "NOT_PLAYED",
        "GT",
    )
    .await;
    check("contacts/search", json!({"query": "ana"}), 501, "NOT_PLAYED", "query").await;
    check("deals", json!({}), 404, "OBJECT_NOT_FOUND", "resource not found").await;
    assert_eq!(get(&world, "contacts/1").await.0, 404);

    let create = |token: Option<&str>, content_type: &str| {
        let request = world.post(Service::Hubspot, "/crm/v3/objects/contacts").header("content-type", content_type);
        let request = token.into_iter().fold(request, |request, token| request.header("authorization", token));
        request.body(r#"{"properties":{}}"#)
    };
    for (token, content_type, status) in [
        (None, "application/json", 401),
        (Some("Bearer other"), "application/json", 401),
        (Some(TOKEN), "text/plain", 415),
        (Some(TOKEN), "application/json; charset=utf-8", 201),
    ] {
        assert_eq!(answer(create(token, content_type)).await.0, status, "{token:?} {content_type}");
    }
    assert_eq!(world.sandbox.records(Service::Hubspot)["contacts"].as_array().map(Vec::len), Some(1));
}
