//! Bodies: counted as they come, scrubbed wherever they are cut, held no longer than they must be.

use std::{convert::Infallible, pin::pin};

use futures::{StreamExt as _, poll, stream};
use http_body::{Body, Frame};
use http_body_util::StreamBody;

use super::{
    site::{Site, kept},
    *,
};

/// A body of these pieces, which then goes on without end and without a byte more.
fn unfinished(pieces: Vec<&'static [u8]>) -> impl Body<Data = Bytes, Error = Infallible> {
    let pieces = pieces.into_iter().map(|piece| Ok(Frame::data(Bytes::from_static(piece))));
    StreamBody::new(stream::iter(pieces).chain(stream::pending()))
}

fn door_with(limits: Limits, port: u16) -> Arc<Door> {
    door(&Setup { limits, ..Setup::default() }.outlet(port), writes())
}

fn admitted(door: &Door) -> Admitted {
    door.admit(post().into_parts().0).expect("it may leave")
}

/// An answer in chunks of these sizes over and over, of `body`.
fn chunked(body: &str, size: usize) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-late\r\n\r\n".to_vec();
    for piece in body.as_bytes().chunks(size) {
        answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(format!("0\r\nx-late: {TOKEN}\r\n\r\n").as_bytes());
    answer
}

#[tokio::test]
async fn bodies_that_are_sent_at_once_share_what_is_left() {
    let site = Site::start(|_| kept("200 OK", &[], "")).await;
    let limits = Limits { request_bytes_max: 10, ..Limits::default() };
    let door = door_with(limits, site.port);
    let mut first = pin!(door.pass(admitted(&door), unfinished(vec![b"123", b"456"])));
    assert!(poll!(first.as_mut()).is_pending(), "six bytes are taken and counted");
    let second = door.pass(admitted(&door), Full::new(Bytes::from_static(b"12345"))).await;
    let Err(error) = second else { panic!("four are left") };
    assert_eq!(error, Reached::new(Limit::RequestBytes, 10_u64).into());
    assert_eq!(site.requests.all(), [""; 0]);
    assert_eq!(door.close().refusal, Some(error));
}

#[tokio::test]
async fn what_the_host_holds_is_bounded_and_given_back() {
    let site = Site::start(|_| kept("200 OK", &[], "")).await;
    let limits = Limits { host_bytes_max: 10, ..Limits::default() };
    let door = door_with(limits, site.port);
    {
        let mut first = Box::pin(door.pass(admitted(&door), unfinished(vec![b"123456"])));
        assert!(poll!(first.as_mut()).is_pending());
        let second = door.pass(admitted(&door), Full::new(Bytes::from_static(b"12345"))).await;
        let Err(error) = second else { panic!("there is no room for it") };
        assert_eq!(error, Reached::new(Limit::HostBytes, 10_u64).into());
    }
    let answer =
        door.pass(admitted(&door), Full::new(Bytes::from_static(b"12345"))).await.expect("there is room again");
    assert_eq!(door.host_bytes.held(), 5, "until the answer has been read");
    drop(answer);
    assert_eq!(door.host_bytes.held(), 0);
}

#[tokio::test]
async fn a_body_that_does_not_end_ends_with_the_request_s_time() {
    let site = Site::start(|_| kept("200 OK", &[], "")).await;
    let limits = Limits { request_ms_max: 50, ..Limits::default() };
    let door = door_with(limits, site.port);
    let passed = door.pass(admitted(&door), unfinished(vec![b"123"])).await;
    let Err(error) = passed else { panic!("it never ends") };
    assert_eq!(error, Reached::new(Limit::RequestTime, 50_u64).into());
    assert_eq!(door.close().writes, []);

    let door = door_with(Limits::default(), site.port);
    let broken = stream::iter([Ok(Frame::data(Bytes::from_static(b"123"))), Err(std::io::Error::other("abort"))]);
    let passed = door.pass(admitted(&door), StreamBody::new(broken)).await;
    assert!(matches!(passed, Err(Error::BrokenOff)));
    assert_eq!(door.close().writes, [], "half a write is none");
    assert_eq!(site.requests.all(), [""; 0]);
}

