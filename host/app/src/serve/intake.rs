//! `POST /v1/intake/{platform}/{endpoint}`: a platform tells that a call has ended.

use std::{any::Any, fmt::Display, panic::AssertUnwindSafe, sync::Arc};

use aftercall_core::{
    id::{EndpointName, RunId},
    inbox::{Arrival, Received, ready_at},
    ports::{Accept, Acceptance, RecordsError},
    run::Ending,
    time::Timestamp,
};
use aftercall_engine::Full;
use aftercall_intake::{AnalysisState, Notice, without_secrets};
use axum::{
    Json,
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use futures::FutureExt as _;
use http::{HeaderMap, StatusCode, header};
use serde::Serialize;
use serde_json::json;

use super::{
    Problem, Shared,
    body::{Held, Reading},
    finishing::Finishing,
};
use crate::{
    app::{Accepted, App},
    prepare::{self, Call},
    story,
    take_in::{NotTaken, take_in},
    tenants::Endpoint,
};

/// What is said of a call that was deleted.
const DELETED: &str = "this conversation was deleted here, and nothing begins of it again";

/// A body of at most so many bytes is understood where it came in: to hand it to another thread takes longer than that. A
/// larger one takes a while, which others need not wait for.
const AT_ONCE_BYTES_MAX: usize = 32 * 1024;

/// A webhook that was taken.
enum Taken {
    /// The call has a run.
    Accepted(Accepted),
    /// The call waits: something of it is still to come, or its time has not.
    Waits { conversation: Option<String>, ready_at: Option<Timestamp> },
    /// Its conversation was deleted.
    Forgotten,
    /// It says nothing of an ended call, which is in order: platforms send much.
    Ignored { event: String },
}

/// Answers a webhook. Whatever isn't 2xx was not kept.
pub(super) async fn receive(
    State(shared): State<Arc<Shared>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    // A client that goes away must not leave an accepted call without its place, nor uncounted.
    let taking = async move {
        let taken = AssertUnwindSafe(take(&shared, path, request)).catch_unwind().await;
        told(&shared, taken.unwrap_or_else(|panic| Err(broke(words(&*panic)))))
    };
    Finishing::of(taking).await
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
        Ok(Taken::Waits { conversation, ready_at }) => {
            shared.counters.count("waiting");
            let ready_at = ready_at.map(story::date);
            let body = json!({ "status": "waiting", "conversation": conversation, "ready_at": ready_at });
            (StatusCode::ACCEPTED, Json(body)).into_response()
        }
        Ok(Taken::Forgotten) => {
            shared.counters.count("forgotten");
            Json(json!({ "status": "known", "detail": DELETED })).into_response()
        }
        Ok(Taken::Ignored { event }) => {
            shared.counters.count("ignored");
            let why = "this event says nothing of an ended call; it is kept for a while for people to look at";
            Json(json!({ "status": "ignored", "event": event, "detail": why })).into_response()
        }
        Err(problem) => {
            shared.counters.count(problem.kind());
            problem.into_response()
        }
    }
}

/// What is said of a call that has a run.
#[derive(Serialize)]
struct Answer<'a> {
    status: &'static str,
    run: &'a RunId,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'static str>,
}

/// 202 for a call that is new, 200 for one that was known; where that was deleted, it has no page.
fn answer(accepted: &Accepted) -> Response {
    let Accepted { run, acceptance, ending } = accepted;
    let known = Answer { status: "known", run, page: None, outcome: None, detail: None };
    let page = format!("/runs/{run}");
    let (status, body) = match acceptance {
        Acceptance::New => {
            let outcome = ending.as_ref().map(Ending::as_str);
            (StatusCode::ACCEPTED, Answer { status: "accepted", page: Some(&page), outcome, ..known })
        }
        Acceptance::Known => (StatusCode::OK, Answer { page: Some(&page), ..known }),
        Acceptance::Forgotten => return Json(Answer { detail: Some(DELETED), ..known }).into_response(),
    };
    (status, [(header::LOCATION, page.as_str())], Json(body)).into_response()
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
    let (name, endpoint) = find(shared, &platform, &endpoint)?;
    let (parts, body) = request.into_parts();
    let server = &shared.app.config.server;
    let reading = Reading { bodies: &shared.bodies, bytes_max: server.body_bytes_max, ms_max: server.client_ms_max };
    reading.check_head(&parts.headers)?;
    let verified = endpoint.verifier.verify_head(&parts.headers, shared.app.clock.now());
    verified.map_err(|error| Problem::unverified(error.to_string()))?;
    let held = reading.read(body).await?;
    let is_quick = held.bytes.len() <= AT_ONCE_BYTES_MAX && !endpoint.has_live_tools;
    let understanding = {
        let shared = Arc::clone(shared);
        move || understand(&shared.app, (&name, &endpoint), &parts.headers, &held)
    };
    let understood = match is_quick {
        true => understanding(),
        false => tokio::task::spawn_blocking(understanding).await.unwrap_or_else(|broken| Err(broke(broken))),
    };
    match understood? {
        Understood::Call(accept) => Ok(Taken::Accepted(take_in(&shared.app, *accept).await.map_err(not_taken)?)),
        Understood::Waits(arrival, ready_at) => wait(&shared.app, arrival, ready_at).await.map_err(unwritten),
        Understood::Other(arrival) => {
            shared.app.inbox.receive(&arrival, None).await.map_err(unwritten)?;
            Ok(Taken::Ignored { event: arrival.event })
        }
    }
}

