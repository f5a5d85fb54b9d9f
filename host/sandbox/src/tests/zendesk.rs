use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, json as with_json, world};
use crate::Service;

const USER: &str = "assistant@northwind.example/token";
const TOKEN: &str = "sandbox-zendesk-token";
const TICKETS: &str = "/api/v2/tickets.json";
const UPSERT: &str = "/api/v2/users/create_or_update.json";

async fn post(world: &World, path: &str, body: &Value) -> (u16, Value) {
    answer(with_json(world.post(Service::Zendesk, path).basic_auth(USER, Some(TOKEN)), body)).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Zendesk, path).basic_auth(USER, Some(TOKEN))).await
}

async fn search(world: &World, name: &str, value: &str) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    get(world, &format!("/api/v2/users/search.json?{query}")).await
}

/// A request for a ticket from Ana, with changes.
fn ticket(changes: Value) -> Value {
    let mut ticket = json!({
        "subject": "Cold store 2 at 9 °C",
        "comment": { "body": "Warming since 4 am.", "public": false },
        "requester": { "name": "Ana Lima", "email": "Ana@example.com" },
    });
    for (name, value) in changes.as_object().expect("changes") {
        ticket[name] = value.clone();
    }
    json!({ "ticket": ticket })
}

fn ids(answer: &Value, name: &str) -> Vec<u64> {
    answer[name].as_array().into_iter().flatten().filter_map(|one| one["id"].as_u64()).collect()
}

