//! SendGrid's refusals of an email: what the model can correct, and what only a person can.

use aftercall::FailureKind;
use aftercall::testing::{Fake, Reply};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::{GLOBAL, NOW, SEND, check_failure, errors, fake, not_in_global_list};

fn refused(reply: Reply) -> Fake {
    fake().expect(GLOBAL, not_in_global_list()).expect(SEND, reply)
}

fn text() -> (&'static str, Value) {
    ("send_email", json!({ "to": "ann@example.com", "subject": "Hello", "text": "Hello" }))
}

fn template() -> (&'static str, Value) {
    ("send_template", json!({ "to": "ann@example.com", "template": "map" }))
}

#[test]
fn a_fault_is_of_an_argument_or_of_a_setting() {
    fn check((tool, arguments): (&str, Value), status: u16, field: &str, kind: FailureKind, words: &str) {
        let reply = Reply::json(status, errors(&[(Some(field), "It is wrong.")]));
        check_failure(&refused(reply), tool, arguments, kind, &format!("It is wrong.; {words}"));
    }
    let argument = FailureKind::InvalidArguments;
    check(text(), 400, "personalizations.0.to.0.email", argument, "give the recipient's address as the person said it");
    check(text(), 400, "personalizations.0.to", argument, "give the recipient's address");
    check(text(), 400, "personalizations", argument, "give the recipient's address");
    check(text(), 400, "subject", argument, "correct the subject");
    check(text(), 400, "content.0.value", argument, "correct the text");
    check(template(), 400, "personalizations.0.dynamic_template_data", argument, "correct the variables");

    let setting = |name: &str| format!("no argument helps: a person has to correct `{name}` in the plugin's settings");
    check(text(), 403, "from", FailureKind::Misconfigured, &setting("sender"));
    check(text(), 400, "from.email", FailureKind::Misconfigured, &setting("sender"));
    check(text(), 400, "reply_to.email", FailureKind::Misconfigured, &setting("sender"));
    check(template(), 400, "template_id", FailureKind::Misconfigured, &setting("templates"));
    check(template(), 400, "subject", FailureKind::Misconfigured, &setting("templates"));
    check(template(), 400, "content.0.value", FailureKind::Misconfigured, &setting("templates"));
    check(template(), 400, "asm.group_id", FailureKind::Misconfigured, &setting("unsubscribe_group"));
    check(template(), 400, "send_at", FailureKind::Misconfigured, &setting("followups"));
    check(template(), 400, "batch_id", FailureKind::Misconfigured, &setting("followups"));
}

#[test]
fn the_first_field_that_is_named_counts() {
    let reply = Reply::json(400, errors(&[(None, "Bad request."), (Some("content.0.value"), "Too short.")]));
    let (tool, arguments) = text();
    check_failure(
        &refused(reply),
        tool,
        arguments,
        FailureKind::InvalidArguments,
        "Bad request.; Too short.; correct the text",
    );
}

#[test]
fn other_refusals_are_told() {
    let check = |reply: Reply, kind: FailureKind, words: &str| {
        let (tool, arguments) = text();
        check_failure(&refused(reply), tool, arguments, kind, words);
    };
    let person = "a person has to look at the API key and the account at SendGrid";
    let plain = |status: u16, message: &str| Reply::json(status, errors(&[(None, message)]));
    check(plain(400, "Bad Request"), FailureKind::InvalidArguments, "Bad Request");
    check(Reply::stray(400, "<p>"), FailureKind::InvalidArguments, "400");
    check(plain(401, "Maximum credits exceeded"), FailureKind::Denied, "Maximum credits exceeded");
    check(plain(401, "authorization required"), FailureKind::Denied, person);
    check(plain(403, "access forbidden"), FailureKind::Denied, person);
    check(plain(404, "not found"), FailureKind::NotFound, "not found");
    check(plain(413, "Payload too large"), FailureKind::InvalidArguments, "write a shorter email");
    check(Reply::stray(413, "<html>"), FailureKind::InvalidArguments, "write a shorter email");
    check(plain(415, "unsupported"), FailureKind::Other, "unsupported");
    check(plain(500, "oops"), FailureKind::OutcomeUnknown, "oops");
    check(Reply::stray(503, ""), FailureKind::OutcomeUnknown, "503");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST");
}

#[test]
fn too_many_requests_say_when_to_ask_again() {
    fn check(reply: Reply, wait_ms: Option<u64>) {
        let (tool, arguments) = text();
        let failure = refused(reply).call::<Plugin>(tool, arguments).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, wait_ms));
    }
    let busy = || Reply::json(429, errors(&[(None, "too many requests")]));
    let at = |later_s: u64| (NOW / 1_000 + later_s).to_string();
    check(busy(), None);
    check(busy().with_header("x-ratelimit-reset", &at(20)), Some(20_000));
    check(busy().with_header("x-ratelimit-reset", "soon"), None);
    check(busy().with_header("x-ratelimit-reset", "1392815263"), Some(1_000));
    check(busy().with_header("x-ratelimit-reset", &at(20)).with_header("retry-after", "5"), Some(5_000));
}
