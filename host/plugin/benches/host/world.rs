//! What is measured: the component, hosts that run it, invocations, and vendors on loopback.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, SystemTime},
};

use aftercall_core::{
    conversation::Conversation,
    effect::EffectKey,
    id::{RunIdentity, Tenant},
    json::Json,
    manifest::ConversationLevel,
    ports::{Clock, RecordsError, Tools as _, WriteRecord},
    time::Timestamp,
    tool::{AttemptEnd, CallContext, Effect, Invocation},
};
use aftercall_plugin::{Grant, HostConfig, Installed, Limits, PluginHost, Reroutes, artifact};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// The components that are measured. They have no manifest yet.
pub(crate) struct Guests {
    /// Adds up an order, and asks nobody.
    pub(crate) adds_up: Vec<u8>,
    /// Asks a vendor.
    pub(crate) asks: Vec<u8>,
}

/// As `aftercall plugin build` builds.
const BUILD: [&str; 14] = [
    "build",
    "--release",
    "--lib",
    "--target",
    "wasm32-wasip2",
    "--message-format=json-render-diagnostics",
    "--config",
    "profile.release.opt-level=\"s\"",
    "--config",
    "profile.release.lto=true",
    "--config",
    "profile.release.codegen-units=1",
    "--config",
    "profile.release.strip=true",
];

/// Builds the components that are measured.
pub(crate) fn build_guests() -> anyhow::Result<Guests> {
    Ok(Guests { adds_up: build("aftercall-bench-adds-up")?, asks: build("aftercall-bench-asks")? })
}

fn build(package: &str) -> anyhow::Result<Vec<u8>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(BUILD).args(["-p", package]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cargo can't be started")?;
    if !output.status.success() {
        bail!("cargo could not build {package}; `rustup target add wasm32-wasip2` adds its target");
    }
    let messages = String::from_utf8(output.stdout)?;
    let files = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["package_id"].as_str().is_some_and(|id| id.contains(package)))
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from));
    let mut wasm = files.filter(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    let file = wasm.next_back().context("cargo says of no component")?;
    Ok(std::fs::read(file)?)
}

/// The vendor, as components know it.
const VENDOR: &str = "http://vendor.test";

/// A component with a manifest that may read from and write to `vendor.test`.
pub(crate) fn packed(component: &[u8], name: &str) -> anyhow::Result<Vec<u8>> {
    packed_for(component, name, VENDOR)
}

/// The same, for a vendor at another address.
pub(crate) fn packed_for(component: &[u8], name: &str, vendor: &str) -> anyhow::Result<Vec<u8>> {
    let manifest = serde_json::from_value(json!({
        "name": name, "version": "1.0.0", "description": "What is measured.",
        "egress": [
            {"rule": format!("GET {vendor}/*"), "access": "read"},
            {"rule": format!("POST {vendor}/things"), "access": "write"},
        ],
    }))?;
    Ok(artifact::embed(component, &manifest)?)
}

/// The machine's clock.
pub(crate) struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// Records that keep nothing.
pub(crate) struct Unrecorded;

#[async_trait::async_trait]
impl WriteRecord for Unrecorded {
    async fn write_leaves(&self) -> Result<(), RecordsError> {
        Ok(())
    }
}

/// A host whose `vendor.test` is a port on loopback.
pub(crate) fn host_config(limits: Limits, vendor_port: u16) -> anyhow::Result<HostConfig> {
    let place = format!("http://127.0.0.1:{vendor_port}").parse()?;
    let egress_reroutes = Reroutes::from([("vendor.test".to_owned(), place)]);
    Ok(HostConfig { limits, egress_reroutes, ..HostConfig::new(Arc::new(Now)) })
}

/// A host with one plugin, and that plugin.
pub(crate) fn host_of(
    component: &[u8],
    limits: Limits,
    vendor_port: u16,
) -> anyhow::Result<(Arc<PluginHost>, Installed)> {
    let host = Arc::new(PluginHost::new(host_config(limits, vendor_port)?)?);
    let installed = host.install(&packed(component, "typical")?)?;
    grant(&host, "acme", &installed)?;
    Ok((host, installed))
}

/// The order that is added up, and what the tool says of it.
pub(crate) fn order() -> (Value, &'static str) {
    let lines = json!({"lines": [
        {"item": "lamp", "quantity": 2, "cents": 1999},
        {"item": "bulb", "quantity": 12, "cents": 249},
        {"item": "lamp", "quantity": 1, "cents": 1999},
    ]});
    (lines, "the order comes to 8985 cents")
}

