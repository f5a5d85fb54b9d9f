//! Credentials that a plugin asks a tenant for: where on a request each goes, and how it comes about.
//!
//! The author says the kind, for that is the vendor's; the tenant supplies its parts, for those are the tenant's
//! secrets. Both say where a secret is sent: a token URL stands in the tenant's grant, whether or not it stands in
//! the manifest too.

mod own_host;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use self::own_host::{InvalidHost, OwnHost};
use crate::{
    egress::{Rule, is_canonical_path},
    signing::Algorithm,
};

/// A credential that the tenant fills in and the host puts on requests. The component never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialSlot {
    /// What it is and where a tenant gets it.
    pub description: String,
    /// Where on the request it goes.
    pub placement: Placement,
    /// How it comes about.
    #[serde(default)]
    pub kind: Kind,
    /// Whether a tenant may leave it out: requests then go without it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// Whether a tenant gives one for each host, which goes to that host alone: for plugins whose endpoints tenants alone
    /// know. Each goes where `placement` says, unless the tenant's grant says otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_host: bool,
}

/// Where on a request a credential goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Placement {
    /// `Authorization: Basic` with the secret as `user:password` (RFC 7617).
    Basic,
    /// A header of the manifest's choice.
    Header {
        /// Its name, in small letters.
        name: String,
        /// What stands before the secret: `Bearer `.
        #[serde(default)]
        prefix: String,
    },
    /// A parameter of the query. The component leaves it out.
    Query {
        /// Its name.
        name: String,
    },
    /// A top-level field of the JSON object that is the body, for vendors that want it there. The component leaves
    /// the field out.
    Json {
        /// Its name.
        field: String,
    },
}

impl Placement {
    /// The header that it fills, in small letters: the guest may neither set nor read it.
    pub fn header(&self) -> Option<&str> {
        match self {
            Placement::Basic => Some("authorization"),
            Placement::Header { name, .. } => Some(name),
            Placement::Query { .. } | Placement::Json { .. } => None,
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Placement::Basic => f.write_str("basic authorization"),
            Placement::Header { name, .. } => write!(f, "the header {name}"),
            Placement::Query { name } => write!(f, "the query parameter `{name}`"),
            Placement::Json { field } => write!(f, "the field `{field}` of the JSON body"),
        }
    }
}

/// How a credential comes about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    /// The tenant has it, and it holds until the tenant changes it.
    #[default]
    Secret,
    /// An access token for the tenant's application itself (RFC 6749, section 4.4).
    Oauth2ClientCredentials(TokenRequest),
    /// An access token for a refresh token that the tenant has obtained (RFC 6749, section 6).
    Oauth2Refresh(TokenRequest),
    /// An access token for a signed assertion about a user (RFC 7523, section 2.1).
    Oauth2JwtBearer(TokenRequest),
}

/// What the author knows of how the vendor gives tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenRequest {
    /// Where tokens are asked for, if it is the same for all tenants.
    pub token_url: Option<TokenUrl>,
    /// The scope to ask for, unless the tenant's grant names another.
    pub scope: Option<String>,
    /// How the application proves who it is. A JWT bearer's assertion is proof enough.
    pub client_auth: ClientAuth,
    /// How assertions are signed, unless the tenant's grant says otherwise. Absent: as the key allows.
    pub algorithm: Option<Algorithm>,
    /// For whom assertions are, unless the tenant's grant says otherwise. Absent: for the token URL.
    pub audience: Option<String>,
}

/// How an application proves who it is when it asks for a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientAuth {
    /// Identifier and secret as `Authorization: Basic` (RFC 6749, section 2.3.1).
    #[default]
    Basic,
    /// Identifier and secret in the form.
    Body,
    /// An assertion signed with the application's private key (RFC 7523, section 2.2), as SMART's backend services do.
    Jwt,
}

