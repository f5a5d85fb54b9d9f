//! What a model sees of the tools, and what is refused before anything is sent, whoever keeps the tickets.

use aftercall::testing::{Fake, Reply};
use aftercall::{Effect, FailureKind, Plugin as _, Tool};
use aftercall_plugin_ticket::tools::Plugin;
use serde_json::{Value, json};

fn zendesk() -> Value {
    json!({ "subdomain": "northwind" })
}

fn jira() -> Value {
    json!({ "vendor": "jira", "site": "northwind", "project": "SUP" })
}

fn tool(name: &str) -> Tool {
    Plugin::list_tools("{}").unwrap().into_iter().find(|tool| tool.name == name).unwrap()
}

#[test]
fn each_tool_says_what_it_does_to_the_world() {
    fn check(name: &str, effect: Effect, identity: &[&str], reconcilable: bool) {
        let tool = tool(name);
        assert_eq!((tool.effect, tool.reconcilable), (effect, reconcilable), "{name}");
        assert_eq!(tool.identity, identity, "{name}");
        assert!(!tool.input_schema.contains("$ref"), "{}", tool.input_schema);
        assert!(!tool.description.to_lowercase().contains("zendesk"), "{}", tool.description);
    }
    assert_eq!(Plugin::list_tools("{}").unwrap().len(), 4);
    check("create_ticket", Effect::Once, &["requester_phone"], true);
    check("comment_on_ticket", Effect::Once, &["ticket_id"], true);
    check("set_ticket_priority", Effect::Idempotent, &["ticket_id"], true);
    check("find_tickets", Effect::Read, &[], false);
}

#[test]
fn schemas_say_what_fits() {
    fn check(name: &str, place: &str, expected: Value) {
        let schema: Value = serde_json::from_str(&tool(name).input_schema).unwrap();
        assert_eq!(schema.pointer(place), Some(&expected), "{name} {place}");
    }
    check("comment_on_ticket", "/required", json!(["ticket_id", "comment"]));
    check("comment_on_ticket", "/properties/comment/maxLength", json!(10000));
    let id = r"^([1-9][0-9]{0,18}|[A-Z][A-Z0-9_]{1,254}-[1-9][0-9]{0,18})$";
    check("comment_on_ticket", "/properties/ticket_id/pattern", json!(id));
    check("set_ticket_priority", "/properties/ticket_id/pattern", json!(id));
    check("set_ticket_priority", "/properties/priority/enum", json!(["low", "normal", "high", "urgent"]));
    check("set_ticket_priority", "/required", json!(["ticket_id", "priority"]));
    check("find_tickets", "/properties/email/format", json!("email"));
    check("find_tickets", "/properties/subject_words/maxLength", json!(100));
    let output: Value = serde_json::from_str(tool("find_tickets").output_schema.as_deref().unwrap()).unwrap();
    let ticket = json!(["ticket_id", "subject", "status", "created_at", "url"]);
    assert_eq!(output["properties"]["tickets"]["items"]["required"], ticket);
}

