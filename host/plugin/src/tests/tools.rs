//! Guests that describe their tools so that nobody could use them, or so that somebody would be deceived.

use aftercall_core::run::is_telephony;

use super::{
    case::{
        Case,
        Expected::{Described, Undescribed},
        check_all, list_tools,
    },
    world::{World, plugin, tenant},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        list_tools("has-a-recursive-schema", Undescribed("refers to itself")),
        list_tools("has-a-schema-elsewhere", Undescribed("only references into the schema itself")),
        list_tools("has-a-schema-on-disk", Undescribed("only references into the schema itself")),
        list_tools("has-a-slow-pattern", Described(1)),
        list_tools("has-a-backreference", Undescribed("not a usable JSON Schema")),
        list_tools("has-a-huge-pattern", Undescribed("not a usable JSON Schema")),
        list_tools("has-two-thousand-patterns", Undescribed("1900 patterns, more than 64")),
        list_tools("has-an-exponential-schema", Undescribed("more than 20000 parts")),
        list_tools("has-a-deep-schema", Undescribed("recursion limit")),
        list_tools("has-a-huge-schema", Undescribed("more than 65536")),
        list_tools("offers-a-thousand-tools", Undescribed("1000 tools")),
        list_tools("offers-one-tool-twice", Undescribed("`greet` twice")),
        // It is described, and no assistant can offer it: the next test.
        list_tools("offers-telephony", Described(1)),
        list_tools("offers-a-lookalike", Undescribed("is no tool's name")),
        list_tools("offers-a-nameless-tool", Undescribed("is no tool's name")),
        list_tools("offers-an-instruction", Undescribed("is no tool's name")),
        list_tools("refuses-to-describe", Undescribed("aaa")),
        list_tools("peeks", Undescribed("used `settings` in list-tools")),
        list_tools("describes-by-chance", Described(1)),
    ]
}

#[tokio::test]
async fn descriptions_are_checked() {
    check_all(cases()).await;
}

#[tokio::test]
async fn what_is_named_like_telephony_is_known_as_such() {
    let tools = World::of("offers-telephony").host.list_tools(&tenant(), &plugin()).await.expect("tools");
    assert!(is_telephony(&tools[0].name), "an assistant's configuration refuses {}", tools[0].name);
}

#[tokio::test]
async fn chance_is_constant_while_tools_are_described() {
    for _ in 0..8 {
        let world = World::of("describes-by-chance");
        assert_eq!(world.host.list_tools(&tenant(), &plugin()).await.expect("tools").len(), 1);
    }
}
