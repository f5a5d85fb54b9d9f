//! Notes: what was said, on a contact and on its deal.
//! Shapes: <https://developers.hubspot.com/docs/api-reference/latest/crm/activities/notes/guide>.

use aftercall::{Context, Failure, Finding, Outcome};

use crate::arguments::RecordId;
use crate::hubspot::{self, AssociationTypes, Object, Properties};
use crate::settings::Settings;
use crate::{keyed, refusal};

const TYPES: AssociationTypes = AssociationTypes { to_contact: 202, to_deal: 214 };

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
            .set("hs_note_body", Some(body(summary, next_step, cx.key())))
            .set("hs_timestamp", Some(cx.first_attempt_at().to_string()));
        let note = hubspot::create(&properties, &TYPES, &self.contact_id, self.deal_id.as_ref());
        let answer = cx.post(hubspot::url("notes")).json(&note).send().await?;
        let made: Object = refusal::told(answer)?.json()?;
        Ok(self.logged(settings, &made.id))
    }

    /// Finds the note again.
    pub(crate) async fn find(&self, settings: &Settings, cx: &Context) -> Result<Finding, Failure> {
        keyed::find("notes", "hs_note_body", settings, cx, |id| self.logged(settings, id)).await
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
