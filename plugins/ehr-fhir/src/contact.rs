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
    match cx.fact("call.contact") {
        Some(Value::String(contact)) => check(&server, patient, &contact).await?,
        _ if !server.settings.contact_required => {}
        Some(_) => {
            return Err(Failure::denied("this call has no number, without which no patient_id is taken here"));
        }
        None => {
            let why = "the plugin isn't granted the fact `call.contact`, without which no patient_id is taken";
            return Err(Failure::of_settings(&["contact_required"], why));
        }
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