/// Has a call wait for its run.
async fn wait(app: &App, arrival: Arrival, ready_at: Option<Timestamp>) -> Result<Taken, RecordsError> {
    if app.inbox.receive(&arrival, ready_at).await? == Received::Forgotten {
        return Ok(Taken::Forgotten);
    }
    app.inbox_filled.notify_one();
    Ok(Taken::Waits { conversation: arrival.conversation, ready_at })
}

/// A webhook that is its platform's, read.
enum Understood {
    /// A call whose run can begin.
    Call(Box<Accept>),
    /// A call that waits until then; without an instant, for another event that names it.
    Waits(Arrival, Option<Timestamp>),
    /// Nothing of an ended call.
    Other(Arrival),
}

fn understand(
    app: &App,
    (name, endpoint): (&EndpointName, &Endpoint),
    headers: &HeaderMap,
    held: &Held,
) -> Result<Understood, Problem> {
    let now = app.clock.now();
    let verified = endpoint.verifier.verify(headers, &held.bytes, now);
    verified.map_err(|error| Problem::unverified(error.to_string()))?;
    let arrival = |event: String, conversation: Option<String>, call: Option<String>| Arrival {
        tenant: endpoint.tenant.clone(),
        endpoint: name.clone(),
        platform: endpoint.platform.clone(),
        conversation,
        call,
        event,
        at: now,
        raw: without_secrets(&held.bytes).into_owned(),
    };
    let wait = |Notice { event, conversation, call, .. }: Notice, ready_at: Timestamp| {
        let ready_at = conversation.is_some().then_some(ready_at);
        Understood::Waits(arrival(event, conversation, call), ready_at)
    };
    let read = match endpoint.form.tells_history() {
        true => endpoint.form.parse(&held.bytes).map(Ok),
        false => endpoint.form.notice(&held.bytes).map(Err),
    };
    let parsed = match read {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(notice)) => {
            let (said, recorded) = (endpoint.assistant.as_ref(), notice.assistant.as_deref());
            let start = prepare::start(app, &endpoint.tenant, said, recorded).map_err(nobodys)?;
            let ready_at = ready_at(now, None, notice.analysis != AnalysisState::ToCome, start);
            return Ok(wait(notice, ready_at));
        }
        Err(aftercall_intake::Error::OtherEvent { event, .. }) => {
            return Ok(Understood::Other(arrival(event, None, None)));
        }
        Err(error) => return Err(malformed(&error)),
    };
    let ended_at = parsed.conversation.ended_at;
    let (tenant, assistant) = (Some(&endpoint.tenant), endpoint.assistant.as_ref());
    let call = Call { raw: &held.bytes, parsed, tenant, assistant, revision: 0 };
    let accept = app.prepare(call).map_err(nobodys)?;
    let start = app.assistant_of(&accept).map(|assistant| assistant.start).unwrap_or_default();
    if (start.settle_ms, start.delay_ms) != (0, 0) {
        let notice = endpoint.form.notice(&held.bytes).map_err(|error| malformed(&error))?;
        let ready_at = ready_at(now, ended_at, notice.analysis != AnalysisState::ToCome, start);
        if ready_at > now {
            return Ok(wait(notice, ready_at));
        }
    }
    Ok(Understood::Call(Box::new(accept)))
}

fn malformed(error: &aftercall_intake::Error) -> Problem {
    Problem::malformed(error.to_string())
}

fn nobodys(error: prepare::Error) -> Problem {
    match error {
        prepare::Error::BrokenTenant { .. } => {
            Problem::unavailable("not-configured", "this endpoint can't be used at present")
        }
        error => Problem::not_taken(error.to_string()),
    }
}

/// The endpoint of that name. While a tenant's configuration can't be used, nobody knows whether an unknown name
/// is that tenant's: its platform is asked to send again, rather than to give up.
fn find(shared: &Shared, platform: &str, endpoint: &str) -> Result<(EndpointName, Arc<Endpoint>), Problem> {
    let found = endpoint.parse::<EndpointName>().ok().and_then(|name| shared.app.endpoints.get_key_value(&name));
    match found.filter(|(_, endpoint)| endpoint.platform.as_str() == platform) {
        Some((name, endpoint)) => Ok((name.clone(), Arc::clone(endpoint))),
        None if shared.app.broken.is_empty() => Err(Problem::not_found("there is no such endpoint")),
        None => Err(Problem::unavailable("not-configured", "this endpoint can't be used at present")),
    }
}

fn not_taken(not_taken: NotTaken) -> Problem {
    match not_taken {
        NotTaken::Full(full @ Full::Tenant) => Problem::too_many(full.to_string()),
        NotTaken::Full(full @ Full::Host) => Problem::unavailable("full", full.to_string()),
        NotTaken::Records(error) => unwritten(error),
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

/// What was said by whoever panicked.
fn words(panic: &(dyn Any + Send)) -> &str {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("it panicked")
}

fn broke(broken: impl Display) -> Problem {
    tracing::error!("taking a webhook broke: {broken}");
    Problem::unavailable("broken", "this broke here: send it again")
}
