//! Who sees pages: `Authorization: Basic` (RFC 7617), a tenant by its name or the operator.

use std::collections::BTreeMap;

use aftercall_core::secret::Secret;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, header};
use subtle::ConstantTimeEq as _;

use super::Problem;

/// The user that a request proves to be.
///
/// # Errors
/// It proves to be nobody.
pub(super) fn user<'a>(passwords: &'a BTreeMap<String, Secret>, headers: &HeaderMap) -> Result<&'a str, Problem> {
    given(headers).and_then(|(user, password)| known(passwords, &user, &password)).ok_or_else(Problem::no_login)
}

fn given(headers: &HeaderMap) -> Option<(String, String)> {
    let (scheme, encoded) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (user, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn known<'a>(passwords: &'a BTreeMap<String, Secret>, user: &str, password: &str) -> Option<&'a str> {
    let (user, secret) = passwords.get_key_value(user)?;
    bool::from(secret.expose().as_bytes().ct_eq(password.as_bytes())).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_opens() {
        let passwords = BTreeMap::from([("acme".to_owned(), Secret::new("s3:cret".to_owned()))]);
        let basic = |text: &str| format!("Basic {}", BASE64_STANDARD.encode(text));
        for (header, expected) in [
            (Some(basic("acme:s3:cret")), Some("acme")),
            (Some(basic("acme:s3:cre")), None),
            (Some(basic("acme:")), None),
            (Some(basic("other:s3:cret")), None),
            (Some(basic("acme")), None),
            (Some("Bearer s3:cret".to_owned()), None),
            (Some("Basic ???".to_owned()), None),
            (None, None),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = &header {
                headers.insert(header::AUTHORIZATION, header.parse().expect("a value"));
            }
            assert_eq!(user(&passwords, &headers).ok(), expected, "{header:?}");
        }
    }
}
