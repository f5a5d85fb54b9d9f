//! Guests that lie about what they did. What left is known by the door; what the component says of it is its own.

use aftercall_core::{
    tool::{
        FailureKind::{Denied, InvalidArguments, OutcomeUnknown},
        Finding,
        WriteAnswer::Accepted,
    },
    usage::Limit,
};

use super::case::{
    Case,
    Expected::{Done, Failed, Found, Stopped, Trapped},
    call, check_all, reconcile,
};
use crate::limits::RETRY_AFTER_MS_MAX;

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("denies-what-it-did", Failed(Denied, "no")).writing(&[Accepted]),
        call("blames-the-arguments", Failed(InvalidArguments, "no")).writing(&[Accepted]),
        call("traps-after-it-posted", Trapped("unreachable")).writing(&[Accepted]),
        call("spins-after-it-posted", Stopped(Limit::CpuTime))
            .within(|limits| limits.cpu_ms_max = 50)
            .writing(&[Accepted]),
        call("claims-what-it-did-not", Done("done")),
        call("doubts-what-it-did-not", Failed(OutcomeUnknown, "no")),
        call("posts-and-hides-it", Done("done"))
            .writing(&[Accepted; 2])
            .logging("the tool wrote, and returned no receipt for it"),
        reconcile("finds-nonsense", Trapped("not JSON")),
        reconcile("finds-an-unknown-case", Trapped("discriminant")),
        reconcile("never-knows", Found(Finding::Unknown { ask_again_ms: Some(RETRY_AFTER_MS_MAX) })),
    ]
}

#[tokio::test]
async fn what_left_is_known_whatever_is_said_of_it() {
    check_all(cases()).await;
}
