//! Twilio.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_sms::tools::Plugin;
use serde_json::{Value, json};

use super::{FIRST_ATTEMPT_AT, TEXT, arguments, check_refusal};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const SID: &str = "SM00000000000000000000000000000001";

/// As they were before there was another vendor.
pub(crate) fn settings() -> Value {
    json!({ "account_sid": ACCOUNT, "from": "+14155550100" })
}

fn fake() -> Fake {
    super::fake(settings())
}

fn line(method: &str) -> String {
    format!("{method} https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
}

fn message(status: &str, body: &str, created: &str) -> Value {
    json!({ "sid": SID, "status": status, "body": body, "date_created": created, "num_segments": "1" })
}

/// What Twilio refuses a request with: <https://www.twilio.com/docs/usage/twilios-response>.
pub(super) fn refusal(status: u16, code: u32, message: &str) -> Value {
    let more_info = format!("https://www.twilio.com/docs/errors/{code}");
    json!({ "code": code, "message": message, "more_info": more_info, "status": status })
}

fn outcome(status: &str) -> Outcome {
    let url = format!("https://www.twilio.com/console/sms/logs/{ACCOUNT}/{SID}");
    Outcome::new(format!("the text message is {status} (message {SID})"))
        .with_receipt(Receipt::new("message", SID).with_url(url))
}

#[test]
fn a_message_is_sent_as_a_form() {
    let taken = message("queued", "See you", "Sun, 01 Mar 2026 00:01:00 +0000");
    let fake = fake().expect(&line("POST"), Reply::json(201, taken));
    assert_eq!(fake.call::<Plugin>("send_sms", arguments()), Ok(outcome("queued")));
    let sent = &fake.sent()[0];
    assert_eq!(sent.text(), "To=%2B14155550123&From=%2B14155550100&Body=See+you+at+5+%26+bring+the+papers");
    assert_eq!(sent.header("authorization"), None);
}

#[test]
fn refusals_of_twilio_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        check_refusal(fake(), &line("POST"), reply, kind, words, code);
    }
    let refused = |status: u16, code: u32, words: &str| Reply::json(status, refusal(status, code, words));
    let landline = refused(400, 21614, "'To' number is not a valid mobile number");
    check(landline, FailureKind::InvalidArguments, "not a valid mobile", Some("21614"));
    check(refused(401, 20003, "Authenticate"), FailureKind::Denied, "Authenticate", Some("20003"));
    let busy = refused(429, 20429, "Too Many Requests").with_header("retry-after", "1");
    check(busy, FailureKind::RateLimited, "Too Many", Some("20429"));
    let stranger = refused(404, 20404, "The requested resource was not found");
    check(stranger, FailureKind::Misconfigured, "correct `account_sid`", Some("20404"));
    check(Reply::stray(500, "oops"), FailureKind::OutcomeUnknown, "500", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::stray(201, "{}"), FailureKind::OutcomeUnknown, "not as expected", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST", None);
}

#[test]
fn a_code_of_twilio_says_what_to_do() {
    fn check(code: u32, kind: FailureKind, words: &str) {
        let reply = Reply::json(400, refusal(400, code, "No."));
        check_refusal(fake(), &line("POST"), reply, kind, words, Some(&code.to_string()));
    }
    check(21610, FailureKind::Denied, "No.; this person has opted out");
    check(21211, FailureKind::InvalidArguments, "with the country code, such as +14155550123");
    check(21614, FailureKind::InvalidArguments, "may be a landline");
    check(21635, FailureKind::InvalidArguments, "may be a landline");
    check(21408, FailureKind::Denied, "may not send to this country");
    check(21612, FailureKind::Denied, "can't be reached from the sender");
    check(21212, FailureKind::Misconfigured, "the sender in the plugin's settings can't send");
    check(21606, FailureKind::Misconfigured, "the sender in the plugin's settings can't send");
    check(21659, FailureKind::Misconfigured, "the sender in the plugin's settings can't send");
    check(30034, FailureKind::Denied, "registered first");
    check(21608, FailureKind::Denied, "the account at the vendor may not send");
    check(21617, FailureKind::InvalidArguments, "give a shorter `text`");
    check(21611, FailureKind::RateLimited, "too many messages waiting");
    check(21602, FailureKind::InvalidArguments, "No.");
}

#[test]
fn a_known_code_settles_nothing_where_the_vendor_broke() {
    for status in [408, 500, 503] {
        let reply = Reply::json(status, refusal(status, 21610, "No."));
        check_refusal(fake(), &line("POST"), reply, FailureKind::OutcomeUnknown, "No.", Some("21610"));
    }
}

#[test]
fn a_message_in_doubt_is_looked_up() {
    let fake = fake().expect(&line("GET"), Reply::json(200, json!({ "messages": [] })));
    fake.reconcile::<Plugin>("send_sms", arguments()).unwrap();
    let query = fake.sent()[0].query();
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // Without a day: a message that waits in the queue has no `date_sent`, by which Twilio filters.
    let expected = [("To", "+14155550123"), ("From", "+14155550100"), ("PageSize", "500")];
    assert_eq!(query, expected);
}

