use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world_with};
use crate::{Error, Sandbox, Service};

const KEY: &str = "Bearer SG.sandbox-sendgrid-key";
const CONTACTS: &str = "/v3/marketing/contacts";
const SMALL: &str = "4b1bdb60-0000-4000-8000-00000000000a";
const LARGE: &str = "4b1bdb60-0000-4000-8000-00000000000b";

fn seed() -> Value {
    json!({
        "lists": [{ "id": SMALL, "name": "Small fleets" }, { "id": LARGE.to_uppercase(), "name": "Large fleets" }],
        "custom_fields": [
            { "id": "e1_T", "name": "interest", "field_type": "Text" },
            { "id": "e2_N", "name": "vehicles", "field_type": "Number" },
            { "id": "e3_D", "name": "renewal", "field_type": "Date" },
        ],
    })
}

async fn seeded() -> World {
    world_with(idle(), |config| {
        config.seeds.insert(Service::Sendgrid, seed());
    })
    .await
}

async fn put(world: &World, body: &Value) -> (u16, Value) {
    let url = format!("{}{CONTACTS}", world.sandbox.service_url(Service::Sendgrid));
    answer(with_json(world.client.put(url).header("authorization", KEY), body)).await
}

fn upsert(list: &str, contact: Value) -> Value {
    json!({ "list_ids": [list], "contacts": [contact] })
}

#[tokio::test]
async fn a_contact_is_upserted_onto_lists() {
    let world = seeded().await;
    let first = json!({ "email": "Ana@Example.com", "first_name": "Ana", "custom_fields": { "e1_T": "40 vans" } });
    let (status, taken) = put(&world, &upsert(SMALL, first)).await;
    assert_eq!((status, taken), (202, json!({ "job_id": "00000000-0000-4000-8000-000000000001" })));
    world.advance(1_500);
    let again = json!({ "email": "ana@example.com", "last_name": "Lima", "custom_fields": { "e2_N": 40 } });
    let (_, taken) = put(&world, &upsert(LARGE, again)).await;
    assert_eq!(taken["job_id"], "00000000-0000-4000-8000-000000000002");

    let records = world.sandbox.records(Service::Sendgrid);
    let contact = json!({
        "id": "00000000-0000-4000-9000-000000000001",
        "email": "ana@example.com",
        "first_name": "Ana",
        "last_name": "Lima",
        "list_ids": [SMALL, LARGE],
        "segment_ids": [],
        "custom_fields": { "interest": "40 vans", "vehicles": 40 },
        "created_at": "2026-03-01T12:00:00.000Z",
        "updated_at": "2026-03-01T12:00:01.500Z",
    });
    assert_eq!(records["contacts"], json!([contact]));
    let lists = json!([
        { "id": SMALL, "name": "Small fleets", "contact_count": 1 },
        { "id": LARGE, "name": "Large fleets", "contact_count": 1 },
    ]);
    assert_eq!(records["lists"], lists);
    let results = json!({ "requested_count": 1, "created_count": 0, "updated_count": 1 });
    assert_eq!((&records["jobs"][1]["status"], &records["jobs"][1]["results"]), (&json!("completed"), &results));
}

