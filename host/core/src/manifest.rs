//! What a plugin says of itself, and what it requests. It never grants.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use crate::credential::{CredentialSlot, Placement};
use crate::{
    credential::Kind,
    egress::{Access, MarkedRule, Rule},
    facts::Fact,
    id::PluginName,
    signing::{Algorithm, Encoding, SigningKey},
};

/// A plugin's manifest: `plugin.toml` in its folder, embedded in its component when that is built, so that
/// one digest stands for both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The plugin's name, by which tenants grant it.
    pub name: PluginName,
    /// The author's version.
    pub version: String,
    /// One sentence for people.
    pub description: String,
    /// Facts of the call that it asks to see.
    #[serde(default)]
    pub facts: Vec<Fact>,
    /// How much it asks to see of what was said on the call.
    #[serde(default)]
    pub conversation: ConversationLevel,
    /// Whether it asks for a space in which it keeps things between calls.
    #[serde(default)]
    pub state: bool,
    /// JSON Schema of the tenant's settings. Absent: it takes none.
    #[serde(default)]
    pub settings: Option<serde_json::Value>,
    /// Credentials that it asks the tenant for, by the name of the slot.
    #[serde(default)]
    pub credentials: BTreeMap<String, CredentialSlot>,
    /// Keys that it asks to sign with, by name.
    #[serde(default)]
    pub signing: BTreeMap<String, SigningKey>,
    /// Requests that it asks to send.
    #[serde(default)]
    pub egress: Vec<EgressRequest>,
}

/// How much of a conversation a plugin sees. Each level shows what those before it show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConversationLevel {
    /// Nothing.
    #[default]
    None,
    /// What the platform made of it: its summary, and the variables that it extracted.
    Summary,
    /// What was said.
    Transcript,
}

impl std::fmt::Display for ConversationLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            ConversationLevel::None => "none",
            ConversationLevel::Summary => "summary",
            ConversationLevel::Transcript => "transcript",
        })
    }
}

/// One request that a plugin asks to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressRequest {
    /// Which requests.
    pub rule: Rule,
    /// What they do.
    pub access: AskedAccess,
    /// The slot whose credential goes on them.
    #[serde(default)]
    pub credential: Option<String>,
    /// The vendor's idempotency header, which the host fills.
    #[serde(default)]
    pub idempotency_header: Option<String>,
    /// Whether the vendor also refuses in the bodies of its successes, which the component alone can read: where such an
    /// answer is the last that it got, and it fails with a refusal, or as rate-limited, nothing was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub refuses_in_body: bool,
    /// What a rehearsal answers in the vendor's place, for a write. Absent: a rehearsed call ends there.
    #[serde(default)]
    pub rehearsal: Option<CannedAnswer>,
}

/// What the author says about what requests do, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AskedAccess {
    /// They change nothing.
    Read,
    /// What the tenant's grant marks them as: for plugins whose endpoints tenants alone know.
    AsGranted,
    /// They may change something.
    Write,
}

impl AskedAccess {
    /// What they count as before the tenant's grant has a say: the stricter of the two holds.
    pub const fn at_least(self) -> Access {
        match self {
            AskedAccess::Read | AskedAccess::AsGranted => Access::Read,
            AskedAccess::Write => Access::Write,
        }
    }
}

impl std::fmt::Display for AskedAccess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            AskedAccess::Read => "read",
            AskedAccess::Write => "write",
            AskedAccess::AsGranted => "as granted",
        })
    }
}

