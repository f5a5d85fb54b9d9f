//! SendGrid's emails, batches, opt-outs and activity.

use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{World, answer, idle, json as with_json, world_with};
use crate::{Access, Service};

const KEY: &str = "Bearer SG.sandbox-sendgrid-key";
/// 2026-03-01T12:00:00Z, in seconds.
const NOON_S: u64 = 1_772_366_400;
const TEMPLATE: &str = "d-0123456789abcdef0123456789abcdef";

async fn account() -> World {
    let seed = json!({
        "senders": ["office@meridian.example", "northwind.example"],
        "unsubscribe_groups": [{ "id": 7, "name": "Follow-ups" }, { "id": 8, "name": "News" }],
        "unsubscribed": [{ "email": "No@example.com" }, { "email": "less@example.com", "group_id": 7 }],
        "email_activity": true,
    });
    world_with(idle(), |config| drop(config.seeds.insert(Service::Sendgrid, seed))).await
}

fn post(world: &World, path: &str, body: &Value) -> RequestBuilder {
    with_json(world.post(Service::Sendgrid, path).header("authorization", KEY), body)
}

async fn get(world: &World, path: &str) -> (u16, Value) {
    answer(world.get(Service::Sendgrid, path).header("authorization", KEY)).await
}

fn mail(to: &str) -> Value {
    json!({
        "personalizations": [{ "to": [{ "email": to }], "custom_args": { "aftercall_key": "key1" } }],
        "from": { "email": "office@meridian.example" },
        "subject": "Your vans",
        "content": [{ "type": "text/plain", "value": "40 of them" }],
    })
}

fn timed(to: &str, batch_id: &str, send_at: u64) -> Value {
    let mut mail = mail(to);
    (mail["batch_id"], mail["send_at"], mail["asm"]) = (batch_id.into(), send_at.into(), json!({ "group_id": 7 }));
    mail
}

/// Sends it, and gives its id.
async fn send(world: &World, mail: &Value) -> String {
    let response = post(world, "/v3/mail/send", mail).send().await.expect("an answer");
    let id = response.headers().get("x-message-id").map(|id| id.to_str().expect("text").to_owned());
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert_eq!((status.as_u16(), body.as_str()), (202, ""));
    id.expect("an id")
}

async fn batch(world: &World) -> String {
    let (status, batch) = answer(world.post(Service::Sendgrid, "/v3/mail/batch").header("authorization", KEY)).await;
    assert_eq!(status, 201);
    batch["batch_id"].as_str().expect("an id").to_owned()
}

fn list<'a>(records: &'a Value, name: &str) -> &'a [Value] {
    records[name].as_array().expect("a list")
}

#[tokio::test]
async fn an_email_is_sent_each_time_that_it_is_asked_for() {
    let world = account().await;
    let first = send(&world, &mail("ana@example.com")).await;
    assert_ne!(send(&world, &mail("ana@example.com")).await, first);
    let records = world.sandbox.records(Service::Sendgrid);
    let [kept, _] = list(&records, "messages") else { panic!("{records}") };
    let expected = json!({
        "msg_id": format!("{first}.recvd-0"),
        "from": "office@meridian.example",
        "to": "ana@example.com",
        "subject": "Your vans",
        "content": [{ "type": "text/plain", "value": "40 of them" }],
        "custom_args": { "aftercall_key": "key1" },
        "taken_at": "2026-03-01T12:00:00.000Z",
    });
    assert_eq!(*kept, expected);

    let mut several = mail("ana@example.com");
    several["from"]["email"] = json!("sales@northwind.example");
    several["custom_args"] = json!({ "campaign": "may", "aftercall_key": "other" });
    several["personalizations"][0]["to"] = json!([{ "email": "ana@example.com" }, { "email": "bo@example.com" }]);
    several["personalizations"][0]["dynamic_template_data"] = json!({ "first_name": "Ana" });
    several["template_id"] = json!(TEMPLATE);
    several.as_object_mut().expect("an object").retain(|name, _| name != "subject" && name != "content");
    send(&world, &several).await;
    let records = world.sandbox.records(Service::Sendgrid);
    let newest = list(&records, "messages").last().expect("an email");
    assert_eq!((list(&records, "messages").len(), &newest["to"]), (4, &json!("bo@example.com")));
    assert_eq!(newest["custom_args"], json!({ "campaign": "may", "aftercall_key": "key1" }));
    assert_eq!(newest["dynamic_template_data"], json!({ "first_name": "Ana" }));
}

