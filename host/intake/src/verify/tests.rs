//! What is believed, and what isn't.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::HeaderValue;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use super::*;

const NOW: Timestamp = Timestamp::from_millis(1_614_265_330_000);
/// The published example of Standard Webhooks.
const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn key(text: &str) -> Key {
    Key::standard(&secret(text)).expect("a key")
}

fn standard(keys: &[&str]) -> Verifier {
    Verifier::Signature(Scheme::standard(), keys.iter().map(|text| key(text)).collect())
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().expect("a name");
        headers.append(name, HeaderValue::from_str(value).expect("a value"));
    }
    headers
}

/// A header, a body, the time in milliseconds since 1970, and what is to come of them.
type Signed<'a> = (&'a str, &'a [u8], u64, Result<(), Unverified>);

/// Checks a scheme of which all stands in one header.
pub(crate) fn check_one_header(scheme: Scheme, text: &str, cases: &[Signed<'_>]) {
    let name = scheme.signature.header.clone();
    let verifier = Verifier::Signature(scheme, vec![Key::sha256(&secret(text)).expect("a key")]);
    for (signed, body, now, expected) in cases {
        let verified = verifier.verify(&headers(&[(name.as_str(), signed)]), body, Timestamp::from_millis(*now));
        assert_eq!(verified, *expected, "{signed} at {now}");
    }
}

#[test]
fn the_published_example_is_signed_as_published() {
    let signed = standard(&[KEY]).sign(ID, NOW, BODY).expect("it is a secret");
    let expected = [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", SIGNATURE)];
    assert_eq!(signed, headers(&expected));
}

#[test]
fn standard_webhooks_are_verified() {
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let missing = |name: &'static str| Err(Unverified::Header(HeaderName::from_static(name)));
    let at = |seconds: i64| (NOW.as_millis() / 1000).saturating_add_signed(seconds).to_string();
    let two = format!("v1,AAAA {SIGNATURE} v1a,whatever");
    let check = |id: &str, at: &str, signature: &str, body: &[u8], keys: &[&str], expected| {
        let pairs = [("webhook-id", id), ("webhook-timestamp", at), ("webhook-signature", signature)];
        let given: Vec<_> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        let verifier = standard(keys);
        assert_eq!(verifier.verify(&headers(&given), body, NOW), expected, "{given:?}");
        if let Err(error @ (Unverified::Header(_) | Unverified::TooFarInTime)) = expected {
            assert_eq!(verifier.verify_head(&headers(&given), NOW), Err(error), "that needs no body");
        }
    };
    check(ID, &at(0), SIGNATURE, BODY, &[KEY], Ok(()));
    check(ID, &at(0), &two, BODY, &[KEY], Ok(()));
    check(ID, &at(0), SIGNATURE, BODY, &[other, KEY], Ok(()));
    check(ID, &at(0), SIGNATURE, BODY, &[other], Err(Unverified::NoSecretFits));
    check(ID, &at(0), SIGNATURE, BODY, &[], Err(Unverified::NoSecretFits));
    check(ID, &at(0), SIGNATURE, b"{}", &[KEY], Err(Unverified::NoSecretFits));
    check("msg_2", &at(0), SIGNATURE, BODY, &[KEY], Err(Unverified::NoSecretFits));
    check(ID, &at(1), SIGNATURE, BODY, &[KEY], Err(Unverified::NoSecretFits));
    check(ID, &at(0), "v1,", BODY, &[KEY], Err(Unverified::NoSecretFits));
    check(ID, &at(0), "v2,AAAA", BODY, &[KEY], missing("webhook-signature"));
    check(ID, &at(-301), SIGNATURE, BODY, &[KEY], Err(Unverified::TooFarInTime));
    check(ID, &at(301), SIGNATURE, BODY, &[KEY], Err(Unverified::TooFarInTime));
    check(ID, "yesterday", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
    check(ID, "18446744073709551615", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
    check(ID, "", SIGNATURE, BODY, &[KEY], missing("webhook-timestamp"));
    check("", &at(0), SIGNATURE, BODY, &[KEY], missing("webhook-id"));
    check(ID, &at(0), "", BODY, &[KEY], missing("webhook-signature"));
    let edge = standard(&[KEY]).sign(ID, Timestamp::from_millis(NOW.as_millis() - 300_000), BODY);
    assert_eq!(standard(&[KEY]).verify(&edge.expect("it is a secret"), BODY, NOW), Ok(()));
}

#[test]
fn shared_secrets_are_compared() {
    const VAPI: HeaderName = HeaderName::from_static("x-vapi-secret");
    let secrets = || vec![secret("old-secret"), secret("new-secret")];
    let blank = Verifier::Bearer(vec![secret(""), secret(" ")]);
    let (bearer, header) = (Verifier::Bearer(secrets()), Verifier::Header(VAPI, secrets()));
    let not_once = |name: HeaderName| Err(Unverified::Header(name));
    for (verifier, given, expected) in [
        (&bearer, &[("authorization", "Bearer new-secret")][..], Ok(())),
        (&bearer, &[("authorization", "bearer old-secret")], Ok(())),
        (&bearer, &[("authorization", "Bearer new-secre")], Err(Unverified::NoSecretFits)),
        (&bearer, &[("authorization", "Bearer ")], Err(Unverified::NoSecretFits)),
        (&bearer, &[("authorization", "Basic new-secret")], not_once(AUTHORIZATION)),
        (&bearer, &[], not_once(AUTHORIZATION)),
        (&header, &[("x-vapi-secret", "new-secret")], Ok(())),
        (&blank, &[("authorization", "Bearer ")], Err(Unverified::NoSecretFits)),
        (&blank, &[("authorization", "Bearer  ")], Err(Unverified::NoSecretFits)),
        (&header, &[("x-vapi-secret", "NEW-secret")], Err(Unverified::NoSecretFits)),
        (&header, &[("x-vapi-secret", "new-secret"), ("x-vapi-secret", "new-secret")], not_once(VAPI)),
        (&header, &[("authorization", "Bearer new-secret")], not_once(VAPI)),
    ] {
        assert_eq!(verifier.verify(&headers(given), b"", NOW), expected, "{given:?}");
    }
}

#[test]
fn keys_are_read() {
    let long = format!("whsec_{}", BASE64_STANDARD.encode([1; 65]));
    for (text, expected) in [
        (KEY, true),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", false),
        ("whsec_", false),
        ("whsec_c2hvcnQ=", false),
        ("whsec_***", false),
        (&long, false),
    ] {
        assert_eq!(Key::standard(&secret(text)).is_ok(), expected, "{text}");
    }
    for (text, expected) in [("a", Ok(())), ("", Err(InvalidKey::Empty)), (" \n", Err(InvalidKey::Empty))] {
        assert_eq!(Key::sha256(&secret(text)).map(drop), expected, "{text}");
        assert_eq!(Key::sha512(&secret(text)).map(drop), expected, "{text}");
    }
    let (public, short) = (BASE64_STANDARD.encode([1; 32]), BASE64_STANDARD.encode([1; 31]));
    for (text, expected) in [
        (public.as_str(), Ok(())),
        (&format!(" {public}\n"), Ok(())),
        (&short, Err(InvalidKey::Ed25519)),
        ("", Err(InvalidKey::Ed25519)),
    ] {
        assert_eq!(Key::ed25519(&secret(text)).map(drop), expected, "{text}");
    }
    assert_eq!(format!("{:?}", key(KEY)), "Key(…)");
}

#[test]
fn what_is_signed_is_written_as_a_template() {
    for (text, expected) in [
        ("{body}", Ok(false)),
        ("{timestamp}.{body}", Ok(true)),
        ("v0:{header:x-id}:{timestamp}:{body}\n", Ok(true)),
        ("", Err("must have `{body}`")),
        ("{timestamp}", Err("must have `{body}`")),
        ("{body}{body}", Err("once")),
        ("{method}.{body}", Err("`{method}` can't be signed here: `{body}`, `{timestamp}`")),
        ("{header:}{body}", Err("`{header:}`")),
        ("{body", Err("`{body}` can't")),
    ] {
        match (text.parse::<Template>(), expected) {
            (Ok(template), Ok(expected)) => assert_eq!(template.has_timestamp(), expected, "{text}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{text}: {error}"),
            (got, expected) => panic!("{text}: {got:?} instead of {expected:?}"),
        }
    }
}

/// A scheme of each kind that platforms use: what is signed so is believed, and nothing that differs from it anywhere.
#[test]
fn a_signature_is_believed_for_what_it_was_made_of() {
    let header = HeaderName::from_static;
    let time = |place| Some(Time { place, unit: Unit::Milliseconds, tolerance_ms: 60_000 });
    let scheme = |signature, encoding, time, signed: &str| {
        let signed = signed.parse().expect("a template");
        Scheme { signature, encoding, time, signed }
    };
    let own = || Place::whole(header("x-signature"), "sha256=");
    let pair = |prefix: &str| Place::part(header("x-signature"), ',', prefix);
    let (hex, base64) = (Encoding::Hex, Encoding::Base64);
    let sha256 = |text: &str| Key::sha256(&secret(text)).expect("a key");
    let sha512 = |text: &str| Key::sha512(&secret(text)).expect("a key");
    for (scheme, make) in [
        (scheme(own(), hex, None, "{body}"), &sha256 as &dyn Fn(&str) -> Key),
        (scheme(own(), base64, time(Place::whole(header("x-timestamp"), "")), "{timestamp}.{body}"), &sha512),
        (scheme(pair("d="), hex, time(pair("v=")), "{body}{timestamp}"), &sha256),
        (scheme(pair("v1="), hex, time(pair("t=")), "{header:x-id}{timestamp}{body}"), &sha512),
    ] {
        let by = |names: &[&str]| Verifier::Signature(scheme.clone(), names.iter().map(|name| make(name)).collect());
        let signed = by(&["ours"]).sign(ID, NOW, BODY).expect("it is a secret");
        let later = Timestamp::from_millis(NOW.as_millis() + 60_000);
        for (verifier, headers, body, now, expected) in [
            (by(&["ours"]), &signed, BODY, NOW, Ok(())),
            (by(&["old", "ours"]), &signed, BODY, later, Ok(())),
            (by(&["old"]), &signed, BODY, NOW, Err(Unverified::NoSecretFits)),
            (by(&["ours"]), &signed, b"{}", NOW, Err(Unverified::NoSecretFits)),
        ] {
            assert_eq!(verifier.verify_head(headers, now), Ok(()), "{scheme:?}");
            assert_eq!(verifier.verify(headers, body, now), expected, "{scheme:?}");
        }
        let too_late = by(&["ours"]).verify_head(&signed, later.plus_ms(1));
        assert_eq!(too_late, if scheme.time.is_some() { Err(Unverified::TooFarInTime) } else { Ok(()) });
        for name in signed.keys() {
            let mut without = signed.clone();
            without.remove(name);
            assert_eq!(by(&["ours"]).verify_head(&without, NOW), Err(Unverified::Header(name.clone())), "{scheme:?}");
            for (place, byte) in signed[name].as_bytes().iter().enumerate() {
                let mut bytes = signed[name].as_bytes().to_vec();
                bytes[place] = if *byte == b'7' { b'8' } else { b'7' };
                let mut other = signed.clone();
                other.insert(name.clone(), HeaderValue::from_bytes(&bytes).expect("a value"));
                assert!(by(&["ours"]).verify(&other, BODY, NOW).is_err(), "{scheme:?}: {other:?}");
            }
        }
    }
}

#[test]
fn a_public_key_believes_the_other_half_alone() {
    let header = HeaderName::from_static;
    let scheme = Scheme {
        signature: Place::whole(header("x-signature"), ""),
        encoding: Encoding::Base64,
        time: Some(Time { place: Place::whole(header("x-timestamp"), ""), unit: Unit::Seconds, tolerance_ms: 1_000 }),
        signed: "{timestamp}|{body}".parse().expect("a template"),
    };
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a seed");
    let public = |pair: &Ed25519KeyPair| {
        Key::ed25519(&secret(&BASE64_STANDARD.encode(pair.public_key()))).expect("a public key")
    };
    let seconds = (NOW.as_millis() / 1000).to_string();
    let signature = BASE64_STANDARD.encode(pair.sign(&[seconds.as_bytes(), b"|", BODY].concat()));
    let signed = headers(&[("x-timestamp", &seconds), ("x-signature", &signature)]);
    for (keys, body, expected) in [
        (vec![public(&pair)], BODY, Ok(())),
        (vec![public(&other), public(&pair)], BODY, Ok(())),
        (vec![public(&other)], BODY, Err(Unverified::NoSecretFits)),
        (vec![public(&pair)], b"{}", Err(Unverified::NoSecretFits)),
    ] {
        let verifier = Verifier::Signature(scheme.clone(), keys);
        assert_eq!(verifier.verify(&signed, body, NOW), expected);
        assert_eq!(verifier.sign(ID, NOW, body), None, "only the platform can sign");
    }
}
