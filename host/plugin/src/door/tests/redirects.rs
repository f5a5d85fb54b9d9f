//! Redirects: each hop is a request of its own, and a hop that isn't allowed is named.

use super::{
    site::{Site, kept},
    *,
};
use crate::limits::{REDIRECTS_MAX, URL_BYTES_MAX};

/// A vendor that sends whoever asks for `/hop/N` to `/hop/N-1`, from `/hop/0` to `location`, and answers the rest.
async fn vendor(status: &'static str, location: &str) -> Site {
    let location = location.to_owned();
    Site::start(move |path| match path.strip_prefix("/hop/").map(|rest| rest.parse::<u32>().unwrap_or(0)) {
        Some(0) => kept(status, &[&format!("location: {location}")], "elsewhere"),
        Some(n) => kept(status, &[&format!("location: /hop/{}", n - 1)], "on"),
        None => kept("200 OK", &[], path),
    })
    .await
}

fn rules() -> Vec<Asked> {
    vec![
        read("GET,HEAD,POST https://vendor.test/hop/**"),
        read("GET,HEAD https://vendor.test/end/*"),
        Asked { credential: true, ..read("GET https://vendor.test/token/*") },
        write("GET https://vendor.test/written/*"),
        read("GET http://vendor.test/end/*"),
        read("GET https://vendor.test:8443/end/*"),
        read("GET http://169.254.169.254/**"),
        read("GET https://[::ffff:169.254.169.254]/**"),
        read("GET https://inside.test/**"),
    ]
}

fn setup() -> Setup {
    let resolver = site::Answers::of("inside.test", &[&["10.0.0.1"]]);
    Setup { rules: rules(), resolver, ..Setup::default() }
}

fn start(hops: usize) -> Request<Bytes> {
    request("GET", &format!("https://vendor.test/hop/{hops}"), &[("x-note", "n")], "")
}

#[tokio::test]
async fn a_read_is_followed_to_where_it_is_allowed() {
    let check = async |location: &str, expected: Result<&str, &str>| {
        let site = vendor("302 Found", location).await;
        let door = door(&setup().outlet(site.port), writes());
        match (door.send(start(0)).await, expected) {
            (Ok(answer), Ok(path)) => {
                assert_eq!(answer.body(), path);
                assert_eq!(site.requests.all().len(), 2);
            }
            (Err(error), Err(words)) => {
                assert!(error.to_string().contains(words), "{location}: {error}");
                assert!(door.log.take().last().expect("a line").message.contains(words), "{location}");
                assert_eq!(site.requests.all().len(), 1, "{location}");
            }
            (got, expected) => panic!("{location}: {got:?} instead of {expected:?}"),
        }
        assert_eq!(door.close().writes, []);
    };
    check("/end/1", Ok("/end/1")).await;
    check("../end/1?q#part", Ok("/end/1?q")).await;
    check("https://vendor.test/end/1", Ok("/end/1")).await;
    check("//vendor.test:443/end/1", Ok("/end/1")).await;
    check("https://vendor.test:8443/end/1", Ok("/end/1")).await;

    check("/other/1", Err("GET https://vendor.test/other/1 is not requested by the plugin's manifest")).await;
    check("https://elsewhere.test/end/1", Err("GET https://elsewhere.test/end/1 is not requested")).await;
    check("https://vendor.test:444/end/1", Err("GET https://vendor.test:444/end/1 is not requested")).await;
    check("/written/1", Err("is marked as a write, and a redirect sends reads alone")).await;
    check("http://vendor.test/end/1", Err("from https to http")).await;
    check("http://169.254.169.254/latest/meta-data", Err("from https to http")).await;
    check("https://[::ffff:169.254.169.254]/", Err("canonical form")).await;
    check("https://[::ffff:a9fe:a9fe]/", Err("link-local, where clouds keep their metadata")).await;
    check("https://inside.test/", Err("10.0.0.1, which is private")).await;
    check("https://me:pw@vendor.test/end/1", Err("user name")).await;
    check("https://vendor.test/hop/../end/1", Err("dot segments")).await;
    check("https://2852039166/", Err("canonical form")).await;
    check("https://vendor.test./end/1", Err("last dot")).await;
    check("/\\elsewhere.test", Err("characters")).await;
    check("ftp://vendor.test/end/1", Err("scheme")).await;
    check("", Err("leads nowhere")).await;
    check("https://", Err("no address")).await;
    check(&format!("/{}", "x".repeat(URL_BYTES_MAX)), Err("longer than 8 KiB")).await;
    check("/hop/0", Err("in a circle")).await;
    check("https://vendor.test/hop/0", Err("in a circle")).await;
    check(&format!("/end/1?token={TOKEN}"), Err("carries a credential along")).await;
    check("/end/1?token=t0ken%2Fwith%2Bodd%3Dchars", Err("carries a credential along")).await;
}

