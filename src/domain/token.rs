//! Service tokens as stored: their hash, never the token.

use super::actor::Scopes;
use super::clock::Timestamp;
use super::id::ServiceTokenId;

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
