//! Whatever a provider replies, it is the same streamed and whole.

use aftercall_core::{
    conversation::{Conversation, Dialect, Item, Role},
    json::Json,
    model::{Failure, FailureKind, History, Offer, Reply, TurnRequest},
    ports::Model as _,
};
use aftercall_llm::{IDLE_MS_DEFAULT, Models, Route, Server, TIMEOUT_MS_DEFAULT};
use aftercall_sandbox::{Config, Line, Sandbox, Scene, Script};
use serde_json::{Value, json};

use crate::{law::models, rng::Rng};

/// How many replies are played.
const REPLIES: u64 = 60;

/// Anything that a model may say in one reply.
fn line(rng: &mut Rng) -> Line {
    let texts = ["Done.", "Añadido: \"1.0\"\n\u{1f980}", "", " a ", "line\r\nline\u{2028}\n\n"];
    let thoughts = ["Two things.", "hm\u{e9}\n", "x"];
    let arguments = [
        json!({}),
        json!({"text": "Añadido \u{1f980}", "n": [1, 2.5, null, {"deep": true}]}),
        json!({"quoted": "\"\\\"\u{7}"}),
        json!("{broken"),
        json!("{ \"spaced\" : 1 }"),
    ];
    let some = |rng: &mut Rng, of: &[&str], many: usize| rng.one_in(many).then(|| (*rng.pick(of)).to_owned());
    let mut line = Line {
        text: some(rng, &texts, 2),
        reasoning: some(rng, &thoughts, 2),
        refusal: some(rng, &["I can't.", "No\u{2014}no."], 8),
        finish_reason: some(rng, &["length", "content_filter"], 8),
        ..Line::default()
    };
    for _ in 0..rng.below(4) {
        let (name, arguments) = (*rng.pick(&["send_note", "log"]), rng.pick(&arguments).clone());
        line = line.and_call(name, arguments);
    }
    if rng.one_in(3) {
        let details = json!([{"type": "reasoning.text", "text": "hm", "index": 0}, {"type": "new", "data": "eA=="}]);
        line.extra.insert("reasoning_content".to_owned(), "hm\u{e9}, so be it".into());
        line.extra.insert("reasoning_details".to_owned(), details);
    }
    if line.text.is_none() && line.calls.is_empty() && line.refusal.is_none() {
        line.text = Some("Nothing to do.".to_owned());
    }
    line
}

/// What is said on the call whose scene that is.
fn marker(number: u64) -> String {
    format!("call {number} of {REPLIES}")
}

#[tokio::test]
async fn a_reply_is_the_same_streamed_and_whole() {
    let mut rng = Rng::new(7);
    let scene =
        |number| Scene { name: format!("s{number}"), marker: Some(marker(number)), lines: vec![line(&mut rng)] };
    let script = Script { scenes: (0..REPLIES).map(scene).collect() };
    let lines: Vec<Line> = script.scenes.iter().flat_map(|scene| scene.lines.clone()).collect();
    let sandbox = Sandbox::start(Config::new(script, || 0)).await.expect("the loopback interface has free ports");
    let (mut replies, mut failures) = (0, Vec::new());
    for dialect in Dialect::ALL {
        let (streamed, whole) = (way(&sandbox, dialect, true), way(&sandbox, dialect, false));
        for (number, line) in (0..).zip(&lines) {
            let (streamed, whole) = (ask(&streamed, number).await, ask(&whole, number).await);
            replies += usize::from(streamed.is_ok());
            if streamed != whole {
                failures.push(format!("{dialect} {line:?}:\n  streamed {streamed:?}\n  whole {whole:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(replies > lines.len() * 3, "only {replies} replies");
}

/// A way to the played provider.
fn way(sandbox: &Sandbox, dialect: Dialect, stream: bool) -> Models {
    let base_url = match dialect {
        Dialect::Gemini => sandbox.model_url().replace("/v1", "/v1beta"),
        Dialect::OpenaiChat | Dialect::OpenaiResponses | Dialect::Anthropic => sandbox.model_url(),
    };
    let route = Route {
        name: "m".to_owned(),
        base_url,
        model: models(dialect).first().map(|model| (*model).to_owned()),
        dialect,
        server: Server::default(),
        key: None,
        timeout_ms: TIMEOUT_MS_DEFAULT,
        idle_ms_max: IDLE_MS_DEFAULT,
        stream: Some(stream),
        context_tokens: None,
        background: false,
    };
    Models::new([route], None).expect("a route")
}

/// What can be compared of a reply: its own bytes as JSON, and not how long the request was.
type Told = (Reply, Value);

async fn ask(models: &Models, number: u64) -> Result<Told, FailureKind> {
    let pin = models.pin(Some("m")).expect("mapped");
    let mut conversation = Conversation::new("native".parse().expect("a name"), "c1");
    conversation.items.push(Item::message(Role::User, marker(number)));
    let schema = Json::parse(r#"{"type":"object","properties":{}}"#).expect("JSON");
    let tools = ["send_note", "log"].map(|name| Offer { name, description: "Does it.", schema: &schema });
    let request = TurnRequest {
        model: &pin,
        conversation: &conversation,
        instruction: "Now.",
        tools: &tools,
        exchanges: &[],
        history: History::AsWritten,
        words_only: false,
    };
    let reply: Result<Reply, Failure> = models.turn(&request).await;
    let mut reply = reply.map_err(|failure| failure.kind)?;
    assert!(reply.usage.input_tokens > 0, "{reply:?}");
    reply.usage.input_tokens = 0;
    let own = reply.message.data.value();
    reply.message.data = Json::of(&own);
    Ok((reply, own))
}
