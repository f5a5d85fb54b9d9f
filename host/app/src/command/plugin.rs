//! `aftercall plugin`: making, building, looking at and consenting to plugins.

use std::{io::Write, path::Path, sync::Arc};

use aftercall_core::{
    credential::{CredentialSlot, Kind, Need, Part, TokenUrl},
    manifest::{ConversationLevel, Manifest},
    tool::Tool,
};
use aftercall_plugin::{Artifact, HostConfig, Installed, PluginHost};
use anyhow::Context as _;
use serde_json::Value;

use super::{build, consent, diff, settings};
use crate::{cli, clock::SystemClock, compiler, scaffold};

/// Makes, builds, shows or compares a plugin, or consents to it. Says whether it asks for no more, where that was asked.
///
/// # Errors
/// Says what is wrong with it and what would be right.
pub async fn plugin(arguments: &cli::Plugin, out: &mut impl Write) -> anyhow::Result<bool> {
    match arguments {
        cli::Plugin::Build(arguments) => build::build(arguments, out).await.map(|()| true),
        cli::Plugin::New { name, parent } => scaffold::new(name, parent, out).map(|()| true),
        cli::Plugin::Diff(arguments) => diff::diff(arguments, out).await,
        cli::Plugin::Consent(arguments) => consent::consent(arguments, out).await.map(|()| true),
        cli::Plugin::Inspect { component, settings } => inspect(component, settings, out).await.map(|()| true),
    }
}

async fn inspect(file: &Path, given: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let given: Value = serde_json::from_str(given).context("--settings is not JSON")?;
    let bytes = std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))?;
    let artifact = Artifact::read(&bytes).with_context(|| file.display().to_string())?;
    let manifest = &artifact.manifest;
    writeln!(out, "{} {}: {}", manifest.name, manifest.version, manifest.description)?;
    writeln!(out, "sha256 {}, {} kB\n", artifact.digest, bytes.len() / 1000)?;
    requests(manifest, out)?;
    settings::settings(manifest.settings.as_ref(), out)?;
    writeln!(out, "Imports\n  {}", artifact.imports.join("\n  "))?;
    writeln!(out, "Exports\n  {}\n", artifact.exports.join("\n  "))?;
    tools(&bytes, &given, out)
        .await
        .context("its tools can't be shown with these settings, and `--settings` gives others")
}

fn requests(manifest: &Manifest, out: &mut impl Write) -> std::io::Result<()> {
    writeln!(out, "Requests")?;
    if manifest.egress.is_empty() {
        writeln!(out, "  nothing leaves")?;
    }
    for ask in &manifest.egress {
        let credential = ask.credential.as_ref().map(|slot| format!(", with credential `{slot}`")).unwrap_or_default();
        let believed = if ask.refuses_in_body { ", believed that a success was a refusal" } else { "" };
        writeln!(out, "  {:<5} {}{credential}{believed}", ask.access.to_string(), ask.rule)?;
    }
    for (slot, credential) in &manifest.credentials {
        let optional = if credential.optional { ", may be left out" } else { "" };
        let by_host = if credential.by_host { " or where the grant says, one for each host" } else { "" };
        let CredentialSlot { placement, description, .. } = credential;
        writeln!(out, "  credential `{slot}` in {placement}{by_host}{optional}: {description}")?;
        tokens(&credential.kind, out)?;
    }
    for (name, key) in &manifest.signing {
        writeln!(out, "  signing key `{name}` ({}): {}", key.algorithm, key.description)?;
    }
    for fact in &manifest.facts {
        writeln!(out, "  fact  {fact}")?;
    }
    if manifest.conversation != ConversationLevel::None {
        writeln!(out, "  conversation: {}", manifest.conversation)?;
    }
    if manifest.state {
        writeln!(out, "  state: it keeps things between calls")?;
    }
    writeln!(out)
}

