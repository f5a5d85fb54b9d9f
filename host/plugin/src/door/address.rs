//! Which addresses a request may be connected to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use ipnet::IpNet;

/// An address that nobody's request may reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{host} is at {address}, which is {range}: to allow it, the operator adds the range to \
     `operator.egress_allow_ranges`"
)]
pub(crate) struct Prohibited {
    /// The host that was asked for.
    pub(crate) host: String,
    /// Where it is.
    pub(crate) address: IpAddr,
    /// What kind of address that is.
    pub(crate) range: &'static str,
}

/// Ranges that lead into the operator's own network, to the machine itself, or nowhere. From the IANA special-purpose
/// address registries (RFC 6890), with what can carry an IPv4 address inside an IPv6 one.
static REFUSED: LazyLock<Vec<(IpNet, &'static str)>> = LazyLock::new(|| {
    [
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier's customers"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud's own, where it talks to its machines"),
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("64:ff9b::/96", "an IPv4 address behind NAT64"),
        ("64:ff9b:1::/48", "an IPv4 address behind a local NAT64"),
        ("2001::/32", "an IPv4 address behind Teredo"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "an IPv4 address behind 6to4"),
        ("3fff::/20", "for documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("ff00::/8", "multicast"),
        ("::1/128", "loopback"),
    ]
    .into_iter()
    .map(|(range, what)| (range.parse().expect("a range of this table"), what))
    .collect()
});

/// Where global IPv6 addresses are allocated from (RFC 4291, section 2.4, and IANA's registry).
static GLOBAL_V6: LazyLock<IpNet> = LazyLock::new(|| "2000::/3".parse().expect("a range"));

/// The rule over addresses: the refused ranges, but for those that the operator allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    allowed: Vec<IpNet>,
}

impl Addresses {
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    pub(crate) fn check(&self, host: &str, address: IpAddr) -> Result<(), Prohibited> {
        // `::ffff:127.0.0.1` connects to 127.0.0.1.
        let real = address.to_canonical();
        // An operator who allows a way to IPv4 has not allowed whatever lies at its end.
        if let IpAddr::V6(real) = real
            && let Some(end) = carried(real)
        {
            self.check(host, end.into())?;
        }
        if self.allowed.iter().any(|range| range.contains(&real)) {
            return Ok(());
        }
        let refused = REFUSED.iter().find(|(range, _)| range.contains(&real)).map(|(_, what)| *what);
        let unallocated = matches!(real, IpAddr::V6(_)) && !GLOBAL_V6.contains(&real);
        match refused.or(unallocated.then_some("not a global address")) {
            Some(range) => Err(Prohibited { host: host.to_owned(), address, range }),
            None => Ok(()),
        }
    }
}

/// The IPv4 address that an IPv6 one leads to: by NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380).
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(of(high, low)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x2001, 0, _, _, _, _, high, low] => Some(of(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let none = Addresses::default();
        let check = |address: &str| none.check("a.com", address.parse().expect("an address")).is_ok();
        for public in ["1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(check(public), "{public} is public");
        }
        for refused in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:0:7f00::",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!check(refused), "{refused} must be refused");
        }
    }

    #[test]
    fn the_operator_can_allow_a_range() {
        let ranges = ["127.0.0.0/8", "64:ff9b::/96", "2001::/32", "2002::/16"];
        let some = Addresses::new(ranges.map(|range| range.parse().expect("a range")).into());
        for (address, expected) in [
            ("127.0.0.1", true),
            ("::ffff:127.0.0.1", true),
            ("10.0.0.1", false),
            ("::1", false),
            ("64:ff9b::101:101", true),
            ("64:ff9b::7f00:1", true),
            ("64:ff9b::a00:1", false),
            ("2002:101:101::1", true),
            ("2002:a00:1::1", false),
            ("2001:0:1:2:3:4:fefe:fefe", true),
            ("2001:0:1:2:3:4:f5ff:fffe", false),
        ] {
            let got = some.check("a.com", address.parse().expect("an address"));
            assert_eq!(got.is_ok(), expected, "{address}");
        }
    }
}
