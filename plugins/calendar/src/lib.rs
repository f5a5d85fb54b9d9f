//! Callbacks in a calendar over CalDAV (RFC 4791), an iCalendar event (RFC 5545) each.
//!
//! CalDAV takes no idempotency key and needs none: the event's UID and its address are the effect's key, and it is put
//! only where nothing is yet, so a repeated request changes nothing. The plugin reads no clock and refuses no date that
//! has passed: a call that is replayed later has to end as it did.

mod calendar;
mod ical;

/// The plugin's tools.
#[aftercall::plugin]
pub mod tools {
    use aftercall::{Answer, Context, Failure, PhoneNumber, Receipt};

    use crate::calendar::{self, Booked, Calendar};
    use crate::ical::{self, Event};

    /// Books a callback: an entry in the calendar of the people who call back. Use it where the caller was promised a
    /// call, or asked for one, at a day and time that were said. One callback for each person in a conversation.
    #[tool(effect = idempotent, identity = [phone], title = "Book a callback")]
    async fn book_callback(
        /// The number to call, in E.164, such as +14155550123.
        phone: PhoneNumber,
        /// The day, such as 2026-03-31. Work it out from the day of the call: "Tuesday" is the first one after it.
        #[schemars(regex(pattern = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))]
        date: String,
        /// When to call on that day, as the clock of the people who call back shows it, in 24 hours, such as 14:30.
        #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
        time: String,
        /// Who is to be called.
        #[schemars(length(max = 200))]
        name: Option<String>,
        /// What it is about, in a sentence or two, for the person who calls back.
        #[schemars(length(min = 1, max = 500))]
        about: String,
        cx: &Context,
    ) -> Result<Answer<Booked>, Failure> {
        let calendar: Calendar = cx.settings()?;
        let slot = calendar.slot(&date, &time)?;
        let who = name.map_or_else(|| phone.to_string(), |name| format!("{}, {phone}", name.trim()));
        let event = Event {
            uid: cx.key(),
            // Of the first attempt, so that each attempt sends the same bytes.
            stamp: calendar::instant(cx.first_attempt_at())?,
            starts: slot.starts.timestamp(),
            ends: slot.ends.timestamp(),
            summary: &format!("Call back {who}"),
            description: &format!("{}\n\nTelephone: {phone}", about.trim()),
        };
        let url = calendar.event_url(cx.key());
        let put = cx.put(&url).header("if-none-match", "*").body(ical::MEDIA_TYPE, event.to_ical());
        let answer = put.send().await?;
        if answer.status() == 412 {
            // Something is there: an earlier attempt's event, if it is this one.
            let there = cx.get(&url).send().await?.ok()?;
            if !ical::has_uid(&there.text(), cx.key()) {
                return Err(Failure::conflict(format!("another event is at {url}; nothing was booked")));
            }
        } else {
            calendar.taken(answer)?;
        }
        let receipt = Receipt::new("event", cx.key()).with_url(url);
        Ok(Answer::new(slot.words(), slot.booked(cx.key())).with_receipt(receipt))
    }
}
