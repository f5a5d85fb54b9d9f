//! The tools that all assistants offer: each effect class, with and without a way to settle a doubt.

use std::sync::LazyLock;

use aftercall_core::{id::Sha256Hex, json::Json, run::PinnedTool, tool::Effect};

/// A tool.
pub(crate) struct ToolKind {
    pub(crate) name: &'static str,
    pub(crate) plugin: &'static str,
    pub(crate) effect: Effect,
    pub(crate) reconcilable: bool,
}

/// All of them.
pub(crate) const TOOLS: [ToolKind; 6] = [
    tool("look_up", "crm", Effect::Read, false),
    tool("list_slots", "calendar", Effect::Read, false),
    tool("upsert_lead", "crm", Effect::Idempotent, true),
    tool("tag_lead", "crm", Effect::Idempotent, false),
    tool("send_sms", "sms", Effect::Once, true),
    tool("page_oncall", "sms", Effect::Once, false),
];

const fn tool(name: &'static str, plugin: &'static str, effect: Effect, reconcilable: bool) -> ToolKind {
    ToolKind { name, plugin, effect, reconcilable }
}

const SCHEMA: &str = r#"{"type":"object","properties":{"who":{"type":"integer"},"text":{"type":"integer"},"when":{"type":"string"}},"required":["who"]}"#;

/// What each run pins of them.
pub(crate) static PINNED: LazyLock<Vec<PinnedTool>> = LazyLock::new(pinned);

fn pinned() -> Vec<PinnedTool> {
    let schema = Json::parse(SCHEMA).expect("JSON");
    let pin = |tool: &ToolKind| PinnedTool {
        name: tool.name.to_owned(),
        plugin: tool.plugin.parse().expect("a name"),
        digest: Sha256Hex::of(tool.plugin.as_bytes()),
        description: "does".to_owned(),
        schema: schema.clone(),
        offered_schema: schema.clone(),
        bindings: Default::default(),
        facts: Vec::new(),
        effect: tool.effect,
        identity: vec!["who".to_owned()],
        reconcilable: tool.reconcilable,
        replaces: Vec::new(),
        instance: None,
    };
    TOOLS.iter().map(pin).collect()
}
