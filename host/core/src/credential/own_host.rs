//! The host that a credential is for, where a tenant gives one for each.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::egress::{Rule, Scheme, Target};

/// One host, over TLS: `api.example.com`, or `api.example.com:8443`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OwnHost {
    /// In small letters; without brackets for an IPv6 address.
    name: String,
    port: u16,
}

/// Why a text is no host for a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no host for a credential: write one whole name in small letters, as in `api.example.com`, with its port where that isn't 443"
)]
pub struct InvalidHost {
    text: String,
}

impl OwnHost {
    /// Whether a request goes there. What is sent in the clear goes nowhere of a credential's.
    pub fn is_of(&self, target: &Target) -> bool {
        target.scheme == Scheme::Https && target.host == self.name && target.port == self.port
    }

    /// Whether a rule speaks of requests that go there.
    pub fn is_named_by(&self, rule: &Rule) -> bool {
        rule.place() == Some((Scheme::Https, &self.name, self.port))
    }
}

impl FromStr for OwnHost {
    type Err = InvalidHost;

    /// By the grammar of rules, so that there is one way to write a host.
    fn from_str(text: &str) -> Result<Self, InvalidHost> {
        let invalid = || InvalidHost { text: text.chars().take(200).collect() };
        if text.contains('/') {
            return Err(invalid());
        }
        let rule: Rule = format!("GET https://{text}/").parse().map_err(|_| invalid())?;
        let (_, name, port) = rule.place().ok_or_else(invalid)?;
        Ok(Self { name: name.to_owned(), port })
    }
}

impl TryFrom<String> for OwnHost {
    type Error = InvalidHost;

    fn try_from(text: String) -> Result<Self, InvalidHost> {
        text.parse()
    }
}

impl From<OwnHost> for String {
    fn from(host: OwnHost) -> String {
        host.to_string()
    }
}

impl fmt::Display for OwnHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.contains(':') {
            true => write!(f, "[{}]", self.name)?,
            false => f.write_str(&self.name)?,
        }
        if self.port != Scheme::Https.port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_whole_name() {
        fn check(text: &str, expected: Option<&str>) {
            let got = text.parse::<OwnHost>().map(|host| host.to_string());
            assert_eq!(got.as_deref().ok(), expected, "{text}");
        }
        check("api.a.com", Some("api.a.com"));
        check("api.a.com:443", Some("api.a.com"));
        check("api.a.com:8443", Some("api.a.com:8443"));
        check("[2001:db8::1]:8443", Some("[2001:db8::1]:8443"));
        for text in ["", "*", "*.a.com", "A.com", "a.com/x", "https://a.com", "me@a.com", "a.com:", "a.com:x", "a b"] {
            check(text, None);
        }
    }

    #[test]
    fn requests_and_rules_are_of_a_host_or_not() {
        let host: OwnHost = "api.a.com".parse().expect("a host");
        let target = |scheme: Scheme, host: &str, port: u16| Target {
            method: "GET".to_owned(),
            scheme,
            host: host.to_owned(),
            port,
            path: "/".to_owned(),
        };
        for (target, expected) in [
            (target(Scheme::Https, "api.a.com", 443), true),
            (target(Scheme::Https, "api.a.com", 8443), false),
            (target(Scheme::Http, "api.a.com", 443), false),
            (target(Scheme::Https, "a.com", 443), false),
            (target(Scheme::Https, "x.api.a.com", 443), false),
            (target(Scheme::Https, "api.a.com.evil.com", 443), false),
        ] {
            assert_eq!(host.is_of(&target), expected, "{target}");
        }
        for (rule, expected) in [
            ("POST https://api.a.com/v1/*", true),
            ("POST https://api.a.com:8443/v1", false),
            ("POST http://api.a.com/v1", false),
            ("POST https://b.com/v1", false),
            ("POST https://*/**", false),
        ] {
            assert_eq!(host.is_named_by(&rule.parse().expect("a rule")), expected, "{rule}");
        }
    }
}
