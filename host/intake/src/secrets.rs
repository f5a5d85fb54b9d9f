//! Secrets that platforms put into their payloads, which nobody may keep: Retell's web calls carry the `access_token` with
//! which the caller joined, Vapi's assistants what authenticates requests to their servers, ElevenLabs' its `secret__`
//! variables and the headers of its tools.
//!
//! They are told by where they stand, since a payload may be read only after they were written over: what the call says of
//! itself, such as a tool's arguments, its results and what was extracted, has to read the same then. What an address holds,
//! or what a tool's own definition fixes as an argument, can't be told from what it needs, and stays.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::AhoCorasick;
use memchr::memchr2;

use crate::address::names_a_secret;

/// What belongs to the call, by the names of its members: what was said and done, what was extracted, and the schemas of
/// tools. Nothing below is a platform's secret, whatever it is called.
const OF_THE_CALL: &[&[u8]] = &[
    b"analysis",
    b"args",
    b"arguments",
    b"call_analysis",
    b"collected_dynamic_variables",
    b"conversation_insights",
    b"input",
    b"input_schema",
    b"insights",
    b"items",
    b"messages",
    b"messagesOpenAIFormatted",
    b"openai_items",
    b"output",
    b"parameters",
    b"parametersJsonSchema",
    b"results",
    b"structuredData",
    b"variableValues",
    b"variables",
];

/// What ElevenLabs' variables begin with that no model may see.
const SECRET_VARIABLE: &[u8] = b"secret__";

/// The types that JSON Schema knows.
const SCHEMA_TYPES: &[&[u8]] = &[b"array", b"boolean", b"integer", b"null", b"number", b"object", b"string"];

/// What a value is, by the names that lead to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing is known of it.
    Plain,
    /// A server, a webhook or an assistant, among whose members is a `secret`.
    Holder,
    /// Below `tools`: definitions of tools.
    Tools,
    /// How a tool of a native record is called after the call.
    Http,
    /// The headers and the query of that: by their names, since those that carry no secret are read.
    HttpFields,
    /// Of the call.
    OfTheCall,
    /// A secret, if it is a text, or a list of them.
    Secret,
    /// All texts below are secrets.
    Secrets,
    /// Among these, what may be the type of a schema.
    Type,
    /// Among these, what may be a schema's list of names.
    Required,
    /// A name in that list.
    Name,
}

impl Place {
    /// The place of a member.
    fn member(self, name: &[u8]) -> Self {
        match (self, name) {
            (Self::OfTheCall, _) => Self::OfTheCall,
            (Self::Secrets | Self::Type | Self::Required | Self::Name, name) => match name {
                b"type" => Self::Type,
                b"required" => Self::Required,
                // What stands for an argument.
                b"$" => Self::Plain,
                _ => Self::Secrets,
            },
            (Self::HttpFields, name) => match names_a_secret(&String::from_utf8_lossy(name)) {
                true => Self::Secrets,
                false => Self::OfTheCall,
            },
            (Self::Http, b"headers" | b"query") => Self::HttpFields,
            (Self::Http | Self::Tools, b"body") => Self::OfTheCall,
            (_, name) if OF_THE_CALL.contains(&name) => Self::OfTheCall,
            (_, b"access_token" | b"api_key" | b"apiKey" | b"serverUrlSecret") => Self::Secret,
            (_, b"authorization" | b"Authorization") => Self::Secret,
            (Self::Holder, b"secret") => Self::Secret,
            (_, name) if name.starts_with(SECRET_VARIABLE) => Self::Secret,
            (_, b"headers" | b"extra_headers" | b"request_headers" | b"credentials") => Self::Secrets,
            (_, b"server" | b"webhook" | b"assistant") => Self::Holder,
            (_, b"tools") => Self::Tools,
            (Self::Tools, b"http") => Self::Http,
            (Self::Tools, _) => Self::Tools,
            _ => Self::Plain,
        }
    }

    /// What an object or a list is that stands there.
    fn opened(self, is_list: bool) -> Self {
        match self {
            Self::Secret if !is_list => Self::Plain,
            Self::Type | Self::Required | Self::Name if !is_list => Self::Secrets,
            Self::Required => Self::Name,
            other => other,
        }
    }

