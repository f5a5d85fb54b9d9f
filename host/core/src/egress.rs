//! Which requests may leave: rules, and the one function that decides.
//!
//! A rule is written `POST https://api.example.com/v1/contacts/*`: methods, scheme, host, port (if it isn't
//! the scheme's own) and path pattern. In the path `*` stands for one segment, and a single `**` for any number of them, also
//! for none: `https://*/**/Patient` is for vendors whose customers have base paths of their own. As the
//! host, `*` stands for any, and `*.example.com` for any below that one: for authors whose vendor has a host for
//! each customer, and for ceilings. A tenant's grant names its hosts whole. The query is not part of a rule.
//!
//! What holds is the author's request ∩ the operator's ceiling ∩ the tenant's grant ∩ this call. The request must match a rule
//! of each; where one of them marks it as a write, it is a write.

mod cover;
mod pattern;

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use self::pattern::PathPattern;

/// Longest rule, in bytes: keeps a hostile manifest from costing time at each request.
pub const RULE_BYTES_MAX: usize = 1024;

/// Whether a request changes the outside world. A search is a POST that reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// It changes nothing.
    Read,
    /// It may change something.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
        })
    }
}

/// Scheme of a rule or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The port that the scheme implies (RFC 9110, sections 4.2.1 and 4.2.2).
    pub const fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    /// `http` or `https`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// A request as the door sees it, in canonical form: what is checked is what is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// In capitals.
    pub method: String,
    /// Over which scheme.
    pub scheme: Scheme,
    /// In small letters; without brackets for an IPv6 address.
    pub host: String,
    /// Always stated.
    pub port: u16,
    /// The path as it will be sent, percent-encoded, beginning with `/`.
    pub path: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}://", self.method, self.scheme.as_str())?;
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        if self.port != self.scheme.port() {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.path)
    }
}

/// One line of what may leave.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    methods: Vec<String>,
    scheme: Scheme,
    host: Host,
    port: u16,
    path: PathPattern,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Host {
    Exactly(String),
    /// Any below this one, which begins with its dot.
    Below(String),
    Any,
}

/// Why a text is no rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no egress rule: {why}; write it as `POST https://api.example.com/v1/contacts/*`")]
pub struct InvalidRule {
    text: String,
    why: &'static str,
}

impl FromStr for Rule {
    type Err = InvalidRule;

    fn from_str(text: &str) -> Result<Self, InvalidRule> {
        parse(text).map_err(|why| InvalidRule { text: text.chars().take(200).collect(), why })
    }
}

fn parse(text: &str) -> Result<Rule, &'static str> {
    if text.len() > RULE_BYTES_MAX {
        return Err("it is too long");
    }
    let (methods, address) = text.split_once(' ').ok_or("method and address are missing")?;
    let methods: Vec<String> = methods.split(',').map(str::to_owned).collect();
    if methods.iter().any(|m| m.is_empty() || !m.bytes().all(|b| b.is_ascii_uppercase())) {
        return Err("methods are written in capitals, separated by commas without a space");
    }
    let (scheme, rest) = match address.split_once("://") {
        Some(("https", rest)) => (Scheme::Https, rest),
        Some(("http", rest)) => (Scheme::Http, rest),
        _ => return Err("the scheme must be `http` or `https`"),
    };
    let (authority, path) = rest.split_at(rest.find('/').ok_or("the path is missing")?);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
            (host, port.parse().map_err(|_| "the port is no number from 0 to 65535")?)
        }
        _ => (authority, scheme.port()),
    };
    let host = parse_host(host)?;
    if path.contains(['?', '#']) {
        return Err("query and fragment are not part of a rule");
    }
    Ok(Rule { methods, scheme, host, port, path: path.parse()?, text: text.to_owned() })
}

fn parse_host(host: &str) -> Result<Host, &'static str> {
    if host == "*" {
        return Ok(Host::Any);
    }
    let (name, below) = match host.strip_prefix('*') {
        Some(rest) => (rest, true),
        None => (host.trim_start_matches('[').trim_end_matches(']'), false),
    };
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.' | b':' | b'_');
    if name.is_empty() || !name.bytes().all(plain) {
        return Err("the host must be one whole name in small letters, an address, `*`, or `*.` and a name");
    }
    match below {
        false => Ok(Host::Exactly(name.to_owned())),
        true if name.strip_prefix('.').is_some_and(|rest| rest.contains('.') && !rest.starts_with('.')) => {
            Ok(Host::Below(name.to_owned()))
        }
        true => Err("below `*.` there must be a name of two parts or more"),
    }
}

