//! `aftercall rehearse CALL.json`: the work after one call, with every write kept back.

use std::io::Write;

use aftercall_core::{
    ports::StoredRun,
    run::{CallId, Kind},
    tool::CapturedWrite,
};
use serde_json::json;

use super::one_call::{Driven, drive};
use crate::cli;

/// Rehearses the work after one call. Says whether it would have been done.
///
/// # Errors
/// The record or the configuration is broken, or a temporary file can't be made.
pub async fn rehearse(arguments: &cli::Rehearse, out: &mut impl Write) -> anyhow::Result<bool> {
    let driven = drive(&arguments.call, 0, true).await?;
    let kept = captured(&driven.stored);
    match arguments.call.format {
        cli::Format::Json => {
            let writes: Vec<_> = kept.iter().map(|(tool, write)| json!({ "tool": tool, "request": write })).collect();
            let mut report = serde_json::to_value(&driven.report)?;
            report["rehearsed"] = json!(writes);
            writeln!(out, "{report}")?;
        }
        cli::Format::Text => tell(&driven, &kept, out)?,
    }
    Ok(driven.is_well)
}

/// The writes that would have been sent, with the tool that wanted each, in order.
fn captured(stored: &StoredRun) -> Vec<(String, CapturedWrite)> {
    let name_of = |call: &CallId| {
        let reply = stored.journal.iter().rev().find_map(|event| match &event.kind {
            Kind::Replied { turn, reply, .. } if *turn == call.turn => Some(reply),
            _ => None,
        })?;
        Some(reply.calls.get(usize::try_from(call.index).ok()?)?.name.clone())
    };
    let mut all = Vec::new();
    for event in &stored.journal {
        if let Kind::Attempted { call, outcome, .. } = &event.kind {
            let tool = name_of(call).unwrap_or_default();
            all.extend(outcome.captured.iter().map(|write| (tool.clone(), write.clone())));
        }
    }
    all
}

fn tell(driven: &Driven, kept: &[(String, CapturedWrite)], out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "A rehearsal: {}. Nothing was written anywhere, and nothing of it is kept.", driven.report.outcome)?;
    match kept.len() {
        0 => writeln!(out, "No request would have been sent that writes.")?,
        1 => writeln!(out, "This would have been sent:")?,
        many => writeln!(out, "These {many} would have been sent:")?,
    }
    for (tool, write) in kept {
        writeln!(out, "\n{tool}\n  {} {}", write.method, write.url)?;
        for (name, value) in &write.headers {
            writeln!(out, "  {name}: {value}")?;
        }
        if !write.body.is_empty() {
            writeln!(out, "\n  {}", write.body.replace('\n', "\n  "))?;
        }
        match write.answered {
            Some(status) => writeln!(out, "  (answered {status}, as the plugin's manifest says)")?,
            None => writeln!(out, "  (the manifest has no answer for it: the tool's call ended here)")?,
        }
    }
    Ok(())
}
