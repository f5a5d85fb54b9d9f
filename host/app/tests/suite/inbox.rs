//! Calls that wait in the inbox: fetched from their platform, for its analysis, found without a webhook.

use std::{
    collections::VecDeque,
    path::Path,
    sync::{Arc, Mutex},
    time::Instant,
};

use aftercall_app::{
    clock::SystemClock,
    config::{ApiConfig, Config, Endpoint, LostCalls, SecretRef, Verify},
};
use aftercall_core::{assistant::Start, ports::Clock as _};
use axum::{Router, extract::State, response::IntoResponse};
use http::{HeaderMap, Method, StatusCode, Uri};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use serde_json::{Value, json};

use crate::{
    commands::check,
    served::{Answer, Served},
};

const SECRET: &str = "MERIDIAN_WEBHOOK_KEY";

/// A platform's API that answers from a script, in order, and keeps what it was asked.
#[derive(Clone, Default)]
struct Api {
    answers: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start(answers: impl IntoIterator<Item = (u16, Value)>) -> (Self, String) {
        let api = Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(api.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        (api, url)
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

async fn answer(State(api): State<Api>, method: Method, uri: Uri, headers: HeaderMap) -> impl IntoResponse {
    let key = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(!key.is_empty(), "the key is shown");
    api.asked.lock().expect("no panic").push(format!("{method} {uri}"));
    let next = api.answers.lock().expect("no panic").pop_front();
    let (status, body) = next.unwrap_or((404, json!({ "errors": [{ "detail": "not here" }] })));
    (StatusCode::from_u16(status).expect("a status"), axum::Json(body))
}

fn recorded(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../intake/tests/data").join(name);
    serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("it is JSON")
}

/// A call of Retell's: its name, the event at its end, and the one with its analysis.
fn retell_events() -> (String, Value, Value) {
    let analysed = recorded("retell/booking.json");
    let mut ended = analysed.clone();
    ended["event"] = json!("call_ended");
    ended["call"].as_object_mut().expect("an object").remove("call_analysis");
    (analysed["call"]["call_id"].as_str().expect("a name").to_owned(), ended, analysed)
}

/// An endpoint of that platform that believes a bearer, and an assistant that begins so.
fn configure(config: &mut Config, platform: &str, api: Option<String>, lost_calls: Option<LostCalls>, start: Start) {
    let model = config.models.keys().next().expect("there is one").clone();
    let tenant = config.tenants.values_mut().find(|tenant| !tenant.assistants.is_empty()).expect("there is one");
    for assistant in tenant.assistants.values_mut() {
        (assistant.model, assistant.start) = (Some(model.clone()), start);
    }
    let secret = || SecretRef::Env(SECRET.to_owned());
    let endpoint = Endpoint {
        platform: platform.parse().expect("a name"),
        assistant: None,
        verify: Verify::Bearer(vec![secret()]),
        api: api.map(|base_url| ApiConfig { key: secret(), base_url: Some(base_url) }),
        lost_calls,
    };
    tenant.endpoints.insert(format!("desk-{platform}").parse().expect("a name"), endpoint);
}

async fn post(served: &Served, platform: &str, event: &Value) -> Answer {
    let key = aftercall_app::demo::secret(&served.credentials, SECRET).expect("it is there");
    let headers = [("authorization".to_owned(), format!("Bearer {key}"))];
    served.post(&format!("/v1/intake/{platform}/desk-{platform}"), &headers, event.to_string().into_bytes()).await
}

/// How long anything may take, in seconds: a test that waits in vain says what it saw.
const SECONDS_MAX: u64 = 20;

/// Waits until the tenant's list of runs is such that something is found in it.
async fn listed<T>(served: &Served, found: impl Fn(&str) -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        let page = served.get("/runs", Some(("meridian", "demo"))).await;
        if let Some(found) = found(&page.text) {
            return found;
        }
        assert!(begun.elapsed().as_secs() < SECONDS_MAX, "{}", page.text);
        tokio::task::yield_now().await;
    }
}

/// Waits until a run of the conversation has ended, and gives its page's address.
async fn ended(served: &Served, conversation: &str, revision: &str) -> String {
    let of_it = |row: &&str| row.contains(conversation) && row.contains(revision) && row.contains("completed");
    let address = |row: &str| row.split('"').next().map(str::to_owned);
    listed(served, |page| page.split("<a class=\"row\" href=\"").skip(1).find(of_it).and_then(address)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_is_fetched_before_the_run_begins() {
    let record = recorded("telnyx/clinic.json");
    let (event, messages) = (&record["event"], record["messages"].as_array().expect("a list").clone());
    let id = event["data"]["payload"]["conversation_id"].as_str().expect("a name");
    let (first, second) = messages.split_at(messages.len() / 2);
    let page = |number: usize, messages: &[Value]| json!({ "data": messages, "meta": { "total_pages": 2, "page_number": number } });
    let (api, url) = Api::start([
        (500, json!({ "errors": [{ "detail": "not now" }] })),
        (200, json!({ "data": { "id": id, "metadata": {} } })),
        (200, page(1, first)),
        (200, page(2, second)),
        (200, json!({ "data": [] })),
    ])
    .await;
    let served = Served::start(|config| configure(config, "telnyx", Some(url), None, Start::default())).await;
    let taken = post(&served, "telnyx", event).await;
    assert_eq!((taken.status, &taken.json()["status"]), (202, &json!("waiting")), "{}", taken.text);
    assert_eq!(taken.json()["conversation"], id);
    // The platform failed once: that is shown, and sending the event again has it asked again at once.
    listed(&served, |page| (page.contains("not now") && page.contains(id)).then_some(())).await;
    check(served.folder.path(), &["inbox", "--store", "records.db"], 0, &[id, "not now"], &[]);
    post(&served, "telnyx", event).await;
    ended(&served, id, "").await;
    assert_eq!(served.texts(), 1, "what the caller was promised was sent");
    let asked = api.asked();
    assert!(asked.iter().any(|asked| asked.contains(&format!("/v2/ai/conversations/{id}/messages"))), "{asked:?}");
    let again = post(&served, "telnyx", event).await;
    assert_eq!(again.status, 202, "{}", again.text);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_analysis_that_is_to_come_is_waited_for() {
    let (id, ended_event, analysed) = retell_events();
    let hour = Start { settle_ms: 3_600_000, ..Start::default() };
    let served = Served::start(|config| configure(config, "retell", None, None, hour)).await;
    for _ in 0..2 {
        let taken = post(&served, "retell", &ended_event).await;
        assert_eq!((taken.status, &taken.json()["status"]), (202, &json!("waiting")), "{}", taken.text);
    }
    let page = served.get("/runs", Some(("meridian", "demo"))).await;
    assert!(page.text.contains("waiting") && page.text.contains(&id), "{}", page.text);
    let taken = post(&served, "retell", &analysed).await;
    assert_eq!((taken.status, &taken.json()["status"]), (202, &json!("accepted")), "{}", taken.text);
    ended(&served, &id, "").await;
    assert_eq!(served.texts(), 1);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_analysis_is_added_or_opens_a_revision() {
    let (id, ended_event, analysed) = retell_events();
    let summary = analysed["call"]["call_analysis"]["call_summary"].as_str().expect("a summary");
    for revises in [false, true] {
        let start = Start { revises, ..Start::default() };
        let served = Served::start(|config| configure(config, "retell", None, None, start)).await;
        assert_eq!(post(&served, "retell", &ended_event).await.status, 202);
        let first = ended(&served, &id, "").await;
        for deliveries in 0..2 {
            let taken = post(&served, "retell", &analysed).await;
            let expected = if revises && deliveries == 0 { 202 } else { 200 };
            assert_eq!(taken.status, expected, "{}", taken.text);
        }
        let page = served.get(&first, Some(("meridian", "demo"))).await;
        assert!(page.text.contains(summary), "{}", page.text);
        if revises {
            ended(&served, &id, "revision 1").await;
        }
        let list = served.get("/runs", Some(("meridian", "demo"))).await;
        assert_eq!(list.text.matches("class=\"row\"").count(), 1 + usize::from(revises), "{}", list.text);
        assert_eq!(served.texts(), 1, "the ledger spans the conversation");
        served.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_webhook_was_lost_is_found() {
    let mut event = recorded("retell/booking.json");
    let ended_at = SystemClock.now().as_millis() - 600_000;
    (event["call"]["start_timestamp"], event["call"]["end_timestamp"]) = ((ended_at - 60_000).into(), ended_at.into());
    let call = event["call"].clone();
    let id = call["call_id"].as_str().expect("a name").to_owned();
    let list = json!({ "items": [call.clone()], "has_more": false });
    let (api, url) = Api::start([(200, list), (200, call)]).await;
    let lost_calls = Some(LostCalls::default());
    let served = Served::start(|config| configure(config, "retell", Some(url), lost_calls, Start::default())).await;
    ended(&served, &id, "").await;
    assert_eq!(served.texts(), 1);
    let late = post(&served, "retell", &event).await;
    assert_eq!((late.status, &late.json()["status"]), (200, &json!("known")), "{}", late.text);
    assert!(api.asked()[0].contains("list-calls"), "{:?}", api.asked());
    let other = json!({ "event": "call_started", "call": { "call_id": "c" } });
    assert_eq!(post(&served, "retell", &other).await.json()["status"], "ignored");
    check(served.folder.path(), &["inbox", "--others", "--store", "records.db"], 0, &["call_started"], &[]);
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_cannot_be_read_is_told_and_its_events_are_kept() {
    let mut event = recorded("telnyx/clinic.json")["event"].clone();
    event["data"]["payload"]["llm_model"] = "m".repeat(300).into();
    let id = event["data"]["payload"]["conversation_id"].as_str().expect("a name").to_owned();
    let (_, url) = Api::start([
        (200, json!({ "data": { "id": id, "metadata": {} } })),
        (200, json!({ "data": [{ "role": "user", "text": "Hi" }], "meta": { "total_pages": 1 } })),
        (200, json!({ "data": [] })),
    ])
    .await;
    let served = Served::start(|config| configure(config, "telnyx", Some(url), None, Start::default())).await;
    assert_eq!(post(&served, "telnyx", &event).await.status, 202);
    listed(&served, |page| (page.contains("cannot-continue") && page.contains(&id)).then_some(())).await;
    let records = rusqlite::Connection::open(served.folder.path().join("records.db")).expect("it opens");
    let raw: Vec<u8> = records.query_row("SELECT raw FROM conversations", [], |row| row.get(0)).expect("there is one");
    assert_eq!(serde_json::from_slice::<Value>(&raw).expect("JSON"), json!([event]));
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_can_be_deleted_and_stays_so() {
    let (id, ended_event, analysed) = retell_events();
    let hour = Start { settle_ms: 3_600_000, ..Start::default() };
    let served = Served::start(|config| configure(config, "retell", None, None, hour)).await;
    assert_eq!(post(&served, "retell", &ended_event).await.json()["status"], "waiting");
    let all = ["forget", "--store", "records.db", "--tenant", "meridian", "--yes"];
    let one = [&all[..], &["--conversation", &id]].concat();
    check(served.folder.path(), &one, 0, &["Deleted 1 conversation"], &[]);
    for event in [&ended_event, &analysed] {
        let again = post(&served, "retell", event).await;
        assert_eq!((again.status, &again.json()["status"]), (200, &json!("known")), "{}", again.text);
        assert!(again.text.contains("deleted"), "{}", again.text);
    }
    check(served.folder.path(), &["inbox", "--store", "records.db"], 0, &["No call waits"], &[]);
    let other = json!({ "event": "call_started", "call": { "call_id": "c" } });
    assert_eq!(post(&served, "retell", &other).await.json()["status"], "ignored");
    check(served.folder.path(), &[&all[..], &["--everything"]].concat(), 0, &["1 event of no call"], &[]);
    check(served.folder.path(), &["inbox", "--others", "--store", "records.db"], 0, &["No event"], &[]);
    served.stop().await;
}
