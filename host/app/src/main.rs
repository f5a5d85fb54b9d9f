//! `aftercall`: the work after a call.

use std::{
    io::{IsTerminal as _, Write as _, stderr, stdout},
    process::ExitCode,
    thread,
};

use aftercall_app::{
    cli::{Cli, Command},
    command, compiler,
};
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

/// Workers beside those on which components compute.
const WORKERS_LEFT: usize = 1;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Before anything else takes memory, or starts a thread.
    if let Command::CompileComponent(arguments) = &cli.command {
        return compiler::compile(arguments);
    }
    let filter = EnvFilter::try_from_env("AFTERCALL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    // Where the log can't be written, as on a full disk, that can't be said there either: trying to would end what failed.
    let log = tracing_subscriber::fmt().with_writer(stderr).log_internal_errors(false);
    log.with_env_filter(filter).with_ansi(stderr().is_terminal()).init();
    // Fewer components compute at once than there are cores. The workers that are left look at sockets and timers,
    // whatever components do.
    let workers = thread::available_parallelism().map_or(1, usize::from) + WORKERS_LEFT;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(workers).build();
    let ended = match compiler::is_this_program().and(runtime) {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether what was asked for came about.
async fn run(command: Command) -> anyhow::Result<bool> {
    let out = &mut stdout();
    match command {
        Command::Demo(arguments) => command::demo::demo(&arguments, out).await,
        Command::Serve(arguments) => command::serve::serve(&arguments, out).await.map(|()| true),
        Command::Run(arguments) => command::run::run(&arguments, out).await,
        Command::Rehearse(arguments) => command::rehearse::rehearse(&arguments, out).await,
        Command::Replay(arguments) => command::replay::replay(&arguments, out).await.map(|()| true),
        Command::Inbox(arguments) => command::inbox::inbox(&arguments, out).await.map(|()| true),
        Command::Runs(arguments) => command::runs::runs(&arguments, out).await.map(|()| true),
        Command::Usage(arguments) => command::usage::usage(&arguments, out).await.map(|()| true),
        Command::Forget(arguments) => command::forget::forget(&arguments, out).await,
        Command::Logs(arguments) => command::logs::logs(&arguments, out).await.map(|()| true),
        Command::Plugin(arguments) => command::plugin::plugin(&arguments, out).await,
        Command::CompileComponent(_) => unreachable!("it has ended before the runtime began"),
    }
}
