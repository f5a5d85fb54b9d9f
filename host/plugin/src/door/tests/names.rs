//! Names: what is checked is what is connected to, and a kept connection stays with its grant.

use super::{
    site::{Answers, Site, kept},
    *,
};
use crate::limits::ADDRESSES_MAX;

/// Two servers at one port: a place that the operator allows, and one that nobody may reach.
async fn open_and_shut(headers: &'static [&'static str]) -> (Site, Site) {
    loop {
        let open = Site::at("127.0.0.2:0", move |_| kept("200 OK", headers, "open")).await.expect("loopback");
        if let Ok(shut) = Site::at(&format!("127.0.0.1:{}", open.port), |_| kept("200 OK", &[], "shut")).await {
            return (open, shut);
        }
    }
}

/// A grant of `rebinds.test`, where the operator allows 127.0.0.2.
fn grant(resolver: &Arc<Answers>, port: u16) -> Arc<Outlet> {
    let resolver = Arc::clone(resolver) as Arc<dyn Resolver>;
    let rules = vec![read(format!("GET http://rebinds.test:{port}/**"))];
    Setup { reroute: &[], allow: vec!["127.0.0.2/32"], rules, resolver, ..Setup::default() }.outlet(port)
}

fn ask(port: u16) -> Request<Bytes> {
    request("GET", &format!("http://rebinds.test:{port}/x"), &[], "")
}

#[tokio::test]
async fn what_was_checked_is_what_is_connected_to() {
    let (open, shut) = open_and_shut(&["connection: close"]).await;
    let resolver = Answers::of("rebinds.test", &[&["127.0.0.2"], &["127.0.0.1"]]);
    let door = door(&grant(&resolver, open.port), Purpose::Reads("a read tool"));
    assert_eq!(door.send(ask(open.port)).await.expect("an answer").body(), "open");
    assert_eq!((resolver.asked(), open.connections()), (1, 1), "asked once for one connection");

    let error = door.send(ask(open.port)).await.expect_err("it now leads inside");
    assert!(matches!(&error, Error::Prohibited(_)), "{error}");
    assert!(error.to_string().contains("rebinds.test is at 127.0.0.1, which is loopback"), "{error}");
    assert_eq!((resolver.asked(), open.connections(), shut.connections()), (2, 1, 0));
}

#[tokio::test]
async fn a_kept_connection_is_for_the_same_grant_alone() {
    let (open, shut) = open_and_shut(&[]).await;
    let resolver = Answers::of("rebinds.test", &[&["127.0.0.2"], &["127.0.0.2"], &["127.0.0.1"]]);
    let one = grant(&resolver, open.port);
    for _call in 0..3 {
        let door = door(&one, Purpose::Reads("a read tool"));
        assert_eq!(door.send(ask(open.port)).await.expect("an answer").body(), "open");
    }
    assert_eq!((resolver.asked(), open.connections()), (1, 1), "calls of one grant share it");

    let another = grant(&resolver, open.port);
    let other = door(&another, Purpose::Reads("a read tool"));
    other.send(ask(open.port)).await.expect("an answer");
    assert_eq!((resolver.asked(), open.connections()), (2, 2), "another tenant or grant has its own");

    let third = door(&grant(&resolver, open.port), Purpose::Reads("a read tool"));
    assert!(matches!(third.send(ask(open.port)).await, Err(Error::Prohibited(_))), "and its own check");
    assert_eq!(shut.connections(), 0);
}

#[tokio::test]
async fn every_address_of_a_name_is_checked() {
    let (open, shut) = open_and_shut(&[]).await;
    let check = async |answer: &[&str], expected: Result<&str, &str>| {
        let resolver = Answers::of("rebinds.test", &[answer]);
        let door = door(&grant(&resolver, open.port), Purpose::Reads("a read tool"));
        match (door.send(ask(open.port)).await, expected) {
            (Ok(got), Ok(body)) => assert_eq!(got.body(), body),
            (Err(error), Err(words)) => assert!(error.to_string().contains(words), "{answer:?}: {error}"),
            (got, expected) => panic!("{answer:?}: {got:?} instead of {expected:?}"),
        }
    };
    check(&["127.0.0.2"], Ok("open")).await;
    check(&["127.0.0.2"; 1000], Ok("open")).await;
    check(&[], Err("the name has no address")).await;
    for shut in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:1:2:3:4:80ff:fffe",
        "fe80::1",
        "fd00::1",
        "ff02::1",
    ] {
        check(&[shut], Err("to allow it, the operator adds the range")).await;
        check(&["127.0.0.2", shut], Err("to allow it, the operator adds the range")).await;
        let mut last = vec!["127.0.0.2"; 1000];
        last.push(shut);
        check(&last, Err("to allow it, the operator adds the range")).await;
    }
    assert_eq!(shut.connections(), 0);
}

#[tokio::test]
async fn a_connection_is_tried_to_some_addresses_and_not_to_thousands() {
    let resolver = Answers::of("many.test", &[&["1.1.1.1"; 5000]]);
    let names = resolver::Names { resolver, addresses: Arc::default() };
    assert_eq!(names.find("many.test").await.expect("addresses").len(), ADDRESSES_MAX);
}

#[tokio::test]
async fn a_write_whose_vendor_is_not_found_in_time_never_left() {
    struct Silent;
    #[async_trait::async_trait]
    impl Resolver for Silent {
        async fn resolve(&self, _: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
            std::future::pending().await
        }
    }
    let limits = Limits { request_ms_max: 100, ..Limits::default() };
    let setup = Setup { limits, reroute: &[], resolver: Arc::new(Silent), ..Setup::default() };
    let door = door(&setup.outlet(1), writes());
    let error = door.send(post()).await.expect_err("nobody says where it is");
    assert!(matches!(&error, Error::Unreachable { host, .. } if host == "vendor.test"), "{error}");
    assert_eq!(door.close().writes, []);
}
