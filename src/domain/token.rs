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
