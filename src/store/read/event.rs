//! The outbox.

use entity::event;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::all;
use crate::domain::AccountId;
use crate::domain::event::Event;
use crate::store::{Store, StoreError, rows};

impl Store {
    /// Events of an account after a sequence number, in order.
    ///
    /// # Errors
    /// The database fails.
    pub async fn events_after(&self, account: AccountId, seq: i64, limit: u64) -> Result<Vec<Event>, StoreError> {
        let query = event::Entity::find()
            .filter(event::Column::AccountId.eq(account.0))
            .filter(event::Column::Seq.gt(seq))
            .order_by_asc(event::Column::Seq)
            .limit(limit);
        all(query.all(&self.inner.reader).await?, rows::event)
    }

    /// Sequence number of the oldest event that is still kept.
    ///
    /// # Errors
    /// The database fails.
    pub async fn oldest_event(&self, account: AccountId) -> Result<Option<i64>, StoreError> {
        let query =
            event::Entity::find().filter(event::Column::AccountId.eq(account.0)).order_by_asc(event::Column::Seq);
        Ok(query.one(&self.inner.reader).await?.map(|row| row.seq))
    }
}
