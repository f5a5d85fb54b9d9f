//! `calendar-query`: the events that take a part of a time, and have a text in a property where one is asked for (RFC 4791,
//! sections 7.8 and 9.7). No event here repeats, so there is nothing to expand.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::lines::{Line, unfold};
use super::{Answer, Caldav, Kept, Refused, bare, xml_text};
use crate::endpoint::Request;

impl Caldav {
    pub(super) fn report(&self, request: &Request) -> Answer {
        let body = String::from_utf8_lossy(request.body());
        if !body.contains("calendar-query") {
            return Err(Refused::new(StatusCode::NOT_IMPLEMENTED, "the sandbox plays the REPORT calendar-query alone"));
        }
        let range = body.split_once("time-range").and_then(|(_, range)| range.split_once("/>")).map(|(range, _)| range);
        let bound = |name: &str| instant(range?.split_once(&format!("{name}=\""))?.1.split_once('"')?.0);
        let invalid = |note| Refused::unmet(StatusCode::FORBIDDEN, "<C:valid-filter/>", note);
        let start = bound("start").ok_or_else(|| invalid("the filter has no time-range with a start"))?;
        // Without an end, the time has none.
        let end = match range.filter(|range| range.contains("end=")) {
            Some(_) => bound("end").ok_or_else(|| invalid("the filter's time-range has an end that is no time"))?,
            None => Timestamp::MAX,
        };
        let wanted = match body.contains("prop-filter") {
            true => Some(text_match(&body).ok_or_else(|| invalid("the filter's prop-filter has no text-match"))?),
            false => None,
        };
        let fits = |kept: &Kept| {
            let ends = kept.event.ends.unwrap_or(kept.event.starts);
            let has = |(name, text): (&str, &str)| kept.has(name, text);
            kept.event.starts < end && (ends > start || kept.event.starts >= start) && wanted.is_none_or(has)
        };
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
        xml.push_str("<D:multistatus xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\n");
        for (name, kept) in self.events.iter().filter(|(_, kept)| fits(kept)) {
            let (href, data) = (xml_text(&self.href(name)), xml_text(&String::from_utf8_lossy(&kept.data)));
            let prop = format!("<D:prop><C:calendar-data>{data}</C:calendar-data></D:prop>");
            let propstat = format!("<D:propstat>{prop}<D:status>HTTP/1.1 200 OK</D:status></D:propstat>");
            writeln!(xml, "<D:response><D:href>{href}</D:href>{propstat}</D:response>").expect("a text takes it");
        }
        xml.push_str("</D:multistatus>\n");
        let mut reply = bare(StatusCode::MULTI_STATUS);
        reply.body = Bytes::from(xml);
        Ok(reply.header(CONTENT_TYPE, HeaderValue::from_static("application/xml; charset=utf-8")))
    }
}

impl Kept {
    /// Whether this text stands in a property, whatever its capitals (section 7.5).
    fn has(&self, name: &str, text: &str) -> bool {
        let lines = unfold(&String::from_utf8_lossy(&self.data)).unwrap_or_default();
        let mut lines = lines.iter().filter_map(|line| Line::parse(line).ok());
        lines.any(|line| line.name == name && line.value.to_ascii_lowercase().contains(&text.to_ascii_lowercase()))
    }
}

/// The property and the text of `<prop-filter name="…"><text-match>…</text-match></prop-filter>`.
fn text_match(body: &str) -> Option<(&str, &str)> {
    let (name, rest) = body.split_once("prop-filter name=\"")?.1.split_once('"')?;
    let (_, text) = rest.split_once("text-match")?.1.split_once('>')?;
    Some((name, text.split_once('<')?.0))
}

/// `20260303T133000Z`
fn instant(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}
