//! The wasmtime engine: its pool, its features, and the thread that counts its time.

use std::{thread, time::Duration};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::limits::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX};

/// How often a running component can be interrupted.
const TICK: Duration = Duration::from_millis(5);

/// Makes an engine for so many calls at once, with so many bytes a linear memory.
pub(crate) fn make(running_max: u32, memory_bytes_max: usize) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(running_max)
        .total_core_instances(running_max.saturating_mul(CORE_INSTANCES_MAX))
        .total_memories(running_max.saturating_mul(MEMORIES_MAX))
        .total_tables(running_max.saturating_mul(TABLES_MAX))
        .total_stacks(running_max)
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .max_memories_per_component(MEMORIES_MAX)
        .max_tables_per_component(TABLES_MAX)
        .max_memories_per_module(MEMORIES_MAX)
        .max_tables_per_module(TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .max_memory_size(memory_bytes_max);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        // WASI 0.2 guests make one call at a time; without the bookkeeping for more, a call costs a quarter less.
        .concurrency_support(false)
        .wasm_memory64(false)
        .relaxed_simd_deterministic(true);
    let engine = Engine::new(&config)?;
    start_ticking(&engine)?;
    Ok(engine)
}

/// One thread for each engine, which ends when the engine is gone.
fn start_ticking(engine: &Engine) -> wasmtime::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    thread::Builder::new().name("aftercall-epoch".into()).spawn(tick)?;
    Ok(())
}
