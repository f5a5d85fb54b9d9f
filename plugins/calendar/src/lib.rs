//! Callbacks and appointments in a calendar: over CalDAV (RFC 4791), an iCalendar event (RFC 5545) each, or in Google
//! Calendar.
//!
//! Neither takes an idempotency key, and neither needs one: the event's id is made of the effect's key, and an id is
//! taken once, so a repeated request changes nothing. An event is changed only as it was read, and names the effects
//! that moved it. What has passed is told from the end of the call, not from a clock: a call that is replayed later has to
//! end as it did. The plugin changes no event that wasn't booked by it, and none that repeats.
//!
//! An effect's key is of the conversation and the identity arguments. What is done is not done again under its key, so
//! that what was undone since has to differ in one: `instead_of`.

mod arguments;
mod bookings;
mod caldav;
mod clock;
mod doubt;
mod free;
mod google;
mod hours;
mod ical;
mod office;
mod person;
mod settings;
mod slot;
mod vendor;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Day, Email, Failure, Finding, Outcome, PhoneNumber, Text};

    use crate::arguments::EventId;
    use crate::bookings::Bookings;
    use crate::clock::MINUTE_S;
    use crate::free::FreeTimes;
    use crate::hours::Kind;
    use crate::office::Office;
    use crate::person::{Person, one_line};
    use crate::settings::first_attempt;
    use crate::slot::{Booked, Slot};
    use crate::vendor::NewEvent;

    /// How many days are searched for free time. Protects the calendar's server, and the model's context.
    const DAYS_MAX: u32 = 31;
    /// The shortest and the longest appointment.
    const APPOINTMENT_MINUTES: std::ops::RangeInclusive<u32> = 5..=480;

    /// Books a callback: an entry in the calendar of the people who call back. Use it where the caller was promised a
    /// call, or asked for one, at a day and time that were said. One callback for each person in a conversation: to
    /// change its time, move it.
    #[tool(effect = idempotent, identity = [phone, instead_of], reconcile = find_callback, title = "Book a callback")]
    async fn book_callback(
        /// The number to call, in E.164, such as +14155550123.
        phone: PhoneNumber,
        /// The day, such as 2026-03-31. Work it out from the day of the call: "Tuesday" is the first one after it.
        date: Day,
        /// When to call on that day, as the clock of the people who call back shows it, in 24 hours, such as 14:30.
        #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
        time: String,
        /// Who is to be called.
        #[schemars(length(max = 200))]
        name: Option<String>,
        /// What it is about, in a sentence or two, for the person who calls back.
        #[schemars(length(max = 500))]
        about: Text,
        /// Only where a callback to this number was booked in this conversation and cancelled again: its event_id.
        instead_of: Option<EventId>,
        cx: &Context,
    ) -> Result<Answer<Booked>, Failure> {
        let office = Office::of(cx)?;
        let slot = office.slot(cx, date.into(), &time, office.settings.callback_length(), Kind::Callback)?;
        if let Some(cancelled) = instead_of {
            office.check_gone(cx, cancelled.as_str()).await?;
        }
        let event = NewEvent {
            key: cx.key(),
            stamp: first_attempt(cx)?,
            span: slot.span,
            title: &callback_title(&phone, name.as_deref()),
            description: &format!("{}\n\nTelephone: {phone}", about.as_str().trim()),
            phone: Some(&phone),
        };
        office.book(cx, &event, Kind::Callback).await
    }

    async fn find_callback(
        phone: PhoneNumber,
        date: Day,
        time: String,
        name: Option<String>,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let office = Office::of(cx)?;
        let slot = Slot::at(&office.settings, date.into(), &time, office.settings.callback_length())?;
        office.find_booked(cx, slot.span, &callback_title(&phone, name.as_deref()), Kind::Callback).await
    }

    /// Finds free times for an appointment, within working hours. Use it before book_appointment or move_appointment
    /// where no time was agreed, or the one that was agreed is taken.
    #[tool(effect = read, title = "Find free times")]
    async fn find_free_times(
        /// The first day to look at, such as 2026-03-31. Work it out from the day of the call.
        first_date: Day,
        /// How many days to look at, that one included.
        #[schemars(range(min = 1, max = 31))]
        days: u32,
        /// How long the appointment takes.
        #[schemars(range(min = 5, max = 480))]
        minutes: u32,
        cx: &Context,
    ) -> Result<Answer<FreeTimes>, Failure> {
        let length_s = length(minutes)?;
        if !(1..=DAYS_MAX).contains(&days) {
            return Err(Failure::invalid_arguments(format!("days is {days}: give 1 to {DAYS_MAX}")));
        }
        Office::of(cx)?.free_times(cx, first_date.into(), days.into(), length_s).await
    }

    /// Books an appointment in the calendar. Use it where the caller agreed to a day and time that were said. A time that
    /// is taken is refused, with those that are free nearby. Its event_id is needed to move or cancel it.
    #[tool(
        effect = idempotent,
        identity = [date, time, instead_of],
        reconcile = find_appointment,
        title = "Book an appointment"
    )]
    async fn book_appointment(
        /// The day, such as 2026-03-31. Work it out from the day of the call: "Tuesday" is the first one after it.
        date: Day,
        /// When it begins on that day, as the clock of the office shows it, in 24 hours, such as 14:30.
        #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
        time: String,
        /// How long it takes.
        #[schemars(range(min = 5, max = 480))]
        minutes: u32,
        /// What it is, in a few words, such as "First consultation".
        #[schemars(length(max = 200))]
        title: Text,
        /// The name of the person who comes, as it was said.
        #[schemars(length(max = 200))]
        name: Text,
        /// Their telephone number, in E.164, such as +14155550123.
        phone: Option<PhoneNumber>,
        /// Their email address, such as ann@example.com, if they gave it.
        email: Option<Email>,
        /// What those who meet them should know, in a sentence or two.
        #[schemars(length(max = 2000))]
        notes: Option<String>,
        /// Only where this very time was booked in this conversation and cancelled again: the event_id that it had.
        instead_of: Option<EventId>,
        cx: &Context,
    ) -> Result<Answer<Booked>, Failure> {
        let (title, name) = (one_line(title.as_str()), one_line(name.as_str()));
        let office = Office::of(cx)?;
        let slot = office.slot(cx, date.into(), &time, length(minutes)?, Kind::Appointment)?;
        if let Some(cancelled) = instead_of {
            office.check_gone(cx, cancelled.as_str()).await?;
        }
        let person = Person { name: &name, phone, email };
        let event = NewEvent {
            key: cx.key(),
            stamp: first_attempt(cx)?,
            span: slot.span,
            title: &title,
            description: &person.description(notes.as_deref()),
            phone: person.phone.as_ref(),
        };
        office.book_if_free(cx, &event, &slot).await
    }

    async fn find_appointment(
        date: Day,
        time: String,
        minutes: u32,
        title: Text,
        cx: &Context,
    ) -> Result<Finding, Failure> {
        let office = Office::of(cx)?;
        let slot = Slot::at(&office.settings, date.into(), &time, length(minutes)?)?;
        office.find_booked(cx, slot.span, title.as_str(), Kind::Appointment).await
    }

    /// Finds the appointments and callbacks of a person that are booked and still to come, with the event_id that
    /// move_appointment and cancel_appointment need. Use it where the caller speaks of a booking from an earlier call.
    #[tool(effect = read, title = "Find a caller's bookings")]
    async fn find_bookings(
        /// The telephone number that they were booked for, in E.164, such as +14155550123.
        phone: PhoneNumber,
        cx: &Context,
    ) -> Result<Answer<Bookings>, Failure> {
        Office::of(cx)?.bookings(cx, &phone).await
    }

    /// Moves an appointment or a callback that was booked with these tools to another time; it stays as long as it is. A
    /// time that is taken is refused, with those that are free nearby. An event is moved once in a conversation: where it
    /// has to be at another time after that, cancel it and book it anew.
    #[tool(effect = idempotent, identity = [event_id], reconcile = find_moved, title = "Move an appointment")]
    async fn move_appointment(
        /// The event_id that booking it, or find_bookings, gave.
        event_id: EventId,
        /// The new day, such as 2026-03-31.
        date: Day,
        /// When it begins on that day, as the clock of the office shows it, in 24 hours, such as 14:30.
        #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
        time: String,
        /// The telephone number of the person whose booking it is, in E.164, such as +14155550123. With it, nobody else's is
        /// touched.
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Answer<Booked>, Failure> {
        Office::of(cx)?.shift(cx, event_id.as_str(), phone.as_ref(), (date.into(), &time)).await
    }

    async fn find_moved(event_id: EventId, date: Day, time: String, cx: &Context) -> Result<Finding, Failure> {
        Office::of(cx)?.find_moved(cx, event_id.as_str(), date.into(), &time).await
    }

    /// Cancels an appointment or a callback that was booked with these tools: it is taken out of the calendar.
    #[tool(effect = idempotent, identity = [event_id], reconcile = find_cancelled, title = "Cancel an appointment")]
    async fn cancel_appointment(
        /// The event_id that booking it, or find_bookings, gave.
        event_id: EventId,
        /// The telephone number of the person whose booking it is, in E.164, such as +14155550123. With it, nobody else's is
        /// touched.
        phone: Option<PhoneNumber>,
        cx: &Context,
    ) -> Result<Outcome, Failure> {
        Office::of(cx)?.cancel(cx, event_id.as_str(), phone.as_ref()).await
    }

    async fn find_cancelled(event_id: EventId, cx: &Context) -> Result<Finding, Failure> {
        Office::of(cx)?.find_cancelled(cx, event_id.as_str()).await
    }

    fn callback_title(phone: &PhoneNumber, name: Option<&str>) -> String {
        match name.map(one_line).filter(|name| !name.is_empty()) {
            Some(name) => format!("Call back {name}, {phone}"),
            None => format!("Call back {phone}"),
        }
    }

    /// In seconds.
    fn length(minutes: u32) -> Result<i64, Failure> {
        if APPOINTMENT_MINUTES.contains(&minutes) {
            return Ok(i64::from(minutes) * MINUTE_S);
        }
        let (least, most) = APPOINTMENT_MINUTES.into_inner();
        Err(Failure::invalid_arguments(format!("minutes is {minutes}: an appointment takes {least} to {most}")))
    }
}