#[test]
fn bad_arguments_send_nothing() {
    fn check(settings: Value, name: &str, arguments: Value, words: &str) {
        let failure = Fake::new().settings(settings).call::<Plugin>(name, arguments.clone()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidArguments, "{arguments}");
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    for id in ["SUP-12", "035", "+35", "", "0", "35/../36", "99999999999999999999", "update_many"] {
        let comment = json!({ "ticket_id": id, "comment": "x" });
        check(zendesk(), "comment_on_ticket", comment, "a number such as 35436");
        let priority = json!({ "ticket_id": id, "priority": "low" });
        check(zendesk(), "set_ticket_priority", priority, "find_tickets");
    }
    for id in ["35436", "sup-12", "HR-12", "SUP-", "SUP-012", "SUP-1/2", "SUPER-12", "SUP12", ""] {
        check(jira(), "comment_on_ticket", json!({ "ticket_id": id, "comment": "x" }), "a key such as SUP-12");
        check(jira(), "set_ticket_priority", json!({ "ticket_id": id, "priority": "low" }), "find_tickets");
    }
    for (settings, id) in [(zendesk(), "35436"), (jira(), "SUP-12")] {
        check(
            settings.clone(),
            "comment_on_ticket",
            json!({ "ticket_id": id, "comment": " \n" }),
            "`comment`: the text",
        );
        check(settings.clone(), "set_ticket_priority", json!({ "ticket_id": id, "priority": "asap" }), "asap");
        let priority = json!({ "ticket_id": id, "phone": "415 555 0123", "priority": "low" });
        check(settings.clone(), "set_ticket_priority", priority, "E.164");
        check(settings.clone(), "find_tickets", json!({}), "such as +14155550123");
        check(settings.clone(), "find_tickets", json!({ "phone": "415 555 0123" }), "E.164");
        check(settings.clone(), "find_tickets", json!({ "email": "ana" }), "email address");
        check(settings, "find_tickets", json!({ "subject_words": " \"*\" " }), "there is no word in it");
    }
    check(zendesk(), "find_tickets", json!({ "email": "*@example.com" }), "one plain address");
}

#[test]
fn settings_that_do_not_fit_are_told() {
    fn check(settings: Value, words: &str) {
        let arguments = json!({ "subject_words": "alarm" });
        let failure = Fake::new().settings(settings).call::<Plugin>("find_tickets", arguments).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Misconfigured);
        assert!(failure.message.contains(words), "{}", failure.message);
    }
    check(json!({ "vendor": "github" }), "github");
    check(json!({ "vendor": "jira", "subdomain": "northwind" }), "site");
    check(json!({ "vendor": "zendesk", "site": "northwind" }), "subdomain");
}

/// What the manifest answers in the vendor's place to this request.
fn canned(rule: &str) -> Reply {
    let (_, asked) = include_str!("../../plugin.toml").split_once(&format!("rule = \"{rule}\"")).unwrap();
    let (status, body) = asked.split_once("rehearsal = { status = ").unwrap().1.split_at(3);
    let body = body.lines().next().unwrap().split('\'').nth(1).unwrap_or_default();
    Reply::text(status.parse().unwrap(), body)
}

/// In a rehearsal too, a ticket that was made can be commented on and prioritised.
#[test]
fn a_rehearsed_ticket_is_taken_by_the_other_tools() {
    fn check(settings: &Value, replies: Vec<(&str, Reply)>, change: impl Fn(&str) -> [(String, Reply); 2], id: &str) {
        let fake = Fake::new().settings(settings.clone()).dry_run();
        let fake = replies.into_iter().fold(fake, |fake, (line, reply)| fake.expect(line, reply));
        let arguments = json!({
            "subject": "Cold store 2 at 9 °C", "description": "Warming.", "priority": "urgent", "mood": "calm",
            "type": "incident", "requester_phone": "+14155550123",
        });
        let outcome = fake.call::<Plugin>("create_ticket", arguments).unwrap();
        assert_eq!(outcome.receipts[0].id, id);
        let fake = change(id).into_iter().fold(fake, |fake, (line, reply)| fake.expect(&line, reply));
        let whose = |name: &str, value: &str| json!({ "ticket_id": id, "phone": "+14155550123", name: value });
        fake.call::<Plugin>("comment_on_ticket", whose("comment", "x")).unwrap();
        fake.call::<Plugin>("set_ticket_priority", whose("priority", "low")).unwrap();
    }
    let api = "https://northwind.zendesk.com/api/v2";
    let any = "https://*.zendesk.com/api/v2";
    let put = format!("PUT {any}/tickets/*");
    check(
        &zendesk(),
        vec![
            (&format!("GET {api}/users/search.json"), Reply::json(200, json!({ "users": [] }))),
            (
                &format!("POST {api}/users/create_or_update.json"),
                canned(&format!("POST {any}/users/create_or_update.json")),
            ),
            (&format!("POST {api}/tickets.json"), canned(&format!("POST {any}/tickets.json"))),
        ],
        |id| [0, 1].map(|_| (format!("PUT {api}/tickets/{id}.json"), canned(&put))),
        "9000000000000000",
    );
    let api = "https://northwind.atlassian.net/rest/api/3/issue";
    let any = "https://*.atlassian.net/rest/api/3/issue";
    check(
        &jira(),
        vec![(&format!("POST {api}"), canned(&format!("POST {any}")))],
        |id| {
            [
                (format!("POST {api}/{id}/comment"), canned(&format!("POST {any}/*/comment"))),
                (format!("PUT {api}/{id}"), canned(&format!("PUT {any}/*"))),
            ]
        },
        "SUP-9000000000000000",
    );
}
