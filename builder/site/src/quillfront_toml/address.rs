//! Which addresses are on the public Internet. The others are never connected to: behind them
//! are this machine, the network around it, and what the cloud tells its machines alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Networks that are never connected to (IANA's registries of special-purpose addresses, with RFC
/// 6890 and its successors), and what each is.
const REFUSED_V4: &[(Ipv4Addr, u32, &str)] = &[
    (
        Ipv4Addr::new(0, 0, 0, 0),
        8,
        "an address of \"this network\"",
    ),
    (Ipv4Addr::new(10, 0, 0, 0), 8, "a private address"),
    (
        Ipv4Addr::new(100, 64, 0, 0),
        10,
        "an address shared by a provider's customers",
    ),
    (Ipv4Addr::new(127, 0, 0, 0), 8, "this machine (loopback)"),
    (Ipv4Addr::new(169, 254, 0, 0), 16, "a link-local address"),
    (Ipv4Addr::new(172, 16, 0, 0), 12, "a private address"),
    (
        Ipv4Addr::new(192, 0, 0, 0),
        24,
        "an address reserved for protocols",
    ),
    (
        Ipv4Addr::new(192, 0, 2, 0),
        24,
        "an address reserved for examples",
    ),
    (
        Ipv4Addr::new(192, 88, 99, 0),
        24,
        "an address of a 6to4 relay",
    ),
    (Ipv4Addr::new(192, 168, 0, 0), 16, "a private address"),
    (
        Ipv4Addr::new(198, 18, 0, 0),
        15,
        "an address reserved for benchmarks",
    ),
    (
        Ipv4Addr::new(198, 51, 100, 0),
        24,
        "an address reserved for examples",
    ),
    (
        Ipv4Addr::new(203, 0, 113, 0),
        24,
        "an address reserved for examples",
    ),
    (Ipv4Addr::new(224, 0, 0, 0), 4, "a multicast address"),
    (Ipv4Addr::new(240, 0, 0, 0), 4, "a reserved address"),
    // Azure's services for its own machines, in a public network.
    (
        Ipv4Addr::new(168, 63, 129, 16),
        32,
        "a cloud's address for its machines",
    ),
];

/// Of IPv6 only global unicast is used at all, and of that not these.
const REFUSED_V6: &[(Ipv6Addr, u32, &str)] = &[
    (
        Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0),
        23,
        "an address reserved for protocols",
    ),
    (
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0),
        32,
        "an address reserved for examples",
    ),
    (
        Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0),
        16,
        "an IPv4 address in another form (6to4)",
    ),
    (
        Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0),
        20,
        "an address reserved for examples",
    ),
];

/// What an address is if it is never connected to; none for a public one.
pub fn refusal(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_v4(address),
        IpAddr::V6(address) => refusal_v6(address),
    }
}

fn refusal_v4(address: Ipv4Addr) -> Option<&'static str> {
    let number = address.to_bits();
    let within = |(network, bits, _): &&(Ipv4Addr, u32, &'static str)| {
        (number ^ network.to_bits())
            .checked_shr(32 - bits)
            .unwrap_or(0)
            == 0
    };
    let found = REFUSED_V4.iter().find(within)?;
    Some(found.2)
}

fn refusal_v6(address: Ipv6Addr) -> Option<&'static str> {
    // 2000::/3 is all that is global unicast (RFC 4291, section 2.4, as allocated). It leaves out
    // loopback, unspecified, IPv4-mapped and -compatible, NAT64 (64:ff9b::/96, 64:ff9b:1::/48),
    // discard-only, unique local, link-local, site-local and multicast addresses.
    if address.segments()[0] >> 13 != 0b001 {
        return Some(named_v6(address));
    }
    let number = address.to_bits();
    let within = |(network, bits, _): &&(Ipv6Addr, u32, &'static str)| {
        (number ^ network.to_bits()) >> (128 - bits) == 0
    };
    let found = REFUSED_V6.iter().find(within)?;
    Some(found.2)
}

fn named_v6(address: Ipv6Addr) -> &'static str {
    let segments = address.segments();
    match segments[0] {
        _ if address.is_loopback() => "this machine (loopback)",
        _ if address.is_unspecified() => "the unspecified address",
        _ if address.to_ipv4().is_some() => "an IPv4 address in another form",
        0x64 if segments[1] == 0xff9b => "an IPv4 address in another form (NAT64)",
        0xfc00..=0xfdff => "a private address (unique local)",
        0xfe80..=0xfebf => "a link-local address",
        0xff00..=0xffff => "a multicast address",
        _ => "not a public address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<&'static str> {
        refusal(text.parse().unwrap_or_else(|_| panic!("{text}")))
    }

    #[test]
    fn public_addresses_are_let_through() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "168.63.129.15",
            "168.63.129.17",
            "2606:4700:4700::1111",
            "2a00:1450:4001:80b::200e",
            "2001:200::1",
            "2600:1f18::1",
            "2003::1",
            "2001:db9::1",
        ] {
            assert_eq!(refused(address), None, "{address}");
        }
    }

    #[test]
    fn addresses_that_are_not_public_are_refused() {
        for address in [
            // This network, loopback, unspecified.
            "0.0.0.0",
            "0.1.2.3",
            "127.0.0.1",
            "127.255.255.254",
            "::",
            "::1",
            // Private.
            "10.0.0.0",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.168.255.255",
            "fc00::1",
            "fd00:ec2::254",
            "fdff:ffff::1",
            // Link-local, among them the metadata of clouds (AWS, Azure, Google, ECS).
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "fe80::1",
            "febf::1",
            "fec0::1",
            // Shared (CGNAT; Alibaba's metadata), Azure's own.
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "168.63.129.16",
            // Multicast, broadcast, reserved.
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "ff0e::1",
            // Protocols, examples, measurements.
            "192.0.0.1",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "2001:2::1",
            "2001:10::1",
            "2001:1ff::1",
            // IPv4 in other forms: mapped, compatible, NAT64, 6to4, Teredo.
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "::ffff:0:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2001:0:1::1",
            // Not handed out.
            "4000::1",
            "e000::1",
            "200::1",
        ] {
            assert!(refused(address).is_some(), "{address}");
        }
    }

    #[test]
    fn the_message_names_what_it_is() {
        assert_eq!(refused("127.0.0.1"), Some("this machine (loopback)"));
        assert_eq!(refused("::1"), Some("this machine (loopback)"));
        assert_eq!(refused("fe80::1"), Some("a link-local address"));
        assert_eq!(refused("fd00::1"), Some("a private address (unique local)"));
        assert_eq!(
            refused("::ffff:10.0.0.1"),
            Some("an IPv4 address in another form")
        );
    }
}
