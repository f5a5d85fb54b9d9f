//! The run machine's tests: every event in every state ([`states`]), the stories that matter
//! ([`stories`]), and journals of earlier versions ([`golden`]).

mod golden;
mod insights;
mod spent;
mod states;
mod stories;

use super::*;
use crate::{
    assistant::{Budgets, Jitter, PostCallSteps, Retries},
    conversation::{Dialect, Opaque, ToolCall},
    effect::EffectKey,
    id::Sha256Hex,
    insights::{Answer, Insights},
    json::Json,
    model::{self, Finish, History, ModelPin, Reply, Usage},
    time::Timestamp,
    tool::{Effect, Failure, FailureKind, Outcome, Receipt},
};

const EARLY: Timestamp = Timestamp::from_millis(0);
const LATE: Timestamp = Timestamp::from_millis(1_000_000_000);
const NO_JITTER: Jitter = Jitter::new(0);
const MOOD: &str = r#"{"mood":"calm"}"#;

fn pins() -> Pins {
    let tool = |name: &str, effect| PinnedTool {
        name: name.to_owned(),
        plugin: "p".parse().expect("a name"),
        digest: Sha256Hex::of(b"component"),
        description: "does".to_owned(),
        schema: Json::parse(r#"{"type":"object"}"#).expect("JSON"),
        offered_schema: Json::parse(r#"{"type":"object"}"#).expect("JSON"),
        bindings: Default::default(),
        facts: Vec::new(),
        effect,
        identity: Vec::new(),
        reconcilable: true,
        replaces: Vec::new(),
        instance: None,
    };
    Pins {
        budgets: Budgets { turns_max: 2, tool_calls_max: 3, tokens_max: 100, wall_ms_max: 10_000_000 },
        retries: Retries { attempts_max: 2, pause_ms: 1000, pause_ms_max: 1000 },
        ..Pins::new(
            Sha256Hex::of(b"configuration"),
            "ann".parse().expect("a name"),
            PostCallSteps::of_instructions("# Post-conversation steps\nDo it.").expect("steps"),
            ModelPin::new("m", Dialect::OpenaiChat),
            vec![tool("read", Effect::Read), tool("same", Effect::Idempotent), tool("once", Effect::Once)],
        )
    }
}

fn started() -> Kind {
    Kind::Started(Box::new(pins()))
}

/// A run whose model is asked for insights at the end.
fn started_curious() -> Kind {
    let schema =
        serde_json::json!({"type": "object", "required": ["mood"], "properties": {"mood": {"type": "string"}}});
    let insights = Some(Insights::new(&schema, None).expect("a schema"));
    Kind::Started(Box::new(Pins { insights, ..pins() }))
}

/// A reply that is the insights asked for.
fn known(turn: u32, attempt: u32) -> Kind {
    judged(replied(turn, attempt, &[]), Answer::Fits(Json::parse(MOOD).expect("JSON")))
}

fn replied(turn: u32, attempt: u32, tools: &[&str]) -> Kind {
    let call = |(index, name): (usize, &&str)| ToolCall {
        id: format!("c{index}"),
        name: (*name).to_owned(),
        arguments: "{}".to_owned(),
    };
    Kind::Replied {
        turn,
        attempt,
        asked_at: EARLY,
        reply: Box::new(Reply {
            text: tools.is_empty().then(|| "all done".to_owned()),
            calls: tools.iter().enumerate().map(call).collect(),
            finish: Finish::Stop,
            usage: Usage { input_tokens: 10, cached_tokens: 0, output_tokens: 1 },
            message: Opaque { dialect: Dialect::OpenaiChat, data: Json::parse("{}").expect("JSON") },
        }),
        unfounded: Vec::new(),
        insights: None,
    }
}

/// The same as an answer to the question for insights.
fn judged(mut kind: Kind, answer: Answer) -> Kind {
    if let Kind::Replied { insights, .. } = &mut kind {
        *insights = Some(answer);
    }
    kind
}

/// An answer that doesn't fit.
fn wrong(kind: Kind) -> Kind {
    judged(kind, Answer::Wrong(vec!["it is something else".to_owned()]))
}

/// A closing reply that claims what no tool call did.
fn claimed(turn: u32, attempt: u32) -> Kind {
    let mut kind = replied(turn, attempt, &[]);
    if let Kind::Replied { unfounded, .. } = &mut kind {
        unfounded.push("once".to_owned());
    }
    kind
}

fn refused(turn: u32, attempt: u32) -> Kind {
    let mut kind = replied(turn, attempt, &[]);
    if let Kind::Replied { reply, .. } = &mut kind {
        reply.finish = Finish::Refusal;
    }
    kind
}

fn ask_failed(turn: u32, attempt: u32, kind: model::FailureKind) -> Kind {
    let failure = model::Failure { kind, message: "no".into(), retry_after_ms: None };
    Kind::AskFailed { turn, attempt, failure, jitter: NO_JITTER }
}

fn ask_postponed(turn: u32, attempt: u32) -> Kind {
    Kind::AskPostponed { turn, attempt, until: Timestamp::from_millis(500_000), why: "the day is used up".into() }
}

fn attempted(turn: u32, index: u32, attempt: u32, result: AttemptResult) -> Kind {
    Kind::Attempted {
        call: CallId { turn, index },
        attempt,
        outcome: Box::new(Attempt {
            began_at: EARLY,
            key: Some(EffectKey::from_stored("ac_1".into())),
            tries: attempt,
            result,
            log: Vec::new(),
            jitter: NO_JITTER,
            captured: Vec::new(),
            usage: Vec::new(),
        }),
    }
}

fn settled(turn: u32, index: u32, round: u32, found: Found) -> Kind {
    Kind::Settled { call: CallId { turn, index }, round, found, jitter: NO_JITTER }
}

fn outcome() -> Outcome {
    let receipt = Receipt { id: "r1".into(), kind: "thing".into(), url: None };
    Outcome { text: "did it".into(), data: None, receipts: vec![receipt] }
}

fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "did not")
}

/// What a person is asked to approve.
fn ask() -> ApprovalAsk {
    let arguments = Json::parse("{}").expect("JSON");
    ApprovalAsk { component: Sha256Hex::of(b"component"), arguments, expires_at: Timestamp::from_millis(500_000) }
}

fn approval_asked(turn: u32, index: u32, attempt: u32) -> Kind {
    Kind::ApprovalAsked { call: CallId { turn, index }, attempt, ask: Box::new(ask()) }
}

fn postponed(turn: u32, index: u32, attempt: u32) -> Kind {
    let until = Timestamp::from_millis(500_000);
    Kind::Postponed { call: CallId { turn, index }, attempt, until, why: "it is night".into() }
}

fn decided(turn: u32, index: u32, said: Said) -> Kind {
    Kind::Decided { call: CallId { turn, index }, by: "dana".into(), said: Box::new(said) }
}

fn receipt() -> Receipt {
    Receipt { id: "r2".into(), kind: "thing".into(), url: None }
}
