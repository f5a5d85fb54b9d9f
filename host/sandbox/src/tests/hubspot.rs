use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world, world_with};
use crate::{Config, Sandbox, Service};

const TOKEN: &str = "Bearer sandbox-hubspot-token";

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    let request = world.post(Service::Hubspot, &format!("/crm/v3/objects/{path}")).header("authorization", TOKEN);
    answer(with_json(request, body)).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Hubspot, &format!("/crm/v3/objects/{path}")).header("authorization", TOKEN)).await
}

async fn seeded(seed: Value) -> World {
    world_with(idle(), |config| drop(config.seeds.insert(Service::Hubspot, seed))).await
}

/// An account with a pipeline for payment arrangements.
fn arrangements() -> Value {
    json!({
        "properties": {"deals": ["aftercall_key"]},
        "pipelines": {"81": ["8101", "8102"]},
        "contacts": [{"email": "ana@example.com"}],
    })
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
    let whole = json!({"firstname": "Ana", "phone": "+14155550123"});
    let (_, again) = post(&world, "contacts/batch/upsert", &upsert_of("ana@example.com", whole)).await;
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
    let properties = json!({"hs_timestamp": "2026-03-01T12:00:00Z", "hs_note_body": "<p>Wants 40 pallets. Reference: k7f3a1 (ours)</p>"});
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
    check(json!([body("k7f3a1")]), 1).await;
    check(json!([body("K7F3A1")]), 1).await;
    check(json!([body("k7*")]), 1).await;
    check(json!([body("*a1")]), 1).await;
    check(json!([body("*f3*")]), 1).await;
    check(json!([body("k7")]), 0).await;
    // It may be a token, or have its point in it.
    check(json!([body("pallets")]), 0).await;
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
    let world = seeded(json!({"properties": {"contacts": ["fleet_size"]}})).await;
    let (status, _) = post(&world, "contacts", &json!({"properties": {"fleet_size": "40"}})).await;
    assert_eq!(status, 201);
}

#[tokio::test]
async fn a_number_is_searched_without_its_country() {
    let numbers = ["+1 (415) 555-0123", "415.555.0123", "0415 5550123", "+49 415 5550123", "+14155550124"];
    let contacts: Vec<Value> = numbers
        .iter()
        .map(|number| json!({"firstname": "Ana", "phone": number, "mobilephone": "+351912345678"}))
        .collect();
    let world = seeded(json!({"contacts": contacts})).await;
    let check = async |property: &str, value: &str, expected: u64| {
        let filter = json!({"propertyName": property, "operator": "EQ", "value": value});
        let body = json!({"filterGroups": [{"filters": [filter]}]});
        let (_, found) = post(&world, "contacts/search", &body).await;
        assert_eq!(found["total"], expected, "{property} {value}");
    };
    for property in ["phone", "hs_searchable_calculated_phone_number"] {
        check(property, "4155550123", 4).await;
        check(property, "(415) 555-0123", 4).await;
        check(property, "+14155550123", 0).await;
        check(property, "5550123", 0).await;
        check(property, "", 0).await;
    }
    check("hs_searchable_calculated_mobile_number", "912345678", 5).await;
}

