//! How often an address may come without a good login.
//!
//! Whoever signs in is never held up by it, also behind an address that others have used up: it is asked only
//! when there is no login or when one has failed. The address is the connection's; `X-Forwarded-For` is what
//! anybody may write. Memory is bounded: when more addresses come than are remembered, those that are new
//! share one allowance.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::domain::Timestamp;
use crate::graphql::ApiError;

/// The time that an allowance is for.
const MINUTE: i64 = 60_000_000;

/// Most addresses that are remembered at once.
const ADDRESSES_MAX: usize = 50_000;

/// Least time between two passes that forget addresses.
const FORGET_EVERY: i64 = 1_000_000;

/// The allowance of each address: a bucket that drips empty within a minute.
pub(super) struct Strangers {
    /// Microseconds that one request fills of the minute that a bucket holds.
    step: i64,
    most: usize,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    /// When each bucket is empty again.
    empty_at: HashMap<IpAddr, i64>,
    forgotten_at: i64,
}

impl Strangers {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { step: MINUTE / i64::from(per_minute.max(1)), most: ADDRESSES_MAX, buckets: Mutex::default() }
    }

    /// Counts a request without a good login.
    ///
    /// # Errors
    /// RATE_LIMITED, with the moment from which the next one is taken; then nothing is counted.
    pub(super) fn admit(&self, peer: IpAddr, now: Timestamp) -> Result<(), ApiError> {
        let now = now.micros();
        // Every change is whole, also under a holder that panicked.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full = buckets.empty_at.len() >= self.most;
        if full && now - buckets.forgotten_at >= FORGET_EVERY {
            buckets.empty_at.retain(|_, empty_at| *empty_at > now);
            buckets.forgotten_at = now;
        }
        let mut whose = home(peer);
        if buckets.empty_at.len() >= self.most && !buckets.empty_at.contains_key(&whose) {
            whose = IpAddr::V6(Ipv6Addr::UNSPECIFIED);
        }
        let empty_at = buckets.empty_at.entry(whose).or_insert(now);
        let filled = (*empty_at).max(now) + self.step;
        if filled - now > MINUTE {
            return Err(ApiError::rate_limited(Timestamp::from_micros(filled - MINUTE)));
        }
        *empty_at = filled;
        Ok(())
    }
}

/// What counts as one address: of IPv6 the network that one customer has.
fn home(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn an_address_has_so_many_in_a_minute() {
        let strangers = Strangers::new(3);
        let (first, second) = (address("192.0.2.1"), address("192.0.2.2"));
        for _ in 0..3 {
            assert!(strangers.admit(first, at(0)).is_ok());
        }
        let refused = strangers.admit(first, at(5)).expect_err("it is used up");
        assert_eq!(refused.retry_at(), Some(at(20)));
        assert!(strangers.admit(second, at(5)).is_ok(), "others go on");
        assert!(strangers.admit(first, at(20)).is_ok() && strangers.admit(first, at(20)).is_err());
        assert!((0..3).all(|_| strangers.admit(first, at(80)).is_ok()), "a minute later all of it is back");
    }

    #[test]
    fn a_network_is_one_address_and_so_are_both_spellings() {
        let strangers = Strangers::new(1);
        assert!(strangers.admit(address("2001:db8::1"), at(0)).is_ok());
        assert!(strangers.admit(address("2001:db8::ffff:1"), at(0)).is_err());
        assert!(strangers.admit(address("2001:db8:0:1::1"), at(0)).is_ok());
        assert!(strangers.admit(address("192.0.2.1"), at(0)).is_ok());
        assert!(strangers.admit(address("::ffff:192.0.2.1"), at(0)).is_err());
    }

    #[test]
    fn memory_is_bounded() {
        let strangers = Strangers { most: 2, ..Strangers::new(1) };
        for known in ["192.0.2.1", "192.0.2.2"] {
            assert!(strangers.admit(address(known), at(10)).is_ok());
        }
        assert!(strangers.admit(address("192.0.2.3"), at(10)).is_ok(), "the new ones share an allowance");
        assert!(strangers.admit(address("192.0.2.4"), at(10)).is_err());
        assert!(strangers.buckets.lock().expect("nobody panicked").empty_at.len() <= 3);
        assert!(strangers.admit(address("192.0.2.4"), at(71)).is_ok(), "who is long gone is forgotten");
        assert_eq!(strangers.buckets.lock().expect("nobody panicked").empty_at.len(), 1);
    }
}