impl TryFrom<String> for Rule {
    type Error = InvalidRule;

    fn try_from(text: String) -> Result<Self, InvalidRule> {
        text.parse()
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> String {
        rule.text
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Rule {
    /// Whether the request is one that this rule speaks of.
    pub fn matches(&self, target: &Target) -> bool {
        is_canonical_path(&target.path) && self.matches_at(target, &target.path)
    }

    /// The same, of a path that is canonical.
    fn matches_at(&self, target: &Target, path: &str) -> bool {
        self.methods.contains(&target.method)
            && self.scheme == target.scheme
            && self.host.matches(&target.host)
            && self.port == target.port
            && self.path.matches(path)
    }

    /// Whether it names one host, and not many.
    pub fn names_its_host(&self) -> bool {
        self.place().is_some()
    }

    /// The scheme, host and port of all that it speaks of, if it names one host and not many.
    pub fn place(&self) -> Option<(Scheme, &str, u16)> {
        match &self.host {
            Host::Exactly(name) => Some((self.scheme, name, self.port)),
            Host::Below(_) | Host::Any => None,
        }
    }
}

impl Host {
    fn matches(&self, host: &str) -> bool {
        match self {
            Host::Exactly(name) => name == host,
            Host::Below(ending) => host.strip_suffix(ending.as_str()).is_some_and(|label| !label.is_empty()),
            Host::Any => true,
        }
    }
}

/// Whether a path can mean one thing alone, to us and to any server (RFC 3986, section 6.2.2). No rule speaks of
/// another: dot segments (also with parameters, `..;x`), empty inner segments, backslashes, and percent-codes of
/// what needs none or of what servers take for syntax once decoded.
pub fn is_canonical_path(path: &str) -> bool {
    let Some(inner) = path.strip_prefix('/') else { return false };
    let (before, last) = inner.rsplit_once('/').map_or((None, inner), |(before, last)| (Some(before), last));
    let plain = |segment: &str| !matches!(segment.split(';').next(), Some("." | ".."));
    let segments =
        plain(last) && before.into_iter().flat_map(|all| all.split('/')).all(|one| plain(one) && !one.is_empty());
    let codes =
        path.split('%').skip(1).all(|rest| match rest.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
                !unreserved && !byte.is_ascii_control() && !matches!(byte, b'/' | b'\\' | b'%' | b';')
            }
            None => false,
        });
    segments && codes && !path.contains('\\')
}

/// A rule with its mark.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MarkedRule {
    /// What it speaks of.
    pub rule: Rule,
    /// What it is marked as.
    pub access: Access,
}

/// Who has a say about egress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The plugin's author, in its manifest.
    Author,
    /// The operator, for all tenants.
    Operator,
    /// The tenant, in its grant.
    Tenant,
}

/// Why a request may not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// A party has no rule that matches.
    #[error("{target} is not {}", missing(*.party))]
    NoRule {
        /// What was refused.
        target: Target,
        /// Who has no rule for it.
        party: Party,
    },
    /// A write where only reads may leave.
    #[error("{target} is marked as a write, and {call} sends reads alone")]
    WriteFromRead {
        /// What was refused.
        target: Target,
        /// What kind of call asked: `a read tool`, `reconcile`.
        call: &'static str,
    },
}

const fn missing(party: Party) -> &'static str {
    match party {
        Party::Author => "requested by the plugin's manifest: its author must add an [[egress]] rule for it",
        Party::Operator => "below the operator's ceiling: add it to `operator.egress_ceiling`",
        Party::Tenant => "granted by the tenant: add it to `egress.read` or `egress.write` of the plugin's grant",
    }
}

/// What a call may send at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sends {
    /// Reads and writes.
    Anything,
    /// Reads; the text says what kind of call it is.
    ReadsOf(&'static str),
}

/// What holds for one plugin in one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// From the manifest.
    pub author: Vec<MarkedRule>,
    /// From the operator. None: the operator sets no ceiling.
    pub operator: Option<Vec<Rule>>,
    /// From the tenant's grant.
    pub tenant: Vec<MarkedRule>,
}

/// A request that may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    /// What it counts as.
    pub access: Access,
    /// Which of the manifest's rules it falls under: the first that matches, a write before a read.
    pub author_rule: usize,
}

