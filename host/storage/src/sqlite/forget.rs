//! Deleting, in rows. Each function is one transaction's work, and a conversation is deleted whole in one.
//!
//! A table that holds anything of a conversation or a tenant belongs into [`remove`] or [`rest_of_tenant`]: a test looks
//! through all tables that there are.

use aftercall_core::{
    forget::{Batch, Forget, Forgotten},
    id::{ConversationIdentity, RunId, Sha256Hex, Tenant},
    ports::RecordsError,
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension as _, Params, ToSql, params_from_iter};

use super::{fault::Fault, inbox, integer, journal::unreadable};

/// Payloads and conversations that one part deletes, in bytes, but for the last conversation: protects live runs from waiting
/// for the writer.
const BATCH_BYTES_MAX: u64 = 2 << 20;

/// Which conversations: a query for their platforms and names, and its parameters, the tenant first.
struct Which {
    sql: &'static str,
    parameters: Vec<Box<dyn ToSql>>,
}

impl Which {
    fn of(what: &Forget) -> Self {
        match what {
            Forget::Conversation(of) => Self {
                sql: "SELECT platform, conversation FROM runs
                      WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3
                      UNION SELECT platform, conversation FROM waiting
                      WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3",
                parameters: vec![
                    Box::new(of.tenant.to_string()),
                    Box::new(of.platform.to_string()),
                    Box::new(of.conversation.clone()),
                ],
            },
            Forget::EndedBefore { tenant, before } => Self {
                sql: "SELECT DISTINCT platform, conversation FROM runs AS ended
                      WHERE tenant = ?1 AND ended_at < ?2 AND NOT EXISTS (
                          SELECT 1 FROM runs AS other
                          WHERE other.tenant = ended.tenant AND other.platform = ended.platform
                              AND other.conversation = ended.conversation
                              AND (other.ending IS NULL OR other.ended_at >= ?2))",
                parameters: vec![Box::new(tenant.to_string()), Box::new(integer(before.as_millis()))],
            },
            Forget::Tenant(tenant) => Self {
                sql: "SELECT platform, conversation FROM runs WHERE tenant = ?1
                      UNION SELECT platform, conversation FROM waiting WHERE tenant = ?1",
                parameters: vec![Box::new(tenant.to_string())],
            },
        }
    }

    fn parameters(&self) -> impl Params {
        params_from_iter(&self.parameters)
    }
}

pub(super) fn forget(db: &Connection, what: &Forget, at: Timestamp, most: u32) -> Result<Batch, Fault> {
    if let Some(run) = not_ended(db, what)? {
        return Err(RecordsError::NotEnded(run).into());
    }
    let batch = conversations(db, what, at, most.max(1))?;
    match what {
        Forget::Tenant(tenant) if batch.is_last => rest_of_tenant(db, tenant, batch.gone, most.max(1)),
        _ => Ok(batch),
    }
}

/// A run for whose end the deletion has to wait.
fn not_ended(db: &Connection, what: &Forget) -> Result<Option<RunId>, Fault> {
    let run: Option<String> = match what {
        Forget::Conversation(of) => db
            .prepare_cached(
                "SELECT run FROM runs WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3 AND ending IS NULL",
            )?
            .query_row(key(of), |row| row.get(0))
            .optional()?,
        // By the index of what has not ended: there is less of that than of what has.
        Forget::Tenant(tenant) => db
            .prepare_cached(
                "SELECT run FROM runs INDEXED BY runs_by_wake WHERE tenant = ?1 AND ending IS NULL LIMIT 1",
            )?
            .query_row([tenant.as_str()], |row| row.get(0))
            .optional()?,
        Forget::EndedBefore { .. } => None,
    };
    Ok(run.map(RunId::from_stored))
}

fn conversations(db: &Connection, what: &Forget, at: Timestamp, most: u32) -> Result<Batch, Fault> {
    let found = find(db, what, most)?;
    let mut batch = Batch { gone: Forgotten::default(), is_last: u32::try_from(found.len()).is_ok_and(|n| n < most) };
    let mut bytes = 0;
    for of in &found {
        if bytes > BATCH_BYTES_MAX {
            batch.is_last = false;
            break;
        }
        bytes += size(db, of)?;
        batch.gone += remove(db, of, at)?;
    }
    Ok(batch)
}

fn find(db: &Connection, what: &Forget, most: u32) -> Result<Vec<ConversationIdentity>, Fault> {
    let (Forget::Conversation(ConversationIdentity { tenant, .. })
    | Forget::EndedBefore { tenant, .. }
    | Forget::Tenant(tenant)) = what;
    let which = Which::of(what);
    db.prepare_cached(&format!("{} LIMIT {most}", which.sql))?
        .query_and_then(which.parameters(), |row| {
            Ok(ConversationIdentity {
                tenant: tenant.clone(),
                platform: row.get::<_, String>("platform")?.try_into().map_err(unreadable)?,
                conversation: row.get("conversation")?,
            })
        })?
        .collect()
}

fn key(of: &ConversationIdentity) -> [&str; 3] {
    [of.tenant.as_str(), of.platform.as_str(), &of.conversation]
}

