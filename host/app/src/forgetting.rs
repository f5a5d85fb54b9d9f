//! Deletion: all of what somebody wants gone, part by part, and hour by hour what has been kept long enough.

use std::time::{Duration, Instant};

use aftercall_core::{
    forget::{Forget, Forgotten, kept_since, retention_days},
    ports::{Forgetting, RecordsError},
    time::Timestamp,
};

use crate::app::App;

/// Most conversations that are deleted together: live runs wait for the writer as long as that takes.
const BATCH_MAX: u32 = 16;

/// Shortest pause after a part, in which whoever else writes finds its turn.
const PAUSE: Duration = Duration::from_millis(20);

/// How often files are tried to be cleaned that somebody reads, and how long it waits each time.
const ERASE_TRIES: u32 = 10;
const ERASE_PAUSE: Duration = Duration::from_millis(100);

/// How often the records are looked through for what has been kept long enough.
const SWEEP_EVERY: Duration = Duration::from_secs(60 * 60);

/// Deletes all of it, and leaves as much time between the parts as they take. `gone` hears of each part: those stay deleted
/// if one after them fails.
///
/// # Errors
/// A run has not ended, or the records failed.
pub async fn forget(
    records: &dyn Forgetting,
    what: &Forget,
    at: Timestamp,
    mut gone: impl FnMut(Forgotten),
) -> Result<(), RecordsError> {
    loop {
        let begun = Instant::now();
        let batch = records.forget(what, at, BATCH_MAX).await?;
        gone(batch.gone);
        if batch.is_last {
            return Ok(());
        }
        tokio::time::sleep(begun.elapsed().max(PAUSE)).await;
    }
}

/// Cleans the records' files of what was deleted. False: somebody reads what was there before, and goes on reading.
///
/// # Errors
/// The records failed.
pub async fn erase(records: &dyn Forgetting) -> Result<bool, RecordsError> {
    for _ in 1..ERASE_TRIES {
        if records.erase().await? {
            return Ok(true);
        }
        tokio::time::sleep(ERASE_PAUSE).await;
    }
    records.erase().await
}

/// Deletes what no tenant keeps any longer at that time. Tenants that the configuration doesn't know are held to what
/// the operator says.
///
/// # Errors
/// The records failed. What was deleted before stays so.
pub async fn sweep(app: &App, now: Timestamp) -> Result<Forgotten, RecordsError> {
    let mut all = Forgotten::default();
    let records = &*app.forgetting;
    let mut keeps_all = true;
    for tenant in records.tenants().await? {
        let of_tenant = app.config.tenants.get(&tenant).and_then(|config| config.retention_days);
        let Some(days) = retention_days(of_tenant, app.config.operator.retention_days_max) else { continue };
        keeps_all = false;
        let mut sum = Forgotten::default();
        let what = Forget::EndedBefore { tenant: tenant.clone(), before: kept_since(now, days) };
        let swept = forget(records, &what, now, |part| sum += part).await;
        if sum != Forgotten::default() {
            let Forgotten { conversations, runs, effects, .. } = sum;
            tracing::info!(%tenant, conversations, runs, effects, "deleted what was kept for {days} days");
        }
        all += sum;
        swept?;
    }
    if !keeps_all && !erase(records).await? {
        tracing::warn!(
            "somebody reads the records as they were: what was deleted is in their log until the next sweep"
        );
    }
    Ok(all)
}

/// Sweeps now, and then hour by hour.
pub(crate) async fn sweep_on(app: &App) {
    let mut hours = tokio::time::interval(SWEEP_EVERY);
    loop {
        hours.tick().await;
        if let Err(error) = sweep(app, app.clock.now()).await {
            tracing::warn!("what was kept long enough can't be deleted, which is tried again: {error}");
        }
    }
}
