//! Which effect a tool call asks for: its key.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    id::{PluginName, RunIdentity, Sha256Hex},
    json::Json,
};

/// What identifies an effect: the same for a retry, a revision, an upgrade of the component and after any
/// crash, because neither the run nor the digest is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectKey(String);

impl EffectKey {
    /// The key of an effect: a digest of tenant, platform, conversation, plugin, tool, and the identity
    /// arguments in canonical form (RFC 8785), after bindings were filled.
    ///
    /// `identity` names the top-level arguments that say which effect it is; empty, all of them do. One
    /// that is absent counts as absent, which is another effect than any value of it.
    pub fn of(
        call: &RunIdentity,
        plugin: &PluginName,
        tool: &str,
        identity: &[String],
        arguments: &Map<String, Value>,
    ) -> Self {
        let chosen: Map<String, Value> = arguments
            .iter()
            .filter(|(name, _)| identity.is_empty() || identity.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let digest = Sha256Hex::of_parts([
            "effect/1",
            call.tenant.as_str(),
            call.platform.as_str(),
            &call.conversation,
            plugin.as_str(),
            tool,
            &canonical(&Value::Object(chosen)),
        ]);
        Self(format!("ac_{}", &digest.as_str()[..32]))
    }

    /// The key as text: `ac_` and 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A key read back from the records.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The value of a vendor's idempotency header: the same whenever this effect is tried again, another
    /// for each write of one attempt.
    ///
    /// `rule` is the text of the manifest's rule, `ordinal` counts that rule's writes in the attempt from 0.
    pub fn header_value(&self, rule: &str, ordinal: u32) -> String {
        Sha256Hex::of_parts([self.as_str(), rule, &ordinal.to_string()]).as_str()[..32].to_owned()
    }
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All arguments of an attempt: what a tool is given, and what tells two calls with the same key apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    json: Json,
    digest: Sha256Hex,
}

impl Arguments {
    /// What a tool is given. Their digest is that of the canonical form.
    pub fn of(arguments: &Map<String, Value>) -> Self {
        let canonical = canonical(&Value::Object(arguments.clone()));
        Self { json: Json::of(arguments), digest: Sha256Hex::of(canonical.as_bytes()) }
    }

    /// The arguments as the tool gets them.
    pub const fn json(&self) -> &Json {
        &self.json
    }

    /// What tells them from others.
    pub const fn digest(&self) -> &Sha256Hex {
        &self.digest
    }
}

/// The one form of all texts of the same value (RFC 8785).
pub(crate) fn canonical(value: &Value) -> String {
    serde_json_canonicalizer::to_string(value).expect("a JSON tree has a canonical form")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(conversation: &str, revision: u32, tool: &str, identity: &[&str], arguments: &Value) -> EffectKey {
        let call = RunIdentity {
            tenant: "acme".parse().expect("a name"),
            platform: "vapi".parse().expect("a name"),
            conversation: conversation.into(),
            revision,
        };
        let identity: Vec<String> = identity.iter().map(|&name| name.to_owned()).collect();
        let arguments = arguments.as_object().expect("an object");
        EffectKey::of(&call, &"sms".parse().expect("a name"), tool, &identity, arguments)
    }

    #[test]
    fn the_key_follows_identity_alone() {
        let base = key("c", 0, "send", &["to"], &json!({"to": "+1555", "text": "hi"}));
        for (same, other) in [
            (true, key("c", 3, "send", &["to"], &json!({"to": "+1555", "text": "hi"}))),
            (true, key("c", 0, "send", &["to"], &json!({"text": "bye", "to": "+1555"}))),
            (false, key("d", 0, "send", &["to"], &json!({"to": "+1555", "text": "hi"}))),
            (false, key("c", 0, "post", &["to"], &json!({"to": "+1555", "text": "hi"}))),
            (false, key("c", 0, "send", &["to"], &json!({"to": "+1556", "text": "hi"}))),
            (false, key("c", 0, "send", &["to"], &json!({"text": "hi"}))),
            (false, key("c", 0, "send", &["to"], &json!({"to": null, "text": "hi"}))),
            (false, key("c", 0, "send", &[], &json!({"to": "+1555", "text": "hi"}))),
        ] {
            assert_eq!(base == other, same, "{other}");
        }
    }

    #[test]
    fn canonical_form_ignores_order_and_spelling_of_numbers() {
        let one = key("c", 0, "t", &[], &json!({"a": 1.0, "b": [1, "é"]}));
        let two: Value = serde_json::from_str(r#"{"b":[1,"\u00e9"], "a":1}"#).expect("JSON");
        assert_eq!(one, key("c", 0, "t", &[], &two));
    }

    #[test]
    fn header_values_differ_by_write_and_agree_by_retry() {
        let key = key("c", 0, "t", &[], &json!({}));
        assert_eq!(key.header_value("POST https://a.com/x", 0), key.header_value("POST https://a.com/x", 0));
        assert_ne!(key.header_value("POST https://a.com/x", 0), key.header_value("POST https://a.com/x", 1));
        assert_ne!(key.header_value("POST https://a.com/x", 0), key.header_value("POST https://a.com/y", 0));
    }
}
