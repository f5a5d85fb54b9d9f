//! What the live call did of what the tools do.

use std::collections::BTreeMap;

use aftercall_core::{
    conversation::{Content, Item, ToolCall},
    effect::EffectKey,
    id::RunIdentity,
    json::Json,
    run::PinnedTool,
    seed::{Already, Source, Unclear},
};

use super::{TOOLS, tools::PINNED};
use crate::dice::Dice;

/// What a live tool was called for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LiveCall {
    /// The place of the tool among the tools that does the same after the call.
    tool: usize,
    who: u64,
    pub(crate) answer: Answer,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It did it, and said so.
    Did,
    /// It did not, and said so.
    DidNot,
    /// It said nothing.
    Unclear {
        /// Whether it did it.
        did: bool,
    },
}

impl LiveCall {
    /// The calls of one conversation: none twice for the same.
    pub(super) fn of_conversation(who_max: u64, dice: &mut Dice) -> Vec<Self> {
        let mut calls = Vec::new();
        for tool in 2..TOOLS.len() {
            for who in 0..=who_max {
                if dice.percent(25) {
                    let answer = match dice.between(0..=4) {
                        0 | 1 => Answer::Did,
                        2 => Answer::DidNot,
                        _ => Answer::Unclear { did: dice.percent(50) },
                    };
                    calls.push(Self { tool, who, answer });
                }
            }
        }
        calls
    }

    /// The effect's key.
    pub(crate) fn key(&self, identity: &RunIdentity) -> EffectKey {
        let tool = self.pinned();
        let serde_json::Value::Object(arguments) = serde_json::json!({ "who": self.who }) else { unreachable!() };
        EffectKey::of(identity, &tool.plugin, &tool.name, &tool.identity, &arguments)
    }

    fn pinned(&self) -> &'static PinnedTool {
        &PINNED[self.tool]
    }

    /// How the history has it: the call, and what came back.
    pub(super) fn items(&self, number: usize) -> [Item; 2] {
        let id = format!("live{number}");
        let name = live_name(&self.pinned().name);
        let call = ToolCall { id: id.clone(), name, arguments: format!(r#"{{"who":{}}}"#, self.who) };
        let (output, is_error) = match self.answer {
            Answer::Did => (r#"{"ok":true}"#, false),
            Answer::DidNot => (r#"{"ok":false}"#, false),
            Answer::Unclear { .. } => ("", true),
        };
        let result = Content::ToolResult { call: id, output: output.to_owned(), is_error };
        [Content::ToolCall(call), result].map(|content| Item { at: None, content, opaque: None, continues: false })
    }
}

fn live_name(tool: &str) -> String {
    format!("live_{tool}")
}

/// What an assistant's configuration says live tools do.
pub(super) fn maps(unclear: Unclear) -> Vec<(Vec<Already>, &'static PinnedTool)> {
    let who = Source::try_from(Json::parse(r#""arguments/who""#).expect("JSON").value()).expect("a place");
    let map = |tool: &PinnedTool| Already {
        live: live_name(&tool.name),
        arguments: [("who".to_owned(), who.clone())].into(),
        is_same: false,
        succeeded: BTreeMap::new(),
        receipt: None,
        unclear,
    };
    PINNED.iter().filter(|tool| tool.effect.writes()).map(|tool| (vec![map(tool)], tool)).collect()
}
