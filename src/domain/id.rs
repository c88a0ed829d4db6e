//! Ids of rows: UUIDs of version 7 in types of their own, so that one can't stand for another.
//!
//! They grow with time, which makes "newest first" an order by id. They are no secrets.

use uuid::Uuid;

use super::clock::Clock;
use super::entropy::Entropy;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id of this moment.
            #[must_use]
            pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Self {
                Self(new_uuid(clock, entropy))
            }

            /// The id as its sixteen bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }
    )*};
}

ids! {
    /// Id of an account.
    AccountId,
    /// Id of a recycled key.
    KeyId,
    /// Id of an attempt at a task.
    AttemptId,
    /// Id of a transfer.
    TransferId,
    /// Id of an entry in the audit log.
    AuditId,
    /// Id of a service token; it is not the token.
    ServiceTokenId,
}

/// A UUID of version 7 (RFC 9562 §5.7) from the given clock and entropy.
#[must_use]
pub fn new_uuid(clock: &dyn Clock, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let millis = u64::try_from(clock.now().millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}
