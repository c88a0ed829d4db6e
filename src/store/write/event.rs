//! The outbox: events with a gap-free sequence taken from the account's row.

use entity::{account, event};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use crate::domain::AccountId;
use crate::domain::event::{Event, EventBody};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Appends an event to the account's stream.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when there is no such account; the database fails.
    pub async fn append_event(&mut self, account: AccountId, body: EventBody) -> Result<(), StoreError> {
        let numbered = account::Entity::update_many()
            .col_expr(account::Column::EventSeq, Expr::col(account::Column::EventSeq).add(1))
            .filter(account::Column::Id.eq(account.0))
            .exec_with_returning(&self.inner)
            .await?;
        let seq = numbered.first().ok_or(StoreError::Stale)?.event_seq;
        let row = rows::event_row(&Event { account, seq, occurred_at: self.now, body })?;
        event::Entity::insert(row).exec_without_returning(&self.inner).await?;
        self.events.insert(account, seq);
        Ok(())
    }
}
