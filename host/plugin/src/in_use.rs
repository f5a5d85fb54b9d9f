//! What running calls hold of the host: for whoever watches it, and for the proof that a call gives all of it back.

use wasmtime::{Engine, PoolingAllocatorMetrics};

/// What the calls that run at this moment hold. All zero when none runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct InUse {
    /// Places among the calls that may run at once.
    pub places: usize,
    /// Instances of components.
    pub instances: u64,
    /// Instances of the modules that they are made of.
    pub core_instances: u64,
    /// Linear memories.
    pub memories: usize,
    /// Tables.
    pub tables: usize,
    /// Stacks.
    pub stacks: usize,
}

impl InUse {
    pub(crate) fn of(engine: &Engine, places: usize) -> Self {
        let pool = engine.pooling_allocator_metrics();
        let count = |of: fn(&PoolingAllocatorMetrics) -> usize| pool.as_ref().map_or(0, of);
        Self {
            places,
            instances: pool.as_ref().map_or(0, PoolingAllocatorMetrics::component_instances),
            core_instances: pool.as_ref().map_or(0, PoolingAllocatorMetrics::core_instances),
            memories: count(PoolingAllocatorMetrics::memories),
            tables: count(PoolingAllocatorMetrics::tables),
            stacks: count(PoolingAllocatorMetrics::stacks),
        }
    }
}
