//! What a FHIR server makes, and the slots that appointments take.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{World, answer, idle, world_with};
use crate::{Fault, Point, Service};

const TOKEN: &str = "sandbox-fhir-token";
const OURS: &str = "identifier=urn:aftercall:effect|key1";

fn resources() -> Value {
    let slot = |id: &str, status: &str, day: u32, service: &str| {
        json!({
            "resourceType": "Slot",
            "id": id,
            "status": status,
            "schedule": { "reference": "Schedule/c-1" },
            "serviceType": [{ "coding": [{ "system": "urn:services", "code": service }] }],
            "start": format!("2026-03-{day:02}T10:00:00-06:00"),
            "end": format!("2026-03-{day:02}T10:30:00-06:00"),
        })
    };
    json!([
        { "resourceType": "Patient", "id": "p-1", "name": [{ "family": "Ruiz" }] },
        { "resourceType": "Schedule", "id": "c-1", "actor": [{ "reference": "Practitioner/d-1" }] },
        slot("s-1", "free", 12, "124"),
        slot("s-2", "free", 5, "57"),
        slot("s-3", "busy", 6, "124"),
    ])
}

async fn clinic(seed: Value) -> World {
    world_with(idle(), |config| drop(config.seeds.insert(Service::Fhir, seed))).await
}

