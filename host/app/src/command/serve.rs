//! `aftercall serve`: takes calls as webhooks, does the work after each, shows it.

use std::{io::Write, sync::Arc};

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    app::{App, Surroundings},
    cli,
    config::Config,
    halt,
    progress::Trace,
    serve::Server,
};

/// Sent to who writes beyond the largest file that the system lets it have.
const SIGXFSZ: i32 = 25;

/// Serves until it is asked to stop (SIGTERM, Ctrl-C), and then until the runs under way have ended.
///
/// # Errors
/// What the configuration says beside tenants can't hold, the address can't be had, or the records failed.
pub async fn serve(arguments: &cli::Serve, out: &mut impl Write) -> anyhow::Result<()> {
    let mut config = Config::read_tolerantly(&arguments.config)?;
    if let Some(listen) = &arguments.listen {
        config.server.listen.clone_from(listen);
    }
    let env = |name: &str| std::env::var(name).ok();
    let around =
        Surroundings { leave_out_broken: true, halt_at: halt::asked_for(), ..Surroundings::new(&env, Arc::new(Trace)) };
    // Before anything is accepted, so that no signal ends the process the hard way.
    let stop = stop().context("signals can't be listened to")?;
    // Listened to, it doesn't end the process, and the write fails as on a full disk: what can't be kept is refused.
    let _file_limit = signal(SignalKind::from_raw(SIGXFSZ)).context("signals can't be listened to")?;
    let app = Arc::new(App::build(config, around).await?);
    for (what, why) in &app.broken {
        tracing::error!("{what} is left out: {why}");
    }
    let server = Server::bind(Arc::clone(&app)).await?;
    writeln!(out, "aftercall serves at http://{}", server.address())?;
    for (name, endpoint) in &app.endpoints {
        writeln!(out, "  {}: POST /v1/intake/{}/{name}", endpoint.tenant, endpoint.platform)?;
    }
    out.flush()?;
    let drained = server.run(stop).await;
    app.settled().await;
    let drained = drained?;
    match drained.unfinished {
        0 => writeln!(out, "stopped; no run is left")?,
        1 => writeln!(out, "stopped; 1 run goes on after the next start")?,
        left => writeln!(out, "stopped; {left} runs go on after the next start")?,
    }
    Ok(())
}

/// Resolves when somebody asks the process to stop. A second time ends it at once; nothing is lost by that.
fn stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("asked to stop: runs under way are awaited; ask again to stop at once");
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            std::process::exit(1);
        });
    })
}
