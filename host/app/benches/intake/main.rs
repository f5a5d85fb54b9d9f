//! What intake costs beside the least that it could: webhooks accepted, and a long transcript read. Prints what came of it as
//! one JSON object, and fails where a bar is missed.
//!
//! `cargo bench -p aftercall --bench intake`. What has bars are ratios of two things done in turns in one run.

mod accept;
mod limit;
mod transcript;

use std::{
    collections::BTreeMap,
    io::{Write as _, stderr, stdout},
    process::ExitCode,
};

use serde::Serialize;

/// Least of the limit's webhooks a second that are accepted.
const ACCEPT_VS_LIMIT_MIN: f64 = 0.8;

/// Most times as long as reading a transcript that all of its way takes.
const TRANSCRIPT_VS_PARSE_MAX: f64 = 3.0;

/// What came of it.
#[derive(Debug, Serialize)]
struct Figures {
    /// Webhooks accepted a second, durably, at 32 in flight, against bare axum with the same grouped insert.
    accept_vs_limit: f64,
    /// The same against bare axum with the same rows, made beforehand and written in groups by hand.
    accept_vs_by_hand: f64,
    accepted_per_s: f64,
    limit_per_s: f64,
    by_hand_per_s: f64,
    /// A transcript of 5 MB read, repaired and written for Chat Completions, against `serde_json` reading it alone.
    transcript_vs_parse: f64,
    /// The same for each dialect.
    transcript_vs_parse_in: BTreeMap<&'static str, f64>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let transcript_vs_parse_in = transcript::measure();
    let rates = accept::measure().await?;
    let figures = Figures {
        accept_vs_limit: rounded(rates.of_limit),
        accept_vs_by_hand: rounded(rates.of_by_hand),
        accepted_per_s: rounded(rates.ours),
        limit_per_s: rounded(rates.limit),
        by_hand_per_s: rounded(rates.by_hand),
        transcript_vs_parse: transcript_vs_parse_in["openai-chat"],
        transcript_vs_parse_in,
    };
    let mut code = ExitCode::SUCCESS;
    for (bar, is_met) in [
        ("accept_vs_limit of at least 0.8", figures.accept_vs_limit >= ACCEPT_VS_LIMIT_MIN),
        ("transcript_vs_parse of at most 3", figures.transcript_vs_parse <= TRANSCRIPT_VS_PARSE_MAX),
    ] {
        if !is_met {
            writeln!(stderr(), "missed: {bar}")?;
            code = ExitCode::FAILURE;
        }
    }
    writeln!(stdout(), "{}", serde_json::to_string(&figures)?)?;
    Ok(code)
}

/// To three decimals.
fn rounded(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}
