//! Secrets that platforms put into their payloads, which nobody may keep: Retell's web calls carry the `access_token` with
//! which the caller joined, and Vapi's assistants the secrets of their servers.

use std::borrow::Cow;

/// The keys of secrets, as they stand in a document. Within a text they would stand there otherwise: their quotes are
/// escaped.
const KEYS: &[&[u8]] =
    &[br#""access_token""#, br#""secret""#, br#""serverUrlSecret""#, br#""authorization""#, br#""Authorization""#];

/// The payload as it may be kept: the same bytes, but for secrets, which are written over.
pub fn without_secrets(payload: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Cow::Borrowed(payload);
    let mut from = 0;
    while let Some(at) = payload[from..].iter().position(|byte| *byte == b'"') {
        from += at;
        let Some(key) = KEYS.iter().find(|key| payload[from..].starts_with(key)) else {
            from += 1;
            continue;
        };
        from += key.len();
        let is_value = |byte: &u8| !byte.is_ascii_whitespace() && *byte != b':';
        let Some(skipped) = payload[from..].iter().position(is_value) else { break };
        if payload[from + skipped] != b'"' {
            continue;
        }
        from += skipped + 1;
        let length = text_length(&payload[from..]);
        kept.to_mut()[from..from + length].fill(b'x');
        from += length;
    }
    kept
}

/// How many bytes come before the quote that ends a text.
fn text_length(text: &[u8]) -> usize {
    let mut is_escaped = false;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    };
    text.iter().position(ends).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_written_over_and_nothing_else() {
        for (payload, expected) in [
            (r#"{"call":{"access_token":"eyJ0"}}"#, r#"{"call":{"access_token":"xxxx"}}"#),
            (r#"{"access_token" : "a\"b\\","access_token":"c"}"#, r#"{"access_token" : "xxxxxx","access_token":"x"}"#),
            (
                r#"{"server":{"url":"u","secret":"hush","headers":{"Authorization":"Bearer hush"}}}"#,
                r#"{"server":{"url":"u","secret":"xxxx","headers":{"Authorization":"xxxxxxxxxxx"}}}"#,
            ),
            (
                r#"{"secret":{"type":"string"},"a":["secret","b"]}"#,
                r#"{"secret":{"type":"string"},"a":["secret","b"]}"#,
            ),
            (r#"{"access_token":null,"a":"b"}"#, r#"{"access_token":null,"a":"b"}"#),
            (r#"{"access_token":"","a":"b"}"#, r#"{"access_token":"","a":"b"}"#),
            (r#"{"text":"my \"access_token\":\"is\" this"}"#, r#"{"text":"my \"access_token\":\"is\" this"}"#),
            (r#"{"refresh_access_token":"a"}"#, r#"{"refresh_access_token":"a"}"#),
            (r#"{"access_token":"cut off"#, r#"{"access_token":"xxxxxxx"#),
            (r#"{"access_token":"#, r#"{"access_token":"#),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&without_secrets(payload.as_bytes())), expected, "{payload}");
        }
    }
}
