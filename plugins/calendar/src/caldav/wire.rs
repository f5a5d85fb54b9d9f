//! One request of a method that the context's client doesn't have, which changes nothing.

use aftercall::Failure;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, Scheme};
use wstd::io::{AsyncInputStream, AsyncOutputStream};
use wstd::runtime::AsyncPollable;

use super::report::Answer;

/// The longest answer that is read. Protects the instance's own memory.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How much of an answer is read at once.
const READ_BYTES: usize = 16 << 10;

pub(super) async fn send(method: &str, url: &str, headers: &[(&str, &str)], content: &[u8]) -> Result<Answer, Failure> {
    let line = format!("{method} {url}");
    let request = request(method, url, headers, content.len())
        .ok_or_else(|| Failure::other(format!("{line} can't be sent: its URL or a header is refused")))?;
    let body = request.body().expect("the body of a new request is taken once");
    let pending = outgoing_handler::handle(request, None).map_err(|code| failed(&line, &code))?;
    write(body, content).await;
    AsyncPollable::new(pending.subscribe()).wait_for().await;
    let response = pending.get().expect("it is ready").expect("it is taken once");
    receive(&line, response.map_err(|code| failed(&line, &code))?).await
}

fn request(method: &str, url: &str, headers: &[(&str, &str)], length: usize) -> Option<OutgoingRequest> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find('/')?);
    let fields = Fields::new();
    for (name, value) in headers {
        fields.append(name, value.as_bytes()).ok()?;
    }
    fields.append("content-length", length.to_string().as_bytes()).ok()?;
    let request = OutgoingRequest::new(fields);
    let scheme = if scheme == "https" { Scheme::Https } else { Scheme::Http };
    request.set_method(&Method::Other(method.to_owned())).ok()?;
    request.set_scheme(Some(&scheme)).ok()?;
    request.set_authority(Some(authority)).ok()?;
    request.set_path_with_query(Some(path)).ok()?;
    Some(request)
}

/// A failure to write shows in the response, which knows more of the reason.
async fn write(body: OutgoingBody, content: &[u8]) {
    if let Ok(stream) = body.write() {
        let stream = AsyncOutputStream::new(stream);
        if stream.write_all(content).await.is_err() {
            return;
        }
    }
    let _ = OutgoingBody::finish(body, None);
}

async fn receive(line: &str, response: IncomingResponse) -> Result<Answer, Failure> {
    let cut = |why: String| Failure::unavailable(format!("{line} was sent and has no whole answer: {why}"));
    let status = response.status();
    let retry_after = response.headers().get("retry-after").into_iter().next();
    let body = response.consume().expect("the body of a new response is taken once");
    let stream = AsyncInputStream::new(body.stream().expect("the stream of a new body is taken once"));
    let mut bytes = Vec::new();
    let mut chunk = vec![0; READ_BYTES];
    loop {
        let count = stream.read(&mut chunk).await.map_err(|why| cut(format!("its body breaks off: {why}")))?;
        if count == 0 {
            break;
        }
        if bytes.len() + count > ANSWER_BYTES_MAX {
            return Err(cut(format!("its body is longer than {ANSWER_BYTES_MAX} bytes")));
        }
        bytes.extend_from_slice(&chunk[..count]);
    }
    Ok(Answer {
        status,
        body: String::from_utf8_lossy(&bytes).into_owned(),
        retry_after: retry_after.map(|value| String::from_utf8_lossy(&value).into_owned()),
    })
}

/// It changes nothing, so whatever went wrong leaves no doubt.
fn failed(line: &str, code: &ErrorCode) -> Failure {
    match code {
        ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => {
            Failure::denied(format!("the grant doesn't allow {line}; its egress rules would have to"))
        }
        code => Failure::unavailable(format!("{line} has no answer: {code:?}")),
    }
}