#[tokio::test]
async fn an_email_that_is_wrong_is_refused() {
    let world = account().await;
    let check = async |pointer: &str, value: Value, status: u16, field: &str| {
        let mut mail = mail("ana@example.com");
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        mail.pointer_mut(parent).expect("a place")[name] = value;
        let (given, answer) = answer(post(&world, "/v3/mail/send", &mail)).await;
        assert_eq!((given, &answer["errors"][0]["field"]), (status, &json!(field)), "{mail}: {answer}");
    };
    check("/personalizations", json!([]), 400, "personalizations").await;
    check("/personalizations", json!([{}]), 400, "personalizations.0.to").await;
    check("/personalizations", json!([{ "to": [{ "email": "ana" }] }]), 400, "personalizations.0.to.0.email").await;
    let cc = json!([{ "to": [{ "email": "ana@example.com" }], "cc": [] }]);
    check("/personalizations", cc, 400, "personalizations.0.cc").await;
    let many = vec![json!({ "email": "ana@example.com" }); 1_001];
    check("/personalizations", json!([{ "to": many }]), 400, "personalizations").await;
    check("/custom_args", json!({ "seats": 40 }), 400, "personalizations.0.custom_args").await;
    check("/custom_args", json!({ "long": "x".repeat(10_000) }), 400, "personalizations.0.custom_args").await;
    check("/from", json!({ "name": "Meridian" }), 400, "from.email").await;
    check("/from", json!({ "email": "office@elsewhere.example" }), 403, "from").await;
    check("/reply_to", json!({ "email": "sales" }), 400, "reply_to.email").await;
    check("/subject", json!(""), 400, "subject").await;
    check("/content", json!([]), 400, "content").await;
    check("/content", Value::Null, 400, "content").await;
    check("/content", json!([{ "type": "text/plain", "value": "" }]), 400, "content.0.value").await;
    check("/content", json!([{ "type": "plain", "value": "x" }]), 400, "content.0.type").await;
    let html_first = json!([{ "type": "text/html", "value": "x" }, { "type": "text/plain", "value": "x" }]);
    check("/content", html_first, 400, "content.1.type").await;
    check("/template_id", json!("welcome"), 400, "template_id").await;
    check("/send_at", json!("soon"), 400, "send_at").await;
    check("/send_at", json!(NOON_S + 72 * 3_600 + 1), 400, "send_at").await;
    check("/batch_id", json!("other"), 400, "batch_id").await;
    check("/asm", json!({ "group_id": 9 }), 400, "asm.group_id").await;
    let bare = world.post(Service::Sendgrid, "/v3/mail/send").body(mail("ana@example.com").to_string());
    assert_eq!(answer(bare).await.0, 401);
    assert_eq!(get(&world, "/v3/mail/send").await.0, 405);
    assert!(list(&world.sandbox.records(Service::Sendgrid), "messages").is_empty());
}

#[tokio::test]
async fn an_email_to_whoever_has_opted_out_is_dropped_without_a_word() {
    let world = account().await;
    let batch = batch(&world).await;
    send(&world, &mail("no@example.com")).await;
    send(&world, &timed("less@example.com", &batch, NOON_S + 3_600)).await;
    send(&world, &mail("less@example.com")).await;
    let records = world.sandbox.records(Service::Sendgrid);
    let is_opt_out = |dropped: &Value| dropped["dropped"] == "unsubscribed";
    let dropped = list(&records, "dropped");
    assert_eq!((list(&records, "messages").len(), dropped.len()), (1, 2));
    assert!(dropped.iter().all(is_opt_out), "{records}");
}

