//! What the types alone can't say. All that is wrong is told at once.

use std::fmt;

use aftercall_core::{
    assistant::{Assistant, PostCallSteps, ToolChoice},
    id::{AssistantName, PluginName, Tenant},
    limits::TOOLS_MAX,
    run::is_telephony,
    tool::is_tool_name,
};

use super::{AssistantConfig, Config, TenantConfig, nearest::nearest};

/// All that is wrong with a configuration: where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problems(Vec<String>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => f.write_str(one),
            many => {
                write!(f, "{} problems", many.len())?;
                many.iter().try_for_each(|problem| write!(f, "\n  - {problem}"))
            }
        }
    }
}

impl Problems {
    fn add(&mut self, place: &str, what: impl fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }

    fn none(self) -> Result<(), Problems> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Config {
    /// Puts the instructions that are in files of their own where the others are.
    pub(super) fn read_instructions(&mut self) -> Result<(), Problems> {
        let mut problems = Problems::default();
        let folder = self.folder.clone();
        for (tenant, config) in &mut self.tenants {
            for (name, assistant) in &mut config.assistants {
                let place = place_of(tenant, name);
                match (&assistant.instructions, &assistant.instructions_file) {
                    (Some(_), Some(_)) => {
                        problems.add(&place, "has both `instructions` and `instructions_file`: keep one")
                    }
                    (None, None) => {
                        problems.add(&place, "has no instructions: add `instructions` or `instructions_file`")
                    }
                    (Some(_), None) => {}
                    (None, Some(file)) => match std::fs::read_to_string(folder.join(file)) {
                        Ok(text) => assistant.instructions = Some(text),
                        Err(error) => {
                            problems.add(&place, format_args!("instructions_file `{}`: {error}", file.display()));
                        }
                    },
                }
            }
        }
        problems.none()
    }

    pub(super) fn check(&self) -> Result<(), Problems> {
        let mut problems = Problems::default();
        for (name, model) in &self.models {
            if !model.base_url.starts_with("https://") && !model.base_url.starts_with("http://") {
                let place = format!("models.\"{name}\".base_url");
                problems.add(&place, format_args!("`{}` must begin with https:// or http://", model.base_url));
            }
        }
        for (tenant, config) in &self.tenants {
            for plugin in config.plugins.keys() {
                self.check_installed(&mut problems, &format!("tenants.{tenant}.plugins.{plugin}"), plugin);
            }
            for (name, assistant) in &config.assistants {
                check_assistant(&mut problems, &place_of(tenant, name), assistant, config);
            }
        }
        problems.none()
    }

    fn check_installed(&self, problems: &mut Problems, place: &str, plugin: &PluginName) {
        if self.plugins.contains_key(plugin) {
            return;
        }
        let known: Vec<&str> = self.plugins.keys().map(PluginName::as_str).collect();
        match nearest(plugin.as_str(), &known) {
            Some(near) => problems.add(place, format_args!("no such plugin is installed: did you mean `{near}`?")),
            None => problems.add(place, format_args!("no such plugin is installed: add [plugins.{plugin}]")),
        }
    }

    /// The assistant of that name, as the run machine knows it.
    pub fn assistant(&self, tenant: &Tenant, name: &AssistantName) -> Option<Assistant> {
        let config = self.tenants.get(tenant)?;
        let assistant = config.assistants.get(name)?;
        let steps = PostCallSteps::of_instructions(assistant.instructions.as_deref()?).ok()?;
        let tools = assistant.tools.iter().filter_map(|text| tool_choice(text, assistant, config)).collect();
        Some(Assistant { name: name.clone(), steps, tools, budgets: assistant.budgets, retries: assistant.retries })
    }
}

fn place_of(tenant: &Tenant, assistant: &AssistantName) -> String {
    format!("tenants.{tenant}.assistants.{assistant}")
}

fn check_assistant(problems: &mut Problems, place: &str, assistant: &AssistantConfig, tenant: &TenantConfig) {
    if let Some(Err(missing)) = assistant.instructions.as_deref().map(PostCallSteps::of_instructions) {
        problems.add(place, missing);
    }
    if assistant.tools.is_empty() {
        problems.add(place, "has no tools: add `tools = [\"plugin/tool\"]`");
    }
    if assistant.tools.len() > TOOLS_MAX {
        problems.add(place, format_args!("has {} tools, more than {TOOLS_MAX}", assistant.tools.len()));
    }
    for (index, text) in assistant.tools.iter().enumerate() {
        let place = format!("{place}.tools[{index}]");
        let Some((plugin, tool)) = split(text) else {
            problems.add(&place, format_args!("`{text}` is no tool: write `plugin/tool`"));
            continue;
        };
        if is_telephony(tool) {
            problems.add(&place, format_args!("`{tool}` acts on a live call: such tools are never offered after one"));
        }
        if !tenant.plugins.contains_key(&plugin) {
            let known: Vec<&str> = tenant.plugins.keys().map(PluginName::as_str).collect();
            let near = nearest(plugin.as_str(), &known).map(|near| format!("did you mean `{near}/{tool}`?"));
            let remedy = near.unwrap_or_else(|| "add its grant under the tenant's `plugins`".to_owned());
            problems.add(&place, format_args!("the tenant grants no plugin `{plugin}`: {remedy}"));
        }
        let taken = |other: &&String| other.split_once('/').is_some_and(|(_, name)| name == tool);
        if assistant.tools[..index].iter().any(|other| taken(&other)) {
            problems.add(
                &place,
                format_args!("another tool is called `{tool}` already: the model could not tell them apart"),
            );
        }
    }
    for (live, choice) in &assistant.replaces {
        if !assistant.tools.contains(choice) {
            problems.add(
                &format!("{place}.replaces.{live}"),
                format_args!("`{choice}` is not among the assistant's tools"),
            );
        }
    }
}

fn split(text: &str) -> Option<(PluginName, &str)> {
    let (plugin, tool) = text.split_once('/')?;
    is_tool_name(tool).then_some(())?;
    Some((plugin.parse().ok()?, tool))
}

fn tool_choice(text: &str, assistant: &AssistantConfig, tenant: &TenantConfig) -> Option<ToolChoice> {
    let (plugin, tool) = split(text)?;
    let grant = tenant.plugins.get(&plugin)?;
    let replaces = assistant.replaces.iter().filter(|(_, choice)| *choice == text).map(|(live, _)| live.clone());
    Some(ToolChoice {
        bindings: grant.bind.get(tool).cloned().unwrap_or_default(),
        facts: grant.facts.clone(),
        replaces: replaces.collect(),
        plugin,
        tool: tool.to_owned(),
    })
}
