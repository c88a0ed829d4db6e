//! Accounts: Telegram users and the system side of the double entry.

use sea_orm::entity::prelude::*;

/// A row of `account`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account")]
pub struct Model {
    /// Id of the account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// OWNER, PLATFORM, FUNDING or REVENUE.
    pub kind: String,
    /// Telegram id of the owner.
    pub telegram_user_id: Option<i64>,
    /// Credits that can be spent, in nano-dollars; never negative.
    pub balance_nano: i64,
    /// Credits earned by recycled keys less reversals, in nano-dollars.
    pub credited_nano: i64,
    /// Sequence of the newest event.
    pub event_seq: i64,
    /// Sequence of the newest transfer.
    pub ledger_seq: i64,
    /// Hash over the newest transfer and all before it.
    pub ledger_hash: Vec<u8>,
    /// Since when submissions and spending are stopped, in microseconds.
    pub frozen_at: Option<i64>,
    /// When it was made, in microseconds.
    pub created_at: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
