//! One call's record, gathered from a platform's API by answers after its schemas.

use aftercall_intake::{Error, Form, Gathering, Parsed};
use serde_json::{Value, json};

/// What was asked, and the record, or why there is none.
fn gathered(form: Form, id: &str, answers: &[&str]) -> (Vec<String>, Result<Vec<u8>, Error>) {
    let mut gathering: Gathering = form.gather(id).expect("it has an API");
    let (mut asked, mut answers) = (Vec::new(), answers.iter());
    while let Some(ask) = gathering.next() {
        assert_eq!((ask.method.as_str(), &ask.body), ("GET", &None));
        asked.push(ask.path);
        let answer = answers.next().expect("an answer for each request");
        if let Err(error) = gathering.answered(answer.as_bytes()) {
            return (asked, Err(error));
        }
    }
    assert_eq!(answers.next(), None, "{asked:?}: an answer that nobody asked for");
    (asked, Ok(gathering.finish()))
}

fn parsed(form: Form, id: &str, answers: &[&str]) -> (Vec<String>, Parsed) {
    let (asked, record) = gathered(form, id, answers);
    let payload = form.together(&[], Some(&record.expect("a record"))).expect("it alone makes a payload");
    (asked, form.parse(&payload).expect("it is read"))
}

fn webhook(file: &str) -> Value {
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file);
    serde_json::from_slice(&std::fs::read(data).expect("a file")).expect("JSON")
}

