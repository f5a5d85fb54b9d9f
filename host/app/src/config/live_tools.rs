//! What can be wrong with the live tools that an assistant offers again.

use aftercall_core::{id::PluginName, live::LiveTools, run::is_telephony};

use super::{AssistantConfig, Problems, TenantConfig, nearest};

/// Checks an assistant's `live_tools`, if it has any.
pub(super) fn check(problems: &mut Problems, place: &str, assistant: &AssistantConfig, tenant: &TenantConfig) {
    let Some(wanted) = &assistant.live_tools else { return };
    let place = format!("{place}.live_tools");
    let plugin = &wanted.plugin;
    if !tenant.plugins.contains_key(plugin) {
        let known: Vec<&str> = tenant.plugins.keys().map(PluginName::as_str).collect();
        let near = nearest(plugin.as_str(), &known).map(|near| format!("did you mean `{near}`?"));
        let remedy = near.unwrap_or_else(|| "add its grant under the tenant's `plugins`".to_owned());
        problems.add(&format!("{place}.plugin"), format_args!("the tenant grants no plugin `{plugin}`: {remedy}"));
    }
    if wanted.only.as_ref().is_some_and(Vec::is_empty) {
        problems
            .add(&format!("{place}.only"), "names no tool: leave it out for all, or leave `live_tools` out for none");
    }
    let by_name =
        [("effects", wanted.effects.keys().collect::<Vec<_>>()), ("identity", wanted.identity.keys().collect())];
    for (setting, names) in by_name {
        for name in names.into_iter().filter(|name| !wanted.wants(name)) {
            problems
                .add(&format!("{place}.{setting}.{name}"), "isn't among `only`: add it there, or leave it out here");
        }
    }
    let only = wanted.only.iter().flatten();
    for (name, why) in only.filter_map(|name| Some((name, never_offered(name, assistant)?))) {
        problems.add(&format!("{place}.only"), format_args!("`{name}` {why}"));
    }
}

/// Why a live tool of that name is never offered again. None: it may be.
fn never_offered(name: &str, assistant: &AssistantConfig) -> Option<String> {
    if is_telephony(name) {
        return Some("acts on a live call: such tools are never offered after one".to_owned());
    }
    if let Some(tool) = assistant.tools.iter().find(|tool| tool.split_once('/').is_some_and(|(_, own)| own == name)) {
        return Some(format!("has the name of `{tool}`: the model could not tell them apart"));
    }
    if let Some(tool) = assistant.replaces.get(name) {
        return Some(format!("is replaced by `{tool}`: leave it out of one of the two"));
    }
    let (tool, _) = assistant.already.iter().find(|(_, maps)| maps.iter().any(|map| map.live == name))?;
    Some(format!("does what `{tool}` does, by `already`: leave it out of one of the two"))
}

/// What a tenant's assistants say of live tools that are carried out by a plugin.
pub(crate) fn carried_by<'a>(plugin: &'a PluginName, tenant: &'a TenantConfig) -> impl Iterator<Item = &'a LiveTools> {
    let all = tenant.assistants.values().filter_map(|assistant| assistant.live_tools.as_ref());
    all.filter(move |live| live.plugin == *plugin)
}
