//! Bodies on their way through: counted as they come, and held no longer than they must be.

use std::{
    error::Error as StdError,
    future::Future as _,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use aftercall_core::usage::Limit;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

use super::{Admitted, Door, Error, client, scrub};
use crate::{limits::Reached, meter::Held};

/// A request's body, whole: it is sent with its length, since some vendors refuse chunks.
#[derive(Debug)]
pub(super) struct Collected {
    pub(super) bytes: Bytes,
    /// What the host holds for it.
    pub(super) held: Held,
}

impl Door {
    /// Takes a body over from the component. Trailers are not sent.
    pub(super) async fn collect(&self, body: impl Body<Data = Bytes>, until: Instant) -> Result<Collected, Error> {
        let held = self.host_bytes.part();
        if body.is_end_stream() {
            return Ok(Collected { bytes: Bytes::new(), held });
        }
        let gathered = timeout_at(until, self.gather(body, held)).await;
        gathered.unwrap_or_else(|_| Err(Reached::new(Limit::RequestTime, self.outlet.limits.request_ms_max).into()))
    }

    async fn gather(&self, body: impl Body<Data = Bytes>, mut held: Held) -> Result<Collected, Error> {
        let mut body = pin!(body);
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Error::BrokenOff)?.into_data() else { continue };
            // Over all requests of the call, also those that are being collected at the same time.
            self.count_request_bytes(piece.len())?;
            held.grow(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        Ok(Collected { bytes: bytes.freeze(), held })
    }

    fn count_request_bytes(&self, more: usize) -> Result<(), Error> {
        let mut state = self.state();
        let max = self.outlet.limits.request_bytes_max;
        state.request_bytes = state.request_bytes.saturating_add(more);
        if state.request_bytes > max { Err(Reached::new(Limit::RequestBytes, max).into()) } else { Ok(()) }
    }

    fn count_response_bytes(&self, more: usize) -> Result<(), Error> {
        let mut state = self.state();
        if state.closed {
            return Err(Error::Closed);
        }
        let max = self.outlet.limits.response_bytes_max;
        state.response_bytes = state.response_bytes.saturating_add(more);
        if state.response_bytes > max { Err(Reached::new(Limit::ResponseBytes, max).into()) } else { Ok(()) }
    }
}

/// Where a response's body comes from: the vendor, or what a rehearsal has to say.
pub(super) type Source = Either<Incoming, Full<Bytes>>;

/// A response's body, without credentials, as the component reads it.
///
/// What the component does not read stays with the vendor. The HTTP client reads ahead by one piece, of some
/// hundred kilobytes at most.
pub(crate) struct Answer {
    door: Arc<Door>,
    host: String,
    /// When it must be there.
    until: Instant,
    /// Wakes it then, once it has to wait at all.
    timer: Option<Pin<Box<Sleep>>>,
    /// None: it has ended.
    source: Option<Source>,
    scrubbing: scrub::Stream,
    /// The piece that the component has, and what the scrubber keeps.
    held: Held,
    /// The vendor may answer before it has read the request.
    _request: Held,
}

impl Answer {
    pub(super) fn new(door: Arc<Door>, asked: &Admitted, source: Source, request: Held) -> Self {
        let (host, until) = (asked.target.host.clone(), asked.until);
        let (scrubbing, held) = (door.outlet.scrubber().stream(), door.host_bytes.part());
        Self { door, host, until, timer: None, source: Some(source), scrubbing, held, _request: request }
    }

    /// What can be given on once a piece is there: it may be nothing yet.
    fn take(&mut self, piece: Bytes) -> Result<Bytes, Error> {
        self.door.count_response_bytes(piece.len())?;
        self.held.set(self.scrubbing.kept() + piece.len())?;
        let mut out = self.scrubbing.push(piece);
        // Where the length was announced, the last piece is known to be the last: it need not be asked for another.
        if self.source.as_ref().is_some_and(Body::is_end_stream) {
            let rest = self.finish();
            out = if out.is_empty() { rest } else { [out, rest].concat().into() };
        }
        self.held.set(self.scrubbing.kept() + out.len())?;
        Ok(out)
    }

    fn broken(&self, error: &(dyn StdError + 'static)) -> Error {
        Error::Broken { host: self.host.clone(), why: client::why(error) }
    }

    /// Whether the time is over in which it must be there.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let until = self.until;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
        timer.as_mut().poll(cx).map(|()| self.late())
    }

    fn late(&self) -> Error {
        Error::TimedOut { host: self.host.clone() }
    }

    /// With the source goes its connection, unless that is free again.
    fn end(&mut self) {
        self.source = None;
        self.door.took(self.until);
    }

    /// Ends it in good order, and gives what the scrubber has kept.
    fn finish(&mut self) -> Bytes {
        self.end();
        self.scrubbing.finish()
    }

    fn fail(&mut self, error: Error) -> Error {
        self.end();
        self.door.note(&error);
        error
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            let Some(source) = &mut this.source else { return Poll::Ready(None) };
            let piece = match Pin::new(source).poll_frame(cx) {
                // What is always ready comes too late as well.
                Poll::Ready(Some(_)) if Instant::now() >= this.until => Err(this.late()),
                Poll::Pending => match this.poll_late(cx) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(late) => Err(late),
                },
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) => this.take(piece),
                    // Trailers would be headers that nobody has decided about.
                    Err(_) => continue,
                },
                Poll::Ready(Some(Err(error))) => Err(this.broken(&*error)),
                Poll::Ready(None) => Ok(this.finish()),
            };
            match piece {
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(error) => return Poll::Ready(Some(Err(this.fail(error)))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_none()
    }
}
