//! Whether a patient is one of those whom the call was with: whose number was on the line.
//!
//! A patient's id is a word that anybody may say. Where the tenant lets the plugin know the call's number, the tools that
//! take an id work for patients with that number alone. What is in doubt has passed here before, and is settled without.

use aftercall::{Context, Failure};
use serde_json::Value;

use crate::arguments::ResourceId;
use crate::fhir::{Page, Search, Server, escape};
use crate::patient::Patient;

/// The server, for what is asked of this patient. One who isn't the call's is as if there were none.
pub(crate) async fn server_for<'a>(cx: &'a Context, patient: &ResourceId) -> Result<Server<'a>, Failure> {
    let server = Server::of(cx)?;
    match cx.fact("call.contact").as_ref().and_then(Value::as_str) {
        Some(contact) => check(&server, patient, contact).await?,
        None if server.settings.contact_required => {
            return Err(Failure::denied(
                "the number of this call isn't known, without which the setting `contact_required` lets no \
                 patient_id be taken",
            ));
        }
        None => {}
    }
    Ok(server)
}

async fn check(server: &Server<'_>, patient: &ResourceId, contact: &str) -> Result<(), Failure> {
    let parameters = [("_id", patient.to_string()), ("phone", escape(contact)), ("_elements", "telecom".to_owned())];
    let search = Search { kind: "Patient", parameters: &parameters, limit: 1 };
    let is_it = |found: &Patient| found.id == patient.as_str() && found.has_number(contact) == Some(true);
    let page: Page<Patient> = server.search(&search, is_it).await?;
    if page.found.is_empty() {
        let advice = "take the patient_id from find_patient";
        return Err(Failure::not_found(format!("no patient {patient} has the number of this call; {advice}")));
    }
    Ok(())
}
