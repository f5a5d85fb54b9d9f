//! What the types alone can't say. All that is wrong is told at once.

use std::{collections::BTreeMap, fmt, path::Path};

use aftercall_core::{
    assistant::{Assistant, PostCallSteps, Start, ToolChoice},
    cap::{Cap, Of, Per},
    id::{AssistantName, EndpointName, PluginName, Tenant},
    limits::TOOLS_MAX,
    run::is_telephony,
    tool::is_tool_name,
};
use aftercall_intake::{Form, PAYLOAD_BYTES_MAX};

use super::{
    AssistantConfig, Config, Endpoint, Grant, InsightsConfig, LostCalls, OPERATOR, Server, TENANT_WEIGHT_MAX,
    TenantConfig, live_tools,
    nearest::nearest,
    server::{LOST_CALLS_BACK_MS_MAX, LOST_CALLS_EVERY_MS_MIN},
};

/// Longest that the work after a call may be put off, in milliseconds: 30 days.
const START_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

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
    pub(super) fn add(&mut self, place: &str, what: impl fmt::Display) {
        self.0.push(format!("{place}: {what}"));
    }

    fn add_if_zero(&mut self, place: &str, value: u32) {
        if value == 0 {
            self.add(place, "with 0 nothing would ever be done");
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn extend(&mut self, others: Problems) {
        self.0.extend(others.0);
    }
}

impl Config {
    /// What is wrong beside tenants.
    pub(super) fn check_operator(&self) -> Problems {
        let mut problems = Problems::default();
        let Server { connections_max, runs_max, waiting_max, body_bytes_max, bodies_bytes_max, .. } = self.server;
        for (name, value) in
            [("connections_max", connections_max), ("runs_max", runs_max), ("waiting_max", waiting_max)]
        {
            problems.add_if_zero(&format!("server.{name}"), value);
        }
        if usize::try_from(body_bytes_max).is_ok_and(|most| most > PAYLOAD_BYTES_MAX) || body_bytes_max == 0 {
            problems.add("server.body_bytes_max", format_args!("it must be from 1 to {PAYLOAD_BYTES_MAX}"));
        }
        if bodies_bytes_max < body_bytes_max {
            problems.add("server.bodies_bytes_max", "it must hold one body of `body_bytes_max` at least");
        }
        for (name, model) in &self.models {
            if !model.base_url.starts_with("https://") && !model.base_url.starts_with("http://") {
                let place = format!("models.\"{name}\".base_url");
                problems.add(&place, format_args!("`{}` must begin with https:// or http://", model.base_url));
            }
        }
        self.check_prices(&mut problems);
        problems
    }

    /// What is wrong with each tenant with whom anything is. Instructions and schemas that are in files of their own are
    /// put where the others are.
    pub(super) fn check_tenants(&mut self) -> BTreeMap<Tenant, Problems> {
        let mut tenants = std::mem::take(&mut self.tenants);
        let mut all = BTreeMap::new();
        for (tenant, config) in &mut tenants {
            let mut problems = Problems::default();
            if tenant.as_str() == OPERATOR {
                problems.add(&format!("tenants.{tenant}"), "this name is the operator's: choose another");
            }
            for (name, value) in [("runs_max", config.runs_max), ("waiting_max", config.waiting_max)] {
                problems.add_if_zero(&format!("tenants.{tenant}.{name}"), value.unwrap_or(1));
            }
            if config.weight.is_some_and(|weight| weight.get() > TENANT_WEIGHT_MAX) {
                let place = format!("tenants.{tenant}.weight");
                problems.add(&place, format_args!("more than {TENANT_WEIGHT_MAX} would leave nothing to others"));
            }
            if let (Some(days), Some(most)) = (config.retention_days, self.operator.retention_days_max)
                && days > most
            {
                let place = format!("tenants.{tenant}.retention_days");
                problems.add(&place, format_args!("the operator allows {most} (`operator.retention_days_max`)"));
            }
            self.check_day_budget(&mut problems, tenant, config);
            for (plugin, grant) in &config.plugins {
                let place = format!("tenants.{tenant}.plugins.{plugin}");
                self.check_installed(&mut problems, &place, plugin);
                check_grant(&mut problems, &place, grant);
            }
            for (name, assistant) in &mut config.assistants {
                read_instructions(&mut problems, &place_of(tenant, name), assistant, &self.folder);
                if let Some(insights) = &mut assistant.insights {
                    let place = format!("{}.insights", place_of(tenant, name));
                    insights.read(&mut problems, &place, &self.folder);
                }
            }
            for (name, assistant) in &config.assistants {
                self.check_model(&mut problems, &place_of(tenant, name), assistant);
                check_assistant(&mut problems, &place_of(tenant, name), assistant, config);
            }
            for (name, endpoint) in &config.endpoints {
                let place = format!("tenants.{tenant}.endpoints.{name}");
                check_endpoint(&mut problems, &place, endpoint, config);
            }
            if !problems.is_empty() {
                all.insert(tenant.clone(), problems);
            }
        }
        self.tenants = tenants;
        all
    }

    /// Endpoints that two tenants have.
    pub(super) fn check_endpoints(&self) -> Problems {
        let mut problems = Problems::default();
        let mut owners: BTreeMap<&EndpointName, &Tenant> = BTreeMap::new();
        for (tenant, config) in &self.tenants {
            for name in config.endpoints.keys() {
                if let Some(other) = owners.insert(name, tenant) {
                    let place = format!("tenants.{tenant}.endpoints.{name}");
                    problems.add(&place, format_args!("tenant {other} has an endpoint of this name"));
                }
            }
        }
        problems
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

    fn check_model(&self, problems: &mut Problems, place: &str, assistant: &AssistantConfig) {
        let Some(model) = assistant.model.as_ref().filter(|model| !self.models.contains_key(*model)) else { return };
        let known: Vec<&str> = self.models.keys().map(String::as_str).collect();
        let place = format!("{place}.model");
        match nearest(model, &known) {
            Some(near) => problems.add(&place, format_args!("no route leads to `{model}`: did you mean `{near}`?")),
            None => problems.add(&place, format_args!("no route leads to `{model}`: add [models.\"{model}\"]")),
        }
    }

    /// The assistant of that name, as the run machine knows it.
    pub fn assistant(&self, tenant: &Tenant, name: &AssistantName) -> Option<Assistant> {
        let config = self.tenants.get(tenant)?;
        let assistant = config.assistants.get(name)?;
        let steps = PostCallSteps::of_instructions(assistant.instructions.as_deref()?).ok()?;
        let tools = assistant.tools.iter().filter_map(|text| tool_choice(text, assistant, config)).collect();
        let insights = assistant.insights.as_ref().map(InsightsConfig::resolve).transpose().ok()?;
        let AssistantConfig { reasoning, start, budgets, retries, .. } = *assistant;
        let (name, model, gates) = (name.clone(), assistant.model.clone(), assistant.gates.clone());
        let live_tools = assistant.live_tools.clone();
        Some(Assistant { name, steps, tools, live_tools, model, reasoning, start, gates, budgets, retries, insights })
    }
}

fn place_of(tenant: &Tenant, assistant: &AssistantName) -> String {
    format!("tenants.{tenant}.assistants.{assistant}")
}

fn read_instructions(problems: &mut Problems, place: &str, assistant: &mut AssistantConfig, folder: &Path) {
    match (&assistant.instructions, assistant.instructions_file.take()) {
        (Some(_), Some(_)) => problems.add(place, "has both `instructions` and `instructions_file`: keep one"),
        (None, None) => problems.add(place, "has no instructions: add `instructions` or `instructions_file`"),
        (Some(_), None) => {}
        (None, Some(file)) => match std::fs::read_to_string(folder.join(&file)) {
            Ok(text) => assistant.instructions = Some(text),
            Err(error) => problems.add(place, format_args!("instructions_file `{}`: {error}", file.display())),
        },
    }
}

fn check_grant(problems: &mut Problems, place: &str, grant: &Grant) {
    for (tool, caps) in &grant.effects {
        let all: Vec<Cap> = caps.caps(Of::Tool).collect();
        if all.is_empty() {
            let known = [Per::Run, Per::ContactAndDay].map(Per::setting).join("` or `");
            problems.add(&format!("{place}.effects.{tool}"), format_args!("says nothing: write `{known}`"));
        }
        for cap in all {
            problems.add_if_zero(&format!("{place}.effects.{tool}.{}", cap.per.setting()), cap.most);
        }
    }
    for (tool, timing) in &grant.timing {
        if let Err(error) = timing.check() {
            problems.add(&format!("{place}.timing.{tool}"), error);
        }
    }
    for (tool, _) in grant.approve.iter().filter(|(_, approval)| approval.within_ms == 0) {
        problems.add(&format!("{place}.approve.{tool}.within_ms"), "with 0 nobody could ever approve");
    }
    if let Some(digest) = grant.consent.as_ref().filter(|digest| !digest.is_well_formed()) {
        let remedy = "write the 64 hexadecimal digits that `aftercall plugin inspect` shows";
        problems.add(&format!("{place}.consent"), format_args!("`{digest}` is no digest: {remedy}"));
    }
}

fn check_endpoint(problems: &mut Problems, place: &str, endpoint: &Endpoint, tenant: &TenantConfig) {
    let platform = endpoint.platform.as_str();
    if Form::of_platform(platform).is_none() {
        let known = Form::platforms().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        problems.add(place, format_args!("platform `{platform}` is not known; there are: {known}"));
    }
    if let Some(assistant) = endpoint.assistant.as_ref().filter(|name| !tenant.assistants.contains_key(name)) {
        problems.add(place, format_args!("the tenant has no assistant `{assistant}`"));
    }
    if let Err(why) = endpoint.verify.check() {
        problems.add(&format!("{place}.verify"), why);
    }
    if endpoint.verify.secrets().is_empty() {
        problems.add(place, "`verify` has no secret: anybody could send calls");
    }
    check_api(problems, place, endpoint);
}

fn check_api(problems: &mut Problems, place: &str, endpoint: &Endpoint) {
    let Some(form) = Form::of_platform(endpoint.platform.as_str()) else { return };
    let platform = &endpoint.platform;
    match (&endpoint.api, form.api()) {
        (Some(_), None) => {
            problems.add(&format!("{place}.api"), format_args!("`{platform}` has no API that tells of calls"));
        }
        (None, Some(_)) if !form.tells_history() => {
            let remedy = "add `api = { key = { env = \"NAME\" } }` with your key to its API";
            problems.add(place, format_args!("what was said on a call has to be fetched from `{platform}`: {remedy}"));
        }
        _ => {}
    }
    let Some(LostCalls { every_ms, back_ms }) = endpoint.lost_calls else { return };
    if endpoint.api.is_none() {
        problems.add(&format!("{place}.lost_calls"), "needs the endpoint's `api`, which is asked for them");
    }
    if every_ms < LOST_CALLS_EVERY_MS_MIN {
        let place = format!("{place}.lost_calls.every_ms");
        problems.add(&place, format_args!("is less than {LOST_CALLS_EVERY_MS_MIN}: platforms would refuse that"));
    }
    if !(1..=LOST_CALLS_BACK_MS_MAX).contains(&back_ms) {
        let place = format!("{place}.lost_calls.back_ms");
        problems.add(&place, format_args!("is not within 1 and {LOST_CALLS_BACK_MS_MAX}, which is 30 days"));
    }
}

fn check_start(problems: &mut Problems, place: &str, start: Start) {
    for (name, ms) in [("settle_ms", start.settle_ms), ("delay_ms", start.delay_ms)] {
        if ms > START_MS_MAX {
            let place = format!("{place}.start.{name}");
            problems.add(&place, format_args!("{ms} is more than {START_MS_MAX}, which is 30 days"));
        }
    }
}

fn check_assistant(problems: &mut Problems, place: &str, assistant: &AssistantConfig, tenant: &TenantConfig) {
    if let Some(Err(missing)) = assistant.instructions.as_deref().map(PostCallSteps::of_instructions) {
        problems.add(place, missing);
    }
    check_start(problems, place, assistant.start);
    for (setting, error) in assistant.gates.errors() {
        problems.add(&format!("{place}.gates.{setting}"), error);
    }
    live_tools::check(problems, place, assistant, tenant);
    if assistant.tools.is_empty() && assistant.live_tools.is_none() {
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
    let replaces = assistant.replaces.iter().map(|(live, choice)| (format!("replaces.{live}"), choice));
    let already = assistant.already.keys().map(|choice| (format!("already.\"{choice}\""), choice));
    for (of, choice) in replaces.chain(already).filter(|(_, choice)| !assistant.tools.contains(choice)) {
        problems.add(&format!("{place}.{of}"), format_args!("`{choice}` is not among the assistant's tools"));
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
        already: assistant.already.get(text).cloned().unwrap_or_default(),
        plugin,
        tool: tool.to_owned(),
    })
}
