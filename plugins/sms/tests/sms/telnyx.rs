//! Telnyx.

use aftercall::testing::{Fake, Reply};
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_sms::tools::Plugin;
use serde_json::{Value, json};

use super::{FIRST_ATTEMPT_AT, TEXT, arguments, check_refusal};

const ID: &str = "40385f64-5717-4562-b3fc-2c963f66afa6";
const PROFILE: &str = "16fd2706-8baf-433b-82eb-8c7fada847da";
const SEND: &str = "POST https://api.telnyx.com/v2/messages";
const SEARCH: &str = "GET https://api.telnyx.com/v2/detail_records";
/// A minute after the first attempt.
const IN_TIME: &str = "2026-03-01T00:02:00Z";
const HOUR_MS: u64 = 60 * 60 * 1000;

pub(crate) fn settings() -> Value {
    json!({ "vendor": "telnyx", "from": "+14155550100" })
}

fn fake() -> Fake {
    super::fake(settings())
}

fn read(id: &str) -> String {
    format!("GET https://api.telnyx.com/v2/messages/{id}")
}

/// A message, with more of it than is read.
fn message(status: &str, text: Option<&str>) -> Value {
    json!({ "data": {
        "record_type": "message",
        "id": ID,
        "direction": "outbound",
        "type": "SMS",
        "messaging_profile_id": PROFILE,
        "from": { "phone_number": "+14155550100", "carrier": "Telnyx", "line_type": "VoIP" },
        "to": [{ "phone_number": "+14155550123", "status": status, "carrier": "", "line_type": "" }],
        "text": text,
        "parts": 1,
        "cost": null,
        "errors": [],
    } })
}

fn records(records: &[(&str, &str)]) -> Reply {
    let record = |(id, created): &(&str, &str)| json!({ "record_type": "message_detail_record", "uuid": id, "created_at": created });
    let data: Vec<Value> = records.iter().map(record).collect();
    Reply::json(200, json!({ "data": data, "meta": { "page_number": 1, "total_pages": 1 } }))
}

fn outcome(status: &str) -> Outcome {
    Outcome::new(format!("the text message is {status} (message {ID})")).with_receipt(Receipt::new("message", ID))
}

