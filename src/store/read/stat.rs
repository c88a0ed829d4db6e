//! Routing statistics.

use entity::route_stat;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::domain::{ProviderCode, TaskType, Timestamp, Usd};
use crate::store::{StatDelta, Store, StoreError};

impl Store {
    /// Buckets that begin at or after the moment. Those of names no longer known are left out.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stats_since(&self, moment: Timestamp) -> Result<Vec<StatDelta>, StoreError> {
        let query = route_stat::Entity::find().filter(route_stat::Column::Bucket.gte(moment.micros()));
        let convert = |row: route_stat::Model| {
            Some(StatDelta {
                provider: ProviderCode::from_code(&row.provider)?,
                task_type: TaskType::from_code(&row.task_type)?,
                bucket: Timestamp::from_micros(row.bucket),
                samples: row.samples,
                solved: row.solved,
                costed: row.costed,
                cost: Usd::from_nanos(row.cost_nano),
                solve_ms: row.solve_ms,
            })
        };
        Ok(query.all(&self.inner.reader).await?.into_iter().filter_map(convert).collect())
    }
}
