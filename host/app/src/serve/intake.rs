//! `POST /v1/intake/{platform}/{endpoint}`: a platform tells that a call has ended.

use std::sync::Arc;

use aftercall_core::{
    id::EndpointName,
    ports::{Accept, Acceptance, RecordsError},
    run::Run,
};
use aftercall_engine::Full;
use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tokio::task::JoinError;

use super::{
    Problem, Shared,
    body::{Held, Reading},
};
use crate::{
    app::{Accepted, App},
    prepare::{self, Call},
    tenants::Endpoint,
};

/// A webhook that was taken.
enum Taken {
    /// The call has a run.
    Accepted(Accepted),
    /// It says nothing of an ended call, which is in order: platforms send much.
    Ignored { event: String },
}

/// Answers a webhook. Whatever isn't 2xx was not kept.
pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    // In a task of its own: a client that goes away must not leave an accepted call without its place, nor uncounted.
    let task = tokio::spawn(async move { told(&shared, take(&shared, path, request).await) });
    task.await.unwrap_or_else(|broken| broke(&broken).into_response())
}

/// Counts what became of a webhook, and says it.
fn told(shared: &Shared, taken: Result<Taken, Problem>) -> Response {
    match taken {
        Ok(Taken::Accepted(accepted)) => {
            shared.counters.count(match accepted.acceptance {
                Acceptance::New => "accepted",
                Acceptance::Known => "known",
                Acceptance::Forgotten => "forgotten",
            });
            answer(&accepted)
        }
        Ok(Taken::Ignored { event }) => {
            shared.counters.count("ignored");
            let why = "this event says nothing of an ended call; it is not kept";
            Json(json!({ "status": "ignored", "event": event, "detail": why })).into_response()
        }
        Err(problem) => {
            shared.counters.count(problem.kind());
            problem.into_response()
        }
    }
}

/// 202 for a call that is new, 200 for one that was known; where that was deleted, it has no page.
fn answer(accepted: &Accepted) -> Response {
    let page = format!("/runs/{}", accepted.run);
    let (status, word) = match accepted.acceptance {
        Acceptance::New => (StatusCode::ACCEPTED, "accepted"),
        Acceptance::Known => (StatusCode::OK, "known"),
        Acceptance::Forgotten => {
            let why = "this conversation was deleted here, and nothing begins of it again";
            return Json(json!({ "status": "known", "run": accepted.run, "detail": why })).into_response();
        }
    };
    let mut body = json!({ "status": word, "run": accepted.run, "page": page });
    if let Some(ending) = accepted.ending.as_ref().filter(|_| accepted.acceptance == Acceptance::New) {
        body["outcome"] = json!(ending.as_str());
    }
    (status, [(header::LOCATION, page)], Json(body)).into_response()
}