#[tokio::test]
async fn a_plain_redirect_to_metadata_is_refused_for_its_address() {
    let site = vendor("302 Found", "http://169.254.169.254/latest/meta-data").await;
    let rules = vec![read("GET http://vendor.test/hop/*"), read("GET http://169.254.169.254/**")];
    let door = door(&Setup { rules, ..setup() }.outlet(site.port), Purpose::Reads("a read tool"));
    let error = door.send(request("GET", "http://vendor.test/hop/0", &[], "")).await.expect_err("is refused");
    assert!(matches!(error, Error::Prohibited(_)), "{error}");
    assert_eq!(door.close().refusal, Some(error));
}

#[tokio::test]
async fn a_redirect_can_not_turn_a_read_into_a_write() {
    let site = vendor("302 Found", "/written/1").await;
    for (purpose, words) in [
        (Purpose::Reads("a read tool"), "a read tool sends reads alone"),
        (writes(), "a redirect sends reads alone"),
        (Purpose::Rehearses, "a redirect sends reads alone"),
    ] {
        let door = door(&setup().outlet(site.port), purpose);
        let error = door.send(start(0)).await.expect_err(words);
        assert!(matches!(error, Error::Denied(_)) && error.to_string().contains(words), "{error}");
        let closed = door.close();
        assert_eq!((closed.writes.len(), closed.captured.len()), (0, 0));
    }
    assert!(site.requests.all().iter().all(|head| head.starts_with("get /hop/0 ")));
}

#[tokio::test]
async fn five_redirects_are_followed_and_no_more() {
    let site = vendor("307 Temporary Redirect", "/end/1").await;
    for (hops, requests, expected) in [(REDIRECTS_MAX - 1, 6, true), (REDIRECTS_MAX, 6, false)] {
        let before = site.requests.all().len();
        let door = door(&setup().outlet(site.port), Purpose::Reads("a read tool"));
        let got = door.send(start(hops)).await;
        assert_eq!(got.is_ok(), expected, "{got:?}");
        assert!(expected || matches!(got, Err(Error::Circle { .. })));
        assert_eq!(site.requests.all().len() - before, requests);
    }
}

#[tokio::test]
async fn each_hop_counts_as_a_request_and_all_share_the_time() {
    let site = vendor("302 Found", "/end/1").await;
    let limits = Limits { requests_max: 3, ..Limits::default() };
    let one = door(&Setup { limits, ..setup() }.outlet(site.port), Purpose::Reads("a read tool"));
    let error = one.send(start(4)).await.expect_err("these are too many");
    assert!(matches!(&error, Error::Limit(reached) if reached.limit == Limit::Requests), "{error}");
    assert_eq!(site.requests.all().len(), 3);

    let slow = Site::start(|path| match path {
        "/hop/1" => kept("302 Found", &["location: /hop/0"], ""),
        _ => Vec::new(),
    })
    .await;
    let limits = Limits { request_ms_max: 300, ..Limits::default() };
    let other = door(&Setup { limits, ..setup() }.outlet(slow.port), Purpose::Reads("a read tool"));
    assert!(matches!(other.send(start(1)).await, Err(Error::TimedOut { .. })));
}