#[tokio::test]
async fn a_ticket_is_kept_with_its_requester() {
    let world = world(idle()).await;
    let full = json!({
        "external_id": "ac_1", "priority": "urgent", "type": "incident", "group_id": 25, "brand_id": 36, "colour": "red",
        "tags": ["mood_worried", "Cold_Store", "mood_worried"],
    });
    let (status, first) = post(&world, TICKETS, &ticket(full)).await;
    assert_eq!(status, 201);
    let first = &first["ticket"];
    for (field, expected) in [
        ("id", json!(35_001)),
        ("url", json!("https://northwind.zendesk.com/api/v2/tickets/35001.json")),
        ("external_id", json!("ac_1")),
        ("subject", json!("Cold store 2 at 9 °C")),
        ("description", json!("Warming since 4 am.")),
        ("is_public", json!(false)),
        ("priority", json!("urgent")),
        ("type", json!("incident")),
        ("status", json!("new")),
        ("tags", json!(["cold_store", "mood_worried"])),
        ("requester_id", json!(20_001)),
        ("submitter_id", json!(9_001)),
        ("group_id", json!(25)),
        ("brand_id", json!(36)),
        ("created_at", json!("2026-03-01T12:00:00Z")),
        ("colour", Value::Null),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    let known = json!({ "requester": { "name": "Someone else", "email": "ana@example.com" } });
    let (_, second) = post(&world, "/api/v2/tickets", &ticket(known)).await;
    assert_eq!((&second["ticket"]["id"], &second["ticket"]["requester_id"]), (&json!(35_002), &json!(20_001)));
    let plain = json!({ "requester": null, "comment": { "body": "By the agent" } });
    let (_, third) = post(&world, TICKETS, &ticket(plain)).await;
    assert_eq!((&third["ticket"]["requester_id"], &third["ticket"]["is_public"]), (&json!(9_001), &json!(true)));

    let html = json!({ "comment": { "html_body": "<p>2 &lt; 3<br>&amp;lt;</p><p>Twice</p>" } });
    let (_, fourth) = post(&world, TICKETS, &ticket(html)).await;
    assert_eq!(fourth["ticket"]["description"], "2 < 3\n&lt;\n\nTwice");

    let records = world.sandbox.records(Service::Zendesk);
    assert_eq!(records["tickets"][0], *first);
    assert_eq!(ids(&records, "tickets"), [35_001, 35_002, 35_003, 35_004]);
    assert_eq!(ids(&records, "users"), [20_001]);
    let ana = &records["users"][0];
    assert_eq!((&ana["name"], &ana["email"]), (&json!("Ana Lima"), &json!("ana@example.com")));
    for path in ["/api/v2/tickets/35001.json", "/api/v2/tickets/35001"] {
        assert_eq!(get(&world, path).await, (200, json!({ "ticket": first })));
    }
}

#[tokio::test]
async fn tickets_are_listed_by_external_id() {
    let world = world(idle()).await;
    for external_id in ["ac_1", "ac_2", "ac_1", "ac_1"] {
        post(&world, TICKETS, &ticket(json!({ "external_id": external_id }))).await;
    }
    let check = async |query: &str, expected: &[u64], count: u64| {
        let (status, page) = get(&world, &format!("{TICKETS}{query}")).await;
        assert_eq!(
            (status, ids(&page, "tickets").as_slice(), &page["count"]),
            (200, expected, &json!(count)),
            "{query}"
        );
        page
    };
    check("", &[35_001, 35_002, 35_003, 35_004], 4).await;
    check("?external_id=ac_1", &[35_001, 35_003, 35_004], 3).await;
    check("?external_id=ac_12", &[], 0).await;
    let first = check("?external_id=ac_1&per_page=2", &[35_001, 35_003], 3).await;
    let next = "https://northwind.zendesk.com/api/v2/tickets.json?external_id=ac_1&page=2&per_page=2";
    assert_eq!((&first["next_page"], &first["previous_page"]), (&json!(next), &Value::Null));
    let last = check("?external_id=ac_1&per_page=2&page=2", &[35_004], 3).await;
    assert_eq!(last["next_page"], Value::Null);
    assert_eq!(get(&world, &format!("{TICKETS}?page=two")).await.0, 400);
}

#[tokio::test]
async fn an_idempotency_key_holds_for_two_hours() {
    let world = world(idle()).await;
    let send = async |key: &str, body: &Value| {
        let request = with_json(world.post(Service::Zendesk, TICKETS).basic_auth(USER, Some(TOKEN)), body);
        let response = request.header("idempotency-key", key).send().await.expect("an answer");
        let lookup =
            response.headers().get("x-idempotency-lookup").map(|value| value.to_str().expect("text").to_owned());
        let status = response.status().as_u16();
        let answer: Value = serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON");
        (status, lookup, answer)
    };
    let found = |what: &str| Some(what.to_owned());
    let cold = ticket(json!({ "external_id": "ac_1" }));
    let (status, lookup, first) = send("k1", &cold).await;
    assert_eq!((status, lookup), (201, found("miss")));
    assert_eq!(send("k1", &cold).await, (201, found("hit"), first.clone()));

    let (status, lookup, refusal) = send("k1", &ticket(json!({ "subject": "Another" }))).await;
    let words = "Request parameters don't match the given idempotency key";
    assert_eq!((status, lookup), (400, None));
    assert_eq!(refusal, json!({ "error": "IdempotentRequestError", "description": words }));
    assert_eq!(send(&"k".repeat(256), &cold).await.0, 400);

    // What was refused is not remembered: the same key takes a corrected request.
    assert_eq!(send("k2", &ticket(json!({ "priority": "critical" }))).await.0, 422);
    assert_eq!(send("k2", &cold).await.1, found("miss"));
    assert_eq!(post(&world, TICKETS, &cold).await.0, 201, "without a key each request makes a ticket");

    world.advance(2 * 60 * 60 * 1000 - 1);
    assert_eq!(send("k1", &cold).await.1, found("hit"));
    world.advance(1);
    let (_, lookup, late) = send("k1", &cold).await;
    assert_eq!(lookup, found("miss"));
    assert_ne!(late["ticket"]["id"], first["ticket"]["id"]);
    assert_eq!(ids(&world.sandbox.records(Service::Zendesk), "tickets").len(), 4);
}

#[tokio::test]
async fn a_caller_without_an_email_address_is_a_user_by_external_id() {
    let world = world(idle()).await;
    let caller = json!({ "user": { "name": "Ana", "phone": "+14155550123", "external_id": "tel:+14155550123" } });
    let (status, made) = post(&world, UPSERT, &caller).await;
    assert_eq!((status, &made["user"]["id"], &made["user"]["role"]), (201, &json!(20_001), &json!("end-user")));
    world.advance(1_500);
    let renamed = json!({ "user": { "name": "Ana Lima", "external_id": "tel:+14155550123" } });
    let (status, changed) = post(&world, UPSERT, &renamed).await;
    assert_eq!((status, &changed["user"]["id"]), (200, &json!(20_001)));
    assert_eq!((&changed["user"]["name"], &changed["user"]["phone"]), (&json!("Ana Lima"), &json!("+14155550123")));
    assert_eq!(changed["user"]["updated_at"], "2026-03-01T12:00:01Z");
    let other = json!({ "user": { "name": "Ben", "phone": "+14155550123", "email": "Ben@example.com" } });
    let (_, ben) = post(&world, UPSERT, &other).await;
    assert_eq!((&ben["user"]["id"], &ben["user"]["shared_phone_number"]), (&json!(20_002), &json!(true)));

    assert_eq!(get(&world, "/api/v2/users/20002.json").await, (200, ben));
    assert_eq!(get(&world, "/api/v2/users/20003.json").await.1["error"], "RecordNotFound");

    let check = async |name: &str, value: &str, expected: &[u64]| {
        let (status, found) = search(&world, name, value).await;
        assert_eq!((status, ids(&found, "users").as_slice()), (200, expected), "{name}={value}");
    };
    check("query", "role:end-user phone:14155550123", &[20_001, 20_002]).await;
    check("query", "phone:14155550124", &[]).await;
    check("query", "role:agent", &[]).await;
    check("query", "email:ben@example.com", &[20_002]).await;
    check("external_id", "tel:+14155550123", &[20_001]).await;

    let from = json!({ "requester": null, "requester_id": 20_002 });
    assert_eq!(post(&world, TICKETS, &ticket(from)).await.1["ticket"]["requester_id"], 20_002);
}

#[tokio::test]
async fn a_number_is_found_in_another_form_by_an_asterisk_alone() {
    let world = world(idle()).await;
    for phone in ["+14155550123", "+1 (415) 555-0123", "+1 415 555 0124"] {
        let user = json!({ "user": { "name": "A caller", "phone": phone } });
        assert_eq!(post(&world, UPSERT, &user).await.0, 201);
    }
    let check = async |term: &str, expected: &[u64]| {
        let (status, found) = search(&world, "query", &format!("role:end-user {term}")).await;
        assert_eq!((status, ids(&found, "users").as_slice()), (200, expected), "{term}");
    };
    check("phone:14155550123", &[20_001]).await;
    check("phone:*14155550123", &[20_001, 20_002]).await;
    check("phone:*4155550123", &[20_001, 20_002]).await;
    check("phone:4155550123", &[]).await;
    check("phone:*5550124", &[20_003]).await;
    for other in ["phone:+14155550123", "phone:*", "phone:\"(415)5550123\""] {
        assert_eq!(search(&world, "query", other).await.0, 501, "{other}");
    }
}

#[tokio::test]
async fn records_that_zendesk_refuses() {
    let world = world(idle()).await;
    let check = async |path: &str, body: Value, field: &str, words: &str| {
        let (status, refusal) = post(&world, path, &body).await;
        assert_eq!((status, &refusal["error"]), (422, &json!("RecordInvalid")), "{body}");
        assert_eq!(refusal["description"], "Record validation errors");
        assert_eq!(refusal["details"][field][0]["description"], words, "{refusal}");
    };
    for (changes, field, words) in [
        (json!({ "subject": " " }), "base", "Subject: cannot be blank"),
        (json!({ "subject": "x".repeat(256) }), "subject", "Subject: is too long (maximum is 255 characters)"),
        (json!({ "comment": null }), "base", "Description: cannot be blank"),
        (json!({ "comment": { "body": "" } }), "base", "Description: cannot be blank"),
        (json!({ "priority": "critical" }), "priority", "Priority: critical is not valid"),
        (json!({ "type": "bug" }), "type", "Type: bug is not valid"),
        (json!({ "status": "closed" }), "status", "Status: closed is not valid"),
        (json!({ "requester": { "name": "A" } }), "requester", "Requester: Email:  cannot be blank"),
        (
            json!({ "requester": { "name": "A", "email": "a@b" } }),
            "requester",
            "Requester: Email:  a@b is not properly formatted",
        ),
        (
            json!({ "requester": { "email": "a@b.example" } }),
            "requester",
            "Requester: Name: is too short (minimum one character)",
        ),
        (json!({ "requester": null, "requester_id": 7 }), "requester", "Requester: 7 is not valid"),
    ] {
        check(TICKETS, ticket(changes), field, words).await;
    }
    let user = |user: Value| json!({ "user": user });
    check(UPSERT, user(json!({ "phone": "+14155550123" })), "name", "Name: is too short (minimum one character)").await;
    let phone = "Phone number: 415 555 0123 is not a valid phone number";
    check(UPSERT, user(json!({ "name": "A", "phone": "415 555 0123" })), "phone", phone).await;
    let email = "Email:  a@b is not properly formatted";
    check(UPSERT, user(json!({ "name": "A", "email": "a@b" })), "email", email).await;
    assert_eq!(world.sandbox.records(Service::Zendesk), json!({ "tickets": [], "comments": [], "users": [] }));
}

#[tokio::test]
async fn requests_that_zendesk_refuses() {
    let world = world(idle()).await;
    let invalid = |refusal: &Value| refusal["error"]["title"] == "Invalid attribute";
    for changes in [
        json!({ "subject": 5 }),
        json!({ "comment": "text" }),
        json!({ "comment": { "body": "b", "public": "no" } }),
        json!({ "tags": "a b" }),
        json!({ "tags": [1] }),
        json!({ "group_id": "support" }),
        json!({ "requester": "ana@example.com" }),
    ] {
        let (status, refusal) = post(&world, TICKETS, &ticket(changes.clone())).await;
        assert!(status == 400 && invalid(&refusal), "{changes}: {status} {refusal}");
    }
    let check = async |path: &str, body: Value, status: u16, error: &str| {
        let (given, refusal) = post(&world, path, &body).await;
        assert_eq!((given, &refusal["error"]), (status, &json!(error)), "{path} {body}");
    };
    check(TICKETS, json!({ "subject": "s" }), 400, "ParameterMissing").await;
    check(TICKETS, json!([]), 422, "Unprocessable Entity").await;
    check(TICKETS, ticket(json!({ "description": "d" })), 501, "NotPlayed").await;
    check(UPSERT, json!({ "user": { "name": "A", "role": "admin" } }), 501, "NotPlayed").await;
    check("/api/v2/requests.json", json!({}), 404, "InvalidEndpoint").await;
    assert_eq!(get(&world, "/api/v2/tickets/1.json").await.1["error"], "RecordNotFound");
    assert_eq!(get(&world, "/api/v2/tickets/one").await.0, 400);
    assert_eq!(search(&world, "query", "Ana").await.0, 501);
    assert_eq!(search(&world, "other", "x").await.0, 400);

    let form = world.post(Service::Zendesk, TICKETS).basic_auth(USER, Some(TOKEN)).body("{}");
    assert_eq!(answer(form).await.0, 415);
    for (user, token) in [(USER, "wrong"), ("assistant@northwind.example", TOKEN), ("other@example.com/token", TOKEN)] {
        let stranger = world.get(Service::Zendesk, TICKETS).basic_auth(user, Some(token));
        assert_eq!(answer(stranger).await, (401, json!({ "error": "Couldn't authenticate you" })), "{user}");
    }
    assert_eq!(answer(world.get(Service::Zendesk, TICKETS)).await.0, 401);
}
