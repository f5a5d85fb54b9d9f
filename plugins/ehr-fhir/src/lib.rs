//! Patients and appointments in an EHR, over FHIR R4's REST API.
//!
//! An appointment is confirmed by a conditional update: read, changed, and put back only if nobody changed it
//! meanwhile (<https://hl7.org/fhir/R4/http.html#concurrency>). Repeated, it finds the appointment booked, and that is
//! its success too. The plugin refuses to change a resource that has no version, and an appointment that isn't of
//! the patient it was asked for.

mod appointment;
mod arguments;
mod fhir;
mod patient;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Failure, FailureKind, Outcome, PhoneNumber, Receipt};

    use crate::appointment::{Appointment, Elements, FoundAppointments, Step, Visit};
    use crate::arguments::{Day, ResourceId};
    use crate::fhir::{self, Page, Server};
    use crate::patient::{FoundPatients, Patient, Person};

    /// How many patients a search brings. Protects the model's context, and people's data.
    const PATIENTS_MAX: usize = 10;
    /// How many appointments a search brings. Protects the model's context.
    const APPOINTMENTS_MAX: usize = 20;
    /// How often an appointment is read and put back. It changes rarely; whatever changes it twice at that moment is at work on it.
    const TRIES_MAX: usize = 2;

    /// Finds patients of the clinic by telephone number, or by family name and birth date; best by all three. Several
    /// people may share a number: make sure by the birth date who is meant before you speak of appointments.
    #[tool(effect = read, title = "Find a patient")]
    async fn find_patient(
        phone: Option<PhoneNumber>,
        /// The family name, or its beginning. It is compared without regard to capitals.
        #[schemars(length(min = 1, max = 100))]
        family_name: Option<String>,
        /// The day of birth, such as 1971-04-23.
        birth_date: Option<Day>,
        cx: &Context,
    ) -> Result<Answer<FoundPatients>, Failure> {
        let family_name = family_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        if phone.is_none() && (family_name.is_none() || birth_date.is_none()) {
            return Err(Failure::invalid_arguments("give a telephone number, or a family name and a birth date"));
        }
        let server: Server = cx.settings()?;
        let mut parameters = Vec::new();
        parameters.extend(phone.map(|phone| ("phone", fhir::escape(phone.as_str()))));
        parameters.extend(family_name.map(|name| ("family", fhir::escape(name))));
        parameters.extend(birth_date.map(|day| ("birthdate", day.to_string())));
        parameters.push(("_elements", Patient::ELEMENTS.to_owned()));
        let page: Page<Patient> = server.search(cx, "Patient", &parameters, PATIENTS_MAX).await?;
        let patients: Vec<Person> = page.found.into_iter().filter(Patient::in_use).map(Person::from).collect();
        let text = match &patients[..] {
            _ if page.more => format!("more than these {} patients fit: search by all that you know", patients.len()),
            [] => "no patient fits".to_owned(),
            [only] => format!("one patient, patient_id {}", only.patient_id),
            several => format!("{} patients", several.len()),
        };
        Ok(Answer::new(text, FoundPatients { patients }))
    }

    /// Finds a patient's appointments, with their status, time, practitioner and place.
    #[tool(effect = read, title = "Find appointments")]
    async fn find_appointments(
        /// The patient's id, from find_patient.
        patient_id: ResourceId,
        /// The first day to look at, such as 2026-03-01. With it, the earliest appointments come first; without, the latest.
        from: Option<Day>,
        /// The last day to look at, such as 2026-03-31.
        to: Option<Day>,
        cx: &Context,
    ) -> Result<Answer<FoundAppointments>, Failure> {
        if from.is_some_and(|from| to.is_some_and(|to| to < from)) {
            return Err(Failure::invalid_arguments("`to` is before `from`: give the earlier day as `from`"));
        }
        let server: Server = cx.settings()?;
        let mut parameters = vec![("patient", patient_id.to_string())];
        parameters.extend(from.map(|day| ("date", format!("ge{day}"))));
        parameters.extend(to.map(|day| ("date", format!("le{day}"))));
        parameters.push(("_sort", if from.is_some() { "date" } else { "-date" }.to_owned()));
        let page: Page<Appointment> = server.search(cx, "Appointment", &parameters, APPOINTMENTS_MAX).await?;
        let appointments: Vec<Visit> = page.found.into_iter().map(Visit::from).collect();
        let text = match &appointments[..] {
            _ if page.more => format!("there are more than these {} appointments: give fewer days", appointments.len()),
            [] => format!("patient {patient_id} has no appointment then"),
            [only] => format!("one appointment, appointment_id {}, {}", only.appointment_id, only.status),
            several => format!("{} appointments", several.len()),
        };
        Ok(Answer::new(text, FoundAppointments { appointments }))
    }

    /// Confirms a patient's appointment that is proposed or pending: it is booked then. Use it only where the caller
    /// said that they will come, and after find_appointments.
    #[tool(effect = idempotent, identity = [appointment_id], title = "Confirm an appointment")]
    async fn confirm_appointment(
        /// The appointment's id, from find_appointments.
        appointment_id: ResourceId,
        /// The id of the patient whose appointment it is, from find_patient.
        patient_id: ResourceId,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server: Server = cx.settings()?;
        let url = server.url("Appointment", &appointment_id);
        let receipt = || Receipt::new("appointment", appointment_id.as_str()).with_url(url.as_str());
        let mut refused = None;
        for _ in 0..TRIES_MAX {
            let read = server.get(cx, url.as_str()).send().await?.ok()?;
            let appointment: Appointment = read.json()?;
            let named = appointment.named();
            if appointment.id != appointment_id.as_str() {
                return Err(Failure::other(format!("the server gave {named} for appointment {appointment_id}")));
            }
            if appointment.confirm(&server, &patient_id)? == Step::Nothing {
                return Ok(Outcome::new(format!("{named} was booked already")).with_receipt(receipt()));
            }
            let Some(entity_tag) = read.header("etag").map(str::to_owned).or_else(|| appointment.entity_tag()) else {
                return Err(Failure::other(format!("the server gives no version of {named}, so nothing was changed")));
            };
            let mut elements: Elements = read.json()?;
            elements.book(&appointment, &server, &patient_id)?;
            let update = server.put(cx, url.as_str(), &elements).header("if-match", &entity_tag);
            match update.send().await?.ok() {
                // A server may answer without the resource.
                Ok(done) if done.text().is_empty() || done.json::<Appointment>()?.is_booked() => {
                    return Ok(Outcome::new(format!("{named} is confirmed")).with_receipt(receipt()));
                }
                Ok(_) => return Err(Failure::conflict(format!("the server doesn't book {named}; the clinic has to"))),
                // Somebody was faster: 412, and 409 of some servers.
                Err(failure) if failure.kind == FailureKind::Conflict => refused = Some(failure),
                Err(failure) => return Err(failure),
            }
        }
        let failure = refused.expect("the loop ends by a refusal alone");
        let advice = "it is being changed by somebody else: look at it again with find_appointments";
        let message = format!("appointment {appointment_id} can't be confirmed now, {advice} ({})", failure.message);
        Err(Failure { message, ..failure })
    }
}
