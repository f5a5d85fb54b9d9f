//! `aftercall inbox`: which calls wait for their run, and what else platforms sent.

use std::io::Write;

use aftercall_core::inbox::{KeptEvent, WaitingCall};
use serde_json::json;

use crate::{cli, command::runs, story};

/// Lists calls that wait, those that are ready first in front, or events that are of none, newest first.
///
/// # Errors
/// The records can't be read.
pub async fn inbox(arguments: &cli::Inbox, out: &mut impl Write) -> anyhow::Result<()> {
    let reader = runs::reader(&arguments.list.store)?;
    let (tenant, most) = (arguments.list.tenant.as_ref(), arguments.list.most);
    let in_json = arguments.list.format == cli::Format::Json;
    if arguments.others {
        let kept = reader.kept(tenant, most).await?;
        if kept.is_empty() && !in_json {
            writeln!(out, "No event of the last week is of no call.")?;
        }
        for event in &kept {
            let line = if in_json { kept_to_json(event).to_string() } else { kept_to_text(event) };
            writeln!(out, "{line}")?;
        }
        return Ok(());
    }
    let waiting = reader.waiting(tenant, most).await?;
    if waiting.is_empty() && !in_json {
        writeln!(out, "No call waits for its run.")?;
    }
    for call in &waiting {
        let line = if in_json { call_to_json(call).to_string() } else { call_to_text(call) };
        writeln!(out, "{line}")?;
    }
    Ok(())
}

fn call_to_text(call: &WaitingCall) -> String {
    let WaitingCall { of, ready_at, trouble, .. } = call;
    let trouble = trouble.as_ref().map(|why| format!("\n    {why}")).unwrap_or_default();
    let ready_at = story::date(*ready_at);
    format!("until {ready_at}  {} · {} · {}{trouble}", of.tenant, of.platform, of.conversation)
}

fn call_to_json(call: &WaitingCall) -> serde_json::Value {
    json!({
        "tenant": call.of.tenant,
        "platform": call.of.platform,
        "conversation": call.of.conversation,
        "endpoint": call.endpoint,
        "since": call.since,
        "ready_at": call.ready_at,
        "tries": call.tries,
        "trouble": call.trouble,
    })
}

fn kept_to_text(event: &KeptEvent) -> String {
    let KeptEvent { tenant, endpoint, platform, event, at, bytes } = event;
    format!("{}  {event}  {tenant} · {platform} · {endpoint}  ({bytes} bytes)", story::date(*at))
}

fn kept_to_json(event: &KeptEvent) -> serde_json::Value {
    json!({
        "tenant": event.tenant,
        "endpoint": event.endpoint,
        "platform": event.platform,
        "event": event.event,
        "at": event.at,
        "bytes": event.bytes,
    })
}
