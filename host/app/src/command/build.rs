//! `aftercall plugin build`: from a folder to a component whose tools can be offered to models of every provider.

use std::io::Write;

use aftercall_core::{lint, manifest::Manifest, schema::Schema};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::plugin::Looked;
use crate::{build, cli};

/// Builds a plugin and looks at what it would offer. A component with something wrong isn't written.
///
/// # Errors
/// Says what is missing for building, or what is to be changed.
pub(super) async fn build(arguments: &cli::Build, out: &mut impl Write) -> anyhow::Result<()> {
    let made = build::make(&arguments.folder)?;
    let all_settings = match &arguments.settings {
        Some(text) => vec![serde_json::from_str(text).context("--settings is not JSON")?],
        None => examples(&made.manifest)?,
    };
    let complaints = complaints(&made.component, &all_settings).await?;
    if !complaints.is_empty() {
        bail!("not every model could call these tools as they are:\n  {}", complaints.join("\n  "));
    }
    let built = made.write(arguments.out.as_deref())?;
    let Manifest { name, version, .. } = &built.manifest;
    writeln!(out, "{name} {version}: {} ({} kB)", built.file.display(), built.bytes / 1000)?;
    writeln!(out, "`aftercall plugin inspect {}` shows what it asks for.", built.file.display())?;
    Ok(())
}

/// Settings under which a plugin can be looked at: the `examples` of its own schema of them; none, where it has none.
///
/// # Errors
/// An example that isn't what the schema says.
pub fn examples(manifest: &Manifest) -> anyhow::Result<Vec<Value>> {
    let Some(settings) = &manifest.settings else { return Ok(vec![json!({})]) };
    let examples = settings.get("examples").and_then(Value::as_array).cloned().unwrap_or_default();
    let schema = Schema::compile(settings).context("[settings] in plugin.toml")?;
    for (number, example) in examples.iter().enumerate() {
        let complaints = schema.complaints(example);
        if !complaints.is_empty() {
            bail!("[settings] in plugin.toml: examples[{number}] doesn't fit: {}", complaints.join("; "));
        }
    }
    Ok(if examples.is_empty() { vec![json!({})] } else { examples })
}

/// What is to be changed of the tools that a component offers under any of these settings, each once.
///
/// # Errors
/// It can't be asked for its tools.
pub async fn complaints(component: &[u8], all_settings: &[Value]) -> anyhow::Result<Vec<String>> {
    let looked = Looked::at(component)?;
    let mut complaints = Vec::new();
    for settings in all_settings {
        let tools = looked.tools(settings).await.with_context(|| {
            format!("it can't say which tools it has under the settings {settings}; give others with --settings, or `examples` of them in plugin.toml's [settings]")
        })?;
        for tool in &tools {
            complaints.extend(lint::lint(tool).iter().map(|complaint| format!("{}: {complaint}", tool.name)));
        }
    }
    complaints.sort();
    complaints.dedup();
    Ok(complaints)
}
