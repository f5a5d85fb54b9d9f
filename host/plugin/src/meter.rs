//! What one call uses of memory and of CPU time, and where that ends.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use aftercall_core::usage::{Limit, Used};
use wasmtime::ResourceLimiter;

use crate::{
    admission::{Lane, Place, Waiting},
    limits::{CORE_INSTANCES_MAX, Limits, MEMORIES_MAX, Reached, TABLES_MAX},
};

/// What one call has used so far. It outlives the call's store, however that ended.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) cpu: Cpu,
    began: Instant,
    memory_bytes: AtomicUsize,
    handles: AtomicUsize,
    signatures: AtomicU32,
    state_operations: AtomicU32,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            cpu: Cpu::default(),
            began: Instant::now(),
            memory_bytes: AtomicUsize::default(),
            handles: AtomicUsize::default(),
            signatures: AtomicU32::default(),
            state_operations: AtomicU32::default(),
        }
    }
}

impl Meter {
    /// Takes note of how many handles are held.
    pub(crate) fn see_handles(&self, held: usize) {
        self.handles.fetch_max(held, Ordering::Relaxed);
    }

    /// Counts a signature, and says how many that makes.
    pub(crate) fn see_signature(&self) -> u32 {
        self.signatures.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Counts what is asked of the state, and says how many that makes.
    pub(crate) fn see_state_operation(&self) -> u32 {
        self.state_operations.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// How near the call came to the limits that are counted here.
    pub(crate) fn usage(&self, limits: &Limits) -> Vec<Used> {
        let (memory, handles) = (self.memory_bytes.load(Ordering::Relaxed), self.handles.load(Ordering::Relaxed));
        vec![
            Used::new(Limit::Memory, memory, limits.memory_bytes_max),
            Used::new(Limit::CpuTime, self.cpu.spent().as_millis(), limits.cpu_ms_max),
            Used::new(Limit::WallTime, self.began.elapsed().as_millis(), limits.wall_ms_max),
            Used::new(Limit::Handles, handles, limits.handles_max),
            Used::new(Limit::Signatures, self.signatures.load(Ordering::Relaxed), limits.signatures_max),
            Used::new(
                Limit::StateOperations,
                self.state_operations.load(Ordering::Relaxed),
                limits.state_operations_max,
            ),
        ]
    }
}

/// Sums what all linear memories and tables of a call take. wasmtime's own limiter counts each by itself.
#[derive(Debug)]
pub(crate) struct Memory {
    bytes: usize,
    bytes_max: usize,
    last: usize,
    meter: Arc<Meter>,
}

impl Memory {
    pub(crate) fn new(bytes_max: usize, meter: Arc<Meter>) -> Self {
        Self { bytes: 0, bytes_max, last: 0, meter }
    }

    /// Of the call whose memory this is.
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    fn grow(&mut self, by: usize) -> wasmtime::Result<bool> {
        self.last = by;
        self.bytes = self.bytes.saturating_add(by);
        self.meter.memory_bytes.fetch_max(self.bytes, Ordering::Relaxed);
        if self.bytes > self.bytes_max {
            // A trap, and not a refusal that the guest's allocator would turn into a bare `unreachable`.
            return Err(Reached::new(Limit::Memory, self.bytes_max).into());
        }
        Ok(true)
    }

    fn undo(&mut self) -> wasmtime::Result<()> {
        self.bytes = self.bytes.saturating_sub(std::mem::take(&mut self.last));
        Ok(())
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current))
    }

    fn memory_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo()
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(desired.saturating_sub(current).saturating_mul(size_of::<usize>()))
    }

    fn table_grow_failed(&mut self, _: wasmtime::Error) -> wasmtime::Result<()> {
        self.undo()
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

/// What the host holds in its own memory for a call, and where that ends.
#[derive(Debug)]
pub(crate) struct HostBytes {
    held: AtomicUsize,
    most: AtomicUsize,
    max: usize,
}

impl HostBytes {
    pub(crate) fn new(max: usize) -> Self {
        Self { held: AtomicUsize::new(0), most: AtomicUsize::new(0), max }
    }

    /// How near the call came to the end of it.
    pub(crate) fn usage(&self) -> Used {
        Used::new(Limit::HostBytes, self.most.load(Ordering::Relaxed), self.max)
    }

    /// How many bytes that are now.
    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// A part of it, empty as yet.
    pub(crate) fn part(self: &Arc<Self>) -> Held {
        Held { of: Arc::clone(self), bytes: 0 }
    }
}

/// A part of what the host holds for a call, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    of: Arc<HostBytes>,
    bytes: usize,
}