#[tokio::test]
async fn a_contact_is_updated() {
    let world = seeded(json!({
        "properties": {"contacts": ["collection_status"]},
        "contacts": [{"email": "Ana@example.com", "phone": "+14155550123"}, {"email": "bo@example.com"}],
    }))
    .await;
    let check = async |path: &str, properties: Value, status: u16, part: &str| {
        let request =
            world.client.patch(format!("{}/crm/v3/objects/{path}", world.sandbox.service_url(Service::Hubspot)));
        let body = json!({"properties": properties});
        let (given, answer) = answer(with_json(request.header("authorization", TOKEN), &body)).await;
        assert_eq!(given, status, "{path} {body}: {answer}");
        assert!(answer.to_string().contains(part), "{path} {body}: {answer}");
    };
    check("contacts/70001", json!({"collection_status": "paid"}), 200, "\"collection_status\":\"paid\"").await;
    check("contacts/70001", json!({"collection_status": "paid"}), 200, "+14155550123").await;
    check("contacts/ana@example.com?idProperty=email", json!({"city": "Faro"}), 200, "\"id\":\"70001\"").await;
    check("contacts/70002", json!({"email": "ANA@example.com"}), 409, "Existing ID: 70001").await;
    check("contacts/70002", json!({"shoe_size": "43"}), 400, "PROPERTY_DOESNT_EXIST").await;
    check("contacts/9", json!({"city": "Faro"}), 404, "OBJECT_NOT_FOUND").await;
    check("deals/70001", json!({"amount": "1"}), 404, "OBJECT_NOT_FOUND").await;
    let records = world.sandbox.records(Service::Hubspot);
    assert_eq!(records["contacts"][0]["properties"]["city"], "Faro");
    assert_eq!(records["contacts"][1]["properties"]["email"], "bo@example.com");
}

