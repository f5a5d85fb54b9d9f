//! A host with one guest in one tenant, and a vendor on loopback.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    id::PluginName,
    json::Json,
    manifest::ConversationLevel,
    ports::{PluginState, Tools as _},
    secret::Secret,
    state::Quota,
    tool::{AttemptEnd, Invocation, Tool},
};
use serde_json::{Value, json};

use crate::{
    Error, Grant, HostConfig, Installed, Limits, PluginHost, Reroutes, artifact,
    credential::Supplied,
    testing::{self, Events, Kept, Records, Stopped, Vendor},
};

pub(super) use crate::testing::{NOW, tenant};

/// The credential of the tenant, which no guest may get to see.
pub(super) const CREDENTIAL: &str = "k9Zr-canary/4Qm+7=wX";

pub(super) fn plugin() -> PluginName {
    "guest".parse().expect("a name")
}

/// The guest as a plugin that asks to read from and to post to `vendor.test`, with a credential.
pub(super) fn packed(guest: &str) -> Vec<u8> {
    packed_with(guest, &Value::Null)
}

/// The same, with what a rehearsal answers.
pub(super) fn packed_with(guest: &str, rehearsal: &Value) -> Vec<u8> {
    let placement = json!({"header": {"name": "x-api-key", "prefix": "Token "}});
    let manifest = serde_json::from_value(json!({
        "name": "guest", "version": "1.0.0", "description": "A guest.", "state": true,
        "settings": {"type": "object", "properties": {"color": {"type": "string"}}},
        "credentials": {"api": {"description": "a key", "placement": placement}},
        "egress": [
            {"rule": "GET https://vendor.test/things", "access": "read", "credential": "api"},
            {"rule": "POST https://vendor.test/things", "access": "write", "credential": "api", "rehearsal": rehearsal},
        ],
    }))
    .expect("a manifest");
    artifact::embed(aftercall_guests::component(guest), &manifest).expect("embeds")
}

pub(super) fn grant(installed: &Installed) -> Grant {
    Grant {
        plugin: installed.name.clone(),
        digest: installed.digest.clone(),
        settings: json!({"color": "red"}),
        credentials: BTreeMap::from([("api".to_owned(), Supplied::Secret(Secret::new(CREDENTIAL.into())))]),
        signing: BTreeMap::new(),
        read: vec!["GET https://vendor.test/things".parse().expect("a rule")],
        write: vec!["POST https://vendor.test/things".parse().expect("a rule")],
        conversation: ConversationLevel::None,
        state: Some(Quota::default()),
        limits: Limits::default(),
    }
}

/// A host without plugins.
pub(super) fn host(limits: Limits, egress_reroutes: Reroutes) -> PluginHost {
    let state = Some(Arc::new(Kept::default()) as Arc<dyn PluginState>);
    let config =
        HostConfig { limits, egress_reroutes, state, running_max: 2, ..HostConfig::new(Arc::new(Stopped(NOW))) };
    PluginHost::new(config).expect("a host")
}

/// Where `vendor.test` is.
pub(super) fn reroutes(vendor: &Vendor) -> Reroutes {
    let place = format!("http://127.0.0.1:{}", vendor.port).parse().expect("a URL");
    Reroutes::from([("vendor.test".to_owned(), place)])
}

/// Takes a component in, and looks at it: it is compiled and linked when it is first needed.
pub(super) async fn look_at(host: &PluginHost, component: &[u8]) -> Result<Vec<Tool>, Error> {
    let installed = host.install(component)?;
    host.inspect(&installed, &json!({})).await
}

pub(super) struct World {
    pub(super) host: PluginHost,
    pub(super) installed: Installed,
}

impl World {
    pub(super) fn of(guest: &str) -> Self {
        Self::installing(&packed(guest), Limits::default(), Reroutes::new())
    }

    pub(super) fn reaching(vendor: &Vendor, guest: &str) -> Self {
        Self::installing(&packed(guest), Limits::default(), reroutes(vendor))
    }

    pub(super) fn installing(component: &[u8], limits: Limits, egress_reroutes: Reroutes) -> Self {
        let host = host(limits, egress_reroutes);
        let installed = host.install(component).expect("installs");
        host.grant(tenant(), &grant(&installed)).expect("grants");
        Self { host, installed }
    }

    pub(super) fn invocation(&self, arguments: &Value) -> Invocation {
        let mut invocation = testing::invocation(&plugin(), &self.installed.digest, Json::from(arguments));
        invocation.context.facts = vec![("call.contact".into(), Json::of(&"+15550100"))];
        invocation
    }

    pub(super) async fn call(&self, arguments: &Value) -> AttemptEnd {
        self.host.call(&self.invocation(arguments), Records::working(&Events::default())).await
    }
}
