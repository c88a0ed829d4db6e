//! Routing statistics: buckets that add up, so that instances merge.

use entity::route_stat::{ActiveModel, Column as C, Entity};
use sea_orm::ActiveValue::Set;
use sea_orm::EntityTrait;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};

use crate::store::{StatDelta, StoreError, Tx};

impl Tx {
    /// Adds observations to their bucket.
    ///
    /// # Errors
    /// The database fails.
    pub async fn add_stat(&mut self, delta: StatDelta) -> Result<(), StoreError> {
        let row = ActiveModel {
            provider: Set(delta.provider.as_str().to_owned()),
            task_type: Set(delta.task_type.as_str().to_owned()),
            bucket: Set(delta.bucket.micros()),
            samples: Set(delta.samples),
            solved: Set(delta.solved),
            costed: Set(delta.costed),
            cost_nano: Set(delta.cost.nanos()),
            solve_ms: Set(delta.solve_ms),
        };
        let sum = |column: C, more: i64| (column, Expr::col((Entity, column)).add(more));
        let again = OnConflict::columns([C::Provider, C::TaskType, C::Bucket])
            .values([
                sum(C::Samples, delta.samples),
                sum(C::Solved, delta.solved),
                sum(C::Costed, delta.costed),
                sum(C::CostNano, delta.cost.nanos()),
                sum(C::SolveMs, delta.solve_ms),
            ])
            .to_owned();
        Entity::insert(row).on_conflict(again).exec_without_returning(&self.inner).await?;
        self.stats.push(delta);
        Ok(())
    }
}
