//! Enrolments in sequences. A contact is in one at a time, and none ends here.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/legacy/automation/sequences/enroll-contact>, and
//! `…/get-enrollment` beside it.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Answer, Hubspot, Kind, Refused, body};
use crate::email::is_email;
use crate::endpoint::{Reply, Request, parameter, query};
use crate::time::iso;

const FIRST_ID: usize = 90_001;

#[derive(Clone)]
pub(super) struct Enrolment {
    id: usize,
    contact: u64,
    email: String,
    sequence: String,
    user: u64,
    sender: String,
    at_ms: u64,
}

impl Hubspot {
    pub(super) fn enrolments(&mut self, path: &[&str], request: &Request, now_ms: u64) -> Answer {
        match (request.method(), path) {
            (&Method::POST, []) => self.enrol(request, now_ms),
            (&Method::GET, ["contact", id]) => {
                let newest = self.enrolments.iter().rev().find(|enrolment| enrolment.contact.to_string() == *id);
                Ok(Reply::json(StatusCode::OK, &newest.ok_or_else(Refused::not_found)?.shown()))
            }
            _ => Err(Refused::not_found()),
        }
    }

    fn enrol(&mut self, request: &Request, now_ms: u64) -> Answer {
        let user = parameter(&query(request), "userId").and_then(|user| user.parse().ok());
        let user: u64 = user.ok_or_else(|| Refused::invalid("userId is required"))?;
        let body = body(request)?;
        let field = |name: &str| {
            let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.ok_or_else(|| Refused::json(&format!("{name} is required and a string")))
        };
        let (contact, sequence, sender) = (field("contactId")?, field("sequenceId")?, field("senderEmail")?);
        if !is_email(sender) {
            return Err(Refused::invalid("senderEmail is no connected inbox of the user"));
        }
        if !self.portal.sequences.contains(sequence) {
            return Err(Refused::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND", "the sequence does not exist"));
        }
        let held = |object: &&super::Object| object.kind == Kind::Contacts && object.id.to_string() == contact;
        let contact = self.objects.iter().find(held).ok_or_else(Refused::not_found)?;
        let Some(email) = contact.get("email") else {
            return Err(Refused::invalid("CONTACT_HAS_NO_EMAIL: the contact has no email address"));
        };
        if self.enrolments.iter().any(|enrolment| enrolment.contact == contact.id) {
            return Err(Refused::invalid("ALREADY_ENROLLED: the contact is enrolled in a sequence"));
        }
        let enrolment = Enrolment {
            id: FIRST_ID + self.enrolments.len(),
            contact: contact.id,
            email,
            sequence: sequence.to_owned(),
            user,
            sender: sender.to_owned(),
            at_ms: now_ms,
        };
        let answer = enrolment.made();
        self.enrolments.push(enrolment);
        Ok(Reply::json(StatusCode::OK, &answer))
    }
}

impl Enrolment {
    /// As HubSpot answers whoever enrols.
    fn made(&self) -> Value {
        let at = iso(self.at_ms);
        json!({ "id": self.id.to_string(), "toEmail": self.email, "enrolledAt": at, "updatedAt": at })
    }

    /// As it is read.
    pub(super) fn shown(&self) -> Value {
        let mut shown = self.made();
        shown["sequenceId"] = json!(self.sequence);
        shown["sequenceName"] = json!(format!("Sequence {}", self.sequence));
        shown["enrolledBy"] = json!(self.user.to_string());
        shown["enrolledByEmail"] = json!(self.sender);
        shown
    }
}
