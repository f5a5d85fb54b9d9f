//! `aftercall plugin diff`: what a component asks for beyond another, or beyond what a tenant has consented to.

use std::{collections::BTreeSet, io::Write, path::Path};

use aftercall_core::{
    consent::{More, Request},
    id::PluginName,
    ports::Consents as _,
    tool::Tool,
};
use aftercall_plugin::Artifact;
use aftercall_storage::Sqlite;
use anyhow::Context as _;
use serde_json::{Value, json};

use super::{
    consent::{Granted, of_plugin},
    plugin::Looked,
};
use crate::cli;

/// Compares. Says whether no more is asked for.
///
/// # Errors
/// A component, the configuration or the records can't be read.
pub async fn diff(arguments: &cli::Diff, out: &mut impl Write) -> anyhow::Result<bool> {
    let difference = match (&arguments.tenant, &arguments.new) {
        (None, Some(new)) => of_files(Path::new(&arguments.old), new, &arguments.settings).await?,
        _ => since_consent(arguments).await?,
    };
    match arguments.format {
        cli::Format::Json => writeln!(out, "{}", difference.to_json())?,
        cli::Format::Text => difference.tell(out)?,
    }
    Ok(difference.more.is_empty())
}

/// How one component differs from another, or from what was consented to.
#[derive(Default)]
struct Difference {
    /// What is compared: before and now.
    old: String,
    new: String,
    more: Vec<More>,
    less: Vec<String>,
    tools: Vec<String>,
    settings: Vec<String>,
}

impl Difference {
    fn tell(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "from {}\n  to {}\n", self.old, self.new)?;
        match self.more.as_slice() {
            [] => writeln!(out, "It asks for no more.")?,
            more => {
                writeln!(out, "It asks for more:")?;
                more.iter().try_for_each(|more| writeln!(out, "  {more}"))?;
            }
        }
        for (title, lines) in
            [("It asks for less:", &self.less), ("Its tools:", &self.tools), ("Its settings:", &self.settings)]
        {
            if !lines.is_empty() {
                writeln!(out, "{title}")?;
                lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            }
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let more = |more: &More| json!({ "kind": more.kind(), "words": more.to_string() });
        json!({
            "old": self.old,
            "new": self.new,
            "more": self.more.iter().map(more).collect::<Vec<_>>(),
            "less": self.less,
            "tools": self.tools,
            "settings": self.settings,
        })
    }
}

fn less(old: &Request, new: &Request) -> Vec<String> {
    old.beyond(new).iter().filter_map(More::no_longer).collect()
}

fn named(artifact: &Artifact) -> String {
    let manifest = &artifact.manifest;
    format!("{} {} (sha256 {})", manifest.name, manifest.version, artifact.digest)
}

async fn of_files(old: &Path, new: &Path, settings: &str) -> anyhow::Result<Difference> {
    let settings: Value = serde_json::from_str(settings).context("--settings is not JSON")?;
    let read = async |file: &Path| -> anyhow::Result<(Artifact, Vec<Tool>)> {
        let bytes = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
        let artifact = Artifact::read(&bytes).with_context(|| file.display().to_string())?;
        let remedy = || format!("{}: its tools can't be listed; do they need --settings?", file.display());
        let tools = Looked::at(&bytes)?.tools(&settings).await.with_context(remedy)?;
        Ok((artifact, tools))
    };
    let ((old, old_tools), (new, new_tools)) = (read(old).await?, read(new).await?);
    let asked = |artifact: &Artifact, tools: &[Tool]| Request::of(&artifact.manifest).with_tools(tools);
    let (before, now) = (asked(&old, &old_tools), asked(&new, &new_tools));
    Ok(Difference {
        old: named(&old),
        new: named(&new),
        more: now.beyond(&before),
        less: less(&before, &now),
        tools: of_tools(&old_tools, &new_tools),
        settings: of_settings(old.manifest.settings.as_ref(), new.manifest.settings.as_ref()),
    })
}

async fn since_consent(arguments: &cli::Diff) -> anyhow::Result<Difference> {
    let tenant = arguments.tenant.as_ref().expect("without it there are two files");
    let plugin: PluginName = arguments.old.parse().context("with --tenant, name an installed plugin")?;
    let granted = Granted::read(&arguments.config, tenant, &plugin)?;
    let (artifact, request) = granted.component().await?;
    let new = named(&artifact);
    let path = &granted.store;
    let reader =
        Sqlite::open_reader(path).with_context(|| format!("the records {} can't be opened", path.display()))?;
    let known = of_plugin(reader.consents(tenant).await?, &plugin);
    let Some(last) = known.last() else {
        let old = format!("nothing: {tenant} has consented to nothing of it yet, and its grant is the first consent");
        return Ok(Difference { old, new, ..Difference::default() });
    };
    if known.iter().any(|consent| consent.digest == artifact.digest) {
        let old = format!("the same, which {tenant} has consented to");
        return Ok(Difference { old, new, ..Difference::default() });
    }
    Ok(Difference {
        old: format!("what {tenant} has consented to (sha256 {})", last.digest),
        new,
        more: request.beyond(&last.request),
        less: less(&last.request, &request),
        tools: of_names(
            &last.request.tools.keys().map(String::as_str).collect(),
            &request.tools.keys().map(String::as_str).collect(),
        ),
        settings: Vec::new(),
    })
}