/// A part that a tenant may have to supply, beside a secret that is whole by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "their names in a grant say it")]
pub enum Part {
    TokenUrl,
    ClientId,
    ClientSecret,
    RefreshToken,
    PrivateKey,
    KeyId,
    Algorithm,
    Subject,
    Audience,
    Scope,
}

impl Part {
    /// All of them, in the order in which they are told.
    pub const ALL: [Part; 10] = [
        Part::TokenUrl,
        Part::ClientId,
        Part::ClientSecret,
        Part::RefreshToken,
        Part::PrivateKey,
        Part::KeyId,
        Part::Algorithm,
        Part::Subject,
        Part::Audience,
        Part::Scope,
    ];

    /// Its name in a grant.
    pub const fn name(self) -> &'static str {
        match self {
            Part::TokenUrl => "token_url",
            Part::ClientId => "client_id",
            Part::ClientSecret => "client_secret",
            Part::RefreshToken => "refresh_token",
            Part::PrivateKey => "private_key",
            Part::KeyId => "key_id",
            Part::Algorithm => "algorithm",
            Part::Subject => "subject",
            Part::Audience => "audience",
            Part::Scope => "scope",
        }
    }

    /// Whether it is named by reference and never written.
    pub const fn is_secret(self) -> bool {
        matches!(self, Part::ClientSecret | Part::RefreshToken | Part::PrivateKey)
    }
}

/// Whether a kind of credential needs a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Need {
    /// Without it there is no credential.
    Required,
    /// It may be left out.
    Optional,
    /// It would have no meaning.
    None,
}

impl Kind {
    /// Whether it is a secret of the tenant's, and nothing is asked for.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Kind::Secret)
    }

    /// How tokens are asked for. None: it is a secret of the tenant's, and nothing is asked.
    pub const fn token_request(&self) -> Option<&TokenRequest> {
        match self {
            Kind::Secret => None,
            Kind::Oauth2ClientCredentials(ask) | Kind::Oauth2Refresh(ask) | Kind::Oauth2JwtBearer(ask) => Some(ask),
        }
    }

    /// What a tenant has to supply of a part.
    pub fn needs(&self, part: Part) -> Need {
        let Some(ask) = self.token_request() else { return Need::None };
        let bearer = matches!(self, Kind::Oauth2JwtBearer(_));
        let signs = bearer || ask.client_auth == ClientAuth::Jwt;
        match part {
            Part::TokenUrl | Part::ClientId => Need::Required,
            Part::Scope => Need::Optional,
            Part::RefreshToken if matches!(self, Kind::Oauth2Refresh(_)) => Need::Required,
            // A public client has a refresh token and no secret (RFC 6749, section 2.1).
            Part::ClientSecret if !signs && matches!(self, Kind::Oauth2Refresh(_)) => Need::Optional,
            Part::ClientSecret if !signs => Need::Required,
            Part::PrivateKey if signs => Need::Required,
            Part::KeyId | Part::Algorithm | Part::Audience if signs => Need::Optional,
            Part::Subject if bearer => Need::Optional,
            _ => Need::None,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Secret => "secret",
            Kind::Oauth2ClientCredentials(_) => "oauth2-client-credentials",
            Kind::Oauth2Refresh(_) => "oauth2-refresh",
            Kind::Oauth2JwtBearer(_) => "oauth2-jwt-bearer",
        })
    }
}

/// Where tokens are asked for: one whole https URL, to which a tenant's secret goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenUrl {
    text: String,
    rule: Rule,
}

/// Why a text is no token URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no token URL: {why}; write it as `https://login.example.com/oauth2/token`")]
pub struct InvalidTokenUrl {
    text: String,
    why: &'static str,
}

impl TokenUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What an operator's ceiling must have for tokens to be asked for there: `POST`, and the URL without its query.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }
}

impl FromStr for TokenUrl {
    type Err = InvalidTokenUrl;