impl Policy {
    /// Decides about one request. This is the only place where that is decided.
    ///
    /// # Errors
    /// Says what was refused and what would allow it.
    pub fn decide(&self, target: &Target, sends: Sends) -> Result<Allowed, Denial> {
        let no_rule = |party| Denial::NoRule { target: target.clone(), party };
        let author_rule = strictest(&self.author, target).ok_or_else(|| no_rule(Party::Author))?;
        if let Some(ceiling) = &self.operator
            && !ceiling.iter().any(|rule| rule.matches(target))
        {
            return Err(no_rule(Party::Operator));
        }
        let tenant_rule = strictest(&self.tenant, target).ok_or_else(|| no_rule(Party::Tenant))?;
        let access = self.author[author_rule].access.max(self.tenant[tenant_rule].access);
        match sends {
            Sends::ReadsOf(call) if access == Access::Write => {
                Err(Denial::WriteFromRead { target: target.clone(), call })
            }
            _ => Ok(Allowed { access, author_rule }),
        }
    }
}

fn strictest(rules: &[MarkedRule], target: &Target) -> Option<usize> {
    if !is_canonical_path(&target.path) {
        return None;
    }
    let read = |rule: &Rule| rule.matches_at(target, &target.path);
    // Most servers take a path with a slash behind it for the one without.
    let without_slash = target.path.strip_suffix('/').filter(|path| is_canonical_path(path));
    let write = |rule: &Rule| read(rule) || without_slash.is_some_and(|path| rule.matches_at(target, path));
    let position = |access, matches: &dyn Fn(&Rule) -> bool| {
        rules.iter().position(|marked| marked.access == access && matches(&marked.rule))
    };
    position(Access::Write, &write).or_else(|| position(Access::Read, &read))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        let (method, address) = text.split_once(' ').expect("method");
        let (scheme, rest) = address.split_once("://").expect("scheme");
        let (authority, path) = rest.split_at(rest.find('/').expect("path"));
        let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
        let (host, port) = match authority.split_once(':') {
            Some((host, port)) => (host, port.parse().expect("port")),
            None => (authority, scheme.port()),
        };
        Target { method: method.into(), scheme, host: host.into(), port, path: path.into() }
    }

    #[test]
    fn a_rule_matches_what_it_says_and_nothing_else() {
        let cases = [
            ("POST https://a.com/v1/x", "POST https://a.com/v1/x", true),
            ("POST https://a.com/v1/x", "GET https://a.com/v1/x", false),
            ("GET,POST https://a.com/v1/x", "GET https://a.com/v1/x", true),
            ("POST https://a.com/v1/x", "POST http://a.com/v1/x", false),
            ("POST https://a.com/v1/x", "POST https://b.a.com/v1/x", false),
            ("POST https://a.com/v1/x", "POST https://a.com:8443/v1/x", false),
            ("POST https://a.com:8443/v1/x", "POST https://a.com:8443/v1/x", true),
            ("POST https://a.com/v1/x", "POST https://a.com/v1/x/", false),
            ("POST https://a.com/v1/x", "POST https://a.com/v1", false),
            ("GET https://a.com/v1/*", "GET https://a.com/v1/7", true),
            ("GET https://a.com/v1/*", "GET https://a.com/v1/", false),
            ("GET https://a.com/v1/*", "GET https://a.com/v1/7/8", false),
            ("GET https://a.com/v1/*", "GET https://a.com/v1/..", false),
            ("GET https://a.com/v1/*/z", "GET https://a.com/v1/7/z", true),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/7/8/9", true),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/", true),
            ("GET https://a.com/v1/**", "GET https://a.com/v2", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/../v2", false),
            ("GET https://a.com/v1/*", "GET https://a.com/v1/..%2fv2", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/%2e%2e/v2", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/%6dessages", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a%2Fb", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a%00b", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a%zz", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a%", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/..;x/v2", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1//v2", false),
            ("GET https://a.com/v1/**", "GET https://a.com//v1/v2", false),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a%20b/%C3%A9", true),
            ("GET https://a.com/v1/**", "GET https://a.com/v1/a.b;c", true),
            ("GET https://a.com/**", "GET https://a.com/", true),
            ("GET https://a.com/**/x", "GET https://a.com/x", true),
            ("GET https://a.com/**/x", "GET https://a.com/v1/r4/x", true),
            ("GET https://a.com/**/x", "GET https://a.com/v1/x/", false),
            ("GET https://a.com/**/x", "GET https://a.com/v1/xx", false),
            ("GET https://a.com/**/x", "GET https://a.com/x/7", false),
            ("GET https://a.com/**/x", "GET https://a.com/v1/../x", false),
            ("GET https://a.com/**/x/*", "GET https://a.com/v1/x/7", true),
            ("GET https://a.com/**/x/*", "GET https://a.com/v1/x/", false),
            ("GET https://a.com/**/x/*", "GET https://a.com/v1/x", false),
            ("GET https://a.com/v1/**/x", "GET https://a.com/v1/x", true),
            ("GET https://a.com/v1/**/v1", "GET https://a.com/v1", false),
            ("GET https://a.com/v1/**/x", "GET https://a.com/v2/x", false),
            ("GET https://*/x", "GET https://a.com/x", true),
            ("GET https://*/x", "GET https://a.com:8443/x", false),
            ("GET https://*.b.com/x", "GET https://a.b.com/x", true),
            ("GET https://*.b.com/x", "GET https://c.a.b.com/x", true),
            ("GET https://*.b.com/x", "GET https://b.com/x", false),
            ("GET https://*.b.com/x", "GET https://.b.com/x", false),
            ("GET https://*.b.com/x", "GET https://ab.com/x", false),
        ];
        for (rule, request, expected) in cases {
            let parsed: Rule = rule.parse().expect("a rule");
            assert_eq!(parsed.matches(&target(request)), expected, "{rule} on {request}");
            assert_eq!(parsed.to_string(), rule);
        }
    }

    #[test]
    fn what_is_no_rule_says_why() {
        for (text, why) in [
            ("", "missing"),
            ("https://a.com/", "missing"),
            ("get https://a.com/", "capitals"),
            ("GET, https://a.com/", "capitals"),
            ("GET ftp://a.com/", "scheme"),
            ("GET https://a.com", "path"),
            ("GET https:///x", "host"),
            ("GET https://*.com/x", "two parts"),
            ("GET https://*./x", "two parts"),
            ("GET https://*a.com/x", "two parts"),
            ("GET https://a.*.com/x", "host"),
            ("GET https://A.com/x", "host"),
            ("GET https://u@a.com/x", "host"),
            ("GET https://a.com:99999/x", "port"),
            ("GET https://a.com/x?y", "query"),
            ("GET https://a.com/x*", "segment"),
            ("GET https://a.com/**x/y", "segment"),
            ("GET https://a.com/**/x/**", "once"),
        ] {
            let error = text.parse::<Rule>().expect_err(text).to_string();
            assert!(error.contains(why), "`{text}`: {error}");
        }
    }

    #[test]
    fn every_party_must_agree_and_a_write_stays_a_write() {
        let marked = |access, rule: &str| MarkedRule { rule: rule.parse().expect("a rule"), access };
        let get = "GET https://a.com/x";
        let post = "POST https://a.com/x";
        let policy = |author, tenant| Policy { author, operator: None, tenant };
        let (read, write) = (Access::Read, Access::Write);
        let both = policy(vec![marked(read, get), marked(write, post)], vec![marked(read, get), marked(write, post)]);
        let broad = || vec![marked(read, "POST https://a.com/**"), marked(write, post)];
        let overlapping = policy(broad(), broad());
        let stricter_tenant = policy(vec![marked(read, post)], vec![marked(write, post)]);
        let no_tenant = policy(vec![marked(read, get)], vec![]);
        let no_author = policy(vec![], vec![marked(read, get)]);
        let capped = Policy { operator: Some(vec![]), ..both.clone() };
        let only_reads = Sends::ReadsOf("a read tool");
        let cases = [
            (&both, get, Sends::Anything, Ok(read)),
            (&both, post, Sends::Anything, Ok(write)),
            (&both, get, only_reads, Ok(read)),
            (&overlapping, "POST https://a.com/search", only_reads, Ok(read)),
            (&overlapping, "POST https://a.com/x", only_reads, Err("marked as a write")),
            (&overlapping, "POST https://a.com/x/", only_reads, Err("marked as a write")),
            (&overlapping, "POST https://a.com/x//", Sends::Anything, Err("manifest")),
            (&overlapping, "POST https://a.com/%78", only_reads, Err("manifest")),
            (&both, post, only_reads, Err("marked as a write")),
            (&stricter_tenant, post, Sends::Anything, Ok(write)),
            (&stricter_tenant, post, only_reads, Err("marked as a write")),
            (&no_tenant, get, Sends::Anything, Err("egress.read")),
            (&no_author, get, Sends::Anything, Err("manifest")),
            (&capped, get, Sends::Anything, Err("egress_ceiling")),
        ];
        for (policy, request, sends, expected) in cases {
            match (policy.decide(&target(request), sends), expected) {
                (Ok(allowed), Ok(access)) => assert_eq!(allowed.access, access, "{request}"),
                (Err(denial), Err(words)) => assert!(denial.to_string().contains(words), "{denial}"),
                (got, expected) => panic!("{request}: {got:?} instead of {expected:?}"),
            }
        }
    }
}
