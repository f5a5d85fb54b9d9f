//! What is kept of a follow-up, by the address that it goes to: how it is found again, and stopped.

use aftercall::{Context, Entry, Failure, FailureKind, StateError};
use serde::{Deserialize, Serialize};

use crate::arguments::Recipient;

/// How long a follow-up is remembered after its last email, in milliseconds: the longest that an attempt may be in doubt.
pub(crate) const KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// How entries are stored.
pub(crate) const VERSION: u32 = 1;

/// What keys begin with.
const PREFIX: &str = "followup/";
/// Longest address that fits a key of 256 bytes with the prefix. SMTP allows seven bytes more.
const ADDRESS_BYTES_MAX: usize = 247;
/// Most entries that are looked at to make room. Keeps a call within its operations on the state: two for each, of 200.
const LOOKED_AT_MAX: usize = 80;
/// How long the same of them are looked at, in milliseconds.
const TURN_MS: u64 = 60_000;

/// A follow-up.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    /// Of the form in which it is stored: [`VERSION`].
    pub(crate) version: u32,
    /// The effect's key.
    pub(crate) key: String,
    pub(crate) followup: String,
    pub(crate) batch_id: String,
    pub(crate) emails: usize,
    pub(crate) made_at_ms: u64,
    /// When the first of its emails goes out.
    pub(crate) first_at_ms: u64,
    pub(crate) last_at_ms: u64,
    pub(crate) progress: Progress,
}

/// How far a follow-up came.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Progress {
    /// Its emails are being handed over.
    Begun,
    /// SendGrid has all of them.
    Scheduled,
    /// It couldn't be scheduled whole, and what there was of it is cancelled.
    Withdrawn,
    /// Somebody stopped it.
    Stopped,
}

/// The follow-up of an address, and the version of its entry.
pub(crate) fn load(email: &Recipient, cx: &Context) -> Result<Option<(Kept, u64)>, Failure> {
    let Some(entry) = cx.state().get(&key(email)?)? else { return Ok(None) };
    Ok(Some((read(&entry)?, entry.version)))
}

impl Kept {
    /// Keeps it in the place of what stood there at this version.
    pub(crate) fn save(&self, email: &Recipient, version: Option<u64>, cx: &Context) -> Result<u64, Failure> {
        let key = key(email)?;
        let stored = serde_json::to_vec(self)
            .map_err(|error| Failure::other(format!("the follow-up can't be kept: {error}")))?;
        match cx.state().put_if(&key, &stored, version) {
            Err(StateError::Full) => {
                make_room(cx)?;
                Ok(cx.state().put_if(&key, &stored, version)?)
            }
            saved => Ok(saved?),
        }
    }

    /// Keeps that it was stopped, so that another may be started. Where the attempt that schedules it wrote in between, over that.
    pub(crate) fn stop(self, email: &Recipient, version: u64, cx: &Context) -> Result<(), Failure> {
        let batch_id = self.batch_id.clone();
        let stopped = |kept: Self, version| Self { progress: Progress::Stopped, ..kept }.save(email, Some(version), cx);
        match stopped(self, version) {
            Err(failure) if failure.kind == FailureKind::Conflict => match load(email, cx)? {
                Some((now, version)) if now.batch_id == batch_id && now.runs(cx) => stopped(now, version).map(drop),
                _ => Ok(()),
            },
            saved => saved.map(drop),
        }
    }

    /// Whether an email of it may yet go out.
    pub(crate) fn runs(&self, cx: &Context) -> bool {
        matches!(self.progress, Progress::Begun | Progress::Scheduled) && cx.now() < self.last_at_ms
    }
}

fn read(entry: &Entry) -> Result<Kept, Failure> {
    let kept: Kept = entry.json()?;
    if kept.version == VERSION {
        Ok(kept)
    } else {
        Err(Failure::other(format!("a newer version of the plugin kept this follow-up, as {}", kept.version)))
    }
}

/// What every entry says: a follow-up, and a batch that was cancelled.
#[derive(Deserialize)]
struct Dated {
    version: u32,
    last_at_ms: u64,
}

/// Forgets what is long over. There may be more than a call may look at, and where the last one came to can't be kept in a state
/// that is full: so each minute has other ones, and all have their turn.
pub(crate) fn make_room(cx: &Context) -> Result<(), Failure> {
    let keys = cx.state().keys("")?;
    let turns = u64::try_from(keys.len().div_ceil(LOOKED_AT_MAX)).unwrap_or(u64::MAX).max(1);
    let turn = usize::try_from(cx.now() / TURN_MS % turns).unwrap_or_default();
    for key in keys.chunks(LOOKED_AT_MAX).nth(turn).unwrap_or_default() {
        let Some(entry) = cx.state().get(key)? else { continue };
        // What can't be read isn't in the way of the others.
        let is_over = |dated: Dated| dated.version == VERSION && dated.last_at_ms.saturating_add(KEPT_MS) < cx.now();
        if entry.json().is_ok_and(is_over) {
            cx.state().delete(key)?;
        }
    }
    Ok(())
}

fn key(email: &Recipient) -> Result<String, Failure> {
    if email.as_str().len() > ADDRESS_BYTES_MAX {
        return Err(Failure::invalid_arguments(format!("email: {email} is longer than {ADDRESS_BYTES_MAX} bytes")));
    }
    Ok(format!("{PREFIX}{email}"))
}