/// Where a credential's tokens are from, and what a tenant supplies for them.
fn tokens(kind: &Kind, out: &mut impl Write) -> std::io::Result<()> {
    let Some(ask) = kind.token_request() else { return Ok(()) };
    let url = ask.token_url.as_ref().map_or("the URL that the grant names", TokenUrl::as_str);
    let parts = |need| {
        let parts = Part::ALL.into_iter().filter(|part| kind.needs(*part) == need);
        parts.map(Part::name).collect::<Vec<_>>().join(", ")
    };
    writeln!(out, "    a token ({kind}), asked for at {url}")?;
    writeln!(out, "    the grant gives {}; it may give {}", parts(Need::Required), parts(Need::Optional))
}

async fn tools(bytes: &[u8], settings: &Value, out: &mut impl Write) -> anyhow::Result<()> {
    for tool in Looked::at(bytes)?.tools(settings).await? {
        let identity = if tool.identity.is_empty() { "all arguments".to_owned() } else { tool.identity.join(", ") };
        let reconcile = if tool.reconcilable { ", a doubt can be settled" } else { "" };
        writeln!(out, "Tool {}: {}, identity: {identity}{reconcile}", tool.name, tool.effect)?;
        writeln!(out, "  {}", tool.description.replace('\n', "\n  "))?;
        let schema = serde_json::to_string_pretty(&tool.input_schema.value())?;
        writeln!(out, "  {}\n", schema.replace('\n', "\n  "))?;
    }
    Ok(())
}

/// A component that is looked at, in a host that gives it nothing.
pub(super) struct Looked {
    host: PluginHost,
    installed: Installed,
}

impl Looked {
    pub(super) fn at(bytes: &[u8]) -> anyhow::Result<Self> {
        let host =
            PluginHost::new(HostConfig { compiler: compiler::compiler(), ..HostConfig::new(Arc::new(SystemClock)) })?;
        let installed = host.install(bytes)?;
        Ok(Self { host, installed })
    }

    /// The tools, as the component itself describes them, asked in an instance that can reach nothing.
    pub(super) async fn tools(&self, settings: &Value) -> anyhow::Result<Vec<Tool>> {
        Ok(self.host.inspect(&self.installed, settings).await?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn credentials_and_keys_are_shown_as_they_are() {
        let manifest = serde_json::from_value(json!({
            "name": "ehr", "version": "1", "description": "d",
            "credentials": {
                "app": {
                    "description": "an app of the EHR",
                    "placement": {"header": {"name": "authorization", "prefix": "Bearer "}},
                    "kind": {"oauth2-client-credentials": {"client_auth": "jwt"}},
                },
                "crm": {
                    "description": "an app of the CRM",
                    "placement": {"query": {"name": "token"}},
                    "kind": {"oauth2-refresh": {"token_url": "https://login.test/token"}},
                },
                "key": {"description": "a key", "placement": "basic"},
                "keys": {"description": "keys", "placement": {"header": {"name": "x-key"}}, "by_host": true, "optional": true},
            },
            "signing": {"hook": {"description": "the hook's secret", "algorithm": "hmac-sha256"}},
        }));
        let mut out = Vec::new();
        requests(&manifest.expect("a manifest"), &mut out).expect("it writes");
        let expected = "Requests
  nothing leaves
  credential `app` in the header authorization: an app of the EHR
    a token (oauth2-client-credentials), asked for at the URL that the grant names
    the grant gives token_url, client_id, private_key; it may give key_id, algorithm, audience, scope
  credential `crm` in the query parameter `token`: an app of the CRM
    a token (oauth2-refresh), asked for at https://login.test/token
    the grant gives token_url, client_id, refresh_token; it may give client_secret, scope
  credential `key` in basic authorization: a key
  credential `keys` in the header x-key or where the grant says, one for each host, may be left out: keys
  signing key `hook` (hmac-sha256): the hook's secret

";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }
}