/// What a rehearsal answers in the vendor's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CannedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, if it isn't empty.
    #[serde(default)]
    pub body: String,
}

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An egress rule names a slot that isn't there.
    #[error("egress rule `{rule}` names the credential `{slot}`, which is not among [credentials]")]
    UnknownCredential {
        /// The rule's text.
        rule: String,
        /// The slot that it names.
        slot: String,
    },
    /// A credential over plain HTTP could be read on the way.
    #[error("egress rule `{rule}` puts a credential on plain http: use https")]
    CredentialInTheClear {
        /// The rule's text.
        rule: String,
    },
    /// Reads leave in a rehearsal too.
    #[error("egress rule `{rule}` is a read and has a `rehearsal`: reads leave in a rehearsal too, leave it out")]
    RehearsedRead {
        /// The rule's text.
        rule: String,
    },
    /// No vendor answers that.
    #[error("egress rule `{rule}` has a `rehearsal` with status {status}: write the status of the vendor's success")]
    RehearsedStatus {
        /// The rule's text.
        rule: String,
        /// What stands there.
        status: u16,
    },
    /// The canned answer is sent as JSON.
    #[error(
        "egress rule `{rule}` has a `rehearsal` whose body is not JSON: write what the vendor would answer, or leave it out"
    )]
    RehearsedBody {
        /// The rule's text.
        rule: String,
    },
    /// A header that can't be one.
    #[error("`{header}` is no header name: write it in small letters, as in `x-api-key`")]
    HeaderName {
        /// What stands there.
        header: String,
    },
    /// Tokens are borne, not used as a password.
    #[error("credential `{slot}` is a token and is placed as `basic`: place it in a header, the query or the body")]
    BasicToken {
        /// Which slot.
        slot: String,
    },
    /// Tokens are asked for by one slot's parts.
    #[error("credential `{slot}` is a token, and is one for each host: leave out `kind`, or `by_host`")]
    TokenByHost {
        /// Which slot.
        slot: String,
    },
    /// A parameter or field without a name.
    #[error("credential `{slot}` is placed under an empty name: write the vendor's")]
    NoName {
        /// Which slot.
        slot: String,
    },
    /// An assertion that whoever verifies it could make too.
    #[error("credential `{slot}` signs its assertions with `{algorithm}`: write rs256, rs384, rs512, es256 or es384")]
    AssertionAlgorithm {
        /// Which slot.
        slot: String,
        /// What stands there.
        algorithm: Algorithm,
    },
    /// Private keys are PEM.
    #[error("signing key `{key}` is a private key, which is always PEM: leave out its `encoding`")]
    KeyEncoding {
        /// Which key.
        key: String,
    },
    /// The settings aren't a schema of an object.
    #[error("[settings] must be a JSON Schema with type = \"object\"")]
    SettingsSchema,
}

impl Manifest {
    /// Checks what the types alone can't say.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), Error> {
        if let Some(settings) = &self.settings
            && settings.get("type").and_then(serde_json::Value::as_str) != Some("object")
        {
            return Err(Error::SettingsSchema);
        }
        self.credentials.iter().try_for_each(|(slot, asked)| check_credential(slot, asked))?;
        let encoded = |key: &&SigningKey| key.algorithm.is_asymmetric() && key.encoding != Encoding::Text;
        if let Some((key, _)) = self.signing.iter().find(|(_, key)| encoded(key)) {
            return Err(Error::KeyEncoding { key: key.clone() });
        }
        let placed = self.credentials.values().filter_map(|slot| slot.placement.header());
        let asked = self.egress.iter().filter_map(|request| request.idempotency_header.as_deref());
        if let Some(header) = placed.chain(asked).find(|header| !is_header_name(header)) {
            return Err(Error::HeaderName { header: header.to_owned() });
        }
        for request in &self.egress {
            let Some(slot) = &request.credential else { continue };
            let rule = request.rule.to_string();
            if !self.credentials.contains_key(slot) {
                return Err(Error::UnknownCredential { rule, slot: slot.clone() });
            }
            if rule.contains(" http://") {
                return Err(Error::CredentialInTheClear { rule });
            }
        }
        for request in &self.egress {
            let Some(answer) = &request.rehearsal else { continue };
            let rule = request.rule.to_string();
            if request.access == AskedAccess::Read {
                return Err(Error::RehearsedRead { rule });
            }
            if !(200..=599).contains(&answer.status) {
                return Err(Error::RehearsedStatus { rule, status: answer.status });
            }
            if !answer.body.is_empty() && serde_json::from_str::<serde::de::IgnoredAny>(&answer.body).is_err() {
                return Err(Error::RehearsedBody { rule });
            }
        }
        Ok(())
    }

    /// The requests as rules for the door, in the manifest's order.
    pub fn egress_rules(&self) -> Vec<MarkedRule> {
        self.egress.iter().map(|ask| MarkedRule { rule: ask.rule.clone(), access: ask.access.at_least() }).collect()
    }
}

fn check_credential(slot: &str, asked: &CredentialSlot) -> Result<(), Error> {
    let slot = || slot.to_owned();
    match &asked.placement {
        _ if asked.by_host && asked.kind != Kind::Secret => return Err(Error::TokenByHost { slot: slot() }),
        Placement::Basic if asked.kind != Kind::Secret => return Err(Error::BasicToken { slot: slot() }),
        Placement::Query { name } | Placement::Json { field: name } if name.is_empty() => {
            return Err(Error::NoName { slot: slot() });
        }
        _ => {}
    }
    match asked.kind.token_request().and_then(|ask| ask.algorithm) {
        Some(algorithm) if !algorithm.is_asymmetric() => Err(Error::AssertionAlgorithm { slot: slot(), algorithm }),
        _ => Ok(()),
    }
}