#[test]
fn the_list_of_messages_decides() {
    fn check(list: &Value, later_ms: u64, expected: &Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(&line("GET"), Reply::json(200, list.clone()));
        let finding = fake.reconcile::<Plugin>("send_sms", arguments()).unwrap();
        assert_eq!(finding, *expected, "{later_ms} ms later: {list}");
    }
    let text = TEXT;
    let list = |message: Value| json!({ "messages": [message], "next_page_uri": null });
    let in_time = "Sun, 01 Mar 2026 00:01:01 +0000";
    let found = |status| Finding::Happened(outcome(status));
    let not_yet = Finding::Unknown(Some(10_000));

    check(&list(message("delivered", text, in_time)), 60_000, &found("delivered"));
    check(&list(message("failed", &format!("{text} "), in_time)), 1, &found("failed"));
    check(&list(message("sent", text, "Sat, 28 Feb 2026 23:59:30 +0000")), 60_000, &found("sent"));
    let trial = format!("Sent from your Twilio trial account - {text}");
    check(&list(message("sent", &trial, in_time)), 60_000, &found("sent"));

    check(&list(message("sent", text, "Sat, 28 Feb 2026 23:58:59 +0000")), 60_000, &Finding::DidNotHappen);
    check(&list(message("sent", "Another text", in_time)), 60_000, &Finding::DidNotHappen);
    // It may be this one, and nobody can tell: the time can't be read, or the text was redacted.
    let untold = Finding::Unknown(None);
    let without = |field: &str| {
        let mut message = message("sent", text, in_time);
        message[field] = Value::Null;
        list(message)
    };
    check(&list(message("sent", text, "yesterday")), 60_000, &untold);
    check(&list(message("sent", text, "yesterday")), 29_999, &Finding::Unknown(Some(1)));
    check(&without("date_created"), 60_000, &untold);
    check(&without("body"), 60_000, &untold);
    check(&list(message("sent", "", in_time)), 60_000, &untold);
    let with_ours = json!({ "messages": [message("sent", "", in_time), message("queued", text, in_time)] });
    check(&with_ours, 60_000, &found("queued"));
    // Another text is another message whenever it was made, and so is one from before whatever it says.
    check(&list(message("sent", "Another text", "yesterday")), 60_000, &Finding::DidNotHappen);
    check(&list(message("sent", "", "Sat, 28 Feb 2026 23:58:59 +0000")), 60_000, &Finding::DidNotHappen);
    check(&json!({ "messages": [] }), 30_000, &Finding::DidNotHappen);
    check(&json!({ "messages": [] }), 29_999, &Finding::Unknown(Some(1)));
    check(&json!({ "messages": [] }), 0, &not_yet);
}

/// The list goes on behind its first page. Twilio sorts it by when messages were sent, the newest first.
#[test]
fn a_page_that_goes_back_far_enough_decides() {
    fn check(sent: &[Option<&str>], later_ms: u64, expected: &Finding) {
        let other = |sent: &Option<&str>| {
            let mut message = message("delivered", "Another text", "Sat, 28 Feb 2026 20:00:00 +0000");
            message["date_sent"] = json!(sent);
            message
        };
        let messages: Vec<Value> = sent.iter().map(other).collect();
        let page = json!({ "messages": messages, "next_page_uri": "/2010-04-01/next" });
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(&line("GET"), Reply::json(200, page));
        let finding = fake.reconcile::<Plugin>("send_sms", arguments());
        assert_eq!(finding.as_ref(), Ok(expected), "{sent:?} {later_ms} ms later");
    }
    let (before, since) = ("Sat, 28 Feb 2026 23:58:59 +0000", "Sat, 28 Feb 2026 23:59:00 +0000");
    check(&[Some(since), Some(before)], 60_000, &Finding::DidNotHappen);
    check(&[None, Some(before)], 60_000, &Finding::DidNotHappen);
    check(&[Some(before)], 29_999, &Finding::Unknown(Some(1)));
    // It was made long before, as a scheduled one is, and says nothing of those that were sent before it.
    check(&[Some(since)], 60_000, &Finding::Unknown(None));
    check(&[Some(before), None], 60_000, &Finding::Unknown(None));
    check(&[Some("yesterday")], 60_000, &Finding::Unknown(None));
    check(&[], 60_000, &Finding::Unknown(None));
}

#[test]
fn a_message_is_found_although_the_clock_was_set_back_since() {
    let sent = message("sent", TEXT, "Sat, 28 Feb 2026 23:01:00 +0000");
    let fake =
        fake().now(FIRST_ATTEMPT_AT - 3_600_000).expect(&line("GET"), Reply::json(200, json!({ "messages": [sent] })));
    assert_eq!(fake.reconcile::<Plugin>("send_sms", arguments()), Ok(Finding::Happened(outcome("sent"))));
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    for (status, kind) in [(503, FailureKind::Unavailable), (404, FailureKind::Misconfigured)] {
        let fake = fake().expect(&line("GET"), Reply::stray(status, ""));
        let failure = fake.reconcile::<Plugin>("send_sms", arguments()).unwrap_err();
        assert_eq!(failure.kind, kind);
    }
}

#[test]
fn a_time_out_of_range_is_a_failure() {
    let fake = fake().first_attempt_at(u64::MAX).now(u64::MAX);
    let failure = fake.reconcile::<Plugin>("send_sms", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Other);
}

#[test]
fn a_message_whose_answer_was_lost_is_sent_once() {
    let first = fake().expect(&line("POST"), Reply::cut());
    let failure = first.call::<Plugin>("send_sms", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);

    // Twilio had taken it: it is found, and nothing is sent.
    let taken = message("queued", TEXT, "Sun, 01 Mar 2026 00:01:00 +0000");
    let lookup = fake().expect(&line("GET"), Reply::json(200, json!({ "messages": [taken] })));
    let finding = lookup.reconcile::<Plugin>("send_sms", arguments());
    assert_eq!(finding, Ok(Finding::Happened(outcome("queued"))));
    assert_eq!(lookup.sent().len(), 1);
}
