//! What the snippets in `docs/platforms` posted to a local server, with the headers that it received.

use aftercall_core::{secret::Secret, time::Timestamp};
use aftercall_intake::{Key, Scheme, Unverified, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The key that the snippets were given.
const KEY: &str = "whsec_bGl2ZWtpdCBhbmQgcGlwZWNhdCBib3RoIHNpZ24uLiE=";

#[test]
fn what_the_snippets_sign_is_believed() {
    let key = Key::standard(&Secret::new(KEY.to_owned())).expect("a key");
    let verifier = Verifier::Signature(Scheme::standard(), vec![key]);
    for (body, id, seconds, signature) in [
        (
            include_bytes!("../data/livekit/session.json").as_slice(),
            "msg_AJ_k7Qd2mWx9rTz",
            1_795_904_745,
            "v1,bsaVZoRGehfLLwo3BnxTnD5m4NuITKpibTpRWdVWQIc=",
        ),
        (
            include_bytes!("../data/pipecat/call.json").as_slice(),
            "msg_CA5e1d0c7b",
            1_795_904_750,
            "v1,pKAbdhYghORp2M3ZQBTV+Sf4+yOu358ILzWgdk3CA/M=",
        ),
    ] {
        let mut headers = HeaderMap::new();
        let at = seconds.to_string();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", signature)]
        {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
        }
        let now = Timestamp::from_millis(seconds * 1000 + 250);
        assert_eq!(verifier.verify(&headers, body, now), Ok(()), "{id}");
        let mut other = body.to_vec();
        *other.last_mut().expect("a body") = b' ';
        assert_eq!(verifier.verify(&headers, &other, now), Err(Unverified::NoSecretFits), "{id}");
    }
}
