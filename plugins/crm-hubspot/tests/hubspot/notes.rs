//! Notes: on a contact, on its deal too, and found again by the key.

use aftercall::testing::Reply;
use aftercall::{FailureKind, Finding, Outcome, Receipt};
use aftercall_plugin_crm_hubspot::tools::Plugin;
use serde_json::{Value, json};

use crate::{ATTEMPT_AT, CONTACT_URL, deal_of, fake, not_found, object};

const NOTES: &str = "POST https://api.hubapi.com/crm/v3/objects/notes";
const SEARCH: &str = "POST https://api.hubapi.com/crm/v3/objects/notes/search";
const DEAL: &str = "GET https://api.hubapi.com/crm/v3/objects/0-3/77";

fn summary() -> Value {
    json!({ "contact_id": "512", "summary": "Wants <b>40</b> seats\nby May & asks for a quote" })
}

fn logged() -> Outcome {
    Outcome::new("the call is logged on contact 512 as note 9")
        .with_receipt(Receipt::new("note", "9").with_url(CONTACT_URL))
}

#[test]
fn receipts_have_no_link_without_a_portal() {
    let fake = fake().settings(json!({})).expect(NOTES, Reply::json(201, object("9", json!({}))));
    let outcome = fake.call::<Plugin>("log_call_summary", summary()).unwrap();
    assert_eq!(outcome.receipts, [Receipt::new("note", "9")]);
}

#[test]
fn a_note_holds_text_and_the_key() {
    fn check(next_step: Option<&str>, body: &str) {
        let fake = fake().expect(NOTES, Reply::json(201, object("9", json!({}))));
        let mut arguments = summary();
        if let Some(next_step) = next_step {
            arguments["next_step"] = json!(next_step);
        }
        assert_eq!(fake.call::<Plugin>("log_call_summary", arguments), Ok(logged()));
        let note_to_contact = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 202 });
        let expected = json!({
            "properties": { "hs_note_body": body, "hs_timestamp": "1772323260000" },
            "associations": [{ "to": { "id": "512" }, "types": [note_to_contact] }],
        });
        assert_eq!(fake.sent()[0].json(), expected);
    }
    let said = "<p>Wants &lt;b&gt;40&lt;/b&gt; seats<br>by May &amp; asks for a quote</p>";
    let reference = "<p>Reference: ac0123abcd (aftercall)</p>";
    check(None, &format!("{said}{reference}"));
    check(Some(" "), &format!("{said}{reference}"));
    check(
        Some("send \"it\", she's in"),
        &format!("{said}<p><strong>Next step:</strong> send \"it\", she's in</p>{reference}"),
    );
}

#[test]
fn a_note_is_on_a_contact_on_a_deal_or_on_both() {
    fn check(on: Value, types: &[(&str, u32)], words: &str, url: &str) {
        let fake = fake();
        let both = types.len() > 1;
        let fake = if both { fake.expect(DEAL, Reply::json(200, deal_of("512"))) } else { fake };
        let fake = fake.expect(NOTES, Reply::json(201, object("9", json!({}))));
        let mut arguments = on;
        arguments["text"] = json!("Prefers mornings");
        let expected = Outcome::new(words).with_receipt(Receipt::new("note", "9").with_url(url));
        assert_eq!(fake.call::<Plugin>("log_note", arguments), Ok(expected));
        let note = fake.sent().last().unwrap().json();
        assert_eq!(
            note["properties"]["hs_note_body"],
            "<p>Prefers mornings</p><p>Reference: ac0123abcd (aftercall)</p>"
        );
        let associations = types.iter().map(|(id, kind)| {
            let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind });
            json!({ "to": { "id": id }, "types": [kind] })
        });
        assert_eq!(note["associations"], associations.collect::<Value>());
    }
    let deal_url = "https://app.hubspot.com/contacts/77/record/0-3/77";
    check(
        json!({ "contact_id": "512" }),
        &[("512", 202)],
        "what was noted is logged on contact 512 as note 9",
        CONTACT_URL,
    );
    check(json!({ "deal_id": "77" }), &[("77", 214)], "what was noted is logged on deal 77 as note 9", deal_url);
    check(
        json!({ "contact_id": "512", "deal_id": "77" }),
        &[("512", 202), ("77", 214)],
        "what was noted is logged on contact 512 and deal 77 as note 9",
        CONTACT_URL,
    );
}

#[test]
fn a_note_on_nothing_is_refused() {
    let failure = fake().call::<Plugin>("log_note", json!({ "text": "Prefers mornings" })).unwrap_err();
    assert_eq!(failure.kind, FailureKind::InvalidArguments);
}

