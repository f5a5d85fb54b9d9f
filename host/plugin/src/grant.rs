//! A tenant's consent to one plugin, at one digest.

use std::{collections::BTreeMap, sync::Arc};

use aftercall_core::{
    credential::OwnHost,
    egress::{Access, MarkedRule, Policy, Rule},
    id::{PluginName, Sha256Hex},
    manifest::ConversationLevel,
    schema,
    state::Quota,
    usage::Limit,
};
use serde_json::Value;

use crate::{
    code::{Description, Ready},
    credential::{self, Around, Credentials, HostSecret, Supplied},
    door::Outlet,
    entrance::Lanes,
    limits::Limits,
    settings::Settings,
    signing::{self, Signers, SigningGrant},
};

/// What a tenant grants a plugin. The manifest requests; this grants; what holds is what both say, below the
/// operator's ceiling.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Which plugin, by its manifest's name.
    pub plugin: PluginName,
    /// Which component: the grant holds for these bytes alone.
    pub digest: Sha256Hex,
    /// Its settings in this tenant; they match the manifest's schema. Null: none.
    pub settings: Value,
    /// The credentials, by the manifest's slots.
    pub credentials: BTreeMap<String, Supplied>,
    /// The keys to sign with, by the manifest's names.
    pub signing: BTreeMap<String, SigningGrant>,
    /// Requests that it may send as reads.
    pub read: Vec<Rule>,
    /// Requests that it may send as writes.
    pub write: Vec<Rule>,
    /// How much it may see of what was said on the call.
    pub conversation: ConversationLevel,
    /// How much it may keep between calls. None: nothing.
    pub state: Option<Quota>,
    /// What each of its calls may use, below the operator's ceiling.
    pub limits: Limits,
}

/// Why a grant can't hold.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The component isn't there.
    #[error("plugin {plugin} at digest {} is not installed: `aftercall plugin inspect` says its digest", digest.short())]
    NotInstalled {
        /// Which plugin.
        plugin: PluginName,
        /// Which digest.
        digest: Sha256Hex,
    },
    /// The component of that digest is another plugin.
    #[error("the component at digest {} calls itself {found}, not {plugin}: grant it by its name", digest.short())]
    OtherName {
        /// What the grant says.
        plugin: PluginName,
        /// What the manifest says.
        found: PluginName,
        /// Which digest.
        digest: Sha256Hex,
    },
    /// A rule of the tenant's speaks of many hosts, and credentials go to each that it speaks of.
    #[error("the grant of plugin {plugin} must name its hosts whole: write the vendor's own host into `{rule}`")]
    ManyHosts {
        /// Which plugin.
        plugin: PluginName,
        /// Which rule.
        rule: Box<Rule>,
    },
    /// A credential for a host that nothing goes to: the name has a slip, or a rule is missing.
    #[error(
        "the grant of plugin {plugin} has a credential `{slot}` for {host}, to which none of its rules goes: correct the \
         host, or add the requests to `egress.read` or `egress.write`"
    )]
    IdleCredential {
        /// Which plugin.
        plugin: PluginName,
        /// Which slot.
        slot: String,
        /// For which host.
        host: OwnHost,
    },
    /// The settings don't match the manifest's schema.
    #[error("the settings of plugin {plugin} are wrong: {complaints}")]
    Settings {
        /// Which plugin.
        plugin: PluginName,
        /// What is wrong with them.
        complaints: String,
    },
    /// The manifest's own schema of the settings is unusable.
    #[error("plugin {plugin} has an unusable schema of its settings, which its author must mend: {why}")]
    SettingsSchema {
        /// Which plugin.
        plugin: PluginName,
        /// Why.
        why: schema::Error,
    },
    /// A limit that the operator doesn't allow to be that high.
    #[error(
        "the grant of plugin {plugin} sets limits.{name} to {asked}, and the operator's ceiling is {most}: lower it, \
         or raise `operator.limits.{name}`",
        name = limit.setting()
    )]
    OverCeiling {
        /// Which plugin.
        plugin: PluginName,
        /// Which limit.
        limit: Limit,
        /// What the grant says.
        asked: u64,
        /// What the operator allows at most.
        most: u64,
    },
    /// The credentials don't fit.
    #[error(transparent)]
    Credential(#[from] credential::Error),
    /// The signing keys don't fit.
    #[error(transparent)]
    Signing(#[from] signing::Error),
}

/// The most that the operator lets any grant give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ceiling {
    pub(crate) limits: Limits,
    pub(crate) conversation: ConversationLevel,
    pub(crate) state: Quota,
}

