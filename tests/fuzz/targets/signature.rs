//! The headers of a webhook, a line each, and its body: whoever has no secret is not believed, in any scheme.
#![no_main]

use aftercall_core::{secret::Secret, time::Timestamp};
use aftercall_intake::{Key, Scheme, Verifier, bland, elevenlabs, retell, telnyx};
use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_772_633_061_000);

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(4, |byte| *byte == b'\n');
    let mut next = || parts.next().unwrap_or_default();
    let (signature, time, id, body) = (next(), next(), next(), next());
    let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned());
    let public = Secret::new("11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=".to_owned());
    let keys = [Key::standard(&secret), Key::sha256(&secret), Key::sha512(&secret), Key::ed25519(&public)];
    let keys = keys.map(|key| key.expect("a key")).to_vec();
    let own = HeaderName::from_static("x-secret");
    for scheme in [Scheme::standard(), telnyx::scheme(), retell::scheme(), elevenlabs::scheme(), bland::scheme()] {
        let names = [Some(&scheme.signature.header), scheme.time.as_ref().map(|time| &time.place.header)];
        let mut headers = HeaderMap::new();
        for (name, value) in names.into_iter().flatten().zip([signature, time]) {
            add(&mut headers, name, value);
        }
        add(&mut headers, &HeaderName::from_static("webhook-id"), id);
        check(&Verifier::Signature(scheme, keys.clone()), &headers, body);
    }
    let mut headers = HeaderMap::new();
    add(&mut headers, &AUTHORIZATION, signature);
    add(&mut headers, &own, time);
    check(&Verifier::Bearer(vec![secret.clone()]), &headers, body);
    check(&Verifier::Header(own, vec![secret]), &headers, body);
});

fn add(headers: &mut HeaderMap, name: &HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.append(name, value);
    }
}

fn check(verifier: &Verifier, headers: &HeaderMap, body: &[u8]) {
    let head = verifier.verify_head(headers, NOW);
    let whole = verifier.verify(headers, body, NOW);
    assert!(whole.is_err(), "{headers:?}");
    if head.is_err() {
        assert_eq!(whole, head, "what is wrong without the body is wrong with it");
    }
}
