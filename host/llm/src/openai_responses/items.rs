//! The provider's own items in an opaque.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

/// An item in the provider's own bytes, and what is looked at in it.
pub(super) struct Own {
    pub(super) bytes: Box<RawValue>,
    pub(super) look: Look,
}

/// What is looked at in an item.
#[derive(Deserialize)]
pub(super) struct Look {
    /// Input may leave it out of a message.
    #[serde(default = "message")]
    pub(super) r#type: String,
    #[serde(default)]
    pub(super) call_id: Value,
    #[serde(default)]
    role: Value,
    #[serde(default)]
    encrypted_content: Value,
}

fn message() -> String {
    "message".to_owned()
}

impl Own {
    fn is_reasoning(&self) -> bool {
        self.look.r#type == "reasoning"
    }

    /// Whether a model put it out.
    fn is_put_out(&self) -> bool {
        match self.look.r#type.as_str() {
            "message" => self.look.role == "assistant",
            kind => !kind.ends_with("_output"),
        }
    }

    /// Whether it is reasoning that the provider can only find in its own memory.
    pub(super) fn is_bare_reasoning(&self) -> bool {
        self.is_reasoning() && self.look.encrypted_content.as_str().is_none_or(str::is_empty)
    }
}

/// The items of an opaque, each byte for byte. None: it is no list of items.
///
/// Reasoning that led to nothing, since the reply was cut off there, is left out: the provider refuses it ("provided
/// without its required following item").
pub(super) fn of(opaque: &RawValue) -> Option<Vec<Own>> {
    let list: Vec<Box<RawValue>> = serde_json::from_str(opaque.get()).ok()?;
    let own = |bytes: Box<RawValue>| Some(Own { look: serde_json::from_str(bytes.get()).ok()?, bytes });
    let mut items: Vec<Own> = list.into_iter().map(own).collect::<Option<_>>()?;
    let mut leads_on = false;
    let mut kept = Vec::with_capacity(items.len());
    while let Some(item) = items.pop() {
        if !item.is_reasoning() {
            leads_on = item.is_put_out();
        }
        if leads_on || !item.is_reasoning() {
            kept.push(item);
        }
    }
    kept.reverse();
    Some(kept)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::raw::raw;

    #[test]
    fn reasoning_that_led_to_nothing_is_left_out() {
        let (rs, fc) = (json!({"type": "reasoning", "id": "rs_1"}), json!({"type": "function_call"}));
        for (list, expected) in [
            (json!([rs, fc]), Some(2)),
            (json!([rs, fc, rs, rs]), Some(2)),
            (json!([rs]), Some(0)),
            (json!([rs, {"role": "user", "content": "hi"}]), Some(1)),
            (json!([rs, rs, {"role": "assistant", "content": "hi"}]), Some(3)),
            (json!([]), Some(0)),
            (json!([{"role": "user", "content": "hi"}]), Some(1)),
            (json!({"role": "user"}), None),
            (json!([7]), None),
        ] {
            assert_eq!(of(&raw(&list)).map(|items| items.len()), expected, "{list}");
        }
    }
}
