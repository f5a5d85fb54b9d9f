//! Guests that take memory, and one that leaves something in it.

use aftercall_core::usage::Limit;
use serde_json::json;

use super::{
    case::{
        Case,
        Expected::{Done, Refused, Stopped, Trapped},
        call, check_all, install,
    },
    world::World,
};
use crate::Limits;

pub(super) fn cases() -> Vec<Case> {
    let little = |limits: &mut Limits| limits.memory_bytes_max = 4 << 20;
    vec![
        call("grows", Stopped(Limit::Memory)).within(little),
        call("grows-at-once", Stopped(Limit::Memory)),
        call("grows-two-memories", Stopped(Limit::Memory)).within(little),
        call("starts-large", Done("done")),
        call("starts-large", Stopped(Limit::Memory)).within(little),
        install("starts-huge", Refused("exceeds the limit")),
        install("has-a-third-memory", Refused("exceeds the per-instance limit of 2")),
        call("grows-a-table", Stopped(Limit::Memory)).within(|limits| limits.memory_bytes_max = 300 << 10),
        call("grows-a-table", Done("done")),
        install("starts-a-huge-table", Refused("exceeds the limit")),
        call("allocates-in-the-host", Stopped(Limit::HostBytes)),
        call("names-huge-methods", Stopped(Limit::HostBytes)),
        call("recurses", Trapped("call stack exhausted")),
        call("recurses-through-realloc", Trapped("cannot leave component instance")),
        call("remembers", Done("done")).logging("marked"),
    ]
}

#[tokio::test]
async fn memory_is_limited() {
    check_all(cases()).await;
}

#[tokio::test]
async fn nothing_is_left_for_the_next_call() {
    let world = World::of("remembers");
    for _ in 0..8 {
        let end = world.call(&json!("x")).await;
        assert_eq!(end.result.expect("an outcome").text, "done");
        let lines: Vec<_> = end.log.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(lines, ["marked"], "the log is its own call's");
    }
}
