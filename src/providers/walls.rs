//! Where a provider's name may lead: a name that is answered with an address of our own networks, or with
//! the cloud's metadata, is not followed.
//!
//! Whoever means a place of our own writes it as such: as an address, which asks for no name, or as
//! `localhost`. Addresses in the configuration are judged there.

use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::reach::Reach;

/// How a name is looked up.
pub(super) type LookUp = fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;

/// Resolves names, and hands on only what is admitted.
pub(super) struct Walls {
    look_up: LookUp,
}

impl Walls {
    /// The walls around the system's own answers.
    pub(super) fn new() -> Self {
        Self { look_up: |name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }) }
    }

    /// The walls around answers to order.
    #[cfg(test)]
    pub(super) fn answering(look_up: LookUp) -> Self {
        Self { look_up }
    }
}

impl Resolve for Walls {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let found = (self.look_up)(name.clone());
        Box::pin(async move {
            let (kept, dropped): (Vec<_>, Vec<_>) = found.await?.into_iter().partition(|it| admits(&name, it));
            if !dropped.is_empty() {
                tracing::warn!(name, "a provider's name leads into a network of our own and is not followed there");
            }
            let addresses: Addrs = Box::new(kept.into_iter());
            Ok(addresses)
        })
    }
}

fn admits(name: &str, address: &SocketAddr) -> bool {
    match Reach::of(address.ip()) {
        Reach::Public => true,
        Reach::Private => is_localhost(name) && address.ip().to_canonical().is_loopback(),
        Reach::Never => false,
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_out_or_to_where_it_says() {
        for (name, address, admitted) in [
            ("api.example.com", "93.184.216.34:443", true),
            ("api.example.com", "127.0.0.1:443", false),
            ("api.example.com", "10.0.0.1:443", false),
            ("api.example.com", "169.254.169.254:80", false),
            ("localhost", "127.0.0.1:80", true),
            ("LOCALHOST.", "[::1]:80", true),
            ("localhost", "10.0.0.1:80", false),
            ("localhost", "169.254.169.254:80", false),
            ("localhost.example.com", "127.0.0.1:80", false),
        ] {
            assert_eq!(admits(name, &address.parse().expect("an address")), admitted, "{name} at {address}");
        }
    }
}
