//! `aftercall plugin`: making, building, looking at and consenting to plugins.

use std::{io::Write, path::Path, sync::Arc};

use aftercall_core::{
    manifest::{ConversationLevel, Manifest, Placement},
    tool::Tool,
};
use aftercall_plugin::{Artifact, HostConfig, PluginHost};
use anyhow::Context as _;
use serde_json::Value;

use super::{consent, diff};
use crate::{build, cli, clock::SystemClock, scaffold};

/// Makes, builds, shows or compares a plugin, or consents to it. Says whether it asks for no more, where that was asked.
///
/// # Errors
/// Says what is wrong with it and what would be right.
pub async fn plugin(arguments: &cli::Plugin, out: &mut impl Write) -> anyhow::Result<bool> {
    match arguments {
        cli::Plugin::Build { folder, out: file } => {
            let built = build::build(folder, file.as_deref())?;
            let manifest = &built.manifest;
            writeln!(
                out,
                "{} {}: {} ({} kB)",
                manifest.name,
                manifest.version,
                built.file.display(),
                built.bytes / 1000
            )?;
            writeln!(out, "`aftercall plugin inspect {}` shows what it asks for.", built.file.display())?;
            Ok(true)
        }
        cli::Plugin::New { name, parent } => scaffold::new(name, parent, out).map(|()| true),
        cli::Plugin::Diff(arguments) => diff::diff(arguments, out).await,
        cli::Plugin::Consent(arguments) => consent::consent(arguments, out).await.map(|()| true),
        cli::Plugin::Inspect { component, settings } => inspect(component, settings, out).await.map(|()| true),
    }
}

async fn inspect(file: &Path, settings: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let settings: Value = serde_json::from_str(settings).context("--settings is not JSON")?;
    let bytes = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
    let artifact = Artifact::read(&bytes).with_context(|| file.display().to_string())?;
    let manifest = &artifact.manifest;
    writeln!(out, "{} {}: {}", manifest.name, manifest.version, manifest.description)?;
    writeln!(out, "sha256 {}, {} kB\n", artifact.digest, bytes.len() / 1000)?;
    requests(manifest, out)?;
    writeln!(out, "Imports\n  {}", artifact.imports.join("\n  "))?;
    writeln!(out, "Exports\n  {}\n", artifact.exports.join("\n  "))?;
    tools(&bytes, &settings, out).await
}

fn requests(manifest: &Manifest, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Requests")?;
    if manifest.egress.is_empty() {
        writeln!(out, "  nothing leaves")?;
    }
    for ask in &manifest.egress {
        let credential = ask.credential.as_ref().map(|slot| format!(", with credential `{slot}`")).unwrap_or_default();
        writeln!(out, "  {:<5} {}{credential}", ask.access.to_string(), ask.rule)?;
    }
    for (slot, credential) in &manifest.credentials {
        let place = match &credential.placement {
            Placement::Basic => "basic authorization".to_owned(),
            Placement::Header { name, .. } => format!("header {name}"),
            Placement::Json { field } => format!("field `{field}` of the JSON body"),
        };
        writeln!(out, "  credential `{slot}` ({place}): {}", credential.description)?;
    }
    for fact in &manifest.facts {
        writeln!(out, "  fact  {fact}")?;
    }
    if manifest.conversation != ConversationLevel::None {
        writeln!(out, "  conversation: {}", manifest.conversation)?;
    }
    if manifest.state {
        writeln!(out, "  state: it keeps things between calls")?;
    }
    writeln!(out)
}

async fn tools(bytes: &[u8], settings: &Value, out: &mut impl Write) -> anyhow::Result<()> {
    for tool in described(bytes, settings).await? {
        let identity = if tool.identity.is_empty() { "all arguments".to_owned() } else { tool.identity.join(", ") };
        let reconcile = if tool.reconcilable { ", a doubt can be settled" } else { "" };
        writeln!(out, "Tool {}: {}, identity: {identity}{reconcile}", tool.name, tool.effect)?;
        writeln!(out, "  {}", tool.description.replace('\n', "\n  "))?;
        let schema = serde_json::to_string_pretty(&tool.input_schema.value())?;
        writeln!(out, "  {}\n", schema.replace('\n', "\n  "))?;
    }
    Ok(())
}

/// The tools, as the component itself describes them, asked in an instance that can reach nothing.
pub(super) async fn described(bytes: &[u8], settings: &Value) -> anyhow::Result<Vec<Tool>> {
    let host = PluginHost::new(HostConfig::new(Arc::new(SystemClock)))?;
    let installed = host.install(bytes)?;
    Ok(host.inspect(&installed, settings).await?)
}
