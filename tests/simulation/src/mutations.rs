//! Deliberate faults: one at a time, each a promise of a port that is not kept. A simulation that catches none of
//! them would prove nothing.

mod broken_records;
mod broken_tools;

pub(crate) use broken_records::{Records, doubted};
pub(crate) use broken_tools::BrokenTools;

use crate::laws::Law;

/// A promise that is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mutation {
    /// The ledger says that it recorded an outcome, and didn't.
    DoneForgotten,
    /// A doubt that was settled as having happened is recorded as not.
    SettledBackwards,
    /// An attempt in doubt is recorded as failed for certain.
    DoubtRecordedAsFailure,
    /// Whether an effect may be repeated in doubt isn't looked at.
    DoubtIgnored,
    /// What was open when the engine died isn't there any more.
    OpenEntriesLost,
    /// What only a person can tell is tried again.
    UnknowableTriedAgain,
    /// A success with other arguments is a reason to do it again.
    ConflictDoneAgain,
    /// Effects are not counted.
    CapsNotCounted,
    /// The ledger takes what a replaced engine writes.
    LedgerUnfenced,
    /// The journal takes what a replaced engine writes.
    JournalUnfenced,
    /// Calls are accepted for a replaced engine.
    AcceptUnfenced,
    /// Whoever takes the records over gets the number that the one before has.
    FenceNotRaised,
    /// The newest event of a journal isn't durable, though it was said to be.
    LastEventLost,
    /// A run that was accepted isn't durable, though it was said to be.
    AcceptLost,
    /// The same call is accepted as new each time.
    AcceptedAnew,
    /// Runs that had begun aren't among those that have not ended.
    UnfinishedForgotten,
    /// Whatever was accepted, runs may cost what they like.
    BudgetsForgotten,
    /// The door says that a write is recorded, and records nothing.
    WriteNotRecorded,
    /// The door records a write after it has left.
    WriteRecordedLate,
    /// The door lets a write leave that could not be recorded.
    RefusalIgnored,
    /// The door takes silence for a refusal.
    SilenceIsRefusal,
    /// What nobody asked about did not happen.
    SettledUnasked,
    /// Tools don't look at when the run's time is over.
    DeadlineIgnored,
    /// More runs go on at once than there is room for.
    RoomIgnored,
    /// All tenants wait in one queue.
    OneQueueForAll,
    /// All tenants weigh the same.
    WeightsIgnored,
    /// The grant doesn't say that a person must approve.
    ApprovalForgotten,
    /// What people said is not forgotten once it is done or declined, and is said anew each time it is read.
    WordsSaidAnew,
    /// Runs that wait for a person aren't listed.
    PeopleNotAsked,
    /// Of what was begun and not sent, the ledger says that it may have been.
    NothingSentDoubted,
    /// The grant doesn't say when tools may act.
    HoursForgotten,
    /// Whoever sleeps is woken an hour late.
    WokenLate,
    /// What the live call did isn't recorded.
    SeedsForgotten,
    /// What the live call may have done is recorded as not done.
    UnclearSeedsDropped,
    /// Events are recorded with what clocks show, whatever the time of the run.
    WallTimeRecorded,
}

impl Mutation {
    /// All of them, each with the law that catches it.
    pub const ALL: [(Mutation, Law); 35] = [
        (Mutation::DoneForgotten, Law::NothingRepeated),
        (Mutation::SettledBackwards, Law::NothingRepeated),
        (Mutation::DoubtRecordedAsFailure, Law::OnceNotInDoubt),
        (Mutation::DoubtIgnored, Law::OnceNotInDoubt),
        (Mutation::OpenEntriesLost, Law::OnceNotInDoubt),
        (Mutation::UnknowableTriedAgain, Law::OnceNotInDoubt),
        (Mutation::ConflictDoneAgain, Law::NothingRepeated),
        (Mutation::CapsNotCounted, Law::Caps),
        (Mutation::LedgerUnfenced, Law::Fence),
        (Mutation::JournalUnfenced, Law::Fence),
        (Mutation::AcceptUnfenced, Law::Fence),
        (Mutation::FenceNotRaised, Law::Fence),
        (Mutation::LastEventLost, Law::JournalKept),
        (Mutation::AcceptLost, Law::EveryCallEnds),
        (Mutation::AcceptedAnew, Law::AcceptedOnce),
        (Mutation::UnfinishedForgotten, Law::EveryCallEnds),
        (Mutation::BudgetsForgotten, Law::Budgets),
        (Mutation::WriteNotRecorded, Law::OnceNotInDoubt),
        (Mutation::WriteRecordedLate, Law::OnceNotInDoubt),
        (Mutation::RefusalIgnored, Law::WriteRecorded),
        (Mutation::SilenceIsRefusal, Law::OnceNotInDoubt),
        (Mutation::SettledUnasked, Law::OnceNotInDoubt),
        (Mutation::DeadlineIgnored, Law::Budgets),
        (Mutation::RoomIgnored, Law::Concurrency),
        (Mutation::OneQueueForAll, Law::Fairness),
        (Mutation::WeightsIgnored, Law::Share),
        (Mutation::ApprovalForgotten, Law::Approved),
        (Mutation::WordsSaidAnew, Law::PersonsWord),
        (Mutation::PeopleNotAsked, Law::Listed),
        (Mutation::NothingSentDoubted, Law::Cancelled),
        (Mutation::HoursForgotten, Law::Hours),
        (Mutation::WokenLate, Law::OnTime),
        (Mutation::SeedsForgotten, Law::LiveCallCounts),
        (Mutation::UnclearSeedsDropped, Law::LiveCallCounts),
        (Mutation::WallTimeRecorded, Law::TimeForward),
    ];

    /// Its name, for the command that replays a seed with it.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().map(|(mutation, _)| mutation).find(|mutation| mutation.name() == name)
    }
}
