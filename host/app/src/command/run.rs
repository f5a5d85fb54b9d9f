//! `aftercall run CALL.json`: the work after one call.

use std::io::Write;

use aftercall_core::ports::Acceptance;

use super::one_call::{Driven, drive};
use crate::{cli, story};

/// Does the work after one call. Says whether it was done.
///
/// # Errors
/// The record or the configuration is broken, or the records failed.
pub async fn run(arguments: &cli::Run, out: &mut impl Write) -> anyhow::Result<bool> {
    let driven = drive(&arguments.call, arguments.revision, false).await?;
    match arguments.call.format {
        cli::Format::Json => writeln!(out, "{}", serde_json::to_string(&driven.report)?)?,
        cli::Format::Text => tell(&driven, out)?,
    }
    Ok(driven.is_well)
}

fn tell(driven: &Driven, out: &mut impl Write) -> std::io::Result<()> {
    if driven.acceptance == Acceptance::Known {
        writeln!(
            out,
            "This call was taken in before; what was done is not done again. `--revision` looks at it once more."
        )?;
    }
    writeln!(out, "{}: {}", driven.run, driven.report.outcome)?;
    for effect in &driven.report.effects {
        let receipt = effect.receipt.as_ref().map_or_else(|| "no receipt".to_owned(), story::receipt_in_words);
        writeln!(out, "  {}: {receipt}", effect.tool)?;
    }
    writeln!(out, "`aftercall logs {}` tells the whole story.", driven.run)
}
