//! Whether a patient is one of those whom the call was with: whose number was on the line.
//!
//! A patient's id is a word that anybody may say. The tools that take one work for patients with the call's number alone,
//! unless the tenant says that any is to be believed. What is in doubt has passed here before, and is settled without.

use aftercall::{Context, Failure, PhoneNumber};
use serde_json::Value;

use crate::arguments::ResourceId;
use crate::fhir::{Page, Search, Server, escape};
use crate::patient::Patient;

/// The server, for what is asked of this patient. One who isn't the call's is as if there were none.
pub(crate) async fn server_for<'a>(cx: &'a Context, patient: &ResourceId) -> Result<Server<'a>, Failure> {
    let server = Server::of(cx)?;
    if !server.settings.any_patient {
        check(&server, patient, &number_of_call(cx)?).await?;
    }
    Ok(server)
}

/// The number that was on the line. One that was withheld is nobody's.
fn number_of_call(cx: &Context) -> Result<PhoneNumber, Failure> {
    let Some(contact) = cx.fact("call.contact") else {
        return Err(Failure::misconfigured(
            "no patient_id is taken without the call's number: grant the plugin the fact `call.contact`, or set \
             `any_patient`, with which any patient_id is believed",
        ));
    };
    contact.as_str().and_then(|contact| contact.parse().ok()).ok_or_else(|| {
        let why = match contact {
            Value::Null => "was withheld or isn't known",
            _ => "isn't a telephone number with its country",
        };
        Failure::denied(format!("the number of this call {why}, so that no patient is known to have been on the line"))
    })
}

async fn check(server: &Server<'_>, patient: &ResourceId, contact: &PhoneNumber) -> Result<(), Failure> {
    let parameters =
        [("_id", patient.to_string()), ("phone", escape(contact.as_str())), ("_elements", "telecom".to_owned())];
    let search = Search { kind: "Patient", parameters: &parameters, limit: 1 };
    let is_it = |found: &Patient| found.id == patient.as_str() && found.has_number(contact, server) == Some(true);
    let page: Page<Patient> = server.search(&search, is_it).await?;
    if page.found.is_empty() {
        let mut message =
            format!("no patient {patient} has the number of this call; take the patient_id from find_patient");
        if server.settings.national_numbers.is_none() {
            message.push_str(" (a record's number without its country counts only by the setting `national_numbers`)");
        }
        return Err(Failure::not_found(message));
    }
    Ok(())
}
