//! Sequences: listed, and enrolled in once.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{ATTEMPT_AT, CONTACT_URL, error, fake, not_found, settings};

const ENROL: &str = "POST https://api.hubapi.com/automation/v4/sequences/enrollments";
const ENROLMENT: &str = "GET https://api.hubapi.com/automation/v4/sequences/enrollments/contact/512";

fn arguments() -> Value {
    json!({ "contact_id": "512", "sequence": "pilot" })
}

fn enrolled() -> Outcome {
    Outcome::new("contact 512 is enrolled in the sequence pilot")
        .with_receipt(Receipt::new("sequence-enrollment", "31").with_url(CONTACT_URL))
}

fn enrolment(sequence_id: &str, enrolled_at: &str) -> Reply {
    let answer = json!({
        "id": "31",
        "sequenceId": sequence_id,
        "sequenceName": "A pilot",
        "toEmail": "ann@example.com",
        "enrolledBy": "2001",
        "enrolledByEmail": "ben@example.com",
        "enrolledAt": enrolled_at,
        "updatedAt": enrolled_at,
    });
    Reply::json(200, answer)
}

#[test]
fn sequences_are_listed_from_the_settings() {
    fn check(settings: Value, text: &str, data: &str) {
        let outcome = fake().settings(settings).call::<Plugin>("list_sequences", json!({})).unwrap();
        assert_eq!((outcome.text.as_str(), outcome.data.as_deref()), (text, Some(data)));
    }
    let pilot = r#"{"sequences":[{"name":"pilot","for":"Wants to try it first."}]}"#;
    check(settings(), "1 to choose from", pilot);
    check(json!({}), "there is none to choose", r#"{"sequences":[]}"#);
}

#[test]
fn a_contact_is_enrolled_in_the_senders_name() {
    let answer = json!({
        "id": "31",
        "toEmail": "ann@example.com",
        "enrolledAt": "2026-03-01T00:01:01Z",
        "updatedAt": "2026-03-01T00:01:01Z",
    });
    let fake = fake().expect(ENROL, Reply::json(200, answer));
    assert_eq!(fake.call::<Plugin>("enrol_in_sequence", arguments()), Ok(enrolled()));
    assert_eq!(fake.sent()[0].query(), [("userId".to_owned(), "2001".to_owned())]);
    let expected = json!({ "contactId": "512", "sequenceId": "6001", "senderEmail": "ben@example.com" });
    assert_eq!(fake.sent()[0].json(), expected);
}

#[test]
fn a_refusal_says_whether_another_try_helps() {
    fn check(reply: Reply, kind: FailureKind, words: &str) {
        let failure = fake().expect(ENROL, reply).call::<Plugin>("enrol_in_sequence", arguments()).unwrap_err();
        assert_eq!(failure.kind, kind, "{}", failure.message);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let refusal = |reason: &str| {
        let detail = json!({ "message": "no", "subCategory": reason });
        let mut refusal = error("VALIDATION_ERROR", "can't enrol");
        refusal["errors"] = json!([detail]);
        Reply::json(400, refusal)
    };
    check(refusal("ALREADY_ENROLLED"), FailureKind::Conflict, "in a sequence already");
    check(refusal("UNSUBSCRIBED"), FailureKind::Denied, "don't try it again");
    check(refusal("UNSUBSCRIBED_PERSONAL"), FailureKind::Denied, "don't try it again");
    check(refusal("BLOCKED_DOMAIN"), FailureKind::Denied, "don't try it again");
    for undeliverable in ["BOUNCED", "RECIPIENT_PREVIOUSLY_BOUNCED_GLOBALLY", "OTHER_SEND_REJECTED"] {
        check(refusal(undeliverable), FailureKind::Conflict, "don't arrive");
    }
    let setting = error("VALIDATION_ERROR", "senderEmail is not a connected inbox of the user");
    check(Reply::json(400, setting.clone()), FailureKind::Misconfigured, "an operator has to make");
    check(
        Reply::json(404, error("OBJECT_NOT_FOUND", "no such sequenceId")),
        FailureKind::Misconfigured,
        "an operator has to make",
    );
    check(Reply::json(404, error("OBJECT_NOT_FOUND", "no such contact")), FailureKind::NotFound, "no such contact");
    check(Reply::json(500, setting), FailureKind::OutcomeUnknown, "500");
    check(refusal("OTHER"), FailureKind::InvalidArguments, "can't enrol");
    check(Reply::stray(502, "ALREADY_ENROLLED"), FailureKind::OutcomeUnknown, "502");
    check(Reply::stray(200, "done"), FailureKind::OutcomeUnknown, "not as expected");
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer");
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached");
}

#[test]
fn an_enrolment_in_doubt_is_looked_up() {
    fn check(reply: Reply, later_ms: u64, expected: &Finding) {
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(ENROLMENT, reply);
        let finding = fake.reconcile::<Plugin>("enrol_in_sequence", arguments()).unwrap();
        assert_eq!(finding, *expected, "{later_ms} ms later");
    }
    let not_yet = Finding::Unknown(Some(15_000));
    let (since, long_ago) = ("2026-03-01T00:01:02.500Z", "2026-02-01T00:00:00Z");
    check(enrolment("6001", since), 0, &Finding::Happened(enrolled()));
    // HubSpot's clock may be behind.
    check(enrolment("6001", "2026-03-01T00:00:30Z"), 90_000, &Finding::Happened(enrolled()));
    check(enrolment("6001", long_ago), 0, &not_yet);
    check(enrolment("6001", long_ago), 60_000, &Finding::DidNotHappen);
    check(enrolment("6002", long_ago), 60_000, &Finding::DidNotHappen);
    check(enrolment("6002", since), 90_000, &Finding::Unknown(None));
    check(enrolment("6001", "yesterday"), 90_000, &Finding::Unknown(None));
    check(not_found(), 59_999, &Finding::Unknown(Some(1)));
    check(not_found(), 60_000, &Finding::DidNotHappen);
    for empty in [Reply::text(204, ""), Reply::stray(200, "{}"), Reply::stray(200, "null")] {
        check(empty, 60_000, &Finding::DidNotHappen);
    }
}

#[test]
fn an_enrolment_whose_answer_was_lost_is_made_once() {
    let cut = fake().expect(ENROL, Reply::cut());
    let failure = cut.call::<Plugin>("enrol_in_sequence", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let sequence_id = cut.sent()[0].json()["sequenceId"].as_str().unwrap().to_owned();
    let look = fake().expect(ENROLMENT, enrolment(&sequence_id, "2026-03-01T00:01:01Z"));
    assert_eq!(look.reconcile::<Plugin>("enrol_in_sequence", arguments()), Ok(Finding::Happened(enrolled())));
}

#[test]
fn a_look_up_that_fails_finds_nothing_out() {
    fn check(reply: Reply, kind: FailureKind) {
        let fake = fake().expect(ENROLMENT, reply);
        assert_eq!(fake.reconcile::<Plugin>("enrol_in_sequence", arguments()).unwrap_err().kind, kind);
    }
    check(Reply::stray(502, ""), FailureKind::Unavailable);
    check(Reply::stray(200, r#"{"results":[]}"#), FailureKind::Other);
}

#[test]
fn sequences_are_those_of_the_settings() {
    fn check(settings: Value, sequence: &str, kind: FailureKind, words: &str) {
        let arguments = json!({ "contact_id": "512", "sequence": sequence });
        let failure = fake().settings(settings).call::<Plugin>("enrol_in_sequence", arguments).unwrap_err();
        assert_eq!(failure.kind, kind);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(settings(), "trial", FailureKind::InvalidArguments, "there is no `sequence` \"trial\"; there are: pilot");
    check(json!({}), "pilot", FailureKind::Misconfigured, "have no `sequences`");
    let mut settings = settings();
    settings.as_object_mut().unwrap().remove("sequence_sender");
    check(settings, "pilot", FailureKind::Misconfigured, "`sequence_sender`");
}
