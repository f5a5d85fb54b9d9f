//! Telnyx: `call.conversation.ended` and what comes after it.

use http::HeaderName;

use crate::{Encoding, Place, Scheme, Time, Unit};

/// How Telnyx signs: `telnyx-signature-ed25519: BASE64`, over `SECONDS|BODY`, where the seconds are `telnyx-timestamp`.
/// Source: Telnyx' SDK, `lib/webhook_verification.py`, which allows five minutes.
pub fn scheme() -> Scheme {
    let whole = |header| Place::whole(HeaderName::from_static(header), "");
    Scheme {
        signature: whole("telnyx-signature-ed25519"),
        encoding: Encoding::Base64,
        time: Some(Time { place: whole("telnyx-timestamp"), unit: Unit::Seconds, tolerance_ms: 5 * 60 * 1000 }),
        signed: "{timestamp}|{body}".parse().expect("it is a template"),
    }
}
