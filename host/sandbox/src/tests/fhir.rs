use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{World, answer, idle, world, world_with};
use crate::{Config, Sandbox, Service};

const TOKEN: &str = "sandbox-fhir-token";
const BASE: &str = "https://fhir.lakeside-clinic.example/r4";

fn patient(id: &str, family: &str, given: &str, phone: &str, born: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "id": id,
        "name": [{ "use": "official", "family": family, "given": [given] }],
        "telecom": [{ "system": "phone", "value": phone }, { "system": "email", "value": format!("{id}@mail.example") }],
        "birthDate": born,
    })
}

fn appointment(id: &str, status: &str, patient: &str, day: u32) -> Value {
    json!({
        "resourceType": "Appointment",
        "id": id,
        "status": status,
        "start": format!("2026-03-{day:02}T10:00:00-06:00"),
        "end": format!("2026-03-{day:02}T10:30:00-06:00"),
        "participant": [
            { "actor": { "reference": format!("Patient/{patient}") }, "status": "needs-action" },
            { "actor": { "reference": "Practitioner/d-1", "display": "Dr. Okafor" }, "status": "accepted" },
        ],
    })
}

fn seed() -> Value {
    let mut kept = appointment("a-3", "booked", "p-2", 5);
    kept["meta"] = json!({ "versionId": "7", "lastUpdated": "2026-02-01T09:30:00.000Z" });
    json!([
        patient("p-1", "Ruiz", "Marta", "+14155550123", "1971-04-23"),
        patient("p-2", "Ruizdael, Jr", "Jan", "+14155550123", "1980-01-31"),
        patient("p-3", "Okoye", "Ada", "+14155550199", "1971-04-23"),
        appointment("a-1", "pending", "p-1", 12),
        appointment("a-2", "cancelled", "p-1", 5),
        kept,
    ])
}

async fn clinic() -> World {
    world_with(idle(), |config| drop(config.seeds.insert(Service::Fhir, seed()))).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Fhir, &format!("/r4/{path}")).bearer_auth(TOKEN)).await
}

fn put(world: &World, id: &str, version: &str, body: &Value) -> RequestBuilder {
    let url = format!("{}/r4/Appointment/{id}", world.sandbox.service_url(Service::Fhir));
    let request = world.client.put(url).bearer_auth(TOKEN).header("content-type", "application/fhir+json");
    request.header("if-match", version).body(body.to_string())
}

/// The words of the first issue of an OperationOutcome.
fn diagnostics(body: &Value) -> &str {
    assert_eq!(body["resourceType"], "OperationOutcome", "{body}");
    assert_eq!(body["issue"][0]["severity"], "error");
    body["issue"][0]["diagnostics"].as_str().expect("diagnostics")
}

#[tokio::test]
async fn resources_are_searched() {
    let world = clinic().await;
    let check = async |search: &str, expected: &[&str]| {
        let (status, bundle) = get(&world, search).await;
        assert_eq!((status, &bundle["type"]), (200, &json!("searchset")), "{search}: {bundle}");
        let entries = bundle["entry"].as_array().map_or(&[][..], Vec::as_slice);
        let ids: Vec<&str> = entries.iter().map(|entry| entry["resource"]["id"].as_str().expect("an id")).collect();
        assert_eq!(ids, expected, "{search}");
        assert_eq!(bundle["total"], expected.len());
        assert_eq!(bundle.get("entry").is_some(), !expected.is_empty());
    };
    check("Patient", &["p-1", "p-2", "p-3"]).await;
    check("Patient?phone=%2B14155550123", &["p-1", "p-2"]).await;
    check("Patient?phone=%2B14155550123&birthdate=1971-04-23", &["p-1"]).await;
    check("Patient?phone=%2B14155550123,%2B14155550199", &["p-1", "p-2", "p-3"]).await;
    check("Patient?phone=p-1@mail.example", &[]).await;
    check("Patient?telecom=p-1@mail.example", &["p-1"]).await;
    check("Patient?telecom=email%7Cp-1@mail.example", &["p-1"]).await;
    check("Patient?telecom=phone%7Cp-1@mail.example", &[]).await;
    check("Patient?family=ruiz", &["p-1", "p-2"]).await;
    check("Patient?family=RUIZDAEL%5C,", &["p-2"]).await;
    check("Patient?family=dael,oko", &["p-3"]).await;
    check("Patient?family:contains=dael", &["p-2"]).await;
    check("Patient?family:exact=Ruiz", &["p-1"]).await;
    check("Patient?family:exact=ruiz", &[]).await;
    check("Patient?given=ad&birthdate=ge1971&birthdate=lt1972", &["p-3"]).await;
    check("Patient?_id=p-3,p-9", &["p-3"]).await;
    check("Appointment?patient=p-1", &["a-1", "a-2"]).await;
    check("Appointment?patient=Patient/p-2", &["a-3"]).await;
    check("Appointment?patient=https://fhir.lakeside-clinic.example/r4/Patient/p-2", &["a-3"]).await;
    check("Appointment?patient=d-1", &[]).await;
    check("Appointment?actor=d-1", &["a-1", "a-2", "a-3"]).await;
    check("Appointment?actor=Practitioner/d-1&status=booked,pending", &["a-1", "a-3"]).await;
    check("Appointment?patient=p-1&_sort=date", &["a-2", "a-1"]).await;
    check("Appointment?patient=p-1&_sort=-date", &["a-1", "a-2"]).await;
    check("Appointment?date=ge2026-03-06", &["a-1"]).await;
    check("Appointment?date=ge2026-03-05&date=le2026-03-11", &["a-2", "a-3"]).await;
    check("Appointment?date=2026-03-05&patient=p-1", &["a-2"]).await;
}