impl Held {
    /// Holds so many bytes more.
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), Reached> {
        self.set(self.bytes.saturating_add(by))
    }

    /// Holds so many bytes, if there is room.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), Reached> {
        let HostBytes { held, most, max } = &*self.of;
        let others = |all: usize| all.saturating_sub(self.bytes);
        let fits = |all: usize| others(all).checked_add(bytes).filter(|sum| sum <= max || bytes <= self.bytes);
        // Relaxed: it is a count, and orders nothing else.
        match held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits) {
            Ok(before) => {
                most.fetch_max(others(before) + bytes, Ordering::Relaxed);
                self.bytes = bytes;
                Ok(())
            }
            Err(_) => Err(Reached::new(Limit::HostBytes, *max)),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// How long a call has been computing. Not a clock that decides anything but when to stop it.
#[derive(Debug, Default)]
pub(crate) struct Cpu(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    before: Duration,
    since: Option<Instant>,
}

impl Cpu {
    pub(crate) fn spent(&self) -> Duration {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.before + spent.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// How long it has been computing without a pause.
    pub(crate) fn slice(&self) -> Duration {
        let spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn begin(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).since = Some(Instant::now());
    }

    fn pause(&self) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = spent.since.take() {
            spent.before += since.elapsed();
        }
    }
}

/// A component that computes in turn with others: each time that its future is polled it needs a place among those
/// that compute, which it has for an epoch's tick at most. The time in which it is polled is counted. Ticks alone would
/// also count one for each wait that was longer than a tick.
pub(crate) struct Computing<F> {
    lane: Lane,
    waiting: Option<Waiting>,
    meter: Arc<Meter>,
    future: Pin<Box<F>>,
}

impl<F> Computing<F> {
    pub(crate) fn new(lane: Lane, meter: Arc<Meter>, future: F) -> Self {
        Self { lane, waiting: None, meter, future: Box::pin(future) }
    }

    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<Place> {
        let waiting = match self.waiting.take().map_or_else(|| self.lane.enter(), Err) {
            Ok(place) => return Poll::Ready(place),
            Err(waiting) => self.waiting.insert(waiting),
        };
        let polled = Pin::new(waiting).poll(cx);
        if polled.is_ready() {
            self.waiting = None;
        }
        polled
    }
}

impl<F: Future> Future for Computing<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let place = ready!(self.poll_place(cx));
        self.meter.cpu.begin();
        let polled = self.future.as_mut().poll(cx);
        self.meter.cpu.pause();
        drop(place);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;

    fn lane() -> Lane {
        Admission::new(1, 1).lane(&"acme".parse().expect("a name"))
    }

    #[test]
    fn memory_is_summed_and_a_failed_growth_given_back() {
        let mut memory = Memory::new(100, Arc::default());
        assert!(memory.memory_growing(0, 60, None).expect("fits"));
        memory.memory_grow_failed(wasmtime::Error::msg("no room")).expect("undoes");
        assert!(memory.memory_growing(0, 60, None).expect("fits"));
        assert!(memory.table_growing(0, 5, None).expect("fits"), "5 elements are 40 bytes");
        let error = memory.memory_growing(60, 61, None).expect_err("is over");
        assert_eq!(error.downcast_ref::<Reached>(), Some(&Reached::new(Limit::Memory, 100_u64)));
    }

    #[test]
    fn what_the_host_holds_is_summed_and_given_back() {
        let bytes = Arc::new(HostBytes::new(100));
        let (mut one, mut other) = (bytes.part(), bytes.part());
        one.grow(60).expect("fits");
        assert_eq!(other.grow(41), Err(Reached::new(Limit::HostBytes, 100_u64)));
        other.grow(40).expect("fits");
        one.set(10).expect("is less");
        other.set(90).expect("fits");
        drop(one);
        other.grow(10).expect("fits");
        drop(other);
        assert_eq!((bytes.held(), bytes.usage().used), (0, 100));
    }

    #[tokio::test]
    async fn waiting_costs_no_cpu_time() {
        let meter = Arc::new(Meter::default());
        let (go, wait) = tokio::sync::oneshot::channel::<()>();
        let waiting = tokio::spawn(Computing::new(lane(), Arc::clone(&meter), wait));
        while meter.cpu.0.lock().expect("not poisoned").before.is_zero() {
            tokio::task::yield_now().await;
        }
        let before = meter.cpu.spent();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(20) {
            tokio::task::yield_now().await;
        }
        assert_eq!(meter.cpu.spent(), before);
        go.send(()).expect("is waited for");
        waiting.await.expect("ends").expect("was sent");
    }
    /// A component that never has anything to wait for.
    struct Endless(u32);

    impl Future for Endless {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
            self.0 = self.0.saturating_sub(1);
            cx.waker().wake_by_ref();
            if self.0 == 0 { Poll::Ready(()) } else { Poll::Pending }
        }
    }

    #[tokio::test]
    async fn one_that_never_waits_lets_others_compute() {
        let admission = Admission::new(1, 1);
        let [rush, one] = ["rush", "one"].map(|name| admission.lane(&name.parse().expect("a name")));
        let computing = |lane: &Lane, turns| Computing::new(lane.clone(), Arc::default(), Endless(turns));
        let endless: Vec<_> = (0..8).map(|_| tokio::spawn(computing(&rush, u32::MAX))).collect();
        tokio::spawn(computing(&one, 100)).await.expect("gets its hundred turns");
        for task in endless {
            task.abort();
            assert!(task.await.expect_err("is endless").is_cancelled());
        }
        assert!(one.enter().is_ok(), "and the place is free again");
    }
}
