//! How soon a component's code is there, and how soon a host with a thousand components is.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use aftercall_plugin::{CodeCache, HostConfig, Limits, PluginHost, bare::Bare};
use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};

use crate::world::{self, median, millis};

/// How often the code is loaded.
const LOADS: usize = 200;

/// What taking a component's code from the cache takes.
pub(crate) async fn load_cached(component: &[u8]) -> anyhow::Result<Duration> {
    let folder = tempfile::tempdir()?;
    let code_cache = Some(CodeCache::new(folder.path(), b"the bench's key"));
    let host = PluginHost::new(HostConfig { code_cache, ..world::host_config(Limits::default(), 1)? })?;
    let installed = host.install(&world::packed(component, "typical")?)?;
    // It is compiled, and kept.
    Bare::load(&host, &installed).await?;
    let mut times = Vec::new();
    for _ in 0..LOADS {
        let begun = Instant::now();
        let code = Bare::load(&host, &installed).await?;
        times.push(begun.elapsed());
        drop(code);
    }
    Ok(median(&mut times))
}

/// Components that the host begins with.
const COMPONENTS: usize = 1_000;
/// Hosts that begin with them, one after the other.
const STARTS: usize = 3;
/// The argument with which this program is such a host. What follows is the folder with the components.
pub(crate) const HOST: &str = "host-of-a-thousand";

/// What one start took.
#[derive(Serialize, Deserialize)]
pub(crate) struct Start {
    pub(crate) seconds: f64,
    pub(crate) peak_mib: f64,
}

/// The best of some starts, each in a process of its own, by time and by memory.
pub(crate) fn measure(component: &[u8]) -> anyhow::Result<Start> {
    let folder = tempfile::tempdir()?;
    for number in 0..COMPONENTS {
        std::fs::write(folder.path().join(number.to_string()), world::packed(component, &format!("plugin-{number}"))?)?;
    }
    let mut best = Start { seconds: f64::INFINITY, peak_mib: f64::INFINITY };
    for _ in 0..STARTS {
        let mut host = Command::new(std::env::current_exe()?);
        let output = host.arg(HOST).arg(folder.path()).stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            bail!("the host of {COMPONENTS} components ended with {}", output.status);
        }
        let Start { seconds, peak_mib } = serde_json::from_slice(&output.stdout)?;
        best = Start { seconds: best.seconds.min(seconds), peak_mib: best.peak_mib.min(peak_mib) };
    }
    Ok(best)
}

/// Begins with all components of a folder, and grants each to a tenant of its own.
pub(crate) fn host(folder: &Path) -> anyhow::Result<Start> {
    let begun = Instant::now();
    let host = Arc::new(PluginHost::new(world::host_config(Limits::default(), 1)?)?);
    for number in 0..COMPONENTS {
        let installed = host.install_file(folder.join(number.to_string()))?;
        world::grant(&host, &format!("tenant-{number}"), &installed)?;
    }
    let seconds = millis(begun.elapsed()) / 1e3;
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("the system tells no VmHWM")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(Start { seconds, peak_mib: (kib / 1024.0).ceil() })
}
