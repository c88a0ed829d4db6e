//! Credits that reconciliation may still lower.

use sea_orm::entity::prelude::*;

/// A row of `provisional_credit`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "provisional_credit")]
pub struct Model {
    /// The credit.
    #[sea_orm(primary_key, auto_increment = false)]
    pub transfer_id: Uuid,
    /// The key that earned it.
    pub key_id: Uuid,
    /// What it still stands at.
    pub remaining_nano: i64,
    /// Quiet readings that may still lower it.
    pub readings_left: i32,
    /// Position of the credit in its account's ledger: newest are lowered first.
    pub seq: i64,
    /// When the attempt was settled.
    pub settled_at: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
