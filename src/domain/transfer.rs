//! Transfers: movements on an account, never changed once posted.

use super::clock::Timestamp;
use super::id::{AccountId, AttemptId, KeyId, TransferId};
use super::money::Usd;
use super::provider::{CostSource, TaskType, coded_enum};

coded_enum! {
    /// Kinds of movement.
    TransferKind {
        /// Credits bought.
        Deposit = "DEPOSIT",
        /// Credits spent on tasks.
        Spend = "SPEND",
        /// The provider's charge on a recycled key, credited to its owner.
        RecycleCredit = "RECYCLE_CREDIT",
        /// A recycling credit taken back.
        RecycleReversal = "RECYCLE_REVERSAL",
        /// A correction after reconciliation.
        Adjustment = "ADJUSTMENT",
    }
}

impl TransferKind {
    /// Whether the movement is about a recycled key.
    #[must_use]
    pub const fn is_recycling(self) -> bool {
        matches!(self, Self::RecycleCredit | Self::RecycleReversal | Self::Adjustment)
    }
}

/// A transfer as stored: one owner side, one system side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Id of the transfer.
    pub id: TransferId,
    /// The owner side.
    pub account: AccountId,
    /// The system side.
    pub counter: AccountId,
    /// Signed from the owner's side, never zero.
    pub amount: Usd,
    /// What kind of movement it is.
    pub kind: TransferKind,
    /// The attempt whose charge it is.
    pub attempt: Option<AttemptId>,
    /// The key that caused it.
    pub key: Option<KeyId>,
    /// The kind of task that was solved.
    pub task_type: Option<TaskType>,
    /// How the amount was learnt.
    pub cost_source: Option<CostSource>,
    /// Whether reconciliation may still lower it.
    pub provisional: bool,
    /// The transfer that this one corrects or reverses.
    pub corrects: Option<TransferId>,
    /// Words given with it.
    pub note: Option<String>,
    /// Position in the account's ledger, gap-free from 1.
    pub seq: i64,
    /// The account's balance right after it.
    pub balance_after: Usd,
    /// SHA-256 over the chain up to and including it.
    pub hash: Vec<u8>,
    /// When it was posted.
    pub posted_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recycling_is_what_a_recycled_key_causes() {
        let recycling: Vec<&TransferKind> = TransferKind::ALL.iter().filter(|kind| kind.is_recycling()).collect();
        assert_eq!(
            recycling,
            [&TransferKind::RecycleCredit, &TransferKind::RecycleReversal, &TransferKind::Adjustment]
        );
    }
}
