//! How a waiting call becomes a run.

use std::sync::Arc;

use aftercall_core::{
    inbox::{WaitingCall, WaitingEvents},
    ports::{Accept, RecordsError},
    time::Timestamp,
};
use aftercall_intake::{Form, Parsed};

use crate::{
    app::App,
    prepare::{self, Call},
    take_in::{self, NotTaken},
    tenants::Endpoint,
};

/// The first pause after a platform's API didn't give a call, in milliseconds. It doubles.
const PAUSE_MS: u64 = 5_000;

/// The longest pause, in milliseconds.
const PAUSE_MS_MAX: u64 = 10 * 60 * 1000;

/// The pause where there is no room for a further run, in milliseconds.
const NO_ROOM_MS: u64 = 1_000;

/// The pause where the configuration has to change first, in milliseconds.
const NOT_CONFIGURED_MS: u64 = 60_000;

/// How long a call may be told of whose history is empty, in milliseconds: some platforms write it down only then.
const EMPTY_MS_MAX: u64 = 60_000;

/// How long a platform's API is asked for a call, in milliseconds: a day. Then its run says that it can't go on.
const GIVE_UP_MS: u64 = 24 * 60 * 60 * 1000;

/// Why a run can't begin now.
enum NotYet {
    /// It is tried again after so many milliseconds.
    Wait { ms: u64, why: String },
    /// The platform doesn't give the call: it is tried again ever more seldom, and in the end given up.
    Trouble(String),
    /// It will never be readable.
    Never(String),
    /// The records failed.
    Records(RecordsError),
}

/// Begins the run of a call, or has it wait longer.
pub(super) async fn begin(app: &App, call: &WaitingCall) -> Result<(), RecordsError> {
    let Some(events) = app.inbox.events(call.number).await? else { return Ok(()) };
    let now = app.clock.now();
    let waited_ms = now.ms_since(call.since);
    let begun = match try_to(app, call, &events, now).await {
        Err(NotYet::Never(why)) => give_up(app, call, why).await,
        Err(NotYet::Trouble(why)) if waited_ms >= GIVE_UP_MS => give_up(app, call, why).await,
        begun => begun,
    };
    let (ms, why) = match begun {
        Ok(_) => return app.inbox.begun(call.number, events.newest).await,
        Err(NotYet::Records(error)) => return Err(error),
        Err(NotYet::Wait { ms, why }) => (ms, why),
        Err(NotYet::Trouble(why) | NotYet::Never(why)) => {
            (PAUSE_MS.saturating_mul(1 << call.tries.min(16)).min(PAUSE_MS_MAX), why)
        }
    };
    tracing::info!(call = ?call.of, "a call waits on: {why}");
    app.inbox.postpone(call.number, now.plus_ms(ms), &why).await
}

async fn try_to(
    app: &App,
    call: &WaitingCall,
    events: &WaitingEvents,
    now: Timestamp,
) -> Result<take_in::Accepted, NotYet> {
    let endpoint = app.endpoints.get(&call.endpoint);
    let is_theirs = |endpoint: &&Arc<Endpoint>| {
        endpoint.tenant == call.of.tenant && Form::of_platform(endpoint.platform.as_str()) == Some(endpoint.form)
    };
    let endpoint = endpoint.filter(is_theirs).ok_or_else(|| NotYet::Wait {
        ms: NOT_CONFIGURED_MS,
        why: format!("the tenant has no usable endpoint `{}` any more: configure it again", call.endpoint),
    })?;
    let payload = payload(endpoint, call, events).await?;
    let parsed = parse(endpoint.form, payload.clone()).await?;
    if parsed.conversation.items.is_empty() && now.ms_since(call.since) < EMPTY_MS_MAX && fetches(endpoint, events) {
        return Err(NotYet::Trouble("the platform has no history of it yet".to_owned()));
    }
    let accept = prepared(app, endpoint, &payload, parsed)?;
    take_in::take_in(app, accept).await.map_err(not_taken)
}

/// Has the run of a call say that it can't go on.
async fn give_up(app: &App, call: &WaitingCall, why: String) -> Result<take_in::Accepted, NotYet> {
    tracing::warn!(call = ?call.of, "a call can't be read: {why}");
    take_in::take_in(app, prepare::unreadable(app, call, why)).await.map_err(not_taken)
}

/// Whether the platform's API has to be asked for what was said.
fn fetches(endpoint: &Endpoint, events: &WaitingEvents) -> bool {
    let has_history = |raw: &Vec<u8>| endpoint.form.notice(raw).is_ok_and(|notice| notice.has_history);
    !events.raw.iter().any(has_history)
}

/// All that is known of a call, in one payload.
async fn payload(endpoint: &Endpoint, call: &WaitingCall, events: &WaitingEvents) -> Result<Vec<u8>, NotYet> {
    let gathered = match (&endpoint.api, fetches(endpoint, events)) {
        (Some(api), true) => Some(api.gather(endpoint.form, &call.of.conversation).await.map_err(NotYet::Trouble)?),
        (None, true) => {
            let why = "its history has to be fetched: give the endpoint an `api` with a `key`".to_owned();
            return Err(NotYet::Wait { ms: NOT_CONFIGURED_MS, why });
        }
        (_, false) => None,
    };
    // A call that was found without an event has an empty one.
    let sent: Vec<&[u8]> = events.raw.iter().map(Vec::as_slice).filter(|raw| !raw.is_empty()).collect();
    endpoint.form.together(&sent, gathered.as_deref()).map_err(|error| NotYet::Never(error.to_string()))
}

async fn parse(form: Form, payload: Vec<u8>) -> Result<Parsed, NotYet> {
    // A large history takes a while, which others need not wait for.
    let parsed = tokio::task::spawn_blocking(move || form.parse(&payload)).await;
    let parsed = parsed.map_err(|broken| NotYet::Trouble(format!("reading it broke: {broken}")))?;
    parsed.map_err(|error| NotYet::Never(error.to_string()))
}

fn prepared(app: &App, endpoint: &Endpoint, raw: &[u8], parsed: Parsed) -> Result<Accept, NotYet> {
    let (tenant, assistant) = (Some(&endpoint.tenant), endpoint.assistant.as_ref());
    app.prepare(Call { raw, parsed, tenant, assistant, revision: 0 })
        .map_err(|error| NotYet::Wait { ms: NOT_CONFIGURED_MS, why: error.to_string() })
}

fn not_taken(not_taken: NotTaken) -> NotYet {
    match not_taken {
        NotTaken::Full(full) => NotYet::Wait { ms: NO_ROOM_MS, why: full.to_string() },
        NotTaken::Records(error) => NotYet::Records(error),
    }
}
