//! What a caller has booked: the events that were booked here for a telephone number, and are still to come.
//!
//! An event keeps the number in a property of its own, so that nothing that was said is searched for it. One that was
//! booked without a number is nobody's.

use aftercall::{Answer, Context, Failure, PhoneNumber};
use schemars::JsonSchema;
use serde::Serialize;

use crate::office::Office;
use crate::person::one_line;
use crate::settings::first_attempt;
use crate::slot::Slot;
use crate::vendor::Kept;

/// How many bookings are told. Protects the model's context.
const BOOKINGS_MAX: usize = 10;

/// The events of a number, as a calendar tells of them.
pub(crate) struct Listed {
    pub(crate) events: Vec<Kept>,
    /// Whether the calendar has more than these.
    pub(crate) more: bool,
}

/// What `find_bookings` found.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Bookings {
    /// The next first.
    bookings: Vec<Booking>,
    /// Whether there are more than these.
    more: bool,
}

/// An appointment or a callback that is to come.
#[derive(Serialize, JsonSchema)]
struct Booking {
    event_id: String,
    title: String,
    /// RFC 3339, at the offset of the people whose calendar it is. Absent: it repeats, or takes whole days, and a person has
    /// to change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<String>,
}

impl Office {
    /// What is booked for a number from the first attempt on.
    pub(crate) async fn bookings(&self, cx: &Context, phone: &PhoneNumber) -> Result<Answer<Bookings>, Failure> {
        let now = first_attempt(cx)?;
        let Listed { mut events, mut more } = self.vendor.booked_for(cx, phone, now).await?;
        // A server may give more than what fits.
        events
            .retain(|kept| kept.is_for(phone) && !kept.cancelled && kept.movable().is_none_or(|span| span.ends > now));
        events.sort_by_key(|kept| kept.movable().map(|span| span.starts));
        more |= events.len() > BOOKINGS_MAX;
        events.truncate(BOOKINGS_MAX);
        let mut lines = vec![match events.len() {
            0 => format!("nothing that is to come is booked for {phone}"),
            1 => format!("one booking of {phone}:"),
            several => format!("{several} bookings of {phone}:"),
        }];
        let mut bookings = Vec::new();
        for kept in &events {
            let slot = kept.movable().map(|span| Slot::of(&self.settings, span)).transpose()?;
            let title = one_line(kept.title.as_deref().unwrap_or_default());
            let when = slot.as_ref().map_or_else(|| "only a person can change it".to_owned(), Slot::words);
            lines.push(format!("{title}: {when}, event_id {}", kept.key));
            let (starts_at, ends_at) = slot.map(|slot| slot.rfc3339()).unzip();
            bookings.push(Booking { event_id: kept.key.clone(), title, starts_at, ends_at });
        }
        if more {
            lines.push("there are more".to_owned());
        }
        Ok(Answer::new(lines.join("\n"), Bookings { bookings, more }))
    }
}
