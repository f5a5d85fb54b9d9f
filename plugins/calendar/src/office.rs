//! What the tools do, whoever keeps the calendar: look what is taken, book, move and cancel.

use aftercall::{Answer, Context, Failure, Outcome};
use jiff::civil::Date;
use jiff::{SignedDuration, ToSpan as _};

use crate::free::{self, FreeTimes, STRETCHES_MAX, Stretch};
use crate::hours::{Kind, too_far};
use crate::settings::{Settings, first_attempt};
use crate::slot::{Booked, Slot, Span};
use crate::vendor::{Changed, Kept, Move, NewEvent, Vendor};

/// How often an event is read and changed. It changes rarely; whatever changes it twice at that moment is at work on it.
const TRIES_MAX: usize = 2;

/// The people whose calendar it is.
pub(crate) struct Office {
    pub(crate) settings: Settings,
    vendor: Vendor,
}

impl Office {
    pub(crate) fn of(cx: &Context) -> Result<Self, Failure> {
        let settings = Settings::of(cx)?;
        let vendor = settings.vendor()?;
        Ok(Self { settings, vendor })
    }

    pub(crate) async fn free_times(
        &self,
        cx: &Context,
        first: Date,
        days: i64,
        length: SignedDuration,
    ) -> Result<Answer<FreeTimes>, Failure> {
        let (zone, hours) = (self.settings.zone()?, self.settings.hours()?);
        let now = first_attempt(cx)?;
        let mut working = Vec::new();
        for ahead in 0..days {
            let day = first.checked_add(ahead.days()).map_err(|_| too_far(first))?;
            working.extend(free::working_time(&hours, &zone, day)?);
        }
        working.retain(|span| span.ends > now);
        let (Some(earliest), Some(latest)) = (working.first(), working.last()) else {
            let today = now.to_zoned(zone).strftime("%A %Y-%m-%d").to_string();
            let message =
                format!("nobody works from {first} on for {days} days, or they have passed; today is {today}");
            return Err(Failure::invalid_arguments(message));
        };
        let taken = self.vendor.taken(cx, Span { starts: earliest.starts, ends: latest.ends }).await?;
        let of_day = |span: &Span| free::stretches(*span, &taken, length, &zone, now);
        let mut stretches: Vec<Stretch> = working.iter().flat_map(of_day).collect();
        let more = stretches.len() > STRETCHES_MAX;
        stretches.truncate(STRETCHES_MAX);
        let minutes = length.as_mins();
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
        if kept.cancelled {
            let name = kind.name();
            return Err(Failure::conflict(format!("the {name} was booked, and was cancelled in the calendar since")));
        }
        self.booked(&kept, event.span, kind)
    }

    /// The same, where the time is free.
    pub(crate) async fn book_if_free(
        &self,
        cx: &Context,
        event: &NewEvent<'_>,
        slot: &Slot,
    ) -> Result<Answer<Booked>, Failure> {
        // An earlier attempt's event would take its own time.
        if let Some(kept) = self.vendor.event(cx, event.key).await?.filter(|kept| !kept.cancelled) {
            return self.booked(&kept, event.span, Kind::Appointment);
        }
        self.check_free(cx, slot, None).await?;
        self.book(cx, event, Kind::Appointment).await
    }

    /// Moves an event to where this local time is, as long as it is.
    pub(crate) async fn shift(
        &self,
        cx: &Context,
        key: &str,
        date: &str,
        time: &str,
    ) -> Result<Answer<Booked>, Failure> {
        for _ in 0..TRIES_MAX {
            let Some(kept) = self.vendor.event(cx, key).await?.filter(|kept| !kept.cancelled) else {
                return Err(Failure::not_found(format!(
                    "no event {key} is in the calendar: it was cancelled, or event_id isn't the one that booking it gave; \
                     book a new appointment"
                )));
            };
            if kept.moved_by.iter().any(|mover| mover == cx.key()) {
                return self.moved(&kept, kept.span);
            }
            if kept.repeats {
                return Err(Failure::conflict(format!("event {key} repeats: a person has to move it in the calendar")));
            }
            let Some(now) = kept.span else {
                let message =
                    format!("event {key} has no time of day any more: a person has to move it in the calendar");
                return Err(Failure::conflict(message));
            };
            let slot = Slot::at(&self.settings, date, time, now.length(), Kind::Appointment)?;
            if slot.span() == now {
                return self.moved(&kept, Some(now));
            }
            self.check_free(cx, &slot, Some(now)).await?;
            let to = Move { key: cx.key(), stamp: first_attempt(cx)?, span: slot.span() };
            if self.vendor.shift(cx, &kept, &to).await? == Changed::Done {
                return self.moved(&kept, Some(to.span));
            }
        }
        Err(at_work(key))
    }

