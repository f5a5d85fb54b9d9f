//! A component without a host around it: the same engine, linker and code, and nothing that governs. The benchmark
//! compares calls and requests with it; nothing else may use it.

use std::sync::Arc;

use aftercall_core::{
    effect::EffectKey,
    id::{PluginName, Tenant},
    tool::Invocation,
};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use wasmtime::Store;

use crate::{
    Error, Installed, Limits, PluginHost,
    capabilities::{Given, State, log::Log, state},
    code::Code,
    contract,
    door::{Door, Outlet, Purpose},
    meter::Meter,
};

/// A component that is loaded.
pub struct Bare {
    code: Arc<Code>,
    meter: Arc<Meter>,
    limits: Limits,
    settings: Arc<str>,
    log: Arc<Log>,
    outlet: Arc<Outlet>,
    door: Arc<Door>,
}

/// A component's code, as long as somebody has it.
pub struct Loaded(#[expect(dead_code, reason = "it is kept, and not used")] Arc<Code>);

impl Bare {
    /// Takes the code that a tenant's calls of the plugin run.
    ///
    /// # Errors
    /// There is no grant, or the code can't be loaded.
    pub async fn of(host: &PluginHost, tenant: &Tenant, plugin: &PluginName) -> Result<Self, Error> {
        let (granted, code) = host.bare(tenant, plugin).await?;
        let (limits, outlet) = (granted.limits, Arc::clone(&granted.outlet));
        let log = Arc::new(Log::new(&limits));
        let (meter, settings, door) = (Arc::default(), Arc::clone(granted.settings.text()), door(&outlet, &log));
        Ok(Self { code, meter, limits, settings, log, outlet, door })
    }

    /// Loads a component's code again, from where its first call would take it.
    ///
    /// # Errors
    /// It isn't installed, or can't be loaded.
    pub async fn load(host: &PluginHost, plugin: &Installed) -> Result<Loaded, Error> {
        let ready = host.ready(&plugin.digest, &plugin.name)?;
        let loaded = ready.load().await;
        loaded.map(Loaded).map_err(|error| Error::Component { plugin: plugin.name.clone(), error })
    }

    /// Calls a tool, and gives what it says, whether of a success or of a failure.
    ///
    /// # Errors
    /// It traps.
    pub async fn call(&self, invocation: &Invocation) -> Result<String, String> {
        self.run(invocation).await.map_err(|error| format!("{error:#}"))
    }

    /// Sends a request through a door that was opened for it alone, and gives the body of the answer.
    ///
    /// # Errors
    /// It is refused, or fails.
    pub async fn send(&self, request: Request<()>) -> Result<Bytes, String> {
        let door = door(&self.outlet, &self.log);
        let admitted = door.admit(request.into_parts().0).map_err(|error| error.to_string())?;
        let answer = door.pass(admitted, Empty::<Bytes>::new()).await.map_err(|error| error.to_string())?;
        answer.into_body().collect().await.map(|body| body.to_bytes()).map_err(|error| error.to_string())
    }

    async fn run(&self, invocation: &Invocation) -> wasmtime::Result<String> {
        let given = Given {
            settings: Arc::clone(&self.settings),
            log: Arc::clone(&self.log),
            door: Some(Arc::clone(&self.door)),
            conversation: None,
            state: state::View::Shut("in a bare call"),
            signing: None,
        };
        let mut store = Store::new(self.code.pre.engine(), State::new(&self.limits, &self.meter, given));
        store.set_epoch_deadline(u64::MAX / 2);
        let plugin = self.code.pre.instantiate_async(&mut store).await?;
        let Invocation { tool, arguments, context, .. } = invocation;
        let (arguments, context) = (arguments.as_str().to_owned(), contract::context(context));
        let answer = plugin.aftercall_tool_tools().call_call_tool(&mut store, tool, &arguments, &context).await?;
        Ok(answer.map_or_else(|failure| failure.message, |outcome| outcome.text))
    }
}

fn door(outlet: &Arc<Outlet>, log: &Arc<Log>) -> Arc<Door> {
    let (key, log) = (EffectKey::from_stored(String::new()), Arc::clone(log));
    Arc::new(Door::new(Arc::clone(outlet), Purpose::Reads("what is measured"), key, log))
}
