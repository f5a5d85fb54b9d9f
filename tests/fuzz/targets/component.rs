//! A component of any bytes, with its manifest or given one: refused in words, or installed, granted and asked for its
//! tools, within its limits.
#![no_main]

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

use aftercall_core::{manifest::ConversationLevel, ports::Clock, time::Timestamp};
use aftercall_plugin::{Grant, HostConfig, Limits, PluginHost, embed};
use libfuzzer_sys::fuzz_target;

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime"));

fuzz_target!(|bytes: &[u8]| {
    let _inside = RUNTIME.enter();
    let limits = Limits { cpu_ms_max: 50, wall_ms_max: 200, memory_bytes_max: 4 << 20, ..Limits::default() };
    let config = HostConfig { limits, running_max: 1, ..HostConfig::new(Arc::new(Stopped)) };
    let host = PluginHost::new(config).expect("a host");
    let manifest = serde_json::from_str(r#"{"name":"fuzzed","version":"1","description":"d"}"#).expect("a manifest");
    let with_manifest = embed(bytes, &manifest).unwrap_or_else(|_| bytes.to_vec());
    let installed = match host.install(&with_manifest) {
        Ok(installed) => installed,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let grant = Grant {
        plugin: installed.name.clone(),
        digest: installed.digest.clone(),
        settings: serde_json::Value::Null,
        credentials: BTreeMap::new(),
        signing: BTreeMap::new(),
        read: Vec::new(),
        write: Vec::new(),
        conversation: ConversationLevel::Transcript,
        state: None,
        limits,
    };
    let tenant = || "acme".parse::<aftercall_core::id::Tenant>().expect("a name");
    if host.grant(tenant(), &grant).is_ok()
        && let Err(error) = RUNTIME.block_on(host.list_tools(&tenant(), &installed.name))
    {
        assert!(!error.to_string().is_empty());
    }
});
