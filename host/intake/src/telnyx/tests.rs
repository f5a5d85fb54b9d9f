use aftercall_core::{conversation::Content, secret::Secret};
use http::{HeaderMap, HeaderValue};

use super::*;
use crate::{Key, Unverified, Verifier};

const WEBHOOK: &[u8] = br#"{"data":{"event_type":"call.conversation.ended","occurred_at":"2026-03-04T14:00:00Z",
    "payload":{"conversation_id":"v-1","call_control_id":"v3:a","assistant_id":"assistant-1"}}}"#;

#[test]
fn a_webhook_is_believed_by_its_signature() {
    const BODY: &[u8] = br#"{"data":{"event_type":"call.conversation.ended"}}"#;
    const PUBLIC: &str = "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=";
    const SIGNED: &str = "/QyZYe5QAWqfB5UMsNq0VS3CWf2cnqBJYOETn32fjls4CVg5weJrVTlt/s7UIRaab9YoPWlD3CMCFeU1i3MnCA==";
    let key = Key::ed25519(&Secret::new(PUBLIC.to_owned())).expect("a public key");
    let verifier = Verifier::Signature(scheme(), vec![key]);
    let other = SIGNED.replacen('Q', "R", 1);
    for (signature, seconds, body, late_ms, expected) in [
        (SIGNED, "1772632890", BODY, 0, Ok(())),
        (SIGNED, "1772632890", BODY, 300_000, Ok(())),
        (SIGNED, "1772632890", BODY, 300_001, Err(Unverified::TooFarInTime)),
        (SIGNED, "1772632891", BODY, 0, Err(Unverified::NoSecretFits)),
        (SIGNED, "1772632890", b"{}", 0, Err(Unverified::NoSecretFits)),
        (&other, "1772632890", BODY, 0, Err(Unverified::NoSecretFits)),
    ] {
        let pairs = [("telnyx-signature-ed25519", signature), ("telnyx-timestamp", seconds)];
        let pairs =
            pairs.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value")));
        let now = Timestamp::from_millis(1_772_632_890_000 + late_ms);
        assert_eq!(verifier.verify(&HeaderMap::from_iter(pairs), body, now), expected, "{seconds} {late_ms}");
    }
}

