//! What Slack refuses with, and what the model is told.

use super::*;
use FailureKind::{Denied, InvalidArguments, Misconfigured, NotFound, OutcomeUnknown, RateLimited, Unavailable};
use aftercall::FailureKind;

#[test]
fn each_error_of_the_reference_has_its_kind() {
    fn check(kind: FailureKind, words: &str, errors: &[&str]) {
        for error in errors {
            let fake = fake().expect(POST, refused(error));
            let failure = fake.call::<Plugin>("reply_in_thread", reply()).unwrap_err();
            assert_eq!(failure.kind, kind, "{error}");
            assert_eq!(failure.code.as_deref(), Some(*error));
            assert!(failure.message.starts_with(&format!("Slack answered {error}: ")), "{}", failure.message);
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }
    check(InvalidArguments, "shorten it", &["msg_too_long"]);
    check(InvalidArguments, "`text` is empty", &["no_text"]);
    check(InvalidArguments, "use post_message", &["cannot_reply_to_message"]);
    check(NotFound, "no such `thread`", &["thread_not_found"]);
    // The channel is of the settings: a later success in another one makes none of these good.
    check(Misconfigured, "invite the app, or correct the id", &["channel_not_found"]);
    check(Misconfigured, "unarchive it, or put another in the settings", &["is_archived"]);
    check(Denied, "invite it", &["not_in_channel"]);
    check(
        Denied,
        "may not use the channel",
        &["channel_is_limited_access", "no_permission", "access_denied", "team_access_not_granted"],
    );
    check(Denied, "lacks a scope", &["missing_scope"]);
    check(Denied, "token isn't valid", &["not_authed", "invalid_auth", "account_inactive", "token_revoked"]);
    check(Denied, "token isn't valid", &["token_expired", "not_allowed_token_type"]);
    check(Denied, "locked; use post_message", &["restricted_action_thread_locked"]);
    check(Denied, "no threads; use post_message", &["restricted_action_non_threadable_channel"]);
    check(Denied, "in threads alone", &["restricted_action_thread_only_channel"]);
    check(Denied, "nobody can post", &["restricted_action_read_only_channel"]);
    check(
        Denied,
        "administrator",
        &["restricted_action", "ekm_access_denied", "accesslimited", "app_access_restricted"],
    );
    check(Denied, "administrator", &["enterprise_is_restricted", "two_factor_setup_required", "messages_tab_disabled"]);
    check(Denied, "message limit", &["message_limit_exceeded"]);
    check(Denied, "that of an app", &["metadata_must_be_sent_from_app"]);
    check(Denied, "plugin has to be corrected", &["invalid_arguments", "invalid_arg_name", "invalid_array_arg"]);
    check(Denied, "plugin has to be corrected", &["invalid_charset", "invalid_form_data", "invalid_post_type"]);
    check(
        Denied,
        "plugin has to be corrected",
        &["missing_post_type", "invalid_metadata_format", "metadata_too_large"],
    );
    check(
        Denied,
        "plugin has to be corrected",
        &["invalid_metadata_schema", "deprecated_endpoint", "method_deprecated"],
    );
    check(RateLimited, "too many", &["ratelimited", "rate_limited"]);
    check(Unavailable, "didn't arrive", &["request_timeout"]);
    check(Unavailable, "moved", &["org_login_required", "team_added_to_org"]);
    // Of these Slack says that a part may have been done, or nothing at all.
    let unsaid = ["fatal_error", "internal_error", "service_unavailable", "too_many_attachments", "a_new_error"];
    check(OutcomeUnknown, "doesn't say what came of", &unsaid);
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let body =
        json!({ "ok": false, "error": "missing_scope", "needed": "chat:write:bot", "provided": "groups:history" });
    let fake = fake().expect(POST, Reply::json(200, body));
    let failure = fake.call::<Plugin>("post_message", message()).unwrap_err();
    assert!(failure.message.ends_with("(needed: chat:write:bot)"), "{}", failure.message);
}

#[test]
fn what_is_no_answer_of_slack_is_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let fake = fake().expect(POST, reply);
        let failure = fake.call::<Plugin>("post_message", message()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(shown("chat.postMessage", "refused"), OutcomeUnknown, "too_many_attachments");
    check(refused(&"x".repeat(200)), OutcomeUnknown, &format!(" {}: ", "x".repeat(100)));
    check(Reply::stray(200, "<p>Down</p>"), OutcomeUnknown, "not as expected");
    check(Reply::stray(200, "{}"), OutcomeUnknown, "not as expected");
    check(Reply::json(200, json!({ "ok": true })), OutcomeUnknown, "not as expected");
    check(Reply::json(200, json!({ "ok": false })), OutcomeUnknown, "Slack answered no error: ");
    check(Reply::text(503, "oops"), OutcomeUnknown, "503");
    check(Reply::cut(), OutcomeUnknown, "no whole answer");
    check(Reply::unreachable(), Unavailable, "can't be reached");
    check(Reply::denied(), Denied, "the grant doesn't allow POST");
}

#[test]
fn a_busy_slack_is_asked_later() {
    let limited = shown("rate-limits", "limited").with_header("retry-after", "30");
    let fake = fake().expect(POST, limited);
    let failure = fake.call::<Plugin>("post_message", message()).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (RateLimited, Some(30_000)));
    assert_eq!(failure.code.as_deref(), Some("ratelimited"));

    let in_body = refused("ratelimited").with_header("retry-after", "30");
    let failure = super::fake().expect(POST, in_body).call::<Plugin>("post_message", message()).unwrap_err();
    assert_eq!((failure.kind, failure.retry_after_ms), (RateLimited, Some(30_000)));
}