#[tokio::test]
async fn a_search_pages() {
    let world = clinic().await;
    let (_, first) = get(&world, "Patient?_count=2&family=ruiz,okoye&_elements=birthDate").await;
    assert_eq!((&first["total"], first["entry"].as_array().map(Vec::len)), (&json!(3), Some(2)));
    let tag = json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED" });
    let meta = json!({ "versionId": "1", "tag": [tag] });
    let resource = json!({ "resourceType": "Patient", "id": "p-1", "meta": meta, "birthDate": "1971-04-23" });
    let entry =
        json!({ "fullUrl": format!("{BASE}/Patient/p-1"), "resource": resource, "search": { "mode": "match" } });
    assert_eq!(first["entry"][0], entry);
    let [own, next] = first["link"].as_array().expect("links").as_slice() else { panic!("two links") };
    assert_eq!((&own["relation"], &next["relation"]), (&json!("self"), &json!("next")));
    let next =
        next["url"].as_str().and_then(|url| url.strip_prefix(&format!("{BASE}/"))).expect("a URL of this server");
    let (_, second) = get(&world, next).await;
    assert_eq!(second["entry"][0]["resource"]["id"], "p-3");
    assert_eq!(second["link"].as_array().map(Vec::len), Some(1));
    let (_, none) = get(&world, "Patient?_count=0").await;
    assert_eq!((&none["total"], none.get("entry"), &none["link"][1]), (&json!(3), None, &Value::Null));
}

#[tokio::test]
async fn a_search_pages_at_the_base_as_hapi_does() {
    let seed = json!({ "resources": seed(), "hapi_pages_of": 1 });
    let world = world_with(idle(), |config| drop(config.seeds.insert(Service::Fhir, seed))).await;
    let at_base = async |path: &str| answer(world.get(Service::Fhir, path).bearer_auth(TOKEN)).await;
    let mut path = "/r4/Patient?birthdate=1971-04-23&_count=20&_elements=birthDate".to_owned();
    for (id, next) in [("p-1", Some("?_getpages=Patient%3F")), ("p-3", None)] {
        let (status, page) = at_base(&path).await;
        assert_eq!((status, &page["total"], &page["entry"][0]["resource"]["id"]), (200, &json!(2), &json!(id)));
        assert_eq!(page["entry"].as_array().map(Vec::len), Some(1));
        let link = page["link"][1]["url"].as_str().and_then(|url| url.strip_prefix(BASE));
        assert_eq!(link.map(|link| link.starts_with(next.unwrap_or_default())), next.map(|_| true), "{page}");
        path = format!("/r4{}", link.unwrap_or_default());
    }
    let check = async |path: &str, status: u16, words: &str| {
        let (given, body) = at_base(path).await;
        assert_eq!(given, status, "{path}: {body}");
        assert!(diagnostics(&body).contains(words), "{path}: {body}");
    };
    check("/r4?_getpages=gone&_getpagesoffset=1&_count=1&_bundletype=searchset", 410, "may have expired").await;
    check("/r4?_getpages=Patient%3F&_count=1", 400, "needs the parameter '_getpagesoffset'").await;
    check("/r4?_getpages=Patient%3F&_getpagesoffset=x&_count=1", 400, "'_offset' can't have the value").await;
    check("/r4?_getpages=Patient%3F&_getpagesoffset=1&_count=1&family=Ruiz", 400, "'family' of a page").await;
}

