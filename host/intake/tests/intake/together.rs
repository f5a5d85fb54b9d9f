//! What webhooks say of calls that are over, and how several of one call are put together.

use aftercall_intake::{
    AnalysisState::{self, Here, Never, ToCome},
    Error, Form,
};
use serde_json::{Value, json};

const ENDED: &str = r#"{"data":{"event_type":"call.conversation.ended","occurred_at":"2026-03-04T14:01:30Z","payload":{
    "conversation_id":"v-1","call_control_id":"v3:a","assistant_id":"assistant-1","duration_sec":30,
    "from":"+15550100","to":"+15550200","llm_model":"openai/gpt-4o"}}}"#;
const INSIGHTS: &str = r#"{"data":{"event_type":"call.conversation_insights.generated","occurred_at":"2026-03-04T14:02:00Z",
    "payload":{"call_control_id":"v3:a","insight_group_id":"g","results":[{"insight_id":"i","result":"All well."},
    {"insight_id":"j","result":{"mood":"good"}}]}}}"#;
const GROUP: &str = r#"{"event_type":"conversation_insight_result","payload":{"conversation_id":"v-1","from":null,
    "metadata":{"assistant_id":"assistant-1","call_control_id":"v3:a","from":"+15550100"},
    "results":[{"insight_id":"j","result":{"mood":"better"}}]}}"#;
const RECORD: &str = r#"{"conversation":{"id":"v-1","created_at":"2026-03-04T14:01:00Z","last_message_at":"2026-03-04T14:01:29.500Z",
    "metadata":{"assistant_id":"assistant-1","call_control_id":"v3:a","telnyx_conversation_channel":"phone_call",
    "telnyx_agent_target":"+15550100","telnyx_end_user_target":"+15550200"}},
    "insights":[{"insight_id":"i","result":"So so."},{"insight_id":"k","result":"{\"plan\":\"team\"}"}],
    "messages":[{"role":"assistant","text":"Hello."}]}"#;

