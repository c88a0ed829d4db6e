//! Events of an account's live stream.

use async_graphql::{Interface, Object};

use super::account::Account;
use super::key::RecycledKey;
use super::transaction::Transaction;
use crate::graphql::scalars::DateTime;

/// A change of an account; cursors grow, and each event comes once.
#[derive(Interface)]
#[graphql(
    field(name = "cursor", ty = "String", desc = "Position to resume after."),
    field(name = "occurred_at", ty = "DateTime", desc = "When it happened.")
)]
pub(crate) enum AccountEvent {
    AccountSnapshot(AccountSnapshot),
    KeyChanged(KeyChanged),
    TransactionPosted(TransactionPosted),
}

/// Where an event stands and when it happened.
pub(crate) struct Stamp {
    pub(crate) cursor: String,
    pub(crate) occurred_at: DateTime,
}

/// The account as it was read for a stream that begins anew.
pub(crate) struct AccountSnapshot {
    pub(crate) stamp: Stamp,
    pub(crate) missed_events: bool,
    pub(crate) account: Account,
}

/// The whole account, sent first on a fresh stream and whenever events can no longer be replayed.
#[Object]
impl AccountSnapshot {
    /// Position to resume after.
    pub(crate) async fn cursor(&self) -> &str {
        &self.stamp.cursor
    }

    /// When it was taken.
    pub(crate) async fn occurred_at(&self) -> DateTime {
        self.stamp.occurred_at
    }

    /// Whether events were missed since the cursor given, so that local state has to be thrown away.
    async fn missed_events(&self) -> bool {
        self.missed_events
    }

    /// The account, at least as new as this cursor.
    async fn account(&self) -> &Account {
        &self.account
    }
}

/// A change of a key.
pub(crate) struct KeyChanged {
    pub(crate) stamp: Stamp,
    pub(crate) key: Box<RecycledKey>,
}

/// A key was handed over, changed or removed.
#[Object]
impl KeyChanged {
    /// Position to resume after.
    pub(crate) async fn cursor(&self) -> &str {
        &self.stamp.cursor
    }

    /// When it happened.
    pub(crate) async fn occurred_at(&self) -> DateTime {
        self.stamp.occurred_at
    }

    /// The key as it stood right after this change; lists below it are live.
    async fn key(&self) -> &RecycledKey {
        &self.key
    }
}

/// A posted transaction.
pub(crate) struct TransactionPosted {
    pub(crate) stamp: Stamp,
    pub(crate) transaction: Transaction,
}

/// A transaction was posted; its balanceAfter is the account's new balance.
#[Object]
impl TransactionPosted {
    /// Position to resume after.
    pub(crate) async fn cursor(&self) -> &str {
        &self.stamp.cursor
    }

    /// When it happened.
    pub(crate) async fn occurred_at(&self) -> DateTime {
        self.stamp.occurred_at
    }

    /// The transaction.
    async fn transaction(&self) -> &Transaction {
        &self.transaction
    }
}
