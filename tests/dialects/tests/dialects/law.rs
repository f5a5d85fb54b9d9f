//! The law: a history either can't be mended, which is said, or every provider takes it whole.

use aftercall_core::{
    conversation::{Conversation, Dialect},
    model::{Effort, History, Reasoning},
    repair::{is_continuable, repair},
};

use aftercall_llm::Delivery;

use crate::{
    broken::{self, Piece},
    request::{Asked, Stage, tools},
    rng::Rng,
    whole,
};

/// How many seeds are tried where nothing else is said.
const SEEDS: u64 = 3_000;

/// How many failures are told.
const FAILURES_MAX: usize = 8;

/// What says otherwise.
const SEEDS_VARIABLE: &str = "AFTERCALL_SEEDS";

/// Models that each dialect is asked for, of each generation that takes other things.
pub(crate) fn models(dialect: Dialect) -> &'static [&'static str] {
    match dialect {
        Dialect::OpenaiChat => &["gpt-4.1", "gpt-5-mini", "llama-3.3"],
        Dialect::OpenaiResponses => &["gpt-5-mini", "gpt-4.1", "o3"],
        Dialect::Anthropic => {
            &["claude-haiku-4-5", "claude-sonnet-4-6", "claude-opus-4-7", "claude-sonnet-5", "claude-3-5-haiku-latest"]
        }
        Dialect::Gemini => &["gemini-3-flash-preview", "gemini-2.5-pro", "gemini-2.0-flash"],
    }
}

#[test]
fn every_provider_takes_every_mended_history() {
    let seeds = std::env::var(SEEDS_VARIABLE).ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let mut failures = Vec::new();
    for seed in 0..seeds {
        let mut rng = Rng::new(seed);
        let (pieces, repeats) = broken::history(&mut rng);
        let asked: Vec<Asked> =
            Dialect::ALL.into_iter().flat_map(|dialect| asked(&mut rng, dialect, repeats)).collect();
        let Err(first) = holds(&pieces, &asked) else { continue };
        let (smallest, why) = shrunk(pieces, &asked, first);
        let items = broken::conversation(&smallest).items;
        failures.push(format!("seed {seed}: {why}\n  the smallest such history: {items:?}"));
        if failures.len() == FAILURES_MAX {
            break;
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The requests that are made of one history. What a provider never gave out, it needn't take back: such a history goes
/// out rewritten.
fn asked(rng: &mut Rng, dialect: Dialect, repeats: bool) -> Vec<Asked> {
    let model = rng.pick(models(dialect));
    let reasoning =
        rng.pick(&[None, None, Some(Reasoning::Effort(Effort::Minimal)), Some(Reasoning::Effort(Effort::High))]);
    // A model of OpenAI's that doesn't think refuses to be told how to, and the operator's configuration tells it.
    let reasoning = (*reasoning).filter(|_| dialect != Dialect::OpenaiResponses || *model != "gpt-4.1");
    let offered = *rng.pick(&[&["send_note", "log"][..], &["send_note", "log", "find_slot", "_", "unnamed"], &[]]);
    let histories: &[History] = if repeats { &[History::Rewritten] } else { &[History::AsWritten, History::Rewritten] };
    // Who was offered nothing has called nothing.
    let stages = if offered.is_empty() { &[Stage::First][..] } else { &Stage::ALL };
    let of_history = |history: &History| Asked {
        tools: tools(offered),
        delivery: *rng.pick(&[Delivery::Whole, Delivery::Streamed]),
        ..Asked::new(dialect, *history, *rng.pick(stages)).of_model(model, reasoning)
    };
    histories.iter().map(of_history).collect()
}

fn holds(pieces: &[Piece], asked: &[Asked]) -> Result<(), String> {
    let mut conversation: Conversation = broken::conversation(pieces);
    if repair(&mut conversation).is_err() {
        return Ok(());
    }
    if !is_continuable(&conversation.items) {
        return Err("the mended history isn't continuable".to_owned());
    }
    asked.iter().try_for_each(|asked| {
        let Asked { pin, history, stage, .. } = asked;
        whole::check(asked, &conversation)
            .map_err(|why| format!("{} {:?} {history:?} {stage:?}: {why}", pin.model, pin.reasoning))
    })
}

/// The history with as many pieces left out as can be, so that it still fails.
fn shrunk(mut pieces: Vec<Piece>, asked: &[Asked], mut why: String) -> (Vec<Piece>, String) {
    let mut at = 0;
    while at < pieces.len() {
        let mut fewer = pieces.clone();
        fewer.remove(at);
        match holds(&fewer, asked) {
            Err(still) => (pieces, why) = (fewer, still),
            Ok(()) => at += 1,
        }
    }
    (pieces, why)
}