#[test]
fn events_are_read() {
    let ended = |at: Option<u64>, call: Option<&str>, assistant: Option<&str>| Event::Ended {
        conversation: "v-1".to_owned(),
        call: call.map(str::to_owned),
        assistant: assistant.map(str::to_owned),
        at: at.map(Timestamp::from_millis),
    };
    let insight = |id: Option<&str>, result: &str| Insight {
        id: id.map(str::to_owned),
        result: Json::parse(result).expect("JSON"),
    };
    let webhook = std::str::from_utf8(WEBHOOK).expect("text");
    for (payload, expected) in [
        (webhook, Ok(ended(Some(1_772_632_800_000), Some("v3:a"), Some("assistant-1")))),
        (
            r#"{"event_type":"call.conversation.ended","payload":{"conversation_id":"v-1","call_control_id":7}}"#,
            Ok(ended(None, None, None)),
        ),
        (
            r#"{"data":{"event_type":"call.conversation_insights.generated","payload":{"call_control_id":"v3:a",
                "insight_group_id":"g","results":[{"insight_id":"i","result":"All well."},{"result":{"mood":1}},
                {"insight_id":"j","result":null},7]}}}"#,
            Ok(Event::Insights {
                conversation: None,
                call: Some("v3:a".to_owned()),
                assistant: None,
                results: vec![insight(Some("i"), r#""All well.""#), insight(None, r#"{"mood":1}"#)],
            }),
        ),
        (
            r#"{"event_type":"conversation_insight_result","payload":{"conversation_id":"v-1","results":null,
                "metadata":{"assistant_id":"assistant-1","call_control_id":"v3:a"}}}"#,
            Ok(Event::Insights {
                conversation: Some("v-1".to_owned()),
                call: Some("v3:a".to_owned()),
                assistant: Some("assistant-1".to_owned()),
                results: vec![],
            }),
        ),
        (
            r#"{"data":{"event_type":"call.hangup","payload":{}}}"#,
            Err("at /data/event_type: a `call.hangup` event says nothing of the whole call"),
        ),
        (r#"{"data":null}"#, Err("at /data/event_type: a `` event")),
        ("[]", Err("at /event_type")),
        (r#"{"event_type":"call.conversation.ended"}"#, Err("at /payload/conversation_id: the event doesn't name")),
        ("{", Err("not JSON")),
    ] {
        match (event(payload.as_bytes()), expected) {
            (Ok(event), Ok(expected)) => assert_eq!(event, expected, "{payload}"),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{payload}: {error}"),
            (got, expected) => panic!("{payload}: {got:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn pages_are_read() {
    let meta = |pages: &str| {
        format!(
            r#"{{"data":[{{"role":"user"}},null],"meta":{{"page_number":7,"total_pages":{pages},"page_size":2,"total_results":4}}}}"#
        )
    };
    let bare = r#"{"data":[{"role":"user"}]}"#;
    for (asked, body, expected) in [
        (1, meta("2"), Ok((2, 1, Some(2), Some(2)))),
        (2, meta("2"), Ok((2, 2, Some(2), None))),
        (3, meta("2"), Ok((2, 3, Some(2), None))),
        (2, meta("null"), Ok((2, 2, None, Some(3)))),
        (1, meta("\"many\""), Ok((2, 1, None, Some(2)))),
        (1, bare.to_owned(), Ok((1, 1, None, Some(2)))),
        (2, bare.to_owned(), Ok((1, 2, None, Some(3)))),
        (u64::MAX, meta("null"), Ok((2, u64::MAX, None, Some(u64::MAX)))),
        (4, r#"{"data":[]}"#.to_owned(), Ok((0, 4, None, None))),
        (1, r#"{"data":[],"meta":{"page_number":1,"total_pages":9}}"#.to_owned(), Ok((0, 1, Some(9), None))),
        (1, r#"{"data":{}}"#.to_owned(), Err("at /data: the answer has no list of messages")),
        (1, r#"{"meta":{}}"#.to_owned(), Err("at /data")),
        (
            1,
            r#"{"errors":[{"code":"10007","title":"Unexpected","detail":"no such conversation"}]}"#.to_owned(),
            Err("at /errors/0: Telnyx didn't give the messages: no such conversation"),
        ),
        (1, r#"{"errors":[{"code":10007}]}"#.to_owned(), Err(r#"messages: {"code":10007}"#)),
        (1, "<html>".to_owned(), Err("not JSON")),
    ] {
        match (page(body.as_bytes(), asked), expected) {
            (Ok(page), Ok(expected)) => {
                assert_eq!((page.messages.len(), page.number, page.pages, page.next()), expected, "{body}");
            }
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{body}: {error}"),
            (got, expected) => panic!("{body}: {got:?} instead of {expected:?}"),
        }
    }
}

/// Whichever way round the pages come, a record has the oldest message first, and is read alike.
#[test]
fn a_record_is_made_of_an_event_and_pages() {
    let message =
        |second: u32| format!(r#"{{"role":"user","text":"{second}","created_at":"2026-03-04T13:59:0{second}Z"}}"#);
    let bare = |second: u32| format!(r#"{{"role":"user","text":"{second}"}}"#);
    let pages = |all: &[&[String]]| -> Vec<Page> {
        let body = |messages: &&[String]| format!(r#"{{"data":[{}]}}"#, messages.join(","));
        (1..).zip(all).map(|(number, messages)| page(body(messages).as_bytes(), number).expect("a page")).collect()
    };
    for (pages, expected) in [
        (pages(&[&[message(1), message(2)], &[message(3)]]), "123"),
        (pages(&[&[message(3), message(2)], &[message(1)]]), "123"),
        (pages(&[&[bare(4), message(3)], &[message(2), message(2), bare(1)]]), "12234"),
        (pages(&[&[bare(2), message(1)], &[bare(3)]]), "213"),
        (pages(&[&[], &[]]), ""),
        (vec![], ""),
    ] {
        let kept = record(WEBHOOK, pages).expect("a record");
        let document: Value = serde_json::from_slice(&kept).expect("JSON");
        let kept_texts: String = document["messages"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|message| message["text"].as_str().expect("a text"))
            .collect();
        assert_eq!(kept_texts, expected);
        let parsed = parse(&kept).expect("it reads");
        let said = parsed.conversation.items.iter().map(|item| match &item.content {
            Content::Message { text, .. } => text.as_str(),
            other => panic!("{other:?} instead of words"),
        });
        assert_eq!(said.collect::<String>(), expected);
        assert_eq!((parsed.conversation.id.as_str(), parsed.assistant.as_deref()), ("v-1", Some("assistant-1")));
    }
    assert!(matches!(record(b"{", []), Err(Error::NotJson { .. })));
}

/// Calls and results, with a person's turns between: `c1` calls, `r` is a result that names no call.
#[test]
fn results_are_paired_by_order() {
    for (history, expected) in [
        ("c1 r", "1"),
        ("c1 c2 r r", "1 2"),
        ("c1 a r", "1"),
        ("c1 a c2 r r", "1 2"),
        ("c1 u r", "1"),
        ("c1 u c2 r", "2"),
        ("c1 u c2 r r", "1 2"),
        ("c1 u c2 r a r", "1 2"),
        ("c1 u c2 u r r", "1 2"),
        ("c1 u c2 u c3 r r", "2 3"),
        ("c1 c2 u c3 r r", "1 3"),
        ("c1 u c2 c3 r", "2"),
        ("c1 u c2 r u c3 r", "2 3"),
        ("c1 u c2 r c3 r r", "2 1 3"),
        ("c1 u c2 r r r", "1 2 -"),
        ("c1 c1 r r", "1 1"),
        ("c1 u c2 r1 r", "1 2"),
        ("c1 c2 r r1", "2 1"),
        ("c1 c2 r1 r", "1 2"),
        ("c1 c2 r2 r", "2 1"),
        ("r c1", "1"),
        ("r c1 r c2", "2 1"),
        ("r", "-"),
        ("c1 r r", "1 -"),
    ] {
        let messages: Vec<Value> = history.split(' ').map(message).collect();
        let results = messages::items(&messages).into_iter().filter_map(|item| match item.content {
            Content::ToolResult { call, .. } => Some(if call.is_empty() { "-".to_owned() } else { call }),
            Content::Message { .. } | Content::ToolCall(_) => None,
        });
        assert_eq!(results.collect::<Vec<_>>().join(" "), expected, "{history}");
    }
}

/// A large payload has some ten thousands of calls; half of their results name them. Four times as many take some four times
/// as long, and not sixteen times.
#[test]
fn many_results_are_paired_in_no_time() {
    let took = |calls: usize| {
        let made = (0..calls).map(|id| message(&format!("c{id}")));
        let named = (0..calls / 2).map(|id| message(&format!("r{}", 2 * id)));
        let messages: Vec<Value> = made.chain(named).chain((0..calls / 2).map(|_| message("r"))).collect();
        let begun = std::time::Instant::now();
        let items = messages::items(&messages);
        let last = (calls - 1).to_string();
        assert!(matches!(&items[2 * calls - 1].content, Content::ToolResult { call, .. } if *call == last));
        begun.elapsed()
    };
    let (few, many) = (took(10_000), took(40_000));
    assert!(many < 10 * few, "{few:?}, and four times as many {many:?}");
}

fn message(word: &str) -> Value {
    let json = match word.split_at(1) {
        ("u", _) => r#"{"role":"user","text":"so"}"#.to_owned(),
        ("a", _) => r#"{"role":"assistant","text":"so"}"#.to_owned(),
        ("c", id) => format!(r#"{{"role":"assistant","tool_calls":[{{"id":"{id}","function":{{"name":"find"}}}}]}}"#),
        ("r", "") => r#"{"role":"tool","text":"found"}"#.to_owned(),
        (_, id) => format!(r#"{{"role":"tool","text":"found","tool_call_id":"{id}"}}"#),
    };
    serde_json::from_str(&json).expect("JSON")
}

#[test]
fn the_direction_is_told_by_signalling_alone() {
    for (to, word, expected) in [
        ("front@assistant-1.sip.telnyx.com", "", Some(Direction::Inbound)),
        ("sip:assistant-1.sip.telnyx.com:5060", "", Some(Direction::Inbound)),
        ("assistant-1.sip.telnyx.com@elsewhere.example", "", None),
        ("front@assistant-1.sip.telnyx.com.example", "", None),
        ("+15550100", "", None),
        ("+15550100", "incoming", Some(Direction::Inbound)),
        ("front@assistant-1.sip.telnyx.com", "outgoing", Some(Direction::Outbound)),
    ] {
        let call = serde_json::json!({ "to": to, "direction": word });
        assert_eq!(direction(Tree(&call)), expected, "{to} {word}");
    }
}
