//! Notes: what was said, on a contact and on its deal.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/activities/notes/guide>.

use aftercall::{Context, Failure, Finding, Outcome};
use aftercall_hubspot::{NewAssociations, Properties, RecordId, keyed};

use crate::hubspot::{hubspot, settled};
use crate::settings::Settings;

const NOTES: &str = "notes";
const BODY: &str = "hs_note_body";
/// HubSpot's own types of association from a note.
const TO_CONTACT: u32 = 202;
const TO_DEAL: u32 = 214;

/// Where a note is.
pub(crate) struct On {
    pub(crate) contact_id: RecordId,
    pub(crate) deal_id: Option<RecordId>,
}

impl On {
    /// Makes the note.
    pub(crate) async fn log(
        &self,
        summary: &str,
        next_step: Option<&str>,
        settings: &Settings,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let properties = Properties::default()
            .set(BODY, Some(body(summary, next_step, cx.key())))
            .set("hs_timestamp", Some(cx.first_attempt_at().to_string()));
        let mut on = NewAssociations::default().with(self.contact_id.as_str(), TO_CONTACT);
        if let Some(deal_id) = &self.deal_id {
            on = on.with(deal_id.as_str(), TO_DEAL);
        }
        let made = hubspot(cx).create(NOTES, &properties, &on).await?;
        Ok(self.logged(settings, &made.id))
    }

    /// Finds the note again.
    pub(crate) async fn find(&self, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
        settled(hubspot(cx).with_key(NOTES, BODY).await?, settings, cx, |id| self.logged(settings, id))
    }

    fn logged(&self, settings: &Settings, note_id: &str) -> Outcome {
        let contact_id = &self.contact_id;
        let text = match &self.deal_id {
            Some(deal_id) => format!("the call is logged on contact {contact_id} and deal {deal_id} as note {note_id}"),
            None => format!("the call is logged on contact {contact_id} as note {note_id}"),
        };
        Outcome::new(text).with_receipt(settings.receipt_on_contact("note", note_id, contact_id.as_str()))
    }
}

fn body(summary: &str, next_step: Option<&str>, key: &str) -> String {
    let mut body = keyed::paragraph(summary);
    if let Some(next_step) = next_step.filter(|next_step| !next_step.trim().is_empty()) {
        body.push_str(&format!("<p><strong>Next step:</strong> {}</p>", keyed::escape(next_step)));
    }
    body + &keyed::reference(key)
}
