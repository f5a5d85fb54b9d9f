//! A ticket: what it may be made of, and how it is shown.

use serde_json::{Map, Value, json};

use super::refused::{Problems, Refused};
use super::users::{AGENT_ID, Requester, Users};
use super::{id, text, url, when};

const SUBJECT_CHARS_MAX: usize = 255;
const BODY_CHARS_MAX: usize = 65_536;
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];
const TYPES: &[&str] = &["problem", "incident", "question", "task"];
/// A new ticket can be in any status but closed.
const STATUSES: &[&str] = &["new", "open", "pending", "hold", "solved"];

#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) external_id: Option<String>,
    pub(super) subject: String,
    /// The first comment.
    description: String,
    is_public: bool,
    priority: Option<String>,
    kind: Option<String>,
    pub(super) status: String,
    tags: Vec<String>,
    pub(super) requester_id: u64,
    brand_id: Option<u64>,
    group_id: Option<u64>,
    pub(super) created_ms: u64,
    updated_ms: u64,
    /// Those after the first.
    pub(super) comments: Vec<Comment>,
}

#[derive(Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    body: String,
    public: bool,
    created_ms: u64,
}

impl Ticket {
    /// Reads what a client gives, and makes the requester where it has none yet. Attributes that aren't known are
    /// ignored, as Zendesk does.
    pub(super) fn read(
        ticket_id: u64,
        given: &Map<String, Value>,
        users: &mut Users,
        now_ms: u64,
    ) -> Result<Ticket, Refused> {
        let mut problems = Problems::default();
        let subject = text(given, "subject")?.unwrap_or_default().trim();
        if subject.is_empty() {
            problems.add("base", "BlankValue", "Subject: cannot be blank".to_owned());
        }
        if subject.chars().count() > SUBJECT_CHARS_MAX {
            problems.add(
                "subject",
                "ValueTooLong",
                format!("Subject: is too long (maximum is {SUBJECT_CHARS_MAX} characters)"),
            );
        }
        let (description, is_public) = comment(given, &mut problems)?;
        let priority = choice(given, ("priority", "Priority"), PRIORITIES, &mut problems)?;
        let kind = choice(given, ("type", "Type"), TYPES, &mut problems)?;
        let status = choice(given, ("status", "Status"), STATUSES, &mut problems)?;
        let tags = tags(given)?;
        let (brand_id, group_id) = (id(given, "brand_id")?, id(given, "group_id")?);
        let requester = Requester::read(given, users, &mut problems)?;
        problems.check()?;
        Ok(Ticket {
            id: ticket_id,
            external_id: text(given, "external_id")?.map(str::to_owned),
            subject: subject.to_owned(),
            description,
            is_public,
            priority,
            kind,
            status: status.unwrap_or_else(|| "new".to_owned()),
            tags,
            requester_id: users.requester(requester, now_ms),
            brand_id,
            group_id,
            created_ms: now_ms,
            updated_ms: now_ms,
            comments: Vec::new(),
        })
    }

