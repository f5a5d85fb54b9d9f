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
        Some(text) => vec![given(&made.manifest, text)?],
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

/// The settings of the command line, if the plugin takes them.
fn given(manifest: &Manifest, text: &str) -> anyhow::Result<Value> {
    let given = serde_json::from_str(text).context("--settings is not JSON")?;
    match &manifest.settings {
        Some(settings) => {
            let complaints = Schema::compile(settings).context("[settings] in plugin.toml")?.complaints(&given);
            if !complaints.is_empty() {
                bail!("--settings doesn't fit [settings] in plugin.toml: {}", complaints.join("; "));
            }
        }
        None if given == json!({}) => {}
        None => bail!("--settings is given to a plugin that takes none: plugin.toml has no [settings]"),
    }
    Ok(given)
}

/// Settings under which a plugin can be looked at: the `examples` of its own schema of them; without them none, if a tenant
/// needs none.
///
/// # Errors
/// An example that isn't what the schema says, or none where a tenant needs settings.
pub fn examples(manifest: &Manifest) -> anyhow::Result<Vec<Value>> {
    let none = json!({});
    let Some(settings) = &manifest.settings else { return Ok(vec![none]) };
    let examples = match settings.get("examples") {
        None => Vec::new(),
        Some(Value::Array(examples)) => examples.clone(),
        Some(_) => bail!("[settings] in plugin.toml: `examples` is a list of settings: write `examples = [{{ … }}]`"),
    };
    let schema = Schema::compile(settings).context("[settings] in plugin.toml")?;
    if examples.is_empty() {
        let complaints = schema.complaints(&none);
        if !complaints.is_empty() {
            bail!(
                "[settings] in plugin.toml has no `examples`, and a tenant needs some ({}): add `examples = [{{ … }}]` with \
                 settings that a tenant could have, under which the tools are looked at",
                complaints.join("; ")
            );
        }
        return Ok(vec![none]);
    }
    for (number, example) in examples.iter().enumerate() {
        let complaints = schema.complaints(example);
        if !complaints.is_empty() {
            bail!("[settings] in plugin.toml: examples[{number}] doesn't fit: {}", complaints.join("; "));
        }
    }
    Ok(examples)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(settings: &str) -> Manifest {
        let text = format!("name = \"desk\"\nversion = \"0.1.0\"\ndescription = \"Tickets.\"\n{settings}");
        toml::from_str(&text).expect("a manifest")
    }

    fn check<T: PartialEq + std::fmt::Debug>(read: anyhow::Result<T>, expected: Result<T, &str>) {
        match (read, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (read, expected) => panic!("{read:?}, not {expected:?}"),
        }
    }

    const OPTIONAL: &str = "[settings]\ntype = \"object\"\nproperties.queue.type = \"string\"";

    #[test]
    fn settings_that_are_needed_need_an_example() {
        let needed = |examples: &str| manifest(&format!("{OPTIONAL}\nrequired = [\"queue\"]\n{examples}"));
        check(examples(&manifest("")), Ok(vec![json!({})]));
        check(examples(&manifest(OPTIONAL)), Ok(vec![json!({})]));
        check(examples(&manifest(&format!("{OPTIONAL}\nexamples = []"))), Ok(vec![json!({})]));
        check(examples(&needed("examples = [{ queue = \"a\" }]")), Ok(vec![json!({ "queue": "a" })]));
        check(examples(&needed("")), Err("has no `examples`, and a tenant needs some"));
        check(examples(&needed("examples = []")), Err("has no `examples`, and a tenant needs some"));
        check(examples(&needed("examples = { queue = \"a\" }")), Err("`examples` is a list of settings"));
        check(examples(&needed("examples = [{ queue = \"a\" }, {}]")), Err("examples[1] doesn't fit"));
    }

    #[test]
    fn settings_of_the_command_line_are_what_a_tenant_could_have() {
        check(given(&manifest(OPTIONAL), r#"{"queue":"a"}"#), Ok(json!({ "queue": "a" })));
        check(given(&manifest(OPTIONAL), r#"{"queue":7}"#), Err("--settings doesn't fit"));
        check(given(&manifest(OPTIONAL), "[]"), Err("--settings doesn't fit"));
        check(given(&manifest(OPTIONAL), "queue"), Err("--settings is not JSON"));
        check(given(&manifest(""), "{}"), Ok(json!({})));
        check(given(&manifest(""), r#"{"queue":"a"}"#), Err("plugin.toml has no [settings]"));
    }
}
