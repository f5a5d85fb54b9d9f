//! A REPORT (RFC 3253, section 3.6), by which a CalDAV server is searched.
//!
//! The client of the context has no such method. So the component sends this one request over `wasi:http` itself,
//! through the same door as all others. Off the component there is no door but the context's: there it is a POST of
//! the same address, headers and body, and whoever plays the server takes it for the REPORT that it is.

use aftercall::{Context, Failure, FailureKind};

use crate::settings::mistaken;

const MEDIA_TYPE: &str = "application/xml; charset=utf-8";
/// The resources of the collection, not only the collection itself.
const DEPTH: &str = "1";

/// A server's answer to a REPORT.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) retry_after: Option<String>,
}

/// Sends a REPORT of this body about a collection.
pub(super) async fn report(cx: &Context, url: &str, body: String) -> Result<String, Failure> {
    #[cfg(target_family = "wasm")]
    let answer = {
        let _: &Context = cx;
        super::wire::send("REPORT", url, &[("depth", DEPTH), ("content-type", MEDIA_TYPE)], body.as_bytes()).await?
    };
    #[cfg(not(target_family = "wasm"))]
    let answer = {
        let request = cx.post(url).reads_only().header("depth", DEPTH).body(MEDIA_TYPE, body);
        let response = request.send().await?;
        Answer {
            status: response.status(),
            body: response.text().into_owned(),
            retry_after: response.header("retry-after").map(str::to_owned),
        }
    };
    answer.read(url)
}

impl Answer {
    /// The body, of a success.
    fn read(self, url: &str) -> Result<String, Failure> {
        let Self { status, body, retry_after } = self;
        let kind = match status {
            207 => return Ok(body),
            401..=403 if body.contains("number-of-matches-within-limits") => {
                return Err(Failure::invalid_arguments("the calendar has too much in these days: ask for fewer"));
            }
            401..=403 => FailureKind::Denied,
            404 | 405 | 409 | 410 => return Err(mistaken(format!("no calendar is at calendar_url ({status})"))),
            408 | 500..=599 => FailureKind::Unavailable,
            429 => FailureKind::RateLimited,
            _ => FailureKind::Other,
        };
        let mut failure = Failure::new(kind, format!("REPORT {url} was answered with {status}"));
        let seconds = retry_after.and_then(|seconds| seconds.trim().parse::<u64>().ok());
        failure.retry_after_ms = seconds.and_then(|seconds| seconds.checked_mul(1000));
        Err(failure)
    }
}
