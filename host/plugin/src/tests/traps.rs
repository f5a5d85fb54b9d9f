//! Guests that end themselves, each in another way.

use super::case::{
    Case,
    Expected::{Trapped, Undescribed},
    call, check_all, list_tools, reconcile,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        call("traps", Trapped("unreachable")),
        reconcile("traps", Trapped("unreachable")),
        list_tools("traps", Undescribed("unreachable")),
        call("traps-at-start", Trapped("unreachable")),
        call("divides-by-zero", Trapped("divide by zero")),
        call("reads-out-of-bounds", Trapped("out of bounds memory access")),
        call("calls-the-wrong-function", Trapped("indirect call type mismatch")),
        call("calls-nothing", Trapped("uninitialized element")),
        call("exits", Trapped("it exited with status 0")),
        call("wants-chance-by-the-exabyte", Trapped("exceeds limit 65536")),
        call("wants-cheap-chance-by-the-exabyte", Trapped("exceeds limit 65536")),
        call("prints-zeroes-by-the-exabyte", Trapped("write")),
    ]
}

#[tokio::test]
async fn a_trap_ends_one_call() {
    check_all(cases()).await;
}
