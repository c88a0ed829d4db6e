//! Changes of balances over time.

use sea_orm::entity::prelude::*;

/// A row of `balance_sample`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "balance_sample")]
pub struct Model {
    /// The key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key_id: Uuid,
    /// When it was read, in microseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub at: i64,
    /// The balance then.
    pub balance_nano: i64,
    /// SYNC, MANUAL or ATTEMPT.
    pub source: String,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