#[tokio::test]
async fn an_appointment_is_read_and_updated_on_its_version() {
    let world = clinic().await;
    let read = world.get(Service::Fhir, "/r4/Appointment/a-3").bearer_auth(TOKEN).send().await.expect("an answer");
    assert_eq!(read.headers()["etag"], "W/\"7\"");
    assert_eq!(read.headers()["content-type"], "application/fhir+json");
    assert_eq!(read.headers()["last-modified"], "Sun, 01 Feb 2026 09:30:00 GMT");

    let (_, mut changed) = get(&world, "Appointment/a-1").await;
    assert_eq!(changed["meta"], json!({ "versionId": "1" }));
    changed["status"] = json!("booked");
    changed["participant"][0]["status"] = json!("accepted");
    changed["x-ward"] = json!({ "kept": true });
    changed["meta"]["source"] = json!("urn:phone");
    let (status, answered) = answer(put(&world, "a-1", "W/\"1\"", &changed)).await;
    assert_eq!(status, 200, "{answered}");
    let mut expected = changed.clone();
    expected["meta"] = json!({ "versionId": "2", "lastUpdated": "2026-03-01T12:00:00.000Z", "source": "urn:phone" });
    assert_eq!(answered, expected);
    assert_eq!(get(&world, "Appointment/a-1").await.1, expected);
    assert_eq!(world.sandbox.records(Service::Fhir)["appointments"][0], expected);

    let (status, stale) = answer(put(&world, "a-1", "W/\"1\"", &changed)).await;
    assert_eq!((status, diagnostics(&stale)), (412, "Version 1 of Appointment/a-1 is not the current one"));
    let (status, again) = answer(put(&world, "a-1", "\"2\"", &changed)).await;
    assert_eq!((status, &again["meta"]["versionId"]), (200, &json!("3")));
}

#[tokio::test]
async fn an_invalid_appointment_is_refused() {
    let world = clinic().await;
    let check = async |change: fn(&mut Value), status: u16, code: &str, words: &str| {
        let (_, mut body) = get(&world, "Appointment/a-1").await;
        change(&mut body);
        let (given, answered) = answer(put(&world, "a-1", "W/\"1\"", &body)).await;
        assert_eq!((given, &answered["issue"][0]["code"]), (status, &json!(code)), "{answered}");
        assert!(diagnostics(&answered).contains(words), "{answered}");
    };
    check(|it| it["status"] = json!("confirmed"), 422, "code-invalid", "Appointment.status must be one of proposed")
        .await;
    check(|it| it["status"] = Value::Null, 422, "required", "Appointment.status is required").await;
    check(|it| it["participant"] = json!([]), 422, "required", "needs a participant").await;
    check(|it| it["participant"] = json!("Ruiz"), 422, "required", "needs a participant").await;
    let place = "Appointment.participant[0].status";
    check(|it| it["participant"][0]["status"] = Value::Null, 422, "required", place).await;
    check(|it| it["participant"][0]["status"] = json!("booked"), 422, "code-invalid", place).await;
    check(|it| it["participant"][1] = json!({ "status": "accepted" }), 422, "invariant", "app-1").await;
    check(|it| it["start"] = json!("2026-03-12T10:00"), 422, "value", "start must be an instant").await;
    check(|it| drop(it.as_object_mut().map(|it| it.remove("end"))), 422, "invariant", "app-2").await;
    let without_time =
        |it: &mut Value| it.as_object_mut().expect("an object").retain(|name, _| name != "start" && name != "end");
    check(without_time, 422, "invariant", "app-3").await;
    check(|it| it["cancelationReason"] = json!({ "text": "ill" }), 422, "invariant", "app-4").await;
    check(|it| it["id"] = json!("a-2"), 400, "invalid", "The id of the resource").await;
    check(|it| it["id"] = Value::Null, 400, "invalid", "The id of the resource").await;
    check(|it| it["resourceType"] = json!("Patient"), 400, "invalid", "of the type Appointment").await;

    let (_, mut body) = get(&world, "Appointment/a-1").await;
    body["status"] = json!("x");
    body["participant"][1]["status"] = json!("y");
    let (_, answered) = answer(put(&world, "a-1", "W/\"1\"", &body)).await;
    assert_eq!(answered["issue"][1]["expression"], json!(["Appointment.participant[1].status"]));
    assert_eq!(get(&world, "Appointment/a-1").await.1["meta"]["versionId"], "1");
}

