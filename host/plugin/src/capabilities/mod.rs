//! What a component can import, one capability a file. Which of them answer is settled when the instance is made.

mod base;
pub(crate) mod conversation;
mod held;
pub(crate) mod http;
pub(crate) mod log;
mod settings;
pub(crate) mod signing;
pub(crate) mod state;

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::{Linker, ResourceTable};
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi_http::WasiHttpCtx;

use self::{http::Hooks, log::Log};
use crate::{
    door::Door,
    limits::{HEADER_BYTES_MAX, Limits},
    meter::{Held, HostBytes, Memory, Meter},
};

/// The capabilities beside the base, without their version. `types` holds no function.
const GRANTED: &[&str] = &[
    "wasi:http/types",
    "wasi:http/outgoing-handler",
    "aftercall:tool/types",
    "aftercall:tool/settings",
    "aftercall:tool/log",
    "aftercall:tool/state",
    "aftercall:tool/conversation",
    "aftercall:tool/signing",
];

/// Whether this host provides an import, named `namespace:package/interface@version`.
pub(crate) fn provides(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else { return false };
    let version_fits =
        if interface.starts_with("wasi:") { version.starts_with("0.2.") } else { version == CONTRACT_VERSION };
    version_fits && (base::PROVIDED.contains(&interface) || GRANTED.contains(&interface))
}

/// The version of `wit/next`.
pub(crate) const CONTRACT_VERSION: &str = "0.1.0";

/// A linker with everything that this host provides.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    base::link(&mut linker)?;
    settings::link(&mut linker)?;
    log::link(&mut linker)?;
    http::link(&mut linker)?;
    state::link(&mut linker)?;
    conversation::link(&mut linker)?;
    signing::link(&mut linker)?;
    Ok(linker)
}

/// A capability was used while `list-tools` ran.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it used `{0}` in list-tools, which must depend on its argument alone")]
pub(crate) struct Impure(pub(crate) &'static str);

/// What one run of a component can use beside the base.
pub(crate) struct Given {
    /// The plugin's settings in this tenant.
    pub(crate) settings: Arc<str>,
    /// Where its lines go.
    pub(crate) log: Arc<Log>,
    /// The way out. None: it is `list-tools` that runs, which can use no capability.
    pub(crate) door: Option<Arc<Door>>,
    /// The ended call.
    pub(crate) conversation: Option<conversation::View>,
    /// What it keeps.
    pub(crate) state: state::View,
    /// What it signs with.
    pub(crate) signing: Option<signing::View>,
}

impl Given {
    /// What `list-tools` gets: nothing that answers.
    pub(crate) fn to_describe(settings: &Arc<str>, log: &Arc<Log>) -> Self {
        let state = state::View::Shut("not in list-tools");
        let (settings, log) = (Arc::clone(settings), Arc::clone(log));
        Self { settings, log, door: None, conversation: None, state, signing: None }
    }
}

/// What the capabilities of one call stand on: the data of its store.
pub(crate) struct State {
    pub(crate) memory: Memory,
    table: ResourceTable,
    /// What the table holds in bytes.
    held: Held,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    settings: Arc<str>,
    log: Arc<Log>,
    conversation: Option<conversation::View>,
    kept: state::View,
    state_operations_max: u32,
    signing: Option<signing::View>,
    pure: bool,
}

impl State {
    pub(crate) fn new(limits: &Limits, meter: &Arc<Meter>, given: Given) -> Self {
        let Given { settings, log, door, conversation, state: kept, signing } = given;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles_max);
        let mut http = WasiHttpCtx::new();
        // Twice, since it also counts what holding a header costs.
        http.set_field_size_limit(2 * HEADER_BYTES_MAX);
        let pure = door.is_none();
        let host_bytes = door.as_ref().map(|door| door.host_bytes());
        let host_bytes = host_bytes.unwrap_or_else(|| Arc::new(HostBytes::new(limits.host_bytes_max)));
        Self {
            memory: Memory::new(limits.memory_bytes_max, Arc::clone(meter)),
            table,
            held: host_bytes.part(),
            wasi: base::context(&log, pure),
            http,
            hooks: Hooks::new(door),
            settings,
            log,
            conversation,
            kept,
            state_operations_max: limits.state_operations_max,
            signing,
            pure,
        }
    }

    fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    fn use_capability(&self, name: &'static str) -> wasmtime::Result<()> {
        if self.pure { Err(Impure(name).into()) } else { Ok(()) }
    }

    /// Of a capability that may fail: the component's failure may be about this, then, and not about a write before it.
    fn use_fallible(&self, name: &'static str) -> wasmtime::Result<()> {
        self.use_capability(name)?;
        self.hooks.count_use();
        Ok(())
    }

    /// That `list-tools` asked for no request. Such a request can't trap, so it is looked for afterwards.
    pub(crate) fn check_purity(&self) -> Result<(), Impure> {
        if self.hooks.strayed { Err(Impure("wasi:http")) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_are_known_by_name_and_version() {
        for (import, expected) in [
            ("wasi:io/streams@0.2.12", true),
            ("wasi:io/streams@0.2.0", true),
            ("wasi:io/streams@0.3.0", false),
            ("wasi:io/streams", false),
            ("wasi:http/outgoing-handler@0.2.12", true),
            ("wasi:http/incoming-handler@0.2.12", false),
            ("wasi:sockets/tcp@0.2.12", false),
            ("wasi:filesystem/types@0.2.12", false),
            ("aftercall:tool/log@0.1.0", true),
            ("aftercall:tool/log@0.2.0", false),
            ("aftercall:tool/state@0.1.0", true),
            ("aftercall:tool/signing@0.1.0", true),
            ("aftercall:tool/clipboard@0.1.0", false),
            ("env", false),
        ] {
            assert_eq!(provides(import), expected, "{import}");
        }
    }
}
