//! ElevenLabs: `post_call_transcription`.

use http::HeaderName;

use crate::{Encoding, Place, Scheme, Time, Unit};

/// How ElevenLabs signs: `elevenlabs-signature: t=SECONDS,v0=HEX`, over `SECONDS.BODY`.
/// Source: ElevenLabs' SDK, `webhooks.construct_event`, which allows thirty minutes.
pub fn scheme() -> Scheme {
    let part = |prefix| Place::part(HeaderName::from_static("elevenlabs-signature"), ',', prefix);
    Scheme {
        signature: part("v0="),
        encoding: Encoding::Hex,
        time: Some(Time { place: part("t="), unit: Unit::Seconds, tolerance_ms: 30 * 60 * 1000 }),
        signed: "{timestamp}.{body}".parse().expect("it is a template"),
    }
}
