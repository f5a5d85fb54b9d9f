//! Calls whose webhook was lost: platforms' APIs are asked, time and again, which calls have ended.

use std::{collections::BTreeMap, time::Duration};

use aftercall_core::{
    id::{ConversationIdentity, EndpointName},
    inbox::Arrival,
    ports::RecordsError,
    time::Timestamp,
};
use aftercall_intake::{Listed, Span};

use crate::{app::App, config::LostCalls, tenants::Endpoint};

/// How old a call is at least, in milliseconds, before it counts as lost: its webhook may be on its way.
const GRACE_MS: u64 = 5 * 60 * 1000;

/// What the arrival of a found call is called.
const FOUND: &str = "found";

/// Looks for lost calls at each endpoint that wants it, as often as it wants. It ends with its future.
pub(crate) async fn look_on(app: &App) {
    let mut due: BTreeMap<&EndpointName, Timestamp> = BTreeMap::new();
    for (name, endpoint) in &app.endpoints {
        if endpoint.lost_calls.is_some() {
            due.insert(name, app.clock.now());
        }
    }
    while let Some((name, at)) = due.iter().min_by_key(|(_, at)| **at).map(|(name, at)| (*name, *at)) {
        tokio::time::sleep(Duration::from_millis(at.ms_since(app.clock.now()))).await;
        let endpoint = &app.endpoints[name];
        let LostCalls { every_ms, back_ms } = endpoint.lost_calls.expect("it is among those that want it");
        match look(app, name, endpoint, back_ms).await {
            Ok(0) => {}
            Ok(found) => tracing::info!(endpoint = %name, found, "calls were found whose webhook was lost"),
            Err(why) => tracing::warn!(endpoint = %name, "lost calls can't be looked for, which is tried again: {why}"),
        }
        due.insert(name, app.clock.now().plus_ms(every_ms));
    }
    std::future::pending().await
}

/// Takes in the calls that the platform lists and nobody here knows. Says how many.
async fn look(app: &App, name: &EndpointName, endpoint: &Endpoint, back_ms: u64) -> Result<u64, String> {
    let api = endpoint.api.as_ref().ok_or("the endpoint has no `api`")?;
    let now = app.clock.now().as_millis();
    let [since, until] = [back_ms, GRACE_MS].map(|ms| Timestamp::from_millis(now.saturating_sub(ms)));
    let mut found = 0;
    for listed in api.list(endpoint.form, Span { since, until }).await? {
        let taken = take(app, name, endpoint, listed).await;
        found += u64::from(taken.map_err(|error| error.to_string())?);
    }
    app.inbox_filled.notify_one();
    Ok(found)
}

/// Has a call wait, unless it is known. Says whether it was not.
async fn take(app: &App, name: &EndpointName, endpoint: &Endpoint, listed: Listed) -> Result<bool, RecordsError> {
    let Endpoint { tenant, platform, .. } = endpoint;
    let Listed { conversation, payload, .. } = listed;
    let of = ConversationIdentity { tenant: tenant.clone(), platform: platform.clone(), conversation };
    if app.inbox.knows(&of).await? {
        return Ok(false);
    }
    let arrival = Arrival {
        tenant: of.tenant,
        endpoint: name.clone(),
        platform: of.platform,
        conversation: Some(of.conversation),
        call: None,
        event: FOUND.to_owned(),
        at: app.clock.now(),
        raw: payload.unwrap_or_default(),
    };
    app.inbox.receive(&arrival, Some(arrival.at)).await?;
    Ok(true)
}
