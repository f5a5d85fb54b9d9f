//! What is posted, and where.

use super::*;
use aftercall::FailureKind;

#[test]
fn a_message_goes_to_the_channel_of_the_settings() {
    fn check(tool: &str, arguments: Value, answer: &str, outcome: Outcome, place: Value) {
        let fake = fake().expect(POST, shown("chat.postMessage", answer));
        assert_eq!(fake.call::<Plugin>(tool, arguments.clone()), Ok(outcome));
        let sent = &fake.sent()[0];
        let mut expected = json!({
            "text": arguments["text"],
            "metadata": { "event_type": "aftercall_effect", "event_payload": { "key": KEY } },
            "mrkdwn": false,
            "parse": "none",
            "link_names": false,
            "unfurl_links": false,
            "unfurl_media": false,
        });
        expected.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        assert_eq!(sent.json(), expected);
        assert_eq!(sent.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(sent.header("authorization"), None, "the host fills it");
    }
    check("post_message", message(), "posted", posted(), json!({ "channel": CHANNEL }));
    check("reply_in_thread", reply(), "replied", replied(), json!({ "channel": CHANNEL, "thread_ts": MESSAGE }));
}

#[test]
fn what_was_said_is_no_markup() {
    fn check(said: &str, written: &str) {
        let fake = fake().expect(POST, shown("chat.postMessage", "posted"));
        fake.call::<Plugin>("post_message", json!({ "channel": "front-desk", "text": said })).unwrap();
        assert_eq!(fake.sent()[0].json()["text"], written);
    }
    check("<!channel> & <@U0123ABCDEF>", "&lt;!channel&gt; &amp; &lt;@U0123ABCDEF&gt;");
    check("<https://evil.example|our page>", "&lt;https://evil.example|our page&gt;");
    check("&lt;!here&gt;", "&amp;lt;!here&amp;gt;");
    check(" two\nlines, *not bold*\n", "two\nlines, *not bold*");
}

#[test]
fn a_reply_that_found_no_thread_is_told() {
    fn check(answer: Reply, expected: &Outcome) {
        let fake = fake().expect(POST, answer);
        assert_eq!(fake.call::<Plugin>("reply_in_thread", reply()).as_ref(), Ok(expected));
    }
    let text =
        "there is no thread 1772323261.000200 in front-desk: the message began a new one, thread 1772323262.000300";
    let landed = |message: Value| Reply::json(200, json!({ "ok": true, "ts": REPLY, "message": message }));
    check(landed(json!({ "ts": REPLY })), &outcome(text, REPLY, REPLY));
    // The thread that was named by one of its replies.
    let other = "1772323200.000100";
    let text = "the reply is posted in front-desk, thread 1772323200.000100";
    check(landed(json!({ "ts": REPLY, "thread_ts": other })), &outcome(text, REPLY, other));
    // The answer of a rehearsal.
    check(Reply::json(200, json!({ "ok": true, "ts": REPLY })), &replied());
}

#[test]
fn a_workspace_makes_links() {
    fn check(workspace: &str, tool: &str, arguments: Value, answer: &str, url: &str) {
        let mut settings = settings();
        settings["workspace"] = json!(workspace);
        let fake = fake().settings(settings).expect(POST, shown("chat.postMessage", answer));
        let outcome = fake.call::<Plugin>(tool, arguments).unwrap();
        assert_eq!(outcome.receipts[0].url.as_deref(), Some(url));
        assert!(outcome.text.ends_with(&format!(", at {url}")), "{}", outcome.text);
        let data: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
        assert_eq!(data, json!({ "channel": "front-desk", "thread": MESSAGE, "url": url }));
    }
    let url = "https://northwind.slack.com/archives/C0123ABCDEF/p1772323261000200";
    check("northwind", "post_message", message(), "posted", url);
    let url = "https://northwind.enterprise.slack.com/archives/C0123ABCDEF/p1772323262000300\
               ?thread_ts=1772323261.000200&cid=C0123ABCDEF";
    check("northwind.enterprise", "reply_in_thread", reply(), "replied", url);
}

#[test]
fn arguments_that_do_not_fit_send_nothing() {
    fn check(tool: &str, arguments: Value, words: &str) {
        let failure = fake().call::<Plugin>(tool, arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    let post = |channel: &str, text: &str| json!({ "channel": channel, "text": text });
    let unknown = "there is no `channel` \"general\"; there are: front-desk, ops";
    check("post_message", post("general", "Hello"), unknown);
    check("post_message", post(CHANNEL, "Hello"), "there are: front-desk, ops");
    check("post_message", post("#ops", "Hello"), "there are: front-desk, ops");
    check("post_message", post("ops", " \n"), "`text`: the text");
    check("post_message", post("ops", &"x".repeat(4001)), "it is 4001 characters");
    check("post_message", post("ops", &"&".repeat(801)), "it is 4005 characters, where & counts as 5");
    check("post_message", json!({ "channel": "ops", "text": "Hello", "username": "CEO" }), "username");
    check("post_message", json!({ "channel": "ops" }), "text");

    let reply = |thread: &str| json!({ "channel": "ops", "thread": thread, "text": "Hello" });
    let words = "is no thread: give the one that post_message returned, such as 1503435956.000247";
    for thread in
        ["", "latest", "p1772323261000200", "1772323261", "1772323261.0002", "177232326.0000200", " 1772323261.000200"]
    {
        check("reply_in_thread", reply(thread), words);
    }
    check(
        "reply_in_thread",
        json!({ "channel": "x", "thread": MESSAGE, "text": "Hello" }),
        "there are: front-desk, ops",
    );
}

#[test]
fn a_text_may_be_as_long_as_the_limit() {
    fn check(text: &str) {
        let fake = fake().expect(POST, shown("chat.postMessage", "posted"));
        let arguments = json!({ "channel": "front-desk", "text": text });
        assert_eq!(fake.call::<Plugin>("post_message", arguments), Ok(posted()));
    }
    check(&"ü".repeat(4000));
    check(&"&".repeat(800));
}

/// In a rehearsal too, the thread of a message that was posted takes a reply.
#[test]
fn a_rehearsed_thread_takes_a_reply() {
    let canned = || {
        let (_, asked) = include_str!("../../plugin.toml").split_once(&format!("rule = \"{POST}\"")).unwrap();
        Reply::text(200, asked.split_once("body = '").unwrap().1.split('\'').next().unwrap())
    };
    let fake = fake().dry_run().expect(POST, canned()).expect(POST, canned());
    let outcome = fake.call::<Plugin>("post_message", message()).unwrap();
    let posted: Value = serde_json::from_str(outcome.data.as_deref().unwrap()).unwrap();
    let arguments = json!({ "channel": posted["channel"], "thread": posted["thread"], "text": "At nine" });
    let outcome = fake.call::<Plugin>("reply_in_thread", arguments).unwrap();
    assert_eq!(outcome.text, "the reply is posted in front-desk, thread 0000000000.000000");
}