#[tokio::test]
async fn what_a_fhir_server_refuses() {
    let world = clinic().await;
    let check = async |path: &str, status: u16, words: &str| {
        let (given, body) = get(&world, path).await;
        assert_eq!(given, status, "{path}: {body}");
        assert!(diagnostics(&body).contains(words), "{path}: {body}");
    };
    check("Patient?shoe-size=43", 400, "'shoe-size' of Patient is not supported").await;
    check("Appointment?family=Ruiz", 400, "'family' of Appointment is not supported").await;
    check("Patient?phone:text=555", 400, "modifier ':text'").await;
    check("Patient?family=", 400, "'family' can't have the value ''").await;
    check("Patient?birthdate=23.04.1971", 400, "'birthdate' can't have the value").await;
    check("Patient?_sort=family", 400, "'_sort' can't have the value").await;
    check("Patient?_count=many", 400, "'_count' can't have the value").await;
    check("Patient?_format=xml", 400, "'_format' can't have the value").await;
    check("Appointment?patient=Practitioner/d-1", 400, "'patient' can't have the value").await;
    check("Patient/p-9", 404, "Patient/p-9 is not known").await;
    check("Observation", 404, "Unknown resource type 'Observation'").await;
    check("Patient/p-1/_history/1", 404, "no FHIR endpoint").await;

    let (_, body) = get(&world, "Appointment/a-1").await;
    let check = async |request: RequestBuilder, status: u16, words: &str| {
        let (given, body) = answer(request).await;
        assert_eq!(given, status, "{body}");
        assert!(diagnostics(&body).contains(words), "{body}");
    };
    check(put(&world, "a-1", "1", &body), 400, "If-Match must be as in").await;
    check(put(&world, "a-9", "W/\"1\"", &json!({ "resourceType": "Appointment", "id": "a-9" })), 405, "not known")
        .await;
    check(put(&world, "a-1", "W/\"1\"", &json!([])), 400, "not a resource as JSON").await;
    let url = format!("{}/r4/Appointment/a-1", world.sandbox.service_url(Service::Fhir));
    let bare = || world.client.put(&url).bearer_auth(TOKEN).body(body.to_string());
    check(bare().header("content-type", "application/fhir+json"), 400, "needs the header If-Match").await;
    check(bare().header("content-type", "text/plain"), 415, "application/fhir+json").await;
    check(world.client.delete(&url).bearer_auth(TOKEN), 405, "DELETE is not supported").await;
    check(world.client.put(url.replace("Appointment/a", "Patient/p")).bearer_auth(TOKEN), 405, "PUT").await;
    check(world.client.get(&url).bearer_auth(TOKEN).header("accept", "application/fhir+xml"), 406, "JSON").await;
    check(world.client.get(&url).bearer_auth("other"), 401, "access token").await;
    check(world.get(Service::Fhir, "/r4?_getpages=Patient%3F").bearer_auth(TOKEN), 404, "no FHIR endpoint").await;
    check(world.get(Service::Fhir, "/fhir/Patient").bearer_auth(TOKEN), 404, "no FHIR endpoint").await;
    let anonymous = world.client.get(&url).send().await.expect("an answer");
    assert_eq!(anonymous.headers()["www-authenticate"], "Bearer realm=\"Lakeside Clinic\"");
    assert_eq!(anonymous.status(), 401);
}

#[tokio::test]
async fn a_clinic_begins_with_what_it_was_given() {
    let check = async |seed: Value, expected: &str| {
        let mut config = Config::new(idle(), || 0);
        config.seeds.insert(Service::Fhir, seed);
        let error = Sandbox::start(config).await.err().expect("no start").to_string();
        assert!(error.contains(expected), "{error}");
    };
    check(json!({}), "correct what Fhir begins with: give an array").await;
    check(json!(["Patient"]), "resource 0: it must be an object").await;
    check(json!([{ "resourceType": "Ward", "id": "1" }]), "resource 0: its resourceType must be").await;
    check(json!([{ "resourceType": "Patient", "id": "p/1" }]), "resource 0: its id must be").await;
    let p = patient("p-1", "Ruiz", "Marta", "+14155550123", "1971-04-23");
    check(json!([p, p]), "resource 1: Patient/p-1 is there twice").await;
    check(json!([{ "resourceType": "Patient", "id": "1", "birthDate": "1971-4-23" }]), "Patient/1: birthDate").await;
    check(json!([{ "resourceType": "Patient", "id": "1", "meta": { "versionId": 1 } }]), "meta.versionId").await;
    check(json!([{ "resourceType": "Slot", "id": "1", "status": "free" }]), "Slot/1: Slot.schedule is required").await;
    check(json!({ "resources": [], "slots_marked_by": "nobody" }), "slots_marked_by must be server or client").await;
    check(json!({ "resources": [], "hapi_pages_of": 0 }), "hapi_pages_of must be a number from 1 on").await;
    check(json!([appointment("a", "confirmed", "p", 1)]), "Appointment/a: Appointment.status must be one of").await;

    let records = clinic().await.sandbox.records(Service::Fhir);
    assert_eq!(records["patients"].as_array().map(Vec::len), Some(3));
    let mut first = appointment("a-1", "pending", "p-1", 12);
    first["meta"] = json!({ "versionId": "1" });
    assert_eq!(records["appointments"][0], first);
    let empty = world(idle()).await.sandbox.records(Service::Fhir);
    assert_eq!((empty.as_object().map(serde_json::Map::len), &empty["tasks"]), (Some(7), &json!([])));
}
