//! Addresses of requests that call a live tool, without what nobody may keep of them.
//!
//! A key that stands in an address is never used: the tenant's grant holds the credentials. So parameters of a query whose
//! names say that they carry one are left out, unless an argument is their value, and an address with a password in front of
//! its host isn't taken at all. A path can't be told from a secret: the rule of the grant has to name it.

use std::collections::BTreeMap;

use aftercall_core::run::words_of;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// What an address begins with. In the clear, arguments could be read on the way.
const SCHEME: &str = "https://";

/// Words in the name of a parameter or a header that carries a secret.
const SECRET_WORDS: &[&str] = &[
    "apikey",
    "auth",
    "authentication",
    "authorization",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "jwt",
    "key",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sig",
    "signature",
    "token",
];

/// The name under which Azure's functions have their key in the query.
const SECRET_NAME: &str = "code";

/// Where a request goes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Address {
    /// Without its query. `{NAME}` in the path stands for an argument.
    pub(crate) url: String,
    /// The query: templates.
    pub(crate) query: BTreeMap<String, Value>,
    /// The arguments that it names.
    pub(crate) arguments: Vec<String>,
}

/// Whether a parameter or a header of this name would carry a secret.
pub(crate) fn names_a_secret(name: &str) -> bool {
    name.eq_ignore_ascii_case(SECRET_NAME) || words_of(name).iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
}

/// Reads an address, in which `{NAME}` stands for an argument: in the path, or as the whole value of a parameter. A brace
/// that is written with a percent sign is text.
///
/// # Errors
/// Says what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Address, String> {
    let text = text.trim().split('#').next().unwrap_or_default();
    let (whole, query) = text.split_once('?').unwrap_or((text, ""));
    let rest = whole.strip_prefix(SCHEME).ok_or_else(|| format!("its address doesn't begin with `{SCHEME}`"))?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if authority.contains('@') {
        return Err("its address has a password in it, which belongs in the tenant's grant".to_owned());
    }
    if authority.is_empty() || authority.contains(['{', '}']) {
        return Err("its address doesn't name its host".to_owned());
    }
    // Hosts are the same in letters of either case (RFC 3986, section 3.2.2), and rules name them in small ones.
    let authority = authority.to_ascii_lowercase();
    let path = if path.is_empty() { "/" } else { path };
    let mut arguments = placeholders(path)?;
    let mut parameters = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name);
        let is_secret = names_a_secret(&name);
        let value = match placeholders(value).as_deref() {
            Ok([argument]) if value == format!("{{{argument}}}") => {
                let argument = decoded(argument);
                arguments.push(argument.clone());
                json!({ "$": format!("arguments.{argument}") })
            }
            // Whatever it is.
            _ if is_secret => continue,
            Ok([]) => json!(decoded(value)),
            Ok(_) => return Err(format!("its address mixes text and arguments in `{name}`")),
            Err(wrong) => return Err(wrong.clone()),
        };
        parameters.insert(name, value);
    }
    Ok(Address { url: format!("{SCHEME}{authority}{path}"), query: parameters, arguments })
}

/// A name or a value of a query, as it is meant (WHATWG URL, `application/x-www-form-urlencoded`).
fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The names in braces, in order.
fn placeholders(text: &str) -> Result<Vec<String>, String> {
    let wrong = || "a brace in its address stands for no argument".to_owned();
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (name, behind) = rest[at..].strip_prefix('{').and_then(|rest| rest.split_once('}')).ok_or_else(wrong)?;
        if name.is_empty() || name.contains('{') {
            return Err(wrong());
        }
        names.push(name.to_owned());
        rest = behind;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(&str, Value, &[&str]), &str>) {
        match (read(text), expected) {
            (Ok(got), Ok((url, query, arguments))) => {
                assert_eq!(got.url, url);
                assert_eq!(json!(got.query), query, "{text}");
                assert_eq!(got.arguments, arguments);
            }
            (Err(error), Err(words)) => assert!(error.contains(words), "{text}: {error}"),
            (got, expected) => panic!("{text}: {got:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn addresses_lose_their_secrets() {
        let at = "https://a.com/x";
        check(at, Ok((at, json!({}), &[])));
        check(" https://a.com ", Ok(("https://a.com/", json!({}), &[])));
        check("https://a.com:8443/x#y", Ok(("https://a.com:8443/x", json!({}), &[])));
        check("https://a.com/x?", Ok((at, json!({}), &[])));
        check("https://a.com/x?a=b+c%26&d", Ok((at, json!({"a": "b c&", "d": ""}), &[])));
        check("https://a.com?a=b", Ok(("https://a.com/", json!({"a": "b"}), &[])));
        for name in ["key", "api_key", "apiKey", "APIKEY", "access_token", "Signature", "code", "x-auth"] {
            check(&format!("https://a.com/x?{name}=hush&a=b"), Ok((at, json!({"a": "b"}), &[])));
        }
        check("https://a.com/x?country_code=1", Ok((at, json!({"country_code": "1"}), &[])));
        check("https://a.com/{id}/y", Ok(("https://a.com/{id}/y", json!({}), &["id"])));
        check("https://a.com/x?q={id}", Ok((at, json!({"q": {"$": "arguments.id"}}), &["id"])));
        check("https://a.com/x?q=a{id}", Err("mixes text and arguments in `q`"));
        check("https://a.com/x?q={a%20b}", Ok((at, json!({"q": {"$": "arguments.a b"}}), &["a b"])));
        check("https://a.com/x?q=%7Bid%7D", Ok((at, json!({"q": "{id}"}), &[])));
        check("https://a.com/x?q=%7B", Ok((at, json!({"q": "{"}), &[])));
        check("https://a.com/%7Bid%7D", Ok(("https://a.com/%7Bid%7D", json!({}), &[])));
        check("https://a.com/x?%7Bq%7D=a", Ok((at, json!({"{q}": "a"}), &[])));
        check("https://a.com/x?code={id}", Ok((at, json!({"code": {"$": "arguments.id"}}), &["id"])));
        check("https://a.com/x?key=%7Bid%7D&key=hush", Ok((at, json!({}), &[])));
        check("https://a.com/x?sig=hu{sh", Ok((at, json!({}), &[])));
        check("https://a.com/x?key=hush{id}", Ok((at, json!({}), &[])));
        check("https://a.com/x?q=a{b", Err("stands for no argument"));
        check("https://API.A.com:8443/X?Q=R", Ok(("https://api.a.com:8443/X", json!({"Q": "R"}), &[])));
        check("https://user:pass@a.com/x", Err("a password"));
        check("https://{host}/x", Err("doesn't name its host"));
        check("https:///x", Err("doesn't name its host"));
        check("http://a.com/x", Err("`https://`"));
        check("a.com/x", Err("`https://`"));
        for path in ["{", "}", "{}", "{a{b}}"] {
            check(&format!("https://a.com/{path}"), Err("a brace"));
        }
    }
}