#[tokio::test]
async fn a_deal_is_upserted_by_a_unique_property_and_put_on_its_contact() {
    let world = seeded(arrangements()).await;
    let upsert = |key: &str, amount: &str| {
        let properties = json!({"dealname": "Arrangement", "amount": amount, "pipeline": "81", "dealstage": "8101"});
        json!({"inputs": [{"idProperty": "aftercall_key", "id": key, "properties": properties}]})
    };
    let (status, first) = post(&world, "0-3/batch/upsert", &upsert("ac_01", "150.00")).await;
    assert_eq!(status, 200, "{first}");
    let deal = &first["results"][0];
    assert_eq!((&deal["id"], &deal["new"]), (&json!("70002"), &json!(true)));
    assert_eq!(deal["properties"]["aftercall_key"], "ac_01");
    let (_, again) = post(&world, "deals/batch/upsert", &upsert("ac_01", "160.00")).await;
    assert_eq!((&again["results"][0]["id"], &again["results"][0]["new"]), (&json!("70002"), &json!(false)));
    let (_, other) = post(&world, "deals/batch/upsert", &upsert("AC_01", "1")).await;
    assert_eq!(other["results"][0]["id"], "70003");

    let associate = async |path: &str| {
        let request =
            world.client.put(format!("{}/crm/v4/objects/{path}", world.sandbox.service_url(Service::Hubspot)));
        answer(request.header("authorization", TOKEN)).await
    };
    for _ in 0..2 {
        let (status, made) = associate("deals/70002/associations/default/contacts/70001").await;
        assert_eq!((status, &made["status"]), (200, &json!("COMPLETE")));
        let spec = json!({"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3});
        let expected = json!([{"from": {"id": "70002"}, "to": {"id": "70001"}, "associationSpec": spec}]);
        assert_eq!(made["results"], expected);
    }
    for (path, status, part) in [
        ("deals/70002/associations/default/contacts/9", 400, "CONTACT=9 is not valid"),
        ("deals/9/associations/default/contacts/70001", 400, "DEAL=9 is not valid"),
        ("contacts/70001/associations/default/deals/70002", 501, "NOT_PLAYED"),
        ("deals/70002/associations/default/companies/1", 404, "OBJECT_NOT_FOUND"),
    ] {
        let (given, refused) = associate(path).await;
        assert_eq!(given, status, "{path}: {refused}");
        assert!(refused.to_string().contains(part), "{path}: {refused}");
    }

    let (_, read) = get(&world, "deals/70002?associations=contacts,notes").await;
    let linked = json!({"contacts": {"results": [{"id": "70001", "type": "deal_to_contact"}]}});
    assert_eq!((&read["associations"], &read["properties"]["amount"]), (&linked, &json!("160.00")));
    let (_, contact) = get(&world, "contacts/70001?associations=deals").await;
    assert_eq!(contact["associations"]["deals"]["results"], json!([{"id": "70002", "type": "contact_to_deal"}]));
    let deals = &world.sandbox.records(Service::Hubspot)["deals"];
    assert_eq!((&deals[0]["contacts"], &deals[1]["contacts"]), (&json!(["70001"]), &json!([])));
}

#[tokio::test]
async fn what_hubspot_refuses_of_deals() {
    let world = seeded(arrangements()).await;
    let check = async |properties: Value, status: u16, part: &str| {
        let (given, answer) = post(&world, "deals", &json!({"properties": properties})).await;
        assert_eq!(given, status, "{properties}: {answer}");
        assert!(answer.to_string().contains(part), "{properties}: {answer}");
    };
    check(json!({"amount": "lots"}), 400, "INVALID_DOUBLE").await;
    check(json!({"closedate": "soon"}), 400, "INVALID_DATE").await;
    check(json!({"deal_currency_code": "pounds"}), 400, "INVALID_OPTION").await;
    check(json!({"pipeline": "82"}), 400, "INVALID_OPTION").await;
    check(json!({"dealstage": "8101"}), 400, "INVALID_OPTION").await;
    check(json!({"pipeline": "81", "dealstage": "closedwon"}), 400, "INVALID_OPTION").await;
    check(json!({"email": "a@b.c"}), 400, "PROPERTY_DOESNT_EXIST").await;
    let sound = json!({
        "dealname": "Arrangement",
        "amount": "150.00",
        "closedate": "2026-12-01T12:00:00Z",
        "deal_currency_code": "GBP",
        "dealstage": "contractsent",
        "aftercall_key": "ac_01",
    });
    check(sound.clone(), 201, "\"id\":\"70002\"").await;
    check(sound, 400, "CONFLICTING_UNIQUE_VALUE").await;
    let by_name = json!({"inputs": [{"idProperty": "dealname", "id": "a", "properties": {}}]});
    let (status, refused) = post(&world, "deals/batch/upsert", &by_name).await;
    assert_eq!(status, 400, "{refused}");
}

#[tokio::test]
async fn a_seed_that_makes_no_sense_is_refused() {
    let check = async |seed: Value, part: &str| {
        let mut config = Config::new(idle(), || 0);
        config.seeds.insert(Service::Hubspot, seed.clone());
        let Err(refused) = Sandbox::start(config).await else { panic!("{seed} is taken") };
        assert!(refused.to_string().contains(part), "{seed}: {refused}");
    };
    check(json!([]), "correct what Hubspot begins with: give an object").await;
    check(json!({"contact": []}), "unknown field `contact`").await;
    check(json!({"properties": {"notes": ["x"]}}), "unknown field `notes`").await;
    check(json!({"contacts": [{"email": "ana@example.com"}, {"shoe_size": "43"}]}), "contacts[1]: ").await;
    check(json!({"contacts": [{"numemployees": 4}]}), "must be a string").await;
    check(json!({"contacts": [{"email": "a@b.c"}, {"email": "A@b.c"}]}), "contacts[1]: Contact already exists").await;
}

/// Posts what HubSpot refuses, in its own error shape.
async fn refused(world: &World, path: &str, body: Value, status: u16, category: &str, part: &str) {
    let (given, answer) = post(world, path, &body).await;
    assert_eq!((given, &answer["category"]), (status, &json!(category)), "{path} {body}: {answer}");
    assert_eq!(answer["status"], "error");
    assert!(answer["correlationId"].as_str().is_some_and(|id| id.len() == 36));
    assert!(answer["message"].as_str().is_some_and(|message| message.contains(part)), "{path} {body}: {answer}");
}

#[tokio::test]
async fn what_hubspot_refuses_of_contacts() {
    let world = world(idle()).await;
    let contact = async |properties: Value, part: &str| {
        refused(&world, "contacts", json!({"properties": properties}), 400, "VALIDATION_ERROR", part).await;
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
}

#[tokio::test]
async fn what_hubspot_refuses_of_notes() {
    let world = world(idle()).await;
    let invalid = "VALIDATION_ERROR";
    let timed = |more: Value| {
        let mut properties = json!({"hs_timestamp": "1772366400000"});
        properties.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        properties
    };
    refused(
        &world,
        "notes",
        json!({"properties": {"hs_note_body": "x"}}),
        400,
        invalid,
        "required properties were not set",
    )
    .await;
    refused(&world, "notes", json!({"properties": {"hs_timestamp": "noon"}}), 400, invalid, "INVALID_DATE").await;
    refused(
        &world,
        "notes",
        json!({"properties": timed(json!({"hs_note_body": "x".repeat(65_537)}))}),
        400,
        invalid,
        "INVALID_STRING",
    )
    .await;
    refused(&world, "notes", note_on("9", timed(json!({}))), 400, invalid, "No CONTACT with ID 9 exists").await;
    let mut wrong_type = note_on("9", timed(json!({})));
    wrong_type["associations"][0]["types"][0]["associationTypeId"] = json!(1);
    refused(&world, "notes", wrong_type, 400, invalid, "association types are invalid").await;
}

#[tokio::test]
async fn what_hubspot_refuses_of_upserts() {
    let world = world(idle()).await;
    let invalid = "VALIDATION_ERROR";
    let upsert = "contacts/batch/upsert";
    refused(&world, upsert, json!({}), 400, invalid, "inputs is required").await;
    refused(&world, upsert, json!({"inputs": []}), 400, invalid, "1 to 100 inputs").await;
    refused(&world, upsert, json!({"inputs": [{"id": "a@b.c", "properties": {}}]}), 400, invalid, "unique property")
        .await;
    refused(&world, upsert, upsert_of("nobody", json!({})), 400, invalid, "INVALID_EMAIL").await;
    refused(&world, upsert, upsert_of("a@b.c", json!({"email": "d@e.f"})), 501, "NOT_PLAYED", "changes the email")
        .await;
    // HubSpot promises nothing of the properties that such an upsert leaves out.
    post(&world, "contacts", &json!({"properties": {"email": "e@f.g", "firstname": "Eve"}})).await;
    let partial = upsert_of("e@f.g", json!({"phone": "+14155550123"}));
    refused(&world, upsert, partial, 501, "NOT_PLAYED", "a partial upsert of a contact by its email").await;
    let twin = upsert_of("a@b.c", json!({}))["inputs"][0].clone();
    refused(&world, upsert, json!({"inputs": [twin, twin]}), 400, invalid, "Duplicate IDs").await;
}

#[tokio::test]
async fn what_hubspot_refuses_of_searches() {
    let world = world(idle()).await;
    let invalid = "VALIDATION_ERROR";
    let search = |filter: Value| json!({"filterGroups": [{"filters": [filter]}]});
    refused(&world, "contacts/search", json!({"limit": 201}), 400, invalid, "limit must be from 1 to 200").await;
    refused(&world, "contacts/search", json!({"after": "soon"}), 400, invalid, "not a cursor").await;
    refused(&world, "contacts/search", json!({"filterGroups": [{"filters": []}]}), 400, invalid, "1 to 6 filters")
        .await;
    refused(
        &world,
        "contacts/search",
        search(json!({"propertyName": "email", "operator": "EQ"})),
        400,
        invalid,
        "value is required",
    )
    .await;
    refused(
        &world,
        "contacts/search",
        search(json!({"propertyName": "email", "operator": "GT", "value": "a"})),
        501,
        "NOT_PLAYED",
        "GT",
    )
    .await;
    refused(&world, "contacts/search", json!({"query": "ana"}), 501, "NOT_PLAYED", "query").await;
    for value in ["ac_01", "two words", "ref:1", ""] {
        let filter = json!({"propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": value});
        let search = json!({"filterGroups": [{"filters": [filter]}]});
        refused(&world, "notes/search", search, 501, "NOT_PLAYED", "one token or several").await;
    }
    refused(&world, "companies", json!({}), 404, "OBJECT_NOT_FOUND", "resource not found").await;
    assert_eq!(get(&world, "contacts/1").await.0, 404);
}

#[tokio::test]
async fn what_hubspot_refuses_of_strangers() {
    let world = world(idle()).await;
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
