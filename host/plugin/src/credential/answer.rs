//! What a token endpoint answers (RFC 6749, sections 5.1 and 5.2), read strictly: it is the vendor's, not ours.

use std::fmt;

use aftercall_core::secret::Secret;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::limits::{CREDENTIAL_BYTES_MIN, TOKEN_BYTES_MAX};

/// How long a token is taken to hold where the vendor does not say, in milliseconds.
const LIFE_MS_DEFAULT: u64 = 5 * 60 * 1000;

/// Longest time for which a token is kept, in milliseconds: a day, whatever the vendor says.
const LIFE_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// A token as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Issued {
    pub(super) token: Secret,
    /// From when it was asked for, in milliseconds.
    pub(super) life_ms: u64,
    /// The refresh token that takes the place of the one that was used.
    pub(super) refresh_token: Option<Secret>,
}

/// Why an answer gives none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// The vendor says no, by a status and perhaps one of its error codes.
    Refused(Refused),
    /// The vendor can't say.
    Failing(u16),
    /// It is no answer to that question; the text says what is wrong with it.
    Nonsense(&'static str),
}

/// A vendor's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    status: u16,
    code: Option<&'static str>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{code}, status {}", self.status),
            None => write!(f, "status {}", self.status),
        }
    }
}

/// The codes that are repeated to people (RFC 6749, section 5.2). Any other text of the answer may be an echo.
const CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

#[derive(Deserialize)]
struct Written {
    access_token: Option<String>,
    token_type: Option<String>,
    #[serde(default)]
    expires_in: Value,
    refresh_token: Option<String>,
}

const NO_OBJECT: Fault = Fault::Nonsense("no JSON object of a token");

/// Reads an answer.
pub(super) fn read(status: u16, body: &[u8]) -> Result<Issued, Fault> {
    match status {
        200 => {}
        // A redirect would take the secret elsewhere.
        300..=399 => return Err(Fault::Nonsense("a redirect, which is not followed")),
        408 | 429 | 500.. => return Err(Fault::Failing(status)),
        _ => return Err(Fault::Refused(Refused { status, code: code(body) })),
    }
    // A list would do for serde, were it read at once.
    let object: Map<String, Value> = serde_json::from_slice(body).map_err(|_| NO_OBJECT)?;
    let written = Written::deserialize(Value::Object(object)).map_err(|_| NO_OBJECT)?;
    let fits = |token: &String| (CREDENTIAL_BYTES_MIN..=TOKEN_BYTES_MAX).contains(&token.len());
    let token = written.access_token.ok_or(Fault::Nonsense("without `access_token`"))?;
    if !fits(&token) {
        return Err(Fault::Nonsense("with an `access_token` that is too short or too long"));
    }
    // Whoever doesn't understand the type must not use the token (RFC 6749, section 7.1).
    if written.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        return Err(Fault::Nonsense("with a `token_type` that is not `Bearer`"));
    }
    if written.refresh_token.as_ref().is_some_and(|token| !fits(token)) {
        return Err(Fault::Nonsense("with a `refresh_token` that is too short or too long"));
    }
    Ok(Issued {
        token: Secret::new(token),
        life_ms: life_ms(&written.expires_in),
        refresh_token: written.refresh_token.map(Secret::new),
    })
}

/// A number of seconds, which some vendors write as text. What is no such number is no promise.
fn life_ms(written: &Value) -> u64 {
    let seconds = match written {
        Value::Null => return LIFE_MS_DEFAULT,
        Value::String(text) => text.parse().ok(),
        Value::Number(number) if number.as_f64().is_some_and(|seconds| seconds > 1e15) => Some(u64::MAX),
        number => number.as_u64(),
    };
    seconds.unwrap_or(0).saturating_mul(1000).min(LIFE_MS_MAX)
}

fn code(body: &[u8]) -> Option<&'static str> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let code = answer.get("error")?.as_str()?;
    CODES.into_iter().find(|known| *known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read() {
        for (body, life_ms, refresh) in [
            (r#"{"access_token":"abcd","token_type":"Bearer","expires_in":3600}"#, 3_600_000, None),
            (r#"{"access_token":"abcd","token_type":"bearer","expires_in":"60"}"#, 60_000, None),
            (r#"{"access_token":"abcd","scope":"x"}"#, LIFE_MS_DEFAULT, None),
            (r#"{"access_token":"abcd","expires_in":null}"#, LIFE_MS_DEFAULT, None),
            (r#"{"access_token":"abcd","expires_in":0}"#, 0, None),
            (r#"{"access_token":"abcd","expires_in":-5}"#, 0, None),
            (r#"{"access_token":"abcd","expires_in":"soon"}"#, 0, None),
            (r#"{"access_token":"abcd","expires_in":[1]}"#, 0, None),
            (r#"{"access_token":"abcd","expires_in":18446744073709551615}"#, LIFE_MS_MAX, None),
            (r#"{"access_token":"abcd","expires_in":1e300}"#, LIFE_MS_MAX, None),
            (r#"{"access_token":"abcd","refresh_token":"r234"}"#, LIFE_MS_DEFAULT, Some("r234")),
        ] {
            let refresh_token = refresh.map(|token: &str| Secret::new(token.into()));
            let expected = Issued { token: Secret::new("abcd".into()), life_ms, refresh_token };
            assert_eq!(read(200, body.as_bytes()), Ok(expected), "{body}");
        }
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        let long = format!(r#"{{"access_token":"{}"}}"#, "x".repeat(TOKEN_BYTES_MAX + 1));
        let refused = |status, code| Fault::Refused(Refused { status, code });
        for (status, body, expected) in [
            (200, "<html>sign in</html>", NO_OBJECT),
            (200, "", NO_OBJECT),
            (200, r#"["abcd"]"#, NO_OBJECT),
            (200, r#"["abcd","Bearer",3600,null]"#, NO_OBJECT),
            (200, "{}", Fault::Nonsense("without `access_token`")),
            (200, r#"{"access_token":7}"#, NO_OBJECT),
            (200, r#"{"access_token":"abc"}"#, Fault::Nonsense("with an `access_token` that is too short or too long")),
            (200, &long, Fault::Nonsense("with an `access_token` that is too short or too long")),
            (
                200,
                r#"{"access_token":"abcd","token_type":"mac"}"#,
                Fault::Nonsense("with a `token_type` that is not `Bearer`"),
            ),
            (
                200,
                r#"{"access_token":"abcd","refresh_token":""}"#,
                Fault::Nonsense("with a `refresh_token` that is too short or too long"),
            ),
            (302, "", Fault::Nonsense("a redirect, which is not followed")),
            (
                400,
                r#"{"error":"invalid_grant","error_description":"your secret"}"#,
                refused(400, Some("invalid_grant")),
            ),
            (401, r#"{"error":"your secret"}"#, refused(401, None)),
            (403, "<html>", refused(403, None)),
            (204, "", refused(204, None)),
            (429, r#"{"error":"slow_down"}"#, Fault::Failing(429)),
            (503, "", Fault::Failing(503)),
        ] {
            assert_eq!(read(status, body.as_bytes()), Err(expected), "{status} {body}");
        }
    }
}
