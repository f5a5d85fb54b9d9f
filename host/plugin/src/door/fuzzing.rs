//! What the fuzz targets of `tests/fuzz` look at from inside. Built for them alone.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Method, Uri};
use url::Host;

use super::{
    address::Addresses,
    scrub::{INSTEAD, Scrubber},
    target::Canonical,
};

/// A request that is accepted has one reading: its URL reads as itself again, names nobody, and its host is what the
/// rules see. An address in it is a public one, or refused.
///
/// # Panics
/// One of these doesn't hold.
pub fn url(method: &str, url: &str) {
    let (Ok(method), Ok(uri)) = (Method::from_bytes(method.as_bytes()), url.parse::<Uri>()) else { return };
    let canonical = match Canonical::of(&method, &uri) {
        Ok(canonical) => canonical,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let (target, url) = (&canonical.target, &canonical.url);
    let again = url.as_str().parse::<Uri>().expect("a URL that was accepted is a URI");
    let again = Canonical::of(&method, &again).expect("what was accepted is accepted again");
    assert_eq!((&again.target, &again.url), (target, url));
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert_eq!(url.path(), target.path);
    assert_eq!(url.port_or_known_default(), Some(target.port));
    let address: IpAddr = match url.host().expect("it names a host") {
        Host::Domain(name) => {
            assert_eq!(name, target.host);
            let last = name.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
            let number = last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
                || last.bytes().all(|b| b.is_ascii_digit());
            return assert!(!number, "{name} is an address in disguise");
        }
        Host::Ipv4(address) => address.into(),
        Host::Ipv6(address) => address.into(),
    };
    assert_eq!(address.to_string(), target.host);
    let passes = Addresses::default().check(&target.host, address).is_ok();
    assert!(!passes || !is_inside(address.to_canonical()), "{address} leads inside");
}

/// What the standard library knows of addresses that aren't public.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(a) => {
            a.is_loopback()
                || a.is_private()
                || a.is_link_local()
                || a.is_unspecified()
                || a.is_broadcast()
                || a.is_multicast()
        }
        IpAddr::V6(a) => {
            a.is_loopback()
                || a.is_unspecified()
                || a.is_unique_local()
                || a.is_unicast_link_local()
                || a.is_multicast()
        }
    }
}

/// Whatever a body is cut into, it comes out the same, and nothing between what was put in a secret's place holds one.
///
/// # Panics
/// One of these doesn't hold.
pub fn scrubber(secret: &str, chunks: &[u8], body: &[u8]) {
    let scrubber = Scrubber::new([secret]);
    let whole = scrubber.bytes(Bytes::copy_from_slice(body));
    let mut stream = scrubber.stream();
    let mut pieces = Vec::new();
    let mut rest = body;
    let mut lengths = chunks.iter().map(|length| usize::from(*length)).cycle();
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(rest.len()).clamp(1, rest.len());
        let (piece, left) = rest.split_at(length);
        pieces.extend_from_slice(&stream.push(Bytes::copy_from_slice(piece)));
        rest = left;
    }
    pieces.extend_from_slice(&stream.finish());
    assert_eq!(whole, pieces);
    for (at, window) in whole.windows(secret.len()).enumerate() {
        if window == secret.as_bytes() {
            // A secret that is a part of what stands in its place, or of its borders, isn't one that was left.
            let near = &whole[at.saturating_sub(INSTEAD.len())..whole.len().min(at + secret.len() + INSTEAD.len())];
            assert!(near.windows(INSTEAD.len()).any(|part| part == INSTEAD.as_bytes()), "a secret was left at {at}");
        }
    }
}
