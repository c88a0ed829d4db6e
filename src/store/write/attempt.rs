//! Attempts: inserted with their hold, advanced by compare-and-set.

use std::collections::BTreeMap;

use entity::attempt::{self, Column as C};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, LockBehavior};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

use crate::domain::{Attempt, AttemptId, AttemptState, CostSource, KeyId, ProviderCode, TaskType, Timestamp, Usd};
use crate::store::read::sum;
use crate::store::{StoreError, Tx, rows};

impl Tx {
    /// The attempt, locked until the transaction ends.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_attempt(&mut self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        let query = attempt::Entity::find_by_id(id.0).lock(super::ROW_LOCK);
        query.one(&self.inner).await?.map(rows::attempt).transpose()
    }

    /// Inserts a new attempt.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the service has opened this number of the task before.
    pub async fn insert_attempt(&mut self, attempt: &Attempt) -> Result<(), StoreError> {
        let mut row = rows::attempt_row(attempt);
        row.id = Set(attempt.id.0);
        attempt::Entity::insert(row).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// Writes an attempt whole, provided that it is still in the state given.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it is not; [`StoreError::Conflict`] when the provider's task id
    /// belongs to another attempt of the key.
    pub async fn save_attempt(&mut self, from: AttemptState, attempt: &Attempt) -> Result<(), StoreError> {
        let outcome = attempt::Entity::update_many()
            .set(rows::attempt_row(attempt))
            .filter(C::Id.eq(attempt.id.0))
            .filter(C::State.eq(from.as_str()))
            .exec(&self.inner)
            .await?;
        if outcome.rows_affected == 1 { Ok(()) } else { Err(StoreError::Stale) }
    }

    /// Attempts of a key in a state, oldest first, locked.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_attempts_of(&mut self, key: KeyId, state: AttemptState) -> Result<Vec<Attempt>, StoreError> {
        let query = attempts_in(key, state).order_by_asc(C::Id).lock(super::ROW_LOCK);
        query.all(&self.inner).await?.into_iter().map(rows::attempt).collect()
    }

    /// UNKNOWN attempts of a key, oldest first, for whoever holds the key's lock: without it none becomes UNKNOWN
    /// or ceases to be.
    ///
    /// # Errors
    /// The database fails.
    pub async fn unknown_attempts_of(&mut self, key: KeyId) -> Result<Vec<Attempt>, StoreError> {
        let query = attempts_in(key, AttemptState::Unknown).order_by_asc(C::Id);
        query.all(&self.inner).await?.into_iter().map(rows::attempt).collect()
    }

    /// Whether the key has an attempt in the state.
    ///
    /// # Errors
    /// The database fails.
    pub async fn has_attempt_in(&mut self, key: KeyId, state: AttemptState) -> Result<bool, StoreError> {
        Ok(attempts_in(key, state).count(&self.inner).await? > 0)
    }

    /// Whether an attempt of the key that came back at or after the moment waits for an operator to say its cost.
    ///
    /// # Errors
    /// The database fails.
    pub async fn is_cost_open_since(&mut self, key: KeyId, moment: Timestamp) -> Result<bool, StoreError> {
        let in_review = unseen_by(key, moment).filter(C::State.eq(AttemptState::UnderReview.as_str()));
        Ok(in_review.count(&self.inner).await? > 0)
    }

    /// Whether the provider may have worked on an attempt of the key at or after the moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn was_busy_since(&mut self, key: KeyId, moment: Timestamp) -> Result<bool, StoreError> {
        let under_way = [AttemptState::Sent, AttemptState::Submitted].map(AttemptState::as_str);
        let query = attempt::Entity::find()
            .filter(C::KeyId.eq(key.0))
            .filter(C::State.is_in(under_way).or(C::ReturnedAt.gt(moment.micros())));
        Ok(query.count(&self.inner).await? > 0)
    }

    /// Cost of the key's attempts that the provider was done with after a reading began.
    ///
    /// # Errors
    /// The database fails.
    pub async fn charged_since(&mut self, key: KeyId, reading: Timestamp) -> Result<Usd, StoreError> {
        let later = attempts_of(key).filter(C::ReturnedAt.gt(reading.micros()));
        sum(&self.inner, later, C::CostNano).await
    }

    /// Cost of the key's attempts that a quiet reading did not see: none was under way when it
    /// began, so even what returned in that very moment was sent later.
    ///
    /// # Errors
    /// The database fails.
    pub async fn charged_since_quiet(&mut self, key: KeyId, reading: Timestamp) -> Result<Usd, StoreError> {
        sum(&self.inner, unseen_by(key, reading), C::CostNano).await
    }

    /// The part of it that a figure of the provider's tells: all but list prices.
    ///
    /// # Errors
    /// The database fails.
    pub async fn figured_since_quiet(&mut self, key: KeyId, reading: Timestamp) -> Result<Usd, StoreError> {
        let is_figure = C::CostSource.ne(CostSource::PriceList.as_str());
        sum(&self.inner, unseen_by(key, reading).filter(is_figure), C::CostNano).await
    }

    /// Claims up to `limit` submitted attempts of a provider whose result is due to be asked for, the
    /// longest due first and none of `except`: counts the poll and sets when the next one is due, by
    /// the kind of task. Answers them as they were.
    ///
    /// # Errors
    /// The database fails.
    pub async fn claim_polls(
        &mut self,
        provider: ProviderCode,
        limit: u64,
        except: &[AttemptId],
        next: impl Fn(TaskType) -> Timestamp,
    ) -> Result<Vec<Attempt>, StoreError> {
        let query = attempt::Entity::find()
            .filter(C::PollAt.lte(self.now.micros()))
            .filter(C::Provider.eq(provider.as_str()))
            .filter(C::State.eq(AttemptState::Submitted.as_str()))
            .filter(C::Id.is_not_in(except.iter().map(|id| id.0)))
            .order_by_asc(C::PollAt)
            .limit(limit)
            .lock_with_behavior(super::ROW_LOCK, LockBehavior::SkipLocked);
        let due: Vec<Attempt> =
            query.all(&self.inner).await?.into_iter().map(rows::attempt).collect::<Result<_, _>>()?;
        let mut by_next: BTreeMap<Timestamp, Vec<Uuid>> = BTreeMap::new();
        for attempt in &due {
            by_next.entry(next(attempt.task_type)).or_default().push(attempt.id.0);
        }
        for (at, ids) in by_next {
            attempt::Entity::update_many()
                .col_expr(C::PollAt, Expr::value(Some(at.micros())))
                .col_expr(C::Polls, Expr::col(C::Polls).add(1))
                .filter(C::Id.is_in(ids))
                .exec(&self.inner)
                .await?;
        }
        Ok(due)
    }

    /// Takes a claimed poll back that was not made: it counts for nothing, and the next one is due at the moment given.
    ///
    /// # Errors
    /// The database fails.
    pub async fn put_off_poll(&mut self, id: AttemptId, until: Timestamp) -> Result<(), StoreError> {
        attempt::Entity::update_many()
            .col_expr(C::PollAt, Expr::value(Some(until.micros())))
            .col_expr(C::Polls, Expr::col(C::Polls).sub(1))
            .filter(C::Id.eq(id.0))
            .filter(C::State.eq(AttemptState::Submitted.as_str()))
            .exec(&self.inner)
            .await?;
        Ok(())
    }

    /// The newest attempt of the key that was UNKNOWN and freed by evidence after the moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt_freed(&mut self, key: KeyId, since: Timestamp) -> Result<Option<AttemptId>, StoreError> {
        let query = attempt::Entity::find()
            .filter(C::KeyId.eq(key.0))
            .filter(C::State.eq(AttemptState::FailedFree.as_str()))
            .filter(C::EndedAt.gt(since.micros()))
            // Others end in the moment in which they return.
            .filter(Expr::col(C::ReturnedAt).lt(Expr::col(C::EndedAt)))
            .order_by_desc(C::EndedAt);
        Ok(query.one(&self.inner).await?.map(|row| row.id.into()))
    }

    /// An attempt of the key that was charged this very cost and ended after the moment.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt_charged(
        &mut self,
        key: KeyId,
        cost: Usd,
        since: Timestamp,
    ) -> Result<Option<AttemptId>, StoreError> {
        let query = attempt::Entity::find()
            .filter(C::KeyId.eq(key.0))
            .filter(C::CostNano.eq(cost.nanos()))
            .filter(C::EndedAt.gt(since.micros()))
            .order_by_desc(C::EndedAt);
        Ok(query.one(&self.inner).await?.map(|row| row.id.into()))
    }
}

fn attempts_of(key: KeyId) -> Select<attempt::Entity> {
    attempt::Entity::find().filter(C::KeyId.eq(key.0))
}

fn attempts_in(key: KeyId, state: AttemptState) -> Select<attempt::Entity> {
    attempts_of(key).filter(C::State.eq(state.as_str()))
}

fn unseen_by(key: KeyId, quiet_reading: Timestamp) -> Select<attempt::Entity> {
    attempts_of(key).filter(C::ReturnedAt.gte(quiet_reading.micros()))
}
