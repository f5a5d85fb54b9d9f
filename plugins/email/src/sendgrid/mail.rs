//! Sending: <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send>, and what is wrong with it:
//! <https://www.twilio.com/docs/sendgrid/api-reference/mail-send/errors>

use std::collections::BTreeMap;

use aftercall::{Context, Failure, FailureKind};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Refusal, checked_or, url};
use crate::arguments::Recipient;
use crate::settings::Sender;

const SEND_PATH: &str = "/v3/mail/send";

/// The custom argument that an email carries its effect's key as: SendGrid's activity finds it by that.
pub(crate) const KEY_ARGUMENT: &str = "aftercall_key";

/// SendGrid wants content beside a template too, and at least one character of it; the template's takes its place.
const CONTENT_OF_THE_TEMPLATE: &str = " ";

/// An email to one person.
pub(crate) struct Mail<'a> {
    pub(crate) sender: &'a Sender,
    pub(crate) to: &'a Recipient,
    pub(crate) content: Content<'a>,
    /// Left out: it goes out at once.
    pub(crate) timing: Option<Timing<'a>>,
}

/// What an email says.
pub(crate) enum Content<'a> {
    /// Text as it is: SendGrid puts nothing in its place.
    Text { subject: &'a str, text: &'a str },
    /// A dynamic template of SendGrid. Its own subject takes the place of this one.
    Template { template_id: &'a str, subject: &'a str, data: Map<String, Value> },
}

/// When an email goes out, and what takes it back or out.
pub(crate) struct Timing<'a> {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) send_at_s: u64,
    /// It can be cancelled by this.
    pub(crate) batch_id: &'a str,
    /// Whoever unsubscribes from this group doesn't get it.
    pub(crate) group_id: u64,
}

#[derive(Serialize)]
struct NewMail<'a> {
    personalizations: [Personalization<'a>; 1],
    from: Address<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<Address<'a>>,
    subject: &'a str,
    content: Vec<Part<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asm: Option<Group>,
}

#[derive(Serialize)]
struct Personalization<'a> {
    to: [Address<'a>; 1],
    /// What the email is found by in SendGrid's activity. Nothing of a person may stand here: SendGrid keeps it for long.
    custom_args: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamic_template_data: Option<&'a Map<String, Value>>,
}

#[derive(Serialize)]
struct Address<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct Part<'a> {
    r#type: &'static str,
    value: &'a str,
}

#[derive(Serialize)]
struct Group {
    group_id: u64,
}

/// What SendGrid says is wrong.
enum Wrong {
    /// Something that the model gave.
    Argument(&'static str),
    /// Something that only a person can correct.
    Setting(&'static str),
}

impl Mail<'_> {
    /// Sends it, and gives SendGrid's id of it, which the answer has in a header; in a rehearsal the effect's key.
    pub(crate) async fn send(&self, cx: &Context) -> Result<Option<String>, Failure> {
        let answer = cx.post(url(SEND_PATH, cx)?).json(&self.request(cx)).send().await?;
        let answer = checked_or(answer, cx, |failure, status, refusal: Refusal| {
            explained(failure, self.wrong(status, &refusal))
        })?;
        let id = answer.header("x-message-id").or_else(|| cx.dry_run().then(|| cx.key()));
        Ok(id.map(str::to_owned))
    }

    fn request<'a>(&'a self, cx: &'a Context) -> NewMail<'a> {
        let Self { sender, to, content, timing } = self;
        let part = |r#type, value| Part { r#type, value };
        let (subject, parts, template_id, data) = match content {
            Content::Text { subject, text } => (*subject, vec![part("text/plain", *text)], None, None),
            Content::Template { template_id, subject, data } => {
                let parts = ["text/plain", "text/html"].map(|media| part(media, CONTENT_OF_THE_TEMPLATE));
                (*subject, parts.into(), Some(*template_id), Some(data))
            }
        };
        NewMail {
            personalizations: [Personalization {
                to: [Address { email: to.as_str(), name: None }],
                custom_args: BTreeMap::from([(KEY_ARGUMENT, cx.key())]),
                dynamic_template_data: data,
            }],
            from: Address { email: sender.email.as_str(), name: sender.name.as_deref() },
            reply_to: sender.reply_to.as_ref().map(|email| Address { email: email.as_str(), name: None }),
            subject,
            content: parts,
            template_id,
            send_at: timing.as_ref().map(|timing| timing.send_at_s),
            batch_id: timing.as_ref().map(|timing| timing.batch_id),
            asm: timing.as_ref().map(|timing| Group { group_id: timing.group_id }),
        }
    }

    /// By the field that a refusal names first.
    fn wrong(&self, status: u16, refusal: &Refusal) -> Option<Wrong> {
        let field = match status {
            400 | 403 => refusal.fields().next()?,
            413 => return Some(Wrong::Argument("write a shorter email")),
            _ => return None,
        };
        let field = field.strip_prefix("personalizations.0.").unwrap_or(field);
        let first = field.split(['.', '[']).next()?;
        Some(match (first, &self.content) {
            ("to" | "personalizations", _) => {
                Wrong::Argument("give the recipient's address as the person said it, such as ann@example.com")
            }
            ("dynamic_template_data", _) => Wrong::Argument("correct the variables"),
            ("subject", Content::Text { .. }) => Wrong::Argument("correct the subject"),
            ("content", Content::Text { .. }) => Wrong::Argument("correct the text"),
            ("from" | "reply_to", _) => Wrong::Setting("sender"),
            ("asm", _) => Wrong::Setting("unsubscribe_group"),
            ("send_at" | "batch_id", _) => Wrong::Setting("followups"),
            ("subject" | "content" | "template_id", _) => Wrong::Setting("templates"),
            _ => return None,
        })
    }
}

fn explained(failure: Failure, wrong: Option<Wrong>) -> Failure {
    let (kind, words) = match (failure.kind, wrong) {
        (_, Some(Wrong::Argument(words))) => (FailureKind::InvalidArguments, words),
        (_, Some(Wrong::Setting(name))) => return failure.by_settings(&[name]),
        (FailureKind::Denied, None) => {
            (FailureKind::Denied, "a person has to look at the API key and the account at SendGrid")
        }
        (_, None) => return failure,
    };
    Failure { kind, message: format!("{}; {words}", failure.message), ..failure }
}