#[test]
fn webhooks_say_which_call_is_over_and_what_they_lack() {
    let vapi = |more: &str| {
        format!(r#"{{"message":{{"type":"end-of-call-report","call":{{"id":"c","assistantId":"a"}}{more}}}}}"#)
    };
    let retell =
        |event: &str, more: &str| format!(r#"{{"event":"{event}","call":{{"call_id":"c","agent_id":"a"{more}}}}}"#);
    let eleven = |more: &str| {
        format!(r#"{{"type":"post_call_transcription","data":{{"conversation_id":"c","agent_id":"a"{more}}}}}"#)
    };
    let bland = |more: &str| format!(r#"{{"call_id":"c","pathway_id":"a","completed":true{more}}}"#);
    let native = |more: &str| format!(r#"{{"schema":"aftercall.call/1","conversation":{{"id":"c"}}{more}}}"#);
    let relayed =
        r#"{"body":{"event":"call_ended","call":{"call_id":"c","agent_id":"a","call_analysis":{"call_summary":"s"}}}}"#;
    for (form, payload, event, analysis) in [
        (Form::Vapi, vapi(r#","analysis":{"summary":"s"}"#), "end-of-call-report", Here),
        (Form::Vapi, vapi(r#","analysis":{}"#), "end-of-call-report", Never),
        (Form::Retell, retell("call_ended", ""), "call_ended", ToCome),
        (Form::Retell, retell("call_ended", r#","call_analysis":null"#), "call_ended", ToCome),
        (Form::Retell, relayed.to_owned(), "call_ended", Here),
        (Form::Retell, retell("call_analyzed", ""), "call_analyzed", Here),
        (Form::ElevenLabs, eleven(r#","analysis":{"transcript_summary":"s"}"#), "post_call_transcription", Here),
        (Form::ElevenLabs, eleven(r#","analysis":null"#), "post_call_transcription", Never),
        (Form::Bland, bland(r#","summary":"s""#), "post-call webhook", Here),
        (Form::Bland, bland(r#","variables":{"now":"x"}"#), "post-call webhook", Never),
        (Form::Native, native(""), "aftercall.call/1", Never),
    ] {
        let notice = form.notice(payload.as_bytes()).expect(&payload);
        assert_eq!((notice.event.as_str(), notice.analysis), (event, analysis), "{payload}");
        assert_eq!(
            (notice.conversation.as_deref(), notice.call, notice.has_history),
            (Some("c"), None, true),
            "{payload}"
        );
        assert_eq!(notice.assistant.as_deref(), (form != Form::Native).then_some("a"), "{payload}");
    }
}

#[test]
fn telnyxs_webhooks_lack_what_was_said() {
    let kept = format!(r#"{{"event":{ENDED},"insights":[{{"result":"x"}}],"messages":[]}}"#);
    let bare = format!(r#"{{"event":{ENDED},"insights":[],"messages":null}}"#);
    for (payload, conversation, event, has_history, analysis) in [
        (ENDED, Some("v-1"), "call.conversation.ended", false, ToCome),
        (INSIGHTS, None, "call.conversation_insights.generated", false, Here),
        (GROUP, Some("v-1"), "conversation_insight_result", false, Here),
        (&kept, Some("v-1"), "call.conversation.ended", true, Here),
        (&bare, Some("v-1"), "call.conversation.ended", false, ToCome),
    ] {
        let notice = Form::Telnyx.notice(payload.as_bytes()).expect(payload);
        let told: (_, _, _, AnalysisState) =
            (notice.conversation.as_deref(), notice.event.as_str(), notice.has_history, notice.analysis);
        assert_eq!(told, (conversation, event, has_history, analysis), "{payload}");
        assert_eq!(notice.call.as_deref(), Some("v3:a"), "{payload}");
    }
}

#[test]
fn what_says_nothing_of_a_call_that_is_over_is_no_notice() {
    let other = |form: Form, payload: &str| matches!(form.notice(payload.as_bytes()), Err(Error::OtherEvent { .. }));
    assert!(other(Form::Vapi, r#"{"message":{"type":"status-update","call":{"id":"c"}}}"#));
    assert!(other(Form::Retell, r#"{"event":"call_started","call":{"call_id":"c"}}"#));
    assert!(other(Form::ElevenLabs, r#"{"type":"post_call_audio","data":{"conversation_id":"c"}}"#));
    assert!(other(Form::Bland, r#"{"call_id":"c","category":"queue"}"#));
    assert!(other(Form::Telnyx, r#"{"data":{"event_type":"call.hangup","payload":{}}}"#));
    for (form, payload, words) in [
        (Form::Retell, r#"{"event":"call_ended","call":{}}"#.to_owned(), "at /call/call_id"),
        (Form::Telnyx, INSIGHTS.replace("v3:a", ""), "at /data/payload/call_control_id"),
        (Form::Telnyx, ENDED.replace("v-1", &"x".repeat(257)), "the call's identifier"),
        (Form::Telnyx, "{".to_owned(), "not JSON"),
    ] {
        let error = form.notice(payload.as_bytes()).expect_err(&payload).to_string();
        assert!(error.contains(words), "{payload}: {error}");
    }
}

#[test]
fn the_richest_event_stands_for_the_call() {
    let event = |name: &str, summary: &str, said: &str| {
        json!({ "event": name, "call": { "call_id": "c", "call_analysis": { "call_summary": summary },
            "transcript_object": if said.is_empty() { json!([]) } else { json!([{ "role": "user", "content": said }]) } } })
        .to_string()
    };
    let ended = event("call_ended", "", "a").replace(r#"{"call_summary":""}"#, "null");
    let again = ended.replace(r#""a""#, r#""b""#);
    let analyzed = event("call_analyzed", "s", "a");
    let deleted = event("call_analyzed", "s", "");
    let started = ended.replace("call_ended", "call_started");
    let of_another = ended.replace(r#""c""#, r#""d""#);
    for (events, gathered, expected) in [
        (&[&ended, &analyzed][..], None, Ok(&analyzed)),
        (&[&analyzed, &ended], None, Ok(&analyzed)),
        (&[&ended, &again], None, Ok(&again)),
        (&[&started, &ended], None, Ok(&ended)),
        (&[&ended, &deleted], None, Ok(&ended)),
        (&[&ended], Some(&again), Ok(&again)),
        (&[&analyzed], Some(&ended), Ok(&analyzed)),
        (&[], Some(&ended), Ok(&ended)),
        (&[&started], None, Err("`call_started`")),
        (&[], None, Err("nothing tells of the call")),
        (&[&ended, &of_another], None, Err("two calls, `c` and `d`")),
    ] {
        let bytes: Vec<&[u8]> = events.iter().map(|event| event.as_bytes()).collect();
        match (Form::Retell.together(&bytes, gathered.map(String::as_bytes)), expected) {
            (Ok(payload), Ok(expected)) => assert_eq!(String::from_utf8(payload).as_ref(), Ok(expected)),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{error}"),
            (got, expected) => panic!("{got:?} instead of {expected:?}"),
        }
    }
}

fn telnyx(events: &[&str], gathered: Option<&str>) -> Result<Value, Error> {
    let events: Vec<&[u8]> = events.iter().map(|event| event.as_bytes()).collect();
    let payload = Form::Telnyx.together(&events, gathered.map(str::as_bytes))?;
    Ok(serde_json::from_slice(&payload).expect("JSON"))
}

#[test]
fn telnyxs_events_and_record_become_one() {
    let (ended, insights, record) = (Some("call.conversation.ended"), "All well.", "So so.");
    for (events, gathered, from, direction, summary, moods) in [
        (&[ENDED][..], None, "+15550100", None, None, None),
        (&[ENDED, INSIGHTS], None, "+15550100", None, Some(insights), Some("good")),
        (&[GROUP, INSIGHTS, ENDED], None, "+15550100", None, Some(insights), Some("good")),
        (&[INSIGHTS, GROUP], Some(RECORD), "+15550100", None, Some(insights), Some("better")),
        (&[ENDED], Some(RECORD), "+15550100", Some("outbound"), Some(record), None),
        (&[INSIGHTS], Some(RECORD), "+15550200", None, Some(insights), Some("good")),
        (&[], Some(RECORD), "+15550200", None, Some(record), None),
    ] {
        let kept = telnyx(events, gathered).expect("they tell of one call");
        let event = kept.pointer("/event/data").unwrap_or(&kept["event"]);
        assert_eq!((event["event_type"].as_str(), event["payload"]["from"].as_str()), (ended, Some(from)), "{kept}");
        assert_eq!(kept["direction"].as_str(), direction, "{kept}");
        match Form::Telnyx.parse(kept.to_string().as_bytes()) {
            Ok(parsed) => {
                let call = parsed.conversation;
                assert_eq!((call.id.as_str(), parsed.assistant.as_deref()), ("v-1", Some("assistant-1")), "{kept}");
                assert_eq!((call.summary.as_deref(), call.items.len()), (summary, 1), "{kept}");
                let variables = call.variables.map_or(Value::Null, |json| json.value());
                assert_eq!(variables.pointer("/j/mood").and_then(Value::as_str), moods, "{kept}");
                assert_eq!(
                    call.ended_at.zip(call.started_at).map(|(end, start)| end.ms_since(start) / 1000),
                    if events.contains(&ENDED) { Some(30) } else { Some(29) }
                );
            }
            Err(error) => assert!(gathered.is_none() && error.to_string().contains("at /messages"), "{kept}: {error}"),
        }
    }
}

#[test]
fn what_of_telnyx_is_not_of_one_call_is_not_put_together() {
    let other = ENDED.replace("v-1", "v-2");
    let hangup = ENDED.replace("conversation.ended", "hangup");
    for (events, gathered, words) in [
        (&[ENDED, &other][..], None, "two calls, `v-1` and `v-2`"),
        (&[&other], Some(RECORD), "two calls, `v-1` and `v-2`"),
        (&[INSIGHTS], None, "at /conversation/id: nothing names the call's conversation"),
        (&[&hangup], None, "`call.hangup`"),
        (&[], None, "nothing tells of the call"),
        (&[], Some("{}"), "at /conversation/id"),
        (&[ENDED], Some("{"), "not JSON"),
    ] {
        let error = telnyx(events, gathered).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(telnyx(&[&hangup, ENDED], None).is_ok());
}

#[test]
fn a_record_that_was_kept_is_put_together_again() {
    let kept = telnyx(&[ENDED, INSIGHTS], Some(RECORD)).expect("one call").to_string();
    let again = telnyx(&[&kept, GROUP], None).expect("one call");
    assert_eq!(again["messages"], json!([{ "role": "assistant", "text": "Hello." }]));
    assert_eq!(again["insights"].as_array().map(Vec::len), Some(3));
}
