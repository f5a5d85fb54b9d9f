//! How a waiting call becomes a run.

use std::sync::Arc;

use aftercall_core::{
    inbox::{WaitingCall, WaitingEvents},
    ports::{Accept, RecordsError},
};
use aftercall_intake::Form;

use crate::{
    app::{Accepted, App},
    prepare::{self, Call},
    take_in::{NotTaken, take_in},
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
pub(super) async fn begin(app: &Arc<App>, call: &WaitingCall) -> Result<(), RecordsError> {
    let Some(events) = app.inbox.events(call.number).await? else {
        // Nothing of it is left to begin with.
        return app.inbox.begun(call.number, 0).await;
    };
    let (now, events) = (app.clock.now(), Arc::new(events));
    let waited_ms = now.ms_since(call.since);
    let begun = match try_to(app, call, &events, waited_ms).await {
        Err(NotYet::Never(why)) => give_up(app, call, &events, why).await,
        Err(NotYet::Trouble(why)) if waited_ms >= GIVE_UP_MS => give_up(app, call, &events, why).await,
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
    app: &Arc<App>,
    call: &WaitingCall,
    events: &Arc<WaitingEvents>,
    waited_ms: u64,
) -> Result<Accepted, NotYet> {
    let endpoint = app.endpoints.get(&call.endpoint);
    let is_theirs =
        |endpoint: &&Arc<Endpoint>| endpoint.tenant == call.of.tenant && endpoint.platform == call.of.platform;
    let endpoint = Arc::clone(endpoint.filter(is_theirs).ok_or_else(|| NotYet::Wait {
        ms: NOT_CONFIGURED_MS,
        why: format!("the tenant has no usable endpoint `{}` any more: configure it again", call.endpoint),
    })?);
    let gathered = match (&endpoint.api, lacks_history(endpoint.form, events)) {
        (_, false) => None,
        (Some(api), true) => Some(api.gather(endpoint.form, &call.of.conversation).await.map_err(NotYet::Trouble)?),
        (None, true) => {
            let why = "its history has to be fetched: give the endpoint an `api` with a `key`".to_owned();
            return Err(NotYet::Wait { ms: NOT_CONFIGURED_MS, why });
        }
    };
    // A large history takes a while, which others need not wait for.
    let understanding = {
        let (app, events) = (Arc::clone(app), Arc::clone(events));
        move || understand(&app, &endpoint, &events, gathered.as_deref(), waited_ms)
    };
    let understood = tokio::task::spawn_blocking(understanding).await;
    let accept = understood.unwrap_or_else(|broken| Err(NotYet::Trouble(format!("reading it broke: {broken}"))))?;
    take_in(app, accept).await.map_err(not_taken)
}

/// Whether the platform's API has to be asked for what was said.
fn lacks_history(form: Form, events: &WaitingEvents) -> bool {
    let has_history = |raw: &[u8]| form.tells_history() || form.notice(raw).is_ok_and(|notice| notice.has_history);
    !told(events).any(has_history)
}

/// The events of a call. One that was found without an event has an empty one.
fn told(events: &WaitingEvents) -> impl Iterator<Item = &[u8]> {
    events.raw.iter().map(Vec::as_slice).filter(|raw| !raw.is_empty())
}

/// All that is known of a call in one payload, and what its run stands on.
fn understand(
    app: &App,
    endpoint: &Endpoint,
    events: &WaitingEvents,
    gathered: Option<&[u8]>,
    waited_ms: u64,
) -> Result<Accept, NotYet> {
    let never = |error: aftercall_intake::Error| NotYet::Never(error.to_string());
    let raw = endpoint.form.together(&told(events).collect::<Vec<_>>(), gathered).map_err(never)?;
    let parsed = endpoint.form.parse(&raw).map_err(never)?;
    if gathered.is_some() && parsed.conversation.items.is_empty() && waited_ms < EMPTY_MS_MAX {
        return Err(NotYet::Trouble("the platform has no history of it yet".to_owned()));
    }
    let (tenant, assistant) = (Some(&endpoint.tenant), endpoint.assistant.as_ref());
    app.prepare(Call { raw: &raw, parsed, tenant, assistant, revision: 0 })
        .map_err(|error| NotYet::Wait { ms: NOT_CONFIGURED_MS, why: error.to_string() })
}

/// Has the run of a call say that it can't go on. What was told of the call is kept with it.
async fn give_up(app: &App, call: &WaitingCall, events: &WaitingEvents, why: String) -> Result<Accepted, NotYet> {
    tracing::warn!(call = ?call.of, "a call can't be read: {why}");
    let raw = [b"[".as_slice(), &told(events).collect::<Vec<_>>().join(b",".as_slice()), b"]"].concat();
    take_in(app, prepare::unreadable(app, call, raw, why)).await.map_err(not_taken)
}

fn not_taken(not_taken: NotTaken) -> NotYet {
    match not_taken {
        NotTaken::Full(full) => NotYet::Wait { ms: NO_ROOM_MS, why: full.to_string() },
        NotTaken::Records(error) => NotYet::Records(error),
    }
}
