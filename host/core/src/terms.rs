//! The terms on which a tenant lets a model use a tool, beside what binds the plugin itself.

use crate::{
    cap::{Cap, Caps, Of},
    constraint::{self, Constraints},
    json::Json,
};

/// The terms for one tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Terms {
    constraints: Constraints,
    enforced: Option<Json>,
    caps: Vec<Cap>,
}

impl Terms {
    /// From what a grant says of the tool, and of all of the plugin's tools together.
    pub fn new(constraints: Constraints, of_tool: Caps, of_plugin: Caps) -> Self {
        let enforced = constraint::enforced(&constraints).map(|schema| Json::from(&schema));
        let caps = of_tool.caps(Of::Tool).chain(of_plugin.caps(Of::Plugin)).collect();
        Self { constraints, enforced, caps }
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
}
