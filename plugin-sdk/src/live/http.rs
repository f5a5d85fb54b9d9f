//! A component's requests, over `wasi:http`.

use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingResponse, Method as WasiMethod, OutgoingBody, OutgoingRequest, Scheme,
};
use wstd::io::{AsyncInputStream, AsyncOutputStream};
use wstd::runtime::AsyncPollable;

use crate::transport::TransportError;

/// The longest response body that is read. Protects the instance's own memory.
const RESPONSE_BODY_BYTES_MAX: usize = 4 << 20;
/// How much of a response body is read at once.
const READ_BYTES: usize = 16 << 10;

pub(super) async fn send(request: Request<Vec<u8>>) -> Result<Response<Vec<u8>>, TransportError> {
    let (outgoing, content) = outgoing(request)?;
    let body = outgoing.body().expect("the body of a new request is taken once");
    let pending = outgoing_handler::handle(outgoing, None).map_err(error)?;
    write(body, &content).await;
    AsyncPollable::new(pending.subscribe()).wait_for().await;
    let incoming = pending.get().expect("it is ready").expect("it is taken once").map_err(error)?;
    receive(incoming).await
}

fn outgoing(request: Request<Vec<u8>>) -> Result<(OutgoingRequest, Vec<u8>), TransportError> {
    let (head, content) = request.into_parts();
    let headers = Fields::new();
    for (name, value) in &head.headers {
        headers
            .append(name.as_str(), value.as_bytes())
            .map_err(|why| unsendable(&format!("the header {name} is refused: {why}")))?;
    }
    let outgoing = OutgoingRequest::new(headers);
    let scheme = match head.uri.scheme_str() {
        Some("http") => Scheme::Http,
        Some("https") | None => Scheme::Https,
        Some(other) => Scheme::Other(other.to_owned()),
    };
    let authority = head.uri.authority().map(|authority| authority.as_str());
    let path = head.uri.path_and_query().map(|path| path.as_str());
    outgoing
        .set_method(&method(&head.method))
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(authority))
        .and_then(|()| outgoing.set_path_with_query(path))
        .map_err(|()| unsendable("its method or URL is refused"))?;
    Ok((outgoing, content))
}

/// A failure to write shows in the response, which knows more of the reason.
async fn write(body: OutgoingBody, content: &[u8]) {
    if !content.is_empty()
        && let Ok(stream) = body.write()
    {
        let stream = AsyncOutputStream::new(stream);
        if stream.write_all(content).await.is_err() {
            return;
        }
    }
    let _ = OutgoingBody::finish(body, None);
}

async fn receive(incoming: IncomingResponse) -> Result<Response<Vec<u8>>, TransportError> {
    let status = StatusCode::from_u16(incoming.status())
        .map_err(|_| TransportError::Cut("its status is out of range".to_owned()))?;
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    for (name, value) in incoming.headers().entries() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    let body = incoming.consume().expect("the body of a new response is taken once");
    let stream = AsyncInputStream::new(body.stream().expect("the stream of a new body is taken once"));
    let mut chunk = vec![0; READ_BYTES];
    loop {
        let count =
            stream.read(&mut chunk).await.map_err(|why| TransportError::Cut(format!("its body breaks off: {why}")))?;
        if count == 0 {
            return Ok(response);
        }
        if response.body().len() + count > RESPONSE_BODY_BYTES_MAX {
            return Err(TransportError::Cut(format!("its body is longer than {RESPONSE_BODY_BYTES_MAX} bytes")));
        }
        response.body_mut().extend_from_slice(&chunk[..count]);
    }
}

fn method(method: &Method) -> WasiMethod {
    match *method {
        Method::GET => WasiMethod::Get,
        Method::POST => WasiMethod::Post,
        Method::PUT => WasiMethod::Put,
        Method::PATCH => WasiMethod::Patch,
        Method::DELETE => WasiMethod::Delete,
        _ => WasiMethod::Other(method.as_str().to_owned()),
    }
}

fn unsendable(reason: &str) -> TransportError {
    TransportError::Unsendable(reason.to_owned())
}

fn error(code: ErrorCode) -> TransportError {
    use ErrorCode as Code;
    let reason = format!("{code:?}").replace("ErrorCode::", "");
    match code {
        Code::HttpRequestDenied | Code::DestinationIpProhibited => TransportError::Denied,
        Code::DnsTimeout
        | Code::DnsError(_)
        | Code::DestinationNotFound
        | Code::DestinationUnavailable
        | Code::DestinationIpUnroutable
        | Code::ConnectionRefused
        | Code::ConnectionTimeout
        | Code::ConnectionLimitReached
        | Code::TlsCertificateError => TransportError::Unreachable(reason),
        Code::HttpRequestLengthRequired
        | Code::HttpRequestBodySize(_)
        | Code::HttpRequestMethodInvalid
        | Code::HttpRequestUriInvalid
        | Code::HttpRequestUriTooLong
        | Code::HttpRequestHeaderSectionSize(_)
        | Code::HttpRequestHeaderSize(_) => TransportError::Unsendable(reason),
        _ => TransportError::Cut(reason),
    }
}
