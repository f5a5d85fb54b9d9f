//! `wasi:http/outgoing-handler`, which leads to the door and nowhere else.
//!
//! It is there for every component, since one that was written with the SDK imports it whether it sends requests
//! or not. Where the manifest asks for none, the policy has no rule, and the door refuses all.

use std::{future::Future, sync::Arc};

use http::{HeaderName, Request, Response};
use http_body_util::BodyExt as _;
use wasmtime::component::Linker;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error as HttpError, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use super::State;
use crate::{
    door::{self, Door},
    limits::{REQUEST_CHUNK_BYTES_MAX, Reached},
};
use aftercall_core::usage::Limit;

pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.hooks }
    }
}

/// Takes a component's requests to the door of its call.
pub(crate) struct Hooks {
    /// None while `list-tools` runs.
    door: Option<Arc<Door>>,
    /// A request was made where there is no door.
    pub(super) strayed: bool,
    /// Bodies of requests that can still be of use.
    bodies_left: u32,
}

impl Hooks {
    pub(super) fn new(door: Option<Arc<Door>>) -> Self {
        let bodies_left = door.as_ref().map_or(0, |door| door.requests_max());
        Self { door, strayed: false, bodies_left }
    }

    /// Takes note that the component uses a capability that may fail, beside its requests.
    pub(super) fn count_use(&self) {
        if let Some(door) = &self.door {
            door.count_use();
        }
    }
}

type Answered = Result<(Response<WasiBody>, Box<dyn Future<Output = Result<(), HttpError>> + Send>), HttpError>;

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        let door = self.door.clone();
        Arc::new(move |name: &HeaderName| {
            DEFAULT_FORBIDDEN_HEADERS.contains(name) || door.as_ref().is_some_and(|door| door.is_forbidden(name))
        })
    }

    fn set_host_header(&mut self) -> bool {
        false
    }

    /// What a component writes into a body waits in the host, up to twice this, until the request is made. Bodies
    /// are cheap to make: one more than there can be requests is given a byte.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        match self.bodies_left.checked_sub(1) {
            Some(left) => {
                self.bodies_left = left;
                REQUEST_CHUNK_BYTES_MAX
            }
            None => 1,
        }
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        // Timeouts are the host's.
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), HttpError>> + Send>,
    ) -> Box<dyn Future<Output = Answered> + Send> {
        let Some(door) = self.door.clone() else {
            self.strayed = true;
            return Box::new(std::future::ready(Err(HttpError::HttpRequestDenied)));
        };
        let (parts, body) = request.into_parts();
        // Here and not in the future, which runs as a task of its own: requests are decided about in the order
        // in which they are made.
        let admitted = door.admit(parts);
        Box::new(async move {
            let admitted = admitted.map_err(to_guest)?;
            let answer = door.pass(admitted, body).await.map_err(to_guest)?;
            let answer = answer.map(|body| body.map_err(to_guest).boxed_unsync());
            Ok((answer, Box::new(std::future::ready(Ok(()))) as Box<dyn Future<Output = _> + Send>))
        })
    }
}

/// What a component is told. What the operator is told stands in the log.
fn to_guest(error: door::Error) -> HttpError {
    match error {
        door::Error::Denied(_) | door::Error::ForbiddenHeader(_) | door::Error::Closed => HttpError::HttpRequestDenied,
        door::Error::Invalid(_) => HttpError::HttpRequestUriInvalid,
        door::Error::Prohibited(_) => HttpError::DestinationIpProhibited,
        door::Error::Limit(Reached { limit: Limit::RequestBytes, max }) => HttpError::HttpRequestBodySize(Some(max)),
        door::Error::Limit(Reached { limit: Limit::ResponseBytes, max }) => HttpError::HttpResponseBodySize(Some(max)),
        door::Error::Limit(_) => HttpError::ConnectionLimitReached,
        door::Error::NotRecorded(_) => HttpError::InternalError(Some("the host could not record the write".into())),
        door::Error::NoToken(_) => HttpError::InternalError(Some("the host has no token for the request".into())),
        door::Error::Failing { .. } | door::Error::Unreachable { .. } => HttpError::ConnectionRefused,
        door::Error::TimedOut { .. } => HttpError::HttpResponseTimeout,
        door::Error::Broken { .. } => HttpError::HttpResponseIncomplete,
        door::Error::BadRedirect { .. } => HttpError::HttpProtocolError,
        door::Error::Circle { .. } => HttpError::LoopDetected,
        door::Error::BrokenOff => HttpError::HttpRequestBodySize(None),
        door::Error::Encoded { .. } => HttpError::HttpResponseContentCoding(None),
    }
}
