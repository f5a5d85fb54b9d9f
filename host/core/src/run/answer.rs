//! What the model is told of each call: one JSON object, the same shape for success and failure.

use serde_json::{Value, json};

use crate::{
    conversation::ToolCall,
    insights::{Answer, Insights},
    model::{Exchange, ToolAnswer},
    run::{Call, CallEnd, Pins, Run, Turn},
    tool::{Failure, Outcome},
};

impl Run {
    /// The finished turns, as the next request to the model carries them.
    pub fn exchanges(&self) -> Vec<Exchange<'_>> {
        let Some(pins) = self.pins() else { return Vec::new() };
        let results = |asked: &[ToolCall], calls: &[Call]| {
            asked.iter().zip(calls).map(|(asked, call)| answer(asked, call, pins)).collect()
        };
        self.turns()
            .iter()
            .zip(1..)
            .map(|(turn, number)| Exchange {
                reply: &turn.reply,
                results: results(&turn.reply.calls, &turn.calls),
                objection: self.told_after(number, turn),
            })
            .collect()
    }

    /// What the model is told after a turn, beside what came of its calls.
    fn told_after(&self, number: u32, turn: &Turn) -> Option<String> {
        if self.nudged_after == Some(number) {
            return Some(objection(&turn.unfounded));
        }
        let next = usize::try_from(number).ok().and_then(|next| self.turns.get(next));
        if !next.map_or(self.is_asking_for_insights(), |next| next.insights.is_some()) {
            return None;
        }
        match &turn.insights {
            None => Some(self.pins()?.insights.as_ref()?.request()),
            Some(Answer::Wrong(wrong)) => Some(Insights::objection(wrong)),
            Some(Answer::Fits(_)) => None,
        }
    }
}

/// What the model is told when its account claims what no tool call did.
fn objection(unfounded: &[String]) -> String {
    let tools = unfounded.iter().map(|tool| format!("`{tool}`")).collect::<Vec<_>>().join(", ");
    format!(
        "Your account says that something was done which only {tools} can do, and no call of that tool has succeeded \
         in this work. If it is to be done, call the tool now. If it is not, or cannot be done, answer with an account \
         that does not claim it."
    )
}

fn answer(asked: &ToolCall, call: &Call, pins: &Pins) -> ToolAnswer {
    let Some(end) = call.end() else { return error("pending", "this call has not ended") };
    match end {
        CallEnd::Done(outcome) => success(outcome, None),
        CallEnd::Known(outcome) => {
            success(outcome, Some("this had been done before in this conversation; it was not repeated"))
        }
        CallEnd::Conflict(outcome) => not_done(&json!({
            "ok": false,
            "error": {
                "kind": "conflict",
                "message": "this was already done in this conversation, and not as asked now; it was not repeated. \
                            `recorded` is what was done.",
            },
            "recorded": parts(outcome),
        })),
        CallEnd::Failed(failure) => failed(failure),
        CallEnd::Refused(refusal) => error("refused", &refusal.words(&asked.name, &pins.tools)),
        CallEnd::Unknowable => error(
            "outcome-unknown",
            "this may or may not have happened. A person will look at it. Do not try it again; go on with the rest.",
        ),
        CallEnd::Abandoned => error("outcome-unknown", "this may or may not have happened. A person left it at that."),
        CallEnd::Dropped => error("dropped", "the run is ending: this was not done"),
    }
}

fn success(outcome: &Outcome, note: Option<&str>) -> ToolAnswer {
    let mut answer = parts(outcome);
    answer.insert("ok".to_owned(), json!(true));
    if let Some(note) = note {
        answer.insert("note".to_owned(), json!(note));
    }
    ToolAnswer { text: Value::Object(answer).to_string(), is_error: false }
}

fn parts(outcome: &Outcome) -> serde_json::Map<String, Value> {
    let mut parts = serde_json::Map::new();
    parts.insert("text".to_owned(), json!(outcome.text));
    if let Some(data) = &outcome.data {
        parts.insert("data".to_owned(), data.value());
    }
    if !outcome.receipts.is_empty() {
        parts.insert("receipts".to_owned(), json!(outcome.receipts));
    }
    parts
}

fn failed(failure: &Failure) -> ToolAnswer {
    let mut error = json!({"kind": failure.kind.as_str(), "message": failure.message});
    if let Some(code) = &failure.code {
        error["code"] = json!(code);
    }
    not_done(&json!({"ok": false, "error": error}))
}

fn error(kind: &str, message: &str) -> ToolAnswer {
    not_done(&json!({"ok": false, "error": {"kind": kind, "message": message}}))
}

fn not_done(told: &Value) -> ToolAnswer {
    ToolAnswer { text: told.to_string(), is_error: true }
}
