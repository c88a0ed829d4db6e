//! Claims on readings: whoever holds a key's claim may read its balance; a dead reader's lapses.

use entity::account;
use entity::provider_key::{Column as C, Entity};
use sea_orm::sea_query::{Condition, Expr, LockBehavior, Query};
use sea_orm::{ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::domain::id::new_uuid;
use crate::domain::{AccountId, Key, KeyId, KeyProblemCode, KeyStatus, ProviderCode, Timestamp};
use crate::store::{StoreError, Tx, rows};

/// First half of the names of PostgreSQL's advisory locks on validations; any fixed number does.
const VALIDATION_LOCKS: i32 = 0x6b72;

/// What counts against the budget of rejections at a provider.
#[derive(Clone, Debug, Default)]
pub struct Validations {
    /// Owners of the keys that were rejected, with the moment of it.
    pub rejected: Vec<(AccountId, Timestamp)>,
    /// Owners of the keys that are being validated.
    pub under_way: Vec<AccountId>,
}

impl Tx {
    /// Claims up to `limit` validated keys of a provider whose reading is due, the longest due first, and
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
            .and_where(C::Status.ne(KeyStatus::Pending.as_str()))
            .and_where(C::BlockedAt.is_null())
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

    /// PENDING keys of a provider whose validation is due, each with its owner, the longest due first. Those of
    /// frozen accounts wait: an operator who freezes one means its junk too.
    ///
    /// # Errors
    /// The database fails.
    pub async fn validations_due(
        &mut self,
        provider: ProviderCode,
        limit: u64,
    ) -> Result<Vec<(KeyId, AccountId)>, StoreError> {
        let due = pending(provider, self.now).filter(C::NextSyncAt.lte(self.now.micros())).limit(limit);
        in_line(due, &self.inner).await
    }

    /// PENDING keys of a provider that wait for their turn, due or not, each with its owner, the longest due first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn validations_waiting(
        &mut self,
        provider: ProviderCode,
        limit: u64,
    ) -> Result<Vec<(KeyId, AccountId)>, StoreError> {
        let queued = pending(provider, self.now)
            .filter(C::ProblemCode.eq(KeyProblemCode::ValidationQueued.as_str()))
            .limit(limit);
        in_line(queued, &self.inner).await
    }

    /// Lets no other transaction begin validations at a provider until this one ends. SQLite has one
    /// writer anyway.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_validations(&mut self, provider: ProviderCode) -> Result<(), StoreError> {
        if self.inner.get_database_backend() == DbBackend::Postgres {
            let place = ProviderCode::ALL.iter().position(|code| *code == provider).unwrap_or_default();
            let lock = format!("SELECT pg_advisory_xact_lock({VALIDATION_LOCKS}, {place})");
            self.inner.execute_unprepared(&lock).await?;
        }
        Ok(())
    }

    /// What counts against the budget of rejections at a provider: keys that it rejected since the
    /// moment given, and validations under way, also of keys that were removed meanwhile.
    ///
    /// # Errors
    /// The database fails.
    pub async fn validations(&mut self, provider: ProviderCode, since: Timestamp) -> Result<Validations, StoreError> {
        let of_provider = Entity::find().select_only().column(C::OwnerId).filter(C::Provider.eq(provider.as_str()));
        let rejected: Vec<(Uuid, i64)> = of_provider
            .clone()
            .column(C::RejectedAt)
            .filter(C::RejectedAt.gt(since.micros()))
            .into_tuple()
            .all(&self.inner)
            .await?;
        let under_way: Vec<Uuid> = of_provider
            .filter(
                Condition::any()
                    .add(C::Status.eq(KeyStatus::Pending.as_str()))
                    .add(Condition::all().add(C::Status.eq(KeyStatus::Removed.as_str())).add(C::EverActive.eq(false))),
            )
            .filter(C::ClaimedUntil.gt(self.now.micros()))
            .into_tuple()
            .all(&self.inner)
            .await?;
        let rejected = rejected.into_iter().map(|(owner, at)| (AccountId(owner), Timestamp::from_micros(at)));
        Ok(Validations { rejected: rejected.collect(), under_way: under_way.into_iter().map(AccountId).collect() })
    }

    /// Puts the validation of PENDING keys off, also as their owners see it.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put_off(&mut self, keys: &[KeyId], until: Timestamp) -> Result<(), StoreError> {
        Entity::update_many()
            .col_expr(C::NextSyncAt, Expr::value(until.micros()))
            .col_expr(C::ProblemRetryAt, Expr::value(until.micros()))
            .filter(C::Id.is_in(keys.iter().map(|key| key.0)))
            .filter(C::Status.eq(KeyStatus::Pending.as_str()))
            .filter(C::BlockedAt.is_null())
            .filter(unclaimed(self.now))
            .exec(&self.inner)
            .await?;
        Ok(())
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

/// PENDING keys that nobody is validating, the longest due first.
fn pending(provider: ProviderCode, now: Timestamp) -> Select<Entity> {
    Entity::find()
        .filter(C::Provider.eq(provider.as_str()))
        .filter(C::Status.eq(KeyStatus::Pending.as_str()))
        .filter(C::Envelope.is_not_null())
        .filter(C::BlockedAt.is_null())
        .filter(C::OwnerId.not_in_subquery(frozen_accounts()))
        .filter(unclaimed(now))
        .order_by_asc(C::NextSyncAt)
}

async fn in_line(keys: Select<Entity>, tx: &impl ConnectionTrait) -> Result<Vec<(KeyId, AccountId)>, StoreError> {
    let found: Vec<(Uuid, Uuid)> = keys.select_only().columns([C::Id, C::OwnerId]).into_tuple().all(tx).await?;
    Ok(found.into_iter().map(|(key, owner)| (KeyId(key), AccountId(owner))).collect())
}

fn frozen_accounts() -> sea_orm::sea_query::SelectStatement {
    let mut frozen = Query::select();
    frozen.column(account::Column::Id).from(account::Entity).and_where(account::Column::FrozenAt.is_not_null());
    frozen
}

fn unclaimed(now: Timestamp) -> Condition {
    Condition::any().add(C::ClaimedUntil.is_null()).add(C::ClaimedUntil.lte(now.micros()))
}
