//! The wasmtime engine: its pool, its features, and the thread that counts its time.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::Arc,
    thread,
    time::Duration,
};

use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::{
    admission::Admission,
    arena::{self, Arena},
    limits::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX},
};

/// How often a component that computes is asked whether it goes on. A call that waits for its turn waits little longer.
const TICK: Duration = Duration::from_micros(500);
/// The same while none does.
const IDLE_TICK: Duration = Duration::from_millis(5);

/// Makes an engine for so many calls at once, with so many bytes a linear memory, and an arena for its code where there is
/// one. Its time goes by where they compute.
pub(crate) fn make(
    running_max: u32,
    memory_bytes_max: usize,
    computing: Admission,
) -> wasmtime::Result<(Engine, Option<Arc<Arena>>)> {
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
    let mut config = config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let arena = arena::for_an_engine(&mut config);
    let engine = Engine::new(&config)?;
    start_ticking(&engine, computing)?;
    Ok((engine, arena))
}

/// Makes an engine that compiles the same code, one function after the other, and runs nothing: without the pool,
/// whose address space a process with limits of its own doesn't have.
pub(crate) fn for_compiling() -> wasmtime::Result<Engine> {
    let mut config = config();
    config.parallel_compilation(false);
    Engine::new(&config)
}

/// What compiled code depends on, beside the component.
pub(crate) fn fingerprint(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

/// All that decides what the code is like.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        // WASI 0.2 guests make one call at a time; without the bookkeeping for more, a call costs a quarter less.
        .concurrency_support(false)
        .wasm_memory64(false)
        // Nobody is shown where in a component it trapped, and nothing unwinds through it: code is a third smaller
        // without what that would take, and sooner there.
        .generate_address_map(false)
        .native_unwind_info(false)
        .relaxed_simd_deterministic(true);
    config
}

/// One thread for each engine, which ends when the engine is gone.
fn start_ticking(engine: &Engine, computing: Admission) -> wasmtime::Result<()> {
    let engine = engine.weak();
    let tick = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(if computing.is_idle() { IDLE_TICK } else { TICK });
        }
    };
    thread::Builder::new().name("aftercall-epoch".into()).spawn(tick)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compiled_without_a_pool_runs_in_one() {
        let (pool, _) = make(1, 1 << 20, Admission::new(1, 1)).expect("an engine");
        let compiling = for_compiling().expect("an engine");
        assert_eq!(fingerprint(&pool), fingerprint(&compiling));
    }
}