fn size(db: &Connection, of: &ConversationIdentity) -> Result<u64, Fault> {
    let bytes: i64 = db
        .prepare_cached(
            "SELECT ifnull(sum(octet_length(json) + length(raw)), 0)
             FROM runs JOIN conversations ON conversations.run = runs.number
             WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3",
        )?
        .query_row(key(of), |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

/// Removes one conversation from all tables.
fn remove(db: &Connection, of: &ConversationIdentity, at: Timestamp) -> Result<Forgotten, Fault> {
    let delete = |from: &str| {
        db.prepare_cached(&format!("DELETE FROM {from} WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3"))?
            .execute(key(of))
    };
    // What refers to runs goes before them.
    for (table, refers_to) in [("events", "number"), ("conversations", "number"), ("interventions", "run")] {
        db.prepare_cached(&format!(
            "DELETE FROM {table} WHERE run IN
                 (SELECT {refers_to} FROM runs WHERE tenant = ?1 AND platform = ?2 AND conversation = ?3)"
        ))?
        .execute(key(of))?;
    }
    inbox::remove(db, of)?;
    let effects = count(delete("effects")?);
    let runs = count(delete("runs")?);
    db.prepare_cached("INSERT OR REPLACE INTO forgotten (conversation, at) VALUES (?1, ?2)")?
        .execute((of.digest().as_str(), integer(at.as_millis())))?;
    Ok(Forgotten { conversations: 1, runs, effects, ..Forgotten::default() })
}

/// Removes what is kept of a tenant beside conversations, of which there are none any more.
fn rest_of_tenant(db: &Connection, tenant: &Tenant, mut gone: Forgotten, most: u32) -> Result<Batch, Fault> {
    let delete = |from: &str| {
        db.prepare_cached(&format!("DELETE FROM {from} WHERE tenant = ?1"))?.execute([tenant.as_str()]).map(count)
    };
    gone.values = db
        .prepare_cached(
            "DELETE FROM plugin_state WHERE version IN (SELECT version FROM plugin_state WHERE tenant = ?1 LIMIT ?2)",
        )?
        .execute((tenant.as_str(), most))
        .map(count)?;
    if gone.values == u64::from(most) {
        return Ok(Batch { gone, is_last: false });
    }
    gone.events = delete("arrivals")?;
    gone.consents = delete("consents")?;
    gone.refresh_tokens = delete("refresh_tokens")?;
    gone.days = delete("spent")?;
    Ok(Batch { gone, is_last: true })
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

/// How much would be deleted.
pub(super) fn count_of(db: &Connection, what: &Forget) -> Result<Forgotten, Fault> {
    let which = Which::of(what);
    let numbers: [i64; 3] = db
        .prepare_cached(&format!(
            "WITH these AS MATERIALIZED ({})
             SELECT
                 (SELECT count(*) FROM these),
                 (SELECT count(*) FROM these JOIN runs USING (platform, conversation) WHERE tenant = ?1),
                 (SELECT count(*) FROM these JOIN effects USING (platform, conversation) WHERE tenant = ?1)",
            which.sql
        ))?
        .query_row(which.parameters(), |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
    let [conversations, runs, effects] = numbers.map(|number| u64::try_from(number).unwrap_or(0));
    let counted = Forgotten { conversations, runs, effects, ..Forgotten::default() };
    let Forget::Tenant(tenant) = what else { return Ok(counted) };
    let rows = |of: &str| {
        let number: u32 = db
            .prepare_cached(&format!("SELECT count(*) FROM {of} WHERE tenant = ?1"))?
            .query_row([tenant.as_str()], |row| row.get(0))?;
        Ok::<_, Fault>(u64::from(number))
    };
    let (values, consents, refresh_tokens) = (rows("plugin_state")?, rows("consents")?, rows("refresh_tokens")?);
    let (events, days) = (inbox::count_kept(db, tenant)?, rows("spent")?);
    Ok(Forgotten { values, consents, refresh_tokens, events, days, ..counted })
}

/// Tenants of whom anything is kept, in order. The large table is asked for one after another, by its index.
pub(super) fn tenants(db: &Connection) -> Result<Vec<Tenant>, Fault> {
    db.prepare_cached(
        "WITH RECURSIVE of_runs (tenant) AS (
             SELECT min(tenant) FROM runs
             UNION ALL
             SELECT (SELECT min(tenant) FROM runs WHERE tenant > of_runs.tenant) FROM of_runs WHERE tenant IS NOT NULL)
         SELECT tenant FROM of_runs WHERE tenant IS NOT NULL
         UNION SELECT tenant FROM arrivals
         UNION SELECT tenant FROM plugin_state
         UNION SELECT tenant FROM consents
         UNION SELECT tenant FROM refresh_tokens
         UNION SELECT tenant FROM spent
         ORDER BY tenant",
    )?
    .query_and_then([], |row| Ok(row.get::<_, String>(0)?.try_into().map_err(unreadable)?))?
    .collect()
}

/// Whether a conversation was deleted.
pub(super) fn is_forgotten(db: &Connection, conversation: &Sha256Hex) -> Result<bool, Fault> {
    Ok(db.prepare_cached("SELECT 1 FROM forgotten WHERE conversation = ?1")?.exists([conversation.as_str()])?)
}
