//! The server: webhooks in, pages out, runs driven in between.
//!
//! A webhook is verified on its raw bytes, accepted durably, and answered; its run begins when it is its turn.
//! What can't be taken now is refused so that the platform sends it again (429, 503): nothing waits in memory alone.

mod body;
mod connections;
mod counters;
mod finishing;
mod health;
mod intake;
mod login;
mod pages;
mod problem;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    Router,
    routing::{get, post},
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};

use crate::{app::App, forgetting::sweep_on, inbox};
use counters::Counters;
use problem::Problem;

/// How long connections have to end after the last run has, in milliseconds.
const CLOSING_MS_MAX: u64 = 2_000;

/// A server that listens.
pub struct Server {
    shared: Arc<Shared>,
    listener: TcpListener,
    address: SocketAddr,
}

/// What all requests share.
struct Shared {
    app: Arc<App>,
    counters: Counters,
    /// Of bodies that are held in memory, in units of [`body::UNIT_BYTES`].
    bodies: Arc<Semaphore>,
    draining: AtomicBool,
}

/// How a server that was asked to stop came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drained {
    /// Runs that have not ended: they go on after the next start.
    pub unfinished: usize,
}

impl Shared {
    fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}

impl Server {
    /// Takes up the address that the configuration names.
    ///
    /// # Errors
    /// It can't be had.
    pub async fn bind(app: Arc<App>) -> anyhow::Result<Self> {
        let listen = &app.config.server.listen;
        let listener = TcpListener::bind(listen.as_str())
            .await
            .with_context(|| format!("server.listen: `{listen}` can't be listened at"))?;
        let address = listener.local_addr()?;
        let units =
            usize::try_from(app.config.server.bodies_bytes_max).unwrap_or(usize::MAX).div_ceil(body::UNIT_BYTES);
        let shared = Shared {
            app,
            counters: Counters::default(),
            bodies: Arc::new(Semaphore::new(units.clamp(1, Semaphore::MAX_PERMITS))),
            draining: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared), listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` resolves, and then waits for the runs under way, as long as the configuration allows.
    ///
    /// # Errors
    /// The records can't be read, or are another engine's by now.
    pub async fn run(self, stop: impl Future<Output = ()>) -> anyhow::Result<Drained> {
        let Self { shared, listener, .. } = self;
        let dispatcher = &shared.app.dispatcher;
        for (tenant, runs) in dispatcher.resume().await? {
            tracing::warn!(%tenant, runs, "runs wait: their tenant can't work under today's configuration");
        }
        let (close, closed) = watch::channel(());
        let limits = connections::Limits::of(&shared.app.config.server);
        let doors = tokio::spawn(connections::serve(listener, routes(Arc::clone(&shared)), limits, closed));
        let (stopped, mut drain) = watch::channel(());
        let asked = async {
            stop.await;
            shared.draining.store(true, Ordering::Relaxed);
            drop(stopped);
            tokio::time::sleep(Duration::from_millis(shared.app.config.server.drain_ms_max)).await;
        };
        let work = dispatcher.work(async move {
            // The sender never sends: this resolves when it is dropped.
            let _ = drain.changed().await;
        });
        tokio::select! {
            worked = work => worked?,
            () = asked => {}
            () = sweep_on(&shared.app) => {}
            () = inbox::work_on(&shared.app) => {}
            () = inbox::look_on(&shared.app) => {}
        }
        drop(close);
        let _ = tokio::time::timeout(Duration::from_millis(CLOSING_MS_MAX), doors).await;
        Ok(Drained { unfinished: shared.app.unfinished().await?.len() })
    }
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/intake/{platform}/{endpoint}", post(intake::receive))
        .route("/", get(pages::home))
        .route("/runs", get(pages::runs))
        .route("/runs/{run}", get(pages::run))
        .route(pages::STYLE_PATH, get(pages::style))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .fallback(|| async { Problem::not_found("there is nothing at this address") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .with_state(shared)
}
