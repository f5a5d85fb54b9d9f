//! One admitted request on its way out, and its answer on the way in.

use std::time::Duration;

use aftercall_core::{tool::WriteAnswer, usage::Limit};
use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Response, header as names};

use super::{Admitted, Door, Error, Purpose, client, header, target::Canonical};
use crate::limits::{HEADER_BYTES_MAX, Reached};

impl Door {
    /// Sends an admitted request, and reads the whole answer.
    pub(crate) async fn dispatch(&self, admitted: Admitted, body: Bytes) -> Result<Response<Bytes>, Error> {
        self.exchange(admitted, body).await.inspect_err(|error| self.note(error))
    }

    async fn exchange(&self, admitted: Admitted, body: Bytes) -> Result<Response<Bytes>, Error> {
        let host = admitted.canonical.target.host.clone();
        self.count_request_bytes(body.len())?;
        if admitted.write && matches!(self.purpose, Purpose::Rehearses) {
            return self.rehearse(&admitted, &body).await;
        }
        let request = self.outgoing(&admitted, body)?;
        let write = if admitted.write { Some(self.write_leaves().await?) } else { None };
        if self.state().closed {
            return Err(Error::Closed);
        }
        let response = match self.outlet.client().execute(request).await {
            Ok(response) => response,
            Err(error) => {
                return Err(self.unanswered(&error, host, &admitted, write));
            }
        };
        if let Some(write) = write {
            self.state().writes[write] = Some(WriteAnswer::of_status(response.status().as_u16()));
        }
        self.check_peer(&admitted, &response)?;
        self.incoming(response, host).await
    }

    fn count_request_bytes(&self, more: usize) -> Result<(), Error> {
        let mut state = self.state();
        let max = self.outlet.limits.request_bytes_max;
        state.request_bytes = state.request_bytes.saturating_add(more);
        if state.request_bytes > max { Err(Reached::new(Limit::RequestBytes, max).into()) } else { Ok(()) }
    }

    fn outgoing(&self, admitted: &Admitted, body: Bytes) -> Result<reqwest::Request, Error> {
        let body = match &admitted.field {
            Some(field) => field.fill_secret(&body)?,
            None => body,
        };
        let Canonical { target, url } = &admitted.canonical;
        let method = Method::from_bytes(target.method.as_bytes()).expect("it was a method when it was read");
        let has_body = !body.is_empty() || matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let mut request = reqwest::Request::new(method, url.clone());
        *request.headers_mut() = admitted.headers.clone();
        *request.timeout_mut() = Some(Duration::from_millis(self.outlet.limits.request_ms_max));
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

    fn unanswered(&self, error: &reqwest::Error, host: String, admitted: &Admitted, write: Option<usize>) -> Error {
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

    /// That the connection went where it was meant to go.
    fn check_peer(&self, admitted: &Admitted, response: &reqwest::Response) -> Result<(), Error> {
        let url = &admitted.canonical.url;
        let peer = response.remote_addr().ok_or(Error::Invalid("the connection has no address"))?.ip();
        let literal = match url.host() {
            Some(url::Host::Ipv4(address)) => Some(address.into()),
            Some(url::Host::Ipv6(address)) => Some(address.into()),
            _ => None,
        };
        if literal != Some(peer) {
            self.outlet.operator.addresses.check(url.host_str().unwrap_or_default(), peer)?;
        }
        Ok(())
    }

    async fn incoming(&self, mut response: reqwest::Response, host: String) -> Result<Response<Bytes>, Error> {
        let encoding = response.headers().get(names::CONTENT_ENCODING);
        if encoding.is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity")) {
            return Err(Error::Encoded { host });
        }
        let size: usize = response.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 32).sum();
        if size > HEADER_BYTES_MAX {
            return Err(Reached::new(Limit::HeaderBytes, HEADER_BYTES_MAX).into());
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    self.count_response_bytes(chunk.len())?;
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => break,
                Err(error) if error.is_timeout() => return Err(Error::TimedOut { host }),
                Err(error) => return Err(Error::Broken { host, why: client::why(&error) }),
            }
        }
        let size = body.len();
        let body = self.outlet.scrubber.bytes(body.freeze());
        let mut answer = Response::new(body);
        *answer.status_mut() = response.status();
        let mut headers = header::readable(std::mem::take(response.headers_mut()), &self.outlet.injected);
        for value in headers.values_mut() {
            let scrubbed = self.outlet.scrubber.bytes(Bytes::copy_from_slice(value.as_bytes()));
            *value = HeaderValue::from_maybe_shared(scrubbed).expect("what takes a credential's place fits a header");
        }
        if answer.body().len() != size {
            headers.remove(names::CONTENT_LENGTH);
        }
        *answer.headers_mut() = headers;
        Ok(answer)
    }

    fn count_response_bytes(&self, more: usize) -> Result<(), Error> {
        let mut state = self.state();
        let max = self.outlet.limits.response_bytes_max;
        state.response_bytes = state.response_bytes.saturating_add(more);
        if state.response_bytes > max {
            return Err(Reached::new(Limit::ResponseBytes, max).into());
        }
        Ok(())
    }
}
