//! Events of an account: what its live stream replays.

use super::clock::Timestamp;
use super::id::{AccountId, KeyId, TransferId};
use super::provider::coded_enum;

coded_enum! {
    /// What an event tells.
    EventKind {
        /// A key was handed over, changed or removed.
        KeyChanged = "KEY_CHANGED",
        /// A transfer was posted.
        TransactionPosted = "TRANSACTION_POSTED",
    }
}

/// An event as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose event it is.
    pub account: AccountId,
    /// Gap-free position in the account's stream, from 1.
    pub seq: i64,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// What it tells.
    pub body: EventBody,
}

/// What an event carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventBody {
    /// The key with its values of that moment.
    KeyChanged(Box<super::Key>),
    /// The transfer; it never changes, so its id is enough.
    TransactionPosted(TransferId),
}

impl EventBody {
    /// The kind of the event.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::KeyChanged(_) => EventKind::KeyChanged,
            Self::TransactionPosted(_) => EventKind::TransactionPosted,
        }
    }

    /// The key the event is about, when it is about one.
    #[must_use]
    pub fn key(&self) -> Option<KeyId> {
        match self {
            Self::KeyChanged(key) => Some(key.id),
            Self::TransactionPosted(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::sample;
    use super::*;

    #[test]
    fn a_body_says_its_kind_and_the_key_it_is_about() {
        let key = sample();
        let id = key.id;
        let changed = EventBody::KeyChanged(Box::new(key));
        assert_eq!((changed.kind(), changed.key()), (EventKind::KeyChanged, Some(id)));
        let posted = EventBody::TransactionPosted(TransferId(uuid::Uuid::from_u128(9)));
        assert_eq!((posted.kind(), posted.key()), (EventKind::TransactionPosted, None));
    }
}
