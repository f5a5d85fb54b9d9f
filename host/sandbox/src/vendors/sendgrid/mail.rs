//! `POST /v3/mail/send`: what an email must be.
//! <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>, and what is refused:
//! <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors>. Whether a template exists isn't looked at.

use http::StatusCode;
use serde_json::{Map, Value};

use super::outbox::Outbox;
use super::refused::{Answer, Problem, Refused};
use super::seed::Account;
use crate::email::is_email;

const RECIPIENTS_MAX: usize = 1_000;
const CUSTOM_ARGS_BYTES_MAX: usize = 10_000;
/// How far ahead an email may be scheduled.
const AHEAD_S_MAX: u64 = 72 * 60 * 60;

/// What was asked to be sent: an email for each of its recipients.
pub(super) struct Mail {
    pub(super) send_at_s: Option<u64>,
    pub(super) batch_id: Option<String>,
    pub(super) group_id: Option<u64>,
    pub(super) emails: Vec<Draft>,
}

/// An email to one person.
pub(super) struct Draft {
    pub(super) to: String,
    /// As it is kept: what it says and carries.
    pub(super) elements: Map<String, Value>,
}

impl Mail {
    /// Reads it, or says all that is wrong with it.
    pub(super) fn read(body: &Map<String, Value>, account: &Account, outbox: &Outbox, now_ms: u64) -> Answer<Mail> {
        let mut problems = Vec::new();
        let from = address(body.get("from"), "from", &mut problems);
        if let Some(reply_to) = body.get("reply_to") {
            address(Some(reply_to), "reply_to", &mut problems);
        }
        says(body, &mut problems);
        let mut common = Map::new();
        common.insert("from".to_owned(), from.clone().into());
        for name in ["reply_to", "subject", "content", "template_id", "send_at", "batch_id", "asm"] {
            common.extend(body.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        let send_at_s = send_at(body, now_ms, &mut problems);
        let batch_id = body.get("batch_id").map(|id| id.as_str().unwrap_or_default().to_owned());
        if batch_id.as_ref().is_some_and(|id| !outbox.has_batch(id)) {
            problems.push(Problem::of("batch_id", "batch_id is not the id of a batch"));
        }
        let group_id = body.get("asm").map(|asm| asm["group_id"].as_u64().unwrap_or_default());
        if group_id.is_some_and(|id| !account.has_group(id)) {
            problems.push(Problem::of("asm.group_id", "asm.group_id is not the id of an unsubscribe group"));
        }
        let emails = personalizations(body, &common, &mut problems);
        Refused::unless_none(problems)?;
        if !account.may_send_from(from.as_deref().unwrap_or_default()) {
            let message = "from is not a verified sender identity";
            return Err(Refused::about(StatusCode::FORBIDDEN, "from", message));
        }
        Ok(Mail { send_at_s, batch_id, group_id, emails })
    }
}

/// Checks the subject and the content, in whose place a template may stand.
fn says(body: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let mut wrong = |field: &str, message: &str| problems.push(Problem::of(field, message));
    let template = body.get("template_id");
    if template.is_some_and(|id| !id.as_str().is_some_and(is_template)) {
        wrong("template_id", "template_id must be the id of a dynamic template");
    }
    let subject = body.get("subject");
    if template.is_none() && subject.and_then(Value::as_str).is_none_or(str::is_empty) {
        wrong("subject", "subject is required without a template");
    }
    let Some(content) = body.get("content") else {
        if template.is_none() {
            wrong("content", "content is required without a template");
        }
        return;
    };
    let parts = content.as_array().map_or(&[][..], Vec::as_slice);
    if parts.is_empty() {
        wrong("content", "content must be an array of at least one part");
    }
    for (at, part) in parts.iter().enumerate() {
        if part["type"].as_str().is_none_or(|media| !media.contains('/')) {
            wrong(&format!("content.{at}.type"), "type must be a media type");
        }
        if part["value"].as_str().is_none_or(str::is_empty) {
            wrong(&format!("content.{at}.value"), "value must be a string of at least one character");
        }
        if at > 0 && part["type"] == "text/plain" {
            wrong(&format!("content.{at}.type"), "text/plain must be the first part");
        }
    }
}

fn send_at(body: &Map<String, Value>, now_ms: u64, problems: &mut Vec<Problem>) -> Option<u64> {
    let given = body.get("send_at")?;
    let at_s = given.as_u64();
    if at_s.is_none_or(|at_s| at_s > (now_ms / 1_000).saturating_add(AHEAD_S_MAX)) {
        problems.push(Problem::of("send_at", "send_at must be a Unix time, no more than 72 hours ahead"));
    }
    at_s
}

/// An email for each recipient.
fn personalizations(body: &Map<String, Value>, common: &Map<String, Value>, problems: &mut Vec<Problem>) -> Vec<Draft> {
    let given = body.get("personalizations").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if given.is_empty() {
        problems.push(Problem::of("personalizations", "personalizations must hold at least one"));
    }
    let mut drafts = Vec::new();
    for (at, personalization) in given.iter().enumerate() {
        let place = format!("personalizations.{at}");
        if let Some(name) = ["cc", "bcc"].into_iter().find(|name| personalization.get(name).is_some()) {
            problems.push(Problem::of(&format!("{place}.{name}"), &format!("the sandbox does not play {name}")));
        }
        let to = personalization["to"].as_array().map_or(&[][..], Vec::as_slice);
        if to.is_empty() {
            problems.push(Problem::of(&format!("{place}.to"), "to must hold at least one recipient"));
        }
        let mut elements = common.clone();
        let custom_args = merged(body.get("custom_args"), personalization.get("custom_args"));
        if custom_args.values().any(|value| !value.is_string()) {
            problems.push(Problem::of(&format!("{place}.custom_args"), "custom_args must be an object of strings"));
        }
        if Value::from(custom_args.clone()).to_string().len() > CUSTOM_ARGS_BYTES_MAX {
            let message = format!("custom_args must have less than {CUSTOM_ARGS_BYTES_MAX} bytes");
            problems.push(Problem::of(&format!("{place}.custom_args"), &message));
        }
        elements.insert("custom_args".to_owned(), custom_args.into());
        if let Some(data) = personalization.get("dynamic_template_data") {
            if !data.is_object() {
                problems.push(Problem::of(&format!("{place}.dynamic_template_data"), "it must be an object"));
            }
            elements.insert("dynamic_template_data".to_owned(), data.clone());
        }
        for (nth, recipient) in to.iter().enumerate() {
            let Some(to) = address(Some(recipient), &format!("{place}.to.{nth}"), problems) else { continue };
            drafts.push(Draft { to, elements: elements.clone() });
        }
    }
    if drafts.len() > RECIPIENTS_MAX {
        let message = format!("personalizations must hold at most {RECIPIENTS_MAX} recipients");
        problems.push(Problem::of("personalizations", &message));
    }
    drafts
}

fn merged(all: Option<&Value>, own: Option<&Value>) -> Map<String, Value> {
    let fields = [all, own].into_iter().flatten().filter_map(Value::as_object);
    fields.flat_map(Clone::clone).collect()
}

/// The email address of an object that has one.
fn address(given: Option<&Value>, place: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let email = given.and_then(|given| given["email"].as_str()).filter(|email| is_email(email));
    if email.is_none() {
        problems.push(Problem::of(&format!("{place}.email"), "email must be a valid email address"));
    }
    email.map(str::to_owned)
}

/// `d-` and 32 hexadecimal digits.
fn is_template(id: &str) -> bool {
    id.strip_prefix("d-").is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
