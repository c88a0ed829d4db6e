//! Service tokens as stored: their hash, never the token.

use std::ops::RangeInclusive;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::actor::Scopes;
use super::clock::Timestamp;
use super::id::ServiceTokenId;

const HASH_BYTES: usize = 32;
const SELECTOR_BYTES: usize = 8;

/// The first bytes of a hash, by which it is searched for.
pub type Selector = [u8; SELECTOR_BYTES];

/// SHA-256 of a service token. A search goes by its selector, and what is found is compared as a whole in constant
/// time: how long a login takes tells no more than whether a selector is taken.
#[derive(Clone, Copy, Debug)]
pub struct TokenHash([u8; HASH_BYTES]);

impl TokenHash {
    /// The hash of a token.
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token.as_bytes()).into())
    }

    /// Its first bytes.
    #[must_use]
    pub fn selector(&self) -> Selector {
        std::array::from_fn(|at| self.0[at])
    }

    /// All hashes of the same selector.
    #[must_use]
    pub fn alike(&self) -> RangeInclusive<[u8; HASH_BYTES]> {
        let filled = |rest: u8| std::array::from_fn(|at| if at < SELECTOR_BYTES { self.0[at] } else { rest });
        filled(0x00)..=filled(0xff)
    }

    /// Whether it is this one; in constant time.
    #[must_use]
    pub fn is(&self, other: &[u8]) -> bool {
        self.0.as_slice().ct_eq(other).into()
    }

    /// All of its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; HASH_BYTES] {
        &self.0
    }
}

/// A service token's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceToken {
    /// Id of the row, which is how a token is revoked.
    pub id: ServiceTokenId,
    /// The service it belongs to.
    pub service: String,
    /// What it is good for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
    /// Since when it is not.
    pub revoked_at: Option<Timestamp>,
}

impl ServiceToken {
    /// Whether the token admits its bearer now.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_one_selector_lie_together_and_are_told_apart() {
        let hash = TokenHash::of("krs_one");
        let mut neighbour = *hash.as_bytes();
        neighbour[SELECTOR_BYTES] ^= 1;
        assert!(hash.alike().contains(hash.as_bytes()) && hash.alike().contains(&neighbour));
        assert!(hash.is(hash.as_bytes()));
        assert_eq!(hash.selector(), hash.as_bytes()[..SELECTOR_BYTES]);
        assert!(!hash.is(&neighbour) && !hash.is(&hash.as_bytes()[..SELECTOR_BYTES]) && !hash.is(&[]));
        neighbour[SELECTOR_BYTES - 1] ^= 1;
        assert!(!hash.alike().contains(&neighbour));
        let other = TokenHash::of("krs_two");
        assert!(!hash.alike().contains(other.as_bytes()) && !hash.is(other.as_bytes()));
    }

    #[test]
    fn a_token_is_good_until_it_expires_or_is_revoked() {
        let at = Timestamp::from_micros;
        // Expiry, revocation, and whether the token is good at 10.
        for (expires, revoked, good) in [
            (None, None, true),
            (Some(11), None, true),
            (Some(10), None, false),
            (Some(9), None, false),
            (None, Some(5), false),
            (Some(11), Some(5), false),
        ] {
            let token = ServiceToken {
                id: ServiceTokenId(uuid::Uuid::from_u128(1)),
                service: "shop".to_owned(),
                scopes: Scopes::default(),
                created_at: at(0),
                expires_at: expires.map(at),
                revoked_at: revoked.map(at),
            };
            assert_eq!(token.is_good(at(10)), good, "{expires:?} {revoked:?}");
        }
    }
}
