//! Patients, appointments and what a call leaves in a patient's record, in an EHR over FHIR R4's REST API.
//!
//! What exists is changed by a conditional update: read, changed, and put back only if nobody changed it meanwhile
//! (<https://hl7.org/fhir/R4/http.html#concurrency>). Repeated, it finds the resource as it was to be, and that is its
//! success too. What is new has an identifier with our key: it is made only where none has that, and one in doubt is
//! searched by it. An effect's key is of the conversation and the identity arguments: what was undone since has to differ
//! in one to be done again, which is what `instead_of` is for.
//!
//! The plugin refuses to change a resource that has no version, and an appointment that isn't of the patient it was asked
//! for; to book or cancel what is past; a patient whose number wasn't on the line, unless the tenant says that any may be
//! spoken of; and to follow a link away from what is searched.

mod arguments;
mod settings;

mod fhir;
mod refusal;

mod keyed;
mod versioned;

mod compare;

mod appointment;
mod patient;
mod slot;

mod contact;

mod booking;
mod change;
mod claim;

mod communication;
mod note;
mod task;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Day, Failure, Finding, Outcome, PhoneNumber, Text};

    use crate::appointment::{Appointment, FoundAppointments, Visit};
    use crate::arguments::ResourceId;
    use crate::booking::Booking;
    use crate::change::{Change, Wish};
    use crate::communication::{self, Communication, Direction};
    use crate::compare::may_lie_within;
    use crate::contact::server_for;
    use crate::fhir::{Page, Search, Server, in_utc};
    use crate::note::{self, Note};
    use crate::patient::{self, Found, FoundPatients};
    use crate::settings::service_names;
    use crate::slot::{self, FoundSlots, Wanted};
    use crate::task::{self, Priority, Task};

    /// How many appointments a search brings. Protects the model's context.
    const APPOINTMENTS_MAX: usize = 20;
    /// What is told where somebody was found who may have the number, and may not.
    const NONE_FOR_CERTAIN: &str = "no patient fits for certain, since a record doesn't show the number with its country: \
                                    search by family name and birth date too";

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
        let wanted = patient::Wanted { phone, family_name, birth_date };
        let Found { page, left_out } = patient::find(&wanted, &Server::of(cx)?).await?;
        let patients = page.found;
        let text = match &patients[..] {
            [] if page.more => "none of the first that the server gives fits: search by all that you know".to_owned(),
            _ if page.more => format!("more than these {} patients fit: search by all that you know", patients.len()),
            [] if left_out => NONE_FOR_CERTAIN.to_owned(),
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
        in_order(from, to)?;
        let server = server_for(cx, &patient_id).await?;
        let mut parameters = vec![("patient", patient_id.to_string())];
        parameters.extend(from.map(|day| ("date", format!("ge{day}"))));
        parameters.extend(to.map(|day| ("date", format!("le{day}"))));
        parameters.push(("_sort", if from.is_some() { "date" } else { "-date" }.to_owned()));
        let search = Search { kind: "Appointment", parameters: &parameters, limit: APPOINTMENTS_MAX };
        let fits = |appointment: &Appointment| {
            let start = appointment.start.as_deref();
            appointment.is_of(&server, &patient_id) && start.is_none_or(|start| may_lie_within(start, from, to))
        };
        let page: Page<Appointment> = server.search(&search, fits).await?;
        let appointments: Vec<Visit> = page.found.into_iter().map(Visit::from).collect();
        let text = match &appointments[..] {
            [] if page.more => "none of the first that the server gives fits: give fewer days".to_owned(),
            _ if page.more => format!("there are more than these {} appointments: give fewer days", appointments.len()),
            [] => format!("patient {patient_id} has no appointment then"),
            [only] => format!("one appointment, appointment_id {}, {}", only.appointment_id, only.status),
            several => format!("{} appointments", several.len()),
        };
        let text = text + in_utc(appointments.iter().filter_map(|appointment| appointment.start.as_ref()));
        Ok(Answer::new(text, FoundAppointments { appointments }))
    }

    /// Finds free slots, the earliest first: times at which an appointment can be booked. Offer some of them to the caller.
    #[tool(effect = read, title = "Find free slots")]
    async fn find_free_slots(
        /// The first day to look at, such as 2026-03-01. What is past is left out anyway.
        from: Option<Day>,
        /// The last day to look at, such as 2026-03-31.
        to: Option<Day>,
        /// What the appointment is for.
        #[choices(service_names)]
        service: Option<String>,
        /// The schedule_id of a slot that was found, for others with the same practitioner or at the same place.
        schedule_id: Option<ResourceId>,
        cx: &Context,
    ) -> Result<Answer<FoundSlots>, Failure> {
        in_order(from, to)?;
        let page = slot::find(&Wanted { from, to, service, schedule_id }, &Server::of(cx)?).await?;
        let slots = page.found;
        let text = match &slots[..] {
            [] if page.more => "none of the first that the server gives fits: give fewer days".to_owned(),
            _ if page.more => format!("there are more than these {} free slots: give fewer days", slots.len()),
            [] => "there is no free slot then".to_owned(),
            [only] => format!("one free slot, slot_id {}, {}", only.slot_id, only.start),
            several => format!("{} free slots", several.len()),
        };
        let text = text + in_utc(slots.iter().map(|slot| &slot.start));
        Ok(Answer::new(text, FoundSlots { slots }))
    }

    /// Books a free slot for a patient. Use it only for a slot that the caller chose, after find_free_slots.
    #[tool(
        effect = once,
        identity = [patient_id, slot_id, instead_of],
        reconcile = find_booking,
        title = "Book an appointment"
    )]
    async fn book_appointment(
        /// The patient's id, from find_patient.
        patient_id: ResourceId,
        /// The slot's id, from find_free_slots.
        slot_id: ResourceId,
        /// Why the patient comes, in the caller's words, such as "cough for two weeks".
        #[schemars(length(max = 500))]
        reason: Option<Text>,
        /// Only where this very slot was booked for this patient in this conversation and cancelled again: the
        /// appointment_id that it had.
        instead_of: Option<ResourceId>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Booking { patient_id, slot_id, reason, instead_of }.make(&server).await
    }

    async fn find_booking(patient_id: ResourceId, slot_id: ResourceId, cx: &Context) -> Result<Finding, Failure> {
        Booking { patient_id, slot_id, reason: None, instead_of: None }.find(&Server::of(cx)?).await
    }

    /// Confirms for the patient an appointment that is proposed or pending: it is booked then, unless the clinic has yet to
    /// accept it too. Use it only where the caller said that they will come, and after find_appointments.
    #[tool(effect = idempotent, identity = [appointment_id], reconcile = find_confirmation, title = "Confirm an appointment")]
    async fn confirm_appointment(
        /// The appointment's id, from find_appointments.
        appointment_id: ResourceId,
        /// The id of the patient whose appointment it is, from find_patient.
        patient_id: ResourceId,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Change { appointment_id, patient_id, wish: Wish::Confirm }.make(&server).await
    }

    async fn find_confirmation(
        appointment_id: ResourceId,
        patient_id: ResourceId,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        Change { appointment_id, patient_id, wish: Wish::Confirm }.find(&Server::of(cx)?).await
    }

    /// Cancels a patient's appointment that hasn't begun. Use it only where the caller said that they won't come, and
    /// after find_appointments.
    #[tool(effect = idempotent, identity = [appointment_id], reconcile = find_cancellation, title = "Cancel an appointment")]
    async fn cancel_appointment(
        /// The appointment's id, from find_appointments.
        appointment_id: ResourceId,
        /// The id of the patient whose appointment it is, from find_patient.
        patient_id: ResourceId,
        /// Why the patient doesn't come, in the caller's words, if they said so.
        #[schemars(length(max = 500))]
        reason: Option<Text>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Change { appointment_id, patient_id, wish: Wish::Cancel(reason) }.make(&server).await
    }

    async fn find_cancellation(
        appointment_id: ResourceId,
        patient_id: ResourceId,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        Change { appointment_id, patient_id, wish: Wish::Cancel(None) }.find(&Server::of(cx)?).await
    }

    /// Records what the patient said or asked on this call, or what they were told, in the patient's record. One for each
    /// patient and direction in a conversation, so put all of it in one text.
    #[tool(effect = once, identity = [patient_id, direction], reconcile = find_communication, title = "Record what was said")]
    async fn record_communication(
        /// The patient's id, from find_patient.
        patient_id: ResourceId,
        /// from_patient: what the patient said or asked; to_patient: what the patient was told.
        direction: Direction,
        /// What was said, as plain text.
        #[schemars(length(max = 10000))]
        text: Text,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Communication { patient_id, direction, text }.make(&server).await
    }

    async fn find_communication(patient_id: ResourceId, cx: &Context) -> Result<Finding, Failure> {
        communication::RECORD.find(&patient_id, &Server::of(cx)?).await
    }

    /// Writes a summary of this call as a note into the patient's record, for those who treat them. One note for each
    /// patient in a conversation.
    #[tool(effect = once, identity = [patient_id], reconcile = find_call_note, title = "Write a call note")]
    async fn write_call_note(
        /// The patient's id, from find_patient.
        patient_id: ResourceId,
        /// What was said and agreed, as plain text.
        #[schemars(length(max = 20000))]
        summary: Text,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Note { patient_id, summary }.make(&server).await
    }

    async fn find_call_note(patient_id: ResourceId, cx: &Context) -> Result<Finding, Failure> {
        note::RECORD.find(&patient_id, &Server::of(cx)?).await
    }

    /// Gives the clinic's staff a task about a patient, such as a prescription to renew or a call to return. One for each
    /// patient and title in a conversation.
    #[tool(effect = once, identity = [patient_id, title], reconcile = find_task, title = "Create a task")]
    async fn create_task(
        /// The patient's id, from find_patient.
        patient_id: ResourceId,
        /// What has to be done, in one line, such as "Call back about the blood test".
        #[schemars(length(max = 200))]
        title: Text,
        /// What whoever does it has to know, as plain text.
        #[schemars(length(max = 5000))]
        details: Option<Text>,
        /// routine: it can wait its turn; urgent: before what is routine; asap: as soon as anybody can.
        priority: Priority,
        /// The day by which it has to be done, such as 2026-03-31, if one was promised.
        due: Option<Day>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        let server = server_for(cx, &patient_id).await?;
        Task { patient_id, title, details, priority, due }.make(&server).await
    }

    async fn find_task(patient_id: ResourceId, cx: &Context) -> Result<Finding, Failure> {
        task::RECORD.find(&patient_id, &Server::of(cx)?).await
    }

    fn in_order(from: Option<Day>, to: Option<Day>) -> Result<(), Failure> {
        if from.is_some_and(|from| to.is_some_and(|to| to < from)) {
            return Err(Failure::invalid_arguments("`to` is before `from`: give the earlier day as `from`"));
        }
        Ok(())
    }
}