    fn from_str(text: &str) -> Result<Self, InvalidTokenUrl> {
        let invalid = |why| InvalidTokenUrl { text: text.chars().take(200).collect(), why };
        if text.starts_with("http://") {
            return Err(invalid("a secret over plain http could be read on the way"));
        }
        if !text.starts_with("https://") {
            return Err(invalid("it must begin with https://"));
        }
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '*' | '#' | '@' | '\\');
        if text.contains(odd) {
            return Err(invalid("it must be one whole URL, without user name, fragment and `*`"));
        }
        let address = text.split_once('?').map_or(text, |(address, _)| address);
        let rule = format!("POST {address}").parse().map_err(|_| invalid("it must have a host and a path"))?;
        let path = address.split_once("://").and_then(|(_, rest)| Some(&rest[rest.find('/')?..]));
        if !path.is_some_and(is_canonical_path) {
            return Err(invalid("its path could be read in more than one way"));
        }
        Ok(Self { text: text.to_owned(), rule })
    }
}

impl TryFrom<String> for TokenUrl {
    type Error = InvalidTokenUrl;

    fn try_from(text: String) -> Result<Self, InvalidTokenUrl> {
        text.parse()
    }
}

impl From<TokenUrl> for String {
    fn from(url: TokenUrl) -> String {
        url.text
    }
}

impl fmt::Display for TokenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_token_url_is_whole_and_over_tls() {
        for (text, expected) in [
            ("https://login.a.com/oauth2/token", Ok("POST https://login.a.com/oauth2/token")),
            ("https://login.a.com:8443/token?p=x", Ok("POST https://login.a.com:8443/token")),
            ("http://login.a.com/token", Err("plain http")),
            ("login.a.com/token", Err("begin with https://")),
            ("https://login.a.com", Err("a host and a path")),
            ("https:///token", Err("a host and a path")),
            ("https://*.a.com/token", Err("one whole URL")),
            ("https://me@a.com/token", Err("one whole URL")),
            ("https://a.com/token#x", Err("one whole URL")),
            ("https://a.com/to ken", Err("one whole URL")),
            ("https://a.com/x/../token", Err("more than one way")),
            ("https://a.com//token", Err("more than one way")),
            ("https://a.com/%74oken", Err("more than one way")),
            ("https://A.com/token", Err("a host and a path")),
        ] {
            match (text.parse::<TokenUrl>(), expected) {
                (Ok(url), Ok(rule)) => assert_eq!(url.rule().to_string(), rule),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
                (got, expected) => panic!("{text}: {got:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn each_kind_needs_its_parts() {
        let check = |kind: serde_json::Value, required: &[&str], optional: &[&str]| {
            let kind: Kind = serde_json::from_value(kind).expect("a kind");
            for (need, expected) in [(Need::Required, required), (Need::Optional, optional)] {
                let parts = Part::ALL.into_iter().filter(|part| kind.needs(*part) == need).map(Part::name);
                assert_eq!(parts.collect::<Vec<_>>(), expected, "{kind}");
            }
        };
        let signed = ["key_id", "algorithm", "audience", "scope"];
        check(json!("secret"), &[], &[]);
        check(json!({"oauth2-client-credentials": {}}), &["token_url", "client_id", "client_secret"], &["scope"]);
        check(
            json!({"oauth2-client-credentials": {"client_auth": "jwt"}}),
            &["token_url", "client_id", "private_key"],
            &signed,
        );
        check(
            json!({"oauth2-refresh": {"client_auth": "body"}}),
            &["token_url", "client_id", "refresh_token"],
            &["client_secret", "scope"],
        );
        check(
            json!({"oauth2-refresh": {"client_auth": "jwt"}}),
            &["token_url", "client_id", "refresh_token", "private_key"],
            &signed,
        );
        check(
            json!({"oauth2-jwt-bearer": {}}),
            &["token_url", "client_id", "private_key"],
            &["key_id", "algorithm", "subject", "audience", "scope"],
        );
    }
}
