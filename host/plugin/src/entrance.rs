//! What a call passes on its way in: a place among its plugin's calls, one among all that run, and turns to compute.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aftercall_core::id::{PluginName, Tenant};

use crate::admission::{Admission, Lane, Place};

/// How many are let in at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Calls that run.
    pub(crate) running_max: u32,
    /// Of them, one tenant's.
    pub(crate) tenant_running_max: u32,
    /// Of them, one plugin's. None: as many as run.
    pub(crate) plugin_running_max: Option<u32>,
    /// Those that compute.
    pub(crate) computing_max: u32,
}

/// The way in for all calls.
pub(crate) struct Entrance {
    sizes: Sizes,
    running: Admission,
    computing: Admission,
    by_plugin: Mutex<HashMap<PluginName, Admission>>,
}

/// Where one plugin's calls in one tenant wait.
#[derive(Clone)]
pub(crate) struct Lanes {
    plugin: Option<Lane>,
    running: Lane,
    /// To what is computed in an instance.
    pub(crate) computing: Lane,
}

/// What a call that runs has. It is given back when this is dropped.
pub(crate) struct Places {
    _running: Place,
    _plugin: Option<Place>,
}

impl Entrance {
    pub(crate) fn new(sizes: Sizes) -> Self {
        Self {
            sizes,
            running: Admission::new(sizes.running_max, sizes.tenant_running_max),
            computing: Admission::new(sizes.computing_max, u32::MAX),
            by_plugin: Mutex::default(),
        }
    }

    /// The lanes of a plugin in a tenant, which are kept: only for those that an operator has configured.
    pub(crate) fn lanes(&self, plugin: &PluginName, tenant: &Tenant) -> Lanes {
        let plugins_lane = |max| {
            let mut by_plugin = self.by_plugin.lock().unwrap_or_else(PoisonError::into_inner);
            // A tenant that waits with its share of the running calls holds no more of the plugin's than that.
            let new = || Admission::new(max, self.sizes.tenant_running_max);
            by_plugin.entry(plugin.clone()).or_insert_with(new).lane(tenant)
        };
        Lanes {
            plugin: self.sizes.plugin_running_max.map(plugins_lane),
            running: self.running.lane(tenant),
            computing: self.computing.lane(tenant),
        }
    }

    /// The lanes of questions that no tenant asks.
    pub(crate) fn operators_lanes(&self) -> Lanes {
        Lanes { plugin: None, running: self.running.operators_lane(), computing: self.computing.operators_lane() }
    }

    /// Who computes.
    pub(crate) fn computing(&self) -> &Admission {
        &self.computing
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.running.inside()
    }
}

impl Lanes {
    /// Waits for the places that a call needs to run: for its plugin's first, since those that wait there must not take
    /// what calls of others can run in.
    pub(crate) async fn places(&self) -> Places {
        let plugin = match &self.plugin {
            Some(lane) => Some(lane.place().await),
            None => None,
        };
        Places { _running: self.running.place().await, _plugin: plugin }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn calls_of_one_plugin_wait_for_each_other_and_for_no_other_plugin_s() {
        let sizes = Sizes { running_max: 8, tenant_running_max: 2, plugin_running_max: Some(3), computing_max: 1 };
        for (plugin_running_max, expected) in [(Some(3), false), (None, true)] {
            let entrance = Entrance::new(Sizes { plugin_running_max, ..sizes });
            let lanes = |plugin: &str, tenant: &str| {
                entrance.lanes(&plugin.parse().expect("a name"), &tenant.parse().expect("a name"))
            };
            let (a, b) = (lanes("sms", "a"), lanes("sms", "b"));
            let enter = |lanes: &Lanes| lanes.places().now_or_never();
            let mut inside = vec![enter(&a).expect("is let in"), enter(&a).expect("is let in")];
            assert!(enter(&a).is_none(), "that is all of the tenant's");
            inside.push(enter(&b).expect("a tenant that waits holds no place of the plugin's over its share"));
            let more = enter(&b);
            assert_eq!(more.is_some(), expected, "{plugin_running_max:?}");
            assert!(enter(&lanes("crm", "c")).is_some());
            inside.remove(0);
            assert!(expected || enter(&b).is_some(), "whoever is done makes room");
            assert_eq!(entrance.running(), inside.len() + usize::from(expected), "who gave up holds nothing");
        }
    }
}
