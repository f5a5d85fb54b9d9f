//! What platforms tell of calls before a run begins of them: since something of the call is still to come or to be fetched,
//! or its time has not come.

use crate::{
    assistant::Start,
    conversation::Conversation,
    id::{ConversationIdentity, EndpointName, Platform, Tenant},
    json::Json,
    time::Timestamp,
};

/// An event of a platform, verified and not yet worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Whose.
    pub tenant: Tenant,
    /// At which of the tenant's endpoints.
    pub endpoint: EndpointName,
    /// Of which platform.
    pub platform: Platform,
    /// Which call, as the platform names it. None: the event doesn't say, or is of no call.
    pub conversation: Option<String>,
    /// Another name that the platform's events of this call share.
    pub call: Option<String>,
    /// What kind of event, in the platform's word.
    pub event: String,
    /// When it came.
    pub at: Timestamp,
    /// The event as it came, without the secrets in it.
    pub raw: Vec<u8>,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Received {
    /// Its call waits until it is whole or its time has come.
    Waiting,
    /// It is of no call that waits: it is kept for a while, for people to look at.
    Kept,
    /// Its conversation was deleted: nothing of it is kept.
    Forgotten,
}

/// The place of a waiting call in the order in which calls came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WaitingNumber(pub u64);

/// A call of which no run has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingCall {
    /// Its place.
    pub number: WaitingNumber,
    /// Which call.
    pub of: ConversationIdentity,
    /// Where its first event came.
    pub endpoint: EndpointName,
    /// When its first event came.
    pub since: Timestamp,
    /// When its run is to begin, or is tried to begin again.
    pub ready_at: Timestamp,
    /// How often its run has been tried to begin.
    pub tries: u32,
    /// Why its run could not begin, the last time.
    pub trouble: Option<String>,
}

/// The events of a waiting call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingEvents {
    /// Each as it came, oldest first.
    pub raw: Vec<Vec<u8>>,
    /// The place of the newest, by which [`Inbox::begun`](crate::ports::Inbox::begun) knows of later ones.
    pub newest: u64,
}

/// An event that is of no call that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Whose.
    pub tenant: Tenant,
    /// At which endpoint.
    pub endpoint: EndpointName,
    /// Of which platform.
    pub platform: Platform,
    /// What kind, in the platform's word.
    pub event: String,
    /// When it came.
    pub at: Timestamp,
    /// How large it is, in bytes.
    pub bytes: u64,
}

/// What a platform made of a call, as it is added to what is kept of the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// A summary.
    pub summary: Option<String>,
    /// Variables: a JSON object.
    pub variables: Option<Json>,
    /// The payload that has it, with all that was known before.
    pub raw: Vec<u8>,
}

impl Analysis {
    /// Whether it has a summary or variables where the conversation has none.
    pub fn adds_to(&self, conversation: &Conversation) -> bool {
        let summary = conversation.summary.is_none() && self.summary.is_some();
        summary || conversation.variables.is_none() && self.variables.is_some()
    }

    /// Adds what it has: the first summary stays, the newest variables count.
    pub fn add_to(&self, conversation: &mut Conversation) {
        if conversation.summary.is_none() {
            conversation.summary.clone_from(&self.summary);
        }
        if self.variables.is_some() {
            conversation.variables.clone_from(&self.variables);
        }
    }
}

/// When a call's run begins: once the analysis is there that is waited for, or the time for it is over, and not before the
/// pause after the call that the assistant makes.
///
/// `ended_at` is the platform's word, and no later than `now` counts.
pub fn ready_at(now: Timestamp, ended_at: Option<Timestamp>, is_analysed: bool, start: Start) -> Timestamp {
    let ended_at = ended_at.map_or(now, |ended_at| ended_at.min(now));
    let settled = if is_analysed { now } else { now.plus_ms(start.settle_ms) };
    settled.max(ended_at.plus_ms(start.delay_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_begins_when_its_call_is_whole_or_its_time_is_over() {
        let at = Timestamp::from_millis;
        for (ended_at, is_analysed, settle_ms, delay_ms, expected) in [
            (None, true, 60, 0, 1000),
            (None, false, 60, 0, 1060),
            (Some(900), true, 60, 0, 1000),
            (Some(900), true, 60, 500, 1400),
            (Some(900), false, 600, 500, 1600),
            (Some(100), true, 0, 500, 1000),
            (Some(99_999), true, 0, 500, 1500),
            (None, false, u64::MAX, 0, u64::MAX),
        ] {
            let start = Start { settle_ms, delay_ms, revises: false };
            let ready_at = ready_at(at(1000), ended_at.map(at), is_analysed, start);
            assert_eq!(ready_at, at(expected), "{ended_at:?} {is_analysed} {start:?}");
        }
    }
}