    pub(crate) async fn cancel(&self, cx: &Context, key: &str) -> Result<Outcome, Failure> {
        for _ in 0..TRIES_MAX {
            let Some(kept) = self.vendor.event(cx, key).await? else {
                // Where there is no calendar, nothing was cancelled.
                let now = first_attempt(cx)?;
                let ends = now.checked_add(1.minute()).map_err(|_| Failure::other("the time now is out of range"))?;
                self.vendor.taken(cx, Span { starts: now, ends }).await?;
                return Ok(self.gone(key));
            };
            if kept.cancelled {
                return Ok(self.gone(key));
            }
            if kept.repeats {
                return Err(Failure::conflict(format!(
                    "event {key} repeats: a person has to cancel it in the calendar"
                )));
            }
            if self.vendor.delete(cx, &kept).await? == Changed::Done {
                let text = match self.at(kept.span)? {
                    Some(slot) => format!("the appointment of {} is cancelled", slot.words()),
                    None => "the appointment is cancelled".to_owned(),
                };
                return Ok(Outcome::new(text).with_receipt(kept.receipt));
            }
        }
        Err(at_work(key))
    }

    /// Nothing, where a slot is free but for what an event of ours takes now; else words about what is free nearby.
    async fn check_free(&self, cx: &Context, slot: &Slot, except: Option<Span>) -> Result<(), Failure> {
        let (zone, hours) = (self.settings.zone()?, self.settings.hours()?);
        let asked = slot.span();
        let working = free::working_time(&hours, &zone, slot.day())?.unwrap_or(asked);
        let around = Span { starts: working.starts.min(asked.starts), ends: working.ends.max(asked.ends) };
        let mut taken = self.vendor.taken(cx, around).await?;
        if let Some(own) = except {
            taken = taken.into_iter().flat_map(|span| free::gaps(span, &[own])).collect();
        }
        if !taken.iter().any(|span| span.overlaps(&asked)) {
            return Ok(());
        }
        let free = free::stretches(working, &taken, asked.length(), &zone, first_attempt(cx)?);
        let free = free::nearest(free, &slot.starts.strftime("%H:%M").to_string());
        let nearby = match free.is_empty() {
            true => "nothing of this length is free that day: look for another with find_free_times".to_owned(),
            false => format!("free nearby: {}; for other days call find_free_times", free::words(&free)),
        };
        Err(Failure::conflict(format!("{} is taken, and nothing was changed; {nearby}", slot.words())))
    }

    fn booked(&self, kept: &Kept, asked: Span, kind: Kind) -> Result<Answer<Booked>, Failure> {
        let slot = Slot::of(&self.settings, kept.span.unwrap_or(asked))?;
        let text = match kind {
            Kind::Callback => format!("the callback is in the calendar, {}", slot.words()),
            Kind::Appointment => format!("the appointment is in the calendar, {}, event_id {}", slot.words(), kept.key),
        };
        Ok(Answer::new(text, slot.booked(&kept.key)).with_receipt(kept.receipt.clone()))
    }

    fn moved(&self, kept: &Kept, to: Option<Span>) -> Result<Answer<Booked>, Failure> {
        let Some(slot) = self.at(to)? else {
            return Err(Failure::conflict(format!("event {} was moved, and has no time of day any more", kept.key)));
        };
        let text = format!("the appointment is moved to {}, event_id {}", slot.words(), kept.key);
        Ok(Answer::new(text, slot.booked(&kept.key)).with_receipt(kept.receipt.clone()))
    }

    fn at(&self, span: Option<Span>) -> Result<Option<Slot>, Failure> {
        span.map(|span| Slot::of(&self.settings, span)).transpose()
    }

    fn gone(&self, key: &str) -> Outcome {
        let text = format!("event {key} is not in the calendar: it is cancelled");
        Outcome::new(text).with_receipt(self.vendor.receipt(key))
    }
}

fn at_work(key: &str) -> Failure {
    Failure::conflict(format!("event {key} is being changed by somebody else, and nothing was done: try again later"))
}