    /// Changes what a client gives, and adds a comment where it gives one. Tells what happened by it.
    pub(super) fn update(
        &mut self,
        given: &Map<String, Value>,
        comment_id: u64,
        now_ms: u64,
    ) -> Result<Vec<Value>, Refused> {
        let played = ["comment", "priority", "status", "type"];
        if let Some(name) = given.keys().find(|name| !played.contains(&name.as_str())) {
            return Err(Refused::not_played(&format!("a change of a ticket's {name}")));
        }
        let mut problems = Problems::default();
        let comment = match given.get("comment") {
            None | Some(Value::Null) => None,
            Some(_) => Some(comment(given, &mut problems)?),
        };
        let changes = [
            ("priority", choice(given, ("priority", "Priority"), PRIORITIES, &mut problems)?),
            ("type", choice(given, ("type", "Type"), TYPES, &mut problems)?),
            ("status", choice(given, ("status", "Status"), STATUSES, &mut problems)?),
        ];
        problems.check()?;
        let mut events = Vec::new();
        if let Some((body, public)) = comment {
            let comment = Comment { id: comment_id, body, public, created_ms: now_ms };
            events.push(comment.shown());
            self.comments.push(comment);
        }
        for (name, value) in changes.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let old = match name {
                "priority" => self.priority.replace(value.clone()),
                "type" => self.kind.replace(value.clone()),
                _ => Some(std::mem::replace(&mut self.status, value.clone())),
            };
            if old.as_ref() != Some(&value) {
                let id = comment_id * 10 + 1;
                let event =
                    json!({ "id": id, "type": "Change", "field_name": name, "value": value, "previous_value": old });
                events.push(event);
            }
        }
        self.updated_ms = now_ms;
        Ok(events)
    }

    /// All comments, the description first.
    pub(super) fn all_comments(&self) -> Vec<Value> {
        let first = Comment {
            id: self.id * 100,
            body: self.description.clone(),
            public: self.is_public,
            created_ms: self.created_ms,
        };
        [&first].into_iter().chain(&self.comments).map(Comment::shown).collect()
    }

    pub(super) fn shown(&self) -> Value {
        let at = when(self.created_ms);
        json!({
            "allow_attachments": true,
            "allow_channelback": false,
            "assignee_id": null,
            "brand_id": self.brand_id,
            "collaborator_ids": [],
            "created_at": at,
            "custom_fields": [],
            "description": self.description,
            "due_at": null,
            "email_cc_ids": [],
            "external_id": self.external_id,
            "follower_ids": [],
            "group_id": self.group_id,
            "has_incidents": false,
            "id": self.id,
            "is_public": self.is_public,
            "organization_id": null,
            "priority": self.priority,
            "problem_id": null,
            "raw_subject": self.subject,
            "recipient": null,
            "requester_id": self.requester_id,
            "status": self.status,
            "subject": self.subject,
            "submitter_id": AGENT_ID,
            "tags": self.tags,
            "type": self.kind,
            "updated_at": when(self.updated_ms),
            "url": url(&format!("tickets/{}.json", self.id)),
            "via": { "channel": "api", "source": { "from": {}, "to": {}, "rel": null } },
        })
    }
}

impl Comment {
    pub(super) fn shown(&self) -> Value {
        json!({
            "id": self.id,
            "type": "Comment",
            "author_id": AGENT_ID,
            "body": self.body,
            "plain_body": self.body,
            "public": self.public,
            "created_at": when(self.created_ms),
        })
    }
}

/// The first comment and whether the requester may see it, which is how it is unless it says otherwise.
fn comment(given: &Map<String, Value>, problems: &mut Problems) -> Result<(String, bool), Refused> {
    let empty = Map::new();
    let comment = match given.get("comment") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(comment)) => comment,
        Some(_) => return Err(Refused::attribute("comment", "must be an object")),
    };
    if given.contains_key("description") {
        return Err(Refused::not_played("a first comment that is not comment.body or comment.html_body"));
    }
    let public = match comment.get("public") {
        None => true,
        Some(public) => public.as_bool().ok_or_else(|| Refused::attribute("public", "must be a boolean"))?,
    };
    let body = match (text(comment, "html_body")?, text(comment, "body")?) {
        (Some(_), Some(_)) => return Err(Refused::not_played("a comment with both body and html_body")),
        (Some(html), None) => shown_as_text(html),
        (None, body) => body.unwrap_or_default().to_owned(),
    };
    let body = body.trim();
    if body.is_empty() {
        problems.add("base", "BlankValue", "Description: cannot be blank".to_owned());
    }
    if body.chars().count() > BODY_CHARS_MAX {
        let words = format!("Description: is too long (maximum is {BODY_CHARS_MAX} characters)");
        problems.add("base", "ValueTooLong", words);
    }
    Ok((body.to_owned(), public))
}

/// HTML as a description shows it: paragraphs and lines, without markup.
fn shown_as_text(html: &str) -> String {
    let html = html.replace("</p>", "\n\n").replace("<br>", "\n");
    let mut parts = html.split('<');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// One of an attribute's values, if it is given. The attribute has a name on the wire and one for people.
fn choice(
    given: &Map<String, Value>,
    (name, title): (&'static str, &str),
    values: &[&str],
    problems: &mut Problems,
) -> Result<Option<String>, Refused> {
    let value = text(given, name)?;
    if let Some(value) = value.filter(|value| !values.contains(value)) {
        problems.add(name, "InvalidValue", format!("{title}: {value} is not valid"));
    }
    Ok(value.map(str::to_owned))
}

/// Tags are in small letters, each once; white space parts them.
fn tags(given: &Map<String, Value>) -> Result<Vec<String>, Refused> {
    let rule = || Refused::attribute("tags", "must be an array of strings");
    let given = match given.get("tags") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(tags)) => tags,
        Some(_) => return Err(rule()),
    };
    let mut tags = Vec::new();
    for tag in given {
        let words = tag.as_str().ok_or_else(rule)?.split_whitespace();
        tags.extend(words.map(str::to_lowercase));
    }
    tags.sort();
    tags.dedup();
    Ok(tags)
}
