//! Names and identities. Each is a type, so that none is passed for another.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}: it takes 1 to {max} characters of a-z, 0-9, `-` and `_`, a letter or digit first")]
pub struct InvalidName {
    what: &'static str,
    text: String,
    max: usize,
}

/// Longest name that an operator or an author may give, in characters: keeps keys and paths short.
pub const NAME_CHARS_MAX: usize = 63;

fn check_name(what: &'static str, text: &str) -> Result<(), InvalidName> {
    let head = text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let rest = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    if head && rest && text.len() <= NAME_CHARS_MAX {
        return Ok(());
    }
    Err(InvalidName { what, text: text.chars().take(80).collect(), max: NAME_CHARS_MAX })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                check_name($what, &text)?;
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// One customer of the operator. Nothing is shared between two of them.
    Tenant, "tenant name"
);
name!(
    /// One of a tenant's assistants.
    AssistantName, "assistant name"
);
name!(
    /// A plugin as its manifest names it, which is also how a tenant's grant names it.
    PluginName, "plugin name"
);
name!(
    /// An address of a tenant's to which a platform sends its calls.
    EndpointName, "endpoint name"
);
name!(
    /// The voice vendor that sent the call: `native`, `vapi`…
    Platform, "platform name"
);

/// What makes two webhooks speak of the same run: a call delivered twice is one run.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RunIdentity {
    /// Whose call it was.
    pub tenant: Tenant,
    /// Which vendor named the conversation.
    pub platform: Platform,
    /// The vendor's own identifier of the call.
    pub conversation: String,
    /// 0, unless a person or a richer event asked for the work to be looked at again. The ledger spans
    /// all revisions.
    pub revision: u32,
}

/// Which conversation: what the runs of all its revisions have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ConversationIdentity {
    /// Whose call it was.
    pub tenant: Tenant,
    /// Which vendor named the conversation.
    pub platform: Platform,
    /// The vendor's own identifier of the call.
    pub conversation: String,
}

impl ConversationIdentity {
    /// What is left of a conversation that was deleted: no word of it, but enough to know it again by.
    pub fn digest(&self) -> Sha256Hex {
        Sha256Hex::of_parts([self.tenant.as_str(), self.platform.as_str(), &self.conversation])
    }
}

impl RunIdentity {
    /// The conversation that this is a run of.
    pub fn of_conversation(&self) -> ConversationIdentity {
        let Self { tenant, platform, conversation, revision: _ } = self.clone();
        ConversationIdentity { tenant, platform, conversation }
    }

    /// The identifier of this run: a digest, so that nothing of the caller shows in it, and the same
    /// wherever and whenever it is computed.
    pub fn run(&self) -> RunId {
        let revision = self.revision.to_string();
        RunId(format!("run_{}", &self.digest(&["run", &revision])[..24]))
    }

    /// The identifier that tools see of the conversation. It names neither tenant nor caller.
    pub fn opaque_conversation(&self) -> String {
        format!("conv_{}", &self.digest(&["conversation"])[..24])
    }

    fn digest(&self, parts: &[&str]) -> String {
        let scope = [self.tenant.as_str(), self.platform.as_str(), &self.conversation];
        Sha256Hex::of_parts(scope.into_iter().chain(parts.iter().copied())).0
    }
}

/// A run's identifier, made by [`RunIdentity::run`]: `run_` and 24 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An identifier read back from the records.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A SHA-256 digest in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sha256Hex(String);

impl Sha256Hex {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex(&Sha256::digest(bytes)))
    }

    /// The digest of several texts. Each is preceded by its length, so that no two lists of texts run
    /// together into the same bytes.
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(u64::try_from(part.len()).expect("a length fits 64 bits").to_be_bytes());
            hasher.update(part.as_bytes());
        }
        Self(hex(&hasher.finalize()))
    }

    /// A digest read back from the records.
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// 64 lower-case hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is what a digest looks like. One that was read may be anything.
    pub fn is_well_formed(&self) -> bool {
        self.0.len() == 64 && self.0.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    }

    /// The first twelve digits: enough for a person to tell two apart.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).expect("a nibble is a digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(tenant: &str, conversation: &str, revision: u32) -> RunIdentity {
        RunIdentity {
            tenant: tenant.parse().expect("a name"),
            platform: "vapi".parse().expect("a name"),
            conversation: conversation.to_owned(),
            revision,
        }
    }

    #[test]
    fn names_are_checked() {
        for good in ["acme", "a", "9lives", "crm-hubspot", "a_b"] {
            assert_eq!(good.parse::<Tenant>().expect("a name").as_str(), good);
        }
        for bad in ["", "-a", "Acme", "a b", "é", &"a".repeat(64)] {
            assert!(bad.parse::<Tenant>().is_err(), "`{bad}` must be refused");
        }
    }

    #[test]
    fn each_part_of_the_identity_tells_runs_apart() {
        let one = identity("acme", "c1", 0);
        assert_eq!(one.run(), identity("acme", "c1", 0).run());
        for other in [identity("acmf", "c1", 0), identity("acme", "c2", 0), identity("acme", "c1", 1)] {
            assert_ne!(one.run(), other.run());
        }
        assert_eq!(one.opaque_conversation(), identity("acme", "c1", 7).opaque_conversation());
        let digest = |identity: &RunIdentity| identity.of_conversation().digest();
        assert_eq!(digest(&one), digest(&identity("acme", "c1", 7)));
        assert_ne!(digest(&one), digest(&identity("acme", "c2", 0)));
        assert!(!one.opaque_conversation().contains("acme"));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(Sha256Hex::of_parts(["ab", "c"]), Sha256Hex::of_parts(["a", "bc"]));
    }
}
