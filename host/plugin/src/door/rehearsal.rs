//! A write that is rehearsed: kept here, and answered as the manifest says.

use std::future::pending;

use aftercall_core::tool::CapturedWrite;
use bytes::Bytes;
use http::{HeaderValue, Response, header as names};
use http_body_util::Full;

use super::{Admitted, Door, Error, body::Source};
use crate::text::clip;

/// Longest body that a rehearsal shows, in bytes; what is over it is cut. Protects the records.
const CAPTURED_BODY_BYTES_MAX: usize = 16 << 10;

impl Door {
    /// Keeps a write, and gives the canned answer. Where there is none it gives none either: the call ends there.
    pub(super) async fn rehearse(&self, admitted: &Admitted, body: &[u8]) -> Result<Response<Source>, Error> {
        let canned = self.outlet.request(admitted.author_rule).rehearsal.as_ref();
        let captured = self.captured(admitted, body, canned.map(|answer| answer.status))?;
        self.state().captured.push(captured);
        let Some(canned) = canned else {
            self.rehearsed.notify_one();
            return pending().await;
        };
        let mut answer = Response::new(Source::Right(Full::new(canned.body.clone().into())));
        *answer.status_mut() = http::StatusCode::from_u16(canned.status)
            .map_err(|_| Error::Invalid("the manifest's rehearsal has no HTTP status"))?;
        answer.headers_mut().insert(names::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(answer)
    }

    /// Resolves when a rehearsal has come to a write that nothing answers.
    pub(crate) async fn rehearsed(&self) {
        self.rehearsed.notified().await;
    }

    fn captured(&self, admitted: &Admitted, body: &[u8], answered: Option<u16>) -> Result<CapturedWrite, Error> {
        let (mut headers, mut url) = (admitted.headers.clone(), admitted.asked_for.clone());
        let body = Bytes::copy_from_slice(body);
        let body = match &admitted.slot {
            Some(slot) => slot.show(&mut headers, &mut url, body).map_err(Error::Invalid)?,
            None => body,
        };
        // A component has no credential to show. One may have come to it all the same: in its settings, by mistake.
        let scrubber = self.outlet.scrubber();
        let scrubbed = |bytes: Bytes| String::from_utf8_lossy(&scrubber.bytes(bytes)).into_owned();
        let text = |value: &HeaderValue| scrubbed(Bytes::copy_from_slice(value.as_bytes()));
        // What only this host's own way of sending needs says nothing to whoever reads it.
        let shown = headers.iter().filter(|(name, _)| ![names::ACCEPT_ENCODING, names::HOST].contains(name));
        let mut headers: Vec<(String, String)> = shown.map(|(name, value)| (name.to_string(), text(value))).collect();
        headers.sort();
        Ok(CapturedWrite {
            method: admitted.method.to_string(),
            url: scrubbed(url.to_string().into()),
            headers,
            body: clip(&scrubbed(body), CAPTURED_BODY_BYTES_MAX),
            answered,
        })
    }
}
