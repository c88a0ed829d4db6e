//! Accounts: owners, and the system's side of the double entry.

use uuid::Uuid;

use super::clock::Timestamp;
use super::id::AccountId;
use super::money::Usd;
use super::provider::coded_enum;

coded_enum! {
    /// What an account is for.
    AccountKind {
        /// A Telegram user's account.
        Owner = "OWNER",
        /// Owner of the platform's own keys, and counter side of recycling credits.
        Platform = "PLATFORM",
        /// Counter side of deposits.
        Funding = "FUNDING",
        /// Counter side of spending.
        Revenue = "REVENUE",
    }
}

/// The platform's own account; fixed, so that every instance knows it.
pub const PLATFORM: AccountId = AccountId(Uuid::from_u128(1));
/// Counter side of deposits.
pub const FUNDING: AccountId = AccountId(Uuid::from_u128(2));
/// Counter side of spending.
pub const REVENUE: AccountId = AccountId(Uuid::from_u128(3));

/// An account as stored. System accounts keep no balance: theirs is the sum of the transfers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Id of the account.
    pub id: AccountId,
    /// What it is for.
    pub kind: AccountKind,
    /// Telegram's id of the owner; ids exceed 2^32.
    pub telegram_user_id: Option<i64>,
    /// Credits that can be spent now; never negative.
    pub balance: Usd,
    /// Credits earned by recycled keys, less reversals and corrections.
    pub credited: Usd,
    /// Sequence number of its newest event; gap-free from 1, 0 before the first.
    pub event_seq: i64,
    /// Sequence number of its newest transfer; gap-free from 1, 0 before the first.
    pub ledger_seq: i64,
    /// Hash over the newest transfer and all before it; empty before the first.
    pub ledger_hash: Vec<u8>,
    /// Since when submissions and spending are stopped.
    pub frozen_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// One of an account's two identities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountRef {
    /// The account's id.
    Id(AccountId),
    /// Telegram's id of the owner.
    Telegram(i64),
}
