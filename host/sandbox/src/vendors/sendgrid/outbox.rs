//! Emails that were taken, and batches of timed ones, which are cancelled or paused as a whole.
//! <https://www.twilio.com/docs/sendgrid/api-reference/cancel-scheduled-sends>

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::mail::Mail;
use super::opt_outs::OptOuts;
use super::refused::{Answer, Refused};
use crate::endpoint::Reply;
use crate::time::iso;

/// How many batches may be cancelled or paused at one time.
const STOPPED_MAX: usize = 10;
/// How long before it goes out an email can surely be stopped. One that is due sooner goes out here.
const STOPPED_BEFORE_S: u64 = 10 * 60;
const MESSAGE_ID: HeaderName = HeaderName::from_static("x-message-id");

#[derive(Clone, Default)]
pub(super) struct Outbox {
    messages: Vec<Message>,
    batches: Vec<String>,
    /// Batches that are cancelled or paused, with the status.
    stopped: Vec<(String, String)>,
}

/// An email to one person.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) id: String,
    pub(super) to: String,
    pub(super) fate: Fate,
    /// When it goes out, in seconds.
    pub(super) at_s: u64,
    batch_id: Option<String>,
    pub(super) elements: Map<String, Value>,
    taken_ms: u64,
}

/// Whether an email goes out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Goes,
    /// Whoever it is to has opted out.
    Suppressed,
    /// Its batch is cancelled, or paused.
    Stopped,
}

impl Outbox {
    pub(super) fn has_batch(&self, id: &str) -> bool {
        self.batches.iter().any(|batch| batch == id)
    }

    pub(super) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(super) fn new_batch(&mut self) -> Reply {
        let id = format!("sandbox-batch-{:04}", self.batches.len() + 1);
        let answer = Reply::json(StatusCode::CREATED, &json!({ "batch_id": id }));
        self.batches.push(id);
        answer
    }

    /// Takes an email. To whoever has opted out it is dropped, of which nobody is told.
    pub(super) fn take(&mut self, mail: Mail, opt_outs: &OptOuts, now_ms: u64) -> Reply {
        let id = format!("sandbox-message-{:04}", self.messages.len() + 1);
        let is_stopped = mail.batch_id.as_deref().is_some_and(|id| self.status(id).is_some());
        for (nth, draft) in mail.emails.into_iter().enumerate() {
            let fate = match opt_outs.drop(&draft.to, mail.group_id) {
                true => Fate::Suppressed,
                false if is_stopped => Fate::Stopped,
                false => Fate::Goes,
            };
            self.messages.push(Message {
                id: format!("{id}.recvd-{nth}"),
                to: draft.to,
                fate,
                at_s: mail.send_at_s.unwrap_or(now_ms / 1_000),
                batch_id: mail.batch_id.clone(),
                elements: draft.elements,
                taken_ms: now_ms,
            });
        }
        let headers = HeaderMap::from_iter([(MESSAGE_ID, HeaderValue::try_from(id).expect("it can be a header"))]);
        Reply { status: StatusCode::ACCEPTED, headers, body: "".into(), note: None }
    }

    /// Cancels or pauses what of a batch hasn't gone out.
    pub(super) fn stop(&mut self, body: &Map<String, Value>, now_ms: u64) -> Answer<Reply> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (id, status) = (text("batch_id"), text("status"));
        if !["cancel", "pause"].contains(&status.as_str()) {
            return Err(Refused::bad("status", "status must be cancel or pause"));
        }
        if !self.has_batch(&id) {
            return Err(Refused::bad("batch_id", "batch_id is not the id of a batch"));
        }
        if self.status(&id).is_some() {
            return Err(Refused::bad("batch_id", "the batch is cancelled or paused already"));
        }
        if self.stopped.len() >= STOPPED_MAX {
            let message = format!("{STOPPED_MAX} batches are cancelled or paused already");
            return Err(Refused::bad("batch_id", &message));
        }
        let surely_s = (now_ms / 1_000).saturating_add(STOPPED_BEFORE_S);
        for message in &mut self.messages {
            let is_it = message.batch_id.as_ref() == Some(&id) && message.fate == Fate::Goes;
            if is_it && message.at_s >= surely_s {
                message.fate = Fate::Stopped;
            }
        }
        let answer = Reply::json(StatusCode::CREATED, &json!({ "batch_id": id, "status": status }));
        self.stopped.push((id, status));
        Ok(answer)
    }

    /// Deletes that a batch is cancelled or paused. What of it wasn't due yet goes out after all.
    pub(super) fn resume(&mut self, batch_id: &str, now_ms: u64) -> Answer<Reply> {
        let place = self.stopped.iter().position(|(id, _)| id == batch_id).ok_or_else(Refused::not_found)?;
        self.stopped.remove(place);
        for message in &mut self.messages {
            let is_it = message.batch_id.as_deref() == Some(batch_id) && message.fate == Fate::Stopped;
            if is_it && message.at_s > now_ms / 1_000 {
                message.fate = Fate::Goes;
            }
        }
        Ok(Reply { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: "".into(), note: None })
    }

    /// What a batch is, if it is cancelled or paused.
    pub(super) fn stopped(&self, batch_id: &str) -> Reply {
        let status = self.status(batch_id).map(|status| json!({ "batch_id": batch_id, "status": status }));
        Reply::json(StatusCode::OK, &Vec::from_iter(status).into())
    }

    fn status(&self, batch_id: &str) -> Option<&str> {
        self.stopped.iter().find(|(id, _)| id == batch_id).map(|(_, status)| status.as_str())
    }

    /// Adds to what SendGrid keeps: `messages` are those that go out, and `dropped` the others.
    pub(super) fn record(&self, records: &mut Map<String, Value>) {
        let of = |goes: bool| -> Value {
            let messages = self.messages.iter().filter(|message| (message.fate == Fate::Goes) == goes);
            messages.map(Message::record).collect()
        };
        records.insert("messages".to_owned(), of(true));
        records.insert("dropped".to_owned(), of(false));
        records.insert("batches".to_owned(), self.batches.iter().map(|id| json!({ "batch_id": id })).collect());
        let stopped = self.stopped.iter().map(|(id, status)| json!({ "batch_id": id, "status": status }));
        records.insert("scheduled_sends".to_owned(), stopped.collect());
    }
}

impl Message {
    fn record(&self) -> Value {
        let mut record = self.elements.clone();
        record.insert("msg_id".to_owned(), self.id.as_str().into());
        record.insert("to".to_owned(), self.to.as_str().into());
        record.insert("taken_at".to_owned(), iso(self.taken_ms).into());
        match self.fate {
            Fate::Goes => {}
            Fate::Suppressed => _ = record.insert("dropped".to_owned(), "unsubscribed".into()),
            Fate::Stopped => _ = record.insert("dropped".to_owned(), "stopped".into()),
        }
        record.into()
    }
}
