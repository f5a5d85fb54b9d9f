//! What people say about calls: that one may be made, and what became of one that no program can tell of.

use serde::{Deserialize, Serialize};

use crate::{
    id::Sha256Hex,
    json::Json,
    run::{CallId, Kind},
    time::Timestamp,
    tool::Receipt,
};

/// What a person is asked to approve: this component, with these arguments, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApprovalAsk {
    /// The component.
    pub component: Sha256Hex,
    /// All arguments, those that the host filled in among them.
    pub arguments: Json,
    /// Until when. What nobody approved by then is refused.
    pub expires_at: Timestamp,
}

/// What a person says about one call.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Said {
    /// It may be made, if it is still exactly what was asked about.
    Approve(ApprovalAsk),
    /// It may not be made.
    Refuse {
        /// Why, in their words.
        reason: String,
    },
    /// What became of an effect that no program can tell of.
    Resolve(Resolution),
}

/// What became of an effect that no program can tell of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Resolution {
    /// It happened.
    Done {
        /// What the vendor has of it.
        receipt: Receipt,
    },
    /// It did not happen, and is to be tried again.
    Redo,
    /// It stays as it is: nobody knows, and nobody tries again.
    Drop,
}

/// What somebody wants of a run that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Intervention {
    /// That it ends.
    Cancel {
        /// Why, in their words.
        reason: String,
    },
    /// That a call goes on in this way.
    Decide {
        /// Which call.
        call: CallId,
        /// Who says it.
        by: String,
        /// What they say.
        said: Said,
    },
}

impl From<Intervention> for Kind {
    fn from(intervention: Intervention) -> Self {
        match intervention {
            Intervention::Cancel { reason } => Kind::CancelRequested { reason },
            Intervention::Decide { call, by, said } => Kind::Decided { call, by, said: Box::new(said) },
        }
    }
}
