//! Retell: `call_ended` and `call_analyzed`.

use http::HeaderName;

use crate::{Encoding, Place, Scheme, Time, Unit};

/// How Retell signs: `x-retell-signature: v=MILLISECONDS,d=HEX`, over the body and the time behind it, with the API key
/// that has the webhook badge. Source: Retell's SDK, `lib/webhook_auth`, which allows five minutes.
pub fn scheme() -> Scheme {
    let part = |prefix| Place::part(HeaderName::from_static("x-retell-signature"), ',', prefix);
    Scheme {
        signature: part("d="),
        encoding: Encoding::Hex,
        time: Some(Time { place: part("v="), unit: Unit::Milliseconds, tolerance_ms: 5 * 60 * 1000 }),
        signed: "{body}{timestamp}".parse().expect("it is a template"),
    }
}
