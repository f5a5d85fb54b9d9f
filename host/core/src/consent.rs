//! What a plugin asks of a tenant, what of it is more than was consented to, and whether it may run.
//!
//! A consent is to what one component asks. Another component that asks for no more is covered by it; one that asks
//! for more does not run for that tenant until somebody has said yes to the difference. The first grant of a plugin
//! is the consent to what it asks on that day.

mod more;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use more::More;

use crate::{
    credential::Kind,
    egress::Rule,
    facts::Fact,
    id::{PluginName, Sha256Hex, Tenant},
    manifest::{AskedAccess, ConversationLevel, CredentialSlot, EgressRequest, Manifest, Placement},
    signing::Algorithm,
    time::Timestamp,
    tool::{Effect, Tool},
};

/// Everything that a plugin asks of a tenant: by its manifest, without which an import answers nothing, and by what its
/// tools say of themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Requests that it asks to send.
    pub egress: Vec<Ask>,
    /// Credentials, by the slot's name.
    pub credentials: BTreeMap<String, Slot>,
    /// Keys to sign with, by name, and how.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub signing: BTreeMap<String, Algorithm>,
    /// Facts of the call.
    pub facts: BTreeSet<Fact>,
    /// How much it asks to see of what was said.
    pub conversation: ConversationLevel,
    /// Whether it asks to keep things between calls.
    pub state: bool,
    /// What repeating each of its tools can do. Empty: not known.
    pub tools: BTreeMap<String, Effect>,
}

/// One request that a plugin asks to send, as far as consent is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Which requests.
    pub rule: Rule,
    /// What they do.
    pub access: AskedAccess,
    /// The slot whose credential goes on them.
    pub credential: Option<String>,
    /// Whether the component is believed that they were refused where they were answered with success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses_in_body: bool,
}

/// A credential that a plugin asks for, as far as consent is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Where on a request it goes.
    pub placement: Placement,
    /// How it comes about. Absent in what was stored before there was more than one way.
    #[serde(default, skip_serializing_if = "Kind::is_secret")]
    pub kind: Kind,
}

impl Request {
    /// What a component asks by its manifest.
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            egress: manifest.egress.iter().map(Ask::of).collect(),
            credentials: manifest.credentials.iter().map(|(name, slot)| (name.clone(), Slot::of(slot))).collect(),
            signing: manifest.signing.iter().map(|(name, key)| (name.clone(), key.algorithm)).collect(),
            facts: manifest.facts.iter().copied().collect(),
            conversation: manifest.conversation,
            state: manifest.state,
            tools: BTreeMap::new(),
        }
    }

    /// The same, with what its tools say of themselves.
    #[must_use]
    pub fn with_tools(self, tools: &[Tool]) -> Self {
        Self { tools: tools.iter().map(|tool| (tool.name.clone(), tool.effect)).collect(), ..self }
    }

    /// What this asks for that the other does not. Empty: nothing.
    pub fn beyond(&self, consented: &Request) -> Vec<More> {
        more::beyond(self, consented)
    }
}

impl Ask {
    fn of(asked: &EgressRequest) -> Self {
        Self {
            rule: asked.rule.clone(),
            access: asked.access,
            credential: asked.credential.clone(),
            refuses_in_body: asked.refuses_in_body,
        }
    }
}

impl Slot {
    fn of(slot: &CredentialSlot) -> Self {
        Self { placement: slot.placement.clone(), kind: slot.kind.clone() }
    }
}

/// A tenant's consent to what one component asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// Whose.
    pub tenant: Tenant,
    /// To which plugin.
    pub plugin: PluginName,
    /// At which digest.
    pub digest: Sha256Hex,
    /// To what.
    pub request: Request,
    /// How it came about.
    pub how: How,
    /// When.
    pub at: Timestamp,
}

/// How a consent came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum How {
    /// The tenant granted the plugin when nothing was recorded yet.
    Granted,
    /// The component asks for no more than the one before.
    CarriedForward,
    /// Somebody said yes: by `aftercall plugin consent`, or by the digest in the tenant's grant.
    Given,
}

impl How {
    /// The word in the records.
    pub const fn as_str(self) -> &'static str {
        match self {
            How::Granted => "granted",
            How::CarriedForward => "carried-forward",
            How::Given => "given",
        }
    }

    /// Read back from the records.
    pub fn from_stored(word: &str) -> Option<Self> {
        [How::Granted, How::CarriedForward, How::Given].into_iter().find(|how| how.as_str() == word)
    }
}

/// Why a component may not run for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// It asks for more than was consented to.
    #[error("its component at digest {} asks for more than was consented to (at {}): {}", found.short(), known.short(), in_words(more))]
    More {
        /// Its digest.
        found: Sha256Hex,
        /// The component that was consented to last.
        known: Sha256Hex,
        /// What more it asks for.
        more: Vec<More>,
    },
    /// The grant names another component, and nothing else was ever consented to.
    #[error("the grant consents to the component at digest {}, and the one at {} is installed", pinned.short(), found.short())]
    Another {
        /// Its digest.
        found: Sha256Hex,
        /// The digest in the grant.
        pinned: Sha256Hex,
    },
}

fn in_words(more: &[More]) -> String {
    more.iter().map(More::to_string).collect::<Vec<_>>().join("; ")
}