#[tokio::test]
async fn opt_outs_are_looked_up_and_added() {
    let world = account().await;
    assert_eq!(get(&world, "/v3/asm/suppressions/global/ana%40example.com").await, (200, json!({})));
    let global = json!({ "recipient_email": "no@example.com" });
    assert_eq!(get(&world, "/v3/asm/suppressions/global/no%40example.com").await, (200, global));
    let group = |id: u64, name: &str, suppressed: bool| json!({ "id": id, "name": name, "description": "", "is_default": false, "suppressed": suppressed });
    let groups = |out: bool| json!({ "suppressions": [group(7, "Follow-ups", out), group(8, "News", false)] });
    assert_eq!(get(&world, "/v3/asm/suppressions/ana%40example.com").await, (200, groups(false)));
    for _ in 0..2 {
        let body = json!({ "recipient_emails": ["Ana@example.com"] });
        assert_eq!(answer(post(&world, "/v3/asm/groups/7/suppressions", &body)).await, (201, body));
    }
    assert_eq!(get(&world, "/v3/asm/suppressions/ana%40example.com").await, (200, groups(true)));
    let check = async |group: &str, body: Value, status: u16| {
        let path = format!("/v3/asm/groups/{group}/suppressions");
        assert_eq!(answer(post(&world, &path, &body)).await.0, status, "{body}");
    };
    check("follow-ups", json!({ "recipient_emails": [] }), 404).await;
    check("7", json!({ "recipient_emails": ["ana"] }), 400).await;
    check("7", json!({}), 400).await;
    let expected = json!([
        { "email": "no@example.com", "group_id": null },
        { "email": "ana@example.com", "group_id": 7 },
        { "email": "less@example.com", "group_id": 7 },
    ]);
    assert_eq!(world.sandbox.records(Service::Sendgrid)["suppressions"], expected);
}

#[tokio::test]
async fn who_is_put_on_the_list_of_no_group_gets_no_email_at_all() {
    let world = account().await;
    let body = json!({ "recipient_emails": ["ana@example.com"] });
    assert_eq!(answer(post(&world, "/v3/asm/groups/9/suppressions", &body)).await, (201, body));
    let global = json!({ "recipient_email": "ana@example.com" });
    assert_eq!(get(&world, "/v3/asm/suppressions/global/ana%40example.com").await, (200, global));
}

#[tokio::test]
async fn a_batch_is_stopped_as_a_whole() {
    let world = account().await;
    let [ours, other] = [batch(&world).await, batch(&world).await];
    // The first is due too soon to be stopped.
    for (batch, at) in [(&ours, 300), (&ours, 3_600), (&other, 3_600)] {
        send(&world, &timed("ana@example.com", batch, NOON_S + at)).await;
    }
    let path = format!("/v3/user/scheduled_sends/{ours}");
    assert_eq!(get(&world, &path).await, (200, json!([])));
    let stop = |id: &str, status: &str| json!({ "batch_id": id, "status": status });
    let cancelled = stop(&ours, "cancel");
    assert_eq!(answer(post(&world, "/v3/user/scheduled_sends", &cancelled)).await, (201, cancelled.clone()));
    assert_eq!(get(&world, &path).await, (200, json!([cancelled])));
    send(&world, &timed("ana@example.com", &ours, NOON_S + 7_200)).await;
    let records = world.sandbox.records(Service::Sendgrid);
    let at = |name: &str| list(&records, name).iter().map(|it| it["send_at"].as_u64().map(|at| at - NOON_S)).collect();
    let (messages, dropped): (Vec<_>, Vec<_>) = (at("messages"), at("dropped"));
    assert_eq!((messages, dropped), (vec![Some(300), Some(3_600)], vec![Some(3_600), Some(7_200)]));

    let check = async |body: Value, words: &str| {
        let (status, answer) = answer(post(&world, "/v3/user/scheduled_sends", &body)).await;
        assert_eq!(status, 400, "{body}");
        let message = answer["errors"][0]["message"].as_str();
        assert!(message.is_some_and(|message| message.contains(words)), "{answer}");
    };
    check(cancelled, "already").await;
    check(stop(&other, "stop"), "cancel or pause").await;
    check(stop("none", "pause"), "not the id of a batch").await;
    for _ in 1..10 {
        let id = batch(&world).await;
        assert_eq!(answer(post(&world, "/v3/user/scheduled_sends", &stop(&id, "pause"))).await.0, 201);
    }
    check(stop(&other, "cancel"), "10 batches").await;
    assert_eq!(list(&world.sandbox.records(Service::Sendgrid), "scheduled_sends").len(), 10);
}

