//! Outbox of account events.

use sea_orm::entity::prelude::*;

/// A row of `event`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "event")]
pub struct Model {
    /// Whose event it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Gap-free position, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    /// What it tells.
    pub kind: String,
    /// Its values, as JSON.
    pub payload: String,
    /// When it happened.
    pub occurred_at: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
