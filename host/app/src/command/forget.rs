//! `aftercall forget`: deletes a conversation, those that ended before a date, or all that is kept of a tenant.

use std::io::Write;

use aftercall_core::{
    forget::{Forget, Forgotten},
    id::{ConversationIdentity, Tenant},
    ports::{Clock as _, Forgetting},
    time::Timestamp,
};
use aftercall_storage::{Reader, Sqlite};
use anyhow::{Context as _, anyhow, bail};
use jiff::{civil::Date, tz::TimeZone};

use super::runs::{find, path, reader};
use crate::{
    cli,
    clock::SystemClock,
    config::nearest,
    forgetting::{erase, forget as forget_all},
    halt::{self, Halting},
};

/// Deletes what the command line names, or says what that would be. Says whether it was done.
///
/// # Errors
/// There is no such thing, a run of it has not ended, or the records can't be written.
pub async fn forget(arguments: &cli::Forget, out: &mut impl Write) -> anyhow::Result<bool> {
    let path = path(&arguments.store)?;
    let cannot = || format!("the records {} can't be opened", path.display());
    if arguments.compact {
        Sqlite::compact(&path).with_context(cannot)?;
        writeln!(out, "The records are written anew: nothing that was deleted is left in their files.")?;
        return Ok(true);
    }
    let reader = reader(&arguments.store)?;
    let beside = Sqlite::open_beside(&path).with_context(cannot)?;
    let now = SystemClock.now();
    let what = what(arguments, &reader, &beside, now).await?;
    let counted = beside.count(&what).await?;
    if counted == Forgotten::default() {
        writeln!(out, "There is nothing to delete.")?;
        return Ok(true);
    }
    if !arguments.yes {
        writeln!(out, "This would delete {}.", in_words(&counted))?;
        writeln!(out, "It can't be undone: say it again with --yes to do it.")?;
        return Ok(false);
    }
    let records = Halting::new(beside.into(), halt::asked_for().unwrap_or(usize::MAX));
    let mut gone = Forgotten::default();
    let ended = forget_all(&records, &what, now, |part| gone += part).await;
    if gone != Forgotten::default() {
        writeln!(out, "Deleted {}. What comes of these conversations again begins nothing.", in_words(&gone))?;
    }
    ended?;
    if !erase(&records).await? {
        writeln!(
            out,
            "Somebody reads the records as they were: what was deleted is in {}-wal until that ends and they are written \
             to, or `aftercall forget --compact` is run.",
            path.display()
        )?;
    }
    Ok(true)
}

async fn what(
    arguments: &cli::Forget,
    reader: &Reader,
    records: &dyn Forgetting,
    now: Timestamp,
) -> anyhow::Result<Forget> {
    if let Some(beginning) = &arguments.run {
        let run = find(reader, beginning).await?;
        return Ok(Forget::Conversation(reader.line(&run).await?.identity.of_conversation()));
    }
    let tenant = arguments.tenant.clone().expect("the command line requires it of all that is no run");
    let known = records.tenants().await?;
    if !known.contains(&tenant) {
        let known: Vec<&str> = known.iter().map(Tenant::as_str).collect();
        let hint = nearest(tenant.as_str(), &known).map(|near| format!("; did you mean `{near}`?"));
        bail!("nothing is kept of a tenant `{tenant}`{}", hint.unwrap_or_default());
    }
    match (&arguments.conversation, arguments.ended_before) {
        (Some(conversation), _) => one_conversation(arguments, reader, tenant, conversation).await,
        (None, Some(before)) if before > now => bail!("--ended-before lies in the future: nothing has ended then yet"),
        (None, Some(before)) => Ok(Forget::EndedBefore { tenant, before }),
        (None, None) => Ok(Forget::Tenant(tenant)),
    }
}

async fn one_conversation(
    arguments: &cli::Forget,
    reader: &Reader,
    tenant: Tenant,
    conversation: &str,
) -> anyhow::Result<Forget> {
    let mut platforms = reader.platforms_of(&tenant, conversation).await?;
    platforms.retain(|platform| arguments.platform.as_ref().is_none_or(|named| named == platform));
    let list = || format!("`aftercall runs --tenant {tenant}` lists those there are");
    let platform = match platforms.as_slice() {
        [only] => only.clone(),
        [] => bail!("nothing is kept of a conversation `{conversation}` of tenant {tenant}: {}", list()),
        several => {
            let several: Vec<&str> = several.iter().map(|platform| platform.as_str()).collect();
            bail!(
                "several platforms have a conversation `{conversation}`: say --platform, one of {}",
                several.join(", ")
            )
        }
    };
    Ok(Forget::Conversation(ConversationIdentity { tenant, platform, conversation: conversation.to_owned() }))
}

fn in_words(forgotten: &Forgotten) -> String {
    let Forgotten { conversations, runs, effects, values, consents, refresh_tokens, events, days } = *forgotten;
    let parts = [
        (conversations, "conversation", "conversations"),
        (runs, "run", "runs"),
        (effects, "effect", "effects"),
        (values, "value of a plugin", "values of plugins"),
        (consents, "consent", "consents"),
        (refresh_tokens, "refresh token", "refresh tokens"),
        (events, "event of no call", "events of no call"),
        (days, "day of usage", "days of usage"),
    ];
    let there = parts.into_iter().filter(|(number, ..)| *number > 0);
    let words = there.map(|(number, one, many)| format!("{number} {}", if number == 1 { one } else { many }));
    words.collect::<Vec<_>>().join(", ")
}

/// The instant that a text names: by RFC 3339, or a date for the beginning of that day in UTC.
///
/// # Errors
/// It names none.
pub fn instant(text: &str) -> anyhow::Result<Timestamp> {
    let at = match text.parse::<Date>() {
        Ok(date) if !text.contains(':') => date.to_zoned(TimeZone::UTC).map(|midnight| midnight.timestamp()),
        _ => text.parse::<jiff::Timestamp>(),
    };
    let millis = at.ok().and_then(|at| u64::try_from(at.as_millisecond()).ok());
    let remedy = "write 2026-01-31, which begins at 00:00 UTC, or 2026-01-31T12:00:00Z";
    millis.map(Timestamp::from_millis).ok_or_else(|| anyhow!("no date: {remedy}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_or_instants() {
        for (text, expected) in [
            ("2026-01-31", Some(1_769_817_600_000)),
            ("2026-01-31T12:00:00Z", Some(1_769_860_800_000)),
            ("2026-01-31T12:00:00+02:00", Some(1_769_853_600_000)),
            ("2026-01-31T12:00:00", None),
            ("2026-02-31", None),
            ("1969-12-31", None),
            ("yesterday", None),
            ("", None),
        ] {
            let found = instant(text).ok().map(Timestamp::as_millis);
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_is_deleted_is_told_in_words() {
        let one = Forgotten { conversations: 1, runs: 2, ..Forgotten::default() };
        assert_eq!(in_words(&one), "1 conversation, 2 runs");
        let rest = Forgotten { values: 2, consents: 1, refresh_tokens: 3, ..Forgotten::default() };
        assert_eq!(in_words(&rest), "2 values of plugins, 1 consent, 3 refresh tokens");
    }
}