    fn hides(self, text: &[u8]) -> bool {
        match self {
            Self::Secret | Self::Secrets | Self::Required => true,
            Self::Type => !SCHEMA_TYPES.contains(&text),
            Self::Name | Self::Plain | Self::Holder | Self::Tools | Self::Http | Self::HttpFields | Self::OfTheCall => {
                false
            }
        }
    }
}

/// What stands in every payload that has a secret: of most calls nothing does, and they need not be looked through.
static MARKS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let marks =
        ["access_token", "api_key", "apiKey", "ecret", "uthorization\"", "headers\"", "\"credentials\"", "\"http\""];
    AhoCorasick::new(marks).expect("they are few")
});

/// The payload as it may be kept: the same bytes, but for secrets, which are written over. What is no JSON is read as far as
/// it looks like some.
pub fn without_secrets(payload: &[u8]) -> Cow<'_, [u8]> {
    let mut kept = Cow::Borrowed(payload);
    if !MARKS.is_match(payload) {
        return kept;
    }
    // Where each object and list around stands, and the value that comes next.
    let mut around: Vec<Place> = Vec::new();
    let mut next = Place::Plain;
    let mut at = 0;
    while let Some(byte) = payload.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => {
                next = next.opened(*byte == b'[');
                around.push(next);
            }
            b'}' | b']' => {
                around.pop();
                next = around.last().copied().unwrap_or(Place::Plain);
            }
            b',' => next = around.last().copied().unwrap_or(Place::Plain),
            b'"' => {
                let end = at + text_length(&payload[at..]);
                let text = &payload[at..end];
                let behind = payload.get(end + 1..).unwrap_or_default();
                if behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':') {
                    next = around.last().copied().unwrap_or(Place::Plain).member(text);
                } else if next.hides(text) && !text.is_empty() {
                    kept.to_mut()[at..end].fill(b'x');
                }
                at = end + 1;
            }
            _ => {}
        }
    }
    kept
}

