use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world, world_with};
use crate::{Access, Service};

const TOKEN: &str = "sandbox-business-token";

async fn post(world: &World, path: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
    let request = with_json(world.post(Service::Business, path), body).bearer_auth(TOKEN);
    answer(key.into_iter().fold(request, |request, key| request.header("idempotency-key", key))).await
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Business, path).bearer_auth(TOKEN)).await
}

#[tokio::test]
async fn a_key_makes_one_record() {
    let world = world(idle()).await;
    let (asked, made) = (json!({ "guest": "Ana" }), json!({ "id": "bookings-1", "guest": "Ana" }));
    for _ in 0..2 {
        assert_eq!(post(&world, "/v1/bookings", Some("k1"), &asked).await, (201, made.clone()));
    }
    let other = json!({ "guest": "Bo" });
    let (status, refused) = post(&world, "/v1/bookings", Some("k1"), &other).await;
    assert_eq!((status, &refused["message"]), (422, &json!("this Idempotency-Key was used with another body")));
    assert_eq!(world.sandbox.records(Service::Business), json!({ "bookings": [made] }));
    for expected in [2, 3] {
        post(&world, "/v1/bookings", None, &other).await;
        let records = world.sandbox.records(Service::Business);
        assert_eq!(records["bookings"].as_array().expect("a list").len(), expected, "without a key each is another");
    }
}

#[tokio::test]
async fn records_are_found_by_their_members() {
    let bookings =
        json!({ "bookings": [{ "id": "b-1", "guest": "Ana", "nights": 2 }, { "id": "b-2", "guest": "Bo" }] });
    let world = world_with(idle(), |config| config.seeds = [(Service::Business, bookings)].into()).await;
    let ids = |(status, found): (u16, Value)| {
        assert_eq!(status, 200, "{found}");
        let items = found["items"].as_array().expect("a list").iter();
        items.map(|item| item["id"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(get(&world, "/v1/bookings").await), ["b-1", "b-2"]);
    assert_eq!(ids(get(&world, "/v1/bookings?guest=Ana&nights=2").await), ["b-1"]);
    assert_eq!(ids(get(&world, "/v1/bookings?guest=Cy").await), [""; 0]);
    assert_eq!(ids(get(&world, "/v1/rooms").await), [""; 0]);
    assert_eq!(ids(post(&world, "/v1/bookings/search", None, &json!({ "guest": "Bo" })).await), ["b-2"]);
    let written = || world.sandbox.requests().into_iter().filter(|request| request.access == Access::Write).count();
    assert_eq!(written(), 0, "a search reads");
    assert_eq!(post(&world, "/v1/search", None, &json!({ "guest": "Bo" })).await.0, 201);
    assert_eq!(post(&world, "/functions/search", None, &json!({ "guest": "Cy" })).await.0, 200);
    assert_eq!(written(), 2, "a collection may have that name");
}

#[tokio::test]
async fn a_slot_is_taken_once() {
    let world = world(idle()).await;
    let asked = json!({ "slot": "Friday 10:00" });
    assert_eq!(post(&world, "/v1/tables", None, &asked).await.0, 201);
    let message = "Friday 10:00 is taken";
    assert_eq!(post(&world, "/v1/tables", None, &asked).await, (409, json!({ "message": message })));
    assert_eq!(post(&world, "/functions/tables", None, &asked).await, (200, json!({ "error": message })));
    let later = json!({ "slot": "Friday 11:00" });
    let made = json!({ "result": { "id": "tables-2", "slot": "Friday 11:00" } });
    assert_eq!(post(&world, "/functions/tables", None, &later).await, (200, made));
    let call = json!({ "id": "c1", "function": { "name": "f", "arguments": { "slot": "noon" } } });
    let asked = json!({ "message": { "type": "tool-calls", "toolCallList": [call] } });
    for answered in [json!({ "result": "tables-3" }), json!({ "error": "noon is taken" })] {
        let mut result = answered;
        result["toolCallId"] = json!("c1");
        assert_eq!(post(&world, "/functions/tables", None, &asked).await, (200, json!({ "results": [result] })));
    }
}

#[tokio::test]
async fn others_are_refused() {
    let world = world(idle()).await;
    let stranger = world.get(Service::Business, "/v1/bookings").bearer_auth("guess");
    assert_eq!(answer(stranger).await, (401, json!({ "message": "the token is unknown" })));
    assert_eq!(get(&world, "/v2/bookings").await.0, 404);
    assert_eq!(post(&world, "/v1/bookings", None, &json!([])).await.0, 400);
}
