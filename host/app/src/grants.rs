//! What tenants' grants say beside what binds the plugins themselves, for the engine to ask at each call.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    cap::ALL_TOOLS,
    id::{PluginName, Tenant},
    ports::Grants,
    terms::Terms,
};

use crate::config::Grant;

/// The grants of today's configuration, of the tenants that can work.
#[derive(Default)]
pub(crate) struct LiveGrants(BTreeMap<Tenant, BTreeMap<PluginName, OfPlugin>>);

struct OfPlugin {
    tools: BTreeMap<String, Arc<Terms>>,
    /// For tools that the grant says nothing of.
    others: Arc<Terms>,
}

impl OfPlugin {
    fn of(grant: &Grant) -> Self {
        let caps = |tool: &str| grant.effects.get(tool).copied().unwrap_or_default();
        let terms = |tool: &str| {
            let constraints = grant.constrain.get(tool).cloned().unwrap_or_default();
            let terms = Terms::new(constraints, caps(tool), caps(ALL_TOOLS));
            Arc::new(terms.held_by(grant.timing.get(tool).cloned(), grant.approve.get(tool).copied()))
        };
        let named = grant.constrain.keys().chain(grant.effects.keys()).chain(grant.timing.keys());
        let named = named.chain(grant.approve.keys()).filter(|tool| *tool != ALL_TOOLS);
        Self {
            tools: named.map(|tool| (tool.clone(), terms(tool))).collect(),
            others: Arc::new(Terms::new(BTreeMap::new(), Default::default(), caps(ALL_TOOLS))),
        }
    }
}

impl LiveGrants {
    /// Takes in what a tenant grants.
    pub(crate) fn insert(&mut self, tenant: Tenant, grants: &BTreeMap<PluginName, Grant>) {
        let grants = grants.iter().map(|(plugin, grant)| (plugin.clone(), OfPlugin::of(grant)));
        self.0.insert(tenant, grants.collect());
    }
}

impl Grants for LiveGrants {
    fn terms(&self, tenant: &Tenant, plugin: &PluginName, tool: &str) -> Option<Arc<Terms>> {
        let of_plugin = self.0.get(tenant)?.get(plugin)?;
        Some(Arc::clone(of_plugin.tools.get(tool).unwrap_or(&of_plugin.others)))
    }
}
