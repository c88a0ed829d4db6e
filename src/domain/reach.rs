//! How far an IP address reaches: into the world, into our own networks, or nowhere that a provider is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Into the world.
    Public,
    /// To this machine or into a network of our own.
    Private,
    /// Where no provider is: to the cloud's metadata and other link-local places, to many at once, or to
    /// none at all.
    Never,
}

/// Where clouds answer with what a machine may know of itself, credentials included: Alibaba's and AWS's by
/// IPv6; the usual one is link-local.
const METADATA_V4: [Ipv4Addr; 1] = [Ipv4Addr::new(100, 100, 100, 200)];
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)];

impl Reach {
    /// Where the address leads.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    let [first, second, ..] = address.octets();
    // 0.0.0.0/8 is this host, 240.0.0.0/4 nobody's, 100.64.0.0/10 the network of a carrier or a cloud.
    if first == 0 || first >= 240 || address.is_link_local() || address.is_multicast() || METADATA_V4.contains(&address)
    {
        Reach::Never
    } else if address.is_loopback() || address.is_private() || (first == 100 && second & 0xc0 == 64) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    let parts = address.segments();
    if parts[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        // A gateway makes the IPv4 address in it of this.
        return of_v4(Ipv4Addr::from_bits((u32::from(parts[6]) << 16) | u32::from(parts[7])));
    }
    if parts[0] == 0x2002 {
        // So does a relay of 6to4, of the second and third part.
        return of_v4(Ipv4Addr::from_bits((u32::from(parts[1]) << 16) | u32::from(parts[2])));
    }
    if address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || METADATA_V6.contains(&address)
    {
        Reach::Never
    } else if address.is_loopback() || address.is_unique_local() {
        Reach::Private
    } else {
        Reach::Public
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_reach_as_far_as_they_do() {
        let groups: [(Reach, &[&str]); 3] = [
            (
                Reach::Public,
                &[
                    "1.1.1.1",
                    "172.32.0.1",
                    "100.63.255.255",
                    "100.128.0.1",
                    "101.64.0.1",
                    "99.64.0.1",
                    "223.255.255.255",
                    "2606:4700::1111",
                    "64:ff9b::101:101",
                    "2002:101:101::1",
                    "64:ff9b:1::a9fe:a9fe",
                ],
            ),
            (
                Reach::Private,
                &[
                    "127.0.0.1",
                    "10.1.2.3",
                    "172.16.0.1",
                    "192.168.0.1",
                    "100.64.0.1",
                    "100.127.255.255",
                    "::1",
                    "fd00:ec2::1",
                    "64:ff9b::a00:1",
                    "2002:a00:1::1",
                ],
            ),
            (
                Reach::Never,
                &[
                    "169.254.169.254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "100.100.100.200",
                    "fd00:ec2::254",
                    "2002:a9fe:a9fe::1",
                    "fe80::1",
                    "0.0.0.0",
                    "0.1.2.3",
                    "::",
                    "224.0.0.1",
                    "240.0.0.1",
                    "ff02::1",
                    "255.255.255.255",
                ],
            ),
        ];
        for (reach, addresses) in groups {
            for address in addresses {
                assert_eq!(Reach::of(address.parse().expect("an address")), reach, "{address}");
            }
        }
    }
}
