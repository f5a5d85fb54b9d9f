//! Instants as the vendors write them.

use jiff::Timestamp;

/// `2026-03-01T09:30:00.000Z`
pub(crate) fn iso(ms: u64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// `Sun, 01 Mar 2026 09:30:00 +0000`
pub(crate) fn rfc2822(ms: u64) -> String {
    timestamp(ms).strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

fn timestamp(ms: u64) -> Timestamp {
    i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::MAX)
}
