//! What a calendar is asked for: a `calendar-query` (RFC 4791, section 7.8).

use aftercall::PhoneNumber;

use crate::clock::Instant;
use crate::ical::PHONE;
use crate::slot::Span;

/// All events that touch a span, those that repeat as the times that they have in it (section 9.6.5).
pub(super) fn within(span: Span) -> String {
    let times = format!(r#"start="{}" end="{}""#, span.starts.basic(), span.ends.basic());
    query(&format!("<C:calendar-data><C:expand {times}/></C:calendar-data>"), &format!("<C:time-range {times}/>"))
}

/// The events with this number that end after an instant. A server finds a number in a longer one, too.
pub(super) fn booked_for(phone: &PhoneNumber, from: Instant) -> String {
    let number = format!(r#"<C:prop-filter name="{PHONE}"><C:text-match>{phone}</C:text-match></C:prop-filter>"#);
    query("<C:calendar-data/>", &format!(r#"<C:time-range start="{}"/>{number}"#, from.basic()))
}

fn query(data: &str, of_event: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<D:prop>{data}</D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{of_event}</C:comp-filter></C:comp-filter></C:filter>
</C:calendar-query>
"#
    )
}