/// Whether a component may run for a tenant. Gives how that is to be recorded; none: it is recorded already.
///
/// `known` is what the tenant has consented to of this plugin, oldest first. `pinned` is the digest that the tenant's
/// grant consents to by hand.
///
/// | recorded | the component | |
/// |---|---|---|
/// | this digest, at any time | | runs |
/// | | is the pinned one | runs: given |
/// | nothing, and nothing is pinned | | runs: the grant is the consent |
/// | nothing, and another is pinned | | does not run |
/// | others | asks for no more than the last | runs: carried forward |
/// | others | asks for more than the last | does not run |
///
/// # Errors
/// It may not, and this is what lacks consent.
pub fn decide(
    known: &[Consent],
    pinned: Option<&Sha256Hex>,
    digest: &Sha256Hex,
    request: &Request,
) -> Result<Option<How>, Missing> {
    if known.iter().any(|consent| consent.digest == *digest) {
        return Ok(None);
    }
    match (known.last(), pinned) {
        (_, Some(pinned)) if pinned == digest => Ok(Some(How::Given)),
        (None, None) => Ok(Some(How::Granted)),
        (None, Some(pinned)) => Err(Missing::Another { found: digest.clone(), pinned: pinned.clone() }),
        (Some(last), _) => match request.beyond(&last.request) {
            more if more.is_empty() => Ok(Some(How::CarriedForward)),
            more => Err(Missing::More { found: digest.clone(), known: last.digest.clone(), more }),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn manifest(egress: &[(&str, &str)]) -> Manifest {
        let egress: Vec<_> = egress.iter().map(|(access, rule)| json!({"rule": rule, "access": access})).collect();
        let manifest = json!({"name": "sms", "version": "1", "description": "Texts.", "egress": egress});
        serde_json::from_value(manifest).expect("a manifest")
    }

    #[test]
    fn a_component_runs_where_the_table_says() {
        let request = |egress: &[(&str, &str)]| Request::of(&manifest(egress));
        let (get, post) = (("read", "GET https://a.com/x"), ("write", "POST https://a.com/x"));
        let (narrow, wide) = (request(&[get]), request(&[get, post]));
        let digest = |name: &str| Sha256Hex::of(name.as_bytes());
        let consent = |name: &str, request: &Request| Consent {
            tenant: "acme".parse().expect("a name"),
            plugin: "sms".parse().expect("a name"),
            digest: digest(name),
            request: request.clone(),
            how: How::Granted,
            at: Timestamp::from_millis(1),
        };
        let (one, two) = (consent("one", &narrow), consent("two", &wide));
        let both = || vec![one.clone(), two.clone()];
        let cases = [
            (vec![], None, "one", &wide, Ok(Some(How::Granted))),
            (vec![], Some("one"), "one", &wide, Ok(Some(How::Given))),
            (vec![], Some("one"), "two", &narrow, Err("the grant consents to the component at digest")),
            (vec![one.clone()], None, "one", &wide, Ok(None)),
            (vec![one.clone()], None, "three", &narrow, Ok(Some(How::CarriedForward))),
            (vec![one.clone()], None, "three", &wide, Err("may now also send POST https://a.com/x (write)")),
            (vec![one.clone()], Some("one"), "three", &wide, Err("asks for more")),
            (vec![one.clone()], Some("three"), "three", &wide, Ok(Some(How::Given))),
            (both(), None, "one", &narrow, Ok(None)),
            (both(), None, "three", &wide, Ok(Some(How::CarriedForward))),
            (vec![two.clone(), one.clone()], None, "three", &wide, Err("asks for more")),
        ];
        for (number, (known, pinned, found, request, expected)) in cases.into_iter().enumerate() {
            let pinned = pinned.map(digest);
            match (decide(&known, pinned.as_ref(), &digest(found), request), expected) {
                (Ok(how), Ok(expected)) => assert_eq!(how, expected, "case {number}"),
                (Err(missing), Err(words)) => assert!(missing.to_string().contains(words), "case {number}: {missing}"),
                (got, expected) => panic!("case {number}: {got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let stored = r#"{"egress":[{"rule":"POST https://a.com/x","access":"write","credential":"api"}],
            "credentials":{"api":{"placement":{"header":{"name":"authorization","prefix":"Bearer "}}}},
            "facts":["call.contact"],"conversation":"summary","state":true,"tools":{"send_sms":"once"}}"#;
        let request: Request = serde_json::from_str(stored).expect("it reads");
        assert_eq!(request.egress[0].credential.as_deref(), Some("api"));
        assert_eq!(request.credentials["api"].kind, Kind::Secret, "stored before there was another");
        let written = serde_json::to_value(&request).expect("it serialises");
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(stored).expect("JSON"));
        let more = serde_json::json!({
            "credentials": {"api": {"placement": "basic", "kind": {"oauth2-refresh": {"token_url": "https://a.com/t"}}}},
            "signing": {"hook": "hmac-sha256"},
        });
        let mut all: serde_json::Value = written;
        all.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let request: Request = serde_json::from_value(all).expect("it reads");
        assert_eq!(request.signing["hook"], Algorithm::HmacSha256);
        let again: Request =
            serde_json::from_value(serde_json::to_value(&request).expect("it serialises")).expect("it reads");
        assert_eq!(again, request);
        for how in [How::Granted, How::CarriedForward, How::Given] {
            assert_eq!(How::from_stored(how.as_str()), Some(how));
        }
        assert_eq!(How::from_stored("guessed"), None);
    }
}
