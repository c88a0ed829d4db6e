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

#[cfg(test)]
mod tests {
    use super::super::clock::Timestamp;
    use super::super::entropy::OsEntropy;
    use super::*;

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0)
        }
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_of_its_moment() {
        let id = KeyId::generate(&At(1_662_771_648_250_999), &OsEntropy);
        assert_eq!(id.0.get_version_num(), 7);
        assert_eq!(id.0.get_timestamp().map(|moment| moment.to_unix()), Some((1_662_771_648, 250_000_000)));
        assert_eq!(id.as_bytes(), id.0.as_bytes());
        assert_ne!(id, KeyId::generate(&At(1_662_771_648_250_999), &OsEntropy), "the rest is drawn");
    }

    #[test]
    fn newer_ids_are_greater() {
        let ids: Vec<TransferId> = (0..50).map(|milli| TransferId::generate(&At(milli * 1_000), &OsEntropy)).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
        assert!(
            AuditId::generate(&At(-1), &OsEntropy) < AuditId::generate(&At(1_000), &OsEntropy),
            "a clock before 1970"
        );
    }
}
