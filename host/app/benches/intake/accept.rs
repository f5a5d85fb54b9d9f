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
use aftercall_core::ports::Accept;
use anyhow::Context as _;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{net::TcpListener, sync::oneshot};

use crate::limit;

/// Webhooks under way at once.
const IN_FLIGHT: usize = 32;

/// Webhooks of one round.
const CALLS: usize = 500;

/// Rounds of one sitting, of each in turns. As many as each can begin a round in turn.
const ROUNDS: usize = 6;

/// Sittings, each with servers and files of its own: how threads and memory fall makes one server faster than the next, for as
/// long as it lives.
const SITTINGS: usize = 7;

/// What stands in the call's record for the number that makes each call another one.
const NUMBER: &str = "NUMBER";

/// Webhooks a second, and what ours is of each other's: of what one round after the other gave, the middle.
pub(crate) struct Rates {
    pub(crate) ours: f64,
    pub(crate) limit: f64,
    pub(crate) by_hand: f64,
    pub(crate) of_limit: f64,
    pub(crate) of_by_hand: f64,
}

/// Webhooks a second in one round: at the limit, by the server, and by hand.
type Round = [f64; 3];

/// Measures all in turns.
pub(crate) async fn measure() -> anyhow::Result<Rates> {
    let scenario = Scenario::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/serve"))?;
    let mut plugins = Plugins::new();
    build_plugins(&scenario.config, &mut plugins)?;
    let (sandbox, credentials) = start(&scenario).await?;
    // A model that never answers: what is accepted is not worked on meanwhile.
    let silence = TcpListener::bind("127.0.0.1:0").await?;
    let env = |name: &str| secret(&credentials, name);
    let mut rounds = Vec::new();
    for _ in 0..SITTINGS {
        let folder = tempfile::tempdir()?;
        let config = configure(&scenario, &plugins, &sandbox, &folder.path().join("bench.db"))?;
        let config = waiting(config, &format!("http://{}/v1", silence.local_addr()?));
        rounds.extend(sitting(config, &env, &scenario.call, folder.path()).await?);
    }
    sandbox.shutdown().await;
    let middle = |figure: fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(figure).collect();
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    Ok(Rates {
        ours: middle(|[_, ours, _]| *ours),
        limit: middle(|[limit, ..]| *limit),
        by_hand: middle(|[.., by_hand]| *by_hand),
        of_limit: middle(|[limit, ours, _]| ours / limit),
        of_by_hand: middle(|[_, ours, by_hand]| ours / by_hand),
    })
}

/// Starts one of each in an empty folder, and measures them in turns.
async fn sitting(
    config: Config,
    env: &(dyn Fn(&str) -> Option<String> + Sync),
    call: &[u8],
    folder: &Path,
) -> anyhow::Result<Vec<Round>> {
    let webhooks = Webhook::all(&config, env)?;
    let app = Arc::new(App::build(config, Surroundings::new(env, Arc::new(Silence))).await?);
    let template = template(&app, call)?;
    let server = Server::bind(app).await?;
    let ours = format!("http://{}", server.address());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async move {
        let _ = stopped.await;
    }));
    let limit = format!("http://{}", limit::start(&folder.join("limit.db"), template.clone()).await?);
    let by_hand = format!("http://{}", limit::start_by_hand(&folder.join("hand.db"), &template).await?);

    let client = client()?;
    let call = std::str::from_utf8(call).context("the call is text")?;
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let mut rates = Round::default();
        // Each begins a round in turn, since what one leaves behind slows the next.
        for which in (0..3).map(|place| (place + round) % 3) {
            rates[which] = round_of(&client, [&limit, &ours, &by_hand][which], &webhooks, call, round * CALLS).await?;
        }
        rounds.push(rates);
    }
    drop(stop);
    serving.await??;
    Ok(rounds)
}

/// What is accepted of the template of all calls.
fn template(app: &App, call: &[u8]) -> anyhow::Result<Accept> {
    let (parsed, tenant) = (aftercall_intake::parse(call)?, "north".parse()?);
    Ok(app.prepare(Call { raw: call, parsed, tenant: Some(&tenant), assistant: None, revision: 0 })?)
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
