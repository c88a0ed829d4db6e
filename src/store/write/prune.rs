//! What is kept for a while only.

use entity::{attempt, balance_sample, event, known_bad_key, provider_key, route_stat};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::domain::{Key, KeyStatus, Timestamp};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Erases the replies of attempts that the provider was done with before the moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn erase_replies(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let outcome = attempt::Entity::update_many()
            .col_expr(attempt::Column::Reply, Expr::value(None::<String>))
            .filter(attempt::Column::Reply.is_not_null())
            .filter(attempt::Column::ReturnedAt.lt(before.micros()))
            .exec(&self.inner)
            .await?;
        Ok(outcome.rows_affected)
    }

    /// Deletes events that happened before the moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_events(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let old = event::Entity::delete_many().filter(event::Column::OccurredAt.lt(before.micros()));
        Ok(old.exec(&self.inner).await?.rows_affected)
    }

    /// Deletes balance samples, statistics and rejected fingerprints that are out of date.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_outdated(&mut self, samples: Timestamp, stats: Timestamp) -> Result<(), StoreError> {
        balance_sample::Entity::delete_many()
            .filter(balance_sample::Column::At.lt(samples.micros()))
            .exec(&self.inner)
            .await?;
        route_stat::Entity::delete_many()
            .filter(route_stat::Column::Bucket.lt(stats.micros()))
            .exec(&self.inner)
            .await?;
        known_bad_key::Entity::delete_many()
            .filter(known_bad_key::Column::Until.lt(self.now.micros()))
            .exec(&self.inner)
            .await?;
        Ok(())
    }

    /// Keys whose sealed form is to be erased: removed ones, and those INVALID since before the
    /// moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn keys_to_erase(&mut self, invalid_before: Timestamp) -> Result<Vec<Key>, StoreError> {
        use provider_key::Column as C;
        let removed = C::Status.eq(KeyStatus::Removed.as_str());
        let invalid = C::Status.eq(KeyStatus::Invalid.as_str()).and(C::InvalidAt.lt(invalid_before.micros()));
        let query = provider_key::Entity::find().filter(C::Envelope.is_not_null()).filter(removed.or(invalid));
        query.all(&self.inner).await?.into_iter().map(rows::key).collect()
    }
}
