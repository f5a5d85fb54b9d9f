//! The pages' addresses: who asks, what they may see, and the headers that keep it there.

use std::sync::Arc;

use aftercall_core::{
    id::{RunId, Tenant},
    ports::RecordsError,
};
use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, header};

use super::{Problem, Shared, login};
use crate::{config::OPERATOR, page};

/// Where the stylesheet is.
pub(super) const STYLE_PATH: &str = "/style.css";

/// Runs that a list shows.
const RUNS_MAX: u32 = 200;

/// Nothing but our own stylesheet is loaded, and no other page shows ours.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

pub(super) async fn home() -> Redirect {
    Redirect::temporary("/runs")
}

pub(super) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, page::STYLE).into_response()
}

/// The runs that the user may see, newest first.
pub(super) async fn runs(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Result<Response, Problem> {
    let user = login::user(&shared.app.passwords, &headers)?;
    let tenant: Option<Tenant> = match user {
        OPERATOR => None,
        tenant => Some(tenant.parse().expect("users are tenants' names")),
    };
    let lines = shared.app.runs(tenant.as_ref(), RUNS_MAX).await.map_err(unreadable)?;
    let waiting = shared.app.inbox.waiting(tenant.as_ref(), RUNS_MAX).await.map_err(unreadable)?;
    let today = shared.app.used_today(tenant.as_ref()).await.map_err(unreadable)?;
    Ok(private(page::runs(&waiting, &lines, user, today.as_deref())))
}

/// One run. Another tenant's is not there.
pub(super) async fn run(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = login::user(&shared.app.passwords, &headers)?;
    let Path(run) = path.map_err(|error| Problem::malformed(error.body_text()))?;
    let stored = match shared.app.read(&RunId::from_stored(run)).await {
        Ok(stored) if user == OPERATOR || user == stored.identity.tenant.as_str() => stored,
        Ok(_) | Err(RecordsError::NoSuchRun(_)) => {
            return Err(Problem::not_found("there is no such run"));
        }
        Err(error) => return Err(unreadable(error)),
    };
    let page = page::run(&stored);
    let page = page.map_err(|error| Problem::unavailable("records", error.to_string()))?;
    Ok(private(page))
}

fn private(page: String) -> Response {
    let mut response = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn unreadable(error: RecordsError) -> Problem {
    tracing::error!("a page can't be shown: {error}");
    Problem::unavailable("records", "the records can't be read at present")
}