#[test]
fn a_message_is_sent_as_json() {
    fn check(settings: Value, body: &str) {
        let fake = super::fake(settings).expect(SEND, Reply::json(200, message("queued", Some(TEXT))));
        assert_eq!(fake.call::<Plugin>("send_sms", arguments()), Ok(outcome("queued")));
        let sent = &fake.sent()[0];
        assert_eq!(sent.text(), body);
        assert_eq!(sent.header("content-type"), Some("application/json"));
        assert_eq!((sent.header("authorization"), sent.header("idempotency-key")), (None, None));
    }
    let rest = r#""to":"+14155550123","text":"See you at 5 & bring the papers"}"#;
    let pool = json!({ "vendor": "telnyx", "messaging_profile_id": PROFILE });
    let both = json!({ "vendor": "telnyx", "messaging_profile_id": PROFILE, "from": "+14155550100" });
    check(settings(), &format!(r#"{{"from":"+14155550100",{rest}"#));
    check(pool, &format!(r#"{{"messaging_profile_id":"{PROFILE}",{rest}"#));
    check(both, &format!(r#"{{"from":"+14155550100","messaging_profile_id":"{PROFILE}",{rest}"#));
}

#[test]
fn an_answer_with_little_in_it_is_enough() {
    let fake = fake().expect(SEND, Reply::json(200, json!({ "data": { "id": ID } })));
    assert_eq!(fake.call::<Plugin>("send_sms", arguments()), Ok(outcome("accepted")));
}

#[test]
fn refusals_of_telnyx_are_told() {
    fn check(reply: Reply, kind: FailureKind, words: &str, code: Option<&str>) {
        check_refusal(fake(), SEND, reply, kind, words, code);
    }
    let refusal = |code: &str, title: &str| json!({ "errors": [{ "code": code, "title": title }] });
    let invalid = refusal("10009", "Authentication failed");
    check(Reply::json(401, invalid), FailureKind::Denied, "401 Unauthorized: Authentication failed", Some("10009"));
    let busy = Reply::json(429, refusal("10011", "Too many requests")).with_header("retry-after", "1");
    check(busy, FailureKind::RateLimited, "Too many", Some("10011"));
    let missing = refusal("10004", "Missing required parameter");
    check(Reply::json(422, missing), FailureKind::InvalidArguments, "Missing required", Some("10004"));
    let nowhere = refusal("10005", "Resource not found");
    check(
        Reply::json(404, nowhere),
        FailureKind::Misconfigured,
        "correct `from` or `messaging_profile_id`",
        Some("10005"),
    );
    let broken = refusal("10007", "Unexpected error");
    check(Reply::json(500, broken), FailureKind::OutcomeUnknown, "Unexpected error", Some("10007"));
    check(Reply::text(504, "<html>"), FailureKind::OutcomeUnknown, "504", None);
    check(Reply::cut(), FailureKind::OutcomeUnknown, "no whole answer", None);
    check(Reply::json(200, json!({ "data": {} })), FailureKind::OutcomeUnknown, "not as expected", None);
    check(Reply::unreachable(), FailureKind::Unavailable, "can't be reached", None);
    check(Reply::denied(), FailureKind::Denied, "the grant doesn't allow POST", None);
}

#[test]
fn telnyx_says_how_long_its_limit_lasts() {
    fn check(header: &'static str, seconds: &str, expected: Option<u64>) {
        let refusal = json!({ "errors": [{ "code": "10011", "title": "Too many requests" }] });
        let fake = fake().expect(SEND, Reply::json(429, refusal).with_header(header, seconds));
        let failure = fake.call::<Plugin>("send_sms", arguments()).unwrap_err();
        assert_eq!((failure.kind, failure.retry_after_ms), (FailureKind::RateLimited, expected), "{header}: {seconds}");
    }
    check("x-ratelimit-reset", "20", Some(20_000));
    check("x-ratelimit-reset", "soon", None);
    check("retry-after", "1", Some(1_000));
}

#[test]
fn a_key_that_telnyx_knows_leaves_doubt() {
    fn check(status: u16, detail: &str) {
        let body = json!({ "errors": [{ "code": "10015", "title": "Bad Request", "detail": detail }] });
        check_refusal(fake(), SEND, Reply::json(status, body), FailureKind::OutcomeUnknown, detail, Some("10015"));
    }
    check(409, "A request with this key is in progress.");
    check(422, "The Idempotency-Key was used with another request.");
}

#[test]
fn a_code_of_telnyx_says_what_to_do() {
    fn check(code: &str, kind: FailureKind, words: &str) {
        // The status of one code differs from case to case.
        for status in [400, 403, 422] {
            let body = json!({ "errors": [{ "code": code, "title": "T", "detail": "No." }] });
            check_refusal(fake(), SEND, Reply::json(status, body), kind, words, Some(code));
        }
    }
    check("40300", FailureKind::Denied, "No.; this person has opted out");
    check("40310", FailureKind::InvalidArguments, "with the country code, such as +14155550123");
    check("40012", FailureKind::InvalidArguments, "with the country code, such as +14155550123");
    check("40001", FailureKind::InvalidArguments, "may be a landline");
    check("40301", FailureKind::InvalidArguments, "may be a landline");
    check("40309", FailureKind::Denied, "may not send to this country");
    check("40319", FailureKind::Denied, "can't be reached from the sender");
    check("40305", FailureKind::Misconfigured, "the sender in the plugin's settings can't send");
    check("40321", FailureKind::Misconfigured, "the sender in the plugin's settings can't send");
    check("40329", FailureKind::Denied, "registered first");
    check("40312", FailureKind::Denied, "the account at the vendor may not send");
    check("20100", FailureKind::Denied, "the account at the vendor may not send");
    check("40322", FailureKind::Denied, "a spam filter stopped the text");
    check("40302", FailureKind::InvalidArguments, "give a shorter `text`");
    check("40318", FailureKind::RateLimited, "too many messages waiting");
}

#[test]
fn a_message_in_doubt_is_searched_by_recipient_sender_and_time() {
    fn check(settings: Value, sender: (&str, &str)) {
        let fake = super::fake(settings).expect(SEARCH, records(&[]));
        fake.reconcile::<Plugin>("send_sms", arguments()).unwrap();
        let query = fake.sent()[0].query();
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("filter[record_type]", "messaging"),
            ("filter[direction]", "outbound"),
            ("filter[cld]", "+14155550123"),
            ("filter[created_at][gte]", "2026-02-27"),
            ("sort", "-created_at"),
            ("page[size]", "50"),
            sender,
        ];
        assert_eq!(query, expected);
    }
    check(settings(), ("filter[cli]", "+14155550100"));
    check(json!({ "vendor": "telnyx", "messaging_profile_id": PROFILE }), ("filter[profile_id]", PROFILE));
}

#[test]
fn the_texts_of_the_records_messages_decide() {
    fn check(read_as: Reply, later_ms: u64, expected: &Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(SEARCH, records(&[(ID, IN_TIME)]));
        let fake = fake.expect(&read(ID), read_as);
        assert_eq!(fake.reconcile::<Plugin>("send_sms", arguments()).unwrap(), *expected, "{later_ms} ms later");
    }
    let with = |text: &str| Reply::json(200, message("delivered", Some(text)));
    let gone = || Reply::json(404, json!({ "errors": [{ "code": "10005", "title": "Resource not found" }] }));
    let wiped = || Reply::json(200, message("delivered", None));
    let found = Finding::Happened(outcome("delivered"));

    check(with(TEXT), 1, &found);
    check(with(&format!("{TEXT} ")), 60_000, &found);
    check(with(TEXT), 48 * HOUR_MS, &found);
    check(with("Another text"), 29_999, &Finding::Unknown(Some(1)));
    check(with("Another text"), 30_000, &Finding::DidNotHappen);
    // There is a message, and nobody can tell what it says.
    check(wiped(), 60_000, &Finding::Unknown(None));
    check(gone(), 60_000, &Finding::Unknown(None));
    check(gone(), 29_999, &Finding::Unknown(Some(1)));
}

#[test]
fn an_empty_search_decides_while_the_key_holds() {
    fn check(found: &[(&str, &str)], later_ms: u64, expected: &Finding) {
        let fake = fake().now(FIRST_ATTEMPT_AT + later_ms).expect(SEARCH, records(found));
        assert_eq!(fake.reconcile::<Plugin>("send_sms", arguments()).unwrap(), *expected, "{later_ms} ms later");
    }
    let not_yet = Finding::Unknown(Some(10_000));
    check(&[], 0, &not_yet);
    check(&[], 29_999, &Finding::Unknown(Some(1)));
    check(&[], 30_000, &Finding::DidNotHappen);
    check(&[], 23 * HOUR_MS - 1, &Finding::DidNotHappen);
    check(&[], 23 * HOUR_MS, &Finding::Unknown(None));
    // Messages from before, of which none is read.
    check(&[(ID, "2026-02-28T23:58:59Z")], 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_record_without_a_time_may_be_of_the_message() {
    fn check(created: Value, read_as: &str, later_ms: u64, expected: &Finding) {
        let record = json!({ "record_type": "messaging", "uuid": ID, "created_at": created });
        let fake = fake()
            .now(FIRST_ATTEMPT_AT + later_ms)
            .expect(SEARCH, Reply::stray(200, json!({ "data": [record] }).to_string()))
            .expect(&read(ID), Reply::json(200, message("delivered", Some(read_as))));
        assert_eq!(fake.reconcile::<Plugin>("send_sms", arguments()).unwrap(), *expected, "{created} {read_as}");
    }
    for created in [json!("yesterday"), Value::Null] {
        check(created.clone(), TEXT, 29_999, &Finding::Unknown(Some(1)));
        check(created.clone(), TEXT, 60_000, &Finding::Unknown(None));
        check(created.clone(), "", 60_000, &Finding::Unknown(None));
        check(created, "Another text", 60_000, &Finding::DidNotHappen);
    }
    check(json!(IN_TIME), "", 60_000, &Finding::Unknown(None));
}

#[test]
fn messages_are_read_until_one_fits_and_not_without_end() {
    let ids: Vec<String> = (0..11).map(|number| format!("00000000-0000-0000-0000-{number:012}")).collect();
    let all: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), IN_TIME)).collect();
    let another = || Reply::json(200, message("delivered", Some("Another text")));

    let fits = fake().expect(SEARCH, records(&all)).expect(&read(&ids[0]), another());
    let fits = fits.expect(&read(&ids[1]), Reply::json(200, message("sent", Some(TEXT))));
    assert_eq!(fits.reconcile::<Plugin>("send_sms", arguments()), Ok(Finding::Happened(outcome("sent"))));

    let none = fake().expect(SEARCH, records(&all));
    let none = ids.iter().take(10).fold(none, |fake, id| fake.expect(&read(id), another()));
    assert_eq!(none.reconcile::<Plugin>("send_sms", arguments()), Ok(Finding::Unknown(None)));
}

#[test]
fn a_lookup_that_fails_finds_nothing_out() {
    let search = fake().expect(SEARCH, Reply::text(503, ""));
    assert_eq!(search.reconcile::<Plugin>("send_sms", arguments()).unwrap_err().kind, FailureKind::Unavailable);
    let busy = Reply::json(429, json!({ "errors": [{ "code": "10011", "title": "Too many requests" }] }));
    let message = fake().expect(SEARCH, records(&[(ID, IN_TIME)])).expect(&read(ID), busy);
    assert_eq!(message.reconcile::<Plugin>("send_sms", arguments()).unwrap_err().kind, FailureKind::RateLimited);
}

#[test]
fn a_message_whose_answer_was_lost_is_sent_once() {
    let first = fake().expect(SEND, Reply::cut());
    let failure = first.call::<Plugin>("send_sms", arguments()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);

    // Telnyx had taken it: it is found, and nothing is sent.
    let lookup = fake().expect(SEARCH, records(&[(ID, IN_TIME)]));
    let lookup = lookup.expect(&read(ID), Reply::json(200, message("sent", Some(TEXT))));
    assert_eq!(lookup.reconcile::<Plugin>("send_sms", arguments()), Ok(Finding::Happened(outcome("sent"))));

    // Telnyx had taken it, and its record came late: the second request is the same to the byte, and is answered with
    // the first message under the key that the host puts on both.
    let lookup = fake().expect(SEARCH, records(&[]));
    assert_eq!(lookup.reconcile::<Plugin>("send_sms", arguments()), Ok(Finding::DidNotHappen));
    let second = fake().attempt(2).expect(SEND, Reply::json(200, message("queued", Some(TEXT))));
    assert_eq!(second.call::<Plugin>("send_sms", arguments()), Ok(outcome("queued")));
    assert_eq!(second.sent()[0].text(), first.sent()[0].text());
}
