use serde_json::{Value, json};
use url::form_urlencoded;

use super::{World, answer, idle, world};
use crate::Service;

const ACCOUNT: &str = "AC00000000000000000000000000000000";
const TOKEN: &str = "sandbox-twilio-token";
const MESSAGES: &str = "/2010-04-01/Accounts/AC00000000000000000000000000000000/Messages.json";

async fn send(world: &World, fields: &[(&str, &str)]) -> (u16, Value) {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = world.post(Service::Twilio, MESSAGES).basic_auth(ACCOUNT, Some(TOKEN));
    answer(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
}

async fn list(world: &World, query: &[(&str, &str)]) -> (u16, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let request = world.get(Service::Twilio, &format!("{MESSAGES}?{query}"));
    answer(request.basic_auth(ACCOUNT, Some(TOKEN))).await
}

#[tokio::test]
async fn every_request_sends_a_message() {
    let world = world(idle()).await;
    let fields = [("To", "+14155550123"), ("From", "+14155550100"), ("Body", "See you, Ana & all!")];
    let (status, first) = send(&world, &fields).await;
    assert_eq!(status, 201);
    let sid = "SM00000000000000000000000000000001";
    for (field, expected) in [
        ("sid", json!(sid)),
        ("account_sid", json!(ACCOUNT)),
        ("to", json!("+14155550123")),
        ("from", json!("+14155550100")),
        ("body", json!("See you, Ana & all!")),
        ("status", json!("queued")),
        ("date_created", json!("Sun, 01 Mar 2026 12:00:00 +0000")),
        ("date_sent", Value::Null),
        ("num_segments", json!("1")),
        ("messaging_service_sid", Value::Null),
        ("uri", json!(format!("/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json"))),
    ] {
        assert_eq!(first[field], expected, "{field}");
    }
    let (_, second) = send(&world, &fields).await;
    assert_ne!(second["sid"], first["sid"], "there is no idempotency");
    assert_eq!(world.sandbox.records(Service::Twilio)["messages"].as_array().map(Vec::len), Some(2));
    let uri = first["uri"].as_str().expect("an address");
    let (_, read) = answer(world.get(Service::Twilio, uri).basic_auth(ACCOUNT, Some(TOKEN))).await;
    assert_eq!((&read["status"], &read["date_sent"]), (&json!("delivered"), &json!("Sun, 01 Mar 2026 12:00:00 +0000")));
}

#[tokio::test]
async fn messages_are_listed_newest_first() {
    let world = world(idle()).await;
    let mut sids = Vec::new();
    for (to, from) in [("+14155550123", "+14155550100"), ("+14155550124", "+14155550100"), ("+14155550123", "Harbor")] {
        let (_, message) = send(&world, &[("To", to), ("From", from), ("Body", "hi")]).await;
        sids.push(message["sid"].clone());
        world.advance(86_400_000);
    }
    let check = async |query: &[(&str, &str)], expected: &[usize]| {
        let (status, page) = list(&world, query).await;
        let listed: Vec<&Value> =
            page["messages"].as_array().expect("messages").iter().map(|message| &message["sid"]).collect();
        let expected: Vec<&Value> = expected.iter().map(|index| &sids[*index]).collect();
        assert_eq!((status, listed), (200, expected), "{query:?}");
    };
    check(&[], &[2, 1, 0]).await;
    check(&[("To", "+14155550123")], &[2, 0]).await;
    check(&[("From", "+14155550100")], &[1, 0]).await;
    check(&[("To", "+14155550123"), ("From", "+14155550100")], &[0]).await;
    check(&[("DateSent", "2026-03-02")], &[1]).await;
    check(&[("DateSent>", "2026-03-02")], &[2, 1]).await;
    check(&[("DateSent<", "2026-03-02")], &[1, 0]).await;
    check(&[("DateSent>", "2026-03-01T13:00:00Z"), ("DateSent<", "2026-03-02")], &[1]).await;
    check(&[("PageSize", "2")], &[2, 1]).await;

    let (_, first) = list(&world, &[("From", "+14155550100"), ("PageSize", "1")]).await;
    let next = first["next_page_uri"].as_str().expect("a next page");
    let (_, second) = answer(world.get(Service::Twilio, next).basic_auth(ACCOUNT, Some(TOKEN))).await;
    assert_eq!(second["messages"][0]["sid"], sids[0]);
    assert_eq!((&second["page"], &second["next_page_uri"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn what_twilio_refuses() {
    let world = world(idle()).await;
    let check = async |fields: &[(&str, &str)], code: u32| {
        let (status, answer) = send(&world, fields).await;
        assert_eq!((status, &answer["code"], &answer["status"]), (400, &json!(code), &json!(400)), "{fields:?}");
        assert_eq!(answer["more_info"], format!("https://www.twilio.com/docs/errors/{code}"));
        assert!(answer["message"].is_string());
    };
    let (to, from, body) = (("To", "+14155550123"), ("From", "+14155550100"), ("Body", "hi"));
    let long = "x".repeat(1601);
    check(&[from, body], 21604).await;
    check(&[("To", ""), from, body], 21604).await;
    check(&[to, body], 21603).await;
    check(&[to, from], 21602).await;
    check(&[("To", "415 555"), from, body], 21211).await;
    check(&[to, ("From", "Harbor Logistics Inc"), body], 21212).await;
    check(&[to, ("From", to.1), body], 21266).await;
    check(&[to, from, ("Body", &long)], 21617).await;
    assert_eq!(list(&world, &[("DateSent>", "yesterday")]).await.0, 400);
    assert_eq!(world.sandbox.records(Service::Twilio), json!({"messages": []}));

    let other = MESSAGES.replace("AC0", "AC1");
    let missing = MESSAGES.replace("Messages.json", "Messages/SM1.json");
    for (path, token, status, code) in [
        (MESSAGES, Some("wrong"), 401, 20003),
        (MESSAGES, None, 401, 20003),
        (&other, Some(TOKEN), 401, 20003),
        (&missing, Some(TOKEN), 404, 20404),
        ("/2010-04-01/Calls.json", Some(TOKEN), 404, 20404),
    ] {
        let request = world.get(Service::Twilio, path);
        let request = token.into_iter().fold(request, |request, token| request.basic_auth(ACCOUNT, Some(token)));
        let (given, body) = answer(request).await;
        assert_eq!((given, &body["code"]), (status, &json!(code)), "{path}");
    }
}
