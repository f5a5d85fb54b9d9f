//! One admitted request on its way out, the redirects that it meets, and its answer on the way in.

use std::sync::Arc;

use aftercall_core::{egress::Sends, tool::WriteAnswer, usage::Limit};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header as names};
use http_body::Body;
use tokio::time::Instant;
use url::{Host, Url};

use super::{Admitted, Answer, Door, Error, Purpose, body::Collected, client, header, redirect};
use crate::{
    credential::Ready,
    limits::{HEADER_BYTES_MAX, REDIRECTS_MAX, Reached},
    meter::Held,
};

impl Door {
    /// Sends an admitted request. The answer's body is read when it is asked for.
    pub(crate) async fn pass(
        self: &Arc<Self>,
        admitted: Admitted,
        body: impl Body<Data = Bytes>,
    ) -> Result<Response<Answer>, Error> {
        let until = admitted.until;
        let passed = async {
            let body = self.collect(body, until).await?;
            self.exchange(admitted, body).await
        };
        let passed = passed.await.inspect_err(|error| self.note(error));
        self.took(until);
        passed
    }

    async fn exchange(self: &Arc<Self>, mut admitted: Admitted, body: Collected) -> Result<Response<Answer>, Error> {
        let Collected { bytes, held } = body;
        if admitted.write && matches!(self.purpose, Purpose::Rehearses) {
            let answer = self.rehearse(&admitted, &bytes).await?;
            return Ok(answer.map(|body| self.answer(&admitted, body, held)));
        }
        if admitted.write || !redirect::is_safe(&admitted.method) || !bytes.is_empty() {
            let headers = std::mem::take(&mut admitted.headers);
            let response = self.round_trip(&admitted, headers, bytes).await?;
            return self.incoming(&admitted, response, held);
        }
        let mut trail: Vec<Url> = Vec::new();
        loop {
            let response = self.round_trip(&admitted, admitted.headers.clone(), Bytes::new()).await?;
            let Some(location) = redirect::location(response.status(), response.headers()) else {
                return self.incoming(&admitted, response, held);
            };
            if trail.len() == REDIRECTS_MAX {
                return Err(Error::Circle { host: admitted.target.host });
            }
            let next = self.hop(&admitted, location)?;
            trail.push(admitted.asked_for);
            if trail.contains(&next.asked_for) {
                return Err(Error::Circle { host: admitted.target.host });
            }
            admitted = next;
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
        admitted: &Admitted,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<reqwest::Response, Error> {
        // Before a write is recorded: without its token nothing leaves, and that is certain. A third of the time that is
        // left is for the token; the rest is enough to know whether a connection came about.
        let credential = match &admitted.slot {
            Some(slot) => {
                let patience = admitted.until.saturating_duration_since(Instant::now()) / 3;
                Some(slot.ready(self.outlet.client(), patience).await?)
            }
            None => None,
        };
        let request = self.outgoing(admitted, headers, credential.as_ref(), body)?;
        let write = if admitted.write { Some(self.write_leaves().await?) } else { None };
        if self.state().closed {
            return Err(Error::Closed);
        }
        let response = match self.outlet.client().execute(request).await {
            Ok(response) => response,
            Err(error) => return Err(self.unanswered(&error, admitted, write)),
        };
        if let Some(write) = write {
            self.state().writes[write] = Some(WriteAnswer::of_status(response.status().as_u16()));
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

    fn outgoing(
        &self,
        admitted: &Admitted,
        mut headers: HeaderMap,
        credential: Option<&Ready<'_>>,
        body: Bytes,
    ) -> Result<reqwest::Request, Error> {
        let mut place = admitted.place().clone();
        let body = match credential {
            Some(credential) => credential.put(&mut headers, &mut place, body).map_err(Error::Invalid)?,
            None => body,
        };
        let method = admitted.method.clone();
        let has_body = !body.is_empty() || matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let mut request = reqwest::Request::new(method, place);
        *request.headers_mut() = headers;
        // Of the whole, with the component's own part of it and all redirects.
        *request.timeout_mut() = Some(admitted.until.saturating_duration_since(Instant::now()));
        if has_body {
            *request.body_mut() = Some(body.into());
        }
        Ok(request)
    }

    /// Records that a write leaves. From here on it counts as unanswered.
    async fn write_leaves(&self) -> Result<usize, Error> {
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
        state.writes.push(Some(WriteAnswer::Silent));
        Ok(state.writes.len() - 1)
    }

    fn unanswered(&self, error: &reqwest::Error, admitted: &Admitted, write: Option<usize>) -> Error {
        let host = admitted.target.host.clone();
        let never_left = error.is_connect();
        if let Some(write) = write
            && never_left
        {
            self.never_left(write, admitted);
        }
        match client::prohibited(error) {
            Some(prohibited) => prohibited.clone().into(),
            None if never_left => Error::Unreachable { host, why: client::why(error) },
            None if error.is_timeout() => Error::TimedOut { host },
            None => Error::Broken { host, why: client::why(error) },
        }
    }

    /// That the connection went where it was meant to go: a second look at what the resolver has checked.
    fn check_peer(&self, admitted: &Admitted, response: &reqwest::Response) -> Result<(), Error> {
        let peer = response.remote_addr().ok_or(Error::Invalid("the connection has no address"))?.ip();
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
        mut response: reqwest::Response,
        request: Held,
    ) -> Result<Response<Answer>, Error> {
        let encoding = response.headers().get(names::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Error::Encoded { host: admitted.target.host.clone() });
        }
        let status = response.status();
        let scrubber = self.outlet.scrubber();
        let mut headers = header::readable(std::mem::take(response.headers_mut()), &self.outlet.injected);
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
        let mut answer = Response::new(self.answer(admitted, response.into(), request));
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    fn answer(self: &Arc<Self>, admitted: &Admitted, body: reqwest::Body, request: Held) -> Answer {
        Answer::new(Arc::clone(self), admitted, body, request)
    }
}