#[tokio::test]
async fn the_same_upsert_twice_leaves_one_contact() {
    let world = seeded().await;
    let contacts =
        json!([{ "email": "ana@example.com" }, { "email": "bo@example.com" }, { "email": "ANA@example.com" }]);
    for _ in 0..2 {
        let (status, _) = put(&world, &json!({ "list_ids": [SMALL, SMALL], "contacts": contacts })).await;
        assert_eq!(status, 202);
    }
    let records = world.sandbox.records(Service::Sendgrid);
    assert_eq!(records["contacts"].as_array().map(Vec::len), Some(2));
    assert_eq!(records["contacts"][0]["list_ids"], json!([SMALL]));
    assert_eq!(records["lists"][0]["contact_count"], 2);
    assert_eq!(records["jobs"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_sendgrid_passes_over_does_nothing() {
    let world = seeded().await;
    let body = json!({ "listIds": [SMALL], "contacts": [{ "email": "ana@example.com", "fleet": "40", "city": null }] });
    assert_eq!(put(&world, &body).await.0, 202);
    let records = world.sandbox.records(Service::Sendgrid);
    assert_eq!(records["contacts"][0]["list_ids"], json!([]));
    assert_eq!((&records["contacts"][0]["fleet"], &records["contacts"][0]["city"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_sendgrid_refuses() {
    let world = seeded().await;
    let check = async |body: Value, status: u16, field: &str, part: &str| {
        let (given, answer) = put(&world, &body).await;
        let error = &answer["errors"][0];
        assert_eq!((given, &error["field"]), (status, &json!(field)), "{body}: {answer}");
        assert!(error["message"].as_str().is_some_and(|message| message.contains(part)), "{body}: {answer}");
    };
    let contact = async |contact: Value, field: &str, part: &str| {
        check(upsert(SMALL, contact), 400, field, part).await;
    };
    for email in [json!("ana"), json!("a@b"), json!("a b@c.d"), json!(7), json!(format!("{}@b.c", "a".repeat(251)))] {
        contact(json!({ "email": email }), "contacts[0].email", "not a valid email address").await;
    }
    contact(json!({}), "contacts[0].email", "email is required").await;
    contact(json!("ana@example.com"), "contacts[0]", "must be an object").await;
    contact(json!({ "external_id": "7" }), "contacts[0].external_id", "does not play").await;
    let with = |name: &str, value: Value| json!({ "email": "ana@example.com", name: value });
    contact(with("first_name", json!("x".repeat(51))), "contacts[0].first_name", "longer than 50").await;
    contact(with("last_name", json!(7)), "contacts[0].last_name", "must be a string").await;
    contact(with("alternate_emails", json!(["ana"])), "contacts[0].alternate_emails", "at most 5 valid").await;
    let custom = |id: &str, value: Value| with("custom_fields", json!({ id: value }));
    contact(custom("e9_T", json!("x")), "contacts[0].custom_fields.e9_T", "no custom field").await;
    contact(custom("interest", json!("x")), "contacts[0].custom_fields.interest", "no custom field").await;
    contact(custom("e1_T", json!(7)), "contacts[0].custom_fields.e1_T", "must be a string").await;
    contact(custom("e2_N", json!("7")), "contacts[0].custom_fields.e2_N", "must be a number").await;
    contact(custom("e3_D", json!("soon")), "contacts[0].custom_fields.e3_D", "must be a date").await;
    contact(with("custom_fields", json!([])), "contacts[0].custom_fields", "must be an object").await;

    let ana = json!({ "email": "ana@example.com" });
    check(upsert(&SMALL.replace('a', "c"), ana.clone()), 404, "list_ids", "does not exist").await;
    check(upsert("small", ana.clone()), 400, "list_ids", "must hold UUIDs").await;
    check(json!({ "list_ids": SMALL, "contacts": [ana] }), 400, "list_ids", "must be an array").await;
    check(json!({ "list_ids": [SMALL] }), 400, "contacts", "contacts is required").await;
    check(json!({ "contacts": [] }), 400, "contacts", "1 to 30000 contacts").await;
    check(json!({ "contacts": vec![json!({}); 30_001] }), 400, "contacts", "1 to 30000 contacts").await;
    let (_, both) = put(&world, &json!({ "contacts": [{ "email": "a", "city": 1 }, {}] })).await;
    let fields: Vec<&Value> = both["errors"].as_array().expect("errors").iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["contacts[0].email", "contacts[0].city", "contacts[1].email"]);
    assert_eq!(world.sandbox.records(Service::Sendgrid)["contacts"], json!([]));
}

#[tokio::test]
async fn requests_that_are_no_upsert_are_refused() {
    let world = seeded().await;
    let url = |path: &str| format!("{}{path}", world.sandbox.service_url(Service::Sendgrid));
    let whole = json!({ "contacts": [{ "email": "ana@example.com" }] }).to_string();
    let large = " ".repeat(6 << 20) + &whole;
    let unauthorised = json!({ "errors": [{ "field": null, "message": "authorization required" }] });
    for (key, content_type, body, status) in [
        (None, "application/json", &whole, 401),
        (Some("Bearer other"), "application/json", &whole, 401),
        (Some("Basic SG.sandbox-sendgrid-key"), "application/json", &whole, 401),
        (Some(KEY), "text/plain", &whole, 415),
        (Some(KEY), "application/json", &"{".to_owned(), 400),
        (Some(KEY), "application/json", &"[]".to_owned(), 400),
        (Some(KEY), "application/json", &large, 413),
        (Some(KEY), "application/json; charset=utf-8", &whole, 202),
    ] {
        let request = world.client.put(url(CONTACTS)).header("content-type", content_type).body(body.clone());
        let request = key.into_iter().fold(request, |request, key| request.header("authorization", key));
        let (given, answer) = answer(request).await;
        assert_eq!(given, status, "{key:?} {content_type}: {answer}");
        assert_eq!(answer == unauthorised, status == 401, "{answer}");
    }
    for (method, path, status) in
        [("GET", CONTACTS, 501), ("POST", CONTACTS, 405), ("PUT", "/v3/marketing/lists", 404), ("GET", "/v3/mail", 404)]
    {
        let method = method.parse().expect("a method");
        let request = world.client.request(method, url(path)).header("authorization", KEY);
        assert_eq!(answer(request).await.0, status, "{path}");
    }
}

#[tokio::test]
async fn a_seed_is_checked() {
    let check = async |seed: Value, part: &str| {
        let mut config = crate::Config::new(idle(), || 0);
        config.seeds.insert(Service::Sendgrid, seed);
        match Sandbox::start(config).await {
            Err(Error::Seed { service: Service::Sendgrid, why }) => assert!(why.contains(part), "{why}"),
            other => panic!("{:?} instead of {part}", other.map(|_| ())),
        }
    };
    let list = json!({ "id": SMALL, "name": "Small fleets" });
    let field = |id: &str, name: &str| json!({ "id": id, "name": name, "field_type": "Text" });
    check(json!({ "list": [] }), "unknown field `list`").await;
    check(json!({ "lists": [{ "id": "small", "name": "x" }] }), "the list id `small` is no UUID").await;
    check(json!({ "lists": [list, list] }), "two lists have the id").await;
    check(json!({ "lists": [{ "id": SMALL }] }), "name").await;
    check(json!({ "custom_fields": [field("e1_T", "a"), field("e1_T", "b")] }), "have the id `e1_T`").await;
    check(json!({ "custom_fields": [field("e1_T", "a"), field("e2_T", "a")] }), "have the name `a`").await;
    check(json!({ "custom_fields": [{ "id": "e1", "name": "a", "field_type": "Colour" }] }), "Colour").await;
    let group = json!({ "id": 7, "name": "Follow-ups" });
    check(json!({ "unsubscribe_groups": [group, group] }), "two unsubscribe groups have the id 7").await;
    let out = json!({ "email": "ana@example.com", "group_id": 7 });
    check(json!({ "unsubscribed": [out] }), "has left a group that isn't there").await;
}
