//! The calls that ended in a span, found in a platform's list by answers after its schemas.

use aftercall_core::time::Timestamp;
use aftercall_intake::{Ask, Error, Form, Listed, Span};
use serde_json::{Value, json};

/// 2026-03-04T14:00:00Z.
const SINCE: u64 = 1_772_632_800_000;
const HOUR: u64 = 60 * 60 * 1000;

/// What was asked, and the calls that were found.
fn listed(form: Form, answers: &[Value]) -> (Vec<Ask>, Result<Vec<Listed>, Error>) {
    let span = Span { since: Timestamp::from_millis(SINCE), until: Timestamp::from_millis(SINCE + HOUR) };
    let mut listing = form.list(span).expect("it has an API");
    let (mut asked, mut found, mut answers) = (Vec::new(), Vec::new(), answers.iter());
    while let Some(ask) = listing.next() {
        let answer = answers.next().unwrap_or_else(|| panic!("no answer for {ask:?}"));
        asked.push(ask);
        match listing.answered(answer.to_string().as_bytes()) {
            Ok(calls) => found.extend(calls),
            Err(error) => return (asked, Err(error)),
        }
    }
    assert_eq!(answers.next(), None, "{asked:?}: an answer that nobody asked for");
    (asked, Ok(found))
}

fn check(form: Form, answers: &[Value], paths: &[&str], ids: &str) {
    let (asked, found) = listed(form, answers);
    let found: Vec<String> = found.expect(ids).into_iter().map(|call| call.conversation).collect();
    assert_eq!(asked.iter().map(|ask| ask.path.as_str()).collect::<Vec<_>>(), paths);
    assert_eq!(found.join(" "), ids);
}

