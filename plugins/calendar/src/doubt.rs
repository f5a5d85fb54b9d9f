//! Whether an effect in doubt happened: by the event of its key, which only reading is needed for.

use aftercall::{Context, Failure, Finding, Outcome};

use crate::clock::{Day, MINUTE_S};
use crate::hours::Kind;
use crate::office::Office;
use crate::settings::first_attempt;
use crate::slot::{Slot, Span};

/// How long a calendar may still be at work on a request whose answer was lost.
const LATE_MS: u64 = 30_000;

impl Office {
    /// Whether an event was made, at this time and with this title.
    pub(crate) async fn find_booked(
        &self,
        cx: &Context,
        span: Span,
        title: &str,
        kind: Kind,
    ) -> Result<Finding, Failure> {
        match self.vendor.event(cx, cx.key()).await? {
            None => Ok(unchanged(cx)),
            Some(kept) if kept.is(span, title) && !kept.cancelled => Finding::happened(self.booked(&kept, span, kind)?),
            // Somebody changed it since, or an earlier call had asked for something else under the same key.
            Some(kept) => {
                Finding::happened_otherwise(Outcome::new(self.otherwise(&kept, kind)?).with_receipt(kept.receipt))
            }
        }
    }

    /// Whether an event was moved to this local time.
    pub(crate) async fn find_moved(&self, cx: &Context, key: &str, day: Day, time: &str) -> Result<Finding, Failure> {
        let Some(kept) = self.there(cx, key).await? else {
            // It is at no time any more, and to move it again changes nothing.
            return Ok(Finding::DidNotHappen);
        };
        let to = |now: Span| Slot::at(&self.settings, day, time, now.length());
        if let Some(slot) = kept.span.map(to).transpose()?.filter(|slot| Some(slot.span) == kept.span) {
            return Finding::happened(self.moved(&kept, &slot)?);
        }
        if !kept.is_moved_by(cx.key()) {
            return Ok(unchanged(cx));
        }
        // It was moved, and somebody moved it on.
        let text = format!("the appointment was moved, and is {} now, event_id {key}", self.when(&kept)?);
        Finding::happened_otherwise(Outcome::new(text).with_receipt(kept.receipt))
    }

    /// Whether an event was cancelled.
    pub(crate) async fn find_cancelled(&self, cx: &Context, key: &str) -> Result<Finding, Failure> {
        if self.there(cx, key).await?.is_some() {
            return Ok(unchanged(cx));
        }
        // Where there is no calendar, there is no event in it either.
        let now = first_attempt(cx)?;
        self.vendor.taken(cx, Span { starts: now, ends: now.plus(MINUTE_S) }, None).await?;
        Finding::happened(self.gone(key))
    }
}

/// What it means that nothing is to be seen of the effect.
fn unchanged(cx: &Context) -> Finding {
    Finding::absent(cx, LATE_MS, LATE_MS)
}