async fn take(
    shared: &Arc<Shared>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Taken, Problem> {
    if shared.is_draining() {
        return Err(Problem::unavailable("stopping", "the server is stopping: send it again"));
    }
    let Path((platform, endpoint)) = path.map_err(|error| Problem::malformed(error.body_text()))?;
    let endpoint = find(shared, &platform, &endpoint)?;
    let (parts, body) = request.into_parts();
    let server = &shared.app.config.server;
    let reading = Reading { bodies: &shared.bodies, bytes_max: server.body_bytes_max, ms_max: server.client_ms_max };
    reading.check_head(&parts.headers)?;
    let verified = endpoint.verifier.verify_head(&parts.headers, shared.app.clock.now());
    verified.map_err(|error| Problem::unverified(error.to_string()))?;
    let held = reading.read(body).await?;
    let tenant = endpoint.tenant.clone();
    // A large history takes a while, which others need not wait for.
    let understanding = {
        let shared = Arc::clone(shared);
        move || understand(&shared.app, &endpoint, &parts.headers, &held)
    };
    let accept = match tokio::task::spawn_blocking(understanding).await.unwrap_or_else(|broken| Err(broke(&broken)))? {
        Understood::Call(accept) => accept,
        Understood::Other { event } => return Ok(Taken::Ignored { event }),
    };
    // Before it is accepted, since what was accepted is never refused; after it is believed, since nobody else gets a place.
    let place = shared.app.dispatcher.reserve(&tenant).map_err(full)?;
    let accepted = shared.app.accept(*accept).await.map_err(unwritten)?;
    if waits(shared, &accepted).await.map_err(unwritten)? {
        place.fill(accepted.run.clone());
    }
    Ok(Taken::Accepted(accepted))
}

/// Whether a run is still to be driven, by whoever has a place for it.
async fn waits(shared: &Shared, accepted: &Accepted) -> Result<bool, RecordsError> {
    match accepted.acceptance {
        Acceptance::New => Ok(accepted.ending.is_none()),
        Acceptance::Forgotten => Ok(false),
        Acceptance::Known if shared.app.dispatcher.knows(&accepted.run) => Ok(false),
        // It was accepted and got no place, because something broke in between: it gets one now.
        Acceptance::Known => match shared.app.read(&accepted.run).await {
            Ok(stored) => Ok(Run::replay(stored.journal).is_ok_and(|run| run.ending().is_none())),
            // It has been deleted since.
            Err(RecordsError::NoSuchRun(_)) => Ok(false),
            Err(error) => Err(error),
        },
    }
}

/// A webhook that is its platform's, read.
enum Understood {
    Call(Box<Accept>),
    Other { event: String },
}

fn understand(app: &App, endpoint: &Endpoint, headers: &HeaderMap, held: &Held) -> Result<Understood, Problem> {
    let verified = endpoint.verifier.verify(headers, &held.bytes, app.clock.now());
    verified.map_err(|error| Problem::unverified(error.to_string()))?;
    let parsed = match endpoint.form.parse(&held.bytes) {
        Ok(parsed) => parsed,
        Err(aftercall_intake::Error::OtherEvent { event, .. }) => return Ok(Understood::Other { event }),
        Err(error) => return Err(Problem::malformed(error.to_string())),
    };
    let (tenant, assistant) = (Some(&endpoint.tenant), endpoint.assistant.as_ref());
    let call = Call { raw: &held.bytes, parsed, tenant, assistant, revision: 0 };
    app.prepare(call).map(|accept| Understood::Call(Box::new(accept))).map_err(|error| match error {
        prepare::Error::BrokenTenant { .. } => {
            Problem::unavailable("not-configured", "this endpoint can't be used at present")
        }
        error => Problem::not_taken(error.to_string()),
    })
}

/// The endpoint of that name. While a tenant's configuration can't be used, nobody knows whether an unknown name
/// is that tenant's: its platform is asked to send again, rather than to give up.
fn find(shared: &Shared, platform: &str, endpoint: &str) -> Result<Arc<Endpoint>, Problem> {
    let found = endpoint.parse::<EndpointName>().ok().and_then(|name| shared.app.endpoints.get(&name));
    match found.filter(|endpoint| endpoint.platform.as_str() == platform) {
        Some(endpoint) => Ok(Arc::clone(endpoint)),
        None if shared.app.broken.is_empty() => Err(Problem::not_found("there is no such endpoint")),
        None => Err(Problem::unavailable("not-configured", "this endpoint can't be used at present")),
    }
}

fn full(full: Full) -> Problem {
    match full {
        Full::Tenant => Problem::too_many(full.to_string()),
        Full::Host => Problem::unavailable("full", full.to_string()),
    }
}

fn unwritten(error: RecordsError) -> Problem {
    tracing::error!("a call can't be accepted: {error}");
    let detail = match error {
        RecordsError::Fenced => "another server has taken over",
        _ => "the records can't be written at present: send it again",
    };
    Problem::unavailable("records", detail)
}

fn broke(broken: &JoinError) -> Problem {
    tracing::error!("taking a webhook broke: {broken}");
    Problem::unavailable("broken", "this broke here: send it again")
}
