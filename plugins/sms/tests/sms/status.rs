//! What became of a message.

use aftercall::testing::{Fake, Reply};
use aftercall::{Failure, FailureKind, Outcome};
use aftercall_plugin_sms::tools::Plugin;
use serde_json::{Value, json};

use super::{telnyx, twilio};

const SID: &str = "SM0000000000000000000000000000000a";
const UUID: &str = "40385f64-5717-4562-b3fc-2c963f66afa6";

/// Asks the vendor of these settings for a message.
fn ask(settings: Value, id: &str, reply: Reply) -> Result<Outcome, Failure> {
    let line = match settings["account_sid"].as_str() {
        Some(account) => format!("GET https://api.twilio.com/2010-04-01/Accounts/{account}/Messages/{id}.json"),
        None => format!("GET https://api.telnyx.com/v2/messages/{id}"),
    };
    let fake: Fake = super::fake(settings).expect(&line, reply);
    let outcome = fake.call::<Plugin>("sms_status", json!({ "message_id": id }));
    assert_eq!(fake.sent().len(), 1);
    outcome
}

/// Compares the words, and the data with those of them that the model needs by themselves.
fn check_outcome(outcome: &Outcome, id: &str, vendor_status: &str, status: &str, words: &str, reason: Option<&str>) {
    let data: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
    assert_eq!(data["message_id"], id);
    assert_eq!((&data["status"], &data["vendor_status"]), (&json!(status), &json!(vendor_status)));
    assert_eq!(data["reason"].as_str(), reason, "{}", outcome.text);
    assert_eq!(outcome.text, format!("{words}{}", reason.unwrap_or_default()));
    assert!(outcome.receipts.is_empty());
}

fn queued(id: &str) -> String {
    format!("message {id} is queued, and not sent yet")
}

fn sent(id: &str) -> String {
    format!("message {id} is sent; the carrier hasn't confirmed that it arrived")
}

fn delivered(id: &str) -> String {
    format!("message {id} was delivered")
}

#[test]
fn twilio_tells() {
    fn check(
        vendor_status: &str,
        code: Option<u32>,
        said: Option<&str>,
        status: &str,
        words: &str,
        reason: Option<&str>,
    ) {
        let message = json!({ "sid": SID, "status": vendor_status, "error_code": code, "error_message": said });
        let outcome = ask(twilio::settings(), SID, Reply::json(200, message)).unwrap();
        check_outcome(&outcome, SID, vendor_status, status, words, reason);
    }
    for word in ["accepted", "scheduled", "queued", "sending"] {
        check(word, None, None, "queued", &queued(SID), None);
    }
    check("sent", None, None, "sent", &sent(SID), None);
    check("delivered", None, None, "delivered", &delivered(SID), None);
    check("read", None, None, "delivered", &delivered(SID), None);
    let failed = |word: &str| format!("message {SID} did not arrive, the vendor says {word}: ");
    let off = "Unreachable (code 30003); the phone was off or out of reach";
    check("undelivered", Some(30003), Some("Unreachable"), "failed", &failed("undelivered"), Some(off));
    let unnamed = "the vendor's code 30008";
    check("failed", Some(30008), None, "failed", &failed("failed"), Some(unnamed));
    let without = format!("{}the vendor gives no reason", failed("canceled"));
    check("canceled", None, None, "failed", &without, None);
    let other = format!("the vendor says of message {SID}: partially_delivered");
    check("partially_delivered", None, None, "unknown", &other, None);
}

