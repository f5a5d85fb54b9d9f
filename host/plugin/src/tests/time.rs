//! Guests that take time: they compute, they keep the host busy, they wait.

use aftercall_core::usage::Limit;

use super::case::{
    Case,
    Expected::{Done, Stopped, Undescribed},
    call, check_all, list_tools, reconcile,
};
use crate::Limits;

pub(super) fn cases() -> Vec<Case> {
    let brief = |limits: &mut Limits| limits.cpu_ms_max = 50;
    let soon = |limits: &mut Limits| limits.wall_ms_max = 50;
    vec![
        call("spins", Stopped(Limit::CpuTime)).within(brief),
        reconcile("spins", Stopped(Limit::CpuTime)).within(brief),
        list_tools("spins", Undescribed("cpu_ms_max = 50")).within(brief),
        call("spins-at-start", Stopped(Limit::CpuTime)).within(brief),
        list_tools("spins-at-start", Undescribed("cpu_ms_max")).within(brief),
        call("spins-in-realloc", Stopped(Limit::CpuTime)).within(brief),
        call("spins-after-return", Stopped(Limit::CpuTime)).within(brief),
        call("spins-in-the-host", Stopped(Limit::CpuTime)).within(brief),
        call("spins-in-the-log", Stopped(Limit::CpuTime)).within(brief).logging("lines were dropped"),
        call("spins-on-chance", Stopped(Limit::CpuTime)).within(brief),
        call("copies", Stopped(Limit::CpuTime)).within(brief),
        call("fills", Stopped(Limit::CpuTime)).within(brief),
        call("polls-without-end", Stopped(Limit::CpuTime)).within(brief),
        call("polls-a-crowd", Stopped(Limit::CpuTime)).within(brief),
        call("parks", Stopped(Limit::WallTime)).within(soon),
        call("parks-for-centuries", Stopped(Limit::WallTime)).within(soon),
        call("parks-on-input", Done("done")),
    ]
}

#[tokio::test]
async fn time_is_limited() {
    check_all(cases()).await;
}
