//! `calendar-query`: the events that take a part of a time (RFC 4791, section 7.8). No event here repeats, so there is
//! nothing to expand.

use std::fmt::Write as _;

use bytes::Bytes;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

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
        let (Some(start), Some(end)) = (bound("start"), bound("end")) else {
            let unmet = "<C:valid-filter/>";
            return Err(Refused::unmet(StatusCode::FORBIDDEN, unmet, "the filter has no time-range from start to end"));
        };
        let fits = |kept: &Kept| {
            let ends = kept.event.ends.unwrap_or(kept.event.starts);
            kept.event.starts < end && (ends > start || kept.event.starts >= start)
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

/// `20260303T133000Z`
fn instant(text: &str) -> Option<Timestamp> {
    let at = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    at.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp())
}
