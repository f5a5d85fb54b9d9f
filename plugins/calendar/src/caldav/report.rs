//! A REPORT (RFC 3253, section 3.6), by which a CalDAV server is searched.

use aftercall::{Context, Failure};

use super::no_calendar;

const MEDIA_TYPE: &str = "application/xml; charset=utf-8";
/// The resources of the collection, not only the collection itself.
const DEPTH: &str = "1";
/// The postcondition that isn't met where too much fits (RFC 4791, section 7.8). Where one isn't met, the status is 403 or 409 (the
/// same, section 1.3).
pub(super) const TOO_MANY: &str = "number-of-matches-within-limits";
/// The precondition that isn't met where the server knows no such filter (the same).
const FILTER: &str = "supported-filter";

/// Sends a REPORT of this body about a collection; nothing comes of it, where the server says that it would be too much.
pub(super) async fn report(cx: &Context, url: &str, body: String) -> Result<Option<String>, Failure> {
    let response = cx.request("REPORT", url).header("depth", DEPTH).body(MEDIA_TYPE, body).send().await?;
    match response.status() {
        207 => Ok(Some(response.text().into_owned())),
        403 | 409 if response.text().contains(TOO_MANY) => Ok(None),
        403 | 409 if response.text().contains(FILTER) => {
            let why = "the calendar's server can't search events so (it refuses the filter): another server can";
            Err(Failure::of_settings(&["calendar_url"], why).with_code(FILTER))
        }
        status @ (404 | 405 | 409 | 410) => Err(no_calendar(status)),
        status => match response.ok() {
            // No calendar answers a REPORT so.
            Ok(_) => Err(no_calendar(status)),
            Err(failure) => Err(failure),
        },
    }
}
