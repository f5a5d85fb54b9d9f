//! What tenants consented to, as rows. Each function is one transaction's work.

use aftercall_core::{
    consent::{Consent, How, Request},
    id::{InvalidName, PluginName, Sha256Hex, Tenant},
    ports::RecordsError,
};
use rusqlite::{Connection, Row, named_params};

use super::{fault::Fault, integer, timestamp, worker::Worker};
use crate::stored::Document;

pub(super) async fn record(writer: &Worker, consents: &[Consent]) -> Result<(), RecordsError> {
    if consents.is_empty() {
        return Ok(());
    }
    let consents = consents.to_vec();
    writer.run(move |db| consents.iter().try_for_each(|consent| insert(db, consent))).await
}

fn insert(db: &Connection, consent: &Consent) -> Result<(), Fault> {
    let Document { version, json } = Document::of(&consent.request);
    // A row that is replaced gets a new number, and is the newest then.
    db.prepare_cached(
        "INSERT OR REPLACE INTO consents (tenant, plugin, digest, how, at, version, json)
         VALUES (:tenant, :plugin, :digest, :how, :at, :version, :json)",
    )?
    .execute(named_params! {
        ":tenant": consent.tenant.as_str(),
        ":plugin": consent.plugin.as_str(),
        ":digest": consent.digest.as_str(),
        ":how": consent.how.as_str(),
        ":at": integer(consent.at.as_millis()),
        ":version": version,
        ":json": json,
    })?;
    Ok(())
}

pub(super) fn of_tenant(db: &Connection, tenant: &Tenant) -> Result<Vec<Consent>, Fault> {
    db.prepare_cached("SELECT plugin, digest, how, at, version, json FROM consents WHERE tenant = ?1 ORDER BY number")?
        .query_and_then([tenant.as_str()], |row| read(row, tenant))?
        .collect()
}

fn read(row: &Row<'_>, tenant: &Tenant) -> Result<Consent, Fault> {
    let unreadable = |why: String| RecordsError::Unreadable(format!("a consent of tenant {tenant}: {why}"));
    let invalid = |error: InvalidName| unreadable(error.to_string());
    let plugin: PluginName = row.get::<_, String>("plugin")?.try_into().map_err(invalid)?;
    let how: String = row.get("how")?;
    let document = Document { version: row.get("version")?, json: row.get("json")? };
    Ok(Consent {
        tenant: tenant.clone(),
        digest: Sha256Hex::from_stored(row.get("digest")?),
        how: How::from_stored(&how).ok_or_else(|| unreadable(format!("`{how}` is no way to consent")))?,
        at: timestamp(row.get("at")?, "a tenant consented")?,
        request: document.read::<Request>(|| format!("the consent of tenant {tenant} to plugin {plugin}"))?,
        plugin,
    })
}
