//! Signatures, against the fake.

use aftercall::testing::Fake;
use aftercall::{Failure, FailureKind, SigningError};
use serde_json::json;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// RFC 4231, test case 2: what a vendor's own example says can be compared with.
#[test]
fn a_fake_key_signs_as_a_real_one_does() {
    let fake = Fake::new().signs("links", "Jefe");
    let signature = fake.context().hmac("links", "what do ya want for nothing?").unwrap();
    assert_eq!(hex(&signature), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

#[test]
fn a_token_has_the_claims() {
    let fake = Fake::new().signs("service", "a secret");
    let token = fake.context().jwt("service", &json!({ "sub": "a" })).unwrap();
    let (content, _) = token.rsplit_once('.').unwrap();
    assert_eq!(content, "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIn0");
    assert_eq!(fake.context().jwt("service", &json!({ "sub": "a" })), Ok(token));
}

#[test]
fn a_rehearsal_s_signatures_are_worthless() {
    let fake = Fake::new().signs("links", "Jefe").dry_run();
    let cx = fake.context();
    assert_eq!(cx.hmac("links", "a"), Ok(vec![0; 32]));
    let token = cx.jwt("links", &json!({})).unwrap();
    assert!(token.ends_with(&format!(".{}", "A".repeat(43))), "{token}");
}

#[test]
fn what_may_not_be_signed_fails_with_a_remedy() {
    fn check(error: SigningError, kind: FailureKind, words: &str) {
        let failure = Failure::from(error);
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let fake = Fake::new().signs("links", "a secret");
    let cx = fake.context();
    assert_eq!(cx.hmac("others", "a"), Err(SigningError::NotGranted));
    assert_eq!(cx.jwt("others", &json!({})), Err(SigningError::NotGranted));
    assert_eq!(cx.jwt("links", &json!([])), Err(SigningError::InvalidInput));
    check(SigningError::NotGranted, FailureKind::Denied, "under `signing`");
    check(SigningError::InvalidInput, FailureKind::Other, "the timeline says why");
    check(SigningError::Unavailable, FailureKind::Unavailable, "can't sign");
}
