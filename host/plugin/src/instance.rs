//! A component that is ready to run, and one run of it: fresh store, fresh instance, all limits on.

use std::{sync::Arc, time::Duration};

use aftercall_core::usage::Limit;
use futures::future::BoxFuture;
use tokio::time::timeout;
use wasmtime::{
    Engine, Store, Trap, UpdateDeadline,
    component::{Component, ResourceTableError},
};
use wasmtime_wasi::I32Exit;

use crate::{
    artifact::Artifact,
    bindings::{Plugin, PluginPre},
    capabilities::{self, CONTRACT_VERSION, Given, Impure, State},
    limits::{Limits, MEMORIES_MAX, Reached, TABLES_MAX},
    meter::{Counted, Meter},
    text::clip_line,
};

/// Longest reason for a trap that is passed on, in bytes.
const REASON_BYTES_MAX: usize = 400;

/// Why a component can't be run by this host.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It asks for what isn't there.
    #[error("the component imports {0}, which this host does not provide: build it without")]
    NotProvided(String),
    /// It isn't a plugin.
    #[error("the component does not export `{0}`: write it with `#[aftercall::plugin]`, or against wit/next")]
    NotAPlugin(String),
    /// It is made of more than the pool has room for.
    #[error(
        "the component has {memories} memories and {tables} tables, more than {MEMORIES_MAX} and {TABLES_MAX}: \
         link it into one module"
    )]
    TooManyParts {
        /// Linear memories.
        memories: u32,
        /// Tables.
        tables: u32,
    },
    /// The compiler or the linker refuses it.
    #[error("the component is not usable: {0}")]
    Unusable(String),
}

/// A component, compiled and linked. What it shares between calls is its code.
pub(crate) struct Ready {
    pub(crate) artifact: Artifact,
    pre: PluginPre<State>,
}

impl Ready {
    /// Links a component, after looking at what it asks for.
    pub(crate) fn new(
        artifact: Artifact,
        engine: &Engine,
        compile: impl FnOnce() -> wasmtime::Result<Component>,
    ) -> Result<Self, Error> {
        let missing: Vec<_> = artifact.imports.iter().filter(|import| !capabilities::provides(import)).collect();
        if !missing.is_empty() {
            let list: Vec<_> = missing.into_iter().map(|import| format!("`{}`", clip_line(import, 120))).collect();
            return Err(Error::NotProvided(list.join(", ")));
        }
        let tools = format!("aftercall:tool/tools@{CONTRACT_VERSION}");
        if !artifact.exports.contains(&tools) {
            return Err(Error::NotAPlugin(tools));
        }
        let unusable = |error: wasmtime::Error| Error::Unusable(clip_line(&format!("{error:#}"), REASON_BYTES_MAX));
        let component = compile().map_err(unusable)?;
        if let Some(parts) = component.resources_required()
            && (parts.num_memories > MEMORIES_MAX || parts.num_tables > TABLES_MAX)
        {
            return Err(Error::TooManyParts { memories: parts.num_memories, tables: parts.num_tables });
        }
        let linker = capabilities::linker(engine).map_err(unusable)?;
        let pre = linker.instantiate_pre(&component).and_then(PluginPre::new).map_err(unusable)?;
        Ok(Self { artifact, pre })
    }

    /// Runs one export in an instance of its own.
    pub(crate) async fn run<T>(
        &self,
        limits: &Limits,
        meter: &Arc<Meter>,
        given: Given,
        export: impl for<'a> FnOnce(&'a Plugin, &'a mut Store<State>) -> BoxFuture<'a, wasmtime::Result<T>>,
    ) -> Result<T, Stop> {
        let mut store = Store::new(self.pre.engine(), State::new(limits, meter, given));
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.hostcall_bytes_max);
        store.set_max_component_handles(limits.handles_max);
        store.set_epoch_deadline(1);
        let cpu_max = limits.cpu_ms_max;
        let counted = Arc::clone(meter);
        store.epoch_deadline_callback(move |mut store| {
            counted.see_handles(store.data_mut().handles());
            if counted.cpu.spent() > Duration::from_millis(cpu_max) {
                return Err(Reached::new(Limit::CpuTime, cpu_max).into());
            }
            Ok(UpdateDeadline::Yield(1))
        });
        let call = async {
            let plugin = self.pre.instantiate_async(&mut store).await?;
            let answer = export(&plugin, &mut store).await?;
            meter.see_handles(store.data_mut().handles());
            store.data().check_purity()?;
            Ok::<_, wasmtime::Error>(answer)
        };
        // Epochs end a component that computes, this one that waits.
        match timeout(Duration::from_millis(limits.wall_ms_max), Counted::new(Arc::clone(meter), call)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Stop::of(&error, limits)),
            Err(_) => Err(Stop::Reached(Reached::new(Limit::WallTime, limits.wall_ms_max))),
        }
    }
}

/// Why a component was stopped, or stopped itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Stop {
    #[error(transparent)]
    Reached(Reached),
    #[error("the component trapped: {0}")]
    Trapped(String),
    #[error("a rehearsal ended it where a write would have been sent")]
    Rehearsed,
}

impl Stop {
    fn of(error: &wasmtime::Error, limits: &Limits) -> Self {
        if let Some(reached) = find::<Reached>(error) {
            return Self::Reached(reached.clone());
        }
        if matches!(find(error), Some(ResourceTableError::Full)) {
            return Self::Reached(Reached::new(Limit::Handles, limits.handles_max));
        }
        // wasmtime has no type for these two.
        let words = error.root_cause().to_string();
        if words.contains("handle limit exceeded") {
            return Self::Reached(Reached::new(Limit::Handles, limits.handles_max));
        }
        if words.contains("fuel allocated for hostcalls") {
            return Self::Reached(Reached::new(Limit::HostcallBytes, limits.hostcall_bytes_max));
        }
        if let Some(I32Exit(status)) = find(error) {
            return Self::Trapped(format!("it exited with status {status}"));
        }
        if let Some(impure) = find::<Impure>(error) {
            return Self::Trapped(impure.to_string());
        }
        let reason = find::<Trap>(error).map_or(words, ToString::to_string);
        Self::Trapped(clip_line(reason.trim_start_matches("wasm trap: "), REASON_BYTES_MAX))
    }
}

fn find<E: std::error::Error + Send + Sync + 'static>(error: &wasmtime::Error) -> Option<&E> {
    error.downcast_ref::<E>().or_else(|| error.chain().find_map(|cause| cause.downcast_ref::<E>()))
}
