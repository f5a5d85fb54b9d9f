//! Sockets: how many at once, how long a client may take, and how they end.

use std::{pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, watch},
};
use tokio_io_timeout::TimeoutStream;

/// The largest head of a request, in bytes. Protects the memory of each connection.
const HEAD_BYTES_MAX: usize = 32 << 10;

/// The pause after the system refuses a connection for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// What clients may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    connections_max: usize,
    client: Duration,
}

impl Limits {
    pub(super) fn of(server: &crate::config::Server) -> Self {
        Self {
            connections_max: usize::try_from(server.connections_max).unwrap_or(usize::MAX),
            client: Duration::from_millis(server.client_ms_max),
        }
    }
}

/// Accepts connections until `closed` says that no more are wanted, and then waits for the requests under way.
pub(super) async fn serve(listener: TcpListener, routes: Router, limits: Limits, mut closed: watch::Receiver<()>) {
    let places = std::sync::Arc::new(Semaphore::new(limits.connections_max.min(Semaphore::MAX_PERMITS)));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.expect("it is never closed");
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            _ = closed.changed() => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        // Hyper bounds how long a head takes and our own reader a body; this, how long an answer is in the way.
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.client));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.client)
            // A client that has said all and listens on gets its answer.
            .half_close(true)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(routes.clone()));
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            // A client that is cut off or goes away is no fault of ours.
            let _ = pin!(connection).await;
        });
    }
    drop(listener);
    graceful.shutdown().await;
}
