//! Whether the server lives, whether it takes calls, and how much goes on.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};

use super::{Problem, Shared, login};
use crate::config::OPERATOR;

/// It lives: whoever asks gets an answer.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// It takes calls: the records can be read, and it isn't about to stop.
pub(super) async fn readyz(State(shared): State<Arc<Shared>>) -> Result<&'static str, Problem> {
    if shared.is_draining() {
        return Err(Problem::unavailable("stopping", "the server is stopping"));
    }
    shared.app.runs(None, 1).await.map_err(|error| {
        tracing::error!("the records can't be read: {error}");
        Problem::unavailable("records", "the records can't be read at present")
    })?;
    Ok("ready\n")
}

/// Counters and gauges in the text format of Prometheus, for the operator.
pub(super) async fn metrics(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    if login::user(&shared.app.passwords, &headers)? != OPERATOR {
        return Err(Problem::no_login());
    }
    let load = shared.app.dispatcher.load();
    let mut text = shared.counters.exposition();
    for (name, help, value) in [
        ("aftercall_runs_under_way", "Runs that are being driven.", load.running),
        ("aftercall_runs_waiting", "Accepted calls that wait for their run.", load.waiting),
    ] {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, text).into_response())
}
