//! Bland: the call's record, as its webhook has it.

use http::HeaderName;

use crate::{Encoding, Place, Scheme};

/// How Bland signs: `x-webhook-signature: HEX`, over the body alone. Nothing says when: whoever saw a webhook can send it
/// again, which leads to no second run. Source: Bland's guide to webhook signing.
pub fn scheme() -> Scheme {
    Scheme {
        signature: Place::whole(HeaderName::from_static("x-webhook-signature"), ""),
        encoding: Encoding::Hex,
        time: None,
        signed: "{body}".parse().expect("it is a template"),
    }
}