/// How many bytes come before the quote that ends a text.
fn text_length(text: &[u8]) -> usize {
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        let at = from + found;
        if text[at] == b'"' {
            return at;
        }
        // What is escaped ends nothing.
        from = at + 2;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(payload: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&without_secrets(payload.as_bytes())), expected, "{payload}");
    }

    #[test]
    fn secrets_are_written_over_and_nothing_else() {
        for (payload, expected) in [
            (r#"{"call":{"access_token":"eyJ0"}}"#, r#"{"call":{"access_token":"xxxx"}}"#),
            (r#"{"body":{"call":{"access_token":"eyJ0"}}}"#, r#"{"body":{"call":{"access_token":"xxxx"}}}"#),
            (r#"{"access_token" : "a\"b\\","access_token":"c"}"#, r#"{"access_token" : "xxxxxx","access_token":"x"}"#),
            (
                r#"{"server":{"url":"u","secret":"hush","headers":{"Authorization":"Bearer hush"}}}"#,
                r#"{"server":{"url":"u","secret":"xxxx","headers":{"Authorization":"xxxxxxxxxxx"}}}"#,
            ),
            (
                r#"{"server":{"headers":{"x-key":["a",{"b":"c"},1]},"secret":"d"},"secret":"e"}"#,
                r#"{"server":{"headers":{"x-key":["x",{"b":"x"},1]},"secret":"x"},"secret":"e"}"#,
            ),
            (
                r#"{"assistant":{"name":"Ann","secret":"a","serverUrlSecret":"b","credentials":[{"apiKey":"c"}]}}"#,
                r#"{"assistant":{"name":"Ann","secret":"x","serverUrlSecret":"x","credentials":[{"apiKey":"x"}]}}"#,
            ),
            (r#"{"phoneNumber":{"serverUrlSecret":"a"}}"#, r#"{"phoneNumber":{"serverUrlSecret":"x"}}"#),
            (
                r#"{"dynamic_variables":{"secret__a":"b","c":"d"}}"#,
                r#"{"dynamic_variables":{"secret__a":"x","c":"d"}}"#,
            ),
            (
                r#"{"secret":{"type":"string"},"a":["secret","b"]}"#,
                r#"{"secret":{"type":"string"},"a":["secret","b"]}"#,
            ),
            (r#"{"access_token":null,"a":"b"}"#, r#"{"access_token":null,"a":"b"}"#),
            (r#"{"access_token":"","a":"b"}"#, r#"{"access_token":"","a":"b"}"#),
            (r#"{"text":"my \"access_token\":\"is\" this"}"#, r#"{"text":"my \"access_token\":\"is\" this"}"#),
            (r#"{"refresh_access_token":"a"}"#, r#"{"refresh_access_token":"a"}"#),
            (r#"{"webhook":{"url":"u","secret":"a"}}"#, r#"{"webhook":{"url":"u","secret":"x"}}"#),
            (r#"{"sip":{"Authorization":"a","x-a":"b"}}"#, r#"{"sip":{"Authorization":"x","x-a":"b"}}"#),
            (r#"{"params":{"extra_headers":{"x-a":"b"}}}"#, r#"{"params":{"extra_headers":{"x-a":"x"}}}"#),
            (r#"{"analysis":{"authorization":"PA-123"}}"#, r#"{"analysis":{"authorization":"PA-123"}}"#),
        ] {
            check(payload, expected);
        }
    }

    #[test]
    fn headers_written_as_a_schema_keep_its_words() {
        check(
            r#"{"headers":{"type":"object","required":["K"],"properties":{"K":{"type":["string","null"],"value":"hush"}}}}"#,
            r#"{"headers":{"type":"object","required":["K"],"properties":{"K":{"type":["string","null"],"value":"xxxx"}}}}"#,
        );
        check(
            r#"{"headers":{"type":"hush","required":"hush","properties":{"type":{"type":"string","value":"a"}}}}"#,
            r#"{"headers":{"type":"xxxx","required":"xxxx","properties":{"type":{"type":"string","value":"x"}}}}"#,
        );
    }

    #[test]
    fn what_is_of_the_call_stays_as_it_is() {
        for name in OF_THE_CALL {
            let name = String::from_utf8_lossy(name);
            let inside = r#"{"authorization":"PA-1","headers":{"a":"b"},"credentials":"RN","server":{"secret":"c"}}"#;
            let payload = format!(r#"{{"a":{{"{name}":[{inside}]}},"headers":{{"{name}":"d"}}}}"#);
            check(&payload, &payload.replace(r#":"d""#, r#":"x""#));
        }
        let http = r#"{"tools":[{"http":{"headers":{"accept":"json","x-key":"a"},"body":{"headers":{"b":"c"}},"query":{"headers":["d"],"token":[{"$":"e"},{"a":"f"}],"key":"f"}}}]}"#;
        check(
            http,
            &http
                .replace(r#""x-key":"a""#, r#""x-key":"x""#)
                .replace(r#""key":"f""#, r#""key":"x""#)
                .replace(r#"{"a":"f"}"#, r#"{"a":"x"}"#),
        );
        let tool = r#"{"tools":[{"body":{"properties":{"headers":{"description":"a"}}},"headers":{"b":"c"}}],"body":{"headers":{"d":"e"}}}"#;
        check(tool, &tool.replace(r#""c""#, r#""x""#).replace(r#""e""#, r#""x""#));
    }

    #[test]
    fn what_is_no_json_keeps_its_length() {
        for (payload, expected) in [
            (r#"{"access_token":"cut off"#, r#"{"access_token":"xxxxxxx"#),
            (r#"{"access_token":"cut off\"#, r#"{"access_token":"xxxxxxxx"#),
            (r#"{"access_token":"#, r#"{"access_token":"#),
            (r#"{"access_token"#, r#"{"access_token"#),
            (r#"]}},"access_token":"a"}]{"headers":["b""#, r#"]}},"access_token":"x"}]{"headers":["x""#),
            (r#""""#, r#""""#),
            (r#"""#, r#"""#),
            ("", ""),
        ] {
            check(payload, expected);
        }
        let whole = include_bytes!("../tests/data/vapi/tools.json");
        for end in 0..whole.len() {
            assert_eq!(without_secrets(&whole[..end]).len(), end);
        }
    }
}