#[tokio::test]
async fn a_batch_that_is_no_longer_cancelled_makes_room_and_goes_out() {
    let world = account().await;
    let mut batches = Vec::new();
    for _ in 0..11 {
        batches.push(batch(&world).await);
    }
    send(&world, &timed("ana@example.com", &batches[0], NOON_S + 3_600)).await;
    let cancel = async |batch_id: &str| {
        let body = json!({ "batch_id": batch_id, "status": "cancel" });
        answer(post(&world, "/v3/user/scheduled_sends", &body)).await.0
    };
    for batch_id in &batches[..10] {
        assert_eq!(cancel(batch_id).await, 201);
    }
    let delete = async || {
        let url = world.sandbox.service_url(Service::Sendgrid);
        let request = world.client.delete(format!("{url}/v3/user/scheduled_sends/{}", batches[0]));
        request.header("authorization", KEY).send().await.expect("an answer").status().as_u16()
    };
    assert_eq!((cancel(&batches[10]).await, delete().await, cancel(&batches[10]).await), (400, 204, 201));
    assert_eq!(delete().await, 404);
    let records = world.sandbox.records(Service::Sendgrid);
    assert_eq!((list(&records, "messages").len(), list(&records, "dropped").len()), (1, 0), "it wasn't due yet");
}

#[tokio::test]
async fn the_activity_shows_what_has_gone_out() {
    let world = account().await;
    let batch = batch(&world).await;
    send(&world, &mail("no@example.com")).await;
    let id = send(&world, &mail("ana@example.com")).await;
    send(&world, &timed("bo@example.com", &batch, NOON_S + 3_600)).await;
    let find = async |query: &str, limit: &str| {
        let mut query_string = url::form_urlencoded::Serializer::new(String::new());
        query_string.append_pair("query", query).append_pair("limit", limit);
        get(&world, &format!("/v3/messages?{}", query_string.finish())).await
    };
    let ours = "(unique_args['aftercall_key']=\"key1\")";
    let (status, found) = find(ours, "1").await;
    let expected = json!([{
        "msg_id": format!("{id}.recvd-0"),
        "from_email": "office@meridian.example",
        "to_email": "ana@example.com",
        "subject": "Your vans",
        "status": "delivered",
        "opens_count": 0,
        "clicks_count": 0,
        "last_event_time": "2026-03-01T12:00:00.000Z",
    }]);
    assert_eq!((status, &found["messages"]), (200, &expected));
    let count = async |query: &str| find(query, "10").await.1["messages"].as_array().map(Vec::len);
    assert_eq!(count(ours).await, Some(2));
    assert_eq!(count(&format!("{ours} AND (to_email=\"no@example.com\")")).await, Some(1));
    assert_eq!(count("status=\"not_delivered\"").await, Some(1));
    assert_eq!(count(&format!("msg_id=\"{id}.recvd-0\"")).await, Some(1));
    assert_eq!(count("(unique_args['aftercall_key']=\"key2\")").await, Some(0));
    world.advance(3_600_000);
    assert_eq!(count(ours).await, Some(3));
    for (query, limit) in
        [(ours, "0"), (ours, "1001"), (ours, ""), ("", "1"), ("subject=\"x\"", "1"), ("status=x", "1")]
    {
        assert_eq!(find(query, limit).await.0, 400, "{query} {limit}");
    }
    let poor = world_with(idle(), |_| {}).await;
    assert_eq!(get(&poor, "/v3/messages?limit=1").await.0, 403);
}

#[tokio::test]
async fn contacts_are_found_by_their_addresses() {
    let list_id = "4b1bdb60-0000-4000-8000-00000000000a";
    let seed = json!({ "lists": [{ "id": list_id, "name": "Pilot" }] });
    let world = world_with(idle(), |config| drop(config.seeds.insert(Service::Sendgrid, seed))).await;
    let url = format!("{}/v3/marketing/contacts", world.sandbox.service_url(Service::Sendgrid));
    let body = json!({ "list_ids": [list_id], "contacts": [{ "email": "ana@example.com" }] });
    assert_eq!(answer(with_json(world.client.put(url).header("authorization", KEY), &body)).await.0, 202);
    let path = "/v3/marketing/contacts/search/emails";
    let find = async |emails: Value| answer(post(&world, path, &json!({ "emails": emails }))).await;
    let (status, found) = find(json!(["Ana@example.com", "bo@example.com"])).await;
    assert_eq!((status, &found["result"]["ana@example.com"]["contact"]["list_ids"]), (200, &json!([list_id])));
    assert_eq!(found["result"]["bo@example.com"], json!({ "error": "contact not found" }));
    assert_eq!(find(json!(["bo@example.com"])).await.0, 404);
    assert_eq!(find(json!([])).await.0, 400);
    assert_eq!(find(json!([7])).await.0, 400);
    let requests = world.sandbox.requests();
    assert_eq!((requests[0].access, requests[1].access), (Access::Write, Access::Read));
}
