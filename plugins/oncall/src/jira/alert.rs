//! An alert, as it is asked for and as Jira tells of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::{Change, Report, Severity};

/// The longest message of an alert that Jira takes.
const MESSAGE_CHARS_MAX: usize = 130;
/// The longest description of an alert that Jira takes.
const DESCRIPTION_CHARS_MAX: usize = 15_000;

/// Who is notified of an alert: a team, a user, an escalation or a schedule.
#[derive(Serialize, Deserialize)]
pub(super) struct Responder {
    r#type: String,
    id: String,
}

/// An alert that is to be.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Draft<'a> {
    message: String,
    alias: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    responders: &'a [Responder],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tags: &'a [String],
    /// The service. By it alerts of several callers about one outage can be grouped.
    entity: &'a str,
    source: &'a str,
    priority: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extra_properties: BTreeMap<&'static str, &'a str>,
}

/// An alert, as far as it is read.
#[derive(Deserialize)]
pub(super) struct Alert {
    pub(super) id: String,
    alias: Option<String>,
    status: Option<String>,
    #[serde(default)]
    acknowledged: bool,
}

/// The first results of a search.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) values: Vec<Alert>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(
        report: &'a Report,
        alias: &'a str,
        source: &'a str,
        responders: &'a [Responder],
        tags: &'a [String],
    ) -> Self {
        let summary = without_markup(report.summary.as_str());
        let message = shortened(&summary, MESSAGE_CHARS_MAX);
        let rest = (message != summary).then_some(summary);
        let details = report.details.as_ref().map(|details| without_markup(details.as_str()));
        let description: Vec<String> = rest.into_iter().chain(details).collect();
        let ticket = report.ticket_url.as_deref().map(|url| ("ticket_url", url));
        let caller = report.caller_phone.as_ref().map(|phone| ("caller_phone", phone.as_str()));
        Self {
            message,
            alias,
            description: shortened(&description.join("\n\n"), DESCRIPTION_CHARS_MAX),
            responders,
            tags,
            entity: &report.service,
            source,
            priority: priority(report.severity),
            extra_properties: ticket.into_iter().chain(caller).collect(),
        }
    }
}

impl Alert {
    /// Whether it is the alert of this alias: a search may find more than that.
    pub(super) fn has(&self, alias: &str) -> bool {
        self.alias.as_deref() == Some(alias)
    }

    /// Whether there is nothing left to change: what is resolved needs no acknowledgement.
    pub(super) fn is(&self, change: Change) -> bool {
        let resolved = matches!(self.status.as_deref(), Some("closed" | "resolved"));
        match change {
            Change::Resolve => resolved,
            Change::Acknowledge => resolved || self.acknowledged || self.status.as_deref() == Some("acked"),
        }
    }
}

const fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P1",
        Severity::Error => "P2",
        Severity::Warning => "P3",
        Severity::Info => "P5",
    }
}

fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    format!("{}…", kept.trim_end())
}

/// Opsgenie's alerts take HTML (<https://docs.opsgenie.com/docs/alerts-and-alert-fields>), and Jira's come from them. What was
/// said on a call is text, so what would begin a tag is set apart. An escape would be read aloud where HTML isn't read.
fn without_markup(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.trim().chars() {
        let begins_tag = character.is_ascii_alphabetic() || matches!(character, '/' | '!' | '?');
        if begins_tag && plain.ends_with('<') {
            plain.push(' ');
        }
        plain.push(character);
    }
    plain
}