#[test]
fn a_note_in_doubt_is_searched_by_its_key() {
    let fake = fake().expect(SEARCH, Reply::json(200, json!({ "total": 0, "results": [] })));
    fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap();
    let filter = json!({ "propertyName": "hs_note_body", "operator": "CONTAINS_TOKEN", "value": "ac0123abcd" });
    let expected = json!({
        "filterGroups": [{ "filters": [filter] }],
        "properties": ["hs_note_body"],
        "sorts": [],
        "limit": 10,
        "after": "0",
    });
    assert_eq!(fake.sent()[0].json(), expected);
}

#[test]
fn the_search_of_notes_decides() {
    fn check(body: Option<&str>, later_ms: u64, expected: &Finding) {
        let notes: Vec<Value> = body.iter().map(|body| object("9", json!({ "hs_note_body": body }))).collect();
        let page = json!({ "total": notes.len(), "results": notes });
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(SEARCH, Reply::json(200, page));
        let finding = fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap();
        assert_eq!(finding, *expected, "{body:?} {later_ms} ms later");
    }
    let found = Finding::Happened(logged());
    let not_yet = Finding::Unknown(Some(15_000));
    check(Some("<p>Said</p><p>Reference: ac0123abcd (aftercall)</p>"), 0, &found);
    check(Some("<div>Reference: ac0123abcd"), 90_000, &found);
    check(Some("<p>Reference: ac0123abcdef (aftercall)</p>"), 90_000, &Finding::DidNotHappen);
    check(Some("<p>ac0123abcd</p>"), 90_000, &Finding::DidNotHappen);
    check(None, 0, &not_yet);
    check(None, 59_999, &Finding::Unknown(Some(1)));
    check(None, 60_000, &Finding::DidNotHappen);
}

#[test]
fn a_search_that_tells_not_all_does_not_deny() {
    fn check(later_ms: u64, expected: &Finding) {
        let others = vec![object("9", json!({ "hs_note_body": "<p>Reference: acother (aftercall)</p>" })); 10];
        let page = Reply::json(200, json!({ "total": 11, "results": others }));
        let fake = fake().now(ATTEMPT_AT + later_ms).expect(SEARCH, page);
        assert_eq!(fake.reconcile::<Plugin>("log_call_summary", summary()).as_ref(), Ok(expected));
    }
    check(0, &Finding::Unknown(Some(15_000)));
    check(60_000, &Finding::Unknown(None));
}

#[test]
fn a_search_that_fails_finds_nothing_out() {
    let fake = fake().expect(SEARCH, Reply::stray(502, ""));
    let failure = fake.reconcile::<Plugin>("log_call_summary", summary()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
}

#[test]
fn a_note_on_a_deal_is_one_note_on_both() {
    let mut arguments = summary();
    arguments["deal_id"] = json!("77");
    let fake =
        fake().expect(DEAL, Reply::json(200, deal_of("512"))).expect(NOTES, Reply::json(201, object("9", json!({}))));
    let outcome = fake.call::<Plugin>("log_call_summary", arguments).unwrap();
    assert_eq!(outcome.text, "the call is logged on contact 512 and deal 77 as note 9");
    assert_eq!(fake.sent()[0].query(), [("associations".to_owned(), "contacts".to_owned())]);
    let to = |id: &str, type_id: u32| {
        let kind = json!({ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id });
        json!({ "to": { "id": id }, "types": [kind] })
    };
    assert_eq!(fake.sent()[1].json()["associations"], json!([to("512", 202), to("77", 214)]));
}

#[test]
fn a_note_is_not_put_on_somebody_elses_deal() {
    fn check(reply: Reply) {
        let mut arguments = summary();
        arguments["deal_id"] = json!("77");
        let failure = fake().expect(DEAL, reply).call::<Plugin>("log_call_summary", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound);
        assert!(failure.message.contains("contact 512 has no deal 77"), "{}", failure.message);
    }
    check(Reply::json(200, deal_of("513")));
    check(Reply::json(200, object("77", json!({}))));
    check(not_found());
}

#[test]
fn a_note_whose_answer_was_lost_is_made_once() {
    let cut = fake().expect(NOTES, Reply::cut());
    let failure = cut.call::<Plugin>("log_call_summary", summary()).unwrap_err();
    assert_eq!(failure.kind, FailureKind::OutcomeUnknown);
    let made = object("9", json!({ "hs_note_body": cut.sent()[0].json()["properties"]["hs_note_body"] }));
    let search = fake().expect(SEARCH, Reply::json(200, json!({ "total": 1, "results": [made] })));
    assert_eq!(search.reconcile::<Plugin>("log_call_summary", summary()), Ok(Finding::Happened(logged())));
}