/// A field name (RFC 9110, section 5.1), in small letters as HTTP/2 wants them.
fn is_header_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(change: impl FnOnce(&mut serde_json::Value), expected: Result<(), &str>) {
        let mut manifest = json!({
            "name": "sms", "version": "1.0.0", "description": "Texts.",
            "credentials": {"api": {"description": "a key", "placement": {"header": {"name": "authorization", "prefix": "Bearer "}}}},
            "egress": [{"rule": "POST https://a.com/x", "access": "write", "credential": "api"}],
        });
        change(&mut manifest);
        let got = serde_json::from_value::<Manifest>(manifest)
            .map_err(|error| error.to_string())
            .and_then(|manifest| manifest.check().map_err(|error| error.to_string()));
        match (got, expected) {
            (Ok(()), Ok(())) => {}
            (Err(error), Err(words)) => assert!(error.contains(words), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_manifest_is_checked() {
        check(|_| {}, Ok(()));
        check(|m| m["credentials"]["api"]["placement"] = json!("basic"), Ok(()));
        check(|m| m["credentials"]["api"]["placement"] = json!("cookie"), Err("cookie"));
        check(|m| m["name"] = json!("Sms!"), Err("plugin name"));
        check(|m| m["egres"] = json!([]), Err("egres"));
        check(|m| m["credentials"]["api"]["placement"] = json!({"json": {"field": "key"}}), Ok(()));
        check(|m| m["egress"][0]["rehearsal"] = json!({"status": 201, "body": "{}"}), Ok(()));
        check(|m| m["egress"][0]["rehearsal"] = json!({"status": 99}), Err("status 99"));
        check(|m| m["egress"][0]["rehearsal"] = json!({"status": 200, "body": "{"}), Err("not JSON"));
        check(
            |m| m["egress"] = json!([{"rule": "GET https://a.com/x", "access": "read", "rehearsal": {"status": 200}}]),
            Err("is a read"),
        );
        check(|m| m["egress"][0]["access"] = json!("as-granted"), Ok(()));
        check(|m| m["egress"][0]["access"] = json!("granted"), Err("as-granted"));
        check(
            |m| {
                m["egress"][0]["access"] = json!("as-granted");
                m["egress"][0]["rehearsal"] = json!({"status": 200});
            },
            Ok(()),
        );
        check(|m| m["facts"] = json!(["call.mood"]), Err("call.mood"));
        check(|m| m["facts"] = json!(["call.contact"]), Ok(()));
        check(|m| m["egress"][0]["rule"] = json!("POST a.com"), Err("egress rule"));
        check(|m| m["egress"][0]["credential"] = json!("key"), Err("`key`"));
        check(|m| m["egress"][0]["rule"] = json!("POST http://a.com/x"), Err("plain http"));
        check(|m| m["credentials"]["api"]["placement"]["header"]["name"] = json!("X-Key"), Err("small letters"));
        check(|m| m["egress"][0]["idempotency_header"] = json!("a b"), Err("small letters"));
        check(|m| m["credentials"]["api"]["placement"] = json!({"query": {"name": "key"}}), Ok(()));
        check(|m| m["credentials"]["api"]["placement"] = json!({"query": {"name": ""}}), Err("empty name"));
        let client = || json!({"oauth2-client-credentials": {"token_url": "https://a.com/token"}});
        check(move |m| m["credentials"]["api"]["kind"] = client(), Ok(()));
        check(|m| m["credentials"]["api"]["kind"] = json!("password"), Err("password"));
        check(|m| m["credentials"]["api"]["by_host"] = json!(true), Ok(()));
        check(
            move |m| {
                m["credentials"]["api"]["kind"] = client();
                m["credentials"]["api"]["by_host"] = json!(true);
            },
            Err("one for each host"),
        );
        check(|m| m["credentials"]["api"]["kind"] = json!({"oauth2-refresh": {"token_ulr": ""}}), Err("token_ulr"));
        check(
            |m| m["credentials"]["api"]["kind"] = json!({"oauth2-refresh": {"token_url": "http://a.com/t"}}),
            Err("plain http"),
        );
        check(
            |m| m["credentials"]["api"]["kind"] = json!({"oauth2-jwt-bearer": {"algorithm": "hs256"}}),
            Err("signs its assertions with `hs256`"),
        );
        check(
            move |m| {
                m["credentials"]["api"]["kind"] = client();
                m["credentials"]["api"]["placement"] = json!("basic");
            },
            Err("is a token"),
        );
        let key =
            |algorithm, encoding| json!({"k": {"description": "d", "algorithm": algorithm, "encoding": encoding}});
        check(|m| m["signing"] = key("hmac-sha256", "base64"), Ok(()));
        check(|m| m["signing"] = key("rs256", "hex"), Err("always PEM"));
        check(|m| m["signing"] = key("none", "text"), Err("none"));
        check(|m| m["settings"] = json!({"type": "string"}), Err("[settings]"));
        check(|m| m["settings"] = json!({"type": "object"}), Ok(()));
    }
}
