//! What the laws store.

use aftercall_core::{
    conversation::{Content, Conversation, Dialect, Direction, Item, ModelOfCall, Opaque, Role, ToolCall},
    effect::{Arguments, EffectKey},
    gate::Skip,
    id::{RunId, RunIdentity, Sha256Hex},
    json::Json,
    model::{Finish, Reply, Usage},
    ports::{Accept, EffectOf},
    run::{Decline, Ending, Event, Kind},
    time::Timestamp,
    tool::{Outcome, Receipt},
};
use serde_json::json;

use super::Engine;

pub(crate) fn identity(tenant: &str, conversation: &str, revision: u32) -> RunIdentity {
    RunIdentity {
        tenant: tenant.parse().expect("a name"),
        platform: "vapi".parse().expect("a name"),
        conversation: conversation.to_owned(),
        revision,
    }
}

/// A conversation to accept, with text and bytes that a careless storage would spoil.
pub(crate) fn accept(identity: &RunIdentity, at: u64) -> Accept {
    let call = ToolCall { id: "call_1".into(), name: "find_slot".into(), arguments: "not JSON".into() };
    let opaque = Opaque { dialect: Dialect::OpenaiChat, data: bytes_to_keep() };
    let item = Item { opaque: Some(opaque), ..Item::plain(Some(Timestamp::from_millis(7)), Content::ToolCall(call)) };
    Accept {
        identity: identity.clone(),
        at: Timestamp::from_millis(at),
        raw: vec![0, 255, b'{', 0],
        conversation: Conversation {
            platform: identity.platform.clone(),
            id: identity.conversation.clone(),
            direction: Some(Direction::Inbound),
            from: Some("+15550100".into()),
            to: None,
            time_zone: Some("Europe/Berlin".into()),
            started_at: Some(Timestamp::from_millis(0)),
            ended_at: Some(Timestamp::from_millis(u64::MAX)),
            end_reason: Some("customer-ended-call".into()),
            answered_by: None,
            is_test: false,
            model: ModelOfCall { name: Some("gpt-4.1".into()), parameters: bytes_to_keep() },
            items: vec![Item::message(Role::User, "grüß\u{0} 'Gott' \u{1F44B}"), item],
            live_tools: vec!["transfer_call".into()],
            live_definitions: Vec::new(),
            summary: None,
            variables: Some(bytes_to_keep()),
            left_out: Vec::new(),
        },
        first: event(at),
        ending: None,
        seeds: Vec::new(),
    }
}

/// A document whose bytes differ from what a JSON library would write.
fn bytes_to_keep() -> Json {
    Json::parse(r#"{"b": 1.00,  "a":"\u00e9", "a": 12345678901234567890123}"#).expect("JSON")
}

/// Some event at that instant. Storages don't ask what is in it.
pub(crate) fn event(at: u64) -> Event {
    Event { at: Timestamp::from_millis(at), kind: Kind::CancelRequested { reason: format!("reason {at}") } }
}

pub(super) fn reply(at: u64) -> Event {
    let reply = Reply {
        text: Some("on it".into()),
        calls: vec![ToolCall { id: "call_2".into(), name: "send_sms".into(), arguments: "{}".into() }],
        finish: Finish::Stop,
        usage: Usage { input_tokens: u64::MAX, cached_tokens: 0, output_tokens: 1 },
        message: Opaque { dialect: Dialect::OpenaiChat, data: bytes_to_keep() },
    };
    let asked_at = Timestamp::from_millis(at);
    Event {
        at: asked_at,
        kind: Kind::Replied {
            turn: 1,
            attempt: 1,
            asked_at,
            reply: Box::new(reply),
            unfounded: Vec::new(),
            insights: None,
        },
    }
}

pub(super) fn declined(at: u64) -> (Event, Ending) {
    let reason = Skip::Voicemail;
    let kind = Kind::Declined(Decline::Skipped { reason: reason.clone() });
    (Event { at: Timestamp::from_millis(at), kind }, Ending::Skipped { reason })
}

/// Accepts a conversation that wasn't there.
pub(super) async fn accepted(engine: &Engine, identity: &RunIdentity, at: u64) -> RunId {
    engine.journal.accept(&accept(identity, at)).await.expect("accepted");
    identity.run()
}

/// The runs that are under way, in order.
pub(super) async fn unfinished(engine: &Engine) -> Vec<RunId> {
    let now = Timestamp::from_millis(0);
    let all = engine.journal.due(now, now).await.expect("a list");
    all.into_iter().map(|unfinished| unfinished.run).collect()
}

/// The effect of one text message in a conversation.
pub(super) fn effect(to: &str) -> EffectOf {
    let call = identity("acme", "c1", 0);
    let arguments = json!({ "to": to });
    let arguments = arguments.as_object().expect("an object");
    let key = EffectKey::of(&call, &"sms".parse().expect("a name"), "send_sms", &["to".to_owned()], arguments);
    EffectOf { key, call, tool: "sms/send_sms".into(), contact: Sha256Hex::of(b"contact") }
}

pub(super) fn arguments(text: &str) -> Arguments {
    Arguments::of(json!({ "text": text }).as_object().expect("an object"))
}

pub(super) fn outcome(id: &str) -> Outcome {
    let receipt = Receipt { id: id.into(), kind: "message".into(), url: None };
    Outcome { text: "sent".into(), data: Some(bytes_to_keep()), receipts: vec![receipt] }
}
