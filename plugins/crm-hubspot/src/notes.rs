//! Notes: what was said, on a contact and on its deal.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/activities/notes/guide>.

use aftercall::{Context, Failure, Finding, Outcome};
use aftercall_hubspot::{NewAssociations, Properties, RecordId, keyed};

use crate::deals;
use crate::hubspot::{hubspot, settled};
use crate::settings::Settings;

const NOTES: &str = "notes";
const BODY: &str = "hs_note_body";
/// HubSpot's own types of association from a note.
const TO_CONTACT: u32 = 202;
const TO_DEAL: u32 = 214;

/// Where a note is: on a contact, on a deal or on both.
pub(crate) struct On {
    contact_id: Option<RecordId>,
    deal_id: Option<RecordId>,
}

impl On {
    /// On a contact, and on its deal if one is given.
    pub(crate) fn contact(contact_id: RecordId, deal_id: Option<RecordId>) -> Self {
        Self { contact_id: Some(contact_id), deal_id }
    }

    /// On whichever are given.
    pub(crate) fn either(contact_id: Option<RecordId>, deal_id: Option<RecordId>) -> Result<Self, Failure> {
        if contact_id.is_none() && deal_id.is_none() {
            return Err(Failure::invalid_arguments("give the contact's id, the deal's id or both"));
        }
        Ok(Self { contact_id, deal_id })
    }

    /// Checks that the deal is the contact's, where both are given.
    pub(crate) async fn check(&self, cx: &Context) -> Result<(), Failure> {
        match (&self.contact_id, &self.deal_id) {
            (Some(contact_id), Some(deal_id)) => deals::of_contact(deal_id, contact_id, cx).await,
            _ => Ok(()),
        }
    }

    /// Makes the note.
    pub(crate) async fn log(
        &self,
        what: &str,
        text: &str,
        next_step: Option<&str>,
        settings: &Settings,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let properties = Properties::default()
            .set(BODY, Some(body(text, next_step, cx.key())))
            .set("hs_timestamp", Some(cx.first_attempt_at().to_string()));
        let mut on = NewAssociations::default();
        if let Some(contact_id) = &self.contact_id {
            on = on.with(contact_id.as_str(), TO_CONTACT);
        }
        if let Some(deal_id) = &self.deal_id {
            on = on.with(deal_id.as_str(), TO_DEAL);
        }
        let made = hubspot(cx).create(NOTES, &properties, &on).await?;
        Ok(self.logged(what, settings, &made.id))
    }

    /// Finds the note again.
    pub(crate) async fn find(&self, what: &str, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
        settled(hubspot(cx).with_key(NOTES, BODY).await?, settings, cx, |id| self.logged(what, settings, id))
    }

    fn logged(&self, what: &str, settings: &Settings, note_id: &str) -> Outcome {
        let contact = self.contact_id.iter().map(|id| format!("contact {id}"));
        let on: Vec<String> = contact.chain(self.deal_id.iter().map(|id| format!("deal {id}"))).collect();
        let outcome = Outcome::new(format!("{what} is logged on {} as note {note_id}", on.join(" and ")));
        match (&self.contact_id, &self.deal_id) {
            (Some(id), _) => outcome.with_receipt(settings.receipt_on_contact("note", note_id, id.as_str())),
            (None, Some(id)) => outcome.with_receipt(settings.receipt_on_deal("note", note_id, id.as_str())),
            (None, None) => outcome,
        }
    }
}

fn body(text: &str, next_step: Option<&str>, key: &str) -> String {
    let mut body = keyed::paragraph(text);
    if let Some(next_step) = next_step.filter(|next_step| !next_step.trim().is_empty()) {
        body.push_str(&format!("<p><strong>Next step:</strong> {}</p>", keyed::escape(next_step)));
    }
    body + &keyed::reference(key)
}
