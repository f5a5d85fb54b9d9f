//! A request that is permitted, at the door and from a component, against one of a bare client.

use std::time::{Duration, Instant};

use aftercall_core::tool::Effect;
use aftercall_plugin::{HostConfig, Limits, PluginHost, bare::Bare};
use anyhow::ensure;
use serde_json::json;

use crate::world::{self, ANSWER, Caller, median};

/// Requests of each kind in one sample.
const REQUESTS: u32 = 10;
/// Samples of each kind, one of each in turn.
const SAMPLES: usize = 200;

/// What one request takes, by where it comes from.
pub(crate) struct Times {
    pub(crate) raw: Duration,
    pub(crate) door: Duration,
    pub(crate) guest: Duration,
}

/// Measures, on one kept connection for each kind.
pub(crate) async fn measure(component: &[u8]) -> anyhow::Result<Times> {
    let port = world::vendor(Duration::ZERO)?;
    let (host, installed) = world::host_of(component, Limits::default(), port)?;
    let caller = Caller::new(&host, "acme", &installed, ("ask", Effect::Read), &json!({"path": "stock"}))?;
    let bare = door(component, &format!("http://127.0.0.1:{port}")).await?;
    // The bare client makes its own TLS, though it needs none here.
    drop(rustls::crypto::ring::default_provider().install_default());
    let client = reqwest::Client::builder().no_proxy().http1_only().build()?;
    let url = format!("http://127.0.0.1:{port}/stock");

    let (mut raw, mut door, mut guest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..SAMPLES {
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            ensure!(client.get(&url).send().await?.bytes().await? == ANSWER, "the bare request went wrong");
        }
        raw.push(begun.elapsed() / REQUESTS);
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            let request = http::Request::get(&url).body(())?;
            let answer = bare.send(request).await.map_err(anyhow::Error::msg)?;
            ensure!(answer == ANSWER, "the request at the door went wrong");
        }
        door.push(begun.elapsed() / REQUESTS);
        let begun = Instant::now();
        for _ in 0..REQUESTS {
            ensure!(caller.call().await? == ANSWER, "the component's request went wrong");
        }
        guest.push(begun.elapsed() / REQUESTS);
    }
    Ok(Times { raw: median(&mut raw), door: median(&mut door), guest: median(&mut guest) })
}

/// A door that leads to the vendor's address itself, as the bare client does.
async fn door(component: &[u8], vendor: &str) -> anyhow::Result<Bare> {
    let config = world::host_config(Limits::default(), 1)?;
    let host = PluginHost::new(HostConfig { egress_allow_ranges: vec!["127.0.0.0/8".parse()?], ..config })?;
    let installed = host.install(&world::packed_for(component, "typical", vendor)?)?;
    world::grant_for(&host, "acme", &installed, vendor)?;
    Ok(Bare::of(&host, &"acme".parse()?, &installed.name).await?)
}
