//! Reading a body: within its size, within its time, within what all bodies together may take.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;

/// In what steps memory for bodies is given out.
pub(super) const UNIT_BYTES: usize = 1024;

/// A body, and its share of the memory for bodies, which is given back when this is dropped.
pub(super) struct Held {
    pub(super) bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

/// How a body is read.
pub(super) struct Reading<'a> {
    /// The memory for bodies.
    pub(super) bodies: &'a Arc<Semaphore>,
    /// Largest body.
    pub(super) bytes_max: u32,
    /// Longest time.
    pub(super) ms_max: u64,
}

impl Reading<'_> {
    /// Refuses what needs no reading: a body that is said to be too large, or isn't sent as it is.
    pub(super) fn check_head(&self, headers: &HeaderMap) -> Result<(), Problem> {
        if headers.contains_key(header::CONTENT_ENCODING) {
            return Err(Problem::encoded());
        }
        let said = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|length| length > u64::from(self.bytes_max)) {
            return Err(Problem::too_large(self.bytes_max));
        }
        Ok(())
    }

    /// Reads a body to its end.
    pub(super) async fn read(&self, body: Body) -> Result<Held, Problem> {
        tokio::time::timeout(Duration::from_millis(self.ms_max), self.collect(body))
            .await
            .unwrap_or_else(|_| Err(Problem::too_slow()))
    }

    async fn collect(&self, mut body: Body) -> Result<Held, Problem> {
        let bytes_max = usize::try_from(self.bytes_max).unwrap_or(usize::MAX);
        let mut bytes = BytesMut::new();
        let mut share: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Problem::malformed("the body broke off"))?;
            let Ok(data) = frame.into_data() else { continue };
            if bytes.len() + data.len() > bytes_max {
                return Err(Problem::too_large(self.bytes_max));
            }
            let held = share.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            let units = (bytes.len() + data.len()).div_ceil(UNIT_BYTES).saturating_sub(held);
            let more = Arc::clone(self.bodies).try_acquire_many_owned(u32::try_from(units).unwrap_or(u32::MAX));
            let more = more.map_err(|_| Problem::unavailable("busy", "too much is being read: send it again later"))?;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Held { bytes: bytes.freeze(), _share: share })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::StatusCode;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    /// A body of these chunks; of `None`, one that never ends.
    fn body(chunks: Option<&[usize]>) -> Body {
        match chunks {
            None => Body::new(StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, Infallible>>())),
            Some(chunks) => {
                let frames: Vec<_> = chunks
                    .iter()
                    .map(|size| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'x'; *size]))))
                    .collect();
                Body::new(StreamBody::new(futures::stream::iter(frames)))
            }
        }
    }

    #[tokio::test]
    async fn a_body_is_read_within_its_bounds() {
        let none: &[(&str, &str)] = &[];
        for (headers, chunks, expected) in [
            (none, Some(&[1000, 1000][..]), Ok(2000)),
            (none, Some(&[]), Ok(0)),
            (none, Some(&[1000, 3097]), Err(StatusCode::PAYLOAD_TOO_LARGE)),
            (none, Some(&[3000]), Err(StatusCode::SERVICE_UNAVAILABLE)),
            (&[("content-length", "4097")], None, Err(StatusCode::PAYLOAD_TOO_LARGE)),
            (&[("content-encoding", "gzip")], Some(&[1]), Err(StatusCode::UNSUPPORTED_MEDIA_TYPE)),
            (none, None, Err(StatusCode::REQUEST_TIMEOUT)),
        ] {
            let bodies = Arc::new(Semaphore::new(2));
            let reading = Reading { bodies: &bodies, bytes_max: 4096, ms_max: 20 };
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().expect("a value"));
            }
            let read = match reading.check_head(&map) {
                Ok(()) => reading.read(body(chunks)).await,
                Err(problem) => Err(problem),
            };
            let got = read.map(|held| held.bytes.len()).map_err(|problem| problem.status());
            assert_eq!(got, expected, "{headers:?} {chunks:?}");
            assert_eq!(bodies.available_permits(), 2, "what was held is given back");
        }
    }
}
