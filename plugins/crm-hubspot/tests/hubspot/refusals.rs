//! What HubSpot's errors become, whichever the request.

use aftercall::testing::Reply;
use aftercall::{Failure, FailureKind};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{error, fake};

const NOTES: &str = "POST https://api.hubapi.com/crm/v3/objects/notes";

fn refused(reply: Reply) -> Failure {
    let arguments = json!({ "contact_id": "512", "summary": "Wants 40 seats" });
    fake().expect(NOTES, reply).call::<Plugin>("log_call_summary", arguments).unwrap_err()
}

#[test]
fn each_error_has_its_kind() {
    fn check(status: u16, body: &Value, kind: FailureKind, code: &str) {
        let failure = refused(Reply::json(status, body.clone()));
        assert_eq!(failure.kind, kind, "{status}");
        assert!(failure.message.contains("said so"), "{}", failure.message);
        assert_eq!(failure.code.as_deref(), Some(code));
    }
    let check_said = |status, category: &str, kind| check(status, &error(category, "said so"), kind, category);
    check_said(400, "VALIDATION_ERROR", FailureKind::InvalidArguments);
    check_said(401, "INVALID_AUTHENTICATION", FailureKind::Denied);
    check_said(403, "MISSING_SCOPES", FailureKind::Denied);
    check_said(404, "OBJECT_NOT_FOUND", FailureKind::NotFound);
    check_said(409, "CONFLICT", FailureKind::Conflict);
    check_said(423, "LOCKED", FailureKind::RateLimited);
    check_said(429, "RATE_LIMITS", FailureKind::RateLimited);
    check_said(500, "INTERNAL_ERROR", FailureKind::OutcomeUnknown);
}

#[test]
fn a_limit_says_how_long_to_wait() {
    fn check(policy: Option<&str>, retry_after: Option<&str>, code: &str, wait_ms: Option<u64>) {
        let mut body = error("RATE_LIMITS", "You have reached your limit.");
        if let Some(policy) = policy {
            body["policyName"] = json!(policy);
        }
        let mut reply = Reply::json(429, body);
        if let Some(seconds) = retry_after {
            reply = reply.with_header("retry-after", seconds);
        }
        let failure = refused(reply);
        assert_eq!(failure.kind, FailureKind::RateLimited);
        assert_eq!((failure.code.as_deref(), failure.retry_after_ms), (Some(code), wait_ms));
    }
    check(Some("TEN_SECONDLY_ROLLING"), None, "TEN_SECONDLY_ROLLING", Some(10_000));
    check(Some("TEN_SECONDLY_ROLLING"), Some("3"), "TEN_SECONDLY_ROLLING", Some(3_000));
    check(Some("DAILY"), None, "DAILY", Some(3_600_000));
    check(Some("SECONDLY"), None, "SECONDLY", Some(1_000));
    check(Some("MONTHLY"), None, "MONTHLY", None);
    check(None, None, "RATE_LIMITS", None);
    // The body of a limit has another form than other errors' in some answers.
    let mut daily = error("", "daily limit");
    daily.as_object_mut().unwrap().remove("category");
    daily["errorType"] = json!("RATE_LIMIT");
    daily["policyName"] = json!("DAILY");
    let failure = refused(Reply::json(429, daily));
    assert_eq!((failure.code.as_deref(), failure.retry_after_ms), (Some("DAILY"), Some(3_600_000)));
    assert!(failure.message.ends_with("has used up its requests of today"), "{}", failure.message);
    let moving =
        Reply::json(477, error("MIGRATION_IN_PROGRESS", "Migration in progress")).with_header("retry-after", "600");
    let failure = refused(moving);
    assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, Some(600_000)));
    assert_eq!(refused(Reply::json(423, error("LOCKED", "locked"))).retry_after_ms, Some(2_000));
}

#[test]
fn missing_scopes_are_named() {
    fn check(context: Value, expected: bool) {
        let mut body = error("MISSING_SCOPES", "This app hasn't been granted all required scopes");
        body["errors"] = json!([{ "message": "One or more of these scopes are required.", "context": context }]);
        let failure = refused(Reply::json(403, body));
        assert_eq!(failure.kind, FailureKind::Denied);
        let named = failure.message.ends_with("the private app needs: crm.objects.contacts.write");
        assert_eq!(named, expected, "{}", failure.message);
    }
    check(json!({ "requiredGranularScopes": ["crm.objects.contacts.write"] }), true);
    check(json!({ "missingScopes": ["crm.objects.contacts.write"] }), true);
    check(json!({}), false);
}
