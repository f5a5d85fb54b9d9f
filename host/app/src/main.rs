//! `aftercall`: the work after a call.

use std::{
    io::{IsTerminal as _, Write as _, stderr, stdout},
    process::ExitCode,
};

use aftercall_app::{
    cli::{Cli, Command},
    command,
};
use clap::Parser as _;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("AFTERCALL_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    // Components compute between timers and sockets; looking at these often keeps one call's work from
    // delaying another's.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().event_interval(1).build();
    let ended = match runtime {
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
        Command::Runs(arguments) => command::runs::runs(&arguments, out).await.map(|()| true),
        Command::Logs(arguments) => command::logs::logs(&arguments, out).await.map(|()| true),
        Command::Plugin(arguments) => command::plugin::plugin(&arguments, out).await,
    }
}
