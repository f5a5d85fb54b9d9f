//! What the tools do, whoever keeps the calendar: look what is taken, book, move and cancel.

use aftercall::{Answer, Context, Failure, Outcome, PhoneNumber};

use crate::clock::{Day, MINUTE_S};
use crate::free::{self, FreeTimes, STRETCHES_MAX, Stretch};
use crate::hours::Kind;
use crate::settings::{Settings, call_ended, first_attempt};
use crate::slot::{Booked, Slot, Span};
use crate::vendor::{Changed, Kept, Move, NewEvent, Vendor};

/// How often an event is read and changed. It changes rarely; whatever changes it twice at that moment is at work on it.
const TRIES_MAX: usize = 2;

/// The people whose calendar it is.
pub(crate) struct Office {
    pub(crate) settings: Settings,
    pub(crate) vendor: Vendor,
}

impl Office {
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        let settings = Settings::of(cx)?;
        let vendor = settings.vendor()?;
        Ok(Self { settings, vendor })
    }

    /// The slot that begins at this local time, if there is one such time that is to come, and people work then.
    pub(crate) fn slot(&self, cx: &Context, day: Day, time: &str, length_s: i64, kind: Kind) -> Result<Slot, Failure> {
        let slot = Slot::at(&self.settings, day, time, length_s)?;
        if let Some(ended) = call_ended(cx).filter(|ended| slot.span.starts <= *ended) {
            let ended = Slot::of(&self.settings, Span { starts: ended, ends: ended })?;
            return Err(Failure::invalid_arguments(format!(
                "{} had passed when the call ended, on {}: work the date out from that day",
                slot.words(),
                ended.words()
            )));
        }
        self.settings.hours()?.check(slot.day(), slot.time(), length_s, kind, &self.settings.time_zone)?;
        Ok(slot)
    }

    pub(crate) async fn free_times(
        &self,
        cx: &Context,
        first: Day,
        days: i64,
        length_s: i64,
    ) -> Result<Answer<FreeTimes>, Failure> {
        let (zone, hours) = (self.settings.zone()?, self.settings.hours()?);
        let now = first_attempt(cx)?;
        let working = (0..days).filter_map(|ahead| free::working_time(&hours, zone, first.plus(ahead)));
        let working: Vec<Span> = working.filter(|span| span.ends > now).collect();
        let (Some(earliest), Some(latest)) = (working.first(), working.last()) else {
            let today = zone.local(now).day();
            let weekday = today.weekday();
            return Err(Failure::invalid_arguments(format!(
                "nobody works from {first} on for {days} days, or they have passed; today is {weekday} {today}"
            )));
        };
        let taken = self.vendor.taken(cx, Span { starts: earliest.starts, ends: latest.ends }, None).await?;
        let of_day = |span: &Span| free::stretches(*span, &taken, length_s, zone, now);
        let mut stretches: Vec<Stretch> = working.iter().flat_map(of_day).collect();
        let more = stretches.len() > STRETCHES_MAX;
        stretches.truncate(STRETCHES_MAX);
        let minutes = length_s / MINUTE_S;
        let text = match (stretches.is_empty(), more) {
            (true, _) => format!("no {minutes} minutes are free in these days: look at later ones"),
            (false, false) => format!("{minutes} minutes are free:\n{}", free::words(&stretches)),
            (false, true) => {
                format!("{minutes} minutes are free, and later on too:\n{}", free::words(&stretches))
            }
        };
        Ok(Answer::new(text, FreeTimes { free: stretches, more }))
    }

    /// Makes an event, where it isn't made yet.
    pub(crate) async fn book(&self, cx: &Context, event: &NewEvent<'_>, kind: Kind) -> Result<Answer<Booked>, Failure> {
        let kept = self.vendor.make(cx, event).await?;
        self.as_asked(&kept, event, kind)
    }

    /// The same, where the time is free.
    pub(crate) async fn book_if_free(
        &self,
        cx: &Context,
        event: &NewEvent<'_>,
        slot: &Slot,
    ) -> Result<Answer<Booked>, Failure> {
        // An earlier attempt's event would take its own time.
        if let Some(kept) = self.vendor.event(cx, event.key).await? {
            return self.as_asked(&kept, event, Kind::Appointment);
        }
        self.check_free(cx, slot, None).await?;
        self.book(cx, event, Kind::Appointment).await
    }

    /// Nothing, where what is booked again was cancelled before.
    pub(crate) async fn check_gone(&self, cx: &Context, key: &str) -> Result<(), Failure> {
        match self.vendor.event(cx, key).await? {
            Some(kept) if !kept.cancelled => Err(Failure::conflict(format!(
                "event {key}, which instead_of names, is still in the calendar, and nothing was booked: cancel it first, \
                 or leave instead_of out"
            ))),
            _ => Ok(()),
        }
    }

    /// Moves an event, of whoever has this number where one is given, to where this local time is, as long as it is.
    pub(crate) async fn shift(
        &self,
        cx: &Context,
        key: &str,
        phone: Option<&PhoneNumber>,
        (day, time): (Day, &str),
    ) -> Result<Answer<Booked>, Failure> {
        for _ in 0..TRIES_MAX {
            let kept = self.there(cx, key).await?;
            let kept = of_caller(kept, phone).ok_or_else(|| not_there(key))?;
            let now = movable(&kept)?;
            let slot = self.slot(cx, day, time, now.length(), Kind::Appointment)?;
            if slot.span == now {
                return self.moved(&kept, &slot);
            }
            if kept.is_moved_by(cx.key()) {
                return Err(Failure::conflict(format!(
                    "event {key} was moved in this conversation before, and is {} now; nothing was changed",
                    self.when(&kept)?
                )));
            }
            self.check_free(cx, &slot, Some(&kept)).await?;
            let to = Move { key: cx.key(), stamp: first_attempt(cx)?, span: slot.span };
            if self.vendor.shift(cx, &kept, &to).await? == Changed::Done {
                return self.moved(&kept, &slot);
            }
        }
        Err(at_work(key))
    }

    /// An event that isn't there is no success, at no attempt: a call that follows a mistaken one is a second attempt too.
    /// Where an attempt before may have deleted it, `reconcile` tells.
    pub(crate) async fn cancel(
        &self,
        cx: &Context,
        key: &str,
        phone: Option<&PhoneNumber>,
    ) -> Result<Outcome, Failure> {
        for _ in 0..TRIES_MAX {
            let kept = self.vendor.event(cx, key).await?;
            let kept = of_caller(kept, phone).ok_or_else(|| not_there(key))?;
            if kept.cancelled {
                return Ok(self.gone(key));
            }
            if kept.repeats {
                return Err(Failure::conflict(format!(
                    "event {key} repeats: a person has to cancel it in the calendar"
                )));
            }
            if self.vendor.delete(cx, &kept).await? == Changed::Done {
                let text = match kept.span.map(|span| Slot::of(&self.settings, span)).transpose()? {
                    Some(slot) => format!("the appointment of {} is cancelled", slot.words()),
                    None => "the appointment is cancelled".to_owned(),
                };
                return Ok(Outcome::new(text).with_receipt(kept.receipt));
            }
        }
        Err(at_work(key))
    }

    /// The event of this key, where it isn't cancelled.
    pub(crate) async fn there(&self, cx: &Context, key: &str) -> Result<Option<Kept>, Failure> {
        Ok(self.vendor.event(cx, key).await?.filter(|kept| !kept.cancelled))
    }

    /// Nothing, where a slot is free but for what an event of ours takes now; else words about what is free nearby.
    async fn check_free(&self, cx: &Context, slot: &Slot, but: Option<&Kept>) -> Result<(), Failure> {
        let (zone, hours) = (self.settings.zone()?, self.settings.hours()?);
        let asked = slot.span;
        let working = free::working_time(&hours, zone, slot.day()).unwrap_or(asked);
        let around = Span { starts: working.starts.min(asked.starts), ends: working.ends.max(asked.ends) };
        let taken = self.vendor.taken(cx, around, but).await?;
        if !taken.iter().any(|span| span.overlaps(&asked)) {
            return Ok(());
        }
        let free = free::stretches(working, &taken, asked.length(), zone, first_attempt(cx)?);
        let free = free::nearest(free, slot.time());
        let nearby = match free.is_empty() {
            true => "nothing of this length is free that day: look for another with find_free_times".to_owned(),
            false => format!("free nearby: {}; for other days call find_free_times", free::words(&free)),
        };
        Err(Failure::conflict(format!("{} is taken, and nothing was changed; {nearby}", slot.words())))
    }

    /// An event that is there, if it is what was asked for: under one key there may have been other calls before.
    fn as_asked(&self, kept: &Kept, event: &NewEvent<'_>, kind: Kind) -> Result<Answer<Booked>, Failure> {
        if kept.is(event.span, event.title) && !kept.cancelled {
            return self.booked(kept, event.span, kind);
        }
        Err(Failure::conflict(self.otherwise(kept, kind)?))
    }

    /// What there is in place of what is asked for.
    pub(crate) fn otherwise(&self, kept: &Kept, kind: Kind) -> Result<String, Failure> {
        let (name, key) = (kind.name(), &kept.key);
        if kept.cancelled {
            return Ok(format!(
                "the {name} was booked, and was cancelled in the calendar since: to book it again, give instead_of = {key}"
            ));
        }
        let (title, when) = (kept.title.as_deref().unwrap_or_default(), self.when(kept)?);
        Ok(format!(
            "the {name} is in the calendar already, and not as it is asked for now: {title:?} {when}, event_id {key}; \
             nothing was changed: move_appointment moves it, cancel_appointment cancels it"
        ))
    }

    /// When an event is, in words.
    pub(crate) fn when(&self, kept: &Kept) -> Result<String, Failure> {
        let slot = kept.span.map(|span| Slot::of(&self.settings, span)).transpose()?;
        Ok(slot.map_or_else(|| "at no time of day".to_owned(), |slot| format!("on {}", slot.words())))
    }

    pub(crate) fn booked(&self, kept: &Kept, span: Span, kind: Kind) -> Result<Answer<Booked>, Failure> {
        let slot = Slot::of(&self.settings, span)?;
        let text = match kind {
            Kind::Callback => format!("the callback is in the calendar, {}", slot.words()),
            Kind::Appointment => format!("the appointment is in the calendar, {}, event_id {}", slot.words(), kept.key),
        };
        Ok(Answer::new(text, slot.booked(&kept.key)).with_receipt(kept.receipt.clone()))
    }

    pub(crate) fn moved(&self, kept: &Kept, slot: &Slot) -> Result<Answer<Booked>, Failure> {
        let text = format!("the appointment is moved to {}, event_id {}", slot.words(), kept.key);
        Ok(Answer::new(text, slot.booked(&kept.key)).with_receipt(kept.receipt.clone()))
    }

    pub(crate) fn gone(&self, key: &str) -> Outcome {
        let text = format!("event {key} is not in the calendar any more: it is cancelled");
        Outcome::new(text).with_receipt(self.vendor.receipt(key))
    }
}

/// The event, if it is of whoever has this number, where one is given. Another is as one that isn't there, so that nobody
/// learns of it.
fn of_caller(kept: Option<Kept>, phone: Option<&PhoneNumber>) -> Option<Kept> {
    kept.filter(|kept| phone.is_none_or(|phone| kept.is_for(phone)))
}

/// When an event is, where it can be moved.
fn movable(kept: &Kept) -> Result<Span, Failure> {
    let key = &kept.key;
    if kept.repeats {
        return Err(Failure::conflict(format!("event {key} repeats: a person has to move it in the calendar")));
    }
    kept.span.ok_or_else(|| {
        Failure::conflict(format!("event {key} has no time of day any more: a person has to move it in the calendar"))
    })
}

fn not_there(key: &str) -> Failure {
    Failure::not_found(format!(
        "no event {key} is in the calendar: it was cancelled before, or event_id isn't the one that booking it gave; \
         find_bookings tells those of a caller"
    ))
}

fn at_work(key: &str) -> Failure {
    Failure::conflict(format!("event {key} is being changed by somebody else, and nothing was done: try again later"))
}
