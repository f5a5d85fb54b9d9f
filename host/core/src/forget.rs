//! What is to be deleted, what was, and when its time has come.

use std::{num::NonZeroU32, ops::AddAssign};

use crate::{
    cap::DAY_MS,
    id::{ConversationIdentity, Tenant},
    time::Timestamp,
};

/// What is to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forget {
    /// One conversation. It is refused while a run of it has not ended.
    Conversation(ConversationIdentity),
    /// A tenant's conversations whose last run ended before an instant. One with a run that has not ended stays, since
    /// the ledger spans the conversation.
    EndedBefore {
        /// Whose.
        tenant: Tenant,
        /// Before when.
        before: Timestamp,
    },
    /// All that is kept of a tenant: its conversations, what plugins keep there, what it consented to, its refresh tokens, what it
    /// has used of models.
    /// It is refused while a run of it has not ended.
    Tenant(Tenant),
}

/// How much is deleted, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Conversations, each with its payloads, its runs and its part of the ledger, or what waits of it.
    pub conversations: u64,
    /// Their runs, each with its journal and what was asked of it.
    pub runs: u64,
    /// Their effects in the ledger.
    pub effects: u64,
    /// What plugins keep, by key.
    pub values: u64,
    /// Consents of a tenant.
    pub consents: u64,
    /// Refresh tokens of a tenant.
    pub refresh_tokens: u64,
    /// Events of a tenant that are of no call that waits.
    pub events: u64,
    /// Days of which it is kept what a tenant has used of models.
    pub days: u64,
}

impl AddAssign for Forgotten {
    fn add_assign(&mut self, more: Self) {
        self.conversations += more.conversations;
        self.runs += more.runs;
        self.effects += more.effects;
        self.values += more.values;
        self.consents += more.consents;
        self.refresh_tokens += more.refresh_tokens;
        self.events += more.events;
        self.days += more.days;
    }
}

/// A part of what is to be deleted, gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// How much it was.
    pub gone: Forgotten,
    /// Whether nothing was left.
    pub is_last: bool,
}

/// How long conversations are kept after their last run ended, in days: as long as the tenant says, and no longer than the
/// operator allows. None: for ever.
pub fn retention_days(of_tenant: Option<NonZeroU32>, most: Option<NonZeroU32>) -> Option<NonZeroU32> {
    of_tenant.into_iter().chain(most).min()
}

/// The instant before which the last run ended of what is kept no longer.
pub fn kept_since(now: Timestamp, days: NonZeroU32) -> Timestamp {
    let kept_ms = u64::from(days.get()).saturating_mul(DAY_MS);
    Timestamp::from_millis(now.as_millis().saturating_sub(kept_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_time_holds() {
        for (of_tenant, most, expected) in
            [(None, None, None), (Some(30), None, Some(30)), (None, Some(90), Some(90)), (Some(30), Some(90), Some(30))]
        {
            let [of_tenant, most, expected] = [of_tenant, most, expected].map(|days| days.and_then(NonZeroU32::new));
            assert_eq!(retention_days(of_tenant, most), expected, "{of_tenant:?} {most:?}");
        }
    }

    #[test]
    fn days_are_counted_back_from_now() {
        let days = |days| NonZeroU32::new(days).expect("not zero");
        for (now, kept, expected) in [(5 * DAY_MS + 1, 2, 3 * DAY_MS + 1), (DAY_MS, 1, 0), (DAY_MS, u32::MAX, 0)] {
            let since = kept_since(Timestamp::from_millis(now), days(kept));
            assert_eq!(since, Timestamp::from_millis(expected), "{kept} days before {now}");
        }
    }
}
