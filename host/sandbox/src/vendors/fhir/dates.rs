//! Dates of any precision as spans of time, and how a search compares them:
//! <https://hl7.org/fhir/R4/search.html#date>. A date without a zone is UTC's.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

/// From the first instant on, until before the second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    from: Timestamp,
    until: Timestamp,
}

/// A date of a search, with its prefix.
#[derive(Debug)]
pub(super) struct Sought {
    prefix: Prefix,
    span: Span,
}

#[derive(Clone, Copy, Debug)]
enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
}

/// Whether a text is a `date`: a year, a month or a day.
pub(super) fn is_date(text: &str) -> bool {
    day_span(text).is_some()
}

/// Whether a text is an `instant`: to the second, with a zone.
pub(super) fn is_instant(text: &str) -> bool {
    instant_span(text).is_some()
}

impl Span {
    pub(super) fn parse(text: &str) -> Option<Span> {
        day_span(text).or_else(|| instant_span(text))
    }

    pub(super) fn start(self) -> Timestamp {
        self.from
    }

    fn contains(self, other: Span) -> bool {
        self.from <= other.from && other.until <= self.until
    }
}

impl Sought {
    pub(super) fn parse(value: &str) -> Option<Sought> {
        let (prefix, date) = match value.split_at_checked(2)? {
            ("eq", date) => (Prefix::Eq, date),
            ("ne", date) => (Prefix::Ne, date),
            ("gt", date) => (Prefix::Gt, date),
            ("lt", date) => (Prefix::Lt, date),
            ("ge", date) => (Prefix::Ge, date),
            ("le", date) => (Prefix::Le, date),
            _ => (Prefix::Eq, value),
        };
        Some(Sought { prefix, span: Span::parse(date)? })
    }

    pub(super) fn holds(&self, element: Span) -> bool {
        let equal = self.span.contains(element);
        let (above, below) = (element.until > self.span.until, element.from < self.span.from);
        match self.prefix {
            Prefix::Eq => equal,
            Prefix::Ne => !equal,
            Prefix::Gt => above,
            Prefix::Lt => below,
            Prefix::Ge => above || equal,
            Prefix::Le => below || equal,
        }
    }
}

fn day_span(text: &str) -> Option<Span> {
    let (first, length) = match text.len() {
        4 => (format!("{text}-01-01"), 1.year()),
        7 => (format!("{text}-01"), 1.month()),
        10 => (text.to_owned(), 1.day()),
        _ => return None,
    };
    let first: Date = first.parse().ok()?;
    let instant = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
    Some(Span { from: instant(first)?, until: instant(first.checked_add(length).ok()?)? })
}

fn instant_span(text: &str) -> Option<Span> {
    let from: Timestamp = text.parse().ok()?;
    let length = if text.contains('.') { SignedDuration::from_millis(1) } else { SignedDuration::from_secs(1) };
    Some(Span { from, until: from.checked_add(length).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_compared_by_their_spans() {
        let check = |value: &str, element: &str, expected: Option<bool>| {
            let element = Span::parse(element).expect("a date");
            let held = Sought::parse(value).map(|sought| sought.holds(element));
            assert_eq!(held, expected, "{value} of {element:?}");
        };
        let ten = "2026-03-05T10:00:00-06:00"; // 16:00 UTC
        check("2026-03-05", ten, Some(true));
        check("eq2026-03", ten, Some(true));
        check("2026", ten, Some(true));
        check("2026-03-06", ten, Some(false));
        check("ne2026-03-06", ten, Some(true));
        check("ge2026-03-05", ten, Some(true));
        check("le2026-03-05", ten, Some(true));
        check("gt2026-03-05", ten, Some(false));
        check("lt2026-03-05", ten, Some(false));
        check("gt2026-03-04", ten, Some(true));
        check("ge2026-03-06", ten, Some(false));
        check("le2026-03-04", ten, Some(false));
        check("2026-03-05T16:00:00Z", ten, Some(true));
        check("ge2026-03-05T16:00:01Z", ten, Some(false));
        check("lt2026-03-05T16:00:00.001Z", ten, Some(true));
        check("1971-04-23", "1971-04-23", Some(true));
        check("1971-04-23", "1971", Some(false));
        check("1971", "1971-04-23", Some(true));
        check("ap2026-03-05", ten, None);
        check("2026-02-30", ten, None);
        check("2026-03-05T10:00:00", ten, None);
        check("soon", ten, None);
        check("é", ten, None);
        check("", ten, None);
    }
}
