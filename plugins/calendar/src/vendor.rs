//! Whoever keeps the calendar. The tools know none of them by name.

use aftercall::{Context, Failure, PhoneNumber, Receipt};

use crate::bookings::Listed;
use crate::caldav::Caldav;
use crate::clock::Instant;
use crate::google::Google;
use crate::person::one_line;
use crate::slot::Span;

/// One vendor, and the calendar there.
pub(crate) enum Vendor {
    Caldav(Caldav),
    Google(Google),
}

/// An event that is to be made.
pub(crate) struct NewEvent<'a> {
    /// The effect's key, of which the vendor's own id is made.
    pub(crate) key: &'a str,
    /// Of the first attempt, so that each attempt sends the same bytes.
    pub(crate) stamp: Instant,
    pub(crate) span: Span,
    /// One line.
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    /// Whose event it is.
    pub(crate) phone: Option<&'a PhoneNumber>,
}

/// An event that is there, made by this plugin under this key.
pub(crate) struct Kept {
    pub(crate) key: String,
    /// Absent: it takes whole days, or has a time that can't be read.
    pub(crate) span: Option<Span>,
    pub(crate) title: Option<String>,
    /// The telephone number of the person whose event it is, in E.164. Absent: it was booked without one.
    pub(crate) phone: Option<String>,
    pub(crate) cancelled: bool,
    pub(crate) repeats: bool,
    /// The keys of the effects that moved it.
    pub(crate) moved_by: Vec<String>,
    /// The version that a change of it stands on.
    pub(crate) etag: Option<String>,
    pub(crate) receipt: Receipt,
    /// As it was read.
    pub(crate) text: String,
}

/// Another time for an event.
pub(crate) struct Move<'a> {
    /// The effect's key.
    pub(crate) key: &'a str,
    pub(crate) stamp: Instant,
    pub(crate) span: Span,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    Done,
    /// The event isn't as it was read any more, and nothing was done.
    Stale,
}

impl Vendor {
    /// What is taken within a span, by others than this event.
    pub(crate) async fn taken(&self, cx: &Context, within: Span, but: Option<&Kept>) -> Result<Vec<Span>, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.taken(cx, within, but).await,
            Self::Google(google) => google.taken(cx, within, but).await,
        }
    }

    /// The event of this key, if there is one.
    pub(crate) async fn event(&self, cx: &Context, key: &str) -> Result<Option<Kept>, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.event(cx, key).await,
            Self::Google(google) => google.event(cx, key).await,
        }
    }

    /// The events that were booked for a number and end after an instant. There may be others among them.
    pub(crate) async fn booked_for(&self, cx: &Context, phone: &PhoneNumber, from: Instant) -> Result<Listed, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.booked_for(cx, phone, from).await,
            Self::Google(google) => google.booked_for(cx, phone, from).await,
        }
    }

    /// Makes an event, unless it is there already.
    pub(crate) async fn make(&self, cx: &Context, event: &NewEvent<'_>) -> Result<Kept, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.make(cx, event).await,
            Self::Google(google) => google.make(cx, event).await,
        }
    }

    /// Moves an event that is as it was read.
    pub(crate) async fn shift(&self, cx: &Context, kept: &Kept, to: &Move<'_>) -> Result<Changed, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.shift(cx, kept, to).await,
            Self::Google(google) => google.shift(cx, kept, to).await,
        }
    }

    /// Deletes an event that is as it was read. One that is gone by now is no failure.
    pub(crate) async fn delete(&self, cx: &Context, kept: &Kept) -> Result<Changed, Failure> {
        match self {
            Self::Caldav(caldav) => caldav.delete(cx, kept).await,
            Self::Google(google) => google.delete(cx, kept).await,
        }
    }

    /// What stands for the event of this key.
    pub(crate) fn receipt(&self, key: &str) -> Receipt {
        match self {
            Self::Caldav(caldav) => caldav.receipt(key),
            Self::Google(google) => google.receipt(key),
        }
    }
}

impl Kept {
    /// An event that was just made.
    pub(crate) fn made(event: &NewEvent<'_>, receipt: Receipt, text: String) -> Self {
        Self {
            key: event.key.to_owned(),
            span: Some(event.span),
            title: Some(event.title.to_owned()),
            phone: event.phone.map(ToString::to_string),
            cancelled: false,
            repeats: false,
            moved_by: Vec::new(),
            etag: None,
            receipt,
            text,
        }
    }

    /// Whether it is at this time and has this title.
    pub(crate) fn is(&self, span: Span, title: &str) -> bool {
        self.span == Some(span) && self.title.as_deref().map(one_line) == Some(one_line(title))
    }

    pub(crate) fn is_for(&self, phone: &PhoneNumber) -> bool {
        self.phone.as_deref() == Some(phone.as_str())
    }

    /// When it is, where it is once, and at a time of day.
    pub(crate) fn movable(&self) -> Option<Span> {
        self.span.filter(|_| !self.repeats)
    }

    pub(crate) fn is_moved_by(&self, key: &str) -> bool {
        self.moved_by.iter().any(|mover| mover == key)
    }

    /// The version that a change stands on. Without one nothing is changed: somebody else's change could be lost.
    pub(crate) fn etag(&self) -> Result<&str, Failure> {
        self.etag.as_deref().ok_or_else(|| {
            Failure::other(format!("the calendar gives no version of event {}, so nothing was changed", self.key))
        })
    }
}
