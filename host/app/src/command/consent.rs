//! `aftercall plugin consent`, and what a tenant has consented to.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use aftercall_core::{
    consent::{Consent, How, Request},
    id::{PluginName, Tenant},
    ports::{Clock as _, Consents as _},
};
use aftercall_plugin::Artifact;
use aftercall_storage::Sqlite;
use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;

use super::plugin::Looked;
use crate::{
    cli,
    clock::SystemClock,
    config::{Config, nearest},
};

/// Records that a tenant consents to what the installed component of a plugin asks for.
///
/// # Errors
/// There is no such grant, the component can't be used, or the records can't be written.
pub async fn consent(arguments: &cli::Consent, out: &mut impl Write) -> anyhow::Result<()> {
    let (tenant, plugin) = (&arguments.tenant, &arguments.plugin);
    let granted = Granted::read(&arguments.config, tenant, plugin)?;
    let (artifact, request) = granted.component().await?;
    let path = &granted.store;
    let book = Sqlite::open_beside(path).with_context(|| format!("the records {} can't be opened", path.display()))?;
    let known = of_plugin(book.consents(tenant).await?, plugin);
    let consent = Consent {
        tenant: tenant.clone(),
        plugin: plugin.clone(),
        digest: artifact.digest.clone(),
        request,
        how: How::Given,
        at: SystemClock.now(),
    };
    book.consent(std::slice::from_ref(&consent)).await?;
    writeln!(out, "{tenant} consents to {plugin} {} (sha256 {}).", artifact.manifest.version, artifact.digest)?;
    match known.last().map(|last| consent.request.beyond(&last.request)).unwrap_or_default().as_slice() {
        [] => writeln!(out, "It asks for no more than what was consented to before.")?,
        more => {
            writeln!(out, "More than before, it")?;
            more.iter().try_for_each(|more| writeln!(out, "  {more}"))?;
        }
    }
    writeln!(out, "It runs for {tenant} from the next start of `aftercall serve` on.")?;
    Ok(())
}

/// A plugin that a tenant grants, by the configuration.
pub(super) struct Granted {
    /// Where the records are.
    pub(super) store: PathBuf,
    component: PathBuf,
    settings: Value,
}

impl Granted {
    /// Finds it. What is wrong with other tenants doesn't matter.
    pub(super) fn read(file: &Path, tenant: &Tenant, plugin: &PluginName) -> anyhow::Result<Self> {
        let config = Config::read_tolerantly(file)?;
        if let Some(why) = config.broken.get(tenant.as_str()) {
            bail!("the configuration of tenant `{tenant}` can't be used: {why}");
        }
        let hint = |unknown: &str, known: Vec<&str>| match nearest(unknown, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", known.join(", ")),
        };
        let known = || config.tenants.keys().map(Tenant::as_str).collect();
        let of_tenant = config.tenants.get(tenant).ok_or_else(|| {
            anyhow!("there is no tenant `{tenant}` in the configuration: {}", hint(tenant.as_str(), known()))
        })?;
        let known = || of_tenant.plugins.keys().map(PluginName::as_str).collect();
        let grant = of_tenant.plugins.get(plugin).ok_or_else(|| {
            anyhow!("tenant {tenant} grants no plugin `{plugin}`: {}", hint(plugin.as_str(), known()))
        })?;
        let installed = config.plugins.get(plugin).expect("the configuration was checked");
        Ok(Self {
            store: config.store(),
            component: config.path(&installed.component),
            settings: grant.settings.clone().unwrap_or_else(|| Value::Object(serde_json::Map::new())),
        })
    }

    /// The component that is installed, and what it asks for.
    pub(super) async fn component(&self) -> anyhow::Result<(Artifact, Request)> {
        let path = self.component.display();
        let bytes = std::fs::read(&self.component).with_context(|| format!("{path} can't be read"))?;
        let artifact = Artifact::read(&bytes).with_context(|| path.to_string())?;
        let tools = Looked::at(&bytes)?.tools(&self.settings).await.with_context(|| path.to_string())?;
        let request = Request::of(&artifact.manifest).with_tools(&tools);
        Ok((artifact, request))
    }
}

/// Those of one plugin, oldest first.
pub(super) fn of_plugin(mut consents: Vec<Consent>, plugin: &PluginName) -> Vec<Consent> {
    consents.retain(|consent| consent.plugin == *plugin);
    consents
}
