//! One admitted request on its way out, the redirects that it meets, and its answer on the way in.

use std::{sync::Arc, time::Duration};

use aftercall_core::{egress::Sends, tool::WriteAnswer, usage::Limit};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header as names};
use http_body::Body;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

use super::{
    Admitted, Answer, Door, Error, Purpose, Write,
    body::{Collected, Source},
    client::{self, Failed},
    header, redirect,
};
use crate::{
    credential::Ready,
    limits::{HEADER_BYTES_MAX, REDIRECTS_MAX, Reached},
    meter::Held,
};

impl Door {
    /// Sends an admitted request. The answer's body is read when it is asked for.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        mut admitted: Admitted,
        body: impl Body<Data = Bytes>,
    ) -> Result<Response<Answer>, Error> {
        let passed = async {
            let body = self.collect(body, admitted.until).await?;
            self.exchange(&mut admitted, body).await
        };
        let passed = passed.await.inspect_err(|error| self.note(error));
        self.took(admitted.until);
        passed
    }

    async fn exchange(self: &Arc<Self>, admitted: &mut Admitted, body: Collected) -> Result<Response<Answer>, Error> {
        let Collected { bytes, held } = body;
        if admitted.write && matches!(self.purpose, Purpose::Rehearses) {
            let answer = self.rehearse(admitted, &bytes).await?;
            return Ok(answer.map(|body| self.answer(admitted, body, held)));
        }
        if admitted.write || !redirect::is_safe(&admitted.method) || !bytes.is_empty() {
            let headers = std::mem::take(&mut admitted.headers);
            let response = self.round_trip(admitted, headers, bytes).await?;
            return self.incoming(admitted, response, held);
        }
        let mut trail: Vec<Url> = Vec::new();
        loop {
            let headers = admitted.headers.clone();
            let response = self.round_trip(admitted, headers, Bytes::new()).await?;
            let Some(location) = redirect::location(response.status(), response.headers()) else {
                return self.incoming(admitted, response, held);
            };
            if trail.len() == REDIRECTS_MAX {
                return Err(Error::Circle { host: admitted.target.host.clone() });
            }
            let next = self.hop(admitted, location)?;
            let last = std::mem::replace(admitted, next);
            trail.push(last.asked_for);
            if trail.contains(&admitted.asked_for) {
                return Err(Error::Circle { host: last.target.host });
            }
        }
    }

    /// Decides about a redirect: like the request that it came from, but that it can't turn a read into a write. The
    /// component's headers go along; a credential is put on by the rule that the new place falls under.
    fn hop(&self, from: &Admitted, location: &HeaderValue) -> Result<Admitted, Error> {
        let bad = |why| Error::BadRedirect { host: from.target.host.clone(), why };
        if self.outlet.scrubber().finds(location.as_bytes()) {
            return Err(bad("it carries a credential along"));
        }
        let uri = redirect::target(&from.asked_for, location).map_err(bad)?;
        let sends = match self.purpose {
            Purpose::Reads(call) => Sends::ReadsOf(call),
            Purpose::Writes(_) | Purpose::Rehearses => Sends::ReadsOf("a redirect"),
        };
        self.decide(&from.method, &uri, self.components_own(&from.headers), sends, from.until)
    }

    /// The headers of a request that are not the host's.
    fn components_own(&self, headers: &HeaderMap) -> HeaderMap {
        let own = headers.iter().filter(|(name, _)| !self.is_forbidden(name));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Sends a request, and reads the head of the answer.
    async fn round_trip(
        &self,
        admitted: &mut Admitted,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response<Incoming>, Error> {
        let vendor = self.outlet.vendors.at(&admitted.target);
        let under_way = self.under_way(&vendor, admitted).await?;
        // Before a write is recorded: without its token nothing leaves, and that is certain. A third of the time that is
        // left is for the token; the rest is enough to know whether a connection came about.
        let credential = match &admitted.slot {
            Some(slot) => {
                let patience = admitted.until.saturating_duration_since(Instant::now()) / 3;
                Some(slot.ready(self.outlet.client(), patience).await?)
            }
            None => None,
        };
        let Outgoing { place, headers, body } = outgoing(admitted, headers, credential.as_ref(), body)?;
        let write = if admitted.write { Some(self.write_leaves(admitted.ask).await?) } else { None };
        if self.state().closed {
            return Err(Error::Closed);
        }
        // A component that was slow with its own part of the time must not make the vendor look slow.
        let half = Duration::from_millis(self.outlet.limits.request_ms_max / 2);
        let had_time = admitted.until.saturating_duration_since(Instant::now()) >= half;
        // Of the whole, with the component's own part of it and all redirects.
        let sent = self.outlet.client().send(admitted.method.clone(), &place, headers, body);
        let answer = timeout_at(admitted.until, sent).await;
        under_way.end(&answer, had_time);
        let response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(failed)) => return Err(self.unanswered(failed, admitted, write)),
            Err(_) => return Err(Error::TimedOut { host: admitted.target.host.clone() }),
        };
        if let Some(write) = write {
            // A redirect is no success that could hold a refusal: it often says that the work was done, and where to look.
            let status = response.status();
            let in_body = status.is_success() && self.outlet.request(admitted.author_rule).refuses_in_body;
            let answer = if in_body { WriteAnswer::InBody } else { WriteAnswer::of_status(status.as_u16()) };
            self.state().writes[write] = Some(Write { ask: admitted.ask, answer });
        }
        if let (Some(slot), Some(credential), StatusCode::UNAUTHORIZED) =
            (&admitted.slot, &credential, response.status())
        {
            slot.refused(credential);
        }
        self.check_peer(admitted, &response)?;
        let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        if size > HEADER_BYTES_MAX {
            return Err(Reached::new(Limit::HeaderBytes, HEADER_BYTES_MAX).into());
        }
        Ok(response)
    }

    /// Records that a write leaves. From here on it counts as unanswered.
    async fn write_leaves(&self, ask: u64) -> Result<usize, Error> {
        let Purpose::Writes(record) = &self.purpose else {
            return Err(Error::Closed);
        };
        if let Err(error) = record.write_leaves().await {
            self.state().closed = true;
            return Err(Error::NotRecorded(error));
        }
        let mut state = self.state();
        // The call may have ended meanwhile: its writes are counted, and this one would not be among them.
        if state.closed {
            return Err(Error::Closed);
        }
        state.writes.push(Some(Write { ask, answer: WriteAnswer::Silent }));
        Ok(state.writes.len() - 1)
    }

    fn unanswered(&self, failed: Failed, admitted: &Admitted, write: Option<usize>) -> Error {
        let host = admitted.target.host.clone();
        if let Some(write) = write
            && failed.never_left()
        {
            self.never_left(write, admitted);
        }
        match failed {
            Failed::Prohibited(prohibited) => prohibited.into(),
            Failed::NotConnected(why) => Error::Unreachable { host, why },
            Failed::Broken(why) => Error::Broken { host, why },
        }
    }

    /// That the connection went where it was meant to go: a second look at what the resolver has checked.
    fn check_peer(&self, admitted: &Admitted, response: &Response<Incoming>) -> Result<(), Error> {
        let peer = client::peer(response).ok_or(Error::Invalid("the connection has no address"))?;
        let literal = match admitted.place().host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if literal != Some(peer) {
            self.outlet.operator.addresses.check(admitted.place().host_str().unwrap_or_default(), peer)?;
        }
        Ok(())
    }

    fn incoming(
        self: &Arc<Self>,
        admitted: &Admitted,
        response: Response<Incoming>,
        request: Held,
    ) -> Result<Response<Answer>, Error> {
        let encoding = response.headers().get(names::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Error::Encoded { host: admitted.target.host.clone() });
        }
        let (parts, body) = response.into_parts();
        let status = parts.status;
        let scrubber = self.outlet.scrubber();
        let mut headers = header::readable(parts.headers, &self.outlet.injected);
        for value in headers.values_mut().filter(|value| scrubber.finds(value.as_bytes())) {
            let scrubbed = scrubber.bytes(Bytes::copy_from_slice(value.as_bytes()));
            *value = HeaderValue::from_maybe_shared(scrubbed).expect("what takes a credential's place fits a header");
        }
        // What is taken out of a body changes its length. Where there is none, the length is that of another one.
        let bodiless =
            admitted.method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if !bodiless && !scrubber.is_idle() {
            headers.remove(names::CONTENT_LENGTH);
        }
        let mut answer = Response::new(self.answer(admitted, Source::Left(body), request));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    fn answer(self: &Arc<Self>, admitted: &Admitted, body: Source, request: Held) -> Answer {
        Answer::new(Arc::clone(self), admitted, body, request)
    }
}

/// A request as it goes to the client.
struct Outgoing {
    place: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

fn outgoing(
    admitted: &Admitted,
    mut headers: HeaderMap,
    credential: Option<&Ready<'_>>,
    body: Bytes,
) -> Result<Outgoing, Error> {
    let mut place = admitted.place().clone();
    let body = match credential {
        Some(credential) => credential.put(&mut headers, &mut place, body).map_err(Error::Invalid)?,
        None => body,
    };
    let has_body = !body.is_empty() || [Method::POST, Method::PUT, Method::PATCH].contains(&admitted.method);
    Ok(Outgoing { place, headers, body: has_body.then_some(body) })
}