#[tokio::test]
async fn an_answer_larger_than_what_the_host_holds_passes_through() {
    let large = "0123456789abcdef".repeat(256 << 10);
    let body = large.clone();
    let site = Site::start(move |_| kept("200 OK", &[], &body)).await;
    let limits = Limits { host_bytes_max: 1 << 20, ..Limits::default() };
    let door = door_with(limits, site.port);
    let answer = door.begin(get()).await.expect("an answer");
    assert_eq!(door.state().response_bytes, 0, "nothing is read before it is asked for");
    assert_eq!(answer.into_body().collect().await.expect("a body").to_bytes(), large);
    assert_eq!(door.state().response_bytes, large.len());
}

#[tokio::test]
async fn an_answer_without_end_ends_at_a_limit() {
    let stalls = Site::start(|_| b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf".to_vec()).await;
    let door = door_with(Limits { request_ms_max: 400, ..Limits::default() }, stalls.port);
    let answer = door.begin(post()).await.expect("its head is there");
    let error = answer.into_body().collect().await.expect_err("its end is not");
    assert!(matches!(&error, Error::TimedOut { host } if host == "vendor.test"), "{error}");
    assert_eq!(door.log.take()[0].message, "vendor.test did not answer in time");
    assert_eq!(door.close().writes, [WriteAnswer::Accepted], "its status line has said so");

    let body = "x".repeat(1 << 20);
    let floods = Site::start(move |_| chunked(&body, 1 << 16)).await;
    let door = door_with(Limits { response_bytes_max: 100_000, ..Limits::default() }, floods.port);
    let answer = door.begin(get()).await.expect("its head is there");
    let mut body = answer.into_body();
    let error = loop {
        match body.frame().await.expect("the error comes first") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, Reached::new(Limit::ResponseBytes, 100_000_u64).into());
    assert!(body.frame().await.is_none() && body.is_end_stream());
    assert_eq!(door.close().refusal, Some(error));
    floods.hung_up.notified().await;
}

#[tokio::test]
async fn a_credential_never_comes_back_in_pieces() {
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("user:{TOKEN}!"));
    let body = format!("a {TOKEN} b t0ken%2Fwith%2Bodd%3Dchars c t0ken\\/with+odd=chars d {base64} e");
    for size in 1..body.len() {
        let answer = chunked(&body, size);
        let vendor = Vendor::answering(answer).await;
        let door = Setup::default().door(&vendor, writes());
        let answer = door.begin(get()).await.expect("an answer");
        let whole = answer.into_body().collect().await.expect("a body");
        assert!(whole.trailers().is_none(), "nobody has looked at them");
        let text = String::from_utf8(whole.to_bytes().to_vec()).expect("text");
        assert!(text.starts_with("a [credential] b [credential] c [credential] d "), "{text}");
        assert_eq!(text.matches("[credential]").count(), 4, "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_keeps_its_length() {
    for (method, answer, status, length) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", 200, Some("7")),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", 304, Some("7")),
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, None),
        ("GET", "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, None),
    ] {
        let site = Site::start(move |_| answer.into()).await;
        let door = door_with(Limits::default(), site.port);
        for _kept in 0..2 {
            let got = door.send(request(method, "https://vendor.test/", &[], "")).await.expect("an answer");
            assert_eq!((got.status().as_u16(), got.body().len()), (status, 0), "{answer}");
            let found = got.headers().get("content-length").map(|value| value.to_str().expect("text"));
            assert_eq!(found, length, "{answer}");
            assert!(!got.headers().contains_key("link"), "that was an interim answer's");
        }
        assert_eq!(site.connections(), 1, "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_nobody_reads_takes_its_connection_along() {
    let large = "x".repeat(4 << 20);
    let site = Site::start(move |_| kept("200 OK", &[], &large)).await;
    let door = door_with(Limits::default(), site.port);
    let answer = door.begin(get()).await.expect("an answer");
    let mut body = answer.into_body();
    body.frame().await.expect("a piece").expect("it is whole");
    door.close();
    let error = loop {
        match body.frame().await.expect("the error comes first") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(error, Error::Closed);
    drop(body);
    site.hung_up.notified().await;
}
