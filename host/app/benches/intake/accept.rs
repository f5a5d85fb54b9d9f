//! Webhooks accepted a second, by the whole server and by the least that there is.

use std::{path::Path, sync::Arc, time::Instant};

use aftercall_app::{
    app::{App, Surroundings},
    config::Config,
    demo::{Plugins, Scenario, Webhook, build_plugins, client, configure, post, secret, start},
    prepare::Call,
    progress::Silence,
    serve::Server,
};
use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{net::TcpListener, sync::oneshot};

use crate::limit;

/// Webhooks under way at once.
const IN_FLIGHT: usize = 32;

/// Webhooks of one round.
const CALLS: usize = 1_500;

/// Rounds, of each in turns. The best of each counts, since whatever disturbs makes slower.
const ROUNDS: usize = 4;

/// What stands in the call's record for the number that makes each call another one.
const NUMBER: &str = "NUMBER";

/// Webhooks a second.
pub(crate) struct Rates {
    pub(crate) ours: f64,
    pub(crate) limit: f64,
}

/// Measures both in turns.
pub(crate) async fn measure() -> anyhow::Result<Rates> {
    let scenario = Scenario::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/serve"))?;
    let mut plugins = Plugins::new();
    build_plugins(&scenario.config, &mut plugins)?;
    let folder = tempfile::tempdir()?;
    let (sandbox, credentials) = start(&scenario).await?;
    // A model that never answers: what is accepted is not worked on meanwhile.
    let silence = TcpListener::bind("127.0.0.1:0").await?;
    let config = configure(&scenario, &plugins, &sandbox, &folder.path().join("bench.db"))?;
    let config = waiting(config, &format!("http://{}/v1", silence.local_addr()?));
    let env = |name: &str| secret(&credentials, name);
    let webhooks = Webhook::all(&config, &env)?;
    let app = Arc::new(App::build(config, Surroundings::new(&env, Arc::new(Silence))).await?);
    let rows = rows(&app, &scenario.call)?;
    let server = Server::bind(app).await?;
    let ours = format!("http://{}", server.address());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async move {
        let _ = stopped.await;
    }));
    let limit = format!("http://{}", limit::start(&folder.path().join("limit.db"), rows).await?);

    let client = client()?;
    let template = std::str::from_utf8(&scenario.call).context("the call is text")?;
    let mut best = Rates { ours: 0.0, limit: 0.0 };
    for round in 0..ROUNDS {
        for (base, best) in [(&limit, &mut best.limit), (&ours, &mut best.ours)] {
            let rate = round_of(&client, base, &webhooks, template, round * CALLS).await?;
            *best = best.max(rate);
        }
    }
    drop(stop);
    serving.await??;
    sandbox.shutdown().await;
    Ok(best)
}

/// What the template of all calls comes to.
fn rows(app: &App, call: &[u8]) -> anyhow::Result<limit::Rows> {
    let (parsed, tenant) = (aftercall_intake::parse(call)?, "north".parse()?);
    let call = Call { raw: call, parsed, tenant: Some(&tenant), assistant: None, revision: 0 };
    limit::Rows::of(&app.prepare(call)?)
}

/// One run at a time, which waits for its model; all others wait for it.
fn waiting(mut config: Config, model: &str) -> Config {
    config.server.listen = "127.0.0.1:0".to_owned();
    (config.server.runs_max, config.server.drain_ms_max) = (1, 1);
    for route in config.models.values_mut() {
        model.clone_into(&mut route.base_url);
    }
    config
}

/// Posts a round of calls, each another one, and says how many a second were accepted.
async fn round_of(
    client: &reqwest::Client,
    base: &str,
    webhooks: &[Webhook],
    template: &str,
    first: usize,
) -> anyhow::Result<f64> {
    let begun = Instant::now();
    let posts = (first..first + CALLS).zip(webhooks.iter().cycle()).map(|(number, webhook)| {
        let call = template.replace(NUMBER, &format!("{number:06}"));
        async move { post(client, base, webhook, call.as_bytes()).await.map(drop) }
    });
    stream::iter(posts).buffer_unordered(IN_FLIGHT).try_collect::<Vec<()>>().await?;
    Ok(f64::from(u32::try_from(CALLS)?) / begun.elapsed().as_secs_f64())
}