/// Whether a plugin has a capability in a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Capability<T> {
    /// It has it.
    Given(T),
    /// Its manifest doesn't ask for it.
    NotAsked,
    /// The tenant doesn't grant it, or the operator doesn't allow it.
    NotGranted,
}

/// A grant that holds.
pub(crate) struct Granted {
    pub(crate) ready: Arc<Ready>,
    pub(crate) outlet: Arc<Outlet>,
    pub(crate) signers: Arc<Signers>,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    /// Where its calls wait, with the tenant's others and the plugin's.
    pub(crate) lanes: Lanes,
    pub(crate) conversation: Capability<ConversationLevel>,
    pub(crate) state: Capability<Quota>,
    pub(crate) tools: Arc<Description>,
}

impl Granted {
    pub(crate) fn new(
        grant: &Grant,
        ready: Arc<Ready>,
        ceiling: Ceiling,
        around: &Around,
        lanes: Lanes,
    ) -> Result<Self, Error> {
        let manifest = &ready.artifact.manifest;
        if manifest.name != grant.plugin {
            let (plugin, found, digest) = (grant.plugin.clone(), manifest.name.clone(), grant.digest.clone());
            return Err(Error::OtherName { plugin, found, digest });
        }
        if let Some(rule) = grant.read.iter().chain(&grant.write).find(|rule| !rule.names_its_host()) {
            return Err(Error::ManyHosts { plugin: grant.plugin.clone(), rule: Box::new(rule.clone()) });
        }
        check_hosts(grant)?;
        let settings = Settings::new(&grant.plugin, manifest.settings.as_ref(), &grant.settings)?;
        let limits = grant.limits.within(ceiling.limits).map_err(|(limit, asked, most)| {
            let plugin = grant.plugin.clone();
            Error::OverCeiling { plugin, limit, asked, most }
        })?;
        let policy = Policy {
            author: manifest.egress_rules(),
            operator: around.operator.ceiling.clone(),
            tenant: marked(&grant.read, Access::Read).chain(marked(&grant.write, Access::Write)).collect(),
        };
        let conversation = match manifest.conversation {
            ConversationLevel::None => Capability::NotAsked,
            asked => match asked.min(grant.conversation).min(ceiling.conversation) {
                ConversationLevel::None => Capability::NotGranted,
                level => Capability::Given(level),
            },
        };
        let state = match grant.state {
            _ if !manifest.state => Capability::NotAsked,
            Some(quota) => Capability::Given(quota.below(ceiling.state)),
            None => Capability::NotGranted,
        };
        let credentials = Credentials::new(manifest, &grant.credentials, around)?;
        let signers = Arc::new(Signers::new(manifest, &grant.signing, Arc::clone(&around.clock))?);
        // A secret that the vendor has too can come back; a private key never leaves.
        let shared = |name: &&String| manifest.signing.get(*name).is_some_and(|key| !key.algorithm.is_asymmetric());
        grant.signing.iter().filter(|(name, _)| shared(name)).for_each(|(_, signing)| credentials.hide(&signing.key));
        let outlet = Arc::new(Outlet::new(manifest, policy, credentials, limits, around));
        let tools = ready.described(settings.text());
        Ok(Self { ready, outlet, signers, settings, limits, lanes, conversation, state, tools })
    }
}

fn check_hosts(grant: &Grant) -> Result<(), Error> {
    for (slot, supplied) in &grant.credentials {
        let Supplied::ByHost(secrets) = supplied else { continue };
        let idle =
            |secret: &&HostSecret| !grant.read.iter().chain(&grant.write).any(|rule| secret.host.is_named_by(rule));
        if let Some(HostSecret { host, .. }) = secrets.iter().find(idle) {
            let (plugin, slot, host) = (grant.plugin.clone(), slot.clone(), host.clone());
            return Err(Error::IdleCredential { plugin, slot, host });
        }
    }
    Ok(())
}

fn marked(rules: &[Rule], access: Access) -> impl Iterator<Item = MarkedRule> {
    rules.iter().map(move |rule| MarkedRule { rule: rule.clone(), access })
}
