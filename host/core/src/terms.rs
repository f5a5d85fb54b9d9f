//! The terms on which a tenant lets a model use a tool, beside what binds the plugin itself.

use serde::{Deserialize, Serialize};

use crate::{
    cap::{Cap, Caps, Of},
    constraint::{self, Constraints},
    json::Json,
    timing::Timing,
};

/// How long a person has to approve a call, in milliseconds, unless the grant says: a day.
pub const APPROVAL_WITHIN_MS_DEFAULT: u64 = 24 * 60 * 60 * 1000;

/// That a person must approve each call of a tool before it acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Approval {
    /// How long they have, in milliseconds. What nobody approved by then is refused.
    pub within_ms: u64,
}

impl Default for Approval {
    fn default() -> Self {
        Self { within_ms: APPROVAL_WITHIN_MS_DEFAULT }
    }
}

/// The terms for one tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    constraints: Constraints,
    enforced: Option<Json>,
    caps: Vec<Cap>,
    timing: Option<Timing>,
    approval: Option<Approval>,
}

impl Terms {
    /// From what a grant says of the tool, and of all of the plugin's tools together.
    pub fn new(constraints: Constraints, of_tool: Caps, of_plugin: Caps) -> Self {
        let enforced = constraint::enforced(&constraints).map(|schema| Json::from(&schema));
        let caps = of_tool.caps(Of::Tool).chain(of_plugin.caps(Of::Plugin)).collect();
        Self { constraints, enforced, caps, timing: None, approval: None }
    }

    /// The same, for a tool that may act at certain times alone, or after a person's word.
    #[must_use]
    pub fn held_by(self, timing: Option<Timing>, approval: Option<Approval>) -> Self {
        Self { timing, approval, ..self }
    }

    /// What the arguments must be.
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// The constraints as a schema of the arguments. None: no schema could say any of them.
    pub fn enforced(&self) -> Option<&Json> {
        self.enforced.as_ref()
    }

    /// What its effects are counted against.
    pub fn caps(&self) -> &[Cap] {
        &self.caps
    }

    /// When it may act. None: at any time.
    pub fn timing(&self) -> Option<&Timing> {
        self.timing.as_ref()
    }

    /// Whether a person must approve each call of it.
    pub fn approval(&self) -> Option<Approval> {
        self.approval
    }
}