/// The same call, told by the webhook and by the API.
fn check(form: Form, webhook: &Value, id: &str, answers: &[Value], paths: &[&str]) {
    let answers: Vec<String> = answers.iter().map(Value::to_string).collect();
    let (asked, parsed) = parsed(form, id, &answers.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(asked, paths);
    assert_eq!(parsed, form.parse(webhook.to_string().as_bytes()).expect("a webhook"), "{id}");
}

#[test]
fn a_call_gathered_from_an_api_is_the_webhooks_call() {
    let told = webhook("retell/booking.json");
    let id = "call_7b1f0c2e9d5a4486b1c3";
    check(Form::Retell, &told, id, &[told["call"].clone()], &["/v2/get-call/call_7b1f0c2e9d5a4486b1c3"]);
    let told = webhook("retell/unanswered.json");
    check(Form::Retell, &told, "call_none_01", &[told["body"]["call"].clone()], &["/v2/get-call/call_none_01"]);
    let told = webhook("elevenlabs/voicemail.json");
    check(Form::ElevenLabs, &told, "conv_vm", &[told["data"].clone()], &["/v1/convai/conversations/conv_vm"]);
    let told = webhook("bland/booking.json");
    let id = "5b0e7d2a-4c11-4f0e-9d55-0c6f3f2ab901";
    check(Form::Bland, &told, id, std::slice::from_ref(&told), &["/v1/calls/5b0e7d2a-4c11-4f0e-9d55-0c6f3f2ab901"]);
}

/// As Vapi's call object has it: what stands beside the call in a report stands in the call, but for what it only names.
fn vapi_call(report: &Value) -> Value {
    let mut call = report["call"].clone();
    for key in ["artifact", "analysis", "customer", "startedAt", "endedAt", "endedReason"] {
        call[key] = report[key].clone();
    }
    call["status"] = json!("ended");
    call["phoneNumberId"] = json!("pn1");
    call
}

#[test]
fn what_vapis_call_only_names_is_asked_for_too() {
    let told = webhook("vapi/sales.json");
    let report = &told["message"];
    let id = report["call"]["id"].as_str().expect("an identifier");
    let assistant_id = report["call"]["assistantId"].as_str().expect("an identifier");
    let mut assistant = report["assistant"].clone();
    assistant["id"] = json!(assistant_id);
    assistant["server"] = json!({ "secret": "keep-me-out" });
    assistant["model"]["tools"][0]["server"] = json!({ "secret": "keep-me-out" });
    let number = json!({ "id": "pn1", "number": "+15550109100", "twilioAuthToken": "keep-me-out" });
    let answers = [vapi_call(report), assistant.clone(), number];
    let paths = [format!("/call/{id}"), format!("/assistant/{assistant_id}"), "/phone-number/pn1".to_owned()];
    check(Form::Vapi, &told, id, &answers, &paths.each_ref().map(String::as_str));
    let texts = answers.map(|answer| answer.to_string());
    let (_, record) = gathered(Form::Vapi, id, &texts.each_ref().map(String::as_str));
    assert!(!String::from_utf8_lossy(&record.expect("a record")).contains("keep-me-out"));

    let gone = r#"{"message":"Couldn't Get Assistant","error":"Not Found","statusCode":404}"#;
    let (_, parsed) = parsed(Form::Vapi, id, &[&texts[0], gone, gone]);
    assert_eq!((parsed.conversation.items.len(), parsed.conversation.model.name), (11, None));

    let mut overridden = vapi_call(report);
    overridden["assistantOverrides"] = json!({ "model": { "provider": "openai", "model": "gpt-4.1-mini" } });
    let (_, parsed) = self::parsed(Form::Vapi, id, &[&overridden.to_string(), &texts[1], gone]);
    assert_eq!(parsed.conversation.model.name.as_deref(), Some("gpt-4.1-mini"));
}

#[test]
fn a_telnyx_call_is_gathered_in_several_requests() {
    let told = webhook("telnyx/clinic.json");
    let id = told["event"]["data"]["payload"]["conversation_id"].as_str().expect("an identifier");
    let messages = told["messages"].as_array().expect("messages");
    let conversation = json!({ "data": { "id": id, "created_at": "2026-03-04T14:00:00Z",
        "last_message_at": "2026-03-04T14:01:29Z", "metadata": { "assistant_id": "assistant-3a7e", "call_control_id": "v3:abc",
        "telnyx_end_user_target": "+15550102468", "telnyx_agent_target": "front@assistant-3a7e.sip.telnyx.com" } } });
    let page = |number: u32, messages: &[Value]| json!({ "data": messages, "meta": { "page_number": number, "total_pages": 2, "page_size": 100 } });
    let insights = json!({ "data": [{ "id": "x", "status": "completed", "created_at": "2026-03-04T14:02:00Z",
        "conversation_insights": [{ "insight_id": "i", "result": "A refill." }] }], "meta": {} });
    let answers = [conversation.clone(), page(1, &messages[..5]), page(2, &messages[5..]), insights];
    let answers = answers.map(|answer| answer.to_string());
    let answers = answers.each_ref().map(String::as_str);
    let (asked, alone) = parsed(Form::Telnyx, id, &answers);
    let path = format!("/v2/ai/conversations/{id}");
    let rest = [
        path.clone(),
        format!("{path}/messages?page%5Bnumber%5D=1&page%5Bsize%5D=100"),
        format!("{path}/messages?page%5Bnumber%5D=2&page%5Bsize%5D=100"),
        format!("{path}/conversations-insights"),
    ];
    assert_eq!(asked, rest);

    let by_webhook = Form::Telnyx.parse(told.to_string().as_bytes()).expect("a webhook");
    let (_, record) = gathered(Form::Telnyx, id, &answers);
    let event = told["event"].to_string();
    let both = Form::Telnyx.together(&[event.as_bytes()], Some(&record.expect("a record"))).expect("one call");
    let mut both = Form::Telnyx.parse(&both).expect("it is read");
    assert_eq!(both.conversation.summary.take().as_deref(), Some("A refill."));
    assert_eq!(both, by_webhook);
    assert_eq!((&alone.conversation.id, &alone.conversation.items), (&both.conversation.id, &both.conversation.items));
    assert_eq!((&alone.conversation.from, alone.assistant), (&both.conversation.from, both.assistant));

    let found = json!({ "data": [conversation["data"]] }).to_string();
    let (asked, by_call) = parsed(Form::Telnyx, "v3:abc", &[&found, answers[1], answers[2], answers[3]]);
    assert_eq!(asked[0], "/v2/ai/conversations?metadata-%3Ecall_control_id=eq.v3%3Aabc");
    assert_eq!((asked[1..].to_vec(), by_call.conversation), (rest[1..].to_vec(), alone.conversation));
}

#[test]
fn what_is_no_answer_is_told() {
    let conversation = r#"{"data":{"id":"c","metadata":{}}}"#;
    let (page, bare) = (r#"{"data":[{"role":"user","text":"a"}]}"#, r#"{"data":[]}"#);
    let retell = r#"{"call_id":"c","call_status":"ongoing"}"#;
    let refused = r#"{"status":"error","message":"Item not found"}"#;
    for (form, answers, words) in [
        (Form::Retell, &[refused][..], "retell didn't give the call: Item not found"),
        (Form::Retell, &[retell], "at /call_status: the call is under way (`ongoing`)"),
        (Form::Retell, &[r#"{"call_id":"d","call_status":"ended"}"#], "two calls, `c` and `d`"),
        (Form::Retell, &["<html>"], "not JSON"),
        (Form::ElevenLabs, &[r#"{"detail":{"status":"x","message":"No such conversation"}}"#], "No such conversation"),
        (Form::ElevenLabs, &[r#"{"conversation_id":"c","status":"processing"}"#], "under way (`processing`)"),
        (Form::Bland, &[r#"{"status":"error","errors":[{"message":"Call not found"}]}"#], "Call not found"),
        (Form::Bland, &[r#"{"call_id":"c","completed":false,"queue_status":"started"}"#], "under way (`started`)"),
        (Form::Vapi, &[r#"{"message":"Invalid Key","statusCode":401}"#], "vapi didn't give the call: Invalid Key"),
        (Form::Vapi, &[r#"{"id":"c","status":"in-progress"}"#], "under way (`in-progress`)"),
        (Form::Vapi, &[r#"{"id":"d","status":"ended"}"#], "two calls, `c` and `d`"),
        (
            Form::Telnyx,
            &[r#"{"errors":[{"code":"1","title":"Not found"}]}"#],
            "telnyx didn't give the conversation: Not found",
        ),
        (Form::Telnyx, &[r#"{"data":{"id":"d"}}"#], "two calls, `c` and `d`"),
        (Form::Telnyx, &[conversation, r#"{"errors":[{"detail":"slow down"}]}"#], "messages: slow down"),
        (Form::Telnyx, &[conversation, page, page], "the same page came twice"),
        (Form::Telnyx, &[conversation, bare, r#"{"errors":["no"]}"#], "didn't give the insights: no"),
    ] {
        let (_, record) = gathered(form, "c", answers);
        let error = record.expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    let (_, record) = gathered(Form::Telnyx, "v3:x", &[bare]);
    assert!(record.expect_err("no conversation").to_string().contains("no conversation of the call `v3:x` yet"));
    let (_, record) = gathered(Form::Telnyx, "c", &[conversation, page, bare, bare]);
    assert!(record.is_ok());
}

#[test]
fn after_an_error_the_same_is_asked_again() {
    let mut gathering = Form::Retell.gather("c").expect("an API");
    let first = gathering.next();
    assert!(gathering.answered(br#"{"call_id":"c","call_status":"ongoing"}"#).is_err());
    assert_eq!(gathering.next(), first);
    assert_eq!(gathering.clone().finish(), b"{}");
    gathering.answered(br#"{"call_id":"c","call_status":"ended","access_token":"eyJ0"}"#).expect("it is over");
    assert_eq!(gathering.next(), None);
    assert!(!String::from_utf8_lossy(&gathering.finish()).contains("eyJ0"));
    assert!(Form::Native.gather("c").is_none() && Form::Native.api().is_none());
}

#[test]
fn what_a_platform_does_not_have_is_done_without_where_the_call_is_told_all_the_same() {
    let call = r#"{"id":"c","status":"ended","assistantId":"a","phoneNumberId":"p"}"#;
    let conversation = r#"{"data":{"id":"c","metadata":{}}}"#;
    for (form, answers, withouts, is_whole) in [
        (Form::Retell, &[][..], &[false][..], false),
        (Form::Vapi, &[], &[false], false),
        (Form::Vapi, &[call], &[true, true], true),
        (Form::Telnyx, &[conversation], &[false], false),
        (Form::Telnyx, &[conversation, r#"{"data":[]}"#], &[true], true),
    ] {
        let mut gathering = form.gather("c").expect("an API");
        answers.iter().for_each(|answer| gathering.answered(answer.as_bytes()).expect("an answer"));
        for expected in withouts {
            let before = gathering.next();
            assert_eq!(gathering.without(), Ok(*expected), "{before:?}");
            assert_eq!(gathering.next() == before, !expected, "{before:?}");
        }
        assert_eq!(gathering.next().is_none(), is_whole, "{form:?} {answers:?}");
        assert_eq!(form.together(&[], Some(&gathering.finish())).is_ok(), is_whole, "{form:?} {answers:?}");
    }
}
