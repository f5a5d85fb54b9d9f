//! The live call's own tools, offered again after it: each as an instance of a plugin, made of what the record says of it
//! and held by the tenant's grant of that plugin.

use aftercall_core::{
    assistant::ToolChoice,
    conversation::Conversation,
    id::Tenant,
    limits::TOOLS_MAX,
    live::{Candidate, LiveTools, NotOffered, sort},
    run::PinnedTool,
    seed::Already,
};
use aftercall_plugin::{Installed, Made, PluginHost, Unfit};
use anyhow::{Context as _, ensure};

use crate::{config::Grant, tenants};

/// The setting by which the plugin is told its tools.
const REQUESTS: &str = "requests";

/// What carries live tools out in a tenant.
#[derive(Clone, Copy)]
pub(crate) struct Carrier<'a> {
    pub(crate) plugins: &'a PluginHost,
    pub(crate) tenant: &'a Tenant,
    pub(crate) installed: &'a Installed,
    pub(crate) grant: &'a Grant,
}

/// What becomes of the tools of one call.
#[derive(Default)]
pub(crate) struct Again {
    /// Those that are offered, each with the map of what it did on the call already.
    pub(crate) tools: Vec<(PinnedTool, Already)>,
    pub(crate) not_offered: Vec<NotOffered>,
}

/// Whether a plugin can be told its tools.
///
/// # Errors
/// It can't.
pub(crate) fn check_plugin(plugin: &Installed) -> anyhow::Result<()> {
    let settings = plugin.manifest.settings.as_ref();
    let takes_requests = settings.is_some_and(|schema| schema["properties"].get(REQUESTS).is_some());
    ensure!(takes_requests, "plugin {} takes no `{REQUESTS}` in its settings: name `http-request`", plugin.name);
    Ok(())
}

impl Carrier<'_> {
    /// Finds out which tools of a call are offered again. `others` are the assistant's post-call tools, each with its maps.
    pub(crate) fn again(self, wanted: &LiveTools, others: &[(&[Already], &PinnedTool)], call: &Conversation) -> Again {
        let (candidates, not_offered) = sort(wanted, others, call);
        let mut again = Again { tools: Vec::new(), not_offered };
        for candidate in candidates {
            let pinned = match others.len() + again.tools.len() {
                TOOLS_MAX.. => Err(anyhow::anyhow!("an assistant offers {TOOLS_MAX} tools at most")),
                _ => self.pin(&candidate),
            };
            match pinned {
                Ok(pinned) => again.tools.push((pinned, candidate.already())),
                Err(error) => {
                    let (name, why) = (candidate.defined.name.clone(), format!("{error:#}"));
                    again.not_offered.push(NotOffered { name, why });
                }
            }
        }
        again
    }

    fn pin(self, candidate: &Candidate<'_>) -> anyhow::Result<PinnedTool> {
        let (tool, instance) = (candidate.tool(), candidate.instance());
        let (plugin, name) = (&self.installed.name, tool.name.clone());
        let place = || format!("tenants.{}.plugins.{plugin}", self.tenant);
        let (method, url) = (&candidate.call.method, &candidate.call.url);
        let made = Made { tool: &tool, settings: &instance.settings, method, url };
        self.plugins.check_made(self.tenant, plugin, made).map_err(|unfit| match unfit {
            Unfit::Denied { .. } => anyhow::Error::new(unfit).context(place()),
            _ => unfit.into(),
        })?;
        let choice = ToolChoice {
            plugin: plugin.clone(),
            bindings: self.grant.bind.get(&name).cloned().unwrap_or_default(),
            facts: self.grant.facts.clone(),
            replaces: Vec::new(),
            already: Vec::new(),
            tool: name,
        };
        if let Some(timing) = self.grant.timing.get(&choice.tool) {
            let checked = timing.check_argument(&tool.input_schema.value());
            checked.with_context(|| format!("{}.timing.{}", place(), choice.tool))?;
        }
        let constraints = self.grant.constrain.get(&choice.tool);
        let pinned = tenants::pin(&choice, constraints, &[tool], self.installed).with_context(place)?;
        Ok(PinnedTool { instance: Some(instance), ..pinned })
    }
}
