//! Calls that wait before their run begins: something of them is still to come or to be fetched, or their time has not
//! come; and calls of which no webhook came at all.

mod api;
mod begin;
mod lost;

use std::{sync::Arc, time::Duration};

use aftercall_core::{ports::RecordsError, time::Timestamp};
use futures::future::try_join_all;

pub(crate) use api::{PlatformApi, client};
pub(crate) use lost::look_on;

use crate::app::App;

/// Calls that are looked at together: protects memory from a backlog, each of whose calls may have megabytes.
const BEGIN_MAX: u32 = 8;

/// Longest pause in which nothing is looked for, in milliseconds: a clock that was set ahead meanwhile is found out.
const PAUSE_MS_MAX: u64 = 60_000;

/// How long events are kept that are of no call, in milliseconds: a week.
const KEPT_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;

/// Begins the runs of calls that are ready, as they become so. It ends with its future.
pub(crate) async fn work_on(app: &Arc<App>) {
    loop {
        let filled = app.inbox_filled.notified();
        let pause = match begin_ready(app).await {
            Ok(next) => next.map_or(PAUSE_MS_MAX, |next| next.ms_since(app.clock.now()).min(PAUSE_MS_MAX)),
            Err(error) => {
                tracing::warn!("calls that wait can't be looked through, which is tried again: {error}");
                PAUSE_MS_MAX
            }
        };
        tokio::select! {
            () = filled => {}
            () = tokio::time::sleep(Duration::from_millis(pause.max(1))) => {}
        }
    }
}

/// Begins the runs of all calls that are ready. Says when the next one is.
async fn begin_ready(app: &Arc<App>) -> Result<Option<Timestamp>, RecordsError> {
    let now = app.clock.now();
    app.inbox.expire(Timestamp::from_millis(now.as_millis().saturating_sub(KEPT_MS_MAX))).await?;
    loop {
        let ready = app.inbox.ready(app.clock.now(), BEGIN_MAX).await?;
        if ready.is_empty() {
            return app.inbox.next_ready().await;
        }
        let begun: Vec<_> = ready.iter().map(|call| begin::begin(app, call)).collect();
        try_join_all(begun).await?;
    }
}
