//! The least that a durable intake can do: bare axum, and a writer that commits what comes meanwhile together. It verifies
//! nothing, understands nothing and remembers nothing.

use std::{net::SocketAddr, path::Path};

use anyhow::Context as _;
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

/// About what the first event of a run takes, which pins what it stands on, in bytes.
const FOOTING_BYTES: usize = 4_000;

/// A body to be written, and whoever waits for that.
type Order = (Bytes, oneshot::Sender<()>);

/// Orders that may wait: more than there are in flight.
const ORDERS_MAX: usize = 1_024;

/// Starts it, with its rows in a file, and says where it listens. It ends with the process.
pub(crate) async fn start(file: &Path) -> anyhow::Result<SocketAddr> {
    let connection = Connection::open(file)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE runs (number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE);
         CREATE TABLE conversations (run INTEGER PRIMARY KEY, json TEXT NOT NULL, raw BLOB NOT NULL);
         CREATE TABLE events (run INTEGER NOT NULL, seq INTEGER NOT NULL, json TEXT NOT NULL);
         CREATE UNIQUE INDEX events_by_place ON events (run, seq);",
    )?;
    let (orders, taken) = mpsc::channel(ORDERS_MAX);
    std::thread::spawn(move || write(&connection, taken));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(accept).with_state(orders);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    Ok(address)
}

async fn accept(State(orders): State<mpsc::Sender<Order>>, body: Bytes) -> impl IntoResponse {
    let (written, is_written) = oneshot::channel();
    let is_sent = orders.send((body, written)).await.is_ok();
    match is_sent && is_written.await.is_ok() {
        true => (StatusCode::ACCEPTED, Json(json!({ "status": "accepted", "run": "run_0" }))),
        false => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({}))),
    }
}

/// Writes orders, those that came meanwhile in one transaction, until nobody can order any more or the file fails.
fn write(connection: &Connection, mut taken: mpsc::Receiver<Order>) {
    while let Some(first) = taken.blocking_recv() {
        let group: Vec<Order> = std::iter::once(first).chain(std::iter::from_fn(|| taken.try_recv().ok())).collect();
        if insert(connection, &group).is_err() {
            return;
        }
        for (_, written) in group {
            // Whoever waited may have gone.
            let _ = written.send(());
        }
    }
}

fn insert(connection: &Connection, group: &[Order]) -> anyhow::Result<()> {
    let footing = "x".repeat(FOOTING_BYTES);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for (body, _) in group {
        let text = std::str::from_utf8(body).context("a body is text")?;
        connection.prepare_cached("INSERT INTO runs (run) VALUES (hex(randomblob(12)))")?.execute([])?;
        let run = connection.last_insert_rowid();
        connection.prepare_cached("INSERT INTO conversations (run, json, raw) VALUES (?1, ?2, ?3)")?.execute((
            run,
            text,
            &body[..],
        ))?;
        connection
            .prepare_cached("INSERT INTO events (run, seq, json) VALUES (?1, 0, ?2)")?
            .execute((run, &footing))?;
    }
    connection.execute_batch("COMMIT")?;
    Ok(())
}
