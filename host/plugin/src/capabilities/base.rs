//! The inert base: what the standard library of a guest imports, whether it is used or not.
//!
//! There are clocks and randomness. There is no environment, no argument, no input; what is printed goes into the
//! log. `wasi:filesystem` and `wasi:sockets` aren't there at all: a component that imports them is refused.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::{
    HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxView, WasiView,
    cli::{IsTerminal, StdoutStream, WasiCli, WasiCliView as _},
    clocks::{WasiClocks, WasiClocksView as _},
    p2::{
        OutputStream, Pollable, StreamResult,
        bindings::{cli, clocks, io, random},
    },
    random::{Deterministic, WasiRandom},
};

use super::{
    State,
    log::{Log, Stream},
};

/// Most random bytes that one request for them may ask for: protects the host's memory.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// How much can be printed at once, in bytes.
const PRINT_BYTES_MAX: usize = 64 << 10;

/// The interfaces of the base, without their version.
pub(super) const PROVIDED: &[&str] = &[
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:random/random",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/stderr",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/terminal-stderr",
];

pub(super) fn link(l: &mut Linker<State>) -> wasmtime::Result<()> {
    io::error::add_to_linker::<State, Table>(l, State::table)?;
    io::poll::add_to_linker::<State, Table>(l, State::table)?;
    io::streams::add_to_linker::<State, Table>(l, State::table)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    Ok(())
}

/// For `wasi:io`, which stands on the table of handles alone.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

/// The base of one call. While `list-tools` runs, its clocks stand still and its randomness is constant.
pub(super) fn context(log: &Arc<Log>, pure: bool) -> WasiCtx {
    let mut wasi = WasiCtx::builder();
    wasi.max_random_size(RANDOM_BYTES_MAX)
        .stdout(Printer(Arc::clone(log), Stream::Out))
        .stderr(Printer(Arc::clone(log), Stream::Err));
    if pure {
        let constant = || Deterministic::new(vec![0x5a]);
        wasi.wall_clock(Still)
            .monotonic_clock(Still)
            .secure_random(constant())
            .insecure_random(constant())
            .insecure_random_seed(0x5a);
    }
    wasi.build()
}

/// A clock that stands still.
struct Still;

impl HostWallClock for Still {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::ZERO
    }
}

impl HostMonotonicClock for Still {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}

/// What is printed, on its way into the log.
#[derive(Clone)]
struct Printer(Arc<Log>, Stream);

impl IsTerminal for Printer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printer {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Asked for by WASI 0.3 alone, which isn't linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

impl OutputStream for Printer {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.0.print(self.1, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PRINT_BYTES_MAX)
    }
}