/// Lets a tenant use a plugin.
pub(crate) fn grant(host: &PluginHost, tenant: &str, plugin: &Installed) -> anyhow::Result<()> {
    grant_for(host, tenant, plugin, VENDOR)
}

/// The same, for a vendor at another address.
pub(crate) fn grant_for(host: &PluginHost, tenant: &str, plugin: &Installed, vendor: &str) -> anyhow::Result<()> {
    let grant = Grant {
        plugin: plugin.name.clone(),
        digest: plugin.digest.clone(),
        settings: Value::Null,
        credentials: BTreeMap::new(),
        signing: BTreeMap::new(),
        read: vec![format!("GET {vendor}/*").parse()?],
        write: vec![format!("POST {vendor}/things").parse()?],
        conversation: ConversationLevel::None,
        state: None,
        limits: Limits::default(),
    };
    Ok(host.grant(tenant.parse()?, &grant)?)
}

/// A vendor on loopback, on a thread of its own, that answers each request on a kept connection after a while.
pub(crate) fn vendor(answers_after: Duration) -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = async move {
        let listener = TcpListener::from_std(listener).expect("it doesn't block");
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, answers_after));
        }
    };
    std::thread::Builder::new().name("vendor".into()).spawn(move || runtime.block_on(serve))?;
    Ok(port)
}

/// What the vendor says.
pub(crate) const ANSWER: &str = "it is in stock";

async fn answer(mut stream: TcpStream, after: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::new();
    loop {
        while !bytes.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        }
        bytes.clear();
        if !after.is_zero() {
            tokio::time::sleep(after).await;
        }
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{ANSWER}", ANSWER.len());
        stream.write_all(answer.as_bytes()).await?;
    }
}

/// A tenant that calls one tool.
#[derive(Clone)]
pub(crate) struct Caller {
    host: Arc<PluginHost>,
    invocation: Invocation,
}

impl Caller {
    /// Of a tenant that has been granted the plugin.
    pub(crate) fn new(
        host: &Arc<PluginHost>,
        tenant: &str,
        plugin: &Installed,
        (tool, effect): (&str, Effect),
        arguments: &Value,
    ) -> anyhow::Result<Self> {
        let tenant: Tenant = tenant.parse()?;
        let call =
            RunIdentity { tenant: tenant.clone(), platform: "native".parse()?, conversation: "c1".into(), revision: 0 };
        let now = Now.now();
        let invocation = Invocation {
            tenant,
            plugin: plugin.name.clone(),
            digest: plugin.digest.clone(),
            tool: tool.to_owned(),
            settings: None,
            effect,
            arguments: Json::from(arguments),
            conversation: Arc::new(Conversation::new("native".parse()?, "c1")),
            context: CallContext {
                conversation: call.opaque_conversation(),
                run: call.run(),
                key: EffectKey::from_stored("ac_0123456789abcdef0123456789abcdef".into()),
                attempt: 1,
                first_attempt_at: now,
                attempt_at: now,
                doubted: false,
                quiet_since: None,
                deadline: now.plus_ms(3_600_000),
                facts: vec![("call.contact".into(), Json::of(&"+15550100"))],
                dry_run: false,
            },
        };
        Ok(Self { host: Arc::clone(host), invocation })
    }

    /// What is asked.
    pub(crate) fn invocation(&self) -> &Invocation {
        &self.invocation
    }

    /// Calls, whatever comes of it.
    pub(crate) async fn end(&self) -> AttemptEnd {
        self.host.call(&self.invocation, Arc::new(Unrecorded)).await
    }

    /// Calls, and gives what the tool says.
    pub(crate) async fn call(&self) -> anyhow::Result<String> {
        match self.end().await.result {
            Ok(outcome) => Ok(outcome.text),
            Err(failure) => bail!("the call failed: {}: {}", failure.kind.as_str(), failure.message),
        }
    }
}

/// The middle one.
pub(crate) fn median(samples: &mut [Duration]) -> Duration {
    percentile(samples, 50)
}

/// The one below which so many of a hundred lie.
pub(crate) fn percentile(samples: &mut [Duration], percent: usize) -> Duration {
    samples.sort_unstable();
    let last = samples.len().saturating_sub(1);
    samples.get((samples.len() * percent / 100).min(last)).copied().unwrap_or_default()
}

/// How many times as long, to three decimals.
pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    (one.as_secs_f64() / other.as_secs_f64() * 1e3).round() / 1e3
}

/// In milliseconds, to three decimals.
pub(crate) fn millis(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}
