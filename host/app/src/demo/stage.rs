//! All scenarios in one world: one server, a tenant for each, their calls posted at once.

use std::{collections::BTreeMap, net::SocketAddr, path::Path, sync::Arc};

use aftercall_core::id::{RunId, Tenant};
use aftercall_sandbox::{Sandbox, Script};
use anyhow::{Context as _, bail};
use tokio::{sync::oneshot, task::JoinHandle};

use super::{Played, Plugins, Scenario, Webhook, client, configure, ends::Ends, post, scenario, secret, start};
use crate::{
    app::{App, Surroundings},
    config::{Config, SecretRef, TenantConfig},
    serve::{Drained, Server},
};

/// A server over a played world, while it serves.
pub struct Stage {
    scenarios: Vec<Scenario>,
    sandbox: Sandbox,
    app: Arc<App>,
    ends: Arc<Ends>,
    address: SocketAddr,
    webhooks: Vec<Webhook>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<anyhow::Result<Drained>>,
}

impl Stage {
    /// Boots the server, with its records in `store`.
    ///
    /// # Errors
    /// The scenarios don't go together, or the server can't start.
    pub async fn boot(scenarios: Vec<Scenario>, plugins: &Plugins, store: &Path) -> anyhow::Result<Self> {
        let whole = together(&scenarios)?;
        let (sandbox, credentials) = start(&whole).await?;
        let mut config = configure(&whole, plugins, &sandbox, store)?;
        config.server.listen = "127.0.0.1:0".to_owned();
        config.server.operator_password = Some(SecretRef::Env("DEMO_PAGES_PASSWORD".to_owned()));
        let env = |name: &str| secret(&credentials, name);
        let webhooks =
            scenarios.iter().map(|scenario| Webhook::of(&scenario.config, &env)).collect::<Result<_, _>>()?;
        let ends = Arc::new(Ends::default());
        let app = Arc::new(App::build(config, Surroundings::new(&env, ends.clone())).await?);
        let server = Server::bind(Arc::clone(&app)).await?;
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.run(async move {
            // A stage that is dropped stops too.
            let _ = stopped.await;
        }));
        Ok(Self { scenarios, sandbox, app, ends, address, webhooks, stop, serving })
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Posts all calls at once, waits for their runs to end, and looks at what the vendors hold.
    ///
    /// # Errors
    /// A call was not taken, or the server ended.
    pub async fn play(&mut self) -> anyhow::Result<Vec<Played>> {
        let runs = self.post_all().await?;
        tokio::select! {
            () = self.ends.all(&runs) => {}
            served = &mut self.serving => {
                served??;
                bail!("the server ended before the runs had");
            }
        }
        let mut played = Vec::new();
        for (scenario, run) in self.scenarios.iter().zip(&runs) {
            played.push(Played::of(&scenario.name, self.app.read(run).await?, &scenario.expected, &self.sandbox)?);
        }
        if let Some(last) = played.last_mut() {
            last.deviations.extend(self.strays());
        }
        Ok(played)
    }

    /// Stops the server, and the world.
    ///
    /// # Errors
    /// The server failed.
    pub async fn end(self) -> anyhow::Result<()> {
        let _ = self.stop.send(());
        self.serving.await??;
        self.sandbox.shutdown().await;
        Ok(())
    }

    async fn post_all(&self) -> anyhow::Result<Vec<RunId>> {
        let base = format!("http://{}", self.address);
        let client = client()?;
        let posts = self.scenarios.iter().zip(&self.webhooks).map(|(scenario, webhook)| {
            let (client, base) = (&client, &base);
            async move {
                let run = post(client, base, webhook, &scenario.call).await;
                run.with_context(|| format!("the call of {} was not taken", scenario.name))
            }
        });
        futures::future::try_join_all(posts).await
    }

    /// What vendors hold beside what the scenarios say, all of them together.
    fn strays(&self) -> Vec<String> {
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        for (list, count) in self.scenarios.iter().flat_map(|scenario| scenario.expected.counts()) {
            *wanted.entry(list).or_default() += count;
        }
        let records = serde_json::to_value(self.sandbox.state().records).expect("the sandbox's state serialises");
        let stray = |(list, count): (&str, usize)| match scenario::records_of(&records, list) {
            Ok(held) if held.len() == count => None,
            Ok(held) => Some(format!("{list}: {} in all scenarios together, instead of {count}", held.len())),
            Err(words) => Some(words),
        };
        wanted.into_iter().filter_map(stray).collect()
    }
}

/// One scenario that is all of them: their tenants, their model's scenes, what their vendors begin with.
///
/// # Errors
/// They don't go together.
pub fn together(scenarios: &[Scenario]) -> anyhow::Result<Scenario> {
    let mut whole = scenarios.first().context("there is no scenario")?.clone();
    whole.config = Config { folder: whole.config.folder.clone(), ..Config::default() };
    (whole.script, whole.seeds, whole.faults) = (Script::default(), BTreeMap::new(), Vec::new());
    for scenario in scenarios {
        let Scenario { name, config, script, seeds, faults, .. } = scenario.clone();
        whole.config.models.extend(config.models);
        whole.config.plugins.extend(config.plugins);
        for (tenant, config) in config.tenants {
            add_tenant(&mut whole.config, tenant, config).with_context(|| name.clone())?;
        }
        whole.script.scenes.extend(script.scenes);
        for (service, seed) in seeds {
            if whole.seeds.insert(service, seed).is_some() {
                bail!("{name}: another scenario gives {service:?} something to begin with");
            }
        }
        whole.faults.extend(faults);
    }
    Ok(whole)
}

/// A tenant of several scenarios is the same in each.
fn add_tenant(whole: &mut Config, tenant: Tenant, config: TenantConfig) -> anyhow::Result<()> {
    if let Some(known) = whole.tenants.get(&tenant)
        && serde_json::to_value(known)? != serde_json::to_value(&config)?
    {
        bail!("tenant {tenant} is another one in another scenario");
    }
    whole.tenants.insert(tenant, config);
    Ok(())
}