async fn get(world: &World, path: &str) -> Value {
    let (status, body) = answer(world.get(Service::Fhir, &format!("/r4/{path}")).bearer_auth(TOKEN)).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn post(world: &World, body: &Value) -> RequestBuilder {
    let kind = body["resourceType"].as_str().expect("a type");
    let request = world.post(Service::Fhir, &format!("/r4/{kind}")).bearer_auth(TOKEN);
    request.header("content-type", "application/fhir+json").body(body.to_string())
}

fn put(world: &World, body: &Value) -> RequestBuilder {
    let path =
        format!("/r4/{}/{}", body["resourceType"].as_str().expect("a type"), body["id"].as_str().expect("an id"));
    let request = world.client.put(format!("{}{path}", world.sandbox.service_url(Service::Fhir))).bearer_auth(TOKEN);
    let version = format!("W/{}", body["meta"]["versionId"]);
    request.header("content-type", "application/fhir+json").header("if-match", version).body(body.to_string())
}

fn identifier() -> Value {
    json!([{ "system": "urn:aftercall:effect", "value": "key1" }])
}

fn task() -> Value {
    json!({
        "resourceType": "Task",
        "identifier": identifier(),
        "status": "requested",
        "intent": "order",
        "priority": "asap",
        "code": { "text": "Call back" },
        "for": { "reference": "Patient/p-1" },
    })
}

fn document() -> Value {
    json!({
        "resourceType": "DocumentReference",
        "identifier": identifier(),
        "status": "current",
        "subject": { "reference": "Patient/p-1" },
        "content": [{ "attachment": { "contentType": "text/plain", "data": "eA==" } }],
    })
}

fn communication() -> Value {
    json!({
        "resourceType": "Communication",
        "identifier": identifier(),
        "status": "completed",
        "subject": { "reference": "Patient/p-1" },
        "payload": [{ "contentString": "Wants to come on Monday." }],
    })
}

fn visit(slot: &str, status: &str) -> Value {
    json!({
        "resourceType": "Appointment",
        "identifier": identifier(),
        "status": status,
        "start": "2026-03-12T10:00:00-06:00",
        "end": "2026-03-12T10:30:00-06:00",
        "slot": [{ "reference": format!("Slot/{slot}") }],
        "participant": [{ "actor": { "reference": "Patient/p-1" }, "status": "accepted" }],
    })
}

#[tokio::test]
async fn a_resource_is_made_unless_its_condition_finds_one() {
    let world = clinic(resources()).await;
    let made = post(&world, &task()).header("if-none-exist", OURS).send().await.expect("an answer");
    let location = "https://fhir.lakeside-clinic.example/r4/Task/made-6/_history/1";
    assert_eq!((made.status().as_u16(), &made.headers()["location"]), (201, &location.parse().expect("a header")));
    assert_eq!(made.headers()["etag"], "W/\"1\"");
    let mut expected = task();
    (expected["id"], expected["meta"]) =
        (json!("made-6"), json!({ "versionId": "1", "lastUpdated": "2026-03-01T12:00:00.000Z" }));
    let body = made.bytes().await.expect("a whole body");
    assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON"), expected);
    assert_eq!(answer(post(&world, &task()).header("if-none-exist", OURS)).await, (200, expected.clone()));
    assert_eq!(get(&world, "Task/made-6").await, expected);

    let bare = post(&world, &task()).header("prefer", "return=minimal").send().await.expect("an answer");
    assert_eq!((bare.status().as_u16(), bare.text().await.expect("a body").as_str()), (201, ""));
    let (status, several) = answer(post(&world, &task()).header("if-none-exist", OURS)).await;
    assert_eq!((status, &several["issue"][0]["code"]), (412, &json!("multiple-matches")));
    assert_eq!(answer(post(&world, &task()).header("if-none-exist", "colour=red")).await.0, 400);
    assert_eq!(world.sandbox.records(Service::Fhir)["tasks"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_server_may_know_no_conditions() {
    let world = clinic(json!({ "resources": resources(), "conditional_create": false })).await;
    for _ in 0..2 {
        assert_eq!(answer(post(&world, &task()).header("if-none-exist", OURS)).await.0, 201);
    }
}

#[tokio::test]
async fn searches_lag_and_reads_do_not() {
    let world = clinic(resources()).await;
    world.sandbox.fault(Point::write(Service::Fhir), Fault::Lag { ms: 1_000 }, 1);
    assert!(post(&world, &task()).send().await.is_err());
    let found = async || get(&world, "Task?patient=p-1").await["total"].clone();
    assert_eq!(found().await, 0);
    assert_eq!(get(&world, "Task/made-6").await["status"], task()["status"]);
    world.advance(1_000);
    assert_eq!(found().await, 1);
}

#[tokio::test]
async fn what_was_made_is_found_by_its_identifier_and_patient() {
    let world = clinic(resources()).await;
    for body in [task(), document(), communication(), visit("s-1", "booked")] {
        let kind = body["resourceType"].as_str().expect("a type").to_owned();
        assert_eq!(answer(post(&world, &body)).await.0, 201, "{kind}");
        let total = async |query: &str| get(&world, &format!("{kind}?{query}")).await["total"].clone();
        assert_eq!(total("patient=p-1&identifier=urn:aftercall:effect%7Ckey1").await, 1, "{kind}");
        assert_eq!(total("identifier=key1&patient=Patient/p-1").await, 1, "{kind}");
        assert_eq!(total("identifier=urn:other%7Ckey1").await, 0, "{kind}");
        assert_eq!(total("identifier=urn:aftercall:effect%7Ckey2").await, 0, "{kind}");
        assert_eq!(total("patient=p-2").await, 0, "{kind}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_new_resource_is_told() {
    let world = clinic(resources()).await;
    let check = async |mut body: Value, element: &str, value: Value, place: &str| {
        body[element] = value;
        let (status, answered) = answer(post(&world, &body)).await;
        assert_eq!((status, &answered["issue"][0]["expression"]), (422, &json!([place])), "{answered}");
    };
    check(task(), "status", json!("open"), "Task.status").await;
    check(task(), "intent", Value::Null, "Task.intent").await;
    check(task(), "priority", json!("high"), "Task.priority").await;
    check(task(), "authoredOn", json!("today"), "Task.authoredOn").await;
    check(document(), "status", json!("final"), "DocumentReference.status").await;
    check(document(), "content", json!([]), "DocumentReference.content").await;
    check(document(), "content", json!([{}]), "DocumentReference.content.attachment").await;
    check(document(), "date", json!("2026-03-01"), "DocumentReference.date").await;
    check(communication(), "status", json!("said"), "Communication.status").await;
    check(communication(), "payload", json!([]), "Communication.payload").await;
    check(communication(), "sent", json!("2026-03-01"), "Communication.sent").await;
    check(visit("s-1", "booked"), "participant", json!([]), "Appointment.participant").await;
    let refused = async |body: Value| answer(post(&world, &body)).await.0;
    assert_eq!(refused(json!({ "resourceType": "Patient" })).await, 405);
    assert_eq!(refused(json!({ "resourceType": "Slot" })).await, 405);
    let other = world.post(Service::Fhir, "/r4/Task").bearer_auth(TOKEN).body(document().to_string());
    assert_eq!(answer(other.header("content-type", "application/json")).await.0, 400);
    assert!(world.sandbox.records(Service::Fhir)["tasks"].as_array().is_some_and(Vec::is_empty));
}

#[tokio::test]
async fn slots_are_searched() {
    let world = clinic(resources()).await;
    let check = async |query: &str, expected: &[&str]| {
        let bundle = get(&world, &format!("Slot?{query}")).await;
        let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = entries.iter().map(|entry| entry["resource"]["id"].as_str().expect("an id")).collect();
        assert_eq!(ids, expected, "{query}");
    };
    check("status=free&_sort=start", &["s-2", "s-1"]).await;
    check("_sort=-start", &["s-1", "s-3", "s-2"]).await;
    check("start=gt2026-03-05T16:00:00Z&start=le2026-03-06", &["s-3"]).await;
    check("service-type=urn:services%7C124&schedule=Schedule/c-1", &["s-1", "s-3"]).await;
    check("service-type=57", &["s-2"]).await;
    check("schedule=Schedule/c-2,Schedule/c-3", &[]).await;
    assert_eq!(get(&world, "Schedule?_id=c-1").await["total"], 1);
}

#[tokio::test]
async fn an_appointment_takes_a_slot_and_gives_it_back() {
    let world = clinic(resources()).await;
    let status = async || get(&world, "Slot/s-1").await["status"].clone();
    let (_, mut made) = answer(post(&world, &visit("s-1", "pending"))).await;
    assert_eq!(status().await, "busy-tentative");
    let (code, taken) = answer(post(&world, &visit("s-1", "booked"))).await;
    assert_eq!((code, &taken["issue"][0]["code"]), (409, &json!("conflict")));
    assert_eq!(answer(post(&world, &visit("s-3", "booked"))).await.0, 409);
    assert_eq!(answer(post(&world, &visit("s-9", "booked"))).await.0, 422);
    for (wish, expected, version) in [("booked", "busy", "3"), ("arrived", "busy", "3"), ("cancelled", "free", "4")] {
        made["status"] = wish.into();
        let (code, changed) = answer(put(&world, &made)).await;
        assert_eq!(code, 200, "{changed}");
        made = changed;
        let slot = get(&world, "Slot/s-1").await;
        assert_eq!((&slot["status"], &slot["meta"]["versionId"]), (&json!(expected), &json!(version)), "{wish}");
    }
    // Cancelled once more, it leaves the slot to whoever has it by then.
    assert_eq!(answer(post(&world, &visit("s-1", "booked"))).await.0, 201);
    assert_eq!(answer(put(&world, &made)).await.0, 200);
    assert_eq!(status().await, "busy");
}

#[tokio::test]
async fn a_client_may_have_to_mark_slots_itself() {
    let world = clinic(json!({ "resources": resources(), "slots_marked_by": "client" })).await;
    let mut slot = get(&world, "Slot/s-1").await;
    slot["status"] = json!("busy");
    let stale = slot.clone();
    let (status, taken) = answer(put(&world, &slot)).await;
    assert_eq!((status, &taken["meta"]["versionId"]), (200, &json!("2")));
    assert_eq!(answer(put(&world, &stale)).await.0, 412);
    slot["meta"]["versionId"] = json!("2");
    slot["status"] = json!("taken");
    assert_eq!(answer(put(&world, &slot)).await.0, 422);
    for expected in [201, 201] {
        assert_eq!(answer(post(&world, &visit("s-1", "booked"))).await.0, expected);
    }
    assert_eq!(get(&world, "Slot/s-1").await, taken);
}
