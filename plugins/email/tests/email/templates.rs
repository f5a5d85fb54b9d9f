//! Templates: what there is of them, and what is filled in.

use aftercall::{FailureKind, Outcome, Receipt};
use aftercall_plugin_email::tools::Plugin;
use serde_json::{Value, json};

use super::{GLOBAL, KEY, SEND, WELCOME, accepted, check_failure, fake, not_in_global_list, variables, with};

fn arguments(variables: Value) -> Value {
    json!({ "to": "ann@example.com", "template": "welcome", "variables": variables })
}

#[test]
fn templates_and_followups_are_told_without_a_request() {
    let outcome = fake().call::<Plugin>("list_templates", json!({})).unwrap();
    assert_eq!(outcome.text, "the templates are: map, reminder, welcome; the follow-ups: trial");
    let data: Value = serde_json::from_str(&outcome.data.unwrap()).unwrap();
    let first_name = json!({ "name": "first_name", "meaning": "The first name." });
    let both = json!([first_name, { "name": "vans", "meaning": "How many vans they have." }]);
    let expected = json!({
        "templates": [
            { "name": "map", "for": "They come by.", "variables": [] },
            { "name": "reminder", "for": "They wanted to think about it.", "variables": both },
            { "name": "welcome", "for": "They are new.", "variables": [first_name] },
        ],
        "followups": [
            { "name": "trial", "for": "They want to try it.", "variables": both, "after_hours": [2, 48] },
        ],
    });
    assert_eq!(data, expected);
    let none = with(json!({ "templates": null, "followups": null })).call::<Plugin>("list_templates", json!({}));
    assert_eq!(none.unwrap().text, "the templates are: none; the follow-ups: none");
}

#[test]
fn a_template_is_filled_and_sent() {
    let said = "O'Lee <b>{{x}}</b> & sons";
    let fake = fake().expect(GLOBAL, not_in_global_list()).expect(SEND, accepted("M-1"));
    let outcome = fake.call::<Plugin>("send_template", arguments(variables(&[("first_name", said)])));
    let text = "SendGrid has the email to ann@example.com and sends it (message M-1)";
    assert_eq!(outcome, Ok(Outcome::new(text).with_receipt(Receipt::new("email", "M-1"))));
    let expected = json!({
        "personalizations": [{
            "to": [{ "email": "ann@example.com" }],
            "custom_args": { "aftercall_key": KEY },
            "dynamic_template_data": { "first_name": said },
        }],
        "from": { "email": "office@meridian.example", "name": "Meridian" },
        "reply_to": { "email": "sales@meridian.example" },
        "subject": "Welcome",
        "content": [{ "type": "text/plain", "value": " " }, { "type": "text/html", "value": " " }],
        "template_id": WELCOME,
    });
    assert_eq!(fake.sent()[1].json(), expected);
}

#[test]
fn a_template_without_variables_needs_none() {
    let fake = fake().expect(GLOBAL, not_in_global_list()).expect(SEND, accepted("M-1"));
    fake.call::<Plugin>("send_template", json!({ "to": "ann@example.com", "template": "map" })).unwrap();
    assert_eq!(fake.sent()[1].json()["personalizations"][0]["dynamic_template_data"], json!({}));
}

#[test]
fn what_doesnt_fit_a_template_is_refused_in_words() {
    let check = |arguments: Value, words: &str| {
        check_failure(&fake(), "send_template", arguments, FailureKind::InvalidArguments, words);
    };
    check(json!({ "to": "ann@example.com", "template": "bye" }), "\"bye\"; there are: map, reminder, welcome");
    check(
        json!({ "to": "ann@example.com", "template": "welcome" }),
        "\"first_name\" is missing; give it: The first name.",
    );
    let given = |values: &[(&str, &str)]| arguments(variables(values));
    check(given(&[("first_name", "Ann"), ("name", "Ann")]), "there is no \"name\"; there are: first_name");
    check(given(&[("First_name", "Ann")]), "there is no \"First_name\"; there are: first_name");
    check(given(&[("first_name", "Ann"), ("first_name", "Anne")]), "\"first_name\" is there twice; give it once");
    check(given(&[("first_name", " ")]), "\"first_name\" is empty; give it: The first name.");
    check(given(&[("first_name", "Ann\nLee")]), "write it in one line");
    check(given(&[("first_name", "x".repeat(1_001).as_str())]), "1000 characters at most");
    check(arguments(json!([{ "name": "first_name", "value": 5 }])), "don't fit");
    check(arguments(json!([{ "name": "first_name", "value": "Ann", "raw": true }])), "don't fit");
    check(arguments(json!({ "first_name": "Ann" })), "don't fit");
}