#[test]
fn telnyx_tells() {
    fn check(vendor_status: &str, errors: Value, status: &str, words: &str, reason: Option<&str>) {
        let to = json!([{ "phone_number": "+14155550123", "status": vendor_status }]);
        let message = json!({ "data": { "id": UUID, "direction": "outbound", "to": to, "errors": errors } });
        let outcome = ask(telnyx::settings(), UUID, Reply::json(200, message)).unwrap();
        check_outcome(&outcome, UUID, vendor_status, status, words, reason);
    }
    check("queued", json!([]), "queued", &queued(UUID), None);
    check("sending", json!(null), "queued", &queued(UUID), None);
    check("sent", json!([]), "sent", &sent(UUID), None);
    check("delivery_unconfirmed", json!([]), "sent", &sent(UUID), None);
    check("delivered", json!([]), "delivered", &delivered(UUID), None);
    check("read", json!([]), "delivered", &delivered(UUID), None);
    let failed = |word: &str| format!("message {UUID} did not arrive, the vendor says {word}: ");
    let spam = json!([{ "code": "40002", "title": "Blocked as spam", "detail": "It was flagged." }]);
    let why = "It was flagged. (code 40002); a spam filter stopped the text: don't send it again";
    check("delivery_failed", spam, "failed", &failed("delivery_failed"), Some(why));
    let stopped = json!([{ "code": "40300", "title": "Blocked due to STOP message" }]);
    let why = "Blocked due to STOP message (code 40300); this person has opted out of texts from this sender by writing STOP: \
               don't try again, and don't try another way round it; texts arrive again once the person has written START to the \
               sender";
    check("delivery_failed", stopped, "failed", &failed("delivery_failed"), Some(why));
    let unreachable = json!([{ "code": "40300", "title": "Undeliverable", "detail": "It can't be reached." }]);
    check(
        "delivery_failed",
        unreachable,
        "failed",
        &failed("delivery_failed"),
        Some("It can't be reached. (code 40300)"),
    );
    let expired = json!([{ "code": "40005", "title": "Message expired" }]);
    check("expired", expired, "failed", &failed("expired"), Some("Message expired (code 40005)"));
    let without = format!("{}the vendor gives no reason", failed("sending_failed"));
    check("sending_failed", json!([]), "failed", &without, None);
    let to = json!([{ "phone_number": "+14155550123", "status": "lost" }]);
    let other = json!({ "data": { "id": UUID, "direction": "outbound", "to": to, "errors": [] } });
    let outcome = ask(telnyx::settings(), UUID, Reply::stray(200, other.to_string())).unwrap();
    let words = format!("the vendor says of message {UUID}: lost");
    check_outcome(&outcome, UUID, "lost", "unknown", &words, None);
}

#[test]
fn a_long_reason_is_cut() {
    let long = "x".repeat(1_000);
    let message = json!({ "sid": SID, "status": "failed", "error_code": 30008, "error_message": long });
    let outcome = ask(twilio::settings(), SID, Reply::json(200, message)).unwrap();
    assert!(outcome.text.len() < 700, "{}", outcome.text.len());
}

#[test]
fn a_message_that_came_in_is_none_of_ours() {
    let twilio = ask(twilio::settings(), SID, Reply::json(200, json!({ "sid": SID, "status": "received" })));
    let message = json!({ "data": { "id": UUID, "direction": "inbound", "to": [{ "status": "webhook_delivered" }] } });
    let telnyx = ask(telnyx::settings(), UUID, Reply::json(200, message));
    for failure in [twilio.unwrap_err(), telnyx.unwrap_err()] {
        assert_eq!(failure.kind, FailureKind::NotFound);
        assert!(failure.message.contains("came in and was not sent"), "{}", failure.message);
    }
}

#[test]
fn failures_of_a_look_are_told() {
    fn check(settings: Value, id: &str, reply: Reply, kind: FailureKind, words: &str) {
        let failure = ask(settings, id, reply).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{words} is not in: {}", failure.message);
    }
    let nowhere = || Reply::json(404, twilio::refusal(404, 20404, "was not found"));
    check(twilio::settings(), SID, nowhere(), FailureKind::NotFound, "was not found");
    let nowhere = Reply::json(404, json!({ "errors": [{ "code": "10005", "title": "Resource not found" }] }));
    check(telnyx::settings(), UUID, nowhere, FailureKind::NotFound, "keeps messages for ten days");
    check(twilio::settings(), SID, Reply::cut(), FailureKind::Unavailable, "no whole answer");
    check(telnyx::settings(), UUID, Reply::text(502, ""), FailureKind::Unavailable, "502");
    check(telnyx::settings(), UUID, Reply::text(200, "{}"), FailureKind::Other, "not as expected");
}

#[test]
fn an_id_of_the_other_vendor_is_refused() {
    for (settings, id) in [(twilio::settings(), UUID), (telnyx::settings(), SID)] {
        let failure = super::fake(settings).call::<Plugin>("sms_status", json!({ "message_id": id })).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
    }
}
