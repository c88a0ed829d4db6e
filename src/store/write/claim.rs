//! Claims on readings: whoever holds a key's claim may read its balance; a dead reader's lapses.

use entity::provider_key::{Column as C, Entity};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, LockBehavior, Query};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::domain::id::new_uuid;
use crate::domain::{Key, KeyId, KeyProblemCode, ProviderCode, Timestamp};
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// Claims up to `limit` keys whose reading is due, the longest due first, and answers them with
    /// the claim. Keys of `one_at_a_time` providers with an attempt under way are left alone: a
    /// reading between their two would spoil the difference.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_due(
        &mut self,
        until: Timestamp,
        limit: u64,
        one_at_a_time: &[ProviderCode],
    ) -> Result<(Uuid, Vec<Key>), StoreError> {
        let claim = new_uuid(self.clock(), self.entropy());
        let busy = Condition::all()
            .add(C::Provider.is_in(one_at_a_time.iter().map(|code| code.as_str())))
            .add(C::InFlight.gt(0))
            // While a charge is looked for, readings are just what is needed.
            .add(C::ProblemCode.is_null().or(C::ProblemCode.ne(KeyProblemCode::CheckingCharge.as_str())));
        let due = Query::select()
            .column(C::Id)
            .from(Entity)
            .and_where(C::NextSyncAt.lte(self.now.micros()))
            .and_where(C::Envelope.is_not_null())
            .cond_where(unclaimed(self.now))
            .cond_where(busy.not())
            .order_by(C::NextSyncAt, sea_orm::Order::Asc)
            .limit(limit)
            .lock_with_behavior(super::ROW_LOCK, LockBehavior::SkipLocked)
            .to_owned();
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

fn unclaimed(now: Timestamp) -> Condition {
    Condition::any().add(C::ClaimedUntil.is_null()).add(C::ClaimedUntil.lte(now.micros()))
}
