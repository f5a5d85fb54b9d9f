//! Guests that hold too many of the host's resources, or such as are not theirs.

use aftercall_core::usage::Limit;

use super::case::{
    Case,
    Expected::{Stopped, Trapped},
    call, check_all,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("hoards-fields", Stopped(Limit::Handles)),
        call("hoards-pollables", Stopped(Limit::Handles)),
        call("hoards-streams", Stopped(Limit::Handles)),
        call("hoards-requests", Stopped(Limit::Handles)),
        call("uses-a-dropped-handle", Trapped("unknown handle index")),
        call("guesses-handles", Trapped("unknown handle index 7")),
        call("confuses-handles", Trapped("handle index")),
        call("drops-what-is-in-use", Trapped("child")),
    ]
}

#[tokio::test]
async fn handles_are_limited() {
    check_all(cases()).await;
}
