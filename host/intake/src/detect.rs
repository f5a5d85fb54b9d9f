//! Which form a payload is in.

use serde_json::Value;

use crate::{Error, bland, document, elevenlabs, retell, telnyx};

/// The form of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Our own: see [`crate::native`].
    Native,
    /// An event of Vapi: see [`crate::vapi`].
    Vapi,
    /// An event of Retell: see [`crate::retell`].
    Retell,
    /// An event of ElevenLabs: see [`crate::elevenlabs`].
    ElevenLabs,
    /// The call object of Bland's webhook: see [`crate::bland`].
    Bland,
    /// An event of Telnyx with the call's messages: see [`crate::telnyx`].
    Telnyx,
}

impl Form {
    /// All that there are.
    pub const ALL: [Form; 6] = [Form::Native, Form::Telnyx, Form::Vapi, Form::Retell, Form::ElevenLabs, Form::Bland];

    /// The platform that tells of its calls in this form.
    pub const fn platform(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Vapi => "vapi",
            Self::Retell => "retell",
            Self::ElevenLabs => "elevenlabs",
            Self::Bland => "bland",
            Self::Telnyx => "telnyx",
        }
    }

    /// Whether its webhook has what was said. False: that is fetched from the platform's API.
    pub fn tells_history(self) -> bool {
        self != Self::Telnyx
    }

    /// What it is told by, in words.
    pub(crate) const fn mark(self) -> &'static str {
        match self {
            Self::Native => "`\"schema\": \"aftercall.call/1\"` at the top",
            Self::Vapi => "Vapi's `\"type\": \"end-of-call-report\"` at the top or in `message`",
            Self::Retell => "Retell's `\"event\": \"call_analyzed\"` or `\"call_ended\"` beside `call`",
            Self::ElevenLabs => "ElevenLabs' `\"type\": \"post_call_transcription\"` beside `data`",
            Self::Bland => "Bland's `call_id` beside `transcripts`",
            Self::Telnyx => "`event` and `messages` of a Telnyx call",
        }
    }

    /// All platforms that are known, each with the form in which it tells of its calls.
    pub fn platforms() -> impl Iterator<Item = (&'static str, Self)> {
        let own = Self::ALL.into_iter().map(|form| (form.platform(), form));
        own.chain(WITHOUT_WEBHOOK.into_iter().map(|platform| (platform, Self::Native)))
    }

    /// The form in which a platform tells of its calls. None: the platform isn't known.
    pub fn of_platform(platform: &str) -> Option<Self> {
        Self::platforms().find(|(name, _)| *name == platform).map(|(_, form)| form)
    }
}

/// Platforms that post nothing when a call ends: their users' own code does, in the native form.
const WITHOUT_WEBHOOK: [&str; 3] = ["livekit", "pipecat", "openai"];

/// Most keys that an error names.
const KEYS_SHOWN_MAX: usize = 8;

/// Tells a payload's form by the marks that each form carries.
///
/// # Errors
/// It isn't JSON, or of no known form: the error says what was looked for and what was there.
pub fn detect(payload: &[u8]) -> Result<Form, Error> {
    let document = document::tree(payload)?;
    let text = |place: &str| document.pointer(place).and_then(Value::as_str);
    let has = |key: &str| document.get(key).is_some();
    if text("/schema").is_some_and(|schema| schema.starts_with("aftercall.")) {
        return Ok(Form::Native);
    }
    if text("/message/type").is_some() || text("/type").is_some() && (has("call") || has("artifact")) {
        return Ok(Form::Vapi);
    }
    if retell::is_event(&document) {
        return Ok(Form::Retell);
    }
    if elevenlabs::is_event(&document) {
        return Ok(Form::ElevenLabs);
    }
    if telnyx::MARKS.iter().any(|mark| text(mark).is_some()) {
        return Ok(Form::Telnyx);
    }
    if has("call_id") && bland::MARKS.iter().any(|mark| has(mark)) {
        return Ok(Form::Bland);
    }
    Err(Error::Unrecognised { found: outline(&document) })
}