#[tokio::test]
async fn a_credential_is_put_on_by_the_rule_of_each_hop() {
    let site = Site::start(|path| match path {
        "/token/1" => kept("302 Found", &["location: /end/1"], ""),
        "/end/1" => kept("302 Found", &["location: /token/2"], ""),
        _ => kept("200 OK", &[], "here"),
    })
    .await;
    let door = door(&setup().outlet(site.port), Purpose::Reads("a read tool"));
    let first = request("GET", "https://vendor.test/token/1", &[("x-note", "n"), ("accept", "a/b")], "");
    assert_eq!(door.send(first).await.expect("an answer").body(), "here");
    let heads = site.requests.all();
    let with_credential: Vec<_> =
        heads.iter().map(|head| head.contains(&format!("x-api-key: token {TOKEN}"))).collect();
    assert_eq!(with_credential, [true, false, true]);
    for head in heads {
        for expected in ["\r\nx-note: n\r\n", "\r\naccept: a/b\r\n", "\r\nhost: vendor.test\r\n"] {
            assert_eq!(head.matches(expected).count(), 1, "{expected:?} in {head:?}");
        }
        assert!(!head.contains("referer"), "{head}");
    }
}

#[tokio::test]
async fn only_what_asks_and_has_no_body_is_followed() {
    for (status, method, body, follows) in [
        ("301 Moved Permanently", "GET", "", true),
        ("302 Found", "GET", "", true),
        ("303 See Other", "GET", "", true),
        ("307 Temporary Redirect", "GET", "", true),
        ("308 Permanent Redirect", "GET", "", true),
        ("302 Found", "HEAD", "", true),
        ("300 Multiple Choices", "GET", "", false),
        ("304 Not Modified", "GET", "", false),
        ("305 Use Proxy", "GET", "", false),
        ("201 Created", "GET", "", false),
        ("302 Found", "GET", "body", false),
        ("303 See Other", "POST", "", false),
        ("307 Temporary Redirect", "POST", "body", false),
    ] {
        // A HEAD has no body, and a 304 neither.
        let length = if method == "HEAD" || status.starts_with("304") { "" } else { "content-length: 0\r\n" };
        let site = Site::start(move |path| match path {
            "/hop/0" => format!("HTTP/1.1 {status}\r\n{length}location: /end/1\r\n\r\n").into_bytes(),
            _ => format!("HTTP/1.1 200 OK\r\n{length}\r\n").into_bytes(),
        })
        .await;
        let door = door(&setup().outlet(site.port), Purpose::Reads("a read tool"));
        let answer = door.send(request(method, "https://vendor.test/hop/0", &[], body)).await.expect("an answer");
        let expected = if follows { "200" } else { &status[..3] };
        assert_eq!(answer.status().as_str(), expected, "{method} {status}");
        assert_eq!(answer.headers().contains_key("location"), !follows);
        let heads = site.requests.all();
        assert_eq!(heads.len(), if follows { 2 } else { 1 }, "{method} {status}");
        assert!(heads.iter().all(|head| head.starts_with(&method.to_ascii_lowercase())));
    }
    let site = Site::start(|_| kept("302 Found", &[], "nowhere")).await;
    let door = door(&setup().outlet(site.port), Purpose::Reads("a read tool"));
    assert_eq!(door.send(start(0)).await.expect("without Location it is an answer").status(), 302);
}

#[tokio::test]
async fn a_write_is_never_followed() {
    let site = vendor("303 See Other", "/end/1").await;
    let door = door(&setup().outlet(site.port), writes());
    let written = request("GET", "https://vendor.test/written/1", &[], "");
    assert_eq!(door.send(written).await.expect("an answer").status(), 200);
    let rules = vec![write("GET https://vendor.test/hop/*"), read("GET https://vendor.test/end/*")];
    let door = super::door(&Setup { rules, ..setup() }.outlet(site.port), writes());
    let answer = door.send(start(0)).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.headers()["location"].as_bytes()), (303, &b"/end/1"[..]));
    assert_eq!(door.close().writes, [WriteAnswer::Accepted]);
}
