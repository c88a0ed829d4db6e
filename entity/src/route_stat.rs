//! Additive statistics for routing.

use sea_orm::entity::prelude::*;

/// A row of `route_stat`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "route_stat")]
pub struct Model {
    /// The provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The kind of task.
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_type: String,
    /// Start of the time bucket, in microseconds.
    #[sea_orm(primary_key, auto_increment = false)]
    pub bucket: i64,
    /// Attempts that ended at the provider.
    pub samples: i64,
    /// Those solved.
    pub solved: i64,
    /// Those with a known cost.
    pub costed: i64,
    /// Sum of the costs.
    pub cost_nano: i64,
    /// Sum of the times to a solution.
    pub solve_ms: i64,
}

/// Relations are not navigated: the store joins by id.
#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