/// What a document looks like from above.
fn outline(document: &Value) -> String {
    let Some(object) = document.as_object() else {
        return "no object at the top".to_owned();
    };
    let keys: Vec<String> = object.keys().take(KEYS_SHOWN_MAX).map(|key| format!("`{key}`")).collect();
    match keys.len() {
        0 => "nothing in it".to_owned(),
        shown if shown < object.len() => format!("{} and more at the top", keys.join(", ")),
        _ => format!("{} at the top", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_tell_in_their_forms() {
        for (platform, expected) in [
            ("native", Some(Form::Native)),
            ("vapi", Some(Form::Vapi)),
            ("livekit", Some(Form::Native)),
            ("pipecat", Some(Form::Native)),
            ("openai", Some(Form::Native)),
            ("LiveKit", None),
            ("", None),
        ] {
            assert_eq!(Form::of_platform(platform), expected, "{platform}");
        }
    }

    #[test]
    fn forms_are_told_apart() {
        for (payload, expected) in [
            (r#"{"schema":"aftercall.call/1"}"#, Ok(Form::Native)),
            (r#"{"schema":"aftercall.call/9"}"#, Ok(Form::Native)),
            (r#"{"message":{"type":"end-of-call-report"}}"#, Ok(Form::Vapi)),
            (r#"{"message":{"type":"status-update"}}"#, Ok(Form::Vapi)),
            (r#"{"type":"end-of-call-report","call":{}}"#, Ok(Form::Vapi)),
            (r#"{"type":"post_call_transcription","data":{}}"#, Ok(Form::ElevenLabs)),
            (r#"{"type":"post_call_audio","data":{}}"#, Ok(Form::ElevenLabs)),
            (r#"{"type":"call_initiation_failure","data":{}}"#, Ok(Form::ElevenLabs)),
            (r#"{"type":"response.completed","data":{}}"#, Err("has `data`, `type` at the top")),
            (r#"{"event":"call_ended","call":{}}"#, Ok(Form::Retell)),
            (r#"{"event":"call_started","data":{}}"#, Ok(Form::Retell)),
            (r#"{"headers":{},"body":{"event":"call_analyzed","call":{}}}"#, Ok(Form::Retell)),
            (r#"{"event":"call_ended","call":"c1"}"#, Err("has `call`, `event` at the top")),
            (r#"{"event":"call.ended","call":{}}"#, Err("has `call`, `event` at the top")),
            (r#"{"call_id":"c","transcripts":[]}"#, Ok(Form::Bland)),
            (r#"{"call_id":7,"concatenated_transcript":null}"#, Ok(Form::Bland)),
            (r#"{"call_id":"c","category":"queue","message":"queued"}"#, Ok(Form::Bland)),
            (r#"{"call_id":"c","citations":[]}"#, Ok(Form::Bland)),
            (r#"{"call_id":"c","swaig_log":[]}"#, Err("has `call_id`, `swaig_log` at the top")),
            (r#"{"transcripts":[]}"#, Err("has `transcripts` at the top")),
            (r#"{"event":{"data":{"event_type":"call.conversation.ended"}},"messages":[]}"#, Ok(Form::Telnyx)),
            (r#"{"data":{"event_type":"call.hangup","payload":{}}}"#, Ok(Form::Telnyx)),
            (r#"{"event_type":"conversation_insight_result","payload":{}}"#, Ok(Form::Telnyx)),
            (r#"{"data":{"event_type":7}}"#, Err("has `data` at the top")),
            (r#"{"schema":7,"message":"hi"}"#, Err("`\"schema\": \"aftercall.call/1\"` at the top")),
            (r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}"#, Err("`h` and more at the top")),
            ("{}", Err("nothing in it")),
            ("[]", Err("no object at the top")),
            ("{\n  \"schema\": aftercall\n}", Err("not JSON: expected value at line 2 column 13")),
            ("", Err("not JSON")),
        ] {
            match (detect(payload.as_bytes()), expected) {
                (Ok(form), Ok(expected)) => assert_eq!(form, expected, "{payload}"),
                (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{payload}: {error}"),
                (got, expected) => panic!("{payload}: {got:?} instead of {expected:?}"),
            }
        }
        let large = vec![b' '; crate::PAYLOAD_BYTES_MAX + 1];
        assert_eq!(detect(&large), Err(Error::TooLarge { bytes: large.len() }));
    }
}
