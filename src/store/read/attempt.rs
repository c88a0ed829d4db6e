//! Attempts.

use entity::attempt;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, Select};

use super::page::fetch;
use super::{Page, PageRequest, all, codes};
use crate::domain::{Actor, Attempt, AttemptId, AttemptState, ProviderCode, Scope, Timestamp};
use crate::store::{Store, StoreError, rows};

/// Which attempts.
#[derive(Clone, Debug, Default)]
pub struct AttemptFilter {
    /// Only those of this service.
    pub principal: Option<String>,
    /// Only those at this task.
    pub task_id: Option<String>,
    /// Only these states.
    pub states: Option<Vec<AttemptState>>,
    /// Only these providers.
    pub providers: Option<Vec<ProviderCode>>,
}

impl Store {
    /// An attempt that the actor may see: a dispatcher its own, an operator all.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt(&self, actor: &Actor, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        let found = self.attempt_by_id(id).await?;
        let mine = |attempt: &Attempt| {
            actor.may(Scope::Dispatch) && actor.principal().is_none_or(|name| name == attempt.principal)
        };
        Ok(found.filter(|attempt| actor.may(Scope::Operate) || mine(attempt)))
    }

    /// An attempt by its id; for whoever proved the right to it by its lease token.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt_by_id(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError> {
        attempt::Entity::find_by_id(id.0).one(&self.inner.reader).await?.map(rows::attempt).transpose()
    }

    /// All attempts of a service at a task, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempts_at(&self, principal: &str, task_id: &str) -> Result<Vec<Attempt>, StoreError> {
        let query = attempt::Entity::find()
            .filter(attempt::Column::Principal.eq(principal))
            .filter(attempt::Column::TaskId.eq(task_id))
            .order_by_asc(attempt::Column::Number);
        all(query.all(&self.inner.reader).await?, rows::attempt)
    }

    /// How many attempts of a service hold something.
    ///
    /// # Errors
    /// The database fails.
    pub async fn open_attempts(&self, principal: &str) -> Result<u64, StoreError> {
        let holding = AttemptState::ALL.iter().copied().filter(|state| state.holds()).map(AttemptState::as_str);
        let query = attempt::Entity::find()
            .filter(attempt::Column::Principal.eq(principal))
            .filter(attempt::Column::State.is_in(holding));
        Ok(query.count(&self.inner.reader).await?)
    }

    /// The providers with attempts whose result is due to be asked for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn providers_to_poll(&self, now: Timestamp) -> Result<Vec<ProviderCode>, StoreError> {
        let query = attempt::Entity::find()
            .select_only()
            .column(attempt::Column::Provider)
            .distinct()
            .filter(attempt::Column::PollAt.lte(now.micros()));
        all(query.into_tuple().all(&self.inner.reader).await?, rows::attempt_provider)
    }

    /// Attempts in a state, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempts_in(&self, state: AttemptState, limit: u64) -> Result<Vec<Attempt>, StoreError> {
        let query = attempt::Entity::find()
            .filter(attempt::Column::State.eq(state.as_str()))
            .order_by_asc(attempt::Column::Id)
            .limit(limit);
        all(query.all(&self.inner.reader).await?, rows::attempt)
    }

    /// Reserved attempts whose time is over, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempts_to_expire(&self, now: i64, limit: u64) -> Result<Vec<AttemptId>, StoreError> {
        let query = attempt::Entity::find()
            .filter(attempt::Column::State.eq(AttemptState::Reserved.as_str()))
            .filter(attempt::Column::ExpiresAt.lte(now))
            .order_by_asc(attempt::Column::ExpiresAt)
            .limit(limit);
        Ok(query.all(&self.inner.reader).await?.into_iter().map(|row| row.id.into()).collect())
    }

    /// A page of attempts, newest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt_page(
        &self,
        filter: &AttemptFilter,
        page: PageRequest<AttemptId>,
    ) -> Result<Page<Attempt>, StoreError> {
        fetch(&self.inner.reader, select(filter), attempt::Column::Id, page).await?.try_map(rows::attempt)
    }

    /// How many attempts the filter lets through.
    ///
    /// # Errors
    /// The database fails.
    pub async fn attempt_count(&self, filter: &AttemptFilter) -> Result<u64, StoreError> {
        Ok(select(filter).count(&self.inner.reader).await?)
    }
}

fn select(filter: &AttemptFilter) -> Select<attempt::Entity> {
    let mut query = attempt::Entity::find();
    if let Some(principal) = &filter.principal {
        query = query.filter(attempt::Column::Principal.eq(principal));
    }
    if let Some(task_id) = &filter.task_id {
        query = query.filter(attempt::Column::TaskId.eq(task_id));
    }
    if let Some(states) = codes(filter.states.as_deref(), AttemptState::as_str) {
        query = query.filter(attempt::Column::State.is_in(states));
    }
    if let Some(providers) = codes(filter.providers.as_deref(), ProviderCode::as_str) {
        query = query.filter(attempt::Column::Provider.is_in(providers));
    }
    query
}
