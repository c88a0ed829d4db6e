//! Claims on readings: whoever holds a key's claim may read its balance; a dead reader's lapses.

use entity::provider_key::{Column as C, Entity};
use sea_orm::sea_query::{Condition, Expr, LockBehavior, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::domain::id::new_uuid;
use crate::domain::{Key, KeyId, KeyProblemCode, KeyStatus, ProviderCode, Timestamp};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Claims up to `limit` keys of a provider whose reading is due, the longest due first, and
    /// answers them with the claim. Where costs are learnt from balances (`between_attempts`), keys
    /// with an attempt under way are left alone: a reading between its two would spoil the difference.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_due(
        &mut self,
        provider: ProviderCode,
        until: Timestamp,
        limit: u64,
        between_attempts: bool,
    ) -> Result<(Uuid, Vec<Key>), StoreError> {
        let claim = new_uuid(self.clock(), self.entropy());
        let mut due = Query::select();
        due.column(C::Id)
            .from(Entity)
            .and_where(C::Provider.eq(provider.as_str()))
            .and_where(C::NextSyncAt.lte(self.now.micros()))
            .and_where(C::Envelope.is_not_null())
            .and_where(C::Status.is_in(read_by_timer()))
            .cond_where(unclaimed(self.now))
            .order_by(C::NextSyncAt, sea_orm::Order::Asc)
            .limit(limit)
            .lock_with_behavior(super::ROW_LOCK, LockBehavior::SkipLocked);
        if between_attempts {
            // While a charge is looked for, readings are just what is needed.
            let is_checking = C::ProblemCode.eq(KeyProblemCode::CheckingCharge.as_str());
            due.cond_where(Condition::any().add(C::InFlight.eq(0)).add(is_checking));
        }
        let claimed = Entity::update_many()
            .col_expr(C::Claim, Expr::value(Some(claim)))
            .col_expr(C::ClaimedUntil, Expr::value(Some(until.micros())))
            .filter(C::Id.in_subquery(due))
            .exec_with_returning(&self.inner)
            .await?;
        let keys = claimed.into_iter().map(rows::key).collect::<Result<_, _>>()?;
        Ok((claim, keys))
    }

    /// Claims one key; `None` while somebody else reads it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_key(&mut self, id: KeyId, until: Timestamp) -> Result<Option<Uuid>, StoreError> {
        let claim = new_uuid(self.clock(), self.entropy());
        let outcome = Entity::update_many()
            .col_expr(C::Claim, Expr::value(Some(claim)))
            .col_expr(C::ClaimedUntil, Expr::value(Some(until.micros())))
            .filter(C::Id.eq(id.0))
            .filter(C::Envelope.is_not_null())
            .filter(unclaimed(self.now))
            .exec(&self.inner)
            .await?;
        Ok((outcome.rows_affected == 1).then_some(claim))
    }

    /// Gives a claim back. Answers whether it still stood: if not, its reading must be dropped.
    ///
    /// # Errors
    /// The database fails.
    pub async fn end_claim(&mut self, id: KeyId, claim: Uuid) -> Result<bool, StoreError> {
        let outcome = Entity::update_many()
            .col_expr(C::Claim, Expr::value(None::<Uuid>))
            .col_expr(C::ClaimedUntil, Expr::value(None::<i64>))
            .filter(C::Id.eq(id.0))
            .filter(C::Claim.eq(claim))
            .exec(&self.inner)
            .await?;
        Ok(outcome.rows_affected == 1)
    }
}

/// Statuses whose keys are read without being asked.
pub(in crate::store) fn read_by_timer() -> Vec<&'static str> {
    KeyStatus::ALL.iter().filter(|status| status.is_read_by_timer()).map(|status| status.as_str()).collect()
}

fn unclaimed(now: Timestamp) -> Condition {
    Condition::any().add(C::ClaimedUntil.is_null()).add(C::ClaimedUntil.lte(now.micros()))
}