/// What came and went.
fn of_names(old: &BTreeSet<&str>, new: &BTreeSet<&str>) -> Vec<String> {
    let added = new.difference(old).map(|tool| format!("{tool} is new"));
    added.chain(old.difference(new).map(|tool| format!("{tool} is gone"))).collect()
}

fn of_tools(old: &[Tool], new: &[Tool]) -> Vec<String> {
    let names = |tools: &'_ [Tool]| tools.iter().map(|tool| tool.name.clone()).collect::<BTreeSet<String>>();
    let (old_names, new_names) = (names(old), names(new));
    let mut all =
        of_names(&old_names.iter().map(String::as_str).collect(), &new_names.iter().map(String::as_str).collect());
    for now in new {
        let Some(before) = old.iter().find(|tool| tool.name == now.name) else { continue };
        all.extend(of_tool(before, now).into_iter().map(|change| format!("{}: {change}", now.name)));
    }
    all
}

fn of_tool(old: &Tool, new: &Tool) -> Vec<String> {
    let mut all = Vec::new();
    if old.effect != new.effect {
        all.push(format!("its effect is {}, and was {}", new.effect, old.effect));
    }
    if old.identity != new.identity {
        let identity = |tool: &Tool| match tool.identity.as_slice() {
            [] => "all arguments".to_owned(),
            some => some.join(", "),
        };
        all.push(format!("its identity is {}, and was {}", identity(new), identity(old)));
    }
    if old.reconcilable != new.reconcilable {
        all.push(format!("a doubt can {} be settled", if new.reconcilable { "now" } else { "no longer" }));
    }
    let (before, now) = (old.input_schema.value(), new.input_schema.value());
    all.extend(of_arguments(&before, &now));
    if old.description != new.description {
        all.push("its description for the model reads otherwise".to_owned());
    }
    all
}

fn of_arguments(old: &Value, new: &Value) -> Vec<String> {
    let properties = |schema: &Value| -> BTreeSet<String> {
        schema["properties"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
    };
    let ((had, needed), (has, needs)) = ((properties(old), required(old)), (properties(new), required(new)));
    let mut all: Vec<String> = has.difference(&had).map(|name| format!("takes `{name}`, which is new")).collect();
    all.extend(had.difference(&has).map(|name| format!("no longer takes `{name}`")));
    all.extend(needs.difference(&needed).map(|name| format!("now requires `{name}`")));
    let optional = needed.difference(&needs).filter(|name| has.contains(*name));
    all.extend(optional.map(|name| format!("no longer requires `{name}`")));
    let changed =
        had.intersection(&has).filter(|name| old["properties"][name.as_str()] != new["properties"][name.as_str()]);
    all.extend(changed.map(|name| format!("takes another `{name}`")));
    all
}

fn required(schema: &Value) -> BTreeSet<String> {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// A setting that became required is no permission, and stops whoever doesn't have it.
fn of_settings(old: Option<&Value>, new: Option<&Value>) -> Vec<String> {
    let of = |schema: Option<&Value>| schema.map(required).unwrap_or_default();
    of(new).difference(&of(old)).map(|name| format!("`{name}` is now required")).collect()
}

#[cfg(test)]
mod tests {
    use aftercall_core::{json::Json, tool::Effect};

    use super::*;

    fn tool(name: &str, effect: Effect, required: &[&str], schema: Value) -> Tool {
        let input_schema = json!({"type": "object", "required": required, "properties": schema});
        Tool {
            name: name.to_owned(),
            title: None,
            description: "does".to_owned(),
            input_schema: Json::of(&input_schema),
            output_schema: None,
            effect,
            identity: vec!["to".to_owned()],
            reconcilable: false,
        }
    }

    #[test]
    fn tools_are_compared_by_what_matters_to_who_uses_them() {
        let text = || json!({"to": {"type": "string"}, "text": {"type": "string"}});
        let old = [tool("send", Effect::Once, &["to"], text()), tool("gone", Effect::Read, &[], json!({}))];
        let other = json!({"to": {"type": "string", "maxLength": 9}, "at": {"type": "integer"}});
        let now = [
            Tool {
                identity: vec![],
                reconcilable: true,
                description: "does it".to_owned(),
                ..tool("send", Effect::Idempotent, &["at"], other)
            },
            tool("fresh", Effect::Read, &[], json!({})),
        ];
        assert_eq!(of_tools(&old, &old), [""; 0]);
        assert_eq!(
            of_tools(&old, &now),
            [
                "fresh is new",
                "gone is gone",
                "send: its effect is idempotent, and was once",
                "send: its identity is all arguments, and was to",
                "send: a doubt can now be settled",
                "send: takes `at`, which is new",
                "send: no longer takes `text`",
                "send: now requires `at`",
                "send: no longer requires `to`",
                "send: takes another `to`",
                "send: its description for the model reads otherwise",
            ]
        );
    }

    #[test]
    fn a_setting_that_became_required_is_told() {
        let schema = |required: &[&str]| json!({"type": "object", "required": required});
        assert_eq!(of_settings(None, Some(&schema(&["from"]))), ["`from` is now required"]);
        assert_eq!(of_settings(Some(&schema(&["from"])), Some(&schema(&["from"]))), [""; 0]);
        assert_eq!(of_settings(Some(&schema(&["from"])), None), [""; 0]);
    }
}
