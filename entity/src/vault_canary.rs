//! One sealed known text for each ring key.

use sea_orm::entity::prelude::*;

/// A row of `vault_canary`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "vault_canary")]
pub struct Model {
    /// Ring key that seals it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ring_key_id: String,
    /// The sealed text.
    pub envelope: Vec<u8>,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
