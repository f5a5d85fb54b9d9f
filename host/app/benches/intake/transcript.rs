//! A long transcript on its way from a record to a request, against reading its JSON alone.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use aftercall_core::{
    conversation::{Conversation, Dialect},
    model::{History, ModelPin, TurnRequest},
    repair::repair,
};
use aftercall_intake::Form;
use serde_json::{Value, json};

use crate::rounded;

/// How large the record is at least, in bytes.
const RECORD_BYTES_MIN: usize = 5_000_000;

/// How often each is done. The best time counts, since whatever disturbs makes slower.
const ROUNDS: usize = 9;

/// How many times as long as reading the JSON alone the whole way takes, by dialect.
pub(crate) fn measure() -> BTreeMap<&'static str, f64> {
    let record = record();
    let mut parse = f64::MAX;
    let mut ways: BTreeMap<&'static str, f64> = BTreeMap::new();
    for _ in 0..ROUNDS {
        parse = parse.min(seconds(|| drop(black_box(serde_json::from_slice::<Value>(&record).expect("JSON")))));
        for dialect in Dialect::ALL {
            let way = ways.entry(dialect.as_str()).or_insert(f64::MAX);
            *way = way.min(seconds(|| drop(black_box(whole_way(&record, dialect)))));
        }
    }
    ways.into_iter().map(|(dialect, way)| (dialect, rounded(way / parse))).collect()
}

fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// From the record's bytes to the request's.
fn whole_way(record: &[u8], dialect: Dialect) -> (Conversation, Vec<u8>) {
    let mut conversation = Form::Native.parse(record).expect("a record").conversation;
    repair(&mut conversation).expect("it can be mended");
    let model = ModelPin::new("m", dialect);
    let request = TurnRequest {
        model: &model,
        conversation: &conversation,
        instruction: "Do the work.",
        tools: &[],
        exchanges: &[],
        history: History::AsWritten,
        words_only: false,
    };
    let body = aftercall_llm::render(&request, aftercall_llm::Delivery::Whole).expect("it has no parameters");
    (conversation, body)
}

/// A native record of a very long call, in which each turn looks something up.
fn record() -> Vec<u8> {
    let question = "I would like to move my appointment to some other day next week, and then there is the bill. ";
    let answer = "I have nine, half past ten, \"a quarter past eleven\" and two o'clock. Which would suit you best? ";
    let mut items = Vec::new();
    let mut bytes = 0;
    for number in 0_usize.. {
        let id = format!("call_{number}");
        for item in [
            json!({ "type": "message", "role": "user", "text": question.repeat(6), "at": "2026-03-04T14:00:00Z" }),
            json!({ "type": "tool_call", "id": id, "name": "find_slots", "arguments": { "number": number } }),
            json!({ "type": "tool_result", "call_id": id, "output": { "slots": ["09:00", "10:30", "11:15"] } }),
            json!({ "type": "message", "role": "assistant", "text": answer.repeat(6), "at": "2026-03-04T14:00:09Z" }),
        ] {
            bytes += item.to_string().len();
            items.push(item);
        }
        if bytes >= RECORD_BYTES_MIN {
            break;
        }
    }
    let record = json!({
        "schema": "aftercall.call/1",
        "conversation": { "id": "c1" },
        "llm": { "model": "m", "system": "You answer the front desk." },
        "items": items,
    });
    record.to_string().into_bytes()
}
