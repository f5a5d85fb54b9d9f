//! One run of a component: fresh store, fresh instance, all limits on.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use aftercall_core::usage::Limit;
use futures::future::BoxFuture;
use tokio::{task::JoinHandle, time::timeout};
use wasmtime::{Store, Trap, UpdateDeadline, component::ResourceTableError};
use wasmtime_wasi::I32Exit;

use crate::{
    admission::Lane,
    bindings::Plugin,
    capabilities::{Given, Impure, State},
    code::Code,
    entrance::Places,
    limits::{Limits, Reached},
    meter::{Computing, Meter},
    text::clip_line,
};

/// Shortest time for which a component computes before it lets another one go on, if it has that much to do: most calls
/// are over by then, and need not come back for the rest.
const SLICE_MIN: Duration = Duration::from_micros(250);
/// The longest, to the next tick, also where no other one waits: the runtime may have only this thread.
const SLICE_MAX: Duration = Duration::from_millis(2);
/// Longest reason for a trap that is passed on, in bytes.
const REASON_BYTES_MAX: usize = 400;

/// One run that is about to begin.
pub(crate) struct Run {
    pub(crate) code: Arc<Code>,
    pub(crate) limits: Limits,
    pub(crate) meter: Arc<Meter>,
    pub(crate) given: Given,
    /// Given back when the instance is gone.
    pub(crate) places: Places,
    /// Where it waits for its turn to compute.
    pub(crate) computing: Lane,
}

impl Run {
    /// Runs one export in an instance of its own, which is gone soon after this is dropped.
    ///
    /// What has to wait, for its turn or for a vendor, becomes a task of its own: whoever is let in to compute must go
    /// on at once, whatever the caller does meanwhile. What never waits never costs one.
    pub(crate) async fn end<T: Send + 'static>(
        self,
        export: impl for<'a> FnOnce(&'a Plugin, &'a mut Store<State>) -> BoxFuture<'a, wasmtime::Result<T>> + Send + 'static,
    ) -> Result<T, Stop> {
        let mut run = Box::pin(self.go(export));
        match futures::poll!(run.as_mut()) {
            Poll::Ready(result) => result,
            Poll::Pending => Task(tokio::spawn(run)).await,
        }
    }

    async fn go<T>(
        self,
        export: impl for<'a> FnOnce(&'a Plugin, &'a mut Store<State>) -> BoxFuture<'a, wasmtime::Result<T>> + Send,
    ) -> Result<T, Stop> {
        let Self { code, limits, meter, given, places: _places, computing } = self;
        // All of an instance's life is computing, unless it is given up while it waits: giving its memory back takes as long
        // as many a call.
        let (counted, lane) = (Arc::clone(&meter), computing.clone());
        let call = async move {
            let mut store = Store::new(code.pre.engine(), State::new(&limits, &counted, given));
            store.limiter(|state| &mut state.memory);
            store.set_hostcall_fuel(limits.hostcall_bytes_max);
            store.set_max_component_handles(limits.handles_max);
            store.set_epoch_deadline(1);
            let cpu_max = limits.cpu_ms_max;
            let meter = Arc::clone(&counted);
            store.epoch_deadline_callback(move |mut store| {
                store.data_mut().see_held(&meter)?;
                if meter.cpu.spent() > Duration::from_millis(cpu_max) {
                    return Err(Reached::new(Limit::CpuTime, cpu_max).into());
                }
                let slice = meter.cpu.slice();
                let yields = slice >= SLICE_MAX || slice >= SLICE_MIN && lane.is_crowded();
                Ok(if yields { UpdateDeadline::Yield(1) } else { UpdateDeadline::Continue(1) })
            });
            let plugin = code.pre.instantiate_async(&mut store).await?;
            let answer = export(&plugin, &mut store).await?;
            store.data_mut().see_held(&counted)?;
            store.data().check_purity()?;
            Ok::<_, wasmtime::Error>(answer)
        };
        // Epochs end a component that computes, this one that waits.
        let call = Computing::new(computing, meter, call);
        match timeout(Duration::from_millis(limits.wall_ms_max), call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Stop::of(&error, &limits)),
            Err(_) => Err(Stop::Reached(Reached::new(Limit::WallTime, limits.wall_ms_max))),
        }
    }
}

/// A task that ends when nobody waits for it any more.
struct Task<T>(JoinHandle<Result<T, Stop>>);

impl<T> Future for Task<T> {
    type Output = Result<T, Stop>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx).map(|ended| match ended {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(Stop::Trapped("the host is shutting down".to_owned())),
            },
        })
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
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