fn check_refused(form: Form, answers: &[Value], words: &str) {
    let error = listed(form, answers).1.expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn retells_calls_are_found() {
    let call = |id: &str, status: &str, minutes: u64| json!({ "call_id": id, "call_status": status, "end_timestamp": SINCE + minutes * 60_000 });
    let page = |calls: &[Value], key: Option<&str>| json!({ "items": calls, "has_more": key.is_some(), "pagination_key": key });
    let pages = [
        page(
            &[call("a", "ended", 1), json!({ "call_id": "b", "call_status": "ongoing" }), call("c", "error", 60)],
            Some("k1"),
        ),
        page(&[call("a", "ended", 1), call("d", "not_connected", 2), json!({ "call_status": "ended" })], None),
    ];
    check(Form::Retell, &pages, &["/v3/list-calls"; 2], "a d");
    let (asked, _) = listed(Form::Retell, &pages);
    let bodies: Vec<Value> = asked.iter().map(|ask| ask.body.as_ref().expect("a body").value()).collect();
    let bounds = json!({ "type": "range", "op": "bt", "value": [SINCE, SINCE + HOUR] });
    assert_eq!((asked[0].method.as_str(), &bodies[0]["filter_criteria"]["end_timestamp"]), ("POST", &bounds));
    assert_eq!((&bodies[0]["pagination_key"], &bodies[1]["pagination_key"]), (&Value::Null, &json!("k1")));
    check(Form::Retell, &[page(&[], None)], &["/v3/list-calls"], "");
    check(Form::Retell, &[json!({ "has_more": false })], &["/v3/list-calls"], "");
    let endless = page(&[call("a", "ended", 1)], Some("k1"));
    check_refused(Form::Retell, &[endless.clone(), endless], "the list never ends: after `k1` comes `k1` again");
    check_refused(Form::Retell, &[page(&[], Some("k1")), page(&[], Some("k2")), page(&[], Some("k1"))], "never ends");
    check_refused(Form::Retell, &[json!({ "items": [], "has_more": true })], "nothing says where");
    check_refused(
        Form::Retell,
        &[json!({ "status": "error", "message": "Invalid API key" })],
        "calls: Invalid API key",
    );
    let pages: Vec<Value> =
        (0..500).map(|page| json!({ "has_more": true, "pagination_key": page.to_string() })).collect();
    check_refused(Form::Retell, &pages, "more than 500 pages: ask for a shorter span");
}

#[test]
fn elevenlabs_conversations_are_found() {
    const PATH: &str =
        "/v1/convai/conversations?call_start_after_unix=1772618399&call_start_before_unix=1772636400&page_size=100";
    let call = |id: &str, status: &str, begun_minutes: i64, seconds: u32| {
        let begun = i64::try_from(SINCE / 1000).expect("a time") + begun_minutes * 60;
        json!({ "conversation_id": id, "status": status, "start_time_unix_secs": begun, "call_duration_secs": seconds })
    };
    let calls = [
        call("a", "done", -1, 90),
        call("b", "processing", 1, 9),
        call("c", "done", -9, 60),
        call("d", "failed", 2, 0),
    ];
    let pages = [
        json!({ "conversations": calls, "has_more": true, "next_cursor": "k/1" }),
        json!({ "conversations": [call("e", "done", 59, 90), call("f", "done", 5, 5)], "has_more": false, "next_cursor": "k2" }),
    ];
    check(Form::ElevenLabs, &pages, &[PATH, &format!("{PATH}&cursor=k%2F1")], "a d f");
    check(Form::ElevenLabs, &[json!({ "conversations": [], "has_more": false })], &[PATH], "");
    let endless = pages[0].clone();
    check_refused(Form::ElevenLabs, &[endless.clone(), endless], "the list never ends");
    check_refused(
        Form::ElevenLabs,
        &[json!({ "detail": { "message": "bad key" } })],
        "elevenlabs didn't give the conversations: bad key",
    );
}

#[test]
fn blands_calls_are_found() {
    let path = |from: u32| format!("/v1/calls?from={from}&limit=200&sort_by=created_at&ascending=false");
    let at = |minutes: i64| {
        let began: jiff::Timestamp = "2026-03-04T14:00:00Z".parse().expect("a time");
        (began + jiff::SignedDuration::from_mins(minutes)).to_string()
    };
    let call = |id: &str, made_minutes: i64| json!({ "call_id": id, "created_at": at(made_minutes), "call_length": 1.5, "completed": true, "queue_status": "complete" });
    let none = json!({ "count": 0, "calls": [] });
    let under_way = json!({ "call_id": "u", "created_at": at(50), "completed": false, "queue_status": "started" });
    check(
        Form::Bland,
        &[
            json!({ "count": 4, "calls": [under_way, call("a", 59), call("b", 30), call("c", -1), call("d", -2)] }),
            none.clone(),
        ],
        &[&path(0), &path(5)],
        "b c",
    );
    let many = |minutes: i64| json!({ "calls": vec![call(&format!("m{minutes}"), minutes); 200] });
    check(Form::Bland, &[many(9), many(8), many(-300)], &[&path(0), &path(200), &path(400)], "m9 m8");
    check(Form::Bland, &[none], &[&path(0)], "");
    check_refused(
        Form::Bland,
        &[json!({ "status": "error", "message": "Unauthorized" })],
        "bland didn't give the calls: Unauthorized",
    );
    check_refused(Form::Bland, &vec![many(9); 500], "more than 500 pages");
}

#[test]
fn vapis_calls_are_found_with_all_that_was_said() {
    const PATH: &str = "/call?updatedAtGe=2026-03-04T14%3A00%3A00Z&limit=25";
    let call = |id: &str, status: &str, minute: u32| {
        json!({ "id": id, "status": status, "createdAt": format!("2026-03-04T14:{minute:02}:00.000Z"),
            "endedAt": (status == "ended").then(|| format!("2026-03-04T14:{minute:02}:30.000Z")),
            "artifact": { "messages": [{ "role": "user", "message": "Hi." }] } })
    };
    let mut named = call("n", "ended", 7);
    named["assistantId"] = json!("a1");
    let first = json!([call("a", "ended", 9), call("b", "in-progress", 8), named]);
    check(Form::Vapi, std::slice::from_ref(&first), &[PATH], "a n");
    let found = listed(Form::Vapi, &[first]).1.expect("calls");
    let parsed = Form::Vapi.parse(found[0].payload.as_deref().expect("a payload")).expect("it is read");
    assert_eq!((parsed.conversation.id.as_str(), parsed.conversation.items.len()), ("a", 1));
    assert_eq!(found[1].payload, None, "its assistant is only named");

    let full: Vec<Value> = (0..25).map(|place| call(&format!("c{place}"), "ended", 40 - place)).collect();
    let last = json!([full[24], call("d", "ended", 2)]);
    let more = format!("{PATH}&createdAtLe=2026-03-04T14%3A16%3A00.000Z");
    let ids: Vec<String> = (0..25).map(|place| format!("c{place}")).collect();
    check(Form::Vapi, &[json!(full), last], &[PATH, &more], &format!("{} d", ids.join(" ")));
    check(Form::Vapi, &[json!([])], &[PATH], "");
    let tied = json!(vec![full[0].clone(); 25]);
    check_refused(Form::Vapi, &[tied.clone(), tied], "more than 25 calls stand at `2026-03-04T14:40:00.000Z`");
    let oldest_first: Vec<Value> = full.into_iter().rev().collect();
    check_refused(Form::Vapi, &[json!(oldest_first)], "don't stand newest first");
    check_refused(
        Form::Vapi,
        &[json!({ "message": "Invalid Key", "statusCode": 401 })],
        "vapi didn't give the calls: Invalid Key",
    );
}

#[test]
fn telnyxs_conversations_of_which_nothing_is_heard_any_more_are_found() {
    let path = |since: &str| {
        format!("/v2/ai/conversations?last_message_at=gte.{since}&order=last_message_at.asc&limit=50")
            .replace(':', "%3A")
    };
    let conversation = |id: &str, channel: &str, time: &str| {
        json!({ "id": id, "created_at": "2026-03-04T13:50:00Z", "last_message_at": format!("2026-03-04T{time}Z"),
            "metadata": { "telnyx_conversation_channel": channel } })
    };
    let unnamed =
        json!({ "id": "u", "last_message_at": "2026-03-04T14:20:00Z", "metadata": { "call_control_id": "v3:u" } });
    let (a, b) = (conversation("a", "phone_call", "13:56:00"), conversation("b", "sms_chat", "14:10:00"));
    let c = conversation("c", "web_call", "14:30:00");
    let first = path("2026-03-04T13:55:00Z");
    let pages = [json!({ "data": [a, b, unnamed, c] }), json!({ "data": [c] })];
    check(Form::Telnyx, &pages, &[&first, &path("2026-03-04T14:30:00Z")], "a u c");
    let recent = conversation("r", "phone_call", "14:57:00");
    check(Form::Telnyx, &[json!({ "data": [a, recent] })], &[&first], "a");
    check(Form::Telnyx, &[json!({ "data": [] })], &[&first], "");
    let tied = json!({ "data": vec![a.clone(); 50] });
    check_refused(Form::Telnyx, &[tied.clone(), tied], "the list never ends: more than 50 calls stand at");
    check_refused(Form::Telnyx, &[json!({ "data": [c, a] })], "don't stand by their last messages");
    let refused = json!({ "errors": [{ "code": "10009", "title": "Authentication failed" }] });
    check_refused(Form::Telnyx, &[refused], "telnyx didn't give the conversations: Authentication failed");
    let found = listed(Form::Telnyx, &pages).1.expect("calls");
    assert!(found.iter().all(|call| call.payload.is_none()));
    assert_eq!(found[0].ended_at, Some(Timestamp::from_millis(SINCE - 4 * 60_000)));
}

#[test]
fn platforms_without_an_api_have_no_list() {
    let span = Span { since: Timestamp::from_millis(0), until: Timestamp::from_millis(1) };
    assert!(Form::Native.list(span).is_none());
    for form in Form::ALL.into_iter().filter(|form| *form != Form::Native) {
        let api = form.api().expect("an API");
        assert!(api.base_url.starts_with("https://") && !api.base_url.ends_with('/'), "{form:?}");
        assert!(form.list(span).and_then(|listing| listing.next()).expect("a request").path.starts_with('/'));
    }
}
