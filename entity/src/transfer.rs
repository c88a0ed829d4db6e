//! Transfers: one owner side, one system side; append-only.

use sea_orm::entity::prelude::*;

/// A row of `transfer`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transfer")]
pub struct Model {
    /// Id of the transfer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Owner side.
    pub account_id: Uuid,
    /// System side.
    pub counter_account_id: Uuid,
    /// Signed from the owner's side, in nano-dollars; never zero.
    pub amount_nano: i64,
    /// Kind of movement.
    pub kind: String,
    /// Attempt whose charge it is.
    pub attempt_id: Option<Uuid>,
    /// Key that caused it.
    pub key_id: Option<Uuid>,
    /// Kind of task that was solved.
    pub task_type: Option<String>,
    /// How the amount was learnt.
    pub cost_source: Option<String>,
    /// Transfer that it corrects or reverses.
    pub corrects_transfer_id: Option<Uuid>,
    /// Why, unique per corrected transfer.
    pub correction_reason: Option<String>,
    /// Service that moved the money.
    pub principal: Option<String>,
    /// The service's own name for the movement.
    pub idempotency_key: Option<String>,
    /// SHA-256 over the request that the name stands for.
    pub request_hash: Option<Vec<u8>>,
    /// Words given with it.
    pub note: Option<String>,
    /// Position in the account's ledger.
    pub seq: i64,
    /// The account's balance right after it.
    pub balance_after_nano: i64,
    /// SHA-256 over the chain up to it.
    pub hash: Vec<u8>,
    /// When it was posted.
    pub posted_at: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
