//! Providers' addresses that are refused before anything starts: this deployment's own, where its keys would be
//! our leases and our own work would earn credits; and those where no provider is, such as a cloud's metadata.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use url::{Host, Url};

use super::{Config, Fault, provider_section};
use crate::domain::reach::Reach;

/// Faults of providers' addresses.
pub(super) fn judge(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (code, provider) in &config.providers {
        let addresses = [("base_url", &provider.base_url), ("legacy_base_url", &provider.legacy_base_url)];
        for (key, url) in addresses {
            let Some(url) = url else { continue };
            let problem = match own_door(config, url) {
                Some(own) => format!("is this deployment's own address: the one of {own}"),
                None if is_nowhere(url) => "is link-local, multicast or unspecified, where no provider is".to_owned(),
                None => continue,
            };
            let name = format!("{}.{key}", provider_section(*code));
            faults.push(Fault::of(&name, &problem, "Name the provider's, then: key-recycling config check"));
        }
    }
    faults
}

fn is_nowhere(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) | None => return false,
    };
    Reach::of(address) == Reach::Never
}

/// The setting of ours that says the same address.
fn own_door(config: &Config, url: &Url) -> Option<&'static str> {
    let listeners = [
        ("server.listen", config.server.listen),
        ("gateway.listen", config.gateway.listen),
        ("admin.listen", config.admin.listen),
    ];
    let names = [("server.public_url", &config.server.public_url), ("gateway.public_url", &config.gateway.public_url)];
    let by_listener = listeners.into_iter().find(|(_, address)| reaches(url, *address, is_own)).map(|(name, _)| name);
    by_listener.or_else(|| names.into_iter().find(|(_, own)| is_same_place(url, own)).map(|(name, _)| name))
}

/// Whether the address leads to the listener, as far as it shows without asking for names. A listener on all
/// addresses is reached by each of this machine's own.
fn reaches(url: &Url, listener: SocketAddr, is_own: impl Fn(IpAddr) -> bool) -> bool {
    if url.port_or_known_default() != Some(listener.port()) {
        return false;
    }
    let Some(host) = host_of(url) else { return false };
    match host {
        Place::Here => listener.ip().is_loopback() || listener.ip().is_unspecified(),
        Place::At(address) => {
            address == listener.ip().to_canonical() || listener.ip().is_unspecified() && is_own(address)
        }
        Place::Named(_) => false,
    }
}

/// Whether the address is one of this machine's: a socket can be bound to no other, unless the system is told to let
/// it (`net.ipv4.ip_nonlocal_bind`). Then every address of our port counts as ours, and another has to be named.
fn is_own(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn is_same_place(url: &Url, own: &Url) -> bool {
    url.port_or_known_default() == own.port_or_known_default() && host_of(url).is_some() && host_of(url) == host_of(own)
}

/// A host, whatever way it is spelled.
#[derive(PartialEq, Eq)]
enum Place {
    /// The machine itself.
    Here,
    At(IpAddr),
    Named(String),
}

fn host_of(url: &Url) -> Option<Place> {
    let address = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let is_here = name == "localhost" || name.ends_with(".localhost");
            return Some(if is_here { Place::Here } else { Place::Named(name) });
        }
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address).to_canonical(),
    };
    let is_here = address.is_loopback() || address.is_unspecified();
    Some(if is_here { Place::Here } else { Place::At(address) })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    /// Kept for documentation: no machine has it.
    const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[test]
    fn the_addresses_of_this_machine_are_its_own_and_others_are_not() {
        for address in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 9, 9, 9)] {
            assert!(is_own(address.into()), "{address}");
        }
        assert!(!is_own(ELSEWHERE) && !is_own("2001:db8::1".parse().unwrap()));
    }

    #[test]
    fn a_listener_on_all_addresses_is_reached_by_each_of_the_machines_own() {
        let own: IpAddr = "10.1.2.3".parse().unwrap();
        let reached = |url: &str, listener: (IpAddr, u16)| {
            reaches(&Url::parse(url).unwrap(), listener.into(), |address| address == own)
        };
        for all in [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)] {
            for url in ["http://10.1.2.3:8080", "http://[::ffff:10.1.2.3]:8080/path", "http://127.0.0.2:8080"] {
                assert!(reached(url, (all, 8080)), "{url} {all}");
            }
            for url in ["http://10.1.2.3:8081", "http://10.1.2.4:8080", "http://10.1.2.3"] {
                assert!(!reached(url, (all, 8080)), "{url} {all}");
            }
        }
        assert!(!reached("http://10.1.2.3:8080", ("10.1.2.4".parse().unwrap(), 8080)), "it listens elsewhere");
    }
}
