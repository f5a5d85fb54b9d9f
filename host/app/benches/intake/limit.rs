//! Durable intakes that verify nothing and understand nothing: bare axum, and an insert in which what comes meanwhile is
//! committed together. What they write beside each body is what the template of all bodies comes to.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use aftercall_core::ports::{Accept, Journal as _};
use aftercall_storage::Sqlite;
use axum::{Json, Router, body::Bytes, extract::State, response::IntoResponse};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rusqlite::Connection;
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

/// Before the host's own insert. It ends with the process.
///
/// # Errors
/// The file or an address can't be had.
pub(crate) async fn start(file: &Path, template: Accept) -> anyhow::Result<SocketAddr> {
    let (records, _) = Sqlite::open(file)?;
    let template = Accept { raw: Vec::new(), ..template };
    serve(Router::new().fallback(accept).with_state(Arc::new(Own { records, template, calls: AtomicU64::new(0) })))
        .await
}

/// Before an insert by hand: the same rows into the same tables with the same indexes, of which none is made for a call and
/// nothing is asked first. It ends with the process.
///
/// # Errors
/// The file or an address can't be had.
pub(crate) async fn start_by_hand(file: &Path, template: &Accept) -> anyhow::Result<SocketAddr> {
    // For the tables.
    drop(Sqlite::open(file)?);
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA synchronous = FULL")?;
    let rows = Rows::of(template)?;
    let (orders, taken) = mpsc::channel(ORDERS_MAX);
    std::thread::spawn(move || write(&connection, &rows, taken));
    serve(Router::new().fallback(order).with_state(orders)).await
}

async fn serve(router: Router) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(address)
}

fn answer(is_written: bool) -> impl IntoResponse {
    match is_written {
        true => (StatusCode::ACCEPTED, Json(json!({ "status": "accepted", "run": "run_0" }))),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({}))),
    }
}

/// What the host's own insert is given.
struct Own {
    records: Sqlite,
    template: Accept,
    calls: AtomicU64,
}

async fn accept(State(own): State<Arc<Own>>, body: Bytes) -> impl IntoResponse {
    let mut call = Accept { raw: body.to_vec(), ..own.template.clone() };
    call.identity.conversation = own.calls.fetch_add(1, Ordering::Relaxed).to_string();
    answer(own.records.accept(&call).await.is_ok())
}

/// What is written by hand of each call beside its body.
struct Rows {
    /// The conversation, as JSON.
    conversation: String,
    /// The first event of its run, as JSON.
    first: String,
}

impl Rows {
    /// Those of a call that somebody has understood.
    fn of(accept: &Accept) -> anyhow::Result<Self> {
        let conversation = serde_json::to_string(&accept.conversation)?;
        Ok(Self { conversation, first: serde_json::to_string(&accept.first)? })
    }
}

/// A body to be written, and whoever waits for that.
type Order = (Bytes, oneshot::Sender<()>);

/// Orders that may wait: more than there are in flight.
const ORDERS_MAX: usize = 1_024;

async fn order(State(orders): State<mpsc::Sender<Order>>, body: Bytes) -> impl IntoResponse {
    let (written, is_written) = oneshot::channel();
    let is_sent = orders.send((body, written)).await.is_ok();
    answer(is_sent && is_written.await.is_ok())
}

/// Writes orders, those that came meanwhile in one transaction, until nobody can order any more or the file fails.
fn write(connection: &Connection, rows: &Rows, mut taken: mpsc::Receiver<Order>) {
    while let Some(first) = taken.blocking_recv() {
        let group: Vec<Order> = std::iter::once(first).chain(std::iter::from_fn(|| taken.try_recv().ok())).collect();
        if insert(connection, rows, &group).is_err() {
            return;
        }
        for (_, written) in group {
            // Whoever waited may have gone.
            let _ = written.send(());
        }
    }
}

fn insert(connection: &Connection, rows: &Rows, group: &[Order]) -> anyhow::Result<()> {
    let Rows { conversation, first } = rows;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for (body, _) in group {
        connection
            .prepare_cached(
                "INSERT INTO runs (run, tenant, platform, conversation, revision, accepted_at, fence, standing, wake_at)
                 VALUES ('run_' || hex(randomblob(12)), 'north', 'native', hex(randomblob(6)), 0, unixepoch() * 1000, 1,
                     'under-way', 0)",
            )?
            .execute([])?;
        let run = connection.last_insert_rowid();
        connection
            .prepare_cached("INSERT INTO conversations (run, version, json, raw) VALUES (?1, 1, ?2, ?3)")?
            .execute((run, conversation, &body[..]))?;
        connection
            .prepare_cached(
                "INSERT INTO events (run, seq, at, version, json) VALUES (?1, 0, unixepoch() * 1000, 1, ?2)",
            )?
            .execute((run, first))?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}
